"""Position of one contract: gross in one direction, and net, working orders included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class PositionByInstrument:
    name = "position"
    needs: tuple[str, ...] = ()
    for_reducing = False

    def __init__(self, section: RiskSection) -> None:
        self._max_position_lots = section.max_position_lots
        self._max_net_lots = section.max_net_lots

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.opens:
            gross = view.opening.lots + view.working_opens + order.lots
            if gross > self._max_position_lots:
                text = f"{gross} lots in one direction: at most {self._max_position_lots}"
                return Denial(self.name, gross, self._max_position_lots, text)
        net = view.sign * view.contract.net + view.same_side_working + order.lots
        if net > self._max_net_lots:
            text = f"net {net} lots with the working orders: at most {self._max_net_lots}"
            return Denial(self.name, net, self._max_net_lots, text)
        return None
