"""Cancels never wait for a risk rule, are not sent twice, and are not lost.

A cancel of an order that the venue has not named yet waits for its first report (FACTS A7: it would
be answered with 25, 26 or 157); one that could not leave is tried again.
"""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from homalos.gateway.protocol import Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.enums import OrderStatus, Severity
from homalos.model.events import CancelRejected
from homalos.model.ids import OrderId
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading.states import LIVE

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

NOT_FOUND, ALREADY_FINAL, NOT_WHILE_UNKNOWN = 25, 26, 157


class Cancels:
    """Part of the order manager."""

    def __init__(self, bus: Bus, timers: Timers, gateway: Gateway, manager: "OrderManager") -> None:
        self._bus = bus
        self._timers = timers
        self._gateway = gateway
        self._manager = manager
        self._waiting: dict[OrderId, None] = {}
        self._armed = False

    def request(self, order: Order) -> None:
        """Cancel a live order; anything else, and a repeat, is quietly nothing."""
        if order.status not in LIVE or order.cancel_requested:
            return
        wanted = replace(order, cancel_requested=True)
        self._manager.registry.put(wanted)
        if _nameable(wanted):
            self._send(wanted)
        else:
            self._waiting[order.id] = None

    def on_news(self, order: Order) -> None:
        """A report came: a cancel that waited for it may leave now."""
        if order.id not in self._waiting:
            return
        if order.status not in LIVE:
            del self._waiting[order.id]
        elif _nameable(order):
            del self._waiting[order.id]
            self._send(order)

    def on_rejected(self, event: CancelRejected) -> None:
        """The order is what it was: its cancel may be asked for again; 26 says its end is on its
        way, so it is only watched; 157 says to wait for the venue's next word."""
        order = self._manager.registry.get(event.order_id)
        if order is None or order.status not in LIVE:
            return
        if event.code == NOT_WHILE_UNKNOWN or (
            event.code == NOT_FOUND and order.venue_order_id is None
        ):
            self._waiting[order.id] = None
        elif event.code in (ALREADY_FINAL, NOT_FOUND):
            self._manager.sync.suspect(order.id, f"cancel of {order.id}: {event.code}")
        else:
            self._manager.registry.put(replace(order, cancel_requested=False))
        self._manager.alert(
            Severity.WARNING, f"cancel of {order.id} refused: {event.code} {event.message}"
        )

    def retry(self) -> None:
        """Send what waits and can be named (timer, reconnect)."""
        for id_ in list(self._waiting):
            order = self._manager.registry.get(id_)
            if order is None or order.status not in LIVE:
                del self._waiting[id_]
            elif _nameable(order):
                del self._waiting[id_]
                self._send(order)

    def _send(self, order: Order) -> None:
        if self._manager.muted:
            return
        if self._gateway.cancel(order) < 0:
            self._waiting[order.id] = None
            if not self._armed:
                self._armed = True
                delay = self._manager.section.cancel_retry_ms * MILLISECOND
                self._timers.call_at(self._bus.clock.now() + delay, self._again)

    def _again(self) -> None:
        self._armed = False
        self.retry()


def _nameable(order: Order) -> bool:
    """The venue has named it, or at least shown that it has it."""
    return order.venue_order_id is not None or order.status in (
        OrderStatus.ACCEPTED,
        OrderStatus.PARTIALLY_FILLED,
    )
