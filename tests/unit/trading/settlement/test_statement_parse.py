"""The parser: the usual form, its variants, and what it does with what it cannot read."""

import pytest
from tests.unit.trading.settlement.samples import FULL, replaced, without

from homalos.model.enums import Direction, Side
from homalos.model.settlement import BY_TRADE, MTM, UNKNOWN, Statement
from homalos.trading.settlement.parse import parse


def unread(statement: Statement) -> str:
    return "\n".join(f"{row.line} {row.text}" for row in statement.unread)


def lots(statement: Statement) -> dict[tuple[str, Direction], int]:
    return {(row.symbol, row.direction): row.lots for row in statement.positions}


def test_the_usual_form() -> None:
    found = parse(FULL)
    assert (found.account, found.trading_day, found.layout) == ("demo", 20260105, MTM)
    funds = found.funds
    assert (funds.opening, funds.deposit, funds.closed_profit) == (1_000_000, 5000, 50)
    assert (funds.position_profit, funds.fees, funds.balance) == (-40, 27.55, 1_004_982.45)
    assert (funds.equity, funds.margin, funds.risk_degree) == (1_004_982.45, 7020, 0.007)
    assert (funds.margin_call, funds.available, funds.others) == (0, None, ())
    first, second, third = found.trades
    assert (first.exchange, first.symbol, first.side, first.opens) == (
        "SHFE", "rb2605", Side.BUY, True,
    )  # fmt: skip
    assert (second.price, second.lots, second.fee, second.closed_profit, second.number) == (
        3505, 1, 10.55, 50, "6902",
    )  # fmt: skip
    assert (second.opens, third.exchange) == (False, "DCE")
    assert lots(found) == {("rb2605", Direction.LONG): 1, ("m2605", Direction.SHORT): 2}
    assert [row.settlement for row in found.positions] == [3498, 2801]
    assert (found.trades_whole, found.positions_whole, found.unread) == (True, True, ())


def test_columns_are_found_by_their_names_wherever_they_stand() -> None:
    swapped = []
    for line in FULL.split("\n"):
        cells = line.split("|")
        if len(cells) == 16:  # the trades: put the last columns first
            cells = ["", *cells[8:-1], *cells[1:8], ""]
        swapped.append("|".join(cells))
    text = "\n".join(swapped)
    assert text != FULL
    assert parse(text).trades == parse(FULL).trades


def test_more_columns_and_the_account_with_its_unit() -> None:
    """As in newer statements: 投资单元, 交易编码, 资金账号; rules and widths are no matter."""
    text = replaced(
        ("|成交日期| 交易所 |", "|成交日期|投资单元| 交易所 |交易编码|"),
        ("|  Date  |Exchange|", "|  Date  |Inv Unit|Exchange|Trading Code|"),
        ("|20260105|上期所  |", "|20260105|u1|上期所  |c9|"),
        ("|20260105|大商所  |", "|20260105|u1|大商所  |c9|"),
        ("|共   3条|        |", "|共   3条|||        |"),
        ("----", "-"),
    )
    found, usual = parse(text), parse(FULL)
    assert [t.symbol for t in found.trades] == [t.symbol for t in usual.trades]
    assert [t.fee for t in found.trades] == [t.fee for t in usual.trades]
    assert not found.unread


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("：", ":"),
        ("|", "｜"),
        ("|", "│"),
        (" ", "\u3000"),
        ("\n", "\r\n"),
        ("(盯市)", "（盯市）"),
        ("3500.000", "３５００．０００"),
    ],
)
def test_other_signs_for_the_same(old: str, new: str) -> None:
    found, usual = parse(replaced((old, new))), parse(FULL)
    assert found == usual


def test_only_chinese_and_only_english() -> None:
    chinese = "\n".join(
        line for line in FULL.split("\n")
        if not line.strip("| ").startswith(("Date", "Product"))
    )  # fmt: skip
    assert len(parse(chinese).trades) == 3
    english = "\n".join(
        "".join(char for char in line if char.isascii() or char == "：").lstrip("： ")
        if "|" not in line
        else line
        for line in FULL.split("\n")
        if not line.startswith(("|成交日期", "|品种", "|发生日期"))
    )
    found = parse(english)
    assert len(found.trades) == 3
    assert found.funds == parse(FULL).funds
    assert lots(found) == lots(parse(FULL))


