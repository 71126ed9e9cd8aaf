"""Every order of the trading day, found by id, by intent, by the venue's id, by contract."""

from collections.abc import Collection
from math import inf

from homalos.model.enums import Phase, Side
from homalos.model.ids import InstrumentId, OrderId, StrategyId, VenueOrderId
from homalos.model.trading import Order
from homalos.trading.sending import Sending
from homalos.trading.states import LIVE

_BUY = Side.BUY


def exchange_of(instrument: InstrumentId) -> str:
    return instrument.partition(".")[0]


class Resting:
    """Open orders of one contract, and how far they reach: where a new order stops short of these
    prices it cannot meet one of ours."""

    __slots__ = ("highest_buy", "lowest_sell", "orders")

    def __init__(self) -> None:
        self.orders: dict[OrderId, Order] = {}
        self.highest_buy = -inf
        self.lowest_sell = inf

    def put(self, order: Order) -> None:
        self.orders[order.id] = order
        if order.side is _BUY:
            self.highest_buy = max(self.highest_buy, order.price)
        else:
            self.lowest_sell = min(self.lowest_sell, order.price)

    def pop(self, order: Order) -> bool:
        """Whether it was here."""
        if self.orders.pop(order.id, None) is None:
            return False
        rest = self.orders.values()
        if order.price in (self.highest_buy, self.lowest_sell):
            self.highest_buy = max((o.price for o in rest if o.side is _BUY), default=-inf)
            self.lowest_sell = min((o.price for o in rest if o.side is not _BUY), default=inf)
        return True


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
        self.sent = Sending()
        self.open_count = 0
        """Orders that may still trade, or whose trades are not all booked."""
        self.touched: set[OrderId] = set()
        """Orders that came or changed since the venue was last asked what is so."""
        self._orders: dict[OrderId, Order] = {}
        self._intents: dict[OrderId, tuple[OrderId, ...]] = {}
        self._venue: dict[tuple[str, VenueOrderId], OrderId] = {}
        self._open: dict[InstrumentId, Resting] = {}

    def add(self, order: Order) -> None:
        """Register an order that is about to leave."""
        id_ = order.id
        self.touched.add(id_)
        self._orders[id_] = order
        parts = self._intents.get(order.intent_id)
        self._intents[order.intent_id] = (id_,) if parts is None else (*parts, id_)
        self.resting(order.instrument).put(order)
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
        rows = self.resting(order.instrument)
        if is_open(order):
            if order.id not in rows.orders:
                self.open_count += 1
            rows.put(order)
        elif rows.pop(order):
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

    def working(self, instrument: InstrumentId) -> Collection[Order]:
        """Open orders of one contract."""
        rows = self._open.get(instrument)
        return () if rows is None else rows.orders.values()

    def resting(self, instrument: InstrumentId) -> Resting:
        """The same, with their best prices."""
        rows = self._open.get(instrument)
        if rows is None:
            rows = self._open[instrument] = Resting()
        return rows

    def open(self, strategy: StrategyId | None = None) -> tuple[Order, ...]:
        """Open orders, of one strategy or of all, in order of registration per contract."""
        return tuple(
            order
            for rows in self._open.values()
            for order in rows.orders.values()
            if strategy is None or order.strategy == strategy
        )

    def all(self) -> tuple[Order, ...]:
        return tuple(self._orders.values())

    def forget_finished(self) -> None:
        """A new day: what is over need not be found any more."""
        self.sent.forget_day()
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
