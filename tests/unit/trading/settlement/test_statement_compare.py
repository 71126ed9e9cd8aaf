"""A day of the real books against statements: each kind of difference is found and named."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, M
from tests.unit.trading.settlement.closing import DEARER, SAMPLE, ClosingDesk
from tests.unit.trading.settlement.samples import replaced, without

from homalos.model.enums import Side
from homalos.model.ids import UNATTRIBUTED, InstrumentId
from homalos.model.settlement import AGREED, PARTLY, DayClosed
from homalos.trading.settlement.compare import Comparison, compare
from homalos.trading.settlement.matching import Contracts
from homalos.trading.settlement.parse import parse


def closed(desk: ClosingDesk | None = None) -> DayClosed:
    desk = desk or ClosingDesk()
    desk.keeper.close_day(DAY + 1)
    return desk.closed()


def found(*pairs: tuple[str, str], text: str = SAMPLE) -> Comparison:
    return compare(closed(), parse(replaced(*pairs, text=text)))


def whats(result: Comparison) -> list[str]:
    return [row.what for row in result.differences]


def test_books_and_statement_agree_to_the_cent() -> None:
    result = found()
    assert result.differences == ()
    assert (result.result, result.corrections, result.notes) == (AGREED, (), ())
    figures = {name: (ours, theirs) for name, ours, theirs in result.figures}
    assert figures["equity"] == (1_004_989.48, 1_004_989.48)
    assert figures["position_profit"] == (-40.0, -40.0), "at its prices, not at our marks"
    assert figures["fees"] == (pytest.approx(20.52), 20.52)


def test_a_fee() -> None:
    """The trade is named, its strategy's book is corrected, and nothing is left over."""
    result = found(*DEARER)
    assert whats(result) == ["fee", "fees", "equity"]
    fee = result.differences[0]
    assert (fee.where, fee.ours, fee.theirs) == (f"{RB} 2", pytest.approx(10.52), 11.52)
    (row,) = result.corrections
    assert (row.what, row.strategy, row.instrument, row.amount) == ("fee", "alpha", RB, -1.0)


def test_a_fee_that_no_trade_explains_is_nobodys() -> None:
    """As the exchange's message fee, which is in the commission alone."""
    result = found(("20.52", "22.52"), ("1004989.48", "1004987.48"))
    assert whats(result) == ["fees", "equity"]
    (row,) = result.corrections
    assert (row.what, row.strategy, row.instrument, row.amount) == ("fees", UNATTRIBUTED, "", -2.0)


def test_a_trade_that_only_the_books_have() -> None:
    line = next(line for line in SAMPLE.split("\n") if " 3 |" in line)
    result = found((line + "\n", ""), ("|共   3条|", "|共   2条|"))
    assert whats(result) == ["trade"]
    (row,) = result.differences
    assert (row.where, row.ours, row.theirs) == (f"{M} 3", 2, None)
    assert "not on the statement / 账本有而结算单无" in row.text


def test_a_trade_that_only_the_statement_has_books_nothing() -> None:
    line = next(line for line in SAMPLE.split("\n") if " 3 |" in line)
    other = line.replace(" 3 |", " 9 |").replace("2800.000", "2810.000")
    result = found((line, f"{line}\n{other}"), ("|共   3条|", "|共   4条|"))
    (row,) = result.differences
    assert (row.what, row.where, row.ours, row.theirs) == ("trade", f"{M} 9", None, 2)
    assert result.corrections == ()


def test_lots() -> None:
    result = found(("|m2605 |   0|   0.000|   2|", "|m2605 |   0|   0.000|   3|"))
    (row,) = result.differences
    assert (row.what, row.where, row.ours, row.theirs) == ("position", f"{M} short", 2, 3)


def test_lots_of_a_contract_that_the_books_do_not_have() -> None:
    result = found(("|豆粕  |m2605 |", "|豆油  |y2605 |"))
    assert [row.where for row in result.differences if row.what == "position"] == [
        "?.y2605 short", f"{M} short",
    ]  # fmt: skip
    assert any("not compared: position profit" in note for note in result.notes)


def test_equity_that_the_statements_own_items_do_not_make() -> None:
    result = found(("1004989.48", "1004999.48"))
    assert whats(result) == ["equity", "rest"]
    (row,) = result.corrections
    assert (row.what, row.amount) == ("rest", 10.0)


@pytest.mark.parametrize(
    ("what", "pairs", "amount"),
    [
        ("opening", (("1000000.00", "1000001.00"), ("1004989.48", "1004990.48")), 1.0),
        ("deposit", (("Withdrawal：              5000.00", "Withdrawal：6000.00"),
                     ("1004989.48", "1005989.48")), 1000.0),
        ("closed_profit", (("P/L：                      50.00", "P/L：45.00"),
                           ("1004989.48", "1004984.48")), -5.0),
        ("position_profit", (("P/L：                      -40.00", "P/L：-41.00"),
                             ("1004989.48", "1004988.48")), -1.0),
    ],
)  # fmt: skip
def test_each_item_of_the_money(
    what: str, pairs: tuple[tuple[str, str], ...], amount: float
) -> None:
    result = found(*pairs)
    assert whats(result) == [what, "equity"]
    assert [(row.what, row.strategy, row.amount) for row in result.corrections] == [
        (what, UNATTRIBUTED, amount)
    ]


