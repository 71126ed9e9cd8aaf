"""A venue for the order machine: it knows what really happened and answers when the search likes.

Everything trades at ``PRICE``, in one contract of SHFE: so positions and money follow from counts,
and no ledger of ours has a part in them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.unit.trading.desk import ACCOUNT, DAY, RB, RecordingVenue, account

from homalos.gateway.protocol import Approved, VenueSnapshot
from homalos.model.enums import Direction, Offset, OrderStatus, Side
from homalos.model.event import Event
from homalos.model.events import CancelRejected, OrderReported, TradeReported
from homalos.model.ids import UNATTRIBUTED, AccountId, OrderId, TradeId, VenueOrderId
from homalos.model.trading import Order, Position, Trade

PRICE = 3500.0
OPENING = 1e9
OPEN_FEE, CLOSE_FEE = 3.5, 10.5
"""A lot at ``PRICE``: one in 10,000 and three in 10,000 (of today's) of 35,000."""
S = OrderStatus
FINAL = frozenset({S.FILLED, S.CANCELLED, S.REJECTED})


@dataclass
class Held:
    """An order as the venue has it."""

    order: Order
    name: VenueOrderId | None = None
    """CTP knows the order before the exchange names it."""
    status: OrderStatus = S.SUBMITTED
    traded: int = 0
    foreign: bool = False

    @property
    def left(self) -> int:
        return self.order.lots - self.traded

    @property
    def over(self) -> bool:
        return self.status in FINAL


@dataclass
class ModelVenue(RecordingVenue):
    """``fate``: what becomes of the next order: it arrives, is refused by the line, gets lost, or
    arrives though the call raised."""

    fate: str = "arrives"
    up: bool = True
    held: dict[OrderId, Held] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    words: list[Event] = field(default_factory=list)
    """Said, and not heard yet."""
    cancels: list[OrderId] = field(default_factory=list)
    """Under way."""
    questions: list[Callable[[VenueSnapshot], None]] = field(default_factory=list)
    answers: list[tuple[Callable[[VenueSnapshot], None], VenueSnapshot]] = field(
        default_factory=list
    )
    now: Callable[[], int] = lambda: 0

    def __post_init__(self) -> None:
        super().__init__()
        self.simulated = False

    # ------------------------------------------------------------ what the daemon calls

    def send(self, order: Approved[Order]) -> int:
        if self.fate == "refused" or not self.up:
            return -2
        self.sent.append(order.value)
        if self.fate != "lost":
            self.held[order.value.id] = Held(order.value)
        if self.fate == "raises":
            raise OSError("the line broke in mid-call")
        return 0

    def cancel(self, order: Order) -> int:
        if not self.up:
            return -2
        self.cancelled.append(order.id)
        self.cancels.append(order.id)
        return 0

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        self.queries += 1
        self.questions.append(done)

    # ------------------------------------------------------------ what happens at the venue

    def say(self, held: Held, status: OrderStatus) -> None:
        held.status = status
        if held.name is None:
            held.name = VenueOrderId(f"{len(self.held):>12}:{held.order.id}")
        id_, order = None if held.foreign else held.order.id, held.order
        self.words.append(
            OrderReported(
                id_, held.name, order.instrument, status, held.traded, 0, "", self.now(), self.now()
            )
        )

    def fill(self, held: Held, lots: int) -> None:
        """The trade first, then the report of it; they are heard in any order."""
        order = held.order
        held.traded += lots
        self.say(held, S.FILLED if not held.left else S.PARTIALLY_FILLED)
        number = TradeId(f"{len(self.trades) + 1:>12}")
        id_ = None if held.foreign else order.id
        trade = Trade(
            number, id_, ACCOUNT, UNATTRIBUTED, order.instrument, order.side, order.offset, PRICE,
            lots, 0.0, DAY, self.now(), self.now(), held.name,
        )  # fmt: skip
        self.trades.append(trade)
        self.words.append(
            TradeReported(
                id_, held.name, number, trade.instrument, trade.side, trade.offset, PRICE, lots,
                DAY, self.now(), self.now(),
            )
        )  # fmt: skip

    def take_cancel(self, id_: OrderId, code: int) -> None:
        """It is done, or refused with ``code``; what is over answers 26."""
        held = self.held.get(id_)
        if held is None or held.over or code:
            code = 25 if held is None else 26 if held.over else code
            self.words.append(CancelRejected(id_, code, "no", self.now()))
        else:
            self.say(held, S.CANCELLED)

    def cut(self, forgets: bool) -> None:
        """The line is down: no answer comes; ``forgets``: nor what was said and not heard."""
        self.up = False
        self.questions.clear()
        self.answers.clear()
        self.cancels.clear()
        if forgets:
            self.words.clear()

    # ------------------------------------------------------------ what is so

    def closable(self, side: Side) -> int:
        """Lots that somebody else may close by ``side``: held, and bound by no working close."""
        there = self.lots(Direction.SHORT if side is Side.BUY else Direction.LONG)
        bound = sum(
            held.left
            for held in self.held.values()
            if not held.over and held.order.side is side and held.order.offset is not Offset.OPEN
        )
        return there - bound

    def lots(self, direction: Direction) -> int:
        opens = Side.BUY if direction is Direction.LONG else Side.SELL
        return sum(
            trade.lots if trade.offset is Offset.OPEN else -trade.lots
            for trade in self.trades
            if (trade.side is opens) is (trade.offset is Offset.OPEN)
        )

    def snapshot_now(self) -> VenueSnapshot:
        fees = sum(
            t.lots * (OPEN_FEE if t.offset is Offset.OPEN else CLOSE_FEE) for t in self.trades
        )
        money = account(OPENING)
        money = type(money)(
            money.id, DAY, OPENING, 0, 0, 0, 0, fees, 0, 0, 0, OPENING - fees, OPENING - fees, 0
        )
        rows = tuple(
            Position(ACCOUNT, RB, d, self.lots(d), 0, 0, 0, PRICE, PRICE, 0.0, 0.0, None)
            for d in Direction
            if self.lots(d)
        )
        orders = tuple(self._row(held) for held in self.held.values())
        return VenueSnapshot(DAY, money, rows, orders, tuple(self.trades))

    def _row(self, held: Held) -> Order:
        from msgspec.structs import replace

        return replace(
            held.order, id=OrderId("") if held.foreign else held.order.id, status=held.status,
            traded_lots=held.traded, venue_order_id=held.name, strategy=UNATTRIBUTED,
            cancel_requested=False, booked_lots=0,
        )  # fmt: skip
