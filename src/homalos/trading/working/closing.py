"""Which lots of what works, rests or waits still close when nothing may open any more.

At the exchange an order closes by its word. A book that may take other books' lots (modes ``net``
and ``lock``) is opened by such a close all the same; so where it is one strategy that has to stop,
an order of such a book closes only what its own book falls by. Lots of a book are handed out once,
to the oldest order first. For the account as a whole the word is enough.
"""

from typing import TYPE_CHECKING

from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.events import SubmitOrder
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.trading import Order
from homalos.trading.registry import is_open
from homalos.trading.working.plan import Plan

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

_OPEN, _CANCELLED = Offset.OPEN, OrderStatus.CANCELLED


class Closing:
    """As things stand now, of one strategy or (empty) of all."""

    def __init__(self, manager: "OrderManager", strategy: StrategyId) -> None:
        self._manager = manager
        self._by_word = not strategy
        self._left: dict[tuple[InstrumentId, Side], int] = {}
        """Lots that the strategy's book still falls by."""
        self._given: dict[OrderId, int] = {}
        self.live = manager.registry.open(strategy or None)
        for order in self.live:
            self.of_order(order)

    def opens(self, order: Order) -> bool:
        """Whether any of it does."""
        return order.offset is _OPEN or self.of_order(order) < _rest(order)

    def of_order(self, order: Order) -> int:
        """Lots of what is left of it."""
        if order.offset is _OPEN:
            return 0
        lots = _rest(order)
        if self._by_word:
            return lots
        book = self._manager.book(order.strategy, order.instrument)
        if book is None or book.mode == "own":
            return lots
        if order.id not in self._given:
            key = order.instrument, order.side
            left = self._left.get(key, max(0, -order.side.sign * book.net))
            self._given[order.id] = given = min(lots, left)
            self._left[key] = left - given
        return self._given[order.id]

    def of_plan(self, plan: Plan) -> tuple[int, int]:
        """(lots that close, lots that would open), sent or to be sent."""
        intent = plan.intent
        orders = self._manager.registry.of_intent(intent.intent_id)
        if not orders:
            return self._of_intent(intent)
        last = [o for o in orders[plan.first :] if is_open(o) or o.status is _CANCELLED]
        closing, lots = sum(map(self.of_order, last)), sum(map(_rest, last))
        if plan.replaced and any(order.offset is _OPEN for order in orders[plan.first :]):
            lots = max(lots, intent.lots - sum(order.booked_lots for order in orders))
        return closing, lots - closing

    def _of_intent(self, intent: SubmitOrder) -> tuple[int, int]:
        """Of one that no order was made of yet: by its own book."""
        book = self._manager.book(intent.strategy, intent.instrument)
        lots, side = intent.lots, intent.side
        if intent.reduce_only:
            return lots, 0
        if book is None or intent.offset is _OPEN:
            return 0, lots
        if book.mode != "own":
            closing = min(lots, book.closable(side))
            return closing, lots - closing
        if intent.offset is not None:
            return lots, 0  # whatever is not there to be closed is denied
        # Lots that a working close binds may be free when this one leaves.
        return min(lots, max(0, -side.sign * book.net)), max(0, lots - book.closable(side))


def _rest(order: Order) -> int:
    return order.lots - order.booked_lots
