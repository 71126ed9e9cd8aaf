"""The day's roll: a provisional mark until the settlement is known, and what it changes then."""

import pytest
from tests.unit.trading.desk import ACCOUNT, DAY, RB, Desk, account, venue_state

from homalos.model.enums import Direction, Severity, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    SettlementKnown,
    SetTradingState,
    TradingDayChanged,
)
from homalos.model.ids import StrategyId
from homalos.model.trading import Position
from homalos.trading.recovery import fold

ALPHA = StrategyId("alpha")


def _rolled(sold: int = 0) -> Desk:
    """Bought three at 3500, last price 3510 at the roll, then ``sold`` of them at 3530."""
    desk = Desk()
    desk.trade(Side.BUY, 3, 3500.0)
    desk.tick(RB, 3510.0)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    if sold:
        desk.trade(Side.SELL, sold, 3530.0)
    return desk


def _told(desk: Desk, price: float = 3530.0, settlement: float = 3504.0) -> None:
    desk.tick(RB, price, pre_settlement=settlement, trading_day=DAY + 1)


@pytest.mark.parametrize("sold", [0, 1, 3])
def test_the_settlement_changes_the_split_and_not_the_equity(sold: int) -> None:
    desk = _rolled(sold)
    assert desk.books.provisional() == (RB,)
    desk.tick(RB, 3530.0, trading_day=DAY + 1)
    before = desk.books.account()
    _told(desk)
    after = desk.books.account()
    assert desk.books.provisional() == ()
    assert after.balance == pytest.approx(before.balance)
    assert after.pre_balance == pytest.approx(before.pre_balance - 6 * 3 * 10)
    assert after.closed_profit == pytest.approx(26 * sold * 10), "from 3504 on"
    assert after.position_profit == pytest.approx(26 * (3 - sold) * 10)
    if sold < 3:
        row = desk.books.position(RB, Direction.LONG)
        assert (row.cost_price, row.average_price) == (3504.0, 3500.0)
        assert row.margin == pytest.approx(3504 * 10 * 0.1 * (3 - sold))
    book = desk.books.book(ALPHA, RB)
    assert book.closed_profit_by_date == pytest.approx(26 * sold * 10)
    assert book.position_profit_by_date == pytest.approx(26 * (3 - sold) * 10)
    assert book.closed_profit == pytest.approx(30 * sold * 10), "by trade nothing changes"


def test_a_late_tick_of_the_old_day_tells_the_settlement_before() -> None:
    desk = _rolled()
    desk.tick(RB, 3510.0, pre_settlement=3400.0, trading_day=DAY)
    assert desk.books.provisional() == (RB,)
    assert desk.books.position(RB, Direction.LONG).cost_price == 3510.0


def test_it_is_told_once_and_journaled() -> None:
    desk = _rolled()
    _told(desk)
    _told(desk, settlement=3999.0)
    known = [event for event in desk.recorded if isinstance(event, SettlementKnown)]
    assert [(event.instrument, event.price) for event in known] == [(RB, 3504.0)]


@pytest.mark.parametrize("sold", [0, 2])
def test_recovery_which_sees_no_ticks_comes_to_the_same(sold: int) -> None:
    desk = Desk()
    start = desk.books.snapshot()
    desk.recorded.clear()
    desk.recorded.append(start)
    post = desk.post

    def noted(event: object) -> None:
        desk.recorded.append(event)  # type: ignore[arg-type]
        post(event)  # type: ignore[arg-type]

    desk.post = noted  # type: ignore[method-assign, assignment]
    desk.trade(Side.BUY, 3, 3500.0)
    desk.tick(RB, 3510.0)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    if sold:
        desk.trade(Side.SELL, sold, 3530.0)
    _told(desk)
    other = Desk()
    other.books.quotes.clear()
    other.books.marks.clear()
    fold(desk.recorded, other.books, other.manager)
    ours, theirs = other.books.account(), desk.books.account()
    assert ours.pre_balance == pytest.approx(theirs.pre_balance)
    assert ours.closed_profit == pytest.approx(theirs.closed_profit)
    assert other.books.state() == desk.books.state()


def test_the_venues_basis_is_the_settlement() -> None:
    desk = _rolled()
    row = Position(
        desk.books.account_id, RB, Direction.LONG, 0, 3, 0, 0, 3500.0, 3507.0, 0, 0, None
    )
    state = venue_state((row,), day=DAY + 1)
    state.account = account(1_000_500.0, DAY + 1)
    desk.books.restore(state)
    assert desk.books.provisional() == ()
    desk.tick(RB, 3507.0, trading_day=DAY + 1)
    assert desk.books.account().balance == pytest.approx(1_000_500.0)
    assert desk.books.book(ALPHA, RB).position_profit_by_date == pytest.approx(0)


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("lots", [3, 2])
def test_a_settlement_is_told_and_is_no_reason_to_warn(simulated: bool, lots: int) -> None:
    """Bought three at 3500 and rolled at 3510; the venue settled at 3507, perhaps without a lot."""
    desk = Desk(simulated=simulated)
    desk.post(SetTradingState(TradingState.ACTIVE, "me", "", desk.clock.now()))
    desk.trade(Side.BUY, 3, 3500.0)
    desk.tick(RB, 3510.0)
    row = Position(ACCOUNT, RB, Direction.LONG, 0, lots, 0, 0, 3500.0, 3507.0, 0, 0, None)
    state = venue_state((row,), day=DAY + 1)
    settled = desk.books.account().balance - 3 * 3 * 10
    state.account = account(settled, DAY + 1)
    desk.venue.snapshot = state
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    told = [alert for alert in desk.seen(AlertRaised) if "the word of" in alert.text]
    if lots == 3:
        assert [alert.severity for alert in told] == [Severity.INFO]
        assert "(settlement)" in told[0].text
        assert desk.books.account().pre_balance == pytest.approx(settled)
        assert desk.control.state is TradingState.ACTIVE
    elif simulated:
        assert [alert.severity for alert in told] == [Severity.WARNING], "a lot is gone"
    else:
        assert desk.control.state is TradingState.HALTED


def test_our_margin_beside_the_venues_is_a_figure_and_no_reason_to_stop() -> None:
    desk = Desk()
    assert desk.books.margins == (0.0, 0.0)
    desk.trade(Side.BUY, 1, 3500.0)
    desk.books.note_margin(3400.0)
    assert desk.books.margins == (3500.0, 3400.0)
    assert desk.control.state is TradingState.ACTIVE
