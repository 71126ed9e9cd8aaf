"""What each event says in the log, in English and Chinese.

A table: class of event → level, subject (repeats of one subject are limited; ``None``: never), and
a template per language over the event's fields (``{e.order.id}``).
"""

from collections.abc import Callable, Hashable
from typing import Any, Literal, NamedTuple

from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    ConfigChanged,
    ConfigRefused,
    ConnectionChanged,
    HandlerFailed,
    LaneOverflowed,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnresolved,
    Reconciled,
    StrategyParametersChanged,
    StrategyStateChanged,
    TradeFilled,
    TradingStateChanged,
)

Language = Literal["en", "zh"]


class Line(NamedTuple):
    level: str
    source: str
    en: str
    zh: str
    subject: Callable[[Any], Hashable] | None = None


_ORDER = "{e.order.id} {e.order.strategy} {e.order.instrument} {e.order.side} {e.order.offset} "
_LOTS = "{e.order.lots} @ {e.order.price:g}"


def _order(level: str, en: str, zh: str, tail: str = "") -> Line:
    subject = None if level == "DEBUG" else (lambda e: (type(e), e.order.strategy, e.order.code))
    return Line(
        level, "orders", f"{en}: {_ORDER}{_LOTS}{tail}", f"{zh}：{_ORDER}{_LOTS}{tail}", subject
    )


_CODE = " ({e.order.code} {e.order.message})"

LINES: dict[type[Any], Line] = {
    OrderSubmitted: _order("DEBUG", "order sent", "报单发出"),
    OrderAccepted: _order("DEBUG", "order accepted", "报单已接受"),
    OrderFilled: _order(
        "DEBUG", "order filled", "报单成交", " {e.order.traded_lots}/{e.order.lots}"
    ),
    OrderCancelled: _order("DEBUG", "order cancelled", "报单已撤"),
    OrderRejected: _order("WARNING", "order rejected by the venue", "报单被交易所拒绝", _CODE),
    OrderUnresolved: _order("ERROR", "order of unknown fate", "报单状态未知", _CODE),
    OrderDenied: Line(
        "WARNING",
        "risk",
        f"order denied: {_ORDER}{_LOTS}: {{denials}}",
        f"风控拒单：{_ORDER}{_LOTS}：{{denials}}",
        lambda e: (OrderDenied, e.order.strategy, tuple(d.rule for d in e.denials)),
    ),
    TradeFilled: Line(
        "INFO",
        "orders",
        "filled: {e.trade.strategy} {e.trade.instrument} {e.trade.side} {e.trade.offset} "
        "{e.trade.lots} @ {e.trade.price:g}, fee {e.trade.fee:.2f}, order {e.trade.order_id}",
        "成交：{e.trade.strategy} {e.trade.instrument} {e.trade.side} {e.trade.offset} "
        "{e.trade.lots} @ {e.trade.price:g}，手续费 {e.trade.fee:.2f}，报单 {e.trade.order_id}",
    ),
    TradingStateChanged: Line(
        "WARNING",
        "risk",
        "trading {e.previous} -> {e.state} by {e.who}: {e.why}",
        "交易状态 {e.previous} -> {e.state}，{e.who}：{e.why}",
        lambda e: (TradingStateChanged, e.state, e.why),
    ),
    ConnectionChanged: Line(
        "WARNING",
        "gateway",
        "{e.gateway} {e.channel}: connected {e.connected} {e.reason}",
        "{e.gateway} {e.channel}：连接 {e.connected} {e.reason}",
        lambda e: (ConnectionChanged, e.gateway, e.channel, e.connected),
    ),
    Reconciled: Line(
        "INFO",
        "orders",
        "{e.gateway}: books and venue compared, agreed {e.agreed} {e.differences}",
        "{e.gateway}：账簿与交易所核对，一致 {e.agreed} {e.differences}",
    ),
    StrategyStateChanged: Line(
        "INFO",
        "strategy",
        "{e.strategy} {e.state} {e.why}",
        "策略 {e.strategy} {e.state} {e.why}",
        lambda e: (StrategyStateChanged, e.strategy, e.state),
    ),
    StrategyParametersChanged: Line(
        "INFO",
        "strategy",
        "{e.strategy}: {e.who} set {e.changes}",
        "策略 {e.strategy}：{e.who} 修改参数 {e.changes}",
        lambda e: (StrategyParametersChanged, e.strategy),
    ),
    ConfigChanged: Line(
        "INFO", "config", "configuration changed: {e.changes}", "配置已更新：{e.changes}"
    ),
    ConfigRefused: Line(
        "WARNING",
        "config",
        "configuration refused, old values stay: {e.faults}",
        "配置无效，沿用旧值：{e.faults}",
        lambda e: (ConfigRefused, e.faults),
    ),
    HandlerFailed: Line(
        "ERROR",
        "kernel",
        "{e.actor} failed on {e.event}: {e.error}",
        "{e.actor} 处理 {e.event} 出错：{e.error}",
        lambda e: (HandlerFailed, e.actor, e.event),
    ),
    ActorQuarantined: Line(
        "CRITICAL", "kernel", "{e.actor} is quarantined: {e.why}", "{e.actor} 已被隔离：{e.why}"
    ),
    LaneOverflowed: Line(
        "CRITICAL",
        "kernel",
        "lane {e.lane} holds {e.length} events: trading halts",
        "通道 {e.lane} 积压 {e.length} 个事件：停止交易",
        lambda e: (LaneOverflowed, e.lane),
    ),
    AlertRaised: Line(
        "INFO",
        "alert",
        "{e.source}: {e.text}",
        "{e.source}：{e.text}",
        lambda e: (AlertRaised, e.source, e.text),
    ),
}

_LEVELS = {severity: severity.name for severity in Severity}


def level_of(event: Event, line: Line) -> str:
    """An alert says itself how grave it is; a comparison that does not agree is an error."""
    if isinstance(event, AlertRaised):
        return _LEVELS[event.severity]
    if isinstance(event, Reconciled) and not event.agreed:
        return "ERROR"
    if isinstance(event, ConnectionChanged) and event.connected:
        return "INFO"
    return line.level


def describe(event: Event, line: Line, language: Language) -> str:
    """The line's text; on one line whatever a venue's message holds."""
    template = line.zh if language == "zh" else line.en
    denials = ""
    if isinstance(event, OrderDenied):
        denials = "; ".join(f"{d.rule}: {d.message}" for d in event.denials)
    text = template.format(e=event, denials=denials)
    return text.replace("\r", "\\r").replace("\n", "\\n").rstrip()
