"""Cancels never wait for a risk rule, are not sent twice, and are not lost.

A cancel of an order that the venue has not named yet waits for its first report (FACTS A7: it would
be answered with 25, 26 or 157); one that could not leave is tried again; one that nothing came of
is asked after, and sent again if the venue still holds the order.
"""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from homalos.gateway.protocol import Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.cancelling import CancelOpens
from homalos.model.enums import OrderStatus, Phase, Severity
from homalos.model.events import CancelRejected
from homalos.model.ids import UNATTRIBUTED, OrderId, StrategyId
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading.deadlines import Deadlines
from homalos.trading.states import LIVE
from homalos.trading.working.closing import Closing

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

NOT_FOUND, ALREADY_FINAL, NOT_WHILE_UNKNOWN = 25, 26, 157
PASS_IN = frozenset({None, Phase.CONTINUOUS, Phase.AUCTION})
"""Phases in which a venue takes a cancel; None: it has not told."""


def cancel_opens(bus: Bus, strategy: StrategyId, who: str, why: str) -> None:
    """Cancel and end all that would open, of one strategy or (empty) of all: ``CancelOpens``."""
    bus.publish(CancelOpens(strategy, who, why, bus.clock.now()))


class Cancels:
    """Part of the order manager."""

    def __init__(self, bus: Bus, timers: Timers, gateway: Gateway, manager: "OrderManager") -> None:
        self._bus = bus
        self._timers = timers
        self._gateway = gateway
        self._manager = manager
        self._waiting: dict[OrderId, None] = {}
        self._armed = False
        self._deadlines = Deadlines(bus, timers, self._on_deadline)
        self._due: dict[OrderId, int] = {}
        """When to ask after a wanted cancel; the deadlines of other times are superseded."""
        self._overdue: dict[OrderId, None] = {}
        """Cancels without an answer: sent again unless the venue's next snapshot ends them."""
        self._later: dict[OrderId, None] = {}
        """To be cancelled as soon as the phase of their product allows it."""

    def request(self, order: Order) -> None:
        """Cancel a live order; anything else, and a repeat, is quietly nothing."""
        if not order.cancel_requested:
            self.insist(order)

    def insist(self, order: Order) -> None:
        """Cancel a live order, whatever was sent before (the kill switch)."""
        if order.status not in LIVE:
            return
        wanted = replace(order, cancel_requested=True)
        self._manager.registry.put(wanted)
        self._go(wanted)

    def on_opens(self, command: CancelOpens) -> None:
        """Cancel what opens and rests; other terminals' stays."""
        self.opens(command.strategy, f"{command.who}: {command.why}")

    def opens(self, strategy: StrategyId, why: str) -> None:
        """Of one strategy or (empty) of all."""
        manager = self._manager
        found = Closing(manager, strategy)
        manager.working.stop_opens(found, strategy, why)
        for order in found.live:
            if order.strategy == UNATTRIBUTED or not found.opens(order):
                continue
            if manager.phase(order.instrument) in PASS_IN:
                self.request(order)
            else:
                self._later[order.id] = None

    def on_phase(self) -> None:
        """Some product takes cancels again, perhaps."""
        for id_ in list(self._later):
            order = self._manager.registry.get(id_)
            if order is None or self._manager.phase(order.instrument) in PASS_IN:
                del self._later[id_]
                if order is not None:
                    self.request(order)

    def resend(self) -> None:
        """A new line: what was asked for over the old one may have been lost with it."""
        for order in self._manager.registry.open():
            if order.cancel_requested and order.status in LIVE:
                self._go(order)

    def on_answer(self) -> None:
        """A snapshot of the venue is merged: what it left alive is cancelled once more."""
        overdue, self._overdue = self._overdue, {}
        for id_ in overdue:
            order = self._manager.registry.get(id_)
            if order is not None and order.status in LIVE and order.cancel_requested:
                self._go(order)

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
            self._forget(order.id)
            self._manager.registry.put(replace(order, cancel_requested=False))
        self._manager.alert(
            Severity.WARNING, f"cancel of {order.id} refused: {event.code} {event.message}"
        )

    def retry(self) -> None:
        """Send what waits and can be named."""
        for id_ in list(self._waiting):
            order = self._manager.registry.get(id_)
            if order is None or order.status not in LIVE:
                del self._waiting[id_]
            elif _nameable(order):
                del self._waiting[id_]
                self._send(order)

    def _go(self, order: Order) -> None:
        """Now, or when the venue has named the order; either way not for ever."""
        self._watch(order.id)
        self._overdue.pop(order.id, None)
        if _nameable(order):
            self._waiting.pop(order.id, None)
            self._send(order)
        else:
            self._waiting[order.id] = None

    def _watch(self, id_: OrderId) -> None:
        delay = self._manager.section.unresolved_after_ms * MILLISECOND
        self._due[id_] = self._bus.clock.now() + delay
        self._deadlines.add(id_, delay)

    def _on_deadline(self, id_: OrderId) -> None:
        due = self._due.get(id_)
        if due is None or self._bus.clock.now() < due:
            return
        order = self._manager.registry.get(id_)
        if order is None or order.status not in LIVE:
            self._forget(id_)
            return
        self._watch(id_)
        self._overdue[id_] = None
        self._manager.sync.request(f"no answer to the cancel of {id_}")

    def _forget(self, id_: OrderId) -> None:
        self._due.pop(id_, None)
        self._overdue.pop(id_, None)

    def _send(self, order: Order) -> None:
        if self._manager.muted:
            return
        try:
            code = self._gateway.cancel(order)
        except Exception as error:  # noqa: BLE001  it may have left: it counts, the deadline asks
            text = f"the gateway raised at the cancel of {order.id}: {type(error).__name__}"
            self._manager.alert(Severity.ERROR, f"{text}: {error}")
            code = 0
        if code >= 0:
            self._manager.registry.sent.cancel(order, self._bus.clock.now())
        else:
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
