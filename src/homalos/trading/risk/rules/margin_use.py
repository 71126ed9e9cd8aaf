"""Share of the equity that margin would take after the order."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class MarginUse(Rule):
    name = "margin_use"
    for_reducing = False
    keys = ("max_margin_use_percent",)
    en = "an open after which margin takes too much of the equity"
    zh = "开仓后保证金占权益过高"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_margin_use_percent

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        used = 100.0 * (view.margin_used + view.margin)
        if used <= self._most * view.balance and view.balance > 0.0:
            return None
        if view.balance <= 0.0:
            text = f"the equity is {view.balance:.2f} yuan: nothing may be opened"
            return Denial(self.name, view.balance, 0.0, text)
        percent = used / view.balance
        text = f"margin would be {percent:.1f} % of equity: at most {self._most} %"
        return Denial(self.name, percent, self._most, text)
