"""What a person is told of a statement, in both languages."""

from homalos.model.settlement import (
    AGREED,
    DIFFERS,
    Statement,
    StatementCompared,
    StatementRead,
)
from homalos.trading.settlement.compare import Comparison, Figures

SHOWN = 20
"""Differences that an alert spells out; all are in the store."""
_HOLDINGS = frozenset({"trade", "position", "equity", "opening", "rest"})


def is_empty(statement: Statement) -> bool:
    """Nothing of it could be read: neither money, nor trades, nor positions."""
    funds = statement.funds
    known = (funds.opening, funds.balance, funds.equity, funds.fees)
    return not (statement.trades or statement.positions) and all(one is None for one in known)


def is_grave(found: Comparison) -> bool:
    """More than a fee, a deposit or a price."""
    return any(row.what in _HOLDINGS for row in found.differences)


def unread(statement: Statement) -> tuple[str, ...]:
    return tuple(f"line / 行 {row.line}: {row.text}" for row in statement.unread)


def figures(statement: Statement) -> Figures:
    """The statement's own, where there are no books."""
    funds = statement.funds
    return (
        ("opening", None, funds.opening), ("deposit", None, funds.deposit),
        ("closed_profit", None, funds.closed_profit),
        ("position_profit", None, funds.position_profit), ("fees", None, funds.fees),
        ("equity", None, funds.balance), ("margin", None, funds.margin),
    )  # fmt: skip


def compared(result: StatementCompared) -> str:
    """Of a day that had both."""
    day = result.trading_day
    if result.result == AGREED:
        return f"settlement statement of {day}: the books agree / {day} 结算单与账本一致"
    what = "not all could be compared / 部分内容未能比较"
    if result.result == DIFFERS:
        count = len(result.differences)
        what = f"{count} differences to the books / 与账本有 {count} 处不一致"
    rows = [row.text for row in result.differences] or list(result.notes)
    text = "; ".join(rows[:SHOWN])
    more = f"; … {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return f"settlement statement of / 结算单 {day}: {what}: {text}{more}"


def unreadable(event: StatementRead) -> str:
    why = "; ".join(unread(event.statement)[:3])
    return (
        f"a settlement statement cannot be read, its day is not compared; trading goes on: "
        f"{event.path} {why} / 结算单无法读取，当日未核对，交易继续"
    )


def none_came(day: int) -> str:
    return (
        f"no settlement statement of {day} has come: the books of that day are not compared; ask "
        f"your broker for it / 未收到 {day} 结算单，当日账本未核对"
    )


def no_books(day: int) -> str:
    return (
        f"settlement statement of {day} kept; the books know nothing of that day, so nothing is "
        f"compared / {day} 结算单已保存，账本无当日记录，未核对"
    )


def margin_call(day: int, amount: float) -> str:
    return (
        f"MARGIN CALL: the settlement statement of {day} wants {amount:.2f} yuan more; pay in or "
        f"close positions, or the broker will / 追加保证金：{day} 结算单要求追加 {amount:.2f} 元，"
        "请入金或减仓，否则可能被强平"
    )


def call_met(day: int, amount: float) -> str:
    return (
        f"the margin call of {day} over {amount:.2f} yuan is met by deposits / "
        f"{day} 的追加保证金 {amount:.2f} 元已入金"
    )
