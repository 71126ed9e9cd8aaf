"""What each event says in the log, in English and Chinese.

A table: class of event → level, subject (repeats of one subject are limited; ``None``: by text),
and a template per language over the event's fields (``{e.order.id}``), filled in by ``_Words``.
"""

from collections.abc import Callable, Hashable
from enum import StrEnum
from string import Formatter
from typing import Any, Literal, NamedTuple

from homalos.model.enums import Channel, Offset, Severity, Side, StrategyState, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    ConfigChanged,
    ConfigRefused,
    ConnectionChanged,
    Denial,
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


_CODE = "{e.order.message:why}{e.order.code:code}"

LINES: dict[type[Any], Line] = {
    OrderSubmitted: _order("DEBUG", "order sent", "报单发出"),
    OrderAccepted: _order("DEBUG", "order accepted", "报单已接受"),
    OrderFilled: _order(
        "DEBUG", "order filled", "报单成交", " {e.order.traded_lots}/{e.order.lots}"
    ),
    OrderCancelled: _order("DEBUG", "order cancelled", "报单已撤"),
    OrderRejected: _order("WARNING", "order rejected by the venue", "报单被交易所拒绝", _CODE),
    OrderUnresolved: _order("ERROR", "order of unknown fate", "报单状态未知"),
    OrderDenied: Line(
        "WARNING",
        "risk",
        f"order denied: {_ORDER}{_LOTS}{{e.denials:why}}",
        f"风控拒单：{_ORDER}{_LOTS}{{e.denials:why}}",
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
        "trading is {e.state}, it was {e.previous}; by {e.who}{e.why:why}",
        "交易状态：{e.state}（原为：{e.previous}），{e.who}{e.why:why}",
        lambda e: (TradingStateChanged, e.state, e.why),
    ),
    ConnectionChanged: Line(
        "WARNING",
        "gateway",
        "{e.gateway}: the {e.channel} line is down{e.reason:why}",
        "{e.gateway}：{e.channel}线路已断开{e.reason:why}",
        lambda e: (ConnectionChanged, e.gateway, e.channel, e.connected),
    ),
    Reconciled: Line(
        "ERROR",
        "orders",
        "{e.gateway}: books and venue differ{e.differences:why}",
        "{e.gateway}：账簿与交易所不一致{e.differences:why}",
    ),
    StrategyStateChanged: Line(
        "INFO",
        "strategy",
        "{e.strategy} is {e.state}{e.why:why}",
        "策略 {e.strategy} {e.state}{e.why:why}",
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

_OTHER: dict[type[Any], tuple[Callable[[Any], bool], Line]] = {
    TradingStateChanged: (
        lambda e: e.state is e.previous,
        LINES[TradingStateChanged]._replace(
            en="trading stays {e.state}; by {e.who}{e.why:why}",
            zh="交易状态仍为：{e.state}，{e.who}{e.why:why}",
        ),
    ),
    OrderRejected: (
        lambda e: e.order.code < 0,  # a return code of the gateway: the venue never saw it
        _order("WARNING", "order not sent", "报单未发出", _CODE),
    ),
    ConnectionChanged: (
        lambda e: e.connected,
        LINES[ConnectionChanged]._replace(
            level="INFO",
            en="{e.gateway}: the {e.channel} line is up{e.reason:why}",
            zh="{e.gateway}：{e.channel}线路已连接{e.reason:why}",
        ),
    ),
    Reconciled: (
        lambda e: e.agreed,
        LINES[Reconciled]._replace(
            level="INFO",
            en="{e.gateway}: books and venue agree",
            zh="{e.gateway}：账簿与交易所一致",
        ),
    ),
}
"""What these say instead when the condition holds."""

_LEVELS = {severity: severity.name for severity in Severity}


def line_of(event: Event) -> Line:
    """The line of this event. ``KeyError``: events of its class have none."""
    kind = type(event)
    holds, other = _OTHER.get(kind, (None, None))
    return other if holds is not None and other is not None and holds(event) else LINES[kind]


class Levels:
    """An alert says itself how grave it is. That books and venue agree is news once: after a start,
    a difference or a lost line; else it is for the patient."""

    def __init__(self) -> None:
        self._agreed: set[str] = set()
        """Gateways of which it was told."""

    def of(self, event: Event, line: Line) -> str:
        if isinstance(event, AlertRaised):
            return _LEVELS[event.severity]
        if isinstance(event, Reconciled):
            known = event.gateway in self._agreed
            if event.agreed:
                self._agreed.add(event.gateway)
                return "DEBUG" if known else line.level
            self._agreed.discard(event.gateway)
        elif isinstance(event, ConnectionChanged) and event.channel is Channel.TRADING:
            self._agreed.discard(event.gateway)
        return line.level


# ------------------------------------------------------------------ words

_EN: dict[StrEnum, str] = {
    Offset.CLOSE_TODAY: "close today",
    Offset.CLOSE_YESTERDAY: "close yesterday",
    Channel.MARKET_DATA: "market data",
    Channel.TRADING: "trading",
}
_ZH: dict[StrEnum, str] = {
    Side.BUY: "买",
    Side.SELL: "卖",
    Offset.OPEN: "开",
    Offset.CLOSE: "平",
    Offset.CLOSE_TODAY: "平今",
    Offset.CLOSE_YESTERDAY: "平昨",
    Channel.MARKET_DATA: "行情",
    Channel.TRADING: "交易",
    TradingState.HALTED: "已停止",
    TradingState.REDUCING: "只减仓",
    TradingState.ACTIVE: "可交易",
    StrategyState.LOADED: "已加载",
    StrategyState.RUNNING: "运行中",
    StrategyState.STOPPED: "已停止",
    StrategyState.QUARANTINED: "已隔离",
    StrategyState.FAILED: "已失败",
}


class _Words(Formatter):
    """Fields as words of one language. Specs of its own: ``why`` puts a colon before what is not
    empty, ``code`` brackets around what is not 0."""

    def __init__(self, words: dict[StrEnum, str], colon: str) -> None:
        self._words = words
        self._colon = colon

    def format_field(self, value: Any, spec: str) -> str:
        if spec == "code":
            return f" ({value})" if value else ""
        if isinstance(value, tuple):
            value = "; ".join(map(_item, value))
        if spec == "why":
            return f"{self._colon}{value}" if value else ""
        if isinstance(value, StrEnum):
            return self._words.get(value, value.value)
        return str(super().format_field(value, spec))


def _item(value: object) -> str:
    """A denial, a changed key, or a sentence."""
    if isinstance(value, Denial):
        return f"{value.rule}: {value.message}"
    if isinstance(value, tuple):
        name, old, new = value
        return f"{name}: {old} -> {new}"
    return str(value)


_SPEAKERS = {"en": _Words(_EN, ": "), "zh": _Words(_ZH, "：")}


def describe(event: Event, line: Line, language: Language) -> str:
    """The line's text; on one line whatever a venue's message holds."""
    template = line.zh if language == "zh" else line.en
    text = _SPEAKERS[language].format(template, e=event)
    return text.replace("\r", "\\r").replace("\n", "\\n").rstrip()
