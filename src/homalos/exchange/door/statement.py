"""The text of a settlement statement, in the bilingual form that brokers' systems print (盯市).

Said to be simulated on its first and its last lines. It knows nothing of whoever reads it.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from homalos.exchange.day import AccountEnd
from homalos.exchange.door import dates
from homalos.exchange.positions import Holding, Holdings, Part
from homalos.exchange.records import Fill
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument
from homalos.model.trading import Account, Position

NOTE = (
    "说明：本结算单由模拟交易所生成，其中的客户、资金、成交与持仓均为模拟数据，不代表任何真实的期货"
    "账户，也不构成任何交易建议。手续费按逐笔成交计收，盯市盈亏按当日结算价计算，上期所与能源中心的"
    "今仓与昨仓分别列示，其余交易所合并列示。结算价取交易所公布的结算价，未公布时取当日成交量加权平均"
    "价，再无成交时取最新价。请在下一交易日开始交易之前确认本结算单，未经确认不能报单；对内容有异议的，"
    "请核对成交记录与持仓汇总。This statement is simulated and stands for no real account."
)
"""Longer than one piece: most of its pieces end inside a character."""
WIDTH = 100
_EXCHANGES = {
    "SHFE": "上期所", "INE": "能源中心", "DCE": "大商所", "CZCE": "郑商所", "CFFEX": "中金所",
    "GFEX": "广期所",
}  # fmt: skip
_OFFSETS = {
    Offset.OPEN: "开", Offset.CLOSE: "平", Offset.CLOSE_TODAY: "平今",
    Offset.CLOSE_YESTERDAY: "平昨",
}  # fmt: skip
_TRADES = (
    "成交日期 Date", "交易所 Exchange", "品种 Product", "合约 Instrument", "买/卖 B/S", "投/保 S/H",
    "成交价 Price", "手数 Lots", "成交额 Turnover", "开平 O/C", "手续费 Fee",
    "平仓盈亏 Realized P/L", "权利金收支 Premium Received/Paid", "成交序号 Trans.No.",
)  # fmt: skip
_CLOSED = (
    "平仓日期 Close Date", "交易所 Exchange", "品种 Product", "合约 Instrument", "买/卖 B/S",
    "手数 Lots", "开仓价 Pos. Open Price", "成交价 Trans. Price", "平仓盈亏 Realized P/L",
)  # fmt: skip
_DETAIL = (
    "交易所 Exchange", "品种 Product", "合约 Instrument", "开仓日期 Open Date", "投/保 S/H",
    "买/卖 B/S", "持仓量 Positon", "开仓价 Pos. Open Price", "结算价 Settlement Price",
    "浮动盈亏 Accum. P/L", "保证金 Margin",
)  # fmt: skip
_POSITIONS = (
    "品种 Product", "合约 Instrument", "买持 Long Pos.", "买均价 Avg Buy Price", "卖持 Short Pos.",
    "卖均价 Avg Sell Price", "昨结算 Prev. Sttl", "今结算 Sttl Today", "持仓盯市盈亏 MTM P/L",
    "保证金占用 Margin Occupied", "投/保 S/H",
)  # fmt: skip
Cells = Sequence[str]


class Day(NamedTuple):
    """What a statement tells: an account before its settlement, and after."""

    trading_day: int
    made: str
    """Natural day on which it is written."""
    before: AccountEnd
    after: Account
    positions: tuple[Position, ...]
    """After the settlement: their margin is what is occupied."""
    holdings: Mapping[InstrumentId, Holdings]
    prices: Mapping[InstrumentId, float]
    instruments: Mapping[InstrumentId, Instrument]


def text(day: Day) -> str:
    """The statement of a day."""
    return "\n".join(
        [
            *_head(day.after.id, day.trading_day, day.made),
            *_summary(day.before.money, day.after),
            *_trades(day),
            *_closed(day),
            *_detail(day),
            *_positions(day),
            "",
            NOTE,
        ]
    )


def opening(account: Account, made: str) -> str:
    """Before the first settlement: what the account begins with."""
    head = _head(account.id, account.trading_day, made)
    return "\n".join([*head, *_funds(account, account.balance, account), "", NOTE])


# ---------------------------------------------------------------- head, money


def _head(account: AccountId, day: int, made: str) -> list[str]:
    return [
        _middle("Homalos 模拟期货公司 Simulated Broker"),
        f"{'':>60}制表时间 Creation Date：{made}",
        "-" * WIDTH,
        _middle("交易结算单(盯市) Settlement Statement(MTM)"),
        f"客户号 Client ID：  {account:<16}客户名称 Client Name：模拟客户",
        f"日期 Date：{day}",
        "",
    ]


def _summary(before: Account, after: Account) -> list[str]:
    """After a settlement: what it has made of the day's money."""
    return _funds(before, after.pre_balance, after)


