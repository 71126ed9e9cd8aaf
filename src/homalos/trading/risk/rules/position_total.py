"""Lots of the whole account: both directions added, and net, working orders included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class PositionTotal(Rule):
    name = "position_total"
    for_reducing = False
    keys = ("max_total_lots", "max_total_net_lots")
    en = "the account: all contracts and both directions added, or net"
    zh = "账户：全部合约多空相加，或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_total_lots
        self._most_net = section.max_total_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        group = view.place.exposure.account
        if view.opens:
            gross, most = group.gross + group.opens + order.lots, self._most
            if gross > most:
                text = f"{gross} lots in all contracts: at most {most}"
                return Denial(self.name, gross, most, text)
        if view.buys:
            net = group.net + group.buy + order.lots
        else:
            net = group.sell - group.net + order.lots
        if net > self._most_net:
            text = (
                f"net {net} lots in all contracts with the working orders: at most {self._most_net}"
            )
            return Denial(self.name, net, self._most_net, text)
        return None
