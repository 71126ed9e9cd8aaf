"""Every order of the trading day, found by id, by intent, by the venue's id, by contract."""

from collections import deque
from collections.abc import Iterable

from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId, OrderId, StrategyId, VenueOrderId
from homalos.model.times import MINUTE, SECOND
from homalos.model.trading import Order
from homalos.trading.states import LIVE


def exchange_of(instrument: InstrumentId) -> str:
    return instrument.partition(".")[0]


class RateWindow:
    """Orders sent in the last second and the last minute of event time, borders exact."""

    __slots__ = ("_minute", "_second")

    def __init__(self) -> None:
        self._second: deque[int] = deque()
        self._minute: deque[int] = deque()

    def add(self, now: int) -> None:
        self._second.append(now)
        self._minute.append(now)

    def last_second(self, now: int) -> int:
        return self._count(self._second, now - SECOND)

    def last_minute(self, now: int) -> int:
        return self._count(self._minute, now - MINUTE)

    @staticmethod
    def _count(times: deque[int], since: int) -> int:
        while times and times[0] <= since:
            times.popleft()
        return len(times)


class VenueStatus:
    """What the venue says about itself. Only the order manager changes it."""

    __slots__ = ("connected", "phases")

    def __init__(self) -> None:
        self.connected = False
        """The trading line."""
        self.phases: dict[tuple[str, str], Phase] = {}
        """By (exchange, product)."""


class OrderRegistry:
    """Orders and their indexes. Only the order manager changes it."""

    def __init__(self) -> None:
        self.rate = RateWindow()
        self.open_count = 0
        """Orders that may still trade, or whose trades are not all booked."""
        self.touched: set[OrderId] = set()
        """Orders that came or changed since the venue was last asked what is so."""
        self._orders: dict[OrderId, Order] = {}
        self._intents: dict[OrderId, tuple[OrderId, ...]] = {}
        self._venue: dict[tuple[str, VenueOrderId], OrderId] = {}
        self._open: dict[InstrumentId, dict[OrderId, Order]] = {}

    def add(self, order: Order) -> None:
        """Register an order that is about to leave."""
        id_ = order.id
        self.touched.add(id_)
        self._orders[id_] = order
        parts = self._intents.get(order.intent_id)
        self._intents[order.intent_id] = (id_,) if parts is None else (*parts, id_)
        rows = self._open.get(order.instrument)
        if rows is None:
            rows = self._open[order.instrument] = {}
        rows[id_] = order
        self.open_count += 1

    def put(self, order: Order) -> None:
        """Replace what is known of this order; one that is not known is registered."""
        known = self._orders.get(order.id)
        if known is None:
            self.add(order)
        self.touched.add(order.id)
        self._orders[order.id] = order
        if order.venue_order_id is not None and (
            known is None or known.venue_order_id != order.venue_order_id
        ):
            self._venue[exchange_of(order.instrument), order.venue_order_id] = order.id
        rows = self._open.setdefault(order.instrument, {})
        if is_open(order):
            if order.id not in rows:
                self.open_count += 1
            rows[order.id] = order
        elif rows.pop(order.id, None) is not None:
            self.open_count -= 1

    def get(self, id_: OrderId | None) -> Order | None:
        return None if id_ is None else self._orders.get(id_)

    def find(
        self, id_: OrderId | None, instrument: InstrumentId, venue_id: VenueOrderId | None
    ) -> Order | None:
        """By our id, else by (exchange, the venue's id): the latter alone mixes exchanges."""
        order = self.get(id_)
        if order is None and venue_id is not None:
            order = self.get(self._venue.get((exchange_of(instrument), venue_id)))
        return order

    def of_intent(self, id_: OrderId) -> tuple[Order, ...]:
        """All orders of an intent; or the one order of this id."""
        ids = self._intents.get(id_)
        if ids is None:
            order = self._orders.get(id_)
            return () if order is None else (order,)
        return tuple(self._orders[i] for i in ids)

    def knows_intent(self, id_: OrderId) -> bool:
        return id_ in self._intents

    def working(self, instrument: InstrumentId) -> Iterable[Order]:
        """Open orders of one contract."""
        rows = self._open.get(instrument)
        return rows.values() if rows else ()

    def open(self, strategy: StrategyId | None = None) -> tuple[Order, ...]:
        """Open orders, of one strategy or of all, in order of registration per contract."""
        return tuple(
            order
            for rows in self._open.values()
            for order in rows.values()
            if strategy is None or order.strategy == strategy
        )

    def all(self) -> tuple[Order, ...]:
        return tuple(self._orders.values())

    def forget_finished(self) -> None:
        """A new day: what is over need not be found any more."""
        kept = [order for order in self._orders.values() if is_open(order)]
        self._orders, self._intents, self._venue = {}, {}, {}
        self._open, self.open_count = {}, 0
        for order in kept:
            self.put(order)

    def state(self) -> tuple[object, ...]:
        return tuple(self._orders[id_] for id_ in sorted(self._orders))


def is_open(order: Order) -> bool:
    """It may still trade, or trades that the venue counted have not been booked yet."""
    return order.status in LIVE or order.traded_lots > order.booked_lots
