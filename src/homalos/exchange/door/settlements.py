"""Settlement statements and their confirmation, kept over restarts (FACTS A3).

A statement is cut into pieces of at most 500 bytes wherever they end, inside a character too.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from homalos.ctp.abi import ENCODING
from homalos.exchange.day import DayEnd
from homalos.exchange.door import dates
from homalos.exchange.engine import Exchange
from homalos.exchange.records import Fill
from homalos.kernel.clock import Clock
from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.trading import Account, Position

PIECE = 500
FILE = "front.json"
KEPT_DAYS = 20
NOTE = (
    "说明：本结算单由模拟交易所生成，其中的客户、资金、成交与持仓均为模拟数据，不代表任何真实的期货"
    "账户，也不构成任何交易建议。手续费按逐笔成交计收，盯市盈亏按当日结算价计算，上期所与能源中心的"
    "今仓与昨仓分别列示，其余交易所合并列示。结算价取交易所公布的结算价，未公布时取当日成交量加权平均"
    "价，再无成交时取最新价。请在下一交易日开始交易之前确认本结算单，未经确认不能报单；对内容有异议的，"
    "请核对成交记录与持仓汇总。This statement is simulated and stands for no real account."
)
"""Longer than one piece: most of its pieces end inside a character."""


class Confirmed(msgspec.Struct):
    trading_day: int
    date: str
    time: str


class Book(msgspec.Struct):
    """What is kept: confirmations, statements by account and trading day, lives of the flows."""

    confirmed: dict[str, Confirmed] = msgspec.field(default_factory=dict)
    statements: dict[str, dict[int, str]] = msgspec.field(default_factory=dict)
    lives: int = 0


class Settlements:
    """See the module; ``folder`` ``None``: kept in memory alone."""

    def __init__(self, exchange: Exchange, clock: Clock, folder: Path | None) -> None:
        self._exchange = exchange
        self._clock = clock
        self._path = None if folder is None else folder / FILE
        self._book = self._read()

    def _read(self) -> Book:
        if self._path is None or not self._path.exists():
            return Book()
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Book)
        except (OSError, msgspec.DecodeError):
            return Book()

    def _write(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(self._book))
            fresh.replace(self._path)

    def next_life(self) -> int:
        """Number of the flows that begin now: no other ones of this folder had it."""
        self._book.lives += 1
        self._write()
        return self._book.lives

    # ------------------------------------------------------------ confirmation

    def confirmed(self, account: AccountId) -> Confirmed | None:
        """The confirmation of this trading day."""
        found = self._book.confirmed.get(account)
        return found if found and found.trading_day == self._exchange.trading_day else None

    def confirm(self, account: AccountId) -> Confirmed:
        now = self._clock.now()
        found = Confirmed(self._exchange.trading_day, dates.natural(now), dates.hms(now))
        self._book.confirmed[account] = found
        self._write()
        return found

    # ------------------------------------------------------------ statements

    def pieces(self, account: AccountId, trading_day: str) -> list[bytes]:
        """The statement of a trading day; without one the last. Empty: there is none."""
        known = self._book.statements.get(account, {})
        if not trading_day:
            text = known[max(known)] if known else self._opening(account)
        else:
            text = known.get(int(trading_day), "") if trading_day.isdigit() else ""
        raw = text.encode(ENCODING, "replace")
        return [raw[at : at + PIECE] for at in range(0, len(raw), PIECE)]

    def day_of(self, account: AccountId, trading_day: str) -> str:
        known = self._book.statements.get(account, {})
        return trading_day or str(max(known) if known else self._exchange.trading_day)

    def _opening(self, account: AccountId) -> str:
        """Before the first settlement: what the account begins with."""
        money = self._exchange.account(account)
        return "\n".join([*_head(account, money.trading_day, self._clock), *_funds(money, money)])

    def settled(self, end: DayEnd) -> None:
        """A trading day is settled: write its statements."""
        prices = dict(end.prices)
        for account, before in end.accounts.items():
            after = self._exchange.account(account)
            kept = self._book.statements.setdefault(account, {})
            kept[end.trading_day] = "\n".join(
                [
                    *_head(account, end.trading_day, self._clock),
                    *_funds(before.money, after),
                    *_trades(before.fills),
                    *_positions(before.positions, prices),
                    "",
                    NOTE,
                ]
            )
            for old in sorted(kept)[:-KEPT_DAYS]:
                del kept[old]
        self._write()


def _trades(fills: Iterable[Fill]) -> list[str]:
    lines = ["", "成交记录 Transaction Record", "-" * 64]
    for fill in fills:
        side = "买" if fill.side is Side.BUY else "卖"
        offset = "开" if fill.offset is Offset.OPEN else "平"
        lines.append(
            f"|{dates.natural(fill.ts_event)}|{fill.instrument}|{side}|{offset}|{fill.price:.3f}"
            f"|{fill.lots}|{fill.fee:.2f}|{fill.closed_profit:.2f}|{fill.trade_id.strip()}|"
        )
    return lines


def _positions(positions: Iterable[Position], prices: Mapping[InstrumentId, float]) -> list[str]:
    lines = ["", "持仓汇总 Positions", "-" * 64]
    for position in positions:
        side = "买" if position.direction is Direction.LONG else "卖"
        price = prices.get(position.instrument, position.cost_price)
        lines.append(
            f"|{position.instrument}|{side}持|{position.lots}|{position.average_price:.3f}"
            f"|昨结算 {position.cost_price:.3f}|今结算 {price:.3f}|{position.margin:.2f}|"
        )
    return lines


def _head(account: AccountId, day: int, clock: Clock) -> list[str]:
    return [
        " " * 20 + "Homalos 模拟期货公司 Simulated Broker",
        " " * 20 + "交易结算单(盯市) Settlement Statement(MTM)",
        f"客户号 Client ID：{account}    日期 Date：{day}",
        f"制表时间 Creation Date：{dates.natural(clock.now())}",
        "",
    ]


def _funds(before: Account, after: Account) -> list[str]:
    static = before.pre_balance + before.deposit - before.withdraw
    balance = after.pre_balance if after is not before else before.balance
    profit = balance - static - before.closed_profit + before.fees
    rows = [
        ("期初结存 Balance b/f", before.pre_balance),
        ("出入金 Deposit/Withdrawal", before.deposit - before.withdraw),
        ("平仓盈亏 Realized P/L", before.closed_profit),
        ("持仓盯市盈亏 MTM P/L", profit),
        ("手续费 Commission", before.fees),
        ("期末结存 Balance c/f", balance),
        ("保证金占用 Margin Occupied", after.margin),
        ("可用资金 Fund Avail.", after.available),
    ]
    title = "资金状况 Account Summary"
    return [title, "-" * 64, *(f"{name}：{amount:>18.2f}" for name, amount in rows)]
