"""The events: every command and fact that travels on the bus.

Commands are imperative, facts are past tense. Our own risk *denies*, the venue *rejects*, a command
whose answer did not come is *unresolved*. ``Tick`` and ``Bar`` (``model.market``) are events too.
"""

from typing import get_args

from homalos.model.conditional import Conditional
from homalos.model.enums import (
    AuctionPolicy,
    Channel,
    CrossingPolicy,
    IntentStage,
    KillScope,
    Offset,
    OnTimeout,
    OrderKind,
    OrderStatus,
    Phase,
    Severity,
    Side,
    StrategyState,
    TimeInForce,
    TradingState,
)
from homalos.model.event import Event, Record
from homalos.model.flatten import FlattenJob
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.market import Instrument
from homalos.model.trading import Account, Order, Position, StrategyBook, StrategyPerformance, Trade

# ------------------------------------------------------------------ CONTROL


class SetTradingState(Event, frozen=True):
    """Command: an operator, the kill switch or a watch sets the one trading state."""

    state: TradingState
    who: str
    why: str
    ts_init: int


class TradingStateChanged(Event, frozen=True):
    """State, its author, its reason or its ceiling is a new one; ``state`` may equal ``previous``.

    ``ceiling``: nothing but a person raises the state above it.
    """

    state: TradingState
    previous: TradingState
    who: str
    why: str
    ceiling: TradingState
    ts_init: int


class KillSwitch(Event, frozen=True):
    """Command: halt, and cancel every working order."""

    who: str
    why: str
    ts_init: int


class BeginFlatten(Event, frozen=True):
    """Command: block, cancel and close what is in the scope."""

    scope: KillScope
    strategy: StrategyId
    """Of scope ``strategy``; else empty."""
    who: str
    why: str
    ts_init: int


class EndFlatten(Event, frozen=True):
    """Command: stop every flatten (or this strategy's): its orders are cancelled, its strategies
    may send again. A halt stays."""

    strategy: StrategyId
    """Empty: all."""
    who: str
    why: str
    ts_init: int


class FlattenChanged(Event, frozen=True):
    """A flatten has come further, or waits. Also an outcome for the journal where its stage is a
    new one: a restart goes on from the last of them."""

    job: FlattenJob
    ts_init: int


class ConnectionChanged(Event, frozen=True):
    """A line to the venue went up or down."""

    gateway: str
    channel: Channel
    connected: bool
    reason: str
    ts_init: int


class TradingDayChanged(Event, frozen=True):
    """The venue reports a new trading day; books roll on this and never by the clock."""

    gateway: str
    trading_day: int
    ts_init: int


class HandlerFailed(Event, frozen=True):
    """A subscriber raised: isolated, counted."""

    actor: str
    event: str
    error: str
    ts_init: int


class ActorQuarantined(Event, frozen=True):
    """An actor spent its error budget; it gets no more events."""

    actor: str
    why: str
    ts_init: int


class LaneOverflowed(Event, frozen=True):
    """A CONTROL or EXECUTION lane is full: trading halts."""

    lane: str
    length: int
    ts_init: int


class ConfigChanged(Event, frozen=True):
    """A valid reload, applied between two events. ``changes``: (dotted key, old, new) as JSON."""

    changes: tuple[tuple[str, str, str], ...]
    ts_init: int


class RiskRulesEdited(Event, frozen=True):
    """The files of the trader's own risk rules are other than they were: load them again.
    ``files``: (name, sha256) as found."""

    who: str
    files: tuple[tuple[str, str], ...]
    ts_init: int


class ConfigRefused(Event, frozen=True):
    """A reload with faults: the old values stay."""

    faults: tuple[str, ...]
    ts_init: int


class StrategyCommand(Event, frozen=True):
    """Command of the operator: ``load`` ``start`` ``stop`` ``unload`` ``reload``, or ``set`` with
    parameters as JSON."""

    strategy: StrategyId
    action: str
    who: str
    ts_init: int
    payload: str = ""


