"""Position of one contract: gross in one direction, and net, working orders included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class PositionByInstrument(Rule):
    name = "position"
    for_reducing = False
    keys = ("lots_of", "max_position_lots", "max_net_lots")
    en = "one contract: gross in one direction, or net, working orders counted"
    zh = "单合约：单方向总持仓或净持仓，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._most_net = section.max_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.opens:
            held = view.opening
            gross = held.today + held.yesterday + view.working_opens + order.lots
            if gross > view.limits.lots:
                text = f"{gross} lots in one direction: at most {view.limits.lots}"
                return Denial(self.name, gross, view.limits.lots, text)
        net = view.sign * view.contract.net + view.same_side_working + order.lots
        if net > self._most_net:
            text = f"net {net} lots with the working orders: at most {self._most_net}"
            return Denial(self.name, net, self._most_net, text)
        return None
