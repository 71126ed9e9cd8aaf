"""Market data: instruments, ticks, bars."""

from homalos.model.event import Event, Record
from homalos.model.ids import InstrumentId


class Rate(Record, frozen=True):
    """A rate of CTP's shape: ``lots x (price x multiplier x by_money + by_lot)``, in yuan."""

    by_money: float = 0.0
    by_lot: float = 0.0


class Fees(Record, frozen=True):
    open: Rate = Rate()
    close: Rate = Rate()
    """Closing yesterday's lots."""
    close_today: Rate = Rate()


class Instrument(Record, frozen=True):
    """A contract, as products.yaml and the venue describe it on one trading day."""

    id: InstrumentId
    exchange: str
    symbol: str
    """The venue's own spelling (``SR605``), the only one that may go over the wire."""
    product: str
    name: str
    multiplier: float
    tick_size: float
    min_lots: int
    max_limit_lots: int
    max_market_lots: int
    """0: the venue takes no market orders for it."""
    long_margin: Rate
    short_margin: Rate
    fees: Fees
    delivery_month: int
    """``yyyymm``; 0 where unknown (index series)."""
    limit_ratio: float
    """Daily price limit as a fraction of the previous settlement."""
    splits_today: bool
    """Whether today's and yesterday's lots are closed by different offsets (SHFE, INE)."""
    single_side: bool = False
    """Whether, over the contracts of the product, only the larger of long and short pays margin
    (大额单边; CTP: ``MaxMarginSideAlgorithm``)."""
    last_trading_day: int = 0
    """``yyyymmdd``, by the venue (CTP: ``ExpireDate``), else by products.yaml; 0: unknown."""


class Depth(Record, frozen=True):
    """Levels two to five, nearest first, as (price, lots)."""

    bids: tuple[tuple[float, int], ...]
    asks: tuple[tuple[float, int], ...]


class Tick(Event, frozen=True):
    """A snapshot of one contract. What the venue did not send is ``None``, never 0 or DBL_MAX.

    ``volume`` and ``turnover`` are cumulative for the trading day, night session included;
    ``turnover`` is in yuan. ``ts_event`` is the venue's time, ``ts_init`` the bus clock's when it
    reached us; ``ts_native`` is the monotonic time at which it came out of the venue's library
    (0 where it was never there): latency is measured from it.
    """

    instrument: InstrumentId
    ts_event: int
    ts_init: int
    trading_day: int
    last_price: float | None
    volume: int
    turnover: float | None
    open_interest: float | None
    bid_price: float | None
    bid_lots: int
    ask_price: float | None
    ask_lots: int
    open_price: float | None = None
    high_price: float | None = None
    low_price: float | None = None
    pre_settlement: float | None = None
    pre_close: float | None = None
    pre_open_interest: float | None = None
    upper_limit: float | None = None
    lower_limit: float | None = None
    settlement: float | None = None
    depth: Depth | None = None
    ts_native: int = 0


class Bar(Event, frozen=True):
    """A closed bar. ``ts_event`` is its end; it spans ``[ts_event - period, ts_event)`` of session
    time. ``turnover`` is ``None`` where the source has none; ``open_interest`` is the last known,
    ``open_interest_change`` its change over the bar.
    """

    instrument: InstrumentId
    period: str
    """``1m``, ``5m`` ... ``1h``, ``1d``."""
    ts_open: int
    ts_event: int
    ts_init: int
    trading_day: int
    open: float
    high: float
    low: float
    close: float
    volume: int
    turnover: float | None
    open_interest: float | None
    open_interest_change: float | None
    ticks: int
