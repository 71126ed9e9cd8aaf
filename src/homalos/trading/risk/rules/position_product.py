"""Lots of one product over all its contracts: both directions added, and net."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.group_limits import GroupRule
from homalos.trading.risk.view import RiskView


class PositionByProduct(GroupRule):
    name = "position_product"
    keys = ("lots_of", "max_product_lots", "max_product_net_lots")
    en = "one product: both directions added, or net, working orders counted"
    zh = "单品种：多空相加或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most_net = section.max_product_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        return self.judge(order, view, view.place.product, view.limits.product_lots)
