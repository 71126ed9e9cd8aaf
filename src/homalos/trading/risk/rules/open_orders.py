"""Orders that work at a time, this one included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class OpenOrders(Rule):
    name = "open_orders"
    for_reducing = False
    keys = ("max_open_orders",)
    en = "too many working orders"
    zh = "同时挂单过多"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_open_orders

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.open_orders < self._most:
            return None
        count = view.open_orders + 1
        return Denial(self.name, count, self._most, f"{count} working orders: at most {self._most}")
