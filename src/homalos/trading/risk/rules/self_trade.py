"""The order would not meet a resting order of this account (FACTS A21)."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView
from homalos.trading.states import LIVE


class SelfTrade:
    name = "self_trade"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        self._prevent_self_trade = section.prevent_self_trade

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not self._prevent_self_trade:
            return None
        side, price, sign = order.side, order.price, view.sign
        for resting in view.working_orders:
            if (
                resting.side is not side
                and (price - resting.price) * sign >= 0
                and resting.status in LIVE
            ):
                text = f"would meet our own order {resting.id} at {resting.price:g}"
                return Denial(self.name, price, resting.price, text)
        return None
