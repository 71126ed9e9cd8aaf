"""One intent that is worked on: pure facts about it, and the record that keeps it over a restart.

    HELD -> WORKING -> ENDED            a hold, a time-out that cancels
            WORKING -> RETRY -> WORKING         the next try of a market order
            WORKING -> ENDING -> RETRY -> WORKING       chase, replace

A *round* is the orders that one resolution of the intent made. The next round is made of what the
orders of this one left when all have ended and all their fills are booked, never before: lots that
would still close stay closes, and what the venue refused or our risk denied is not sent again.
"""

from collections.abc import Sequence

from homalos.config.sections.trading import TradingSection
from homalos.kernel.timers import Timer
from homalos.model.enums import IntentStage, Offset, OnTimeout, OrderKind, OrderStatus
from homalos.model.events import IntentChanged, SubmitOrder
from homalos.model.trading import Order

ROUND_IDS = 100
"""Numbers of order ids that a round may use."""
_OPEN, _CANCELLED = Offset.OPEN, OrderStatus.CANCELLED


class Plan:
    """See the module. Only ``WorkingIntents`` changes it."""

    __slots__ = (
        "due", "first", "intent", "placing", "recovered", "replaced", "rounds", "stage", "timer",
        "tries", "why",
    )  # fmt: skip

    def __init__(self, intent: SubmitOrder) -> None:
        self.intent = intent
        """With the terms that hold now."""
        self.stage = IntentStage.HELD
        self.tries = 0
        """Rounds sent since its terms were given."""
        self.rounds = 0
        """Rounds sent in all."""
        self.first = 0
        """Orders of the intent before the round that works, or worked last."""
        self.replaced = False
        """Its lots are the whole intent's, what it has traded included."""
        self.due = 0
        """When to look at it again; 0: when something happens."""
        self.why = ""
        self.timer: Timer | None = None
        self.placing = False
        """Its orders are just being made: the round is not over, whatever is said of them."""
        self.recovered = False
        """Of an earlier run, until books and venue agree."""

    @property
    def number(self) -> int:
        """Of the next round's first order's id."""
        return self.rounds * ROUND_IDS

    def cap(self, section: TradingSection) -> int:
        """Rounds that may be sent in all."""
        intent = self.intent
        if intent.max_tries:
            return intent.max_tries
        if intent.kind is OrderKind.MARKET:
            return section.market_tries
        return section.chase_tries if intent.on_timeout is OnTimeout.CHASE else 1

    def rest(self, orders: Sequence[Order]) -> tuple[int, int]:
        """Lots to be sent: those that may only close, and the others. ``orders``: all of the
        intent that left."""
        last = [order for order in orders[self.first :] if order.status is _CANCELLED]
        closing = sum(o.lots - o.booked_lots for o in last if o.offset is not _OPEN)
        opening = sum(o.lots - o.booked_lots for o in last if o.offset is _OPEN)
        rest = max(0, self.intent.lots - sum(order.booked_lots for order in orders))
        if self.replaced:
            if all(order.offset is not _OPEN for order in orders[self.first :]):
                return rest, 0  # an exit stays one, however large it has become
            opening = max(0, rest - closing)
        if self.intent.reduce_only:  # perhaps only since its other lots may not open any more
            return min(closing, rest), 0
        return (min(closing, rest), opening) if self.replaced else (closing, opening)

    def record(self, lots: int, now: int) -> IntentChanged:
        return IntentChanged(
            self.intent, self.stage, lots, self.tries, self.rounds, self.first, self.due,
            self.why, now, self.replaced,
        )  # fmt: skip

    def state(self) -> tuple[object, ...]:
        """When a cancel is asked for again is nobody's business but this run's."""
        due = 0 if self.stage is IntentStage.ENDING else self.due
        return (
            self.intent, self.stage.value, self.tries, self.rounds, self.first, due, self.replaced,
        )  # fmt: skip


def round_of(order: Order) -> int:
    """The round that it was of, counted from 0."""
    return int(order.id[len(order.intent_id) + 1 :] or 0) // ROUND_IDS


def restored(event: IntentChanged) -> Plan:
    """The plan as its last record told."""
    plan = Plan(event.intent)
    plan.stage, plan.tries, plan.rounds = event.stage, event.tries, event.rounds
    plan.first, plan.due, plan.why = event.first, event.due, event.why
    plan.replaced, plan.recovered = event.replaced, True
    return plan
