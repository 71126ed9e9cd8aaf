"""Value of all that the account holds over its equity, after the order."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class Leverage(Rule):
    name = "leverage"
    for_reducing = False
    keys = ("max_leverage",)
    en = "an open after which all lots are worth too many times the equity"
    zh = "开仓后持仓总市值与权益之比过高"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_leverage
        self.active = self._most > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        value = view.gross_value + view.value
        if value <= self._most * view.balance:
            return None
        if view.balance <= 0.0:
            text = f"the equity is {view.balance:.2f} yuan: nothing may be opened"
            return Denial(self.name, view.balance, 0.0, text)
        times = value / view.balance
        text = f"all lots would be worth {times:.2f} times the equity: at most {self._most:g}"
        return Denial(self.name, times, self._most, text)