def _funds(day: Account, balance: float, after: Account) -> list[str]:
    static = day.pre_balance + day.deposit - day.withdraw
    profit = balance - static - day.closed_profit + day.fees
    left = (
        ("期初结存 Balance b/f", day.pre_balance),
        ("出 入 金 Deposit/Withdrawal", day.deposit - day.withdraw),
        ("平仓盈亏 Realized P/L", day.closed_profit),
        ("持仓盯市盈亏 MTM P/L", profit),
        ("手 续 费 Commission", day.fees),
        ("权利金收入 Premium received", 0.0),
        ("权利金支出 Premium paid", 0.0),
    )
    right = (
        ("基础保证金 Initial Margin", "0.00"),
        ("期末结存 Balance c/f", _cents(balance)),
        ("客户权益 Client Equity", _cents(balance)),
        ("保证金占用 Margin Occupied", _cents(after.margin)),
        ("可用资金 Fund Avail.", _cents(after.available)),
        ("风 险 度 Risk Degree", f"{100 * after.margin / balance if balance else 0.0:.2f}%"),
        ("应追加资金 Margin Call", _cents(max(0.0, -after.available))),
    )
    lines = [
        f"{_padded(name + '：', 34)}{_cents(amount):>16}  {_padded(other + '：', 34)}{value:>16}"
        for (name, amount), (other, value) in zip(left, right, strict=True)
    ]
    return [*_title("资金状况  币种：人民币  Account Summary  Currency：CNY"), *lines, ""]


# ---------------------------------------------------------------- tables


def _trades(day: Day) -> list[str]:
    fills = day.before.fills
    rows = [_trade(fill, day.instruments[fill.instrument]) for fill in fills]
    total = [""] * len(_TRADES)
    total[0] = f"共{len(rows):4d}条"
    total[7] = str(sum(fill.lots for fill in fills))
    total[10] = _cents(sum(fill.fee for fill in fills))
    total[11] = _cents(sum(fill.closed_profit for fill in fills))
    legend = (
        "能源中心---INE  上期所---SHFE  中金所---CFFEX  大商所---DCE  郑商所---CZCE  广期所---GFEX",
        "买---Buy  卖---Sell    开---Open  平---Close  平今---Close Today  平昨---Close Prev.",
    )
    return _table("成交记录 Transaction Record", _TRADES, rows, total, legend)


def _trade(fill: Fill, item: Instrument) -> Cells:
    return (
        dates.trade_date(item.exchange, fill.ts_event, fill.trading_day),
        _EXCHANGES.get(item.exchange, item.exchange), item.name, item.symbol, _side(fill.side),
        "投", f"{fill.price:.3f}", str(fill.lots),
        _cents(fill.price * fill.lots * item.multiplier), _OFFSETS[fill.offset], _cents(fill.fee),
        _cents(fill.closed_profit), "0.00", fill.trade_id.strip(),
    )  # fmt: skip


def _closed(day: Day) -> list[str]:
    fills = [fill for fill in day.before.fills if fill.offset is not Offset.OPEN]
    rows = []
    for fill in fills:
        item = day.instruments[fill.instrument]
        # A sale closes what was bought: it was opened below by what it made.
        made = fill.closed_by_trade / (fill.lots * item.multiplier)
        opened = fill.price + fill.side.sign * made
        rows.append(
            (
                str(fill.trading_day), _EXCHANGES.get(item.exchange, item.exchange), item.name,
                item.symbol, _side(fill.side), str(fill.lots), f"{opened:.3f}", f"{fill.price:.3f}",
                _cents(fill.closed_profit),
            )
        )  # fmt: skip
    total = [""] * len(_CLOSED)
    total[0] = f"共{len(rows):6d}条"
    total[5] = str(sum(fill.lots for fill in fills))
    total[8] = _cents(sum(fill.closed_profit for fill in fills))
    return _table("平仓明细 Position Closed", _CLOSED, rows, total)