class StrategyStateChanged(Event, frozen=True):
    strategy: StrategyId
    state: StrategyState
    why: str
    ts_init: int


class StrategyParametersChanged(Event, frozen=True):
    """``changes``: (name, old, new) as JSON."""

    strategy: StrategyId
    who: str
    changes: tuple[tuple[str, str, str], ...]
    ts_init: int


class StrategiesSaved(Event, frozen=True):
    """Outcome for the journal: the strategies' declared fields (msgpack), for the next start."""

    state: bytes
    ts_init: int


class Reconciled(Event, frozen=True):
    """Books and venue were compared. Differences of books that ``agreed`` are settled: a simulated
    venue's word was taken for them."""

    gateway: str
    agreed: bool
    differences: tuple[str, ...]
    ts_init: int


class SettlementKnown(Event, frozen=True):
    """Outcome for the journal: yesterday's lots, until now at a provisional mark, stand at their
    settlement. The equity does not change, its split into opening, realised and floating does."""

    instrument: InstrumentId
    trading_day: int
    price: float
    ts_init: int


# ------------------------------------------------------------------ EXECUTION


class SubmitOrder(Event, frozen=True):
    """Intent of a strategy or of the trader: side and lots; ``offset`` None lets the resolver pick.

    ``price`` may be None for a market order only. Fields from ``timeout_ms`` on are options; one
    that is left at its default costs nothing.
    """

    intent_id: OrderId
    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    lots: int
    price: float | None
    kind: OrderKind
    tif: TimeInForce
    offset: Offset | None
    ts_init: int
    ts_trigger: int = 0
    tag: str = ""
    timeout_ms: int = 0
    """Each order of it works at most so long, in event time; 0: until it ends by itself."""
    on_timeout: OnTimeout = OnTimeout.CANCEL
    max_tries: int = 0
    """Times that a market order or a chase is sent in all; 0: as configured."""
    good_till: int = 0
    """Event time from which nothing of it works any more; 0: the end of the trading day."""
    ticks: int | None = None
    """How far through the opposite price a market order or a chase goes; None: as configured."""
    to_limit: bool = False
    """A market order that goes to the day's price limit instead."""
    reduce_only: bool = False
    """Only closes the own book's lots: what cannot be closed is dropped, never opened."""
    auction: AuctionPolicy = AuctionPolicy.HOLD
    crossing: CrossingPolicy = CrossingPolicy.DENY


class ReplaceOrder(Event, frozen=True):
    """Command: give the intent of this order (or this intent) other terms: its orders are
    cancelled, and when their end is known what is left of ``lots`` is sent at ``price``."""

    order_id: OrderId
    price: float | None
    """None: the price stays."""
    lots: int | None
    """Of the whole intent, what it has traded included; None: as before."""
    who: str
    ts_init: int


class IntentChanged(Event, frozen=True):
    """An intent that the order manager works on beyond its first orders came to another stage.
    Also an outcome for the journal: a restart goes on from the last of them."""

    intent: SubmitOrder
    """With the terms that hold now."""
    stage: IntentStage
    lots: int
    """That will still be sent for it, beside what works now."""
    tries: int
    """Rounds of orders sent since its terms were given."""
    rounds: int
    """Rounds of orders sent in all."""
    first: int
    """Orders of the intent that were sent before the round that works, or worked last."""
    due: int
    """Event time at which it is looked at again; 0: when its condition is met."""
    why: str
    ts_init: int
    replaced: bool = False
    """The intent's lots include what it has traded."""


class CancelOrder(Event, frozen=True):
    """Intent: cancel every live order of this intent (or this one order)."""

    order_id: OrderId
    who: str
    ts_init: int


class PlaceConditional(Event, frozen=True):
    """Command: hold these orders in the daemon; several are the legs of one group."""

    orders: tuple[Conditional, ...]
    who: str
    ts_init: int


