"""The control door: its token, its commands, and what it says of what it does not understand."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.bench import ME, Bench
from tests.unit.exchange.door.test_faults import Line, Recorder

from homalos.exchange.door.accounts import known_account
from homalos.exchange.door.control import (
    PORTS_FILE,
    TOKEN_FILE,
    CommandError,
    Control,
    arguments_of,
    tell,
)
from homalos.exchange.door.faults import FaultBoard
from homalos.exchange.records import NewOrder
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce
from homalos.model.ids import InstrumentId, OrderId


class Here:
    """A run that notes what it is told."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def status(self) -> dict[str, Any]:
        return {"market": "held"}

    def go(self) -> None:
        self.done.append("go")

    def set_speed(self, speed: float | None) -> None:
        self.done.append(speed)

    def settle(self) -> int:
        raise ValueError("the market has not ended")

    def stop(self, why: str) -> None:
        self.done.append(why)


class House:
    def __init__(self, folder: Path) -> None:
        self.bench = Bench()
        self.run = Here()
        self.front = Recorder([Line(1), Line(2, side="md")])
        self.board = FaultBoard(
            self.bench.clock, self.bench.timers, lambda call: call(), lambda s, call: None, ME
        )
        self.board.bind(self.front)  # type: ignore[arg-type]
        self.folder = folder
        self.control = Control(
            self.run,
            self.bench.exchange,
            self.front,
            known_account(),
            self.board,
            folder,  # type: ignore[arg-type]
        )

    def do(self, *words: str) -> Any:
        command, arguments = arguments_of(list(words))
        return self.control.do(command, arguments)

    def asked(self, work: Callable[[], Any]) -> Any:
        """``work`` in a thread, with the door open."""

        async def run() -> Any:
            port = await self.control.start(0)
            (self.folder / PORTS_FILE).write_text(json.dumps({"control": port}))
            try:
                return await asyncio.to_thread(work)
            finally:
                await self.control.stop()

        return asyncio.run(run())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_books_are_the_engines_own(house: House) -> None:
    exchange = house.bench.exchange
    exchange.insert(
        NewOrder(
            ME, OrderId("1:1:7"), InstrumentId("SHFE.rb2601"), Side.BUY, Offset.OPEN,
            OrderKind.LIMIT, TimeInForce.GFD, 3_000.0, 2,
        )
    )  # fmt: skip
    told = house.do("books", "sim")
    (order,) = told["orders"]
    assert (order["id"], order["side"], order["lots"], order["status"]) == (
        "1:1:7", "buy", 2, "accepted",
    )  # fmt: skip
    assert told["account"]["available"] == exchange.account(ME).available
    assert told["account"]["frozen_margin"] == pytest.approx(6_000)
    assert told["trading_day"] == 20251112
    with pytest.raises(LookupError, match="there are sim"):
        house.do("books", "nobody")


def test_money(house: House) -> None:
    before = house.bench.exchange.account(ME).available
    assert house.do("deposit", "sim", "1000.5")["account"]["available"] == before + 1000.5
    assert house.do("withdraw", "sim", "0.5")["account"]["available"] == before + 1000
    with pytest.raises(ValueError, match="more than is available"):
        house.do("withdraw", "sim", "1e12")
    with pytest.raises(CommandError, match="amount"):
        house.do("deposit", "sim")
    with pytest.raises(CommandError, match="amount"):
        house.do("deposit", "sim", "much")


def test_the_run(house: House) -> None:
    house.do("go")
    house.do("speed", "20")
    house.do("speed", "max")
    house.do("stop")
    assert house.run.done == ["go", 20.0, None, "told to"]
    for wrong in (("speed",), ("speed", "0"), ("speed", "fast")):
        with pytest.raises(CommandError, match="max"):
            house.do(*wrong)
    with pytest.raises(ValueError, match="has not ended"):
        house.do("settle")
    assert house.do("status") == {"market": "held", "faults": []}


