"""Day-flat: which ends apply, what stops, what is closed, also without the strategy."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import START, M, instrument
from tests.unit.trading.flatten.floor import (
    ALPHA,
    BETA,
    DAY,
    RB,
    Floor,
    account_of,
    again,
    sessions,
)

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.enums import (
    FlattenStage,
    OrderStatus,
    Phase,
    Side,
    StrategyState,
    TimeInForce,
    TradingState,
)
from homalos.model.events import (
    AlertRaised,
    KillSwitch,
    OrderDenied,
    StrategyCommand,
    StrategyStateChanged,
)
from homalos.model.flatten import FlattenJob
from homalos.model.ids import InstrumentId
from homalos.model.times import MINUTE, SECOND, china_midnight, china_text

# START is 09:30 of 2026-01-05, a Monday; rb trades 21:00 to 23:00 and until 15:00.
CLOSE = china_midnight(DAY) + 15 * 60 * MINUTE
NIGHT = china_midnight(DAY) + 23 * 60 * MINUTE


def entry(**changes: Any) -> StrategyEntry:
    return StrategyEntry(**({"id": "alpha", "file": "a.py", "flat": "session"} | changes))


def to(floor: Floor, when: int) -> None:
    """Event time goes on to ``when``; with a fresh price, as the market has it."""
    floor.advance(max(0, when - SECOND - floor.clock.now()) / SECOND)
    floor.tick(RB, 3500.0)
    floor.advance((when - floor.clock.now()) / SECOND)


def begun(**changes: Any) -> Floor:
    """alpha is long of two, five minutes before the close."""
    floor = Floor(entries=(entry(**changes),))
    floor.hold(2)
    resting = floor.submit(price=3450.0)
    floor.report(resting, OrderStatus.ACCEPTED)
    to(floor, CLOSE - 301 * SECOND)
    assert floor.flatten.jobs() == ()
    to(floor, CLOSE - 300 * SECOND)
    assert floor.venue.cancelled == [resting]
    floor.report(resting, OrderStatus.CANCELLED)
    floor.settle()
    return floor


def test_it_stops_entries_cancels_works_the_exit_and_escalates() -> None:
    floor = begun()
    (job,) = floor.flatten.jobs()
    assert (job.strategy, job.instrument, job.until) == (ALPHA, RB, CLOSE)
    assert floor.control.state is TradingState.ACTIVE
    floor.submit(price=3400.0)
    assert floor.seen(OrderDenied)[-1].denials[0].rule == "flatten"
    other = floor.submit(price=3200.0, strategy=BETA)
    floor.report(other, OrderStatus.CANCELLED)
    prices = []
    while floor.clock.now() < CLOSE - 60 * SECOND:
        assert (floor.last().price, floor.last().tif) == (3499.0, TimeInForce.FAK), "at the bid"
        prices.append(floor.last().price)
        floor.kill_rest()
        to(floor, floor.clock.now() + 10 * SECOND)
    assert 20 <= len(prices) <= 26, "a try every ten seconds"
    assert floor.last().price == 3499.0
    for price in (3497.0, 3494.0, 3489.0, 3150.0):
        floor.kill_rest()
        floor.step()
        assert floor.last().price == price
    floor.fill(floor.last().id, 3150.0)
    floor.settle()
    assert floor.job().stage is FlattenStage.FLAT
    floor.submit(price=3400.0)
    assert floor.seen(OrderDenied)[-1].denials[0].rule == "flatten", "until the session is over"
    floor.advance(120)
    assert floor.flatten.jobs() == ()


@pytest.mark.parametrize("state", [StrategyState.QUARANTINED, StrategyState.FAILED])
def test_a_dead_strategy_is_closed_all_the_same(state: StrategyState) -> None:
    floor = Floor(entries=(entry(),))
    floor.hold(2)
    floor.post(StrategyStateChanged(ALPHA, state, "", floor.clock.now()))
    to(floor, CLOSE - 300 * SECOND)
    floor.settle()
    assert [o.lots for o in floor.rounds()] == [2]


def test_a_line_that_comes_back_in_the_last_minutes_begins_at_once() -> None:
    floor = Floor(entries=(entry(),))
    floor.hold(2)
    floor.line(up=False)
    to(floor, CLOSE - 200 * SECOND)
    assert "the trading line is down" in floor.job().text
    assert floor.rounds() == []
    account_of(floor)
    floor.line(up=True)
    assert [o.lots for o in floor.rounds()] == [2]


def test_a_start_in_the_last_minutes_begins_at_once() -> None:
    before = Floor()
    before.hold(2)
    floor = again(before, entries=(entry(),))
    floor.clock.advance(CLOSE - 100 * SECOND)
    floor.open()
    floor.advance(2)
    assert [(o.strategy, o.lots) for o in floor.venue.sent] == [(ALPHA, 2)]


def test_what_is_not_flat_in_time_is_told_loudly() -> None:
    floor = Floor(entries=(entry(),))
    floor.hold(2)
    floor.phase(Phase.BREAK)
    to(floor, CLOSE)
    texts = [a.text for a in floor.seen(AlertRaised) if "NOT FLAT" in a.text]
    assert len(texts) == 1
    assert "2 lots" in texts[0]
    assert "break" in texts[0]
    assert floor.flatten.jobs() == ()
    to(floor, NIGHT - 301 * SECOND)
    assert floor.flatten.jobs() == ()
    floor.phase(Phase.CONTINUOUS)
    to(floor, NIGHT - 299 * SECOND)
    floor.settle()
    assert floor.rounds(), "the night's end applies as well"


def test_a_persons_halt_holds_a_day_flat_too() -> None:
    floor = Floor(entries=(entry(),))
    floor.hold(2)
    floor.post(KillSwitch("me", "stop all", floor.clock.now()))
    to(floor, CLOSE - 100 * SECOND)
    floor.settle()
    assert floor.rounds() == []
    assert "halted" in floor.job().legs[0].waits


def test_who_need_not_be_flat_is_left_alone() -> None:
    floor = Floor(entries=(entry(id="beta"), entry(flat="off")))
    floor.hold(2)
    floor.hold(1, "manual")
    to(floor, CLOSE)
    assert floor.told() == []


def test_a_strategy_that_is_loaded_by_hand_brings_its_word() -> None:
    floor = Floor()
    text = '{"id": "alpha", "file": "a.py", "flat": "session"}'
    floor.post(StrategyCommand(ALPHA, "load", "me", START, text))
    floor.hold(1)
    to(floor, CLOSE - 300 * SECOND)
    floor.settle()
    assert len(floor.rounds()) == 1


def test_a_stop_that_fires_meanwhile_may_still_close() -> None:
    floor = begun()
    floor.kill_rest()
    floor.submit(side=Side.SELL, lots=1, price=3480.0, tif=TimeInForce.FAK, reduce_only=True)
    assert floor.venue.sent[-1].lots == 1
    assert not floor.denials()


ENDS = [
    ("SHFE.rb2605", "session", 9, 30, "01-05 15:00"),
    ("SHFE.rb2605", "session", 15, 0, "01-05 23:00"),
    ("SHFE.rb2605", "session", 22, 59, "01-05 23:00"),
    ("SHFE.rb2605", "day", 22, 59, "01-06 15:00"),
    ("SHFE.cu2605", "session", 21, 30, "01-06 01:00"),
    ("SHFE.ag2606", "session", 21, 30, "01-06 02:30"),
    ("DCE.m2605", "session", 11, 31, "01-05 15:00"),
    ("CFFEX.IF2603", "session", 9, 30, "01-05 15:00"),
    ("CFFEX.T2603", "session", 9, 30, "01-05 15:15"),
]


@pytest.mark.parametrize(("id_", "flat", "hour", "minute", "wanted"), ENDS)
def test_ends_of_every_kind_of_product(
    id_: str, flat: str, hour: int, minute: int, wanted: str
) -> None:
    floor, rule = Floor(), entry(flat=flat)
    exchange, symbol = id_.split(".")
    product = symbol.rstrip("0123456789")
    row = replace(
        instrument(M), id=InstrumentId(id_), exchange=exchange, product=product, symbol=symbol
    )
    now = china_midnight(DAY) + (hour * 60 + minute) * MINUTE
    end = floor.flatten._day.end(rule, row, now)
    assert end is not None
    assert wanted in china_text(end)


def test_a_bond_future_closes_at_half_past_eleven_on_its_last_day() -> None:
    row = replace(instrument(M), exchange="CFFEX", product="T", last_trading_day=20260313)
    early_close = sessions().early_close
    close = early_close(row, 20260313)
    assert close == china_midnight(20260313) + (11 * 60 + 30) * MINUTE
    assert early_close(row, 20260312) is None
    assert early_close(replace(row, product="IF"), 20260313) is None
    floor = Floor()
    morning = china_midnight(20260313) + 10 * 60 * MINUTE
    assert floor.flatten._day.end(entry(), row, morning) == close


def test_a_day_flat_is_not_kept_for_the_next_run() -> None:
    floor = begun()
    assert isinstance(floor.job(), FlattenJob)
    assert "FlattenChanged" not in {type(fact).__name__ for fact in floor.recorded}
