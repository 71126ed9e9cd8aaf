"""Orders, trades, positions, accounts: frozen values, replaced by their owners, never edited."""

from homalos.model.enums import Direction, Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.event import Record
from homalos.model.ids import (
    AccountId,
    InstrumentId,
    OrderId,
    StrategyId,
    TradeId,
    VenueOrderId,
)


class Order(Record, frozen=True):
    """One order at the venue. An intent that the offset resolver split has several, one intent id.

    ``price`` is on the tick grid; for a market order it is the price that margin is frozen at.
    ``ts_trigger`` is the ``ts_native`` of the tick that caused it (0: none), for latency.
    """

    id: OrderId
    intent_id: OrderId
    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    offset: Offset
    kind: OrderKind
    tif: TimeInForce
    price: float
    lots: int
    ts_init: int
    ts_trigger: int = 0
    status: OrderStatus = OrderStatus.SUBMITTED
    traded_lots: int = 0
    booked_lots: int = 0
    """Lots of the trades booked: an order is settled only when it equals ``traded_lots``."""
    average_price: float | None = None
    """Of the booked trades; ``None`` before the first."""
    venue_order_id: VenueOrderId | None = None
    code: int = 0
    """The venue's error code of a rejection (CTP's numbers), else 0."""
    message: str = ""
    cancel_requested: bool = False
    ts_event: int = 0

    @property
    def remaining_lots(self) -> int:
        """Lots not traded; 0 says nothing about whether it is alive, ``status`` does."""
        return self.lots - self.traded_lots


class Trade(Record, frozen=True):
    """One fill, booked once: key (exchange of the instrument, id, side, trading day)."""

    id: TradeId
    order_id: OrderId | None
    """``None``: an order that this daemon did not send."""
    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    offset: Offset
    price: float
    lots: int
    fee: float
    """In yuan, rounded as the config says."""
    trading_day: int
    ts_event: int
    ts_init: int
    venue_order_id: VenueOrderId | None = None
    closed_profit: float = 0.0
    """Profit by date (盯市) that this trade realised, before its fee; 0 for an open."""


class Position(Record, frozen=True):
    """Lots of one account, contract and direction. Money in yuan, profits by date (盯市)."""

    account: AccountId
    instrument: InstrumentId
    direction: Direction
    today_lots: int
    yesterday_lots: int
    frozen_today: int
    """Lots bound by working closes of today's lots (elsewhere than SHFE/INE: of any lots, in
    the order in which they would go)."""
    frozen_yesterday: int
    average_price: float
    """Of the open lots at their original opening prices (逐笔); 0 when flat."""
    cost_price: float
    """Basis of the profit by date: today's lots at their price, older at the last settlement."""
    margin: float
    position_profit: float
    last_price: float | None

    @property
    def lots(self) -> int:
        return self.today_lots + self.yesterday_lots


class StrategyBook(Record, frozen=True):
    """What one strategy holds in one contract: net lots, average cost, results. Money in yuan."""

    strategy: StrategyId
    instrument: InstrumentId
    net_lots: int
    average_price: float
    closed_profit: float
    position_profit: float
    fees: float


class Account(Record, frozen=True):
    """An account as CTP computes it (FACTS A12). Money in yuan."""

    id: AccountId
    trading_day: int
    pre_balance: float
    deposit: float
    withdraw: float
    closed_profit: float
    position_profit: float
    fees: float
    margin: float
    frozen_margin: float
    frozen_fees: float
    balance: float
    """pre_balance + deposit - withdraw + closed_profit + position_profit - fees."""
    available: float
    ts_event: int
