"""What one strategy has sent and holds, folded from its own facts alone.

A desk outlives its strategy's code: a reload, a stop, an unload change nothing at the venue. It
counts lots by the trades that reached it, in the order in which they reached it, so that no lot is
ever counted both as working and as held, or as neither.
"""

from homalos.model.conditional import Conditional
from homalos.model.enums import Direction, IntentStage, OrderStatus, Side
from homalos.model.events import IntentChanged
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.trading import Order, Trade
from homalos.strategy.terms import Terms

_OVER = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.DENIED}
)
"""Statuses in which nothing works any more. ``UNRESOLVED`` is not one: it may still fill."""


class Intent:
    """One wish of a strategy, and the orders (legs) that the offset resolver made of it."""

    __slots__ = (
        "_booked", "cancelled", "due_lots", "id", "instrument", "legs", "lots", "price", "side",
        "stage", "tag", "why",
    )  # fmt: skip

    def __init__(
        self,
        intent_id: OrderId,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        price: float | None,
        tag: str,
        booked: dict[OrderId, int],
    ) -> None:
        self.id = intent_id
        self.instrument = instrument
        self.side = side
        self.lots = lots
        self.due_lots = lots
        """That have come as orders or will: more than ``lots`` where some were sent again."""
        self.stage: IntentStage | None = None
        """Where it stands, if the core works on it beyond its first orders; and ``why``."""
        self.why = ""
        self.price = price
        """``None``: a market order."""
        self.tag = tag
        self.cancelled = False
        """A cancel was asked for: do not count on it to fill, nor to end."""
        self.legs: dict[OrderId, Order] = {}
        self._booked = booked

    @property
    def waiting_lots(self) -> int:
        """Lots of which nothing was heard yet, or which are held, or still to be sent again."""
        return max(self.due_lots - self._heard, 0)

    @property
    def _heard(self) -> int:
        return sum(leg.lots for leg in self.legs.values())

    def change(self, event: IntentChanged) -> None:
        """What the core says of it."""
        self.lots, self.price = event.intent.lots, event.intent.price
        self.stage, self.why = event.stage, event.why
        self.due_lots = self._heard + event.lots

    @property
    def traded_lots(self) -> int:
        """Lots of the trades that reached us."""
        return sum(self._booked.get(leg, 0) for leg in self.legs)

    @property
    def working_lots(self) -> int:
        """Lots that may still fill, those not yet judged by risk included."""
        return self.waiting_lots + sum(
            leg.remaining_lots for leg in self.legs.values() if leg.status not in _OVER
        )

    @property
    def unsettled_lots(self) -> int:
        """Lots that will or may still move the position: working, or filled without their trade."""
        lots = self.waiting_lots
        for leg in self.legs.values():
            lots += _unsettled(leg, self._booked)
        return lots

    @property
    def live(self) -> bool:
        return self.working_lots > 0


def _unsettled(order: Order, booked: dict[OrderId, int]) -> int:
    final = order.traded_lots if order.status in _OVER else order.lots
    return max(final - booked.get(order.id, 0), 0)


