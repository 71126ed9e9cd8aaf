"""The account's money, the venue's rows as lots, books of strategies, and all of it together."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, Desk, M, account, instrument
from tests.unit.trading.test_lots import contract, held

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Offset, OrderStatus, Side
from homalos.model.ids import UNATTRIBUTED, StrategyId, TradeId
from homalos.model.market import Fees, Rate
from homalos.model.trading import Position, Trade
from homalos.trading.funds import Cash, available
from homalos.trading.lots import Lot, LotSide
from homalos.trading.strategy_book import NetBook
from homalos.trading.strategy_books import StrategyBooks
from homalos.trading.venue_lots import DayOfTrades, key_of, lots_of, same_lots, with_known

ALPHA, BETA = StrategyId("alpha"), StrategyId("beta")
BUY, SELL = Side.BUY, Side.SELL
OPEN, CLOSE, TODAY = Offset.OPEN, Offset.CLOSE, Offset.CLOSE_TODAY


# ------------------------------------------------------------ the account's money


def test_cash() -> None:
    cash = Cash(1000.0, 50.0, 20.0, 3.0, 2.0, 4.0)
    assert cash.state() == (1000.0, 50.0, 20.0, 3.0, 2.0)
    assert cash.settled() == 1000 + 50 - 20 + 3 - 2
    cash.book(0.0625, 7.0625, 8.0625)
    assert (cash.fees, cash.closed_profit, cash.closed_by_trade) == (2.0625, 10.0625, 12.0625)
    cash.settle(-5.0625, 6.0625)
    assert (cash.pre_balance, cash.closed_profit) == (994.9375, 16.125)
    unknown = Cash(closed_by_trade=None)
    unknown.book(1.0, 2.0, 3.0)
    assert unknown.closed_by_trade is None
    assert Cash().state() == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert Cash().closed_by_trade == 0.0


def test_cash_as_the_venue_has_it() -> None:
    ours = Cash(1.0, 2.0, 3.0, 100.0, 4.0, 90.0)
    theirs = account(1000.0, deposit=5.0, withdraw=6.0, closed_profit=100.004, fees=7.0)
    taken = ours.restored(theirs)
    assert taken.state() == (1000.0, 5.0, 6.0, 100.004, 7.0)
    assert taken.closed_by_trade == 90.0, "we have seen the same trades"
    other = replace(theirs, closed_profit=100.006)
    assert ours.restored(other).closed_by_trade is None, "we have not"
    half = account(1000.0, closed_profit=0.005)
    assert Cash(closed_by_trade=9.0).restored(half).closed_by_trade is None, "half a cent is one"
    known = replace(other, closed_profit_by_trade=80.0)
    assert ours.restored(known).closed_by_trade == 80.0
    assert ours.restored(replace(known, closed_profit=100.0)).closed_by_trade == 80.0


@pytest.mark.parametrize(
    ("counts", "profit", "free"),
    [("both", 5.0, 100.0), ("both", -5.0, 100.0), ("loss_only", 5.0, 95.0),
     ("loss_only", -5.0, 100.0), ("profit_only", 5.0, 100.0), ("profit_only", -5.0, 105.0),
     ("neither", 5.0, 95.0), ("neither", -5.0, 105.0)],
)  # fmt: skip
def test_the_profit_that_may_be_used(counts: str, profit: float, free: float) -> None:
    assert available(100.0, profit, counts, 7.0, True) == free  # type: ignore[arg-type]


@pytest.mark.parametrize(("closed", "free"), [(7.0, 93.0), (-7.0, 100.0)])
def test_what_closes_have_earned_may_be_kept_out_and_a_loss_may_not(
    closed: float, free: float
) -> None:
    assert available(100.0, 5.0, "both", closed, False) == free
    assert available(100.0, 5.0, "neither", closed, False) == free - 5.0


# ------------------------------------------------------------ the venue's rows as lots


def traded(side: Side, offset: Offset, lots: int, price: float = 3500.0) -> Trade:
    return Trade(TradeId("1"), None, ACCOUNT, ALPHA, RB, side, offset, price, lots, 0, DAY, 1, 1)


def row_of(today: int, old: int, average: float, cost: float) -> Position:
    return Position(
        ACCOUNT, RB, Direction.LONG, today, old, 0, 0, average, cost, 0.0, 0.0, None
    )  # fmt: skip


def test_whose_lots_a_trade_moves() -> None:
    assert key_of(traded(BUY, OPEN, 1)) == key_of(traded(SELL, TODAY, 1)) == (RB, Direction.LONG)
    assert key_of(traded(SELL, OPEN, 1)) == key_of(traded(BUY, CLOSE, 1)) == (RB, Direction.SHORT)


def test_what_the_days_trades_tell_of_a_side() -> None:
    day = DayOfTrades(
        [traded(BUY, OPEN, 2, 3500.0), traded(SELL, CLOSE, 1), traded(BUY, OPEN, 3, 3510.0),
         traded(SELL, CLOSE, 1), traded(BUY, CLOSE, 4), traded(SELL, OPEN, 1, 3505.0)]
    )  # fmt: skip
    long, short, split = LotSide(), LotSide(), LotSide()
    split.charged_today = 9
    day.note(long, (RB, Direction.LONG), False)
    day.note(short, (RB, Direction.SHORT), False)
    day.note(split, (RB, Direction.LONG), True)
    assert (long.charged_today, long.opens_lots, long.opens_sum) == (3, 5, 2 * 3500 + 3 * 3510)
    assert (short.charged_today, short.opens_lots, short.opens_sum) == (1, 1, 3505.0)
    assert (split.charged_today, split.opens_lots) == (9, 5), "there the lots themselves tell"
    day.note(long, (IF, Direction.LONG), False)
    assert (long.charged_today, long.opens_lots, long.opens_sum) == (0, 0, 0.0)


def test_lots_that_the_books_know_already() -> None:
    side = held()
    cost = side.basis_sum / 5
    assert same_lots(side, row_of(3, 2, 0.0, cost))
    assert not same_lots(side, row_of(2, 3, 0.0, cost))
    assert not same_lots(side, row_of(3, 3, 0.0, cost))
    assert not same_lots(side, row_of(2, 2, 0.0, cost))
    assert not same_lots(side, row_of(3, 2, 0.0, cost + 0.2))
    assert not same_lots(side, row_of(3, 2, 0.0, cost - 0.2))
    assert not same_lots(side, None)
    assert same_lots(LotSide(), None)
    assert same_lots(LotSide(), row_of(0, 0, 0.0, 0.0))
    assert not same_lots(LotSide(), row_of(0, 0, 0.0, 1e-9)), "not a billionth away"


def parts(lots: list[Lot]) -> list[tuple[object, ...]]:
    return [(p.lots, p.open_price, p.basis, p.opened, p.today) for p in lots]


def test_todays_lots_are_the_last_that_were_opened() -> None:
    trades = [traded(BUY, OPEN, 2, 3500.0), traded(SELL, OPEN, 5), traded(BUY, OPEN, 3, 3510.0),
              traded(SELL, TODAY, 1)]  # fmt: skip
    row = row_of(4, 0, (3500 + 3 * 3510) / 4, (3500 + 3 * 3510) / 4)
    assert parts(lots_of(row, DAY, trades)) == [
        (1, 3500.0, 3500.0, DAY, True), (3, 3510.0, 3510.0, DAY, True),
    ]  # fmt: skip
    one = row_of(1, 0, 3510.0, 3510.0)
    assert parts(lots_of(one, DAY, trades)) == [(1, 3510.0, 3510.0, DAY, True)]
    assert lots_of(None, DAY, trades) == []
    three = [traded(BUY, OPEN, 1, price) for price in (3500.0, 3510.0, 3520.0)]
    lots = lots_of(row_of(3, 0, 3510.0, 3510.0), DAY, three)
    assert [lot.open_price for lot in lots] == [3500.0, 3510.0, 3520.0]


def test_what_no_trade_explains_is_at_the_positions_averages() -> None:
    """Two of yesterday opened at 3400 and settled at 3450, one of today at 3500 that is known."""
    row = row_of(1, 2, (2 * 3400 + 3500) / 3, (2 * 3450 + 3500) / 3)
    got = parts(lots_of(row, DAY, [traded(BUY, OPEN, 1)]))
    assert got == [(2, pytest.approx(3400), pytest.approx(3450), 0, False),
                   (1, 3500.0, 3500.0, DAY, True)]  # fmt: skip
    unknown = parts(lots_of(row_of(2, 0, 3480.0, 3480.0), DAY, []))
    assert unknown == [(2, 3480.0, 3480.0, DAY, True)]
    mixed = parts(lots_of(row_of(3, 0, 3490.0, 3490.0), DAY, [traded(BUY, OPEN, 1, 3500.0)]))
    assert mixed == [(2, 3485.0, 3485.0, DAY, True), (1, 3500.0, 3500.0, DAY, True)]


def test_older_lots_stay_single_where_they_make_up_the_venues_average() -> None:
    side = LotSide()
    side.open(1, 3400.0, 1)
    side.open(2, 3430.0, 2)
    side.roll(3450.0)
    side.open(1, 3500.0, 3)
    theirs = [Lot(3, 3420.0, 3440.0, 0, False), Lot(1, 3500.0, 3500.0, 3, True)]
    assert parts(with_known(theirs, side)) == [
        (1, 3400.0, 3440.0, 1, False), (2, 3430.0, 3440.0, 2, False), (1, 3500.0, 3500.0, 3, True),
    ]  # fmt: skip
    for other in (Lot(3, 3420.5, 3440.0, 0, False), Lot(3, 3419.5, 3440.0, 0, False),
                  Lot(2, 3420.0, 3440.0, 0, False), Lot(4, 3420.0, 3440.0, 0, False)):  # fmt: skip
        assert with_known([other], side) == [other]
    today = [Lot(1, 3500.0, 3500.0, 3, True)]
    assert with_known(today, side) is today
    assert with_known([], side) == []


# ------------------------------------------------------------ books of strategies


def test_a_mode_is_one_strategys() -> None:
    books = StrategyBooks()
    one, two = books.get(ALPHA, RB, 10.0), books.get(BETA, RB, 10.0)
    books.set_mode(BETA, "lock")
    assert (one.mode, two.mode, books.get(BETA, M, 10.0).mode) == ("own", "lock", "lock")
    assert books.get(ALPHA, RB, 10.0) is one
    assert [(b.strategy, b.instrument) for b in books.all()] == [(ALPHA, RB), (BETA, M), (BETA, RB)]


def test_a_book_of_nobody_that_is_empty_is_no_state() -> None:
    books = StrategyBooks()
    nobody, mine = books.get(UNATTRIBUTED, RB, 10.0), books.get(ALPHA, RB, 10.0)
    assert [row[0] for row in books.state()] == [ALPHA]
    nobody.working.add(BUY, True, 1)
    assert (nobody.empty, mine.empty) == (False, True)
    assert [row[0] for row in books.state()] == [ALPHA, UNATTRIBUTED]
    nobody.working.add(BUY, True, -1)
    assert nobody.empty
    nobody.carry(1, 3500.0)
    assert not nobody.empty
    assert [row[0] for row in books.state()] == [ALPHA, UNATTRIBUTED]


def test_results_are_summed_by_strategy_and_leave_out_what_never_traded() -> None:
    books = StrategyBooks()
    books.get(BETA, RB, 10.0)
    books.get(ALPHA, RB, 10.0).trade(BUY, 2, 3500.0, 7.0)
    books.get(ALPHA, M, 10.0).trade(SELL, 1, 3000.0, 1.5)
    made = books.results({RB: 3510.0, M: 2990.0})
    assert made == {ALPHA: pytest.approx(200 - 7 + 100 - 1.5)}
    assert [row.instrument for row in books.records({})] == [M, RB]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_one_lot_of_nobody_costs_what_it_cost_at_the_venue(side: Side) -> None:
    books, made = StrategyBooks(), contract()
    made.opening(side).open(2, 3500.0, 1)
    made.opening(side.opposite).open(1, 3300.0, 1)
    made.refresh("open", None)
    books.attribute_rest(made)
    (row,) = books.records({})
    assert (row.net_lots, row.average_price) == (side.sign, 3500.0)


def test_lots_of_nobody_cost_what_they_cost_at_the_venue() -> None:
    for side in (BUY, SELL):
        books, made = StrategyBooks(), contract()
        made.opening(side).open(3, 3500.0, 1)
        made.opening(side.opposite).open(1, 3300.0, 1)
        made.refresh("open", None)
        books.attribute_rest(made)
        (row,) = books.records({})
        assert (row.strategy, row.net_lots) == ("unattributed", 2 * side.sign)
        assert (row.average_price, row.closed_profit) == (3500.0, 0.0)
        books.attribute_rest(made)
        assert len(books.records({})) == 1, "all is explained"


def test_a_book_of_nothing_but_its_fee_has_traded() -> None:
    for trades in ([(BUY, 1, 0.0)], [(BUY, 1, 10.0), (SELL, 1, 11.0)]):
        book = NetBook(ALPHA, RB, 10.0)
        assert not book.traded
        for side, lots, fee in trades:
            book.trade(side, lots, 3500.0, fee)
        assert book.traded
    free = NetBook(ALPHA, RB, 10.0)
    free.trade(BUY, 1, 3500.0, 0.0)
    free.trade(SELL, 1, 3501.0, 0.0)
    assert free.traded, "it has earned something"


def test_what_a_book_may_still_close_and_what_it_claims() -> None:
    book = NetBook(ALPHA, RB, 10.0)
    book.trade(BUY, 4, 3500.0, 0.0)
    assert (book.closable(SELL), book.closable(BUY)) == (4, 0)
    book.working.add(SELL, False, 3)
    assert (book.closable(SELL), book.claim(SELL), book.claim(BUY)) == (1, 1, 0)
    assert isinstance(book.claim(SELL), int), "whole lots"
    book.trade(SELL, 2, 3500.0, 0.0)
    assert (book.closable(SELL), book.closable(BUY)) == (0, 0)
    assert (book.claim(SELL), book.claim(BUY)) == (0, 1), "it will be short one"
    short = NetBook(ALPHA, RB, 10.0)
    short.trade(SELL, 4, 3500.0, 0.0)
    short.working.add(BUY, False, 1)
    assert (short.closable(BUY), short.claim(BUY), short.claim(SELL)) == (3, 3, 0)


def test_books_of_single_lots() -> None:
    book = NetBook(ALPHA, RB, 10.0)
    book.trade(BUY, 1, 3500.0, 1.0)
    assert book.trade(BUY, 1, 3504.0, 1.0) is None
    assert book.record(None).average_price == 3502.0
    assert book.trade(SELL, 1, 3503.0, 1.0) == 8.0, "10 yuan, less 1 to open and 1 to close"
    assert book.trade(SELL, 1, 3503.0, 1.0) == 8.0
    assert (book.net, book.open_fees) == (0, 0.0)
    short = NetBook(ALPHA, RB, 10.0)
    short.trade(SELL, 1, 3500.0, 0.0)
    short.trade(SELL, 1, 3504.0, 0.0)
    assert short.record(None).average_price == 3502.0
    assert short.trade(BUY, 1, 3500.0, 0.0) == 20.0
    assert short.record(None).average_price == 3502.0
    assert short.trade(BUY, 1, 3500.0, 0.0) == 20.0
    assert (short.cost, short.record(None).closed_profit) == (0.0, 40.0)
    short.trade(SELL, 1, 3500.0, 0.0)
    assert short.trade(BUY, 2, 3499.0, 0.0) == 10.0
    assert short.record(None).average_price == 3499.0
    assert short.trade(SELL, 2, 3500.0, 0.0) == 10.0
    assert (short.net, short.record(None).average_price) == (-1, 3500.0)


def test_one_lot_that_is_given_back_earns_nothing() -> None:
    for sign in (1, -1):
        book = NetBook(ALPHA, RB, 10.0)
        book.carry(sign, 3500.0)
        book.carry(-sign, 3600.0)
        row = book.record(None)
        assert (row.net_lots, row.closed_profit, row.closed_profit_by_date) == (0, 0.0, 0.0)


def test_a_short_books_record() -> None:
    book = NetBook(ALPHA, RB, 10.0)
    book.trade(SELL, 2, 3500.0, 1.0)
    book.roll(3490.0)
    row = book.record(3480.0)
    assert (row.net_lots, row.average_price, row.cost_price) == (-2, 3500.0, 3490.0)
    assert (row.position_profit, row.position_profit_by_date) == (400.0, 200.0)
    blind = book.record(None)
    assert (blind.position_profit, blind.position_profit_by_date) == (0.0, 0.0)
    assert (book.result(None), book.result(3480.0)) == (-1.0, 399.0)
    again = NetBook(ALPHA, RB, 10.0)
    again.load(row)
    assert again.record(3480.0) == row


# ------------------------------------------------------------ the books as a whole


def test_available_money_is_less_all_that_is_frozen() -> None:
    desk = Desk()
    desk.submit(lots=2, price=3490.0)
    account_ = desk.books.account()
    assert (account_.frozen_margin, account_.frozen_fees) == (pytest.approx(6980.0), 6.98)
    assert account_.available == pytest.approx(1_000_000 - 6980.0 - 6.98)
    balance, used, free = desk.books.funds()
    assert (balance, used, free) == (1_000_000, pytest.approx(6980.0), account_.available)


def test_a_close_of_lots_that_are_not_there_earns_on_those_that_are() -> None:
    desk = Desk()
    desk.trade(BUY, 1, 3490.0)
    id_ = desk.submit(lots=1, price=3480.0)
    desk.post(
        desk.trade_report(id_, 3, 3500.0, order_id=None, side=SELL, offset=TODAY)
    )  # fmt: skip
    assert desk.books.missing_lots == 2
    assert desk.books.account().closed_profit == 100.0
    assert desk.books.position(RB, Direction.LONG).closed_profit_by_trade == 100.0


def test_profits_of_a_side_by_date_and_by_trade_add_up() -> None:
    desk = Desk()
    desk.trade(BUY, 2, 3490.0)
    desk.trade(SELL, 1, 3500.0)
    desk.trade(SELL, 1, 3510.0)
    row = desk.books.position(RB, Direction.LONG)
    assert (row.closed_profit, row.closed_profit_by_trade) == (300.0, 300.0)


def test_what_is_known_of_a_contract_and_of_what_is_not_listed() -> None:
    desk = Desk()
    assert desk.books.instrument(RB) == instrument()
    assert desk.books.instrument(replace(instrument(), id="SHFE.zz").id) is None
    with pytest.raises(LookupError, match=r"SHFE\.zz is not a listed contract"):
        desk.books.position(replace(instrument(), id="SHFE.zz").id, Direction.LONG)
    assert desk.books.settlements() == ((IF, 3500.0), (M, 3500.0), (RB, 3500.0))
    desk.books.marks.clear()
    desk.books.quotes.clear()
    assert desk.books.settlements() == ()


def test_the_settlement_of_the_exchange_goes_before_the_last_price() -> None:
    desk = Desk()
    desk.tick(RB, 3500.0, settlement=3512.0)
    assert dict(desk.books.settlements())[RB] == 3512.0


def test_the_price_that_the_cheaper_lots_are_chosen_by() -> None:
    """Today's at 1 yuan, yesterday's at one in 3500: equal at 3500, and the dearer above it."""
    for price, first in ((3499.0, Offset.CLOSE_YESTERDAY), (3501.0, TODAY)):
        desk = Desk(trading=TradingSection(reconcile_s=0, close_order="cheaper_first"))
        fees = Fees(Rate(), Rate(1 / 35000), Rate(0, 1.0))
        desk.books.listed(replace(instrument(), fees=fees))
        contract_ = desk.books.contract(RB)
        assert contract_ is not None
        contract_.long.replace([Lot(1, 3500.0, 3500.0, 0, False), Lot(1, 3500.0, 3500.0, 1, True)])
        contract_.refresh("open", None)
        desk.books.net_book(ALPHA, RB, 10.0).carry(2, 3500.0)
        desk.submit(side=SELL, lots=1, price=price)
        assert desk.venue.sent[-1].offset is first, price


def test_state_knows_fees_of_a_contract_that_is_flat_again() -> None:
    desk = Desk()
    assert _contracts(desk) == []
    desk.submit()
    assert _contracts(desk) == [RB], "an order works"
    desk.report(desk.venue.sent[-1].id, OrderStatus.CANCELLED)
    assert _contracts(desk) == []
    desk.trade(BUY, 1)
    desk.trade(SELL, 1)
    assert _contracts(desk) == [RB]


def _contracts(desk: Desk) -> list[object]:
    return [row[0] for row in desk.books.state()[2]]  # type: ignore[attr-defined]


def test_our_margin_beside_the_venues_is_rounded_to_the_cent() -> None:
    desk = Desk()
    desk.trade(BUY, 1, 3500.0)
    desk.tick(RB, 3500.0)
    desk.submit(lots=1, price=3490.0)
    desk.books.note_margin(3400.126)
    assert desk.books.margins == (3500.0, 3400.13), "without what is frozen"
