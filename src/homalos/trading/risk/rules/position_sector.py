"""Lots of one sector over all its products: both directions added, and net."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.group_limits import GroupRule
from homalos.trading.risk.view import RiskView


class PositionBySector(GroupRule):
    name = "position_sector"
    needs = ("sector",)
    keys = ("lots_of", "max_sector_lots", "max_sector_net_lots")
    en = "one sector of products.yaml: both directions added, or net"
    zh = "单板块：多空相加或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most_net = section.max_sector_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        group = view.place.sector
        if group is None:
            return None
        return self.judge(order, view, group, view.limits.sector_lots)