class CancelConditional(Event, frozen=True):
    """Command: end this conditional order, or every leg of this group, if it has not fired."""

    order_id: OrderId
    who: str
    ts_init: int


class ConditionalChanged(Event, frozen=True):
    """A conditional order as it is now. Also an outcome for the journal: the last of them holds,
    and that it has fired is on record before its intent is sent."""

    order: Conditional
    ts_init: int


class OrderReported(Event, frozen=True):
    """Ingress from the venue: the state of one order as it sees it. Repeats are normal."""

    order_id: OrderId | None
    venue_order_id: VenueOrderId | None
    instrument: InstrumentId
    status: OrderStatus
    traded_lots: int
    code: int
    message: str
    ts_event: int
    ts_init: int


class TradeReported(Event, frozen=True):
    """Ingress from the venue: one fill."""

    order_id: OrderId | None
    venue_order_id: VenueOrderId | None
    trade_id: TradeId
    instrument: InstrumentId
    side: Side
    offset: Offset
    price: float
    lots: int
    trading_day: int
    ts_event: int
    ts_init: int


class CancelRejected(Event, frozen=True):
    """Ingress from the venue: the cancel was refused; the order is what it was."""

    order_id: OrderId
    code: int
    message: str
    ts_init: int


class Denial(Record, frozen=True):
    """One risk rule's refusal: which rule, the value it saw, its limit, and a sentence."""

    rule: str
    value: float
    limit: float
    message: str


class OrderDenied(Event, frozen=True):
    order: Order
    denials: tuple[Denial, ...]


class OrderSubmitted(Event, frozen=True):
    order: Order


class OrderAccepted(Event, frozen=True):
    order: Order


class OrderFilled(Event, frozen=True):
    """A fill or part of one; see ``order.status``."""

    order: Order


class OrderCancelled(Event, frozen=True):
    order: Order


class OrderRejected(Event, frozen=True):
    order: Order


class OrderUnresolved(Event, frozen=True):
    order: Order


OrderFact = (
    OrderDenied
    | OrderSubmitted
    | OrderAccepted
    | OrderFilled
    | OrderCancelled
    | OrderRejected
    | OrderUnresolved
)
"""What became of an order; each bears it as it is then."""

ORDER_FACTS: tuple[type[OrderFact], ...] = get_args(OrderFact)


class TradeFilled(Event, frozen=True):
    trade: Trade


# ------------------------------------------------------------------ MARKET


class PhaseChanged(Event, frozen=True):
    """A product entered a phase of its session (product level, as venues say it)."""

    exchange: str
    product: str
    phase: Phase
    trading_day: int
    ts_event: int
    ts_init: int


class InstrumentListed(Event, frozen=True):
    """The venue, or a source, has this contract today."""

    instrument: Instrument
    ts_init: int


class BarsDue(Event, frozen=True):
    """A timer's word: every bar that ends at or before ``ts_event`` is to be closed."""

    ts_event: int
    ts_init: int


# ------------------------------------------------------------------ TIMER


class TimerFired(Event, frozen=True):
    """A named timer of an actor (``owner``)."""

    owner: str
    name: str
    ts_event: int
    ts_init: int


# ------------------------------------------------------------------ BACKGROUND


class AccountSnapshot(Event, frozen=True):
    """The account and its positions, for the store, the page and the metrics."""

    account: Account
    positions: tuple[Position, ...]
    books: tuple[StrategyBook, ...]
    ts_init: int
    performances: tuple[StrategyPerformance, ...] = ()


class AlertRaised(Event, frozen=True):
    severity: Severity
    source: str
    text: str
    ts_init: int


class Audited(Event, frozen=True):
    """One line of the audit trail: who did what to what, and how it ended."""

    who: str
    action: str
    target: str
    result: str
    ts_init: int
