"""The account's books over a day: what they begin with, what is published when, what a roll and the
venue's word leave of them."""

from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, Desk, account, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Side
from homalos.model.events import AccountSnapshot
from homalos.model.ids import InstrumentId, StrategyId
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


def test_what_the_venue_has_told_at_a_start_is_published_soon() -> None:
    desk = Desk()
    desk.advance(0.2)
    assert len(desk.seen(AccountSnapshot)) == 1


def test_the_next_snapshot_is_due_from_the_last_one() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    desk.advance(0.2)
    desk.tick(RB, 3501.0)
    desk.advance(desk.section.snapshot_s - 0.001)
    assert len(desk.seen(AccountSnapshot)) == 1
    desk.advance(0.001)
    assert len(desk.seen(AccountSnapshot)) == 2


def test_a_section_holds_from_the_next_trade_on() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1, 3501.0)
    assert desk.books.account().fees == 3.5
    desk.books.configure(TradingSection(reconcile_s=0, round_fees=False))
    desk.trade(Side.BUY, 1, 3501.0)
    assert desk.books.account().fees == 7.001


def test_the_settlement_before_is_what_the_first_tick_of_the_day_says() -> None:
    desk = Desk()
    contract = desk.books.contract(RB)
    assert contract is not None
    desk.tick(RB, 3500.0, pre_settlement=3470.0, trading_day=DAY - 1)
    desk.trade(Side.BUY, 1)
    assert contract.pre_settlement is None, "of the day before"
    for told in (3480.0, 3490.0):
        desk.tick(RB, 3500.0, pre_settlement=told)
        desk.trade(Side.BUY, 1)
        assert contract.pre_settlement == 3480.0


def test_a_roll_marks_what_is_held_and_nothing_else() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    desk.tick(RB, 3507.0)
    desk.books.roll(DAY + 1)
    held, flat = desk.books.contract(RB), desk.books.contract(IF)
    assert held is not None
    assert flat is not None
    assert (held.pre_settlement, flat.pre_settlement) == (3507.0, None)


def test_books_of_contracts_that_are_listed_go_on_from_their_records() -> None:
    row = StrategyBook(ALPHA, RB, 2, 3490.0, 12.0, 0.0, 3.0, cost_price=3495.0)
    books = Desk().books
    books.load([row, replace(row, instrument=InstrumentId("SHFE.zz2601"))])
    assert [(b.instrument, b.net_lots, b.average_price, b.cost_price, b.closed_profit, b.fees)
            for b in books.books()] == [(RB, 2, 3490.0, 3495.0, 12.0, 3.0)]  # fmt: skip
    assert books.has_book(ALPHA, RB)
    assert not books.has_book(ALPHA, IF)


def test_a_fee_that_a_statement_corrects() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    fees = desk.books.book(ALPHA, RB).fees
    desk.books.correct_fee(ALPHA, RB, 0.25)
    desk.books.correct_fee(ALPHA, IF, 9.0)
    assert desk.books.book(ALPHA, RB).fees == fees + 0.25
    assert desk.books.account().fees == fees, "that has the venue's figures"
