"""Lots of the whole account: both directions added, and net, working orders included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.group_limits import GroupRule
from homalos.trading.risk.view import RiskView


class PositionTotal(GroupRule):
    name = "position_total"
    keys = ("max_total_lots", "max_total_net_lots")
    en = "the account: all contracts and both directions added, or net"
    zh = "账户：全部合约多空相加，或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_total_lots
        self._most_net = section.max_total_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        return self.judge(order, view, view.place.exposure.account, self._most)
