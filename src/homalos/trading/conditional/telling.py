"""What is said of a conditional order: to the journal, the bus, the audit trail, the alerts."""

from homalos.kernel.bus import Bus
from homalos.model.conditional import Conditional
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, Audited, ConditionalChanged

ACTOR = "conditional"


class Telling:
    """See the module."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def tell(self, order: Conditional) -> None:
        """On record, then told."""
        changed = ConditionalChanged(order, self._bus.clock.now())
        self._bus.record(changed)
        self._bus.publish(changed)

    def audit(self, who: str, order: Conditional, result: str) -> None:
        target = f"{order.id} {order.strategy} {order.instrument}"
        action = f"conditional {order.kind.value}"
        self._bus.publish(Audited(who, action, target, result, self._bus.clock.now()))

    def alert(self, severity: Severity, order: Conditional, text: str) -> None:
        what = f"{order.kind.value} {order.id} of {order.strategy} in {order.instrument}"
        now = self._bus.clock.now()
        self._bus.publish(AlertRaised(severity, ACTOR, f"{what}: {text}", now))
