"""Hostile and senseless requests to the page of the real daemon while it trades.

Each is written byte by byte on a socket of its own. It gets the status that it deserves, or is hung
up on; nothing happens for it, and the daemon trades on.
"""

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import NamedTuple

from tests.faults.kills import STILL, Victim
from tests.integration.daemon import Daemon, until

CLOSED = 0
"""No answer: the line is cut."""
PATIENCE_S = 12.0
"""Longer than a request may take."""
KILL, ORDERS = "/api/v1/risk/kill", "/api/v1/orders"
COMMANDS = (
    KILL, ORDERS, "/api/v1/conditionals", "/api/v1/orders/1-1/cancel", "/api/v1/strategies",
    "/api/v1/strategies/churn-rb/stop", "/api/v1/risk/state", "/api/v1/risk/flatten/end",
    "/api/v1/risk/breakers/close", "/api/v1/reconciliation/accept",
    "/api/v1/reconciliation/assign", "/api/v1/auth/link",
)  # fmt: skip
QUESTIONS = (
    "/api/v1/account", "/api/v1/positions", "/api/v1/orders", "/api/v1/trades", "/api/v1/alerts",
    "/api/v1/strategies", "/api/v1/system/status", "/api/v1/openapi.json", "/assets/app.js",
)  # fmt: skip
GOOD_KILL = {"reason": "x", "scope": "account"}
ORDER = {"instrument": "", "side": "buy", "lots": 1, "kind": "limit", "price": 3000.0, "key": "k"}


class Hostile(NamedTuple):
    name: str
    data: bytes
    wanted: tuple[int, ...]


class Figures(NamedTuple):
    requests: int
    refused: int
    """Answered with a status."""
    trades: int
    """While it was asked."""


class Asker:
    """Writes requests to one daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.host = f"127.0.0.1:{daemon.port}"
        self.token = (daemon.data / "console" / "cli.token").read_text()
        self.port = daemon.port
        self.contract = next(
            row["instrument"] for row in daemon.ask("/api/v1/orders?limit=200")
        )  # one that is listed

    def request(
        self, method: str, path: str, body: object = None, *, token: str | None = None,
        host: str | None = None, more: tuple[str, ...] = (), kind: str = "application/json",
    ) -> bytes:  # fmt: skip
        """``token`` None: the good one; "": none. ``body``: bytes, or what becomes JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host if host is None else host}"]
        if token != "":
            lines.append(f"Authorization: Bearer {self.token if token is None else token}")
        if body is not None:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(data)}"]
        return "\r\n".join([*lines, *more, "Connection: close", "", ""]).encode() + data

    def ask(self, data: bytes) -> int:
        """The status; ``CLOSED``. ``AssertionError``: it hangs."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as line:
            try:
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                head = line.recv(64)
            except TimeoutError:
                raise AssertionError("neither answered nor hung up") from None
            except OSError:
                return CLOSED
        words = head.split()
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else CLOSED


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


# ------------------------------------------------------------------ what is asked


def strangers(asker: Asker) -> Iterator[Hostile]:
    """Without a token, with a wrong one, from another site's page, under another name."""
    for path in QUESTIONS:
        yield Hostile(f"no token {path}", asker.request("GET", path, token=""), (401,))
    for path in COMMANDS:
        data = asker.request("POST", path, GOOD_KILL, token="")
        yield Hostile(f"no token {path}", data, (401, 403))
        evil = asker.request("POST", path, GOOD_KILL, more=("Origin: http://evil.example",))
        yield Hostile(f"another site {path}", evil, (403,))
        rebound = asker.request("POST", path, GOOD_KILL, host=f"evil.example:{asker.port}")
        yield Hostile(f"another name {path}", rebound, (421,))
    for token in ("x", "x" * 43, asker.token[:-1], asker.token.upper(), "\u00e9" * 40):
        data = asker.request("POST", KILL, GOOD_KILL, token=token)
        yield Hostile("wrong token", data, (401,))
    in_url = asker.request("GET", f"/api/v1/account?token={asker.token}", token="")
    yield Hostile("token in the address", in_url, (401,))
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13",
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip
    socketed = asker.request("GET", "/api/v1/ws", token="", more=upgrade)
    yield Hostile("socket without a token", socketed, (401, 403))


