"""Orders in any second and in any sixty seconds of event time, this one included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class OrderRate:
    name = "order_rate"
    needs: tuple[str, ...] = ()
    for_reducing = False

    def __init__(self, section: RiskSection) -> None:
        self._max_orders_per_s = section.max_orders_per_s
        self._max_orders_per_min = section.max_orders_per_min

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.orders_last_second + 1
        if count > self._max_orders_per_s:
            text = f"order {count} within a second: at most {self._max_orders_per_s}"
            return Denial(self.name, count, self._max_orders_per_s, text)
        count = view.orders_last_minute + 1
        if count > self._max_orders_per_min:
            text = f"order {count} within a minute: at most {self._max_orders_per_min}"
            return Denial(self.name, count, self._max_orders_per_min, text)
        return None
