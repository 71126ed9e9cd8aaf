"""The account's books over a day: what they begin with, what is published when, what a roll and the
venue's word leave of them."""

from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, Desk, account, venue_state

from homalos.model.enums import Direction, Side
from homalos.model.events import AccountSnapshot
from homalos.model.ids import StrategyId
from homalos.model.trading import Position, StrategyBook

ALPHA = StrategyId("alpha")


def test_books_begin_with_nothing() -> None:
    books = Desk(ready=False).books
    assert books.trading_day == 0
    empty = replace(account(0.0, 0), ts_event=books.account().ts_event)
    assert replace(books.account(), closed_profit_by_trade=None, position_profit_by_trade=None) == (
        replace(empty, closed_profit_by_trade=None, position_profit_by_trade=None)
    )
    assert books.book(ALPHA, RB) == StrategyBook(ALPHA, RB, 0, 0.0, 0.0, 0.0, 0.0)
    assert (books.margins, books.missing_lots, books.blocked) == (None, 0, frozenset())


def test_trades_of_one_burst_share_a_snapshot() -> None:
    desk = Desk()
    desk.advance(10)
    before = len(desk.seen(AccountSnapshot))
    desk.trade(Side.BUY, 1)
    desk.advance(0.1)
    desk.trade(Side.BUY, 1)
    desk.advance(0.099)
    assert len(desk.seen(AccountSnapshot)) == before
    desk.advance(0.001)
    (shared,) = desk.seen(AccountSnapshot)[before:]
    assert [row.today_lots for row in shared.positions] == [2]


def test_without_a_trade_an_account_that_moved_is_told_now_and_then() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    every = desk.section.snapshot_s
    desk.advance(10 * every)
    before = len(desk.seen(AccountSnapshot))
    desk.advance(10 * every)
    assert len(desk.seen(AccountSnapshot)) == before, "nothing moved"
    desk.tick(RB, 3501.0)
    desk.advance(every)
    assert len(desk.seen(AccountSnapshot)) == before + 1
    fresh = Desk(ready=False)
    fresh.advance(every * 0.9)
    assert fresh.seen(AccountSnapshot) == []
    fresh.advance(every * 0.2)
    assert len(fresh.seen(AccountSnapshot)) == 1


def test_the_days_trades_are_kept_for_its_statement() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    desk.trade(Side.SELL, 1)
    assert [(t.side, t.lots) for t in desk.books.day.booked] == [(Side.BUY, 1), (Side.SELL, 1)]


def test_what_is_flat_is_not_held_and_pays_no_margin() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    assert [c.instrument.id for c in desk.books.held()] == [RB]
    desk.trade(Side.SELL, 1)
    assert list(desk.books.held()) == []
    assert desk.books.account().margin == 0.0


def test_an_order_of_which_nothing_is_left_binds_nothing() -> None:
    desk = Desk()
    id_ = desk.submit(price=3490.0)
    order = desk.manager.order(id_)
    assert order is not None
    desk.books.hold(order, 0)
    desk.books.hold(order, 0)
    assert desk.books.reservations.state() == ()
    desk.books.hold(order, -1)
    assert desk.books.reservations.state() == ()


def test_money_that_came_and_went() -> None:
    desk = Desk()
    desk.books.set_cash(500.0, 200.0)
    now = desk.books.account()
    assert (now.deposit, now.withdraw, now.balance) == (500.0, 200.0, 1_000_300.0)


def test_what_the_venue_says_of_a_sides_result_is_so() -> None:
    desk = Desk()
    row = Position(
        ACCOUNT, RB, Direction.LONG, 1, 0, 0, 0, 3500.0, 3500.0, 0.0, 0.0, None,
        closed_profit=12.5, closed_profit_by_trade=7.5,
    )  # fmt: skip
    desk.books.restore(venue_state((row,)))
    taken = desk.books.position(RB, Direction.LONG)
    assert (taken.closed_profit, taken.closed_profit_by_trade) == (12.5, 7.5)
    desk.books.restore(venue_state((replace(row, closed_profit_by_trade=None),)))
    assert desk.books.position(RB, Direction.LONG).closed_profit_by_trade == 0.0
    desk.books.restore(venue_state((replace(row, closed_profit=None),)))
    assert desk.books.position(RB, Direction.LONG).closed_profit == 12.5, "it does not say"


def test_the_venues_basis_of_yesterdays_lots_is_their_settlement() -> None:
    """Held over night at a mark of 3500; the exchange settled at 3510."""
    for side, direction in zip(Side, Direction, strict=True):
        desk = Desk()
        desk.trade(side, 2, 3490.0)
        desk.trade(side, 1, 3490.0, IF)
        desk.books.roll(DAY + 1)
        assert desk.books.provisional() == (IF, RB)
        row = Position(ACCOUNT, RB, direction, 0, 2, 0, 0, 3490.0, 3510.0, 0.0, 0.0, None)
        other = replace(row, instrument=IF, yesterday_lots=1, cost_price=3495.0)
        desk.books.restore(venue_state((row, other), day=DAY + 1))
        contract = desk.books.contract(RB)
        assert contract is not None
        assert contract.pre_settlement == 3510.0
        assert desk.books.book(ALPHA, RB).cost_price == 3510.0
        assert desk.books.book(ALPHA, IF).cost_price == 3495.0
        assert desk.books.provisional() == ()