def senseless(asker: Asker) -> Iterator[Hostile]:
    """With the good token, and no sense in them."""
    order = ORDER | {"instrument": asker.contract}
    for change in (
        {"lots": 0}, {"lots": -1}, {"lots": 10**9}, {"lots": 1.5}, {"lots": "1"}, {"lots": None},
        {"price": None}, {"price": "high"}, {"price": -1.0}, {"price": 0.0}, {"price": 1e308},
        {"price": float("nan")}, {"price": float("inf")}, {"side": "up"}, {"kind": "stop"},
        {"tif": "forever"}, {"key": "k" * 500}, {"offset": "sideways"}, {"timeout_ms": -5},
        {"instrument": "SHFE.xx9999"}, {"instrument": "../../etc"}, {"instrument": ""},
        {"instrument": None}, {"unheard_of": 1},
    ):  # fmt: skip
        data = asker.request("POST", ORDERS, order | change)
        yield Hostile(f"order {change}", data, (400, 404, 422))
    for path, body in (
        ("/api/v1/risk/state", {"state": "turbo", "reason": "x"}),
        ("/api/v1/risk/state", {"state": "active"}),
        (KILL, {"reason": "x", "scope": "world"}),
        (KILL, {"reason": "x", "scope": "strategy", "strategy": "nobody"}),
        ("/api/v1/orders/9-999999/cancel", {}), ("/api/v1/orders/%2e%2e/cancel", {}),
        ("/api/v1/orders/9-999999/replace", {"lots": 2}),
        ("/api/v1/strategies/nobody/stop", {}), ("/api/v1/strategies/churn-rb/explode", {}),
        ("/api/v1/strategies", {"id": "../x", "entry": {}}), ("/api/v1/strategies", []),
        ("/api/v1/strategies", {"id": "churn-rb", "entry": {"file": "churn.py"}}),
        ("/api/v1/reconciliation/accept", {"differences": ["SHFE.rb long: 0, venue 9"]}),
        ("/api/v1/reconciliation/assign",
         {"instrument": asker.contract, "direction": "long", "strategy": "churn-rb", "lots": 5}),
    ):  # fmt: skip
        yield Hostile(f"{path} {body}", asker.request("POST", path, body), (400, 404, 409, 422))
    for limit in ("0", "-1", "1e9", "9" * 4000, "%00", "all"):
        data = asker.request("GET", f"{ORDERS}?limit={limit}")
        yield Hostile(f"limit {limit[:9]}", data, (400, 414, 422, CLOSED))