def test_contracts_with_their_products_name_and_of_czce() -> None:
    text = replaced(
        ("|螺纹钢|rb2605    |", "|螺纹钢|螺纹钢 rb2605|"),
        ("|大商所  |豆粕  |m2605     |", "|郑商所  |苹果  |AP605     |"),
        ("|豆粕  |m2605 |", "|苹果  |苹果AP605|"),
    )
    found = parse(text)
    assert {row.symbol for row in found.trades} == {"rb2605", "AP605"}
    assert ("AP605", Direction.SHORT) in lots(found)


def test_a_contract_that_is_only_a_month_takes_its_products_letters() -> None:
    text = replaced(("|螺纹钢|rb2605    |", "|rb|2605|"))
    assert parse(text).trades[0].symbol == "rb2605"
    unknown = parse(replaced(("|螺纹钢|rb2605    |", "|螺纹钢|2605|")))
    assert "no contract in '2605'" in unread(unknown)
    assert not unknown.trades_whole


def test_options_and_combinations_keep_their_names() -> None:
    text = replaced(("|豆粕  |m2605     |", "|豆粕期权|m2605-C-2800|"),
                    ("|豆粕  |m2605 |", "|豆粕套利|SP m2605&m2609|"))  # fmt: skip
    found = parse(text)
    assert found.trades[2].symbol == "m2605-C-2800"
    assert ("SP m2605&m2609", Direction.SHORT) in lots(found)


def test_hedge_lots_are_told_apart() -> None:
    found = parse(replaced(("|   3522.00|投|", "|   3522.00|套保|")))
    assert [row.speculative for row in found.positions] == [True, False]


def test_no_trades_no_positions() -> None:
    quiet = parse(without("成交记录 Transaction Record"))
    assert (quiet.trades, quiet.trades_whole) == ((), False), "fees were paid: trades are missing"
    text = without("持仓汇总 Positions", without("成交记录 Transaction Record"))
    text = replaced(("27.55", "0.00"), ("   50.00", "    0.00"), ("7,020.00", "0.00"), text=text)
    found = parse(text)
    assert (found.trades, found.trades_whole) == ((), True)
    assert (found.positions, found.positions_whole) == ((), True)
    assert not found.unread


DETAIL = """\
                                              持仓明细 Positions Detail
|交易所|品种|合约|开仓日期|投/保|买/卖|持仓量|开仓价|昨结算|结算价|浮动盈亏|盯市盈亏|保证金|
|Exchange|Product|Instrument|Open Date|S/H|B/S|Positon|Pos. Open Price|Prev. Sttl|Settlement Price|\
Accum. P/L|MTM P/L|Margin|
|上期所|螺纹钢|rb2605|20260104|投|买|1|3480.000|3490.000|3498.000|180.00|80.00|3498.00|
|上期所|螺纹钢|rb2605|20260105|投|买|2|3500.000|3490.000|3498.000|-40.00|-40.00|6996.00|
|共   2条||||||3|||||||
"""


def test_the_detail_stands_in_for_a_summary_that_is_not_there() -> None:
    found = parse(without("持仓汇总 Positions") + "\n" + DETAIL)
    (row,) = found.positions
    assert (row.symbol, row.direction, row.lots) == ("rb2605", Direction.LONG, 3)
    assert row.average_price == pytest.approx((3480 + 7000) / 3)
    assert (row.settlement, row.exchange) == (3498, "SHFE")
    assert len(parse(FULL + "\n" + DETAIL).positions) == 2, "the summary goes first"


def test_a_direction_a_row() -> None:
    summary = """\
持仓汇总 Positions
|品种|合约|买/卖|持仓量|均价|今结算|
|螺纹钢|rb2605|卖|4|3500.000|3498.000|
"""
    found = parse(without("持仓汇总 Positions") + "\n" + summary)
    assert lots(found) == {("rb2605", Direction.SHORT): 4}


def test_by_trade_is_told_as_such() -> None:
    found = parse(replaced(("(盯市) Settlement Statement(MTM)", "(逐笔对冲) Settlement Statement")))
    assert found.layout == BY_TRADE
    found = parse(replaced(("(盯市) Settlement Statement(MTM)", "")))
    assert found.layout == UNKNOWN


def test_pages() -> None:
    """Each with the head anew; a table goes on where its header comes again."""
    lines = FULL.split("\n")
    at = next(i for i, line in enumerate(lines) if "6902" in line) + 1
    header = [line for line in lines if line.startswith(("|成交日期", "|  Date  |Exchange"))]
    page = ["第 2 页", "交易结算单(盯市) Settlement Statement(MTM)", "客户号 Client ID：demo",
            "日期 Date：20260105", *header]  # fmt: skip
    found = parse("\n".join([*lines[:at], *page, *lines[at:]]))
    assert found.unread == ()
    assert [row.number for row in found.trades] == ["6901", "6902", "6903"]
    assert found.trades_whole


