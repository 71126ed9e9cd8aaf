"""What the rules of a product, a sector and the account share: lots of a group of contracts."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.exposure import Group
from homalos.trading.risk.view import RiskView, Rule


class GroupRule(Rule):
    """Both directions added, opens alone; and net, either way. Working orders count."""

    for_reducing = False
    _most_net: int

    def judge(self, order: Order, view: RiskView, group: Group, most: int) -> Denial | None:
        """``most``: lots of both directions."""
        if view.opens:
            gross = group.gross + group.opens + order.lots
            if gross > most:
                return Denial(
                    self.name, gross, most, f"{gross} lots in {group.name}: at most {most}"
                )
        if view.buys:
            net = group.net + group.buy + order.lots
        else:
            net = group.sell - group.net + order.lots
        if net > self._most_net:
            text = (
                f"net {net} lots in {group.name} with the working orders: at most {self._most_net}"
            )
            return Denial(self.name, net, self._most_net, text)
        return None
