"""What a statement says of an earlier day is no loss of today; and margin has to hold."""

import pytest
from tests.unit.trading.desk import ACCOUNT, DAY, RB
from tests.unit.trading.watch.floor import ALPHA, WatchFloor, section

from homalos.config.sections.risk_losses import WatchLevel
from homalos.config.sections.trading import TradingSection
from homalos.model.enums import TradingState
from homalos.model.ids import TradeId
from homalos.model.settlement import Correction, SettlementCorrected
from homalos.trading.settlement.keeper import apply


def corrected(floor: WatchFloor, day: int, amount: float = -1_500.0) -> SettlementCorrected:
    """As the settlement's keeper books and tells it."""
    row = Correction("fee", ALPHA, RB, TradeId("1"), "", 0.0, -amount, amount)
    event = SettlementCorrected(ACCOUNT, day, row, True, floor.clock.now())
    apply(floor.books, event)
    return event


def yesterday() -> WatchFloor:
    floor = WatchFloor(section(WatchLevel(of="strategy", what="day_loss", yuan=1_000.0,
                                          action="flatten")))  # fmt: skip
    floor.holding(50)
    floor.next_day()
    floor.prime()
    return floor


def test_a_fee_of_yesterday_is_no_loss_of_today() -> None:
    floor = yesterday()
    course = floor.watch.measures.courses[ALPHA]
    before = course.day_loss(), course.drawdown()
    floor.post(corrected(floor, DAY))
    assert (course.day_loss(), course.drawdown()) == before
    floor.pass_by(3500.0, ticks=4)
    assert (course.day_loss(), course.drawdown()) == before
    assert course.now == -175.0 - 1_500.0
    assert floor.flatten.jobs() == ()
    assert floor.notes()[-1].courses[0].opened == course.opened, "on record at once"


def test_a_fee_of_today_is_one() -> None:
    floor = yesterday()
    floor.post(corrected(floor, DAY + 1, -900.0))
    floor.pass_by(3500.0, ticks=4)
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == 900.0


@pytest.mark.parametrize("day", [DAY, DAY + 1])
def test_a_fee_that_was_corrected_right_before_a_crash(day: int) -> None:
    """The journal has the correction, and no note behind it."""
    floor = yesterday()
    note = floor.watch.record(0)
    again = WatchFloor(floor.limits)
    again.next_day()
    again.watch.fold(note)
    again.books.load(floor.books.books(), floor.books.performances.records())
    again.watch.correct(corrected(again, day, -900.0))
    again.prime()
    loss = again.watch.measures.courses[ALPHA].day_loss().yuan
    assert loss == (900.0 if day > DAY else 0.0)


def test_one_tick_is_no_margin() -> None:
    row = WatchLevel(what="margin_use", percent=22.0, action="flatten")
    trading = TradingSection(reconcile_s=0, margin_price="last")
    floor = WatchFloor(section(row), trading=trading)
    floor.holding(-50)
    for _ in range(4):
        floor.tick(RB, 3850.0)
        floor.advance(0.25)
        floor.tick(RB, 3500.0)
        floor.advance(0.75)
    assert floor.control.state is TradingState.ACTIVE
    floor.pass_by(3850.0, ticks=3)
    assert floor.control.state is TradingState.HALTED
