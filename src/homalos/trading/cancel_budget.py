"""How many orders of a contract may still be cancelled today (FACTS A21).

An order that rests may need a cancel, so each that works has one in reserve: the order that would
need the last one is denied, and a chase or a replacement, which needs one more, lets its order
rest. So nobody's cancel ever has to wait: those of strategies, of the operator and of the kill
switch always pass. FAK and FOK end by themselves and count nowhere; exits are never denied here.

What is used is counted by its outcome, so that a restart counts the same from the journal.
"""

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Offset, OrderStatus, TimeInForce
from homalos.model.events import Denial
from homalos.model.ids import InstrumentId
from homalos.model.trading import Order
from homalos.trading.registry import OrderRegistry

_OPEN, _GFD, _CANCELLED = Offset.OPEN, TimeInForce.GFD, OrderStatus.CANCELLED


class CancelBudget:
    """Of every contract. Only the order manager calls ``note`` and ``forget_day``."""

    def __init__(self, registry: OrderRegistry, section: TradingSection) -> None:
        self._registry = registry
        self.limit = section.cancel_budget
        self.used: dict[InstrumentId, int] = {}
        """Orders of the day that were cancelled, whoever did it."""

    def note(self, before: OrderStatus | None, order: Order) -> None:
        """An order came from ``before`` (``None``: it was not known) to its status."""
        if order.tif is not _GFD or order.status is before:
            return
        change = (order.status is _CANCELLED) - (before is _CANCELLED)
        if change:
            self.used[order.instrument] = self.used.get(order.instrument, 0) + change

    def forget_day(self) -> None:
        self.used.clear()

    def affords(self, instrument: InstrumentId) -> bool:
        """Whether there is a cancel left beside one for every order that works."""
        return not self.limit or self._taken(instrument) < self.limit

    def check(self, order: Order) -> Denial | None:
        """Of an order that would rest."""
        if order.offset is not _OPEN:
            return None
        # Nearly always far from the limit, though all that works were to need a cancel.
        most = self.used.get(order.instrument, 0) + len(self._registry.working(order.instrument))
        if most < self.limit or self.affords(order.instrument):
            return None
        taken = self._taken(order.instrument)
        text = f"it would need the last cancel of the day in {order.instrument} ({self.limit})"
        return Denial("cancel_budget", float(taken), float(self.limit), text)

    def _taken(self, instrument: InstrumentId) -> int:
        working = self._registry.working(instrument)
        return self.used.get(instrument, 0) + sum(order.tif is _GFD for order in working)

    def state(self) -> tuple[object, ...]:
        return tuple(sorted((id_, count) for id_, count in self.used.items() if count))
