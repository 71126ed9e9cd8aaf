"""The words of a settlement statement: its sections, columns and items, in both languages.

Facts of the layout that brokers' systems print for CTP accounts (the monitoring centre's form);
spaces inside a word and letters' case do not count.
"""

import re
import unicodedata

from homalos.model.enums import Side

FUNDS, TRADES, POSITIONS, DETAIL, OTHER = "funds", "trades", "positions", "detail", "other"

SECTIONS: tuple[tuple[str, str], ...] = (
    ("资金状况", FUNDS), ("成交记录", TRADES), ("成交明细", TRADES), ("持仓明细", DETAIL),
    ("持仓汇总", POSITIONS), ("出入金明细", OTHER), ("平仓明细", OTHER), ("行权明细", OTHER),
    ("交割明细", OTHER), ("质押明细", OTHER), ("货币质押明细", OTHER), ("组合持仓明细", OTHER),
    ("期权持仓", OTHER), ("accountsummary", FUNDS), ("transactionrecord", TRADES),
    ("positionsdetail", DETAIL), ("positionclosed", OTHER), ("positions", POSITIONS),
    ("deposit/withdrawal", OTHER),
)  # fmt: skip
"""What a section's title begins with; the first that fits."""

_COMMON: dict[str, tuple[str, ...]] = {
    "exchange": ("交易所", "exchange"),
    "product": ("品种", "product"),
    "symbol": ("合约", "合约代码", "品种合约", "交易合约", "instrument", "contract"),
    "side": ("买/卖", "买卖", "b/s"),
    "hedge": ("投/保", "投保", "s/h"),
}
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    TRADES: _COMMON | {
        "price": ("成交价", "成交价格", "price"),
        "lots": ("手数", "成交手数", "成交量", "lots"),
        "offset": ("开平", "开/平", "o/c"),
        "fee": ("手续费", "fee", "commission"),
        "closed_profit": ("平仓盈亏", "realizedp/l"),
        "number": ("成交序号", "成交编号", "trans.no.", "trans.no"),
    },
    POSITIONS: _COMMON | {
        "long": ("买持", "买持仓", "longpos.", "longpos"),
        "long_price": ("买均价", "买开仓均价", "avgbuyprice"),
        "short": ("卖持", "卖持仓", "shortpos.", "shortpos"),
        "short_price": ("卖均价", "卖开仓均价", "avgsellprice"),
        "lots": ("持仓量", "手数", "position", "positon", "lots"),
        "price": ("均价", "开仓均价", "avgprice"),
        "settlement": ("今结算", "结算价", "今结算价", "sttltoday", "settlementprice"),
    },
    DETAIL: _COMMON | {
        "lots": ("持仓量", "手数", "position", "positon", "lots"),
        "price": ("开仓价", "pos.openprice"),
        "settlement": ("结算价", "今结算", "settlementprice", "sttltoday"),
    },
    OTHER: {},
}  # fmt: skip
NEEDED: dict[str, tuple[str, ...]] = {
    TRADES: ("symbol", "side", "price", "lots"),
    DETAIL: ("symbol", "side", "lots"),
    POSITIONS: ("symbol",),
}
FIELD: dict[str, dict[str, str]] = {
    section: {word: field for field, words in columns.items() for word in words}
    for section, columns in COLUMNS.items()
}

ITEMS: dict[str, str] = {
    "期初结存": "opening", "上日结存": "opening", "balanceb/f": "opening",
    "出入金": "deposit", "当日存取合计": "deposit", "deposit/withdrawal": "deposit",
    "平仓盈亏": "closed_profit", "realizedp/l": "closed_profit",
    "持仓盯市盈亏": "position_profit", "盯市盈亏": "position_profit", "mtmp/l": "position_profit",
    "手续费": "fees", "commission": "fees",
    "期末结存": "balance", "当日结存": "balance", "balancec/f": "balance",
    "客户权益": "equity", "clientequity": "equity",
    "保证金占用": "margin", "marginoccupied": "margin",
    "可用资金": "available", "fundavail.": "available",
    "风险度": "risk_degree", "riskdegree": "risk_degree",
    "应追加资金": "margin_call", "追加保证金": "margin_call", "margincall": "margin_call",
}  # fmt: skip
OTHERS: dict[str, tuple[str, int]] = {
    "期权执行盈亏": ("期权执行盈亏", 1), "exercisep/l": ("期权执行盈亏", 1),
    "行权盈亏": ("期权执行盈亏", 1),
    "行权手续费": ("行权手续费", -1), "exercisefee": ("行权手续费", -1),
    "交割盈亏": ("交割盈亏", 1), "deliveryp/l": ("交割盈亏", 1),
    "交割手续费": ("交割手续费", -1), "deliveryfee": ("交割手续费", -1),
    "权利金收入": ("权利金收入", 1), "premiumreceived": ("权利金收入", 1),
    "权利金支出": ("权利金支出", -1), "premiumpaid": ("权利金支出", -1),
}  # fmt: skip
"""Items that change the balance and that the books do not have: (name, sign)."""
IDLE = frozenset({
    "基础保证金", "initialmargin", "质押金", "pledgeamount", "货币质押保证金占用", "fxpledgeocc.",
    "交割保证金", "deliverymargin", "多头期权市值", "marketvalue(long)", "空头期权市值",
    "marketvalue(short)", "市值权益", "marketvalue(equity)", "货币质入", "newfxpledge", "货币质出",
    "fxredemption", "质押变化金额", "chginpledgeamt", "货币质押变化金额", "chginfxpledge",
    "浮动盈亏", "持仓浮动盈亏", "accum.p/l", "币种", "currency", "运行模式", "结算时间", "资金账号",
    "accountid",
})  # fmt: skip
"""Items that change no balance, or that no comparison needs."""

