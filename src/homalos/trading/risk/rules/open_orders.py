"""Orders that work at a time, this one included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class OpenOrders:
    name = "open_orders"
    needs: tuple[str, ...] = ()
    for_reducing = False

    def __init__(self, section: RiskSection) -> None:
        self._max_open_orders = section.max_open_orders

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.open_orders + 1
        if count <= self._max_open_orders:
            return None
        text = f"{count} working orders: at most {self._max_open_orders}"
        return Denial(self.name, count, self._max_open_orders, text)
