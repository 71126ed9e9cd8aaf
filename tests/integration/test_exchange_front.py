"""``homalos exchange`` as a process: its start and stop, and every fault doing what it says.

The client is the wire's own in Python; programs on the drop-in libraries are tests/conformance.
"""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import until
from tests.integration.front import FrontProcess
from tests.unit.exchange.door.client import ME, Client, Heard

from homalos.cli import main
from homalos.exchange.door.control import CommandError

pytestmark = pytest.mark.slow

TICK = "OnRtnDepthMarketData"


class Trader:
    """A logged-in client of both lines and one contract at hand."""

    def __init__(self, front: FrontProcess, td: Client, md: Client) -> None:
        self.front = front
        self.td = td
        self.md = md
        self.symbol = ""
        self.tick: dict[str, Any] = {}

    @property
    def contract(self) -> str:
        return f"SHFE.{self.symbol}"

    async def look(self) -> None:
        """A quote of the contract."""
        self.md.heard.clear()
        await self.md.until(lambda: any(_quoted(h, self.symbol) for h in self.md.heard), 20)
        self.tick = next(h for h in self.md.heard if _quoted(h, self.symbol)).data or {}

    async def send(self, *, fills: bool = False, lots: int = 1, **fields: Any) -> str:
        """A buy at the upper limit, which fills at once, or at the lower one, which rests."""
        if fills:
            await self.look()
        price = self.tick["UpperLimitPrice" if fills else "LowerLimitPrice"]
        values = {"InstrumentID": self.symbol, "LimitPrice": price, "VolumeTotalOriginal": lots}
        return self.td.order(**(values | fields))

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.front.tell("books", user=ME)
        return found

    async def wait(self, name: str, count: int = 1) -> list[Heard]:
        def named() -> list[Heard]:
            return [h for h in self.td.heard if h.name == name]

        await self.td.until(lambda: len(named()) >= count, 15)
        return named()


def _quoted(heard: Heard, symbol: str) -> bool:
    data = heard.data or {}
    return (
        heard.name == TICK
        and data["InstrumentID"] == symbol
        and bool(data["AskVolume1"] and data["BidVolume1"])
    )


def trading(front: FrontProcess, work: Callable[[Trader], Awaitable[None]]) -> None:
    """``work`` with a trader who is in; faults and lines are gone afterwards."""

    async def run() -> None:
        td = await Client("td").connect(front.ports["td"])
        md = await Client("md").connect(front.ports["md"])
        try:
            assert not (await td.login()).error
            await md.login()
            trader = Trader(front, td, md)
            rows = await td.ask("ReqQryInstrument", ExchangeID="SHFE")
            trader.symbol = next(r.data for r in rows if r.data)["InstrumentID"]
            await md.ask("SubscribeMarketData", ids=[trader.symbol])
            await trader.look()
            td.heard.clear()
            await work(trader)
        finally:
            await td.close()
            await md.close()

    try:
        asyncio.run(run())
    finally:
        front.tell("fault", action="clear")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontProcess]:
    made = FrontProcess(tmp_path_factory.mktemp("front"))
    made.start("--speed", "20")
    made.tell("deposit", user=ME, amount=100_000_000)
    yield made
    made.kill()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[FrontProcess]:
    made = FrontProcess(tmp_path)
    yield made
    made.kill()


# ------------------------------------------------------------------ faults on frames


