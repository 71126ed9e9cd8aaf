"""The parser of settlement statements takes any text and never raises; what it says can be written
down and compared."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.settlement.closing import SAMPLE, ClosingDesk

from homalos.model.settlement import Statement
from homalos.trading.settlement.compare import compare
from homalos.trading.settlement.parse import parse

DESK = ClosingDesk()
DESK.keeper.close_day(20260106)
DAY = DESK.closed()
WORDS = st.sampled_from(
    ["|", "||", "\n", "：", ":", "-", "0", "1.5", "-3,0", "共 3 条", "合约", "买/卖", "手数",
     "成交价", "成交记录 Transaction Record", "持仓汇总 Positions", "持仓明细", "资金状况", "卖",
     "手续费：", "rb2605", "买", "开", "1e400", "9" * 400, "日期：20260105", "交易结算单(盯市)",
     "\x00", "％", "￥", "(", ")"]
)  # fmt: skip


def whole(text: str) -> Statement:
    """Read, written down, read back, compared."""
    found = parse(text)
    raw = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.decode(raw, type=Statement) == found
    compare(DAY, found)
    return found


@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    whole(text)


@given(st.lists(WORDS, max_size=60).map("".join))
def test_texts_of_its_own_words(text: str) -> None:
    whole(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The sample with pieces cut out, doubled, replaced."""
    text = SAMPLE
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 60))
        piece = draw(st.one_of(st.text(max_size=8), WORDS, st.just(text[at : at + length] * 2)))
        text = text[:at] + piece + text[at + length :]
    return text


@settings(max_examples=150, deadline=None)
@given(mutated())
def test_a_statement_that_was_tampered_with(text: str) -> None:
    whole(text)


@given(st.integers(0, len(SAMPLE)))
def test_a_statement_that_was_torn(at: int) -> None:
    """What is left is read or told; trades that are cut off are never said to be all."""
    found = whole(SAMPLE[:at])
    if 0 < len(found.trades) < 3 and "共   3条" in SAMPLE[:at]:
        assert not found.trades_whole