def test_faults_come_and_go(house: House) -> None:
    assert house.do("fault", "add", '{"kind":"lose","on":"OnRtnOrder","k":3}') == {"ids": [1]}
    many = '[{"kind":"cut","at":"+5"},{"kind":"busy"}]'
    assert house.do("fault", "add", many) == {"ids": [2, 3]}
    rows = house.do("fault", "list")["faults"]
    assert [row["kind"] for row in rows] == ["lose", "cut", "busy"]
    assert rows[1]["when"] == "2025-11-12 10:00:05.000"
    assert house.do("fault", "clear", "2") == {"cleared": 1}
    assert house.do("fault", "clear") == {"cleared": 2}
    assert house.do("fault") == {"faults": []}
    with pytest.raises(Exception, match="did you mean OnRtnOrder"):
        house.do("fault", "add", '{"kind":"lose","on":"OnRtnOder"}')
    with pytest.raises(CommandError, match="fault add JSON"):
        house.do("fault", "drop")


def test_what_happens_at_once(house: House) -> None:
    house.do("cut", "sim", "md")
    house.do("stall", "200")
    house.do("clear-flows")
    house.do("foreign-order", "SHFE.rb2601", "sell", "2", "3100")
    house.do("force-close", "SHFE.rb2601", "long")
    house.do("position", "SHFE.rb2601", "short", "-1", '{"today": false}')
    house.do("tick", "SHFE.rb2601", '{"fields": {"UpdateTime": "99:99:99"}}')
    house.do("cancel-foreign", "sim", "0:0:1")
    cut, stall, clear, order, close, position, tick, cancel = house.front.done
    assert cut == ("cut", [2])
    assert stall == ("stall", True)
    assert clear == "clear_flows"
    assert (order[1].side, order[1].lots, order[1].price) == ("sell", 2, 3100.0)
    assert close == ("force_close", "sim", "SHFE.rb2601", "long", 0)
    assert position == ("change_position", "sim", "SHFE.rb2601", "short", -1, None, False)
    assert tick == ("push_tick", "SHFE.rb2601", {"UpdateTime": "99:99:99"})
    assert cancel == ("cancel_foreign", "sim", "0:0:1")
    with pytest.raises(Exception, match="needs ms"):
        house.do("stall")


def test_words_that_mean_nothing(house: House) -> None:
    with pytest.raises(CommandError, match="there are status, go"):
        house.do("jump")
    with pytest.raises(CommandError, match="too many words: books USER"):
        house.do("books", "a", "b")
    with pytest.raises(CommandError, match="not JSON"):
        house.do("fault", "add", "{kind")
    with pytest.raises(CommandError, match="unknown field"):
        house.do("books", '{"uzer": "sim"}')


def test_over_the_wire(house: House, tmp_path: Path) -> None:
    def work() -> tuple[Any, str]:
        mode = (tmp_path / TOKEN_FILE).stat().st_mode & 0o777
        assert mode == 0o600
        with pytest.raises(CommandError, match="there is no user"):
            tell(tmp_path, "books", {"user": "x"})
        return tell(tmp_path, "books", {"user": "sim"}), tell(tmp_path, "go", {})

    told, nothing = house.asked(work)
    assert told["account"]["id"] == "sim"
    assert nothing is None
    assert house.run.done == ["go"]
    assert not (tmp_path / TOKEN_FILE).exists()
    with pytest.raises(CommandError, match="no homalos exchange answers"):
        tell(tmp_path, "status", {})


def test_without_the_token_nothing_is_done(house: House, tmp_path: Path) -> None:
    def work() -> list[bytes]:
        port = json.loads((tmp_path / PORTS_FILE).read_text())["control"]
        answers = []
        for line in (b'{"token":"x","command":"stop"}\n', b"[]\n", b"\xff\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as door:
                door.sendall(line)
                answers.append(door.makefile("rb").readline())
        return answers

    answers = house.asked(work)
    assert b"the token is not" in answers[0]
    assert all(b'"ok":false' in answer for answer in answers)
    assert house.run.done == []