EXCHANGES: dict[str, str] = {
    "上期所": "SHFE", "上海期货交易所": "SHFE", "shfe": "SHFE",
    "能源中心": "INE", "上期能源": "INE", "上海国际能源交易中心": "INE", "ine": "INE",
    "大商所": "DCE", "大连商品交易所": "DCE", "dce": "DCE",
    "郑商所": "CZCE", "郑州商品交易所": "CZCE", "czce": "CZCE", "zce": "CZCE",
    "中金所": "CFFEX", "中国金融期货交易所": "CFFEX", "cffex": "CFFEX",
    "广期所": "GFEX", "广州期货交易所": "GFEX", "gfex": "GFEX",
}  # fmt: skip

_BARS = str.maketrans({"│": "|", "┃": "|", "¦": "|", "\ufeff": " ", "\x0c": " ", "\t": " "})
_NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(?:\.[0-9]*)?|[+-]?\.[0-9]+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_CONTRACT = re.compile(r"(?<![A-Za-z])([A-Za-z]{1,3}) ?([0-9]{3,4})(?![0-9])(.*)")
_PARENTHESES = "()"
MOST = 1e15
"""No amount, price or number of lots is as large."""
_DIGITS = (3, 4)


def plain(line: str) -> str:
    """Full-width letters, digits, colons and spaces as the ordinary ones."""
    return unicodedata.normalize("NFKC", line).translate(_BARS).rstrip()


def squeezed(text: str) -> str:
    """Without spaces, in small letters: as a word stands in the tables."""
    return "".join(text.split()).lower()


def label(text: str) -> str:
    """The word of an item: its Chinese where it has any, else its English."""
    chinese = "".join(_CHINESE.findall(text))
    return chinese or squeezed(text)


def number(text: str) -> float | None:
    """``1,234.50``, ``-3``, ``(3.00)``; ``None``: no number."""
    text = text.strip()
    negative = text[:1] == _PARENTHESES[0] and text[-1:] == _PARENTHESES[1]
    if negative:
        text = text[1:-1].strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", ""))
    if not abs(value) < MOST:
        return None
    return -value if negative else value


def side(text: str) -> Side | None:
    word = squeezed(text)
    if word.startswith(("买", "b", "多")):
        return Side.BUY
    return Side.SELL if word.startswith(("卖", "s", "空")) else None


def opens(text: str) -> bool | None:
    word = squeezed(text)
    if word.startswith(("开", "open")) or word == "o":
        return True
    return False if any(part in word for part in ("平", "强减", "close", "forced")) else None


def speculative(text: str) -> bool:
    """投 投机 交易 般 are; 保 套保 套利 are not. Where nothing is said, they are."""
    word = squeezed(text)
    return not word.startswith(("保", "套", "hedg", "arbitr", "h", "a"))


def symbol(cell: str, product: str) -> str | None:
    """The contract in a cell that may hold its product's name, too; options and combinations as
    they stand; ``None``: there is none."""
    text = cell.strip()
    if "&" in text:
        return text
    if text.isascii() and text.isdigit() and len(text) in _DIGITS:
        head = product.strip()
        return head + text if head.isascii() and head.isalpha() else None
    found = _CONTRACT.search(_CHINESE.sub(" ", text))
    if found is None:
        return None
    letters, digits, rest = found.groups()
    return f"{letters}{digits}{rest.strip()}"


def is_future(name: str) -> bool:
    """Whether it is a plain futures contract: no option, no combination."""
    found = _CONTRACT.fullmatch(name)
    return found is not None and not found[3]
