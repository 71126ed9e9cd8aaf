"""Value of all that the account holds, at the last prices: both directions added, and net."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class Notional(Rule):
    name = "notional"
    for_reducing = False
    keys = ("max_notional", "max_net_notional")
    en = "value of all lots: both directions added, or net, working orders counted"
    zh = "账户持仓市值：多空相加或净值，含在途"

    def __init__(self, section: RiskSection) -> None:
        self._gross = section.max_notional or float("inf")
        self._net = section.max_net_notional or float("inf")
        self.active = section.max_notional > 0 or section.max_net_notional > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        value = view.value
        if view.opens and view.gross_value + value > self._gross:
            gross = view.gross_value + value
            text = f"all lots would be worth {gross:,.0f} yuan: at most {self._gross:,.0f}"
            return Denial(self.name, gross, self._gross, text)
        net = view.net_value * view.sign + view.reservations.side_cents[view.buys] / 100 + value
        if net > self._net:
            text = f"net value would be {net:,.0f} yuan: at most {self._net:,.0f}"
            return Denial(self.name, net, self._net, text)
        return None