def test_lose_a_trade_and_the_books_have_it(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        number = front.fault(kind="lose", on="OnRtnTrade")
        before = len(trader.books()["trades"])
        await trader.send(fills=True)
        await trader.wait("OnRtnOrder", 2)
        words = await trader.td.told()
        assert "O(0#) 1" in words
        assert not any(word.startswith("T") for word in words)
        assert front.struck(number) == 1
        assert len(trader.books()["trades"]) == before + 1
        await trader.send(fills=True)
        await trader.wait("OnRtnTrade")

    trading(front, work)


def test_lose_a_request_and_nobody_has_it(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="lose", on="ReqOrderInsert", k=2)
        orders = len(trader.books()["orders"])
        for _ in range(3):
            await trader.send()
        words = await trader.td.told()
        assert words.count("O(3#)") == 2
        assert len(trader.books()["orders"]) == orders + 2

    trading(front, work)


def test_delay_lets_later_frames_pass(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="delay", on="OnRtnTrade", ms=700)
        await trader.send(fills=True)
        words = await trader.td.told()
        assert "O(0#) 1" in words
        assert not any(word.startswith("T") for word in words), "an answer came before it"
        assert len(await trader.wait("OnRtnTrade")) == 1

    trading(front, work)


def test_duplicate_and_reorder(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="duplicate", on="OnRtnTrade")
        front.fault(kind="reorder", on="OnRtnOrder")
        await trader.send(fills=True)
        first, second = await trader.wait("OnRtnTrade", 2)
        assert first == second
        states = [
            (h.data or {})["OrderSysID"] != "" for h in trader.td.heard if h.name == "OnRtnOrder"
        ]
        assert states[:2] == [True, False], "the first state was told after the second"

    trading(front, work)


@pytest.mark.parametrize("sent", [True, False])
def test_cut_with_or_without_the_frame(front: FrontProcess, sent: bool) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="cut", on="OnRtnTrade", sent=sent)
        before = len(trader.books()["trades"])
        await trader.send(fills=True)
        async with asyncio.timeout(15):
            await trader.td.lost.wait()
        names = [h.name for h in trader.td.heard]
        assert ("OnRtnTrade" in names) is sent
        assert not trader.md.lost.is_set()
        assert len(trader.books()["trades"]) == before + 1
        again = await Client("td").connect(front.ports["td"])
        await again.login()
        day = [h for h in again.heard if h.name == "OnRtnTrade"]
        assert len(day) == before + 1, "the private flow tells the day again"
        await again.close()

    trading(front, work)


def test_cut_before_a_request_is_read(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="cut", on="ReqOrderInsert")
        orders = len(trader.books()["orders"])
        await trader.send()
        async with asyncio.timeout(15):
            await trader.td.lost.wait()
        assert len(trader.books()["orders"]) == orders

    trading(front, work)


def test_reject_with_a_code(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="reject", code=31)
        orders = len(trader.books()["orders"])
        await trader.send()
        words = await trader.td.told()
        assert words == ["OnRspOrderInsert 31", "OnErrRtnOrderInsert 31"]
        assert len(trader.books()["orders"]) == orders
        await trader.send()
        assert "O(3#)" in await trader.td.told()

    trading(front, work)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "refuse_login"}, 3),
        ({"kind": "refuse_login", "code": 60}, 60),
        ({"kind": "not_ready"}, 7),
        ({"kind": "not_ready", "code": 8}, 8),
    ],
)
def test_logins_refused(front: FrontProcess, fault: dict[str, Any], code: int) -> None:
    async def run() -> None:
        client = await Client("td").connect(front.ports["td"])
        front.fault(**fault)
        refused = await client.login()
        assert (refused.error, client.session) == (code, 0)
        assert not (await client.login()).error
        await client.close()

    asyncio.run(run())


def test_busy_queries(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="busy", times=2)
        asked = {"BrokerID": "9999", "InvestorID": ME}
        for _ in range(2):
            assert (await trader.td.one("ReqQryTradingAccount", **asked)).error == 90
        answer = await trader.td.one("ReqQryTradingAccount", **asked)
        assert answer.error == 0
        assert (answer.data or {})["AccountID"] == ME

    trading(front, work)


# ------------------------------------------------------------------ faults of the front


