"""Faults as data: what is refused, what is counted, what strikes, and seeded plans of them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from homalos.config.faults import ConfigError, Layer, Place
from homalos.exchange.door.fault_plan import KINDS, random_plan
from homalos.exchange.door.fault_spec import FaultSpec, moment, parse_faults, read_faults
from homalos.exchange.door.faults import FaultBoard
from homalos.exchange.door.ports import PASS, Act, Session, Verdict
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.model.ids import AccountId
from homalos.model.times import HOUR, SECOND, china_midnight

PLACE = Place(Layer.OVERRIDE, "fault")
NINE = china_midnight(20260105) + 9 * HOUR


class Line(NamedTuple):
    """A session as faults see it."""

    number: int = 1
    side: str = "td"
    user: str = "sim"
    account: AccountId = AccountId("sim")
    front_id: int = 1
    session_id: int = 1


class Recorder:
    """Writes down what is asked of the front; the front itself has tests of its own."""

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        self.lines = lines
        self.done: list[Any] = []

    def sessions(self) -> Sequence[Session]:
        return self.lines

    def cut(self, sessions: Iterable[Session]) -> int:
        self.done.append(("cut", [line.number for line in sessions]))
        return 0

    def stall_md(self, on: bool) -> None:
        self.done.append(("stall", on))

    def clear_flows(self) -> None:
        self.done.append("clear_flows")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def note(*values: Any, **more: Any) -> tuple[()]:
            self.done.append((name, *values, *more.values()))
            return ()

        return note


class Desk:
    """A board on a clock of its own; ``later`` keeps what is to be done after a while."""

    def __init__(self, *lines: Line) -> None:
        self.clock = SimClock(NINE)
        self.timers = Timers(Bus(self.clock))
        self.front = Recorder(lines)
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.board = FaultBoard(
            self.clock, self.timers, lambda call: call(),
            lambda s, call: self.waiting.append((s, call)), AccountId("sim"),
        )  # fmt: skip
        self.board.bind(self.front)  # type: ignore[arg-type]

    def set(self, text: str) -> list[int]:
        return self.board.add(parse_faults(text, PLACE))

    def out(self, name: str, line: Line | None = None) -> Verdict:
        return self.board.outgoing(line or Line(), b"", name)

    def until(self, ts: int) -> None:
        self.clock.advance(ts)
        self.timers.fire(ts)


def test_the_kth_frame_and_the_times_after_it() -> None:
    desk = Desk()
    assert not desk.board.active
    desk.set("{kind: lose, on: OnRtnOrder, k: 2, times: 2}")
    assert desk.board.active
    acts = [desk.out(name).act for name in ("OnRtnOrder", "OnRtnTrade", *["OnRtnOrder"] * 3)]
    assert acts == [Act.PASS, Act.PASS, Act.DROP, Act.DROP, Act.PASS]
    assert not desk.board.active
    (row,) = desk.board.rows()
    assert (row["struck"], row["on"], row["k"]) == (2, "OnRtnOrder", 2)


def test_zero_times_is_always_until_cleared() -> None:
    desk = Desk()
    (number,) = desk.set("{kind: delay, on: OnRtnTrade, ms: 30, times: 0}")
    assert {desk.out("OnRtnTrade") for _ in range(50)} == {Verdict(Act.DELAY, ms=30)}
    assert desk.board.clear(number) == 1
    assert desk.out("OnRtnTrade") is PASS
    with pytest.raises(LookupError, match="no fault 1"):
        desk.board.clear(number)


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("{kind: cut, on: OnRtnTrade, sent: true}", "OnRtnTrade", Verdict(Act.CUT, sent=True)),
        ("{kind: duplicate, on: OnRtnTrade}", "OnRtnTrade", Verdict(Act.DUPLICATE)),
        ("{kind: reorder, on: OnRtn*}", "OnRtnOrder", Verdict(Act.SWAP)),
        ("{kind: reject, code: 31}", "ReqOrderInsert", Verdict(Act.REJECT, code=31)),
        ("{kind: refuse_login}", "ReqUserLogin", Verdict(Act.REJECT, code=3)),
        ("{kind: refuse_login, on: ReqAuthenticate, code: 63}", "ReqAuthenticate",
         Verdict(Act.REJECT, code=63)),
        ("{kind: not_ready}", "ReqUserLogin", Verdict(Act.REJECT, code=7)),
        ("{kind: busy}", "ReqQryOrder", Verdict(Act.REJECT, code=90)),
    ],
)  # fmt: skip
def test_verdicts(text: str, name: str, verdict: Verdict) -> None:
    desk = Desk()
    desk.set(text)
    ask = desk.board.incoming if name.startswith("Req") else None
    first = desk.out(name) if ask is None else ask(Line(), name, {})
    again = desk.out(name) if ask is None else ask(Line(), name, {})
    assert first == verdict
    assert again is PASS


def test_only_this_user_and_this_line() -> None:
    desk = Desk()
    desk.set("{kind: lose, on: OnRspUserLogin, user: b, line: md, times: 0}")
    assert desk.out("OnRspUserLogin", Line(user="a", side="md")) is PASS
    assert desk.out("OnRspUserLogin", Line(user="b", side="td")) is PASS
    assert desk.out("OnRspUserLogin", Line(user="b", side="md")).act is Act.DROP
    desk.set("{kind: not_ready, user: c}")
    nobody_yet = Line(user="")
    assert desk.board.incoming(nobody_yet, "ReqUserLogin", {"UserID": "b"}) is PASS
    assert desk.board.incoming(nobody_yet, "ReqUserLogin", {"UserID": "c"}).code == 7


def test_the_first_that_was_set_strikes_and_all_count() -> None:
    desk = Desk()
    desk.set("[{kind: lose, on: OnRtnOrder}, {kind: duplicate, on: OnRtnOrder, k: 2}]")
    assert desk.out("OnRtnOrder").act is Act.DROP
    assert desk.out("OnRtnOrder").act is Act.DUPLICATE


def test_at_an_exchange_time() -> None:
    desk = Desk(Line(1), Line(2, side="md"), Line(3, user="other"))
    desk.set('[{kind: cut, at: "10:31:00", user: sim}, {kind: clear_flows, at: "+90"}]')
    assert not desk.board.active, "no frame is asked about"
    desk.until(NINE + 89 * SECOND)
    assert desk.front.done == []
    desk.until(NINE + 90 * SECOND)
    assert desk.front.done == ["clear_flows"]
    desk.until(NINE + 2 * HOUR)
    assert desk.front.done[1:] == [("cut", [1, 2])]


def test_a_time_that_was_cleared_does_not_strike() -> None:
    desk = Desk(Line(1))
    desk.set('{kind: cut, at: "+1"}')
    desk.board.clear()
    desk.until(NINE + HOUR)
    assert desk.front.done == []


def test_times_of_day_are_the_next_ones() -> None:
    assert moment("09:00:00", NINE) == NINE
    assert moment("8:59", NINE) == NINE + 24 * HOUR - 60 * SECOND
    assert moment("+0.5", NINE) == NINE + SECOND // 2


def test_stalls_that_overlap_end_with_the_last() -> None:
    desk = Desk()
    desk.set("{kind: stall, on: OnRtnDepthMarketData, ms: 200, k: 1, times: 2}")
    tick = "OnRtnDepthMarketData"
    assert [desk.out(tick).act for _ in range(3)] == [Act.PASS] * 3, "the tick itself is out"
    assert [seconds for seconds, _ in desk.waiting] == [0.2, 0.2]
    for _, end in desk.waiting:
        end()
    assert desk.front.done == [("stall", True), ("stall", True), ("stall", False)]


def test_market_side_faults_reach_the_front() -> None:
    desk = Desk()
    desk.set(
        "[{kind: foreign_order, at: '+1', instrument: SHFE.rb2601, side: sell, lots: 2},"
        "{kind: force_close, at: '+2', instrument: SHFE.rb2601, direction: long, account: b},"
        "{kind: position, at: '+3', instrument: SHFE.rb2601, direction: short, lots: -1},"
        "{kind: tick, at: '+4', instrument: SHFE.rb2601, fields: {UpdateTime: '99:99:99'}}]"
    )
    desk.until(NINE + HOUR)
    (order, close, position, tick) = desk.front.done
    assert (order[0], order[1].account, order[1].side, order[1].lots) == (
        "foreign_order", "sim", "sell", 2,
    )  # fmt: skip
    assert close == ("force_close", "b", "SHFE.rb2601", "long", 0)
    assert position == ("change_position", "sim", "SHFE.rb2601", "short", -1, None, True)
    assert tick == ("push_tick", "SHFE.rb2601", {"UpdateTime": "99:99:99"})


def test_what_cannot_be_done_is_told_and_ends_nothing() -> None:
    desk = Desk()

    def refuse(*_: object) -> None:
        raise LookupError("no contract XX.y1")

    desk.front.push_tick = refuse  # type: ignore[method-assign]
    desk.set("{kind: tick, at: '+1', instrument: XX.y1, fields: {LastPrice: 1}}")
    desk.until(NINE + HOUR)
    assert desk.board.rows()[0]["failed"] == "no contract XX.y1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{kind: looose, on: OnRtnOrder}", "found looose"),
        ("{kind: lose}", "needs on or at"),
        ("{kind: lose, on: OnRtnOder}", "did you mean OnRtnOrder?"),
        ("{kind: lose, at: '10:00:00'}", "lose strikes a frame"),
        ("{kind: reject, code: 31, on: OnRtnOrder}", "strikes requests"),
        ("{kind: duplicate, on: ReqOrderInsert}", "strikes callbacks"),
        ("{kind: delay, on: OnRtnOrder}", "needs ms"),
        ("{kind: cut, on: OnRtnOrder, ms: 5}", "cut takes no ms"),
        ("{kind: cut, at: '10:31:00', on: OnRtnOrder}", "not both"),
        ("{kind: cut, at: 'noon'}", "an exchange time is wanted"),
        ("{kind: cut, at: '+5', k: 2}", "strikes once"),
        ("{kind: foreign_order, at: '+5', instrument: a}", "needs side"),
        ("{kind: force_close, at: '+5', instrument: a, direction: long, lots: -1}", "or more"),
        ("{kind: lose, on: OnRtnOrder, k: 0}", "faults.0.k"),
        ("{kind: lose, onn: OnRtnOrder}", "faults.0.onn"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_faults(text, PLACE)
    assert said in str(caught.value)
    assert caught.value.render("zh")


def test_a_file_of_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("faults:\n  - {kind: cut, at: '10:31:00'}\n  - {kind: lose, on: OnRtnOder}\n")
    with pytest.raises(ConfigError, match=r"faults.yaml:3:.*OnRtnOder|faults.yaml:3:"):
        read_faults(path)
    path.write_text('[{"kind": "cut", "at": "10:31:00"}]')
    assert read_faults(path) == (FaultSpec(kind="cut", at="10:31:00"),)
    with pytest.raises(ConfigError, match="No such file"):
        read_faults(tmp_path / "none")


def test_a_seed_is_a_plan_and_every_plan_is_valid() -> None:
    seen = set()
    for seed in range(300):
        plan = random_plan(seed, count=4, instruments=["SHFE.rb2601", "DCE.m2601"], user="sim")
        assert plan == random_plan(
            seed, count=4, instruments=["SHFE.rb2601", "DCE.m2601"], user="sim"
        )
        for spec in plan:
            assert list(spec.faults()) == [], spec
            seen.add(spec.kind)
        desk = Desk()
        desk.board.add(plan)
    assert seen == set(KINDS)
    assert random_plan(1) != random_plan(2)
    assert all(not spec.instrument for seed in range(50) for spec in random_plan(seed))
