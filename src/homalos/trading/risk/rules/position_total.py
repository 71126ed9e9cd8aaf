"""Lots of the whole account, both directions, working opens included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class PositionTotal:
    name = "position_total"
    needs: tuple[str, ...] = ()
    for_reducing = False

    def __init__(self, section: RiskSection) -> None:
        self._max_total_lots = section.max_total_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        total = view.total_lots + order.lots
        if total <= self._max_total_lots:
            return None
        text = f"{total} lots in all contracts: at most {self._max_total_lots}"
        return Denial(self.name, total, self._max_total_lots, text)