def malformed(asker: Asker) -> Iterator[Hostile]:
    """No JSON, too much of it, no HTTP."""
    for body in (b"", b"{", b"null", b'"x"', b'{"reason":"\xff"}', b"[" * 30_000,
                 b'{"reason":' + b"[" * 30_000, b"\x00" * 64):  # fmt: skip
        yield Hostile(f"body {body[:12]!r}", asker.request("POST", KILL, body), (400, 422))
    big = asker.request("POST", KILL, {"reason": "x" * 1_000_000})
    yield Hostile("a body of a megabyte", big, (413, CLOSED))
    form = asker.request("POST", KILL, b"reason=x", kind="application/x-www-form-urlencoded")
    yield Hostile("a form", form, (415,))
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "NONSENSE"):
        data = asker.request(method, KILL, GOOD_KILL)
        yield Hostile(method, data, (400, 404, 405, CLOSED))
    for path in (
        "/assets/../../homalos.db", "/assets/%2e%2e/%2e%2e/run.json", "/../data/run.json",
        "/assets//etc/passwd", "/assets/app.js%00", "//evil.example/", "/" + "a" * 70_000,
    ):  # fmt: skip
        data = asker.request("GET", path)
        yield Hostile(f"path {path[:24]}", data, (400, 404, 414, CLOSED))
    kill = asker.request("POST", KILL, GOOD_KILL, token="")
    for name, data in (
        ("two hosts", kill.replace(b"Host:", b"Host: evil.example\r\nHost:", 1)),
        ("a length below zero", kill.replace(b"Content-Length: ", b"Content-Length: -", 1)),
        ("two lengths", kill.replace(b"Connection:", b"Content-Length: 1\r\nConnection:", 1)),
        ("chunks that are none", kill.replace(
            b"Connection:", b"Transfer-Encoding: chunked\r\nConnection:", 1)),
        ("a head without end", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000),
        ("half a head", kill[:30]), ("nothing at all", b""), ("HTTP/0.9", b"GET /\r\n\r\n"),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)),
    ):  # fmt: skip
        yield Hostile(name, data, (400, 401, 403, 411, 413, 414, 421, 431, CLOSED))


def noise(asker: Asker, seed: int, count: int) -> Iterator[Hostile]:
    """The seed decides: bytes of all kinds, and good requests of a stranger with bytes changed."""
    chance = random.Random(seed)
    good = asker.request("POST", KILL, GOOD_KILL, token="")
    for number in range(count):
        if number % 2:
            data = chance.randbytes(chance.randrange(1, 3000))
        else:
            spoilt = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
            data = bytes(spoilt)
        yield Hostile(f"noise {number}", data, (400, 401, 403, 404, 405, 413, 415, 421, CLOSED))


# ------------------------------------------------------------------ the run


def run(root: Path, seed: int, count: int) -> Figures:
    """All of them, ``count`` of them noise, while the market runs. ``AssertionError``."""
    victim = Victim(root)
    daemon = victim.daemon
    victim._pace(60)
    try:
        daemon.start()
        until(lambda: daemon.trades_so_far() > 5, 30, "the first trades")
        asker = Asker(daemon)
        before = daemon.trades_so_far()
        asked = refused = 0
        kinds = (strangers(asker), senseless(asker), malformed(asker), noise(asker, seed, count))
        for hostile in (h for kind in kinds for h in kind):
            status = asker.ask(hostile.data)
            assert status in hostile.wanted, f"{hostile.name}: {status}, not {hostile.wanted}"
            asked += 1
            refused += status != CLOSED
        _held_open(asker)
        until(lambda: daemon.trades_so_far() > before, 30, "trading goes on")
        _judge(victim)
        trades = daemon.trades_so_far() - before
        assert daemon.stop() == 0, daemon.err()
        return Figures(asked, refused, trades)
    finally:
        daemon.kill()


def _held_open(asker: Asker) -> None:
    """Hundreds of lines that say nothing do not keep a person out."""
    lines = [socket.create_connection(("127.0.0.1", asker.port), 5) for _ in range(300)]
    try:
        assert asker.ask(asker.request("GET", "/api/v1/account")) == 200
    finally:
        for line in lines:
            line.close()


def _judge(victim: Victim) -> None:
    """Nothing came of it, and the books are the exchange's."""
    daemon = victim.daemon
    victim._pace(STILL)
    until(lambda: _stands(daemon), 15, "the market stands")
    victim.check()
    manual = daemon.rows("SELECT count(*) FROM orders WHERE strategy = 'manual'")
    assert manual == [(0,)], f"{manual} orders of nobody"
    states = {row["id"]: row["state"] for row in daemon.ask("/api/v1/strategies")}
    assert set(states.values()) == {"running"}, states
    assert "Traceback" not in daemon.err(), daemon.err()


def _stands(daemon: Daemon) -> bool:
    """No tick came for a while."""
    before = daemon.status()["ticks"]
    sleep(0.2)
    return bool(daemon.status()["ticks"] == before)
