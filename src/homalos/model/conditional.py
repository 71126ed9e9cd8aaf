"""Conditional orders: what waits in the daemon for a price. No exchange knows of them.

CTP has kinds of its own that live at a broker or at one exchange (FACTS A8); these here are local
on all of them, and everything that shows one says so with ``LOCAL``.
"""

from enum import StrEnum

from homalos.model.enums import Side
from homalos.model.event import Record
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId

LOCAL = "local: does not exist while this machine is off / 本地条件单：关机即不存在"


class ConditionalKind(StrEnum):
    STOP = "stop"
    """Sends a market order when the price has reached the trigger against the position."""
    STOP_LIMIT = "stop_limit"
    """The same with a limit order."""
    TAKE_PROFIT = "take_profit"
    """Sends when the price has reached the trigger in the position's favour."""
    TRAILING = "trailing"
    """A stop whose trigger follows the best price at a distance."""


class TriggerSource(StrEnum):
    """The price that is compared with the trigger."""

    LAST = "last"
    BID = "bid"
    ASK = "ask"


class GapPolicy(StrEnum):
    """What to do when the first price after an opening (or a break, a restart, a lost line, a
    halt: whenever nobody could act) is beyond the trigger already."""

    FIRE = "fire"
    """Send as if the trigger had just been reached."""
    LIMIT = "limit"
    """Send a limit order at the trigger, which may rest."""
    CANCEL = "cancel"
    """Send nothing; it ends, with an alert."""


class ConditionalStatus(StrEnum):
    WAITING = "waiting"
    """For the first fill of its bracket's entry."""
    ARMED = "armed"
    TRIGGERED = "triggered"
    """Its price has come; what works for the same lots is being cancelled first."""
    FIRED = "fired"
    """Its one intent has been sent."""
    DONE = "done"
    """Everything that it was for is traded."""
    FAILED = "failed"
    """Its intent has ended with lots left."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Its good-till time came before its price."""
    REFUSED = "refused"
    """It was never taken."""


_S = ConditionalStatus
TRANSITIONS: dict[ConditionalStatus, frozenset[ConditionalStatus]] = {
    _S.WAITING: frozenset({_S.ARMED, _S.CANCELLED, _S.EXPIRED}),
    # Armed anew: a trailing trigger has moved, an entry has filled further.
    _S.ARMED: frozenset({_S.ARMED, _S.TRIGGERED, _S.FIRED, _S.CANCELLED, _S.EXPIRED}),
    # Its price has come: time does not end it any more.
    _S.TRIGGERED: frozenset({_S.TRIGGERED, _S.FIRED, _S.CANCELLED}),
    # Armed again only at a restart that finds that its intent never became an order.
    _S.FIRED: frozenset({_S.FIRED, _S.DONE, _S.FAILED, _S.ARMED}),
    _S.DONE: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REFUSED: frozenset(),
}
"""The whole life of a conditional order."""

LIVE = frozenset(status for status, further in TRANSITIONS.items() if further)


class Conditional(Record, frozen=True):
    """One conditional order; alone, or a leg of an OCO pair or of a bracket.

    Prices are on the contract's tick grid. ``side`` is that of the order it sends.
    """

    id: OrderId
    """Also the id of the intent that it sends, so that it is sent once, whatever happens."""
    group: OrderId
    """Shared by the legs of one OCO pair or bracket (a bracket's is its entry's id); alone its own
    id."""
    account: AccountId
    strategy: StrategyId
    instrument: InstrumentId
    side: Side
    kind: ConditionalKind
    lots: int
    """Of the group; of a bracket what its entry has traded so far."""
    trigger: float | None
    """``None``: a trailing one that has seen no price yet."""
    ts_init: int
    limit: float | None = None
    """Price of the order that it sends; ``None``: a market order."""
    source: TriggerSource = TriggerSource.LAST
    gap: GapPolicy = GapPolicy.FIRE
    trail_ticks: int = 0
    trail_percent: float = 0.0
    """Distance of a trailing trigger from the best price; one of the two is 0."""
    ticks: int | None = None
    """How far its market order goes through the opposite price; ``None``: as configured."""
    entry: OrderId | None = None
    """A bracket's entry."""
    opens: bool = False
    """It opens a position; otherwise it is an exit, and closes lots of its own book only."""
    good_till: int = 0
    """Event time from which it is over; 0: until it is cancelled."""
    tag: str = ""
    status: ConditionalStatus = ConditionalStatus.ARMED
    sent_lots: int = 0
    """Of its own intent; less than was left where the book held less."""
    traded_lots: int = 0
    """By its own intent."""
    why: str = ""
    ts_event: int = 0
    left: bool = False
    """Its intent has become orders, or a denial."""

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def falls(self) -> bool:
        """Whether the trigger is reached from above."""
        return (self.side is Side.SELL) is (self.kind is not ConditionalKind.TAKE_PROFIT)
