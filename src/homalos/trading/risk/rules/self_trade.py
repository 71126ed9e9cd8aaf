"""The order would not meet a resting order of this account (FACTS A21)."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.states import LIVE


class SelfTrade(Rule):
    name = "self_trade"
    for_reducing = True
    keys = ("prevent_self_trade",)
    en = "meeting a resting order of this account"
    zh = "与本账户挂单自成交"

    def __init__(self, section: RiskSection) -> None:
        self.active = section.prevent_self_trade

    def check(self, order: Order, view: RiskView) -> Denial | None:
        own = view.resting
        if order.price < own.lowest_sell if view.buys else order.price > own.highest_buy:
            return None
        side, price, sign = order.side, order.price, view.sign
        for resting in own.orders.values():
            if (
                resting.side is not side
                and (price - resting.price) * sign >= 0
                and resting.status in LIVE
            ):
                text = f"would meet our own order {resting.id} at {resting.price:g}"
                return Denial(self.name, price, resting.price, text)
        return None
