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
    to_limit: bool = False
    """Its price is the day's limit because somebody chose so: no collar holds it."""

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
    closed_profit_by_trade: float = 0.0
    """The same from the original opening prices (逐笔)."""
    book_result: float | None = None
    """What it made for its strategy's book, yuan: realised from the book's average cost, less its
    own fee and what the lots had cost in fees when they were opened. ``None``: it closed nothing of
    that book."""


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
    """Of these lots alone: the relief of the larger side is the account's."""
    position_profit: float
    last_price: float | None
    position_profit_by_trade: float = 0.0
    """From the original opening prices (逐笔); it differs for lots of earlier days."""
    closed_profit: float | None = None
    """Realised today by date (盯市), before fees; ``None``: not told."""
    closed_profit_by_trade: float | None = None
    """Realised today from the original opening prices (逐笔); ``None``: not told."""

    @property
    def lots(self) -> int:
        return self.today_lots + self.yesterday_lots


class StrategyBook(Record, frozen=True):
    """What one strategy holds in one contract: net lots, average cost, results. Money in yuan.

    Average cost, closed and position profit run from the first trade on (逐笔); those by date
    (盯市) from the settlement with which the trading day began.
    """

    strategy: StrategyId
    instrument: InstrumentId
    net_lots: int
    average_price: float
    closed_profit: float
    position_profit: float
    fees: float
    cost_price: float = 0.0
    """Average of what is held by date: today's lots at their price, older at the settlement."""
    closed_profit_by_date: float = 0.0
    """Realised today."""
    position_profit_by_date: float = 0.0
    open_fees: float = 0.0
    """Of ``fees``, what the lots that are held cost when they were opened."""


class StrategyPerformance(Record, frozen=True):
    """How one strategy has done since its books began. Money in yuan."""

    strategy: StrategyId
    equity: float
    """Made so far, fees paid, what is open at the last prices: it has no money of its own."""
    peak: float
    """The highest equity seen, at least 0."""
    drawdown: float
    """From the peak down to the equity."""
    max_drawdown: float
    day_equity: float
    """With which the trading day began."""
    days: int
    """Trading days that are over."""
    mean: float
    """Of their results."""
    squares: float
    """Sum of the squared distances from the mean."""
    sharpe: float | None
    """Of the daily results, for a year of 242 days; ``None``: not enough of them."""


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
    closed_profit_by_trade: float | None = None
    """Realised today from the original opening prices (逐笔); ``None``: the venue does not tell,
    and the books have not seen the whole day."""
    position_profit_by_trade: float | None = None
    """What is held, from the original opening prices (逐笔); ``None``: not told."""