def test_notes_at_the_foot_are_no_title() -> None:
    note = "说明：本结算单按逐笔成交计收手续费，对结算单有异议的请在下一交易日开市前书面提出，" * 3
    assert parse(FULL + note) == parse(FULL)


# ---------------------------------------------------------------- what cannot be read


def test_a_cell_that_is_no_number_is_told_with_its_line() -> None:
    text = replaced(("|     10.55|", "|     1o.55|"))
    found = parse(text)
    line = 1 + text[: text.index("1o.55")].count("\n")
    assert f"{line} fee: no number in '1o.55'" in unread(found)
    assert len(found.trades) == 2
    assert not found.trades_whole
    assert found.positions_whole


def test_a_row_too_short_a_side_and_lots_that_are_none() -> None:
    for old, new, word in (
        ("|开  |      7.00|", "|      7.00|", "13 columns, the header has 14"),
        ("rb2605    |   买|", "rb2605    |   ?|", "neither buy nor sell"),
        ("|     2|    70000.00|", "|   2.5|    70000.00|", "no lots"),
        ("|rb2605    |   买|", "|螺纹    |   买|", "no contract"),
    ):
        found = parse(replaced((old, new)))
        assert word in unread(found), new
        assert not found.trades_whole


def test_a_total_that_counts_more_rows() -> None:
    found = parse(replaced(("|共   3条|", "|共   4条|")))
    assert "the total says 4 rows, 3 were there" in unread(found)
    assert not found.trades_whole


def test_a_table_without_the_columns_that_it_needs() -> None:
    found = parse(replaced(("|  成交价  |", "|  xx  |"), ("|   Price  |", "|   xx  |")))
    assert "no header names its columns (price)" in unread(found)
    assert (found.trades, found.trades_whole) == ((), False)


def test_an_amount_that_is_none_and_an_item_that_nobody_knows() -> None:
    found = parse(replaced(("Margin Call：                    0.00", "Margin Call：  见附件")))
    assert "应追加资金: no amount in '见附件'" in unread(found)
    assert found.funds.margin_call is None
    found = parse(replaced(("货币质押变化金额 Chg in FX Pledge:", "投资者保障基金 Fund:"),
                           ("Fund:            0.00", "Fund:            1.23"),))  # fmt: skip
    assert "投资者保障基金 1.23: an item that is not known" in unread(found)


def test_an_item_twice_and_not_the_same() -> None:
    found = parse(FULL + "\n资金状况\n手续费：27.56\n")
    assert "fees stands there twice, 27.55 and 27.56" in unread(found)
    assert found.funds.fees == 27.55


def test_items_beyond_the_books_have_their_sign() -> None:
    text = replaced(
        ("Delivery Fee：                     0.00", "Delivery Fee： 3.00"),
        ("权利金收入 Premium received：                 0.00", "权利金收入：8.00"),
    )
    assert dict(parse(text).funds.others) == {"交割手续费": -3.0, "权利金收入": 8.0}


def test_other_money_is_not_ours() -> None:
    found = parse(FULL + "\n资金状况 币种：美元 Account Summary Currency：USD\n手续费：3.00\n")
    assert "funds in USD" in unread(found)
    assert found.funds.fees == 27.55


def test_a_month_is_no_day() -> None:
    found = parse(replaced(("日期 Date：20260105", "日期 Date：20260101-20260131")))
    assert found.trading_day == 0
    assert "several days" in unread(found)
    assert parse(replaced(("日期 Date：20260105", "日期 Date：2026-01-05"))).trading_day == 20260105
    assert parse(replaced(("日期 Date：20260105", "日期 Date：20261399"))).trading_day == 0


@pytest.mark.parametrize("text", ["", "hello", "|a|b|\n|c|d|", "\x00" * 50, "|" * 9000])
def test_what_is_no_statement(text: str) -> None:
    found = parse(text)
    assert (found.trades, found.positions, found.layout) == ((), (), UNKNOWN)
    assert (found.trades_whole, found.positions_whole) == (False, False)


def test_what_cannot_be_read_is_told_up_to_a_measure() -> None:
    rows = "|20260105|上期所|x|y|买|投|a|b|c|开|d|e|f|1|\n" * 500
    head, tail = FULL.split("|20260105|上期所  |螺纹钢|rb2605    |   买", 1)
    found = parse(head + rows + "|20260105|上期所  |螺纹钢|rb2605    |   买" + tail)
    assert len(found.unread) == 51
    assert found.unread[-1].text.startswith("and ")
    assert len(found.trades) == 3