def test_an_item_that_the_books_do_not_have() -> None:
    result = found(("Delivery Fee：                     0.00", "Delivery Fee：3.00"),
                   ("1004989.48", "1004986.48"))  # fmt: skip
    assert whats(result) == ["equity", "other"]
    assert [row.amount for row in result.corrections] == [-3.0]


def test_corrections_sum_up_to_what_the_equity_differs_by() -> None:
    result = found(
        ("     10.52|", "     11.52|"), ("      3.00|", "      3.50|"), ("20.52", "25.00"),
        ("1000000.00", "999000.00"), ("1004989.48", "1003900.00"),
    )  # fmt: skip
    figures = {name: (ours, theirs) for name, ours, theirs in result.figures}
    ours, theirs = figures["equity"]
    assert ours is not None
    assert theirs is not None
    assert sum(row.amount for row in result.corrections) == pytest.approx(theirs - ours, abs=1e-6)
    assert {row.strategy for row in result.corrections} == {"alpha", "beta", UNATTRIBUTED}


def test_a_settlement_price_that_the_market_data_told_otherwise() -> None:
    desk = ClosingDesk()
    desk.tick(RB, None, settlement=3497.0)
    result = compare(closed(desk), parse(SAMPLE))
    (row,) = result.differences
    assert (row.what, row.where, row.ours, row.theirs) == ("settlement", RB, 3497, 3498)


def test_trades_that_the_statement_puts_together() -> None:
    """Two trades of ours in one row, at their average."""
    desk = ClosingDesk()
    desk.trade(Side.BUY, 1, 3501.0)
    day = closed(desk)
    text = replaced(
        ("|  3500.000|     2|    70000.00|开  |      7.00|",
         "|  3500.333|     3|   105010.00|开  |     10.50|"), text=SAMPLE,
    )  # fmt: skip
    result = compare(day, parse(text))
    assert "trade" not in whats(result)
    assert "fee" not in whats(result)
    text = replaced(("|     10.50|", "|     13.50|"), text=text)
    fees = [row for row in compare(day, parse(text)).corrections if row.what == "fee"]
    assert [(row.trade.strip(), row.amount) for row in fees] == [("1", -2.0), ("4", -1.0)]


def test_without_numbers_trades_are_found_by_their_terms() -> None:
    text = replaced(("     1 |", "       |"), ("     2 |", "       |"), ("     3 |", "       |"),
                    text=SAMPLE)  # fmt: skip
    assert found(text=text).result == AGREED


def test_by_trade_compares_what_it_can() -> None:
    text = replaced(
        ("(盯市) Settlement Statement(MTM)", "(逐笔对冲)"),
        ("Client Equity：：            1004989.48", "Client Equity：1004989.48"),
        ("Balance c/f：                1004989.48", "Balance c/f：1005029.48"),
        text=SAMPLE,
    )  # fmt: skip
    assert found(text=text).result == AGREED
    result = found(("1004989.48", "1004980.00"), text=text)
    assert whats(result) == ["equity"]
    assert result.corrections == (), "its items are not those of the books"


def test_what_could_not_be_read_is_not_said_to_differ() -> None:
    line = next(line for line in SAMPLE.split("\n") if " 3 |" in line)
    result = found((line, line.replace("|豆粕  |m2605", "|豆粕  |xxxxx")))
    assert (result.result, result.differences) == (PARTLY, ())
    assert any("trades not compared" in note for note in result.notes)
    result = found(("今结算", "xx"), ("Sttl Today", "xx"))
    assert result.differences == ()
    assert any("not compared: equity" in note for note in result.notes)


def test_a_statement_without_its_trades_says_nothing_of_them() -> None:
    result = found(text=without("成交记录 Transaction Record", SAMPLE))
    assert (result.result, result.differences) == (PARTLY, ())


def test_options_and_hedge_lots_are_left_out_and_told() -> None:
    head, tail = SAMPLE.split("|共     2条|")
    row = "|豆粕  |m2605-C-2800|   1|  10.000|   0|   0.000|0|0|0|0|投|0.00|0.00|\n"
    hedge = "|豆粕  |m2605 |   5|2800.000|   0|   0.000|0|2801.000|0|0|保|0.00|0.00|\n"
    result = found(text=f"{head}{row}{hedge}|共     4条|{tail}")
    assert (result.result, result.differences) == (PARTLY, ())
    assert sum("not in the books" in note for note in result.notes) == 2


def test_a_czce_contract_is_found_by_its_three_digits() -> None:
    known = Contracts([InstrumentId("CZCE.AP2605"), InstrumentId("DCE.m2605"), RB])
    assert known.identify("CZCE", "AP605") == "CZCE.AP2605"
    assert known.identify("", "ap605") == "CZCE.AP2605"
    assert known.identify("", "M2605") == "DCE.m2605"
    assert known.identify("DCE", "rb2605") == "DCE.rb2605", "not another exchange's"
    assert known.identify("", "m605") == "?.m605", "only CZCE has three digits"


def test_trades_from_before_the_books_began_have_no_fee_to_compare() -> None:
    day = closed()
    first = replace(day.trades[0], fee=0.0, strategy=UNATTRIBUTED)
    result = compare(
        DayClosed(day.account, day.positions, day.multipliers, day.settlements, day.trades[1:],
                  (first,), day.ts_init),
        parse(SAMPLE),
    )  # fmt: skip
    assert result.result == AGREED
