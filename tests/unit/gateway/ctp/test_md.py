from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.exchange.bench import DAY, NEXT, at, contract, sessions
from tests.unit.gateway.ctp.hand import Hand

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.ctp.records import MdStats
from homalos.gateway.ctp.md import MdLine
from homalos.gateway.ctp.seams import MdSink
from homalos.model.enums import Channel, Severity
from homalos.model.event import Event
from homalos.model.events import AlertRaised, ConnectionChanged
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import china_midnight

RB = contract("SHFE.rb2605")
SR = contract("CZCE.SR2605")
FRONTS = ("tcp://127.0.0.1:1",)


@dataclass
class Port:
    """The library, told by the test what to say."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    code: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    pending: list[Any] = field(default_factory=list)
    closed: bool = False

    def open(self, fronts: Sequence[str]) -> None:
        self.calls.append(("open", tuple(fronts)))

    def fileno(self) -> int:
        return 7

    def drain(self, sink: MdSink, limit: int = 0) -> int:
        pending, self.pending = self.pending, []
        for name, *args in pending:
            getattr(sink, name)(*args)
        return len(pending)

    def list(self, wire_id: str, instrument: InstrumentId, factor: float, half: bool) -> None:
        self.calls.append(("list", (wire_id, instrument, factor, half)))

    def dates_by_clock(self, offset_ns: int) -> None:
        self.calls.append(("clock", offset_ns))

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None:
        self.calls.append(("day", (evening_ns, day_ns)))

    def set_trading_day(self, day: int) -> None:
        self.calls.append(("trading_day", day))

    def subscribe(self, wire_ids: Sequence[str]) -> int:
        self.calls.append(("subscribe", tuple(wire_ids)))
        return self.code

    def unsubscribe(self, wire_ids: Sequence[str]) -> int:
        return 0

    def request(self, name: str, fields: Any, request: int) -> int:
        self.calls.append((name, (dict(fields), request)))
        return self.code

    def stats(self) -> MdStats:
        names = MdStats.__struct_fields__
        return MdStats(*(self.counts.get(name, 0) for name in names))

    def close(self) -> None:
        self.closed = True

    def of(self, name: str) -> Sequence[Any]:
        return [args for call, args in self.calls if call == name]


class Bench:
    def __init__(self, *, follows: bool = True, **section: Any) -> None:
        self.hand = Hand(at(10))
        self.ports: list[Port] = []
        self.posted: list[Event] = []
        self.admitted: list[Tick] = []
        values = {"md_fronts": FRONTS, "broker": "9999"} | section
        self.line = MdLine(
            CtpSection(**values), "me", Secret("hush"), clock=self.hand,
            call_later=self.hand.call_later, sessions=sessions(), open_port=self._open,
            follows=follows,
        )  # fmt: skip

    def _open(self) -> Port:
        self.ports.append(Port())
        return self.ports[-1]

    @property
    def port(self) -> Port:
        return self.ports[-1]

    def start(self) -> None:
        self.line.start(self.posted.append, self.admitted.append)

    def say(self, name: str, *args: Any) -> None:
        self.port.pending.append((name, *args))
        self.line.drain()

    def log_in(self) -> None:
        self.say("on_connected")
        self.line.trading_ready(DAY, 5)
        self.hand.go(1)
        self.accept()

    def accept(self, error: int = 0, data: Any = None) -> None:
        _, request = self.port.of("ReqUserLogin")[-1]
        self.say("on_response", "OnRspUserLogin", data or {}, error, "", request, True)

    def up(self) -> list[tuple[bool, str]]:
        return [(e.connected, e.reason) for e in self.posted if isinstance(e, ConnectionChanged)]

    def alerts(self) -> list[tuple[Severity, str]]:
        return [(e.severity, e.text) for e in self.posted if isinstance(e, AlertRaised)]

    def subscribed(self) -> list[str]:
        return [id_ for chunk in self.port.of("subscribe") for id_ in chunk]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.start()
    made.line.list([RB, SR])
    return made


def tick(instrument: Any = RB, **changes: Any) -> Tick:
    values: dict[str, Any] = {
        "instrument": instrument.id, "ts_event": 1, "ts_init": 1, "trading_day": DAY,
        "last_price": 3000.0, "volume": 10, "turnover": 300_000.0, "open_interest": None,
        "bid_price": None, "bid_lots": 0, "ask_price": None, "ask_lots": 0,
    }  # fmt: skip
    return Tick(**(values | changes))


# ---------------------------------------------------------------- logging in


def test_market_data_wait_for_trading(bench: Bench) -> None:
    bench.say("on_connected")
    bench.hand.go(60)
    assert bench.port.of("ReqUserLogin") == []
    bench.line.trading_ready(DAY, 5)
    ((fields, _),) = bench.port.of("ReqUserLogin")
    assert fields == {"BrokerID": "9999", "UserID": "me", "Password": "hush"}
    assert bench.up() == []
    bench.accept()
    assert bench.up() == [(True, "")]
    assert bench.line.health().ready
    assert bench.posted[0].channel is Channel.MARKET_DATA  # type: ignore[attr-defined]


def test_paper_trading_logs_in_at_once_and_takes_day_and_clock_from_it() -> None:
    bench = Bench(follows=False)
    bench.start()
    bench.say("on_connected")
    bench.accept(data={"TradingDay": str(NEXT), "SHFETime": "--:--:--", "LoginTime": ""})
    assert bench.port.of("trading_day") == [NEXT]
    assert bench.port.of("clock") == [0]
    assert bench.up() == [(True, "")]


def test_a_wrong_login_is_final_without_trading_and_patient_with_it(bench: Bench) -> None:
    bench.say("on_connected")
    bench.line.trading_ready(DAY, 0)
    for tries in range(4):
        assert len(bench.port.of("ReqUserLogin")) == tries + 1
        bench.accept(error=3)
        bench.hand.go(2**tries)
    assert bench.line.health().state == "connected"
    paper = Bench(follows=False)
    paper.start()
    paper.say("on_connected")
    paper.accept(error=3)
    paper.hand.go(1000)
    assert len(paper.port.of("ReqUserLogin")) == 1
    assert paper.line.health().state == "stopped"
    assert paper.alerts()[-1][0] is Severity.CRITICAL
    assert "hush" not in str(paper.alerts())


def test_logins_are_a_second_apart_whatever_the_line_does(bench: Bench) -> None:
    bench.line.trading_ready(DAY, 0)
    times = []
    for _ in range(20):
        bench.say("on_connected")
        bench.hand.go(0.3)
        times.append(len(bench.port.of("ReqUserLogin")))
        bench.say("on_disconnected", 4097)
    assert 2 < times[-1] <= 7, "in six seconds"
    bench.say("on_connected")
    bench.hand.go(2)
    assert len(bench.port.of("ReqUserLogin")) > times[-1]


def test_an_answer_of_an_earlier_login_is_nobodys(bench: Bench) -> None:
    bench.line.trading_ready(DAY, 0)
    bench.say("on_connected")
    _, old = bench.port.of("ReqUserLogin")[-1]
    bench.say("on_disconnected", 4097)
    bench.say("on_connected")
    bench.hand.go(1.1)
    bench.say("on_response", "OnRspUserLogin", {}, 0, "", old, True)
    assert bench.up() == []
    bench.accept()
    assert bench.up() == [(True, "")]


def test_no_answer_to_a_login_is_tried_again(bench: Bench) -> None:
    bench.line.trading_ready(DAY, 0)
    bench.say("on_connected")
    bench.hand.go(12)
    assert len(bench.port.of("ReqUserLogin")) == 2


def test_a_login_that_cannot_be_sent_is_tried_again(bench: Bench) -> None:
    bench.line.trading_ready(DAY, 0)
    bench.port.code = -1
    bench.say("on_connected")
    assert bench.line.health().code == -1
    bench.port.code = 0
    bench.hand.go(1.5)
    bench.accept()
    assert bench.line.health().ready


def test_already_logged_in_is_a_success(bench: Bench) -> None:
    bench.line.trading_ready(DAY, 0)
    bench.say("on_connected")
    bench.accept(error=5)
    assert bench.line.health().ready


# ---------------------------------------------------------------- dates


def test_dates_go_by_the_exchanges_clock(bench: Bench) -> None:
    bench.log_in()
    assert bench.port.of("clock") == [5]
    assert bench.port.of("trading_day") == [DAY]
    bench.line.trading_day(NEXT)
    assert bench.port.of("trading_day") == [DAY, NEXT]


def test_dates_go_by_the_day_where_the_clock_follows_the_market() -> None:
    bench = Bench(clock="market")
    bench.start()
    bench.log_in()
    assert bench.port.of("day") == [(china_midnight(20251111), china_midnight(DAY))]
    bench.line.trading_day(20251117)
    assert bench.port.of("day")[-1] == (china_midnight(20251114), china_midnight(20251117)), (
        "Monday's evening is Friday's"
    )
    assert bench.port.of("clock") == []


# ---------------------------------------------------------------- subscriptions


def test_subscriptions_are_restored_at_each_login(bench: Bench) -> None:
    bench.line.subscribe([RB.id])
    bench.log_in()
    assert bench.subscribed() == ["rb2605"]
    bench.line.subscribe([SR.id, RB.id])
    assert bench.subscribed() == ["rb2605", SR.symbol]
    bench.say("on_disconnected", 4097)
    assert bench.up()[-1][0] is False
    bench.port.calls.clear()
    bench.say("on_connected")
    bench.hand.go(1)
    bench.accept()
    assert bench.subscribed() == ["rb2605", SR.symbol]
    assert [up for up, _ in bench.up()] == [True, False, True]


def test_what_is_listed_later_is_subscribed_then(bench: Bench) -> None:
    hc = contract("SHFE.hc2605")
    bench.line.subscribe([hc.id])
    bench.log_in()
    assert bench.subscribed() == []
    bench.line.list([hc])
    assert bench.port.of("list")[-1] == ("hc2605", hc.id, 1.0, False)
    assert bench.subscribed() == ["hc2605"]


def test_what_is_no_contract_here_is_told_once(bench: Bench) -> None:
    bench.line.subscribe([InstrumentId("SHFE.rb9999")])
    bench.log_in()
    bench.hand.go(10)
    ((severity, text),) = bench.alerts()
    assert severity is Severity.WARNING
    assert "SHFE.rb9999" in text


def test_many_are_asked_for_at_a_thousand_a_second(bench: Bench) -> None:
    many = [contract(f"DCE.x{n:04d}") for n in range(2_000)]
    bench.line.list(many)
    bench.line.subscribe([item.id for item in many])
    bench.log_in()
    assert len(bench.subscribed()) == 100
    bench.hand.go(0.95)
    assert len(bench.subscribed()) == 1_000
    bench.hand.go(1)
    assert bench.subscribed() == [item.symbol for item in many]


def test_a_chunk_that_could_not_be_sent_is_sent_again(bench: Bench) -> None:
    bench.line.subscribe([RB.id])
    bench.log_in()
    bench.port.code = -1
    bench.line.subscribe([SR.id])
    bench.port.code = 0
    bench.port.calls.clear()
    bench.hand.go(1.1)
    assert bench.subscribed() == [SR.symbol]


def test_a_new_start_makes_a_new_port_and_keeps_what_was_wanted(bench: Bench) -> None:
    bench.line.subscribe([RB.id])
    bench.log_in()
    old = bench.port
    bench.line.stop("closed")
    assert old.closed
    assert bench.up()[-1] == (False, "closed")
    assert bench.line.fileno() is None
    assert bench.line.drain() == 0
    count = len(bench.posted)
    bench.hand.go(60)
    assert len(bench.posted) == count
    assert bench.hand.pending == 0
    bench.start()
    assert bench.port is not old
    bench.log_in()
    assert bench.subscribed() == ["rb2605"]
    assert ("rb2605", RB.id, 1.0, False) in bench.port.of("list")


def test_a_refused_subscription_is_told(bench: Bench) -> None:
    bench.log_in()
    bench.say(
        "on_response", "OnRspSubMarketData", {"InstrumentID": "rb2605"}, 6000,
        "sub too many insts", 0, True,
    )  # fmt: skip
    assert "rb2605: 6000 sub too many insts" in bench.alerts()[-1][1]


# ---------------------------------------------------------------- ticks


def test_ticks_go_straight_to_the_gate(bench: Bench) -> None:
    bench.line.subscribe([RB.id])
    bench.log_in()
    assert bench.line.on_tick == bench.line._admit
    one = tick()
    bench.say("on_tick", one)
    assert bench.admitted == [one]


@pytest.mark.parametrize(("turnover", "factor"), [(10 * 6000.0, 10.0), (10 * 6000.0 * 10, 1.0)])
def test_a_turnover_of_czce_tells_whether_the_multiplier_is_in_it(
    bench: Bench, turnover: float, factor: float
) -> None:
    bench.line.subscribe([SR.id, RB.id])
    bench.log_in()
    bench.say("on_tick", tick(SR, volume=0, turnover=0.0, last_price=None))
    bench.say("on_tick", tick())
    assert bench.line.on_tick != bench.line._admit, "nothing learned yet"
    bench.say("on_tick", tick(SR, last_price=6010.0, turnover=turnover))
    assert bench.admitted[-1].turnover == 600_000.0
    assert bench.port.of("list")[-1] == (SR.symbol, SR.id, factor, True)
    assert bench.line.on_tick == bench.line._admit
    assert len(bench.admitted) == 3


# ---------------------------------------------------------------- the watch


def test_a_feed_that_goes_silent_in_trading_hours_is_told_once(bench: Bench) -> None:
    bench.line.subscribe([RB.id])
    bench.log_in()
    bench.hand.go(2)
    bench.port.counts["delivered"] = 5
    bench.hand.go(9)
    assert bench.alerts() == []
    bench.hand.go(30)
    ((severity, text),) = bench.alerts()
    assert severity is Severity.ERROR
    assert "no tick of any of 1 contracts" in text
    assert "no tick" in bench.line.health().message
    bench.port.counts["delivered"] = 6
    bench.hand.go(2)
    assert bench.alerts()[-1][0] is Severity.INFO
    assert bench.line.health().message == ""


@pytest.mark.parametrize("hour", [8, 12, 16])
def test_silence_out_of_hours_is_no_fault(hour: int) -> None:
    bench = Bench()
    bench.hand.event_time = at(hour)
    bench.start()
    bench.line.list([RB])
    bench.line.subscribe([RB.id])
    bench.log_in()
    bench.hand.go(300)
    assert bench.alerts() == []


def test_the_silence_of_a_break_does_not_count(bench: Bench) -> None:
    bench.hand.event_time = at(10, 14, 55)
    bench.line.subscribe([RB.id])
    bench.log_in()
    bench.hand.go(15 * 60 + 8)
    assert bench.alerts() == []
    bench.hand.go(10)
    assert len(bench.alerts()) == 1


def test_nothing_subscribed_nothing_missed(bench: Bench) -> None:
    bench.log_in()
    bench.hand.go(100)
    assert bench.alerts() == []


def test_lost_ticks_are_told_at_once_and_then_rarely(bench: Bench) -> None:
    bench.log_in()
    for lost in range(1, 100):
        bench.port.counts["dropped"] = lost * 10
        bench.hand.go(1)
    ((severity, text),) = bench.alerts()
    assert severity is Severity.ERROR
    assert "10 ticks lost" in text
    bench.hand.go(300)
    assert "980 ticks lost" in bench.alerts()[-1][1]
    assert len(bench.alerts()) == 2


def test_old_snapshots_at_the_login_are_expected_more_are_not(bench: Bench) -> None:
    bench.line.subscribe([RB.id, SR.id])
    bench.log_in()
    bench.port.counts |= {"stale": 2, "junk": 1}
    bench.hand.go(3)
    assert bench.alerts() == []
    bench.port.counts["stale"] = 3
    bench.hand.go(2)
    assert "1 ticks more than 30 minutes off" in bench.alerts()[-1][1]
    bench.port.counts["unknown"] = 1
    bench.hand.go(2)
    assert "never listed" in bench.alerts()[-1][1]
