"""The largest order of the config by value: price x multiplier x lots."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class OrderValue(Rule):
    name = "order_value"
    for_reducing = True
    keys = ("max_order_value",)
    en = "an order worth too much"
    zh = "单笔金额过大"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_order_value
        self.active = self._most > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.value <= self._most:
            return None
        text = f"an order of {view.value:,.0f} yuan: at most {self._most:,.0f}"
        return Denial(self.name, view.value, self._most, text)
