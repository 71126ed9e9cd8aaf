"""Lots of one product over all its contracts: both directions added, and net."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class PositionByProduct(Rule):
    name = "position_product"
    for_reducing = False
    keys = ("lots_of", "max_product_lots", "max_product_net_lots")
    en = "one product: both directions added, or net, working orders counted"
    zh = "单品种：多空相加或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most_net = section.max_product_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        group = view.place.product
        if view.opens:
            gross, most = group.gross + group.opens + order.lots, view.limits.product_lots
            if gross > most:
                text = f"{gross} lots of {group.name}: at most {most}"
                return Denial(self.name, gross, most, text)
        if view.buys:
            net = group.net + group.buy + order.lots
        else:
            net = group.sell - group.net + order.lots
        if net > self._most_net:
            text = (
                f"net {net} lots of {group.name} with the working orders: at most {self._most_net}"
            )
            return Denial(self.name, net, self._most_net, text)
        return None