def test_stall_holds_the_feed_and_not_the_line(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        front.fault(kind="stall", on=TICK, ms=1_500)
        until(lambda: front.tell("fault")["faults"][0]["struck"], 15, "a tick")
        await trader.md.sync()
        trader.md.heard.clear()
        await asyncio.sleep(0.3)
        await trader.md.sync()
        assert not [h for h in trader.md.heard if h.name == TICK]
        await trader.look()

    trading(front, work)


def test_cleared_flows_tell_orders_under_other_names(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        await trader.send()
        (known,) = {(h.data or {})["OrderSysID"] for h in await trader.wait("OnRtnOrder", 2)} - {""}
        front.tell("clear-flows")
        async with asyncio.timeout(15):
            await trader.td.lost.wait()
        again = await Client("td").connect(front.ports["td"])
        await again.login()
        assert again.front != trader.td.front
        told = [h.data or {} for h in again.heard if h.name == "OnRtnOrder"]
        mine = [row for row in told if row["OrderSysID"] == known]
        assert mine
        assert all(row["SessionID"] != trader.td.session for row in mine)
        await again.close()

    trading(front, work)


def test_at_an_exchange_time(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        number = front.fault(kind="cut", at="+5", line="md")
        async with asyncio.timeout(15):
            await trader.md.lost.wait()
        assert front.struck(number) == 1
        assert not trader.td.lost.is_set()

    trading(front, work)


def test_behind_the_back(front: FrontProcess) -> None:
    """A foreign order, a forced close, a position that changes, a tick that nobody quoted."""

    async def work(trader: Trader) -> None:
        def long() -> int:
            held = trader.books()["positions"]
            mine = [p for p in held if p["instrument"] == trader.contract]
            return sum(p["today_lots"] for p in mine if p["direction"] == "long")

        before = long()
        await trader.look()
        front.fault(kind="foreign_order", at="+1", instrument=trader.contract, side="buy", lots=2)
        (trade,) = (await trader.wait("OnRtnTrade"))[:1]
        order = next(h.data for h in trader.td.heard if h.name == "OnRtnOrder") or {}
        assert (order["FrontID"], order["SessionID"]) != (trader.td.front, trader.td.session)
        assert (trade.data or {})["Volume"] == 2
        until(lambda: long() == before + 2, 10, "the position")
        trader.td.heard.clear()

        front.tell("position", instrument=trader.contract, direction="long", lots=3)
        assert long() == before + 5
        assert not await trader.td.told(), "and nobody was told"

        front.tell("force-close", instrument=trader.contract, direction="long", lots=5)
        await trader.wait("OnRtnTrade")
        order = next(h.data for h in trader.td.heard if h.name == "OnRtnOrder") or {}
        assert order["ForceCloseReason"] != "0"
        until(lambda: long() == before, 10, "the close")

        trader.md.heard.clear()
        junk = {"UpdateTime": "99:99:99"}
        assert front.tell("tick", instrument=trader.contract, fields=junk) == 1
        await trader.md.sync()
        assert "99:99:99" in [(h.data or {}).get("UpdateTime") for h in trader.md.heard]
        with pytest.raises(CommandError, match=r"there is no"):
            front.tell("foreign-order", instrument="SHFE.xx9999", side="buy", lots=1)

    trading(front, work)


# ------------------------------------------------------------------ start, stop, the books


def test_the_books_are_what_the_client_was_told(front: FrontProcess) -> None:
    async def work(trader: Trader) -> None:
        await trader.send(fills=True, lots=3)
        trade = (await trader.wait("OnRtnTrade"))[0].data or {}
        asked = {"BrokerID": "9999", "InvestorID": ME}
        account = (await trader.td.one("ReqQryTradingAccount", **asked)).data or {}
        books = trader.books()
        last = books["trades"][-1]
        assert (last["price"], last["lots"]) == (trade["Price"], trade["Volume"])
        assert last["trade_id"] == trade["TradeID"]
        money = books["account"]
        assert account["Deposit"] == money["deposit"]
        assert account["Commission"] == pytest.approx(money["fees"])
        assert account["CurrMargin"] == pytest.approx(money["margin"])

    trading(front, work)


def test_users_faults_and_a_market_that_waits(alone: FrontProcess, tmp_path: Path) -> None:
    accounts, faults = tmp_path / "accounts.yaml", tmp_path / "faults.yaml"
    accounts.write_text(
        "accounts: [{user: a, password: pa, app_id: app, auth_code: c0de, cash: 250000}]"
    )
    faults.write_text('faults: [{kind: cut, at: "+2"}, {kind: not_ready, user: a}]')
    alone.start("--accounts", str(accounts), "--faults", str(faults), "--hold", "--speed", "max")

    async def run() -> None:
        client = await Client("td").connect(alone.ports["td"])
        auth = {"BrokerID": "9999", "UserID": "a", "AppID": "app"}
        assert (await client.one("ReqAuthenticate", **auth, AuthCode="guess")).error == 63
        assert (await client.one("ReqAuthenticate", **auth, AuthCode="c0de")).error == 0
        login = {"BrokerID": "9999", "UserID": "a"}
        assert (await client.one("ReqUserLogin", **login, Password="pa")).error == 7
        assert (await client.one("ReqUserLogin", **login, Password="wrong")).error == 3
        assert (await client.one("ReqUserLogin", **login, Password="pa")).error == 0
        status = alone.tell("status")
        assert (status["market"], status["ticks"]) == ("held", 0)
        assert [s["user"] for s in status["sessions"]] == ["a"]
        alone.tell("go")
        async with asyncio.timeout(15):
            await client.lost.wait()
        await client.close()

    asyncio.run(run())
    assert alone.tell("books", user="a")["account"]["deposit"] == 250_000
    with pytest.raises(CommandError, match="has not ended"):
        alone.tell("settle")
    alone.tell("stop")
    assert alone.wait() == 0
    assert not (alone.data / "ports.json").exists()
    assert not (alone.data / "control.token").exists()


def test_a_restart_goes_on_with_its_own_books(alone: FrontProcess) -> None:
    alone.start("--speed", "20")
    held: dict[str, Any] = {}

    async def work(trader: Trader) -> None:
        await trader.send(fills=True, lots=2)
        await trader.wait("OnRtnTrade")
        held.update(trader.books())

    trading(alone, work)
    alone.process.send_signal(signal.SIGKILL)  # type: ignore[union-attr]
    alone.wait()
    alone.start("--speed", "20")
    again = alone.tell("books", user=ME)
    assert again["trades"] == held["trades"]
    assert [p["today_lots"] for p in again["positions"]] == [2]
    assert alone.stop() == 0


def test_starts_that_cannot_be(alone: FrontProcess, tmp_path: Path) -> None:
    alone.start("--hold")
    other = FrontProcess(tmp_path)
    with pytest.raises(AssertionError, match=r"ended with 1:(.|\n)*in use by homalos exchange"):
        other.start()
    elsewhere = FrontProcess(tmp_path)
    elsewhere.data = tmp_path / "other"
    with pytest.raises(AssertionError, match=r"ended with 1:(.|\n)*another program has that port"):
        elsewhere.start("--md-port", str(alone.ports["md"]))
    with pytest.raises(AssertionError, match=r"ended with 2:(.|\n)*no such file"):
        elsewhere.start("--replay", str(tmp_path / "none.csv"))
    assert alone.tell("status")["market"] == "held"


def test_files_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    for flag, text, said in (
        ("--accounts", "accounts: [{user: a}]", "bad.yaml:1:12"),
        ("--faults", "faults: [{kind: lose, on: OnRtnOder}]", "did you mean OnRtnOrder"),
    ):
        bad.write_text(text)
        data = str(tmp_path / "data")
        assert main(["exchange", "--data-dir", data, flag, str(bad)]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


async def replayed(front: FrontProcess, symbol: str) -> tuple[Client, Client, dict[str, Any]]:
    """Both lines before a recording, let run to its end; the last status."""
    td = await Client("td").connect(front.ports["td"])
    md = await Client("md").connect(front.ports["md"])
    await td.login()
    await md.login()
    await md.ask("SubscribeMarketData", ids=[symbol])
    md.heard.clear()
    front.tell("go")
    async with asyncio.timeout(40):
        while (status := front.tell("status"))["market"] != "ended":
            await asyncio.sleep(0.05)  # a client that does not read holds the market up
    return td, md, status


def test_a_recorded_day_ends_and_settles(alone: FrontProcess, shared_data: Path) -> None:
    source = shared_data / "ticks" / "ctp_full" / "CZCE.AP010.20200803.csv.xz"
    alone.start("--replay", str(source), "--speed", "max", "--hold")

    async def run() -> None:
        td, md, ended = await replayed(alone, "AP010")
        assert ended["ticks"] > 10_000
        await md.until(lambda: len(md.heard) >= ended["ticks"])
        assert {heard.name for heard in md.heard} == {TICK}
        assert not td.lost.is_set()
        assert alone.tell("settle")["trading_day"] == 20200804
        async with asyncio.timeout(10):
            await td.lost.wait()
            await md.lost.wait()
        await td.close()
        await md.close()

    asyncio.run(run())
    assert alone.stop() == 0


def test_a_recording_of_two_days_settles_between(alone: FrontProcess, shared_data: Path) -> None:
    source = shared_data / "ticks" / "ctp_full" / "SHFE.ru1901.20181012.csv.xz"
    alone.start("--replay", str(source), "--speed", "max", "--hold")
    day = alone.tell("status")["trading_day"]

    async def run() -> None:
        td, md, ended = await replayed(alone, "ru1901")
        assert day < ended["trading_day"]
        assert td.lost.is_set(), "the roll cuts the lines"
        assert 0 < len(md.heard) < ended["ticks"]
        await td.close()
        await md.close()

    asyncio.run(run())
    assert alone.stop() == 0


def test_ports_are_told(alone: FrontProcess) -> None:
    alone.start("--hold", "--for", "60")
    ports = json.loads((alone.data / "ports.json").read_text())
    assert set(ports) == {"md", "td", "control"}
    assert f"tcp://127.0.0.1:{ports['td']}" in alone.out()
    assert alone.stop(signal.SIGINT) == 0
