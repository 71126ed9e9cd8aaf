"""The catalogue: every class of event on the bus, its lane, and who makes and uses it.

One typed table beside the events themselves; at start the bus is checked against it
(``kernel.catalogue``).
"""

from enum import IntEnum
from typing import NamedTuple

from homalos.model.breaking import BreakerChanged, BreakersKept, CloseBreaker
from homalos.model.cancelling import CancelOpens
from homalos.model.delivering import DeliveryTold
from homalos.model.event import Event
from homalos.model.events import (
    AccountSnapshot,
    ActorQuarantined,
    AlertRaised,
    Audited,
    BarsDue,
    BeginFlatten,
    CancelConditional,
    CancelOrder,
    CancelRejected,
    ConditionalChanged,
    ConfigChanged,
    ConfigRefused,
    ConnectionChanged,
    EndFlatten,
    FlattenChanged,
    HandlerFailed,
    InstrumentListed,
    IntentChanged,
    KillSwitch,
    LaneOverflowed,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderSubmitted,
    OrderUnresolved,
    PhaseChanged,
    PlaceConditional,
    Reconciled,
    ReplaceOrder,
    RiskRulesEdited,
    SettlementKnown,
    SetTradingState,
    StrategiesSaved,
    StrategyCommand,
    StrategyParametersChanged,
    StrategyStateChanged,
    SubmitOrder,
    TimerFired,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.journaled import (
    BarsLoaded,
    CoreTold,
    GatewayReturned,
    RunEnded,
    RunStarted,
    TimerRan,
    VenueAnswered,
)
from homalos.model.market import Bar, Tick
from homalos.model.programme import GroupCounted
from homalos.model.reconciling import (
    AcceptVenue,
    AssignLoss,
    DayMarks,
    LossAssigned,
    PositionAdjusted,
    Reconcile,
    VenueTaken,
)
from homalos.model.settlement import (
    DayClosed,
    SettlementCorrected,
    StatementCompared,
    StatementRead,
    StatementReceived,
)
from homalos.model.watching import LossesNoted


class Lane(IntEnum):
    """Strict priority, the lowest number first."""

    CONTROL = 0
    EXECUTION = 1
    MARKET = 2
    TIMER = 3
    BACKGROUND = 4


class Entry(NamedTuple):
    """A row of the catalogue. Roles: gateway, market, strategy, orders, account, risk, operator,
    kernel, config, store, console, monitor. ``broadcast``: it may have no consumer at all."""

    event: type[Event]
    lane: Lane
    producers: frozenset[str]
    consumers: frozenset[str]
    broadcast: bool


def _row(
    event: type[Event], lane: Lane, producers: str, consumers: str, *, broadcast: bool = False
) -> Entry:
    return Entry(event, lane, frozenset(producers.split()), frozenset(consumers.split()), broadcast)


_C, _E, _M, _T, _B = Lane
_ORDER_FACT_CONSUMERS = "orders strategy store console monitor"

CATALOGUE: dict[type[Event], Entry] = {
    row.event: row
    for row in (
        _row(SetTradingState, _C, "operator kernel risk console", "orders risk"),
        _row(
            TradingStateChanged, _C, "risk", "risk strategy store console monitor", broadcast=True
        ),
        _row(KillSwitch, _C, "operator console monitor orders", "orders risk"),
        _row(BeginFlatten, _C, "operator console monitor risk orders", "orders risk"),
        _row(EndFlatten, _C, "operator console", "orders"),
        _row(CancelOpens, _C, "risk orders", "orders"),
        _row(FlattenChanged, _C, "orders", "risk store console monitor", broadcast=True),
        _row(ConnectionChanged, _C, "gateway", "orders store console monitor"),
        _row(TradingDayChanged, _C, "gateway", "orders account strategy market store console"),
        _row(HandlerFailed, _C, "kernel strategy", "store console monitor", broadcast=True),
        _row(ActorQuarantined, _C, "kernel strategy", "risk store console monitor", broadcast=True),
        _row(LaneOverflowed, _C, "kernel", "risk store console monitor", broadcast=True),
        _row(ConfigChanged, _C, "config", "config store console monitor", broadcast=True),
        _row(ConfigRefused, _C, "config", "config store console monitor", broadcast=True),
        _row(RiskRulesEdited, _C, "config", "risk monitor", broadcast=True),
        _row(StrategyCommand, _C, "operator console config orders risk", "orders strategy"),
        _row(StrategyStateChanged, _C, "strategy", "orders store console monitor", broadcast=True),
        _row(StrategyParametersChanged, _C, "strategy", "store console monitor", broadcast=True),
        _row(StrategiesSaved, _C, "kernel", "store", broadcast=True),
        _row(SettlementKnown, _C, "account", "store", broadcast=True),
        _row(Reconciled, _C, "orders", "orders risk store console monitor", broadcast=True),
        _row(Reconcile, _C, "operator console", "orders"),
        _row(AcceptVenue, _C, "operator console", "orders"),
        _row(AssignLoss, _C, "operator console", "orders"),
        _row(PositionAdjusted, _C, "orders", "strategy risk store console monitor", broadcast=True),
        _row(LossesNoted, _C, "risk", "store", broadcast=True),
        _row(StatementRead, _C, "gateway account", "account", broadcast=True),
        _row(StatementCompared, _C, "account", "store console monitor", broadcast=True),
        _row(SettlementCorrected, _C, "account", "risk store console monitor", broadcast=True),
        _row(LossAssigned, _C, "orders", "risk store console monitor", broadcast=True),
        _row(CloseBreaker, _C, "operator console", "orders"),
        _row(BreakerChanged, _C, "orders", "store console monitor", broadcast=True),
        _row(GroupCounted, _C, "operator", "orders"),
        _row(SubmitOrder, _E, "strategy orders console operator", "orders"),
        _row(CancelOrder, _E, "strategy orders console operator", "orders"),
        _row(ReplaceOrder, _E, "strategy console operator", "orders"),
        _row(IntentChanged, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(PlaceConditional, _E, "strategy console", "orders"),
        _row(CancelConditional, _E, "strategy console operator", "orders"),
        _row(ConditionalChanged, _E, "orders", "strategy store console monitor", broadcast=True),
        _row(OrderReported, _E, "gateway", "orders"),
        _row(TradeReported, _E, "gateway", "orders"),
        _row(CancelRejected, _E, "gateway", "orders"),
        _row(OrderDenied, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderSubmitted, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderAccepted, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderFilled, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderCancelled, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderRejected, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(OrderUnresolved, _E, "orders", _ORDER_FACT_CONSUMERS, broadcast=True),
        _row(TradeFilled, _E, "orders", f"account {_ORDER_FACT_CONSUMERS}", broadcast=True),
        _row(Tick, _M, "gateway", "market orders strategy account store console monitor"),
        _row(Bar, _M, "market", "strategy store console", broadcast=True),
        _row(
            PhaseChanged,
            _M,
            "gateway market",
            "market orders strategy store console",
            broadcast=True,
        ),
        _row(InstrumentListed, _M, "gateway", "market orders account strategy store console"),
        _row(BarsDue, _M, "kernel market", "market"),
        _row(TimerFired, _T, "kernel", "orders account strategy market monitor"),
        _row(StatementReceived, _B, "gateway", "account", broadcast=True),
        _row(AccountSnapshot, _B, "account", "store console monitor", broadcast=True),
        _row(
            AlertRaised,
            _B,
            "kernel monitor market risk orders strategy store config gateway account",
            "store console monitor",
            broadcast=True,
        ),
        _row(
            Audited,
            _B,
            "orders risk strategy console config operator",
            "store console",
            broadcast=True,
        ),
        *(
            _row(record, _B, "kernel", "", broadcast=True)  # for the journal alone
            for record in (
                RunStarted,
                RunEnded,
                TimerRan,
                BarsLoaded,
                CoreTold,
                VenueAnswered,
                GatewayReturned,
                VenueTaken,
                DayMarks,
                DayClosed,
                DeliveryTold,
                BreakersKept,
            )
        ),
    )
}
