"""A strategy's net book: average cost through adds, partial exits, turns and take-overs."""

from tests.unit.trading.desk import RB

from homalos.model.enums import Side
from homalos.model.ids import StrategyId
from homalos.trading.strategy_book import NetBook


def _book(*trades: tuple[Side, int, float]) -> NetBook:
    book = NetBook(StrategyId("a"), RB, 10.0)
    for side, lots, price in trades:
        book.trade(side, lots, price, 1.0)
    return book


def test_adds_average_and_partial_exits_keep_the_average() -> None:
    row = _book((Side.BUY, 1, 100.0), (Side.BUY, 3, 104.0), (Side.SELL, 2, 110.0)).record(108.0)
    assert (row.net_lots, row.average_price) == (2, 103.0)
    assert (row.closed_profit, row.position_profit, row.fees) == (140.0, 100.0, 3.0)


def test_one_trade_that_turns_the_book_closes_all_and_starts_anew() -> None:
    row = _book((Side.BUY, 2, 100.0), (Side.SELL, 5, 110.0)).record(105.0)
    assert (row.net_lots, row.average_price) == (-3, 110.0)
    assert (row.closed_profit, row.position_profit) == (200.0, 150.0)


def test_a_flat_book_has_earned_exactly_its_cash() -> None:
    row = _book((Side.SELL, 3, 100.0), (Side.BUY, 1, 99.0), (Side.BUY, 2, 98.0)).record(1.0)
    assert (row.net_lots, row.average_price, row.position_profit) == (0, 0.0, 0.0)
    assert row.closed_profit == 50.0


def test_what_is_taken_over_and_given_back_earns_nothing() -> None:
    book = _book()
    book.carry(3, 100.0)
    book.carry(-2, 500.0)
    row = book.record(100.0)
    assert (row.net_lots, row.average_price) == (1, 100.0)
    assert (row.closed_profit, row.fees) == (0.0, 0.0)
    book.carry(-2, 90.0)
    row = book.record(90.0)
    assert (row.net_lots, row.average_price, row.closed_profit) == (-1, 90.0, 0.0)


def test_a_book_goes_on_from_its_record() -> None:
    old = _book((Side.BUY, 2, 100.0), (Side.SELL, 1, 110.0))
    row = old.record(None)
    new = _book()
    new.load(row)
    assert new.state() == old.state()


def test_an_average_price_of_nothing_has_no_sign() -> None:
    assert str(_book((Side.SELL, 3, 0.0)).record(None).average_price) == "0.0"


def test_what_is_given_back_after_a_roll_earns_nothing_by_date_either() -> None:
    book = _book((Side.BUY, 3, 100.0))
    book.roll(110.0)
    book.carry(-2, 500.0)
    row = book.record(112.0)
    assert (row.closed_profit, row.closed_profit_by_date) == (0.0, 0.0)
    assert (row.cost_price, row.position_profit_by_date) == (110.0, 20.0)


def test_by_date_a_day_begins_at_its_settlement_even_if_that_comes_late() -> None:
    book = _book((Side.BUY, 2, 100.0))
    book.roll(None)
    book.trade(Side.SELL, 1, 120.0, 0.0)
    assert book.record(120.0).closed_profit_by_date == 200.0, "at cost while nothing is known"
    book.settle(115.0)
    row = book.record(120.0)
    assert (row.closed_profit_by_date, row.position_profit_by_date) == (50.0, 50.0)
    assert (row.closed_profit, row.position_profit) == (200.0, 200.0)
    book.settle(0.0)
    assert book.record(120.0) == row, "once a day"


def test_what_a_fill_closed_has_made_all_its_fees_paid() -> None:
    book = NetBook(StrategyId("a"), RB, 10.0)
    assert book.trade(Side.BUY, 4, 100.0, 4.0) is None
    assert book.trade(Side.SELL, 1, 100.5, 2.0) == 2.0, "5 yuan, less 1 to open and 2 to close"
    assert book.trade(Side.SELL, 5, 99.0, 10.0) == -39.0, "3 lots: -30 - 3 - 6"
    assert (book.net, book.open_fees) == (-2, 4.0), "the rest of that fee opened two short"
    again = NetBook(StrategyId("a"), RB, 10.0)
    again.load(book.record(None))
    assert again.trade(Side.BUY, 2, 98.0, 0.5) == 15.5
    assert again.open_fees == 0.0
