"""What the exchange keeps, writes into its ledger, and tells: orders, fills, ledger entries."""

from typing import Protocol

import msgspec

from homalos.model.enums import (
    Direction,
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
)
from homalos.model.event import Record
from homalos.model.ids import AccountId, InstrumentId, OrderId, TradeId, VenueOrderId
from homalos.model.market import Instrument, Tick

ENDED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


class NewOrder(Record, frozen=True):
    """A request as it arrives. ``id`` is the client's (CTP: OrderRef), unique in the account for
    the trading day; ``price`` is ignored for a market order."""

    account: AccountId
    id: OrderId
    instrument: InstrumentId
    side: Side
    offset: Offset
    kind: OrderKind
    tif: TimeInForce
    price: float
    lots: int
    min_lots: int = 1
    """Of a FAK: fewer than these at once, and none (SHFE, INE and CFFEX; elsewhere no effect)."""
    tag: str = ""
    """The client's own, kept with the order and given back, never read here."""


class VenueOrder(msgspec.Struct, array_like=True, gc=False):
    """An order at the exchange, accepted from the first. Changed by ``VenueState`` alone."""

    account: AccountId
    id: OrderId
    exchange: str
    instrument: InstrumentId
    side: Side
    offset: Offset
    kind: OrderKind
    tif: TimeInForce
    price: float
    """Limit; of a market order the price limit that it may go to (infinite where none is known)."""
    lots: int
    trading_day: int
    ts_init: int
    sequence: int
    """Time priority."""
    venue_order_id: VenueOrderId | None
    margin_per_lot: float = 0.0
    fee_per_lot: float = 0.0
    status: OrderStatus = OrderStatus.ACCEPTED
    traded: int = 0
    code: int = 0
    message: str = ""
    ts_event: int = 0
    tag: str = ""

    @property
    def remaining(self) -> int:
        return self.lots - self.traded


class Fill(Record, frozen=True):
    """One side of one trade, as the clearing books it. Money in yuan."""

    account: AccountId
    order_id: OrderId
    venue_order_id: VenueOrderId | None
    trade_id: TradeId
    instrument: InstrumentId
    side: Side
    offset: Offset
    """As the exchange echoes it: CLOSE_TODAY or CLOSE_YESTERDAY on SHFE and INE, else CLOSE."""
    price: float
    lots: int
    fee: float
    closed_profit: float
    trading_day: int
    ts_event: int
    closed_by_trade: float = 0.0
    """From the original opening prices (逐笔); ``closed_profit`` is by date."""


class OrderReport(Record, frozen=True):
    """``OnRtnOrder``, or the answer of a CTP check. ``traded_lots`` is cumulative."""

    account: AccountId
    order_id: OrderId
    venue_order_id: VenueOrderId | None
    instrument: InstrumentId
    status: OrderStatus
    traded_lots: int
    code: int
    message: str
    ts_event: int


class CancelRefused(Record, frozen=True):
    """``OnErrRtnOrderAction``."""

    account: AccountId
    order_id: OrderId
    code: int
    message: str
    ts_event: int


class Listener(Protocol):
    """Who hears the exchange: one door. Called when all is in the ledger, on the same stack."""

    def on_order(self, report: OrderReport) -> None: ...
    def on_trade(self, fill: Fill) -> None: ...
    def on_cancel_refused(self, refusal: CancelRefused) -> None: ...
    def on_listed(self, instrument: Instrument) -> None: ...
    def on_delisted(self, instrument: Instrument) -> None: ...
    def on_phase(
        self, exchange: str, product: str, phase: Phase, trading_day: int, ts: int
    ) -> None: ...
    def on_trading_day(self, trading_day: int, ts: int) -> None: ...
    def on_lost(self, reason: str) -> None:
        """The exchange cannot write what it did: it is gone, and says nothing more."""
        ...


# ------------------------------------------------------------------ ledger entries


class Entry(msgspec.Struct, array_like=True, tag=True, gc=False):
    """One change of the exchange's state; the ledger is a list of them, and state is their fold."""


class Listed(Entry):
    instrument: Instrument


class Placed(Entry):
    order: VenueOrder


class Ended(Entry):
    """Cancelled, rejected or expired; a full fill ends an order by itself."""

    account: AccountId
    order_id: OrderId
    status: OrderStatus
    code: int
    message: str
    ts: int


class Filled(Entry):
    fill: Fill


class CashMoved(Entry):
    """Positive: paid in. The first opens the account."""

    account: AccountId
    amount: float
    ts: int


class Adjusted(Entry):
    """Lots came or went (negative) without a trade: positions brought along, or changed behind the
    client's back. ``price`` is the opening price and the basis of what came."""

    account: AccountId
    instrument: InstrumentId
    direction: Direction
    lots: int
    price: float
    today: bool
    ts: int


class Settled(Entry):
    """The day is over: profits are paid at ``prices``, lots become yesterday's, orders expire."""

    trading_day: int
    next_day: int
    prices: tuple[tuple[InstrumentId, float], ...]
    ts: int


class Delisted(Entry):
    """The contract is over: what is held in it leaves at ``price``, its last settlement, without a
    fee; ``None``: it never had one, and nothing is paid."""

    instrument: InstrumentId
    price: float | None
    ts: int


class DayOpened(Entry):
    """The first trading day of a new ledger."""

    trading_day: int
    ts: int


class Marked(Entry):
    """Time has passed: the newest snapshots of the contracts that moved."""

    ts: int
    ticks: tuple[Tick, ...]
