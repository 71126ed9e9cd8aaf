"""Lines of the audit trail: what each event says to a person who asks later who did what."""

from collections.abc import Callable
from typing import Any

import msgspec

from homalos.model.enums import Severity
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    Audited,
    ConfigChanged,
    ConfigRefused,
    ConnectionChanged,
    HandlerFailed,
    LaneOverflowed,
    OrderDenied,
    Reconciled,
    StrategyParametersChanged,
    StrategyStateChanged,
    TradingStateChanged,
)
from homalos.model.settlement import AGREED, SettlementCorrected, StatementCompared

Line = tuple[str, Severity, str, str, str, str, str | None]
"""(kind, severity, who, action, target, result, detail as JSON)."""

_INFO, _WARNING, _ERROR, _CRITICAL = Severity


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


def _denied(e: OrderDenied) -> Line:
    order = e.order
    action = f"{order.side} {order.offset} {order.lots} @ {order.price:g}"
    reasons = "; ".join(f"{d.rule}: {d.message}" for d in e.denials)
    target = f"{order.instrument} {order.id}"
    return ("denial", _WARNING, order.strategy, action, target, reasons, _json(e.denials))


def _connection(e: ConnectionChanged) -> Line:
    action = "connected" if e.connected else "disconnected"
    severity = _INFO if e.connected else _WARNING
    return ("connection", severity, e.gateway, action, e.channel, e.reason, None)


def _reconciled(e: Reconciled) -> Line:
    result = "agreed" if e.agreed else f"{len(e.differences)} differences"
    severity = _INFO if e.agreed else _ERROR
    return (
        "reconciliation", severity, "orders", "reconcile", e.gateway, result, _json(e.differences)
    )  # fmt: skip


def _statement(e: StatementCompared) -> Line:
    severity = _INFO if e.result == AGREED else _WARNING
    texts = [row.text for row in e.differences] or list(e.notes)
    return (
        "settlement", severity, "settlement", "statement", str(e.trading_day), e.result,
        _json(texts),
    )  # fmt: skip


def _corrected(e: SettlementCorrected) -> Line:
    row = e.correction
    action = f"correct {row.what} {row.amount:+.2f}"
    target = f"{e.trading_day} {row.strategy} {row.instrument} {row.trade.strip()}".rstrip()
    result = "booked" if e.booked else "carried by the venue's opening figures"
    return ("settlement", _INFO, "settlement", action, target, result, None)


AUDITED_ROWS: dict[type[Any], Callable[[Any], Line]] = {
    OrderDenied: _denied,
    ConnectionChanged: _connection,
    Reconciled: _reconciled,
    StatementCompared: _statement,
    SettlementCorrected: _corrected,
    Audited: lambda e: ("command", _INFO, e.who, e.action, e.target, e.result, None),
    AlertRaised: lambda e: ("alert", e.severity, e.source, "alert", "", e.text, None),
    TradingStateChanged: lambda e: (
        "state", _INFO, e.who, f"{e.previous} -> {e.state}", "trading", e.why, None
    ),
    StrategyStateChanged: lambda e: ("strategy", _INFO, "", e.state, e.strategy, e.why, None),
    StrategyParametersChanged: lambda e: (
        "strategy", _INFO, e.who, "set", e.strategy, "changed", _json(e.changes)
    ),
    ConfigChanged: lambda e: ("config", _INFO, "", "reload", "config", "changed", _json(e.changes)),
    ConfigRefused: lambda e: (
        "config", _WARNING, "", "reload", "config", "refused", _json(e.faults)
    ),
    HandlerFailed: lambda e: ("fault", _ERROR, e.actor, "handler failed", e.event, e.error, None),
    ActorQuarantined: lambda e: ("fault", _ERROR, e.actor, "quarantined", e.actor, e.why, None),
    LaneOverflowed: lambda e: (
        "fault", _CRITICAL, "kernel", "lane overflowed", e.lane, f"{e.length} events", None
    ),
}  # fmt: skip
"""Line of each class of event; denials also have their order in ``orders``."""

_ELSEWHERE = (OrderDenied, StatementCompared)
AUDITED = tuple(event for event in AUDITED_ROWS if event not in _ELSEWHERE)
"""Classes that only the audit trail stores."""
