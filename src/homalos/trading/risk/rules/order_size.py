"""The largest order of the config."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class OrderSize:
    name = "order_size"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        self._max_order_lots = section.max_order_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if order.lots <= self._max_order_lots:
            return None
        return Denial(
            self.name,
            order.lots,
            self._max_order_lots,
            f"order of {order.lots} lots: at most {self._max_order_lots}",
        )