class Desk:
    """Intents and net lots of one strategy."""

    def __init__(self, strategy: StrategyId) -> None:
        self.strategy = strategy
        self.net: dict[InstrumentId, int] = {}
        self.intents: dict[OrderId, Intent] = {}
        """Those that are not settled, oldest first."""
        self.conditionals: dict[OrderId, Conditional] = {}
        """Conditional orders that wait in the core, or whose intent still works."""
        self.targets: dict[InstrumentId, tuple[int, float | None, Terms | None]] = {}
        """Targets that wait for cancels: net lots, price, terms."""
        self._booked: dict[OrderId, int] = {}
        """Lots by order id of the trades that reached us, settled orders of the day included:
        the venue repeats itself, and a trade may come after its order's end."""
        self._legs: dict[OrderId, Intent] = {}
        """Of unsettled intents, by order id."""

    def open(
        self,
        intent_id: OrderId,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        price: float | None,
        tag: str,
    ) -> Intent:
        """Note a wish before it is published."""
        intent = Intent(intent_id, instrument, side, lots, price, tag, self._booked)
        self.intents[intent_id] = intent
        return intent

    def recover(self, order: Order) -> None:
        """Take over an order of an earlier run, whose booked lots are in ``net`` already."""
        self._booked[order.id] = order.booked_lots
        self.on_order(order)

    def on_order(self, order: Order) -> None:
        """A fact about one leg."""
        intent = self.intents.get(order.intent_id)
        if intent is None:
            if not _unsettled(order, self._booked):
                return
            intent = self.open(
                order.intent_id, order.instrument, order.side, order.lots, order.price, ""
            )
        if order.id not in intent.legs:
            intent.due_lots = max(intent.due_lots, intent._heard + order.lots)
            if intent.stage is None:
                intent.lots = intent.due_lots
        intent.legs[order.id] = order
        self._legs[order.id] = intent
        self._settle(intent)

    def on_conditional(self, order: Conditional) -> None:
        """What has become of a conditional order."""
        if order.live:
            self.conditionals[order.id] = order
        else:
            self.conditionals.pop(order.id, None)

    def on_intent(self, event: IntentChanged) -> None:
        """The core holds it, sends more of it, or does no more for it."""
        wish = event.intent
        intent = self.intents.get(wish.intent_id)
        if intent is None:
            if not event.lots:
                return
            intent = self.open(
                wish.intent_id, wish.instrument, wish.side, wish.lots, wish.price, wish.tag
            )
        intent.change(event)
        self._settle(intent)

    def on_trade(self, trade: Trade) -> None:
        """A fill of one leg."""
        lots = trade.side.sign * trade.lots
        self.net[trade.instrument] = self.net.get(trade.instrument, 0) + lots
        if trade.order_id is None:
            return
        self._booked[trade.order_id] = self._booked.get(trade.order_id, 0) + trade.lots
        intent = self._legs.get(trade.order_id)
        if intent is not None:
            self._settle(intent)

    def expire(self, instrument: InstrumentId, direction: Direction) -> None:
        """The contract is over: the lots of that direction are gone, and so is any target."""
        sign = 1 if direction is Direction.LONG else -1
        if self.net.get(instrument, 0) * sign > 0:
            self.net[instrument] = 0
        self.targets.pop(instrument, None)

    def _settle(self, intent: Intent) -> None:
        if not intent.unsettled_lots and intent.stage in (None, IntentStage.ENDED):
            self.intents.pop(intent.id, None)
            for leg in intent.legs:
                self._legs.pop(leg, None)

    def find(self, order_id: OrderId) -> Intent | None:
        """The unsettled intent with this id, or with this leg."""
        return self.intents.get(order_id) or self._legs.get(order_id)

    def on(self, instrument: InstrumentId | None) -> list[Intent]:
        """Unsettled intents on one contract, or on all."""
        return [i for i in self.intents.values() if instrument in (None, i.instrument)]

    def expected(self, instrument: InstrumentId) -> int:
        """Net lots once everything that works has filled."""
        return self.net.get(instrument, 0) + sum(
            i.side.sign * i.unsettled_lots for i in self.on(instrument)
        )

    def forget_day(self) -> None:
        """A new trading day: settled orders of the last one are heard of no more."""
        for order_id in [key for key in self._booked if key not in self._legs]:
            del self._booked[order_id]

    def state(self) -> object:
        """Deterministic, for the state hash."""
        return (
            tuple(sorted((i, lots) for i, lots in self.net.items() if lots)),
            tuple((i.id, i.instrument, i.side, i.lots) for i in self.intents.values()),
            tuple(sorted((i, lots) for i, (lots, *_) in self.targets.items())),
        )
