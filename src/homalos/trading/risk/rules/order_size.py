"""The largest order of the config."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class OrderSize(Rule):
    name = "order_size"
    for_reducing = True
    keys = ("max_order_lots",)
    en = "too many lots in one order"
    zh = "单笔手数过多"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_order_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if order.lots <= self._most:
            return None
        text = f"order of {order.lots} lots: at most {self._most}"
        return Denial(self.name, order.lots, self._most, text)
