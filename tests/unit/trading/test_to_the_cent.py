"""Cents that a whole day against the twin found missing (``tests/integration/ten``)."""

import pytest
from tests.unit.trading.desk import DAY, IF, RB, Desk, account, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Side
from homalos.model.events import TradingDayChanged
from homalos.model.ids import StrategyId
from homalos.model.trading import Position
from homalos.trading.shortages import shortages


def test_what_is_frozen_is_not_rounded() -> None:
    """A lot of IF at 4131.8 pays 28.50942: rounded to the cent, ten lots would be a cent off."""
    desk = Desk()
    desk.tick(IF, 4131.8)
    desk.submit(instrument=IF, side=Side.BUY, lots=2, price=4131.8)
    found = desk.books.account()
    assert found.frozen_fees == pytest.approx(2 * 28.50942, abs=1e-5)
    assert found.available == pytest.approx(
        1_000_000 - 2 * (4131.8 * 300 * 0.1 + 28.50942), abs=1e-4
    )


def _held_over_night() -> Desk:
    """Two lots of 3500 and one of 3530, and the day has turned with nothing but our own mark."""
    desk = Desk()
    desk.trade(Side.BUY, 2, 3500.0)
    desk.trade(Side.BUY, 1, 3530.0)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    return desk


def _take(desk: Desk, average: float) -> None:
    """The venue's word of the new day: three lots of yesterday, settled at 3507."""
    id_ = desk.books.account_id
    row = Position(id_, RB, Direction.LONG, 0, 3, 0, 0, average, 3507.0, 0, 0, None)
    state = venue_state((row,), day=DAY + 1)
    state.account = account(1_000_000.0, DAY + 1)
    desk.books.restore(state)
    desk.tick(RB, 3530.0, trading_day=DAY + 1)


def test_the_venues_settlement_leaves_each_lot_its_opening_price() -> None:
    """The venue tells an average; which lot goes first decides the profit by trade."""
    desk = _held_over_night()
    _take(desk, 3510.0)
    row = desk.books.position(RB, Direction.LONG)
    assert (row.cost_price, row.average_price) == (3507.0, 3510.0)
    desk.trade(Side.SELL, 2, 3530.0)
    found = desk.books.account()
    assert found.closed_profit == pytest.approx(2 * 23 * 10)
    assert found.closed_profit_by_trade == pytest.approx(2 * 30 * 10), "of those of 3500"


def test_where_the_venue_has_other_lots_its_average_holds() -> None:
    desk = _held_over_night()
    _take(desk, 3515.0)
    desk.trade(Side.SELL, 2, 3530.0)
    assert desk.books.account().closed_profit_by_trade == pytest.approx(2 * 15 * 10)


def test_a_settlement_that_nobody_told_is_not_the_last_price() -> None:
    """Margin at the previous settlement, in a contract in which nothing was held at the roll."""
    desk = Desk(trading=TradingSection(reconcile_s=0, margin_price="pre_settlement"))
    desk.venue.snapshot = None
    desk.tick(RB, 3555.0, pre_settlement=3490.0)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    desk.tick(RB, 3550.0, pre_settlement=3520.0, trading_day=DAY + 1)
    desk.trade(Side.BUY, 1, 3550.0)
    assert desk.books.account().margin == pytest.approx(3520 * 10 * 0.1)


def test_books_that_were_netted_miss_no_lots() -> None:
    """One in mode lock has closed what one in mode net held: both have lots, the account has none.
    """
    desk = Desk()
    desk.books.strategies.set_mode(StrategyId("alpha"), "net")
    desk.books.strategies.set_mode(StrategyId("beta"), "lock")
    desk.trade(Side.BUY, 2, 3500.0)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    desk.trade(Side.SELL, 2, 3500.0, strategy="beta")
    assert [desk.books.book(StrategyId(name), RB).net_lots for name in ("alpha", "beta")] == [2, -2]
    assert desk.books.positions() == ()
    assert shortages(desk.books) == ()
    desk.trade(Side.SELL, 2, 3500.0, strategy="gamma")
    contract = desk.books.contract(RB)
    assert contract is not None
    contract.short.close(1, None)
    assert [row.lots for row in shortages(desk.books)] == [1], "a lot of gamma's is gone"
