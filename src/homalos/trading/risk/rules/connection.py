"""The trading line to the venue is up."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class Connection:
    name = "connection"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        """It has no limit to read."""

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.connected:
            return None
        return Denial(self.name, 0.0, 1.0, "the trading line to the venue is down")
