"""The guard, the sessions, the routes and the socket, over real HTTP on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import websockets
from loguru import logger

from homalos.config.sections.console import ConsoleSection
from homalos.console import sessions as sessions_module
from homalos.console.placing import ManualConditional, ManualOrder
from homalos.console.push import TOPICS
from homalos.console.server import Console, PortTakenError
from homalos.console.sessions import create_token, revoke_token
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.enums import (
    IntentStage,
    KillScope,
    OrderKind,
    Severity,
    Side,
    TimeInForce,
    TradingState,
)
from homalos.model.events import AlertRaised, IntentChanged, SubmitOrder
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId
from homalos.model.trading import Account, Order, Position, Trade


class Desk:
    """Queries and Commands that remember what they were asked."""

    def __init__(self) -> None:
        self.commands: list[tuple[Any, ...]] = []
        self.well = True
        self.notes: list[dict[str, Any]] = []
        self.statuses = 0
        self.fault: Exception | None = None
        """What ``account`` and ``services`` raise."""

    def status(self) -> dict[str, Any]:
        self.statuses += 1
        return {"statuses": self.statuses, "simulated": True, "trading_state": "active"}

    def services(self) -> list[dict[str, Any]]:
        if self.fault is not None:
            raise self.fault
        return [{"name": "store", "healthy": self.well}]

    def statistics(self) -> dict[str, Any]:
        return {}

    def account(self) -> Account | None:
        if self.fault is not None:
            raise self.fault
        return None

    def positions(self) -> Sequence[Position]:
        return ()

    def orders(self, limit: int) -> Sequence[Order]:
        return ()

    def has_order(self, order_id: OrderId) -> bool:
        return order_id == "1-7"

    def intents(self) -> Sequence[IntentChanged]:
        wish = SubmitOrder(
            OrderId("1-7"), AccountId("demo"), StrategyId("grid"), InstrumentId("SHFE.rb2605"),
            Side.BUY, 3, 3500.0, OrderKind.LIMIT, TimeInForce.GFD, None, 5,
        )  # fmt: skip
        return (IntentChanged(wish, IntentStage.HELD, 3, 0, 0, 0, 0, "call auction / 集合竞价", 6),)

    def replace(self, order_id: OrderId, price: float | None, lots: int | None, who: str) -> None:
        self.commands.append(("replace", order_id, price, lots, who))

    def conditionals(self) -> list[dict[str, Any]]:
        return [{"id": "1-8", "group": "1-9"}]

    def trades(self, limit: int) -> Sequence[Trade]:
        return ()

    def strategies(self) -> list[dict[str, Any]]:
        return [{"id": "grid", "state": "running"}]

    def alerts(self, limit: int) -> list[dict[str, Any]]:
        return self.notes[:limit]

    def kill(
        self, who: str, why: str, scope: KillScope = KillScope.CANCEL, strategy: str = ""
    ) -> None:
        wide = () if scope is KillScope.CANCEL else (scope.value, strategy)
        self.commands.append(("kill", who, why, *wide))

    def end_flatten(self, strategy: str, who: str, why: str) -> None:
        self.commands.append(("end flatten", strategy, who, why))

    def breakers(self) -> list[dict[str, Any]]:
        return [{"strategy": "grid", "until": 7, "why": "5 orders in a row were rejected"}]

    def close_breaker(self, strategy: str, who: str, why: str) -> None:
        self.commands.append(("close breaker", strategy, who, why))

    def reconciliation(self) -> dict[str, Any]:
        return {"differences": [], "confirmed": False, "missing": []}

    def losses(self) -> dict[str, Any]:
        return {}

    def programme(self) -> dict[str, Any]:
        return {}

    def has_contract(self, instrument: InstrumentId) -> bool:
        return instrument == "SHFE.rb2605"

    def last_price(self, instrument: InstrumentId) -> float | None:
        return None

    def opens(self, instrument: InstrumentId, side: Side) -> bool:
        return side is Side.BUY

    def place(self, wanted: ManualOrder, who: str) -> tuple[OrderId, ...] | None:
        self.commands.append(("place", wanted, who))
        return None if wanted.key == "again" else (OrderId("1-m1"),)

    def hold(self, wanted: ManualConditional, who: str) -> tuple[OrderId, ...] | None:
        self.commands.append(("hold", wanted, who))
        return (OrderId("1-m2"), OrderId("1-m3"))

    def books_of(self, strategy: str) -> bool:
        return strategy == "grid"

    def set_trading_state(self, state: TradingState, who: str, why: str) -> None:
        self.commands.append(("state", state, who, why))

    def cancel(self, order_id: OrderId, who: str) -> None:
        self.commands.append(("cancel", order_id, who))

    def cancel_conditional(self, order_id: OrderId, who: str) -> None:
        self.commands.append(("cancel conditional", order_id, who))

    def strategy(self, strategy: StrategyId, action: str, who: str, payload: str) -> None:
        self.commands.append(("strategy", strategy, action, who, payload))


class Rig:
    def __init__(self, console: Console, desk: Desk, bus: Bus, port: int, folder: Path) -> None:
        self.console = console
        self.desk = desk
        self.bus = bus
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.cli = (folder / "console" / "cli.token").read_text()

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cli}"}

    async def cookie(self, client: httpx.AsyncClient) -> dict[str, str]:
        """Headers of a page's socket, after a login."""
        await self.login(client)
        return {"Cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items())}

    def socket(self, headers: dict[str, str], **more: Any) -> websockets.connect:
        return websockets.connect(
            f"ws://127.0.0.1:{self.port}/api/v1/ws",
            origin=websockets.Origin(self.base),
            additional_headers=headers,
            proxy=None,
            **more,
        )

    async def login(self, client: httpx.AsyncClient) -> httpx.Response:
        token = self.console.login_url().partition("#t=")[2]
        return await client.post(
            "/api/v1/auth/exchange", json={"token": token}, headers={"Origin": self.base}
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def rig(folder: Path, **keys: Any) -> AsyncIterator[tuple[Rig, httpx.AsyncClient]]:
    port = free_port()
    bus = Bus(SimClock(1))
    desk = Desk()
    console = Console(bus, ConsoleSection(port=port, push_hz=20.0, **keys), desk, desk, folder)
    console.attach()
    bus.attach_loop(asyncio.get_running_loop())
    await console.start()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False
        ) as client:
            yield Rig(console, desk, bus, port, folder), client
    finally:
        await console.stop()


def test_only_health_is_open_and_the_login_page_holds_no_data(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            assert (await client.get("/healthz")).status_code == 200
            r.desk.well = False
            assert (await client.get("/healthz")).status_code == 503
            page = await client.get("/")
            assert "login.js" in page.text
            assert "app.js" not in page.text
            for path in (
                "/api/v1/system/status",
                "/api/v1/strategies",
                "/assets/app.js",
                "/api/v1/openapi.json",
            ):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (401, "login_needed"), path
                assert answer.headers["content-type"] == "application/problem+json"

    asyncio.run(main())


def test_a_link_makes_one_session_and_no_second(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            token = r.console.login_url().partition("#t=")[2]
            origin = {"Origin": r.base}
            good = await client.post("/api/v1/auth/exchange", json={"token": token}, headers=origin)
            assert good.status_code == 200
            cookie = good.headers["set-cookie"].lower()
            assert f"console_sid_{r.port}=" in cookie
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert (await client.get("/api/v1/system/status")).status_code == 200
            assert "app.js" in (await client.get("/")).text
            again = await client.post(
                "/api/v1/auth/exchange", json={"token": token}, headers=origin
            )
            assert (again.status_code, again.json()["code"]) == (403, "link_spent")
            await client.post("/api/v1/auth/logout", json={}, headers=origin)
            assert (await client.get("/api/v1/system/status")).status_code == 401

    asyncio.run(main())


def test_links_and_sessions_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0]
    monkeypatch.setattr(sessions_module, "monotonic_ns", lambda: now[0])
    sessions = sessions_module.Sessions(tmp_path, idle_h=1, max_h=3)
    late = sessions.new_link()
    now[0] += 121 * 10**9
    assert sessions.exchange(late) is None
    secret = sessions.exchange(sessions.new_link())
    assert secret is not None
    for _ in range(3):
        now[0] += 3_500 * 10**9
        assert sessions.browser(secret) is not None
    now[0] += 3_500 * 10**9
    assert sessions.browser(secret) is None, "absolute age"
    other = sessions.exchange(sessions.new_link())
    assert other is not None
    now[0] += 3_601 * 10**9
    assert sessions.browser(other) is None, "idle"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "localhost:{port}@evil", ""],
)
def test_a_rebound_or_odd_host_is_refused(tmp_path: Path, host: str) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            headers = {**r.bearer(), "Host": host.format(port=r.port)}
            answer = await client.get("/api/v1/system/status", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")

    asyncio.run(main())


def test_two_hosts_are_refused(tmp_path: Path) -> None:
    async def main() -> bytes:
        async with rig(tmp_path) as (r, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", r.port)
            line = f"Host: 127.0.0.1:{r.port}\r\n"
            writer.write(f"GET /healthz HTTP/1.1\r\n{line}{line}Connection: close\r\n\r\n".encode())
            data = await reader.read()
            writer.close()
            return data

    assert asyncio.run(main()).split()[1] in (b"421", b"400")


def test_cross_site_requests_are_refused_even_with_the_cookie(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            await r.login(client)
            kill = {"reason": "x"}
            for headers in (
                {"Origin": "http://evil.example"},
                {"Origin": "null"},
                {"Origin": f"http://127.0.0.1:{r.port + 1}"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
                {},
            ):
                answer = await client.post("/api/v1/risk/kill", json=kill, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin"), headers
            form = await client.post(
                "/api/v1/risk/kill",
                content=b"reason=x",
                headers={"Origin": r.base, "Content-Type": "application/x-www-form-urlencoded"},
            )
            assert form.status_code == 415
            assert r.desk.commands == []
            good = await client.post("/api/v1/risk/kill", json=kill, headers={"Origin": r.base})
            assert good.status_code == 202
            assert r.desk.commands == [("kill", "web", "x")]
            assert not any(h.startswith("access-control") for h in good.headers)

    asyncio.run(main())


def test_a_kill_says_its_scope(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            client.headers.update(r.bearer())
            for scope, strategy in (("account", ""), ("daemon", ""), ("strategy", "grid")):
                body = {"reason": "x", "scope": scope, "strategy": strategy}
                assert (await client.post("/api/v1/risk/kill", json=body)).status_code == 202
                assert r.desk.commands.pop() == ("kill", "cli", "x", scope, strategy)
            for scope, strategy, status in (
                ("strategy", "", 422), ("account", "grid", 422), ("all", "", 422),
                ("strategy", "nobody", 404),
            ):  # fmt: skip
                body = {"reason": "x", "scope": scope, "strategy": strategy}
                assert (await client.post("/api/v1/risk/kill", json=body)).status_code == status
            ended = await client.post("/api/v1/risk/flatten/end", json={"reason": "wrong"})
            assert ended.status_code == 202
            assert r.desk.commands == [("end flatten", "", "cli", "wrong")]

    asyncio.run(main())


def test_open_breakers_are_shown_and_closed_by_a_person(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            client.headers.update(r.bearer())
            shown = await client.get("/api/v1/risk/breakers")
            assert [row["strategy"] for row in shown.json()["open"]] == ["grid"]
            url = "/api/v1/risk/breakers/close"
            closed = await client.post(url, json={"reason": "mended", "strategy": "grid"})
            assert closed.status_code == 202
            assert r.desk.commands == [("close breaker", "grid", "cli", "mended")]
            for body, status in (({"reason": "x"}, 404), ({"strategy": "grid"}, 422)):
                assert (await client.post(url, json=body)).status_code == status
            assert len(r.desk.commands) == 1

    asyncio.run(main())


def test_programs_use_bearer_tokens_that_can_be_revoked(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            token = create_token(tmp_path / "console", "excel")
            mine = {"Authorization": f"Bearer {token}"}
            assert (await client.get("/api/v1/strategies", headers=mine)).status_code == 200
            stop = await client.post("/api/v1/strategies/grid/stop", json={}, headers=mine)
            assert stop.status_code == 202
            assert r.desk.commands == [("strategy", "grid", "stop", "token:excel", "")]
            assert token not in (tmp_path / "console" / "tokens.json").read_text()
            assert revoke_token(tmp_path / "console", "excel")
            answer = await client.get("/api/v1/strategies", headers=mine)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")

    asyncio.run(main())


def test_token_files_are_private(tmp_path: Path) -> None:
    create_token(tmp_path / "console", "x")
    assert (tmp_path / "console" / "tokens.json").stat().st_mode & 0o777 == 0o600


def test_commands_are_checked_and_faults_name_the_place(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            client.headers.update(r.bearer())
            bad = await client.post("/api/v1/risk/state", json={"state": "turbo", "reason": "x"})
            assert bad.status_code == 422
            assert "$.state" in bad.json()["detail"]
            assert (await client.post("/api/v1/strategies/none/start", json={})).status_code == 404
            assert (
                await client.post("/api/v1/strategies/grid/explode", json={})
            ).status_code == 404
            assert (await client.post("/api/v1/strategies", json={"id": "grid"})).status_code == 409
            assert (await client.post("/api/v1/strategies", json={"id": "../x"})).status_code == 422
            for wrong in ("0", "201", "²", "٣", "-1", "", "1" * 5_000):
                limited = await client.get("/api/v1/orders", params={"limit": wrong})
                assert (limited.status_code, limited.json()["code"]) == (422, "invalid"), wrong
            assert (await client.get("/api/v1/orders?limit=200")).status_code == 200
            deep = b"[" * 30_000
            for path, text in (
                ("/api/v1/risk/kill", b"{"),
                ("/api/v1/risk/kill", b'{"reason":"\xff"}'),
                ("/api/v1/strategies", b'{"id":"x","entry":{"a":' + deep),
                ("/api/v1/strategies/grid/set", b'{"parameters":{"a":' + deep),
            ):
                broken = await client.post(
                    path, content=text, headers={"Content-Type": "application/json"}
                )
                assert (broken.status_code, broken.json()["code"]) == (400, "malformed"), text[:30]
            big = await client.post("/api/v1/risk/kill", json={"reason": "x" * 70_000})
            assert big.status_code == 413
            assert (await client.get("/api/v1/nothing")).json()["code"] == "not_found"
            assert (await client.get("/assets/../server.py")).status_code == 404
            assert r.desk.commands == []
            made = await client.post(
                "/api/v1/strategies", json={"id": "new", "entry": {"file": "x.py"}}
            )
            assert made.status_code == 202
            assert r.desk.commands == [("strategy", "new", "load", "cli", '{"file":"x.py"}')]

    asyncio.run(main())


def test_only_an_order_that_is_known_can_be_cancelled(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            client.headers.update(r.bearer())
            unknown = await client.post("/api/v1/orders/9-9/cancel", json={})
            assert (unknown.status_code, unknown.json()["code"]) == (404, "no_order")
            long = await client.post(f"/api/v1/orders/{'1' * 65}/cancel", json={})
            assert (long.status_code, long.json()["code"]) == (422, "invalid")
            assert r.desk.commands == []
            assert (await client.post("/api/v1/orders/1-7/cancel", json={})).status_code == 202
            assert r.desk.commands == [("cancel", "1-7", "cli")]
            new = "/api/v1/orders/1-7/replace"
            for terms in ({}, {"price": "high"}, {"lots": 0}, {"lots": 1, "side": "buy"}):
                assert (await client.post(new, json=terms)).status_code == 422
            unknown = await client.post("/api/v1/orders/1-1/replace", json={"lots": 2})
            assert (unknown.status_code, unknown.json()["code"]) == (404, "no_order")
            assert (await client.post(new, json={"price": 3501.0})).status_code == 202
            assert r.desk.commands[-1] == ("replace", "1-7", 3501.0, None, "cli")
            (row,) = (await client.get("/api/v1/intents")).json()
            assert (row["id"], row["stage"], row["pending_lots"]) == ("1-7", "held", 3)
            unknown = await client.post("/api/v1/conditionals/1-7/cancel", json={})
            assert (unknown.status_code, unknown.json()["code"]) == (404, "no_order")
            for id_ in ("1-8", "1-9"):  # one leg, and its whole group
                path = f"/api/v1/conditionals/{id_}/cancel"
                assert (await client.post(path, json={})).status_code == 202
                assert r.desk.commands[-1] == ("cancel conditional", id_, "cli")

    asyncio.run(main())


def test_a_person_orders_what_makes_sense_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            client.headers.update(r.bearer())

            async def send(path: str, **more: Any) -> tuple[int, str]:
                body = {"instrument": "SHFE.rb2605", "side": "buy", "lots": 2} | more
                answer = await client.post(f"/api/v1/{path}", json=body)
                return answer.status_code, str(answer.json().get("code", answer.json().get("id")))

            assert await send("orders", instrument="SHFE.xx1", price=1.0) == (404, "no_contract")
            assert await send("orders") == (422, "invalid")
            assert await send("orders", price=3500.0, lots=0) == (422, "invalid")
            short = {"side": "sell", "price": 3500.0, "stop": 3600.0}
            assert await send("orders", **short) == (409, "closes")
            assert r.desk.commands == []
            assert await send("orders", price=3500.0) == (202, "1-m1")
            assert await send("orders", price=3500.0, key="again") == (409, "sent_already")
            assert await send("conditionals", kind="stop") == (422, "invalid")
            assert await send("conditionals", kind="stop", trigger=3600.0) == (202, "1-m2")
            assert [(name, who) for name, _, who in r.desk.commands] == [
                ("place", "cli"), ("place", "cli"), ("hold", "cli"),
            ]  # fmt: skip

    asyncio.run(main())


def test_health_answers_even_when_the_services_cannot_be_asked(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            r.desk.fault = RuntimeError("circular")
            answer = await client.get("/healthz")
            assert (answer.status_code, answer.json()) == (503, {"status": "degraded"})

    asyncio.run(main())


def test_one_page_too_many_is_refused_before_its_handshake(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path, sockets_max=2) as (r, client):
            headers = await r.cookie(client)
            async with r.socket(headers), r.socket(headers) as second:
                with pytest.raises(websockets.InvalidStatus) as caught:
                    async with r.socket(headers):
                        pass
                assert caught.value.response.status_code == 429
                assert b"too_many_pages" in caught.value.response.body
                assert r.console.pusher.pages == 2
                await second.close()
                async with asyncio.timeout(5):
                    while r.console.pusher.pages == 2:
                        await asyncio.sleep(0.01)
                async with r.socket(headers) as third:
                    assert await third.recv()

    asyncio.run(main())


def test_a_topic_that_cannot_be_read_holds_up_no_other(tmp_path: Path) -> None:
    told: list[str] = []

    async def read(ws: websockets.ClientConnection, topic: str) -> None:
        async with asyncio.timeout(5):
            while msgspec.json.decode(await ws.recv())["t"] != topic:
                pass

    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            headers = await r.cookie(client)
            r.desk.fault = ZeroDivisionError("no account")
            async with r.socket(headers) as ws:
                for _ in range(5):  # the status changes with every flush
                    await read(ws, "status")
                assert "account: ZeroDivisionError: no account" in (r.console.health() or "")
                assert len(told) == 1
                r.desk.fault = None
                await read(ws, "account")
                assert r.console.health() is None

    sink = logger.add(told.append, level="ERROR", format="{message}")  # type: ignore[arg-type]
    try:
        asyncio.run(main())
    finally:
        logger.remove(sink)


def test_the_socket_gets_everything_then_changes(tmp_path: Path) -> None:
    async def main() -> tuple[set[str], dict[str, Any]]:
        async with rig(tmp_path) as (r, client):
            await r.login(client)
            cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
            url = f"ws://127.0.0.1:{r.port}/api/v1/ws"
            headers = {"Cookie": cookie}
            async with websockets.connect(
                url, origin=r.base, additional_headers=headers, proxy=None
            ) as ws:  # type: ignore[arg-type]
                first = set()
                while len(first) < len(TOPICS):
                    first.add(msgspec.json.decode(await ws.recv())["t"])
                r.desk.notes = [{"text": "disk full"}]
                r.bus.publish(AlertRaised(Severity.ERROR, "store", "disk full", 1))
                async with asyncio.timeout(5):
                    while (message := msgspec.json.decode(await ws.recv()))["t"] != "alerts":
                        pass
                return first, message

    first, message = asyncio.run(main())
    assert first == set(TOPICS)
    assert message["d"] == [{"text": "disk full"}]


@pytest.mark.parametrize("origin", [None, "http://evil.example"])
def test_a_hijacked_socket_is_refused(tmp_path: Path, origin: str | None) -> None:
    async def main() -> int:
        async with rig(tmp_path) as (r, client):
            await r.login(client)
            cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
            url = f"ws://127.0.0.1:{r.port}/api/v1/ws"
            with pytest.raises(websockets.InvalidStatus) as caught:
                async with websockets.connect(
                    url,
                    origin=origin,
                    additional_headers={"Cookie": cookie},
                    proxy=None,  # type: ignore[arg-type]
                ):
                    pass
            return caught.value.response.status_code

    assert asyncio.run(main()) == 403


def test_a_taken_port_is_told_with_its_cure(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, _):
            desk = Desk()
            second = Console(
                Bus(SimClock(1)), ConsoleSection(port=r.port), desk, desk, tmp_path / "second"
            )
            with pytest.raises(PortTakenError, match="--port"):
                await second.start()

    asyncio.run(main())


def test_pages_carry_their_headers_and_are_cached_by_etag(tmp_path: Path) -> None:
    async def main() -> None:
        async with rig(tmp_path) as (r, client):
            page = await client.get("/", headers=r.bearer())
            assert "default-src 'self'" in page.headers["content-security-policy"]
            assert page.headers["x-content-type-options"] == "nosniff"
            again = await client.get(
                "/", headers={**r.bearer(), "If-None-Match": page.headers["etag"]}
            )
            assert again.status_code == 304

    asyncio.run(main())


def test_no_asset_reaches_out_of_this_machine() -> None:
    folder = Path(sessions_module.__file__).parent / "static_files"
    for path in folder.iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, path.name
        assert "https://" not in text, path.name
        assert "innerHTML" not in text, path.name
