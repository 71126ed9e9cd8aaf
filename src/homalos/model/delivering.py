"""Events of what approaches delivery."""

from homalos.model.event import Event
from homalos.model.ids import InstrumentId


class DeliveryTold(Event, frozen=True):
    """Outcome: a warning was given, which is not given again, after a restart neither.

    ``what``: of which rule; ``day``: the trading day of which it warns; ``step``: so many trading
    days ahead, 0 on the day itself; later, minus the trading day on which it was told.
    """

    instrument: InstrumentId
    what: str
    day: int
    step: int