def _detail(day: Day) -> list[str]:
    rows, lots = [], 0
    for id_, pair in sorted(day.holdings.items()):
        for direction, held in ((Direction.LONG, pair.long), (Direction.SHORT, pair.short)):
            for part in held.parts:
                rows.append(_part(day, id_, direction, held, part))
                lots += part.lots
    total = [""] * len(_DETAIL)
    total[0], total[6] = f"共{len(rows):4d}条", str(lots)
    return _table("持仓明细 Positions Detail", _DETAIL, rows, total)


def _part(day: Day, id_: InstrumentId, direction: Direction, held: Holding, part: Part) -> Cells:
    item = day.instruments[id_]
    margin = next(
        (p.margin for p in day.positions if (p.instrument, p.direction) == (id_, direction)), 0.0
    )
    sign = 1 if direction is Direction.LONG else -1
    made = sign * (part.basis - part.open_price) * part.lots * item.multiplier
    return (
        _EXCHANGES.get(item.exchange, item.exchange), item.name, item.symbol,
        str(part.day or ""), "投", _side(Side.BUY if sign > 0 else Side.SELL), str(part.lots),
        f"{part.open_price:.3f}", f"{part.basis:.3f}", _cents(made),
        _cents(margin * part.lots / held.lots),
    )  # fmt: skip


def _positions(day: Day) -> list[str]:
    """Both directions of a contract in one row."""
    old = {(p.instrument, p.direction): p for p in day.before.positions}
    new = {(p.instrument, p.direction): p for p in day.positions}
    names = sorted({p.instrument for p in day.positions})
    rows = []
    for id_ in names:
        item, price = day.instruments[id_], day.prices.get(id_)
        long, short = new.get((id_, Direction.LONG)), new.get((id_, Direction.SHORT))
        made = sum(_made(old[id_, d], item, price) for d in Direction if (id_, d) in old)
        margin = sum(p.margin for p in (long, short) if p is not None)
        rows.append(
            (
                item.name, item.symbol, _lots(long), _average(long), _lots(short), _average(short),
                "", "" if price is None else f"{price:.3f}", _cents(made), _cents(margin), "投",
            )
        )  # fmt: skip
    total = [""] * len(_POSITIONS)
    total[0] = f"共{len(rows):6d}条"
    total[2] = str(sum(p.lots for p in day.positions if p.direction is Direction.LONG))
    total[4] = str(sum(p.lots for p in day.positions if p.direction is Direction.SHORT))
    return _table("持仓汇总 Positions", _POSITIONS, rows, total)


def _made(position: Position, item: Instrument, price: float | None) -> float:
    """What the settlement pays on a position."""
    if price is None:
        return 0.0
    sign = 1 if position.direction is Direction.LONG else -1
    return sign * (price - position.cost_price) * position.lots * item.multiplier


def _table(
    title: str, columns: Sequence[str], rows: Sequence[Cells], total: Cells,
    legend: Iterable[str] = (),
) -> list[str]:  # fmt: skip
    """Left out where there is nothing, as brokers do."""
    if not rows:
        return []
    names = [column.partition(" ") for column in columns]
    chinese, english = [n[0] for n in names], [n[2] for n in names]
    every = (chinese, english, *rows, total)
    widths = [max(_width(row[i]) for row in every) for i in range(len(columns))]
    rule = "-" * (sum(widths) + len(widths) + 1)

    def line(row: Cells) -> str:
        return "|" + "|".join(_padded(c, w) for c, w in zip(row, widths, strict=True)) + "|"

    body = [line(row) for row in rows]
    head = [line(chinese), line(english)]
    return [_middle(title), rule, *head, rule, *body, rule, line(total), rule, *legend, ""]


# ---------------------------------------------------------------- words


def _title(name: str) -> list[str]:
    return [_middle(name), "-" * WIDTH]


def _width(word: str) -> int:
    """Columns on a screen: Chinese takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in word)


def _padded(word: str, width: int) -> str:
    return word + " " * max(0, width - _width(word))


def _middle(name: str) -> str:
    return " " * ((WIDTH - _width(name)) // 2) + name


def _cents(amount: float) -> str:
    return f"{amount + 0.0:.2f}".replace("-0.00", "0.00")


def _side(side: Side) -> str:
    return "买" if side is Side.BUY else "卖"


def _lots(position: Position | None) -> str:
    return "0" if position is None else str(position.lots)


def _average(position: Position | None) -> str:
    return f"{0.0 if position is None else position.average_price:.3f}"
