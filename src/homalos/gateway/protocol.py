"""What the core asks of a venue, and the only form in which an order may leave."""

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from homalos.model.enums import Channel
from homalos.model.event import Event, Record
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Account, Order, Position, Trade

T = TypeVar("T")

NOT_SENT = {
    -1: "the line is down / 线路未就绪",
    -2: "too many requests are unanswered / 未应答请求过多",
    -3: "too many requests in a second / 每秒请求过多",
    -9: "shadow mode / 影子模式",
}
"""Why nothing left, by the code that ``Gateway.send`` returned: CTP's own three, and ours."""


class Approved(Generic[T]):
    """Proof that the risk gate let ``value`` pass. Only the risk gate may make one (a test holds
    it), and a gateway takes nothing else."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


class VenueSnapshot:
    """What the venue says is so, for reconciliation: complete or not given at all."""

    __slots__ = ("account", "orders", "positions", "trades", "trading_day")

    def __init__(
        self,
        trading_day: int,
        account: Account,
        positions: tuple[Position, ...],
        orders: tuple[Order, ...],
        trades: tuple[Trade, ...],
    ) -> None:
        self.trading_day = trading_day
        self.account = account
        self.positions = positions
        self.orders = orders
        self.trades = trades


class LineHealth(Record, frozen=True):
    """How one line to the venue stands, for the operator. ``state`` is the line's own word."""

    channel: Channel
    ready: bool
    state: str
    since: int
    """Event time of the last change of ``state``."""
    code: int = 0
    """The venue's last error, 0: none since the line was last ready."""
    message: str = ""
    retries: int = 0
    """Attempts since the line was last ready."""


class OpaquePosition(Record, frozen=True):
    """A position that the core neither closes nor values: an option, a combination, hedge or
    arbitrage lots. Its margin is in the venue's account. Money in yuan."""

    account: AccountId
    exchange: str
    symbol: str
    """The venue's own spelling: it may be no contract that we know."""
    direction: str
    """``long``, ``short``, ``net``, or the venue's code where that is none of these."""
    hedge: str
    """The venue's code: CTP's ``1`` speculation, ``2`` arbitrage, ``3`` hedge."""
    kind: str
    """Why it is opaque: ``option``, ``combination``, ``hedge``, ``unknown``."""
    lots: int
    today_lots: int
    margin: float


class Gateway(Protocol):
    """A venue. Everything it learns enters the bus as ingress through ``post``; ticks through
    ``admit``, which is the quality gate and posts what it accepts. Its methods are called on the
    loop's thread and never block.
    """

    name: str
    simulated: bool

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """Open both lines; posts ``ConnectionChanged``, ``TradingDayChanged``,
        ``InstrumentListed`` as they come."""

    def close(self) -> None:
        """Close both lines; no callback enters afterwards."""

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        """Add to the set whose ticks are wanted; kept over reconnects."""

    def send(self, order: Approved[Order]) -> int:
        """Hand one order to the venue. 0: handed over, its fate comes as ``OrderReported``;
        negative (CTP's -1, -2, -3): nothing was sent."""

    def cancel(self, order: Order) -> int:
        """Ask the venue to cancel; the same return codes."""

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        """Fetch account, positions, orders and trades of the day; ``done`` runs on the loop's
        thread, at once or later, and not at all if the line drops."""

    def instruments(self) -> tuple[Instrument, ...]:
        """The contracts known so far."""

    def health(self) -> tuple[LineHealth, ...]:
        """How each line stands, trading before market data."""

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        """What the venue holds beside ``VenueSnapshot.positions``, as of its last whole answer."""
