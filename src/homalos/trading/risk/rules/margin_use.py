"""Share of the equity that margin would take after the order."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class MarginUse:
    name = "margin_use"
    needs: tuple[str, ...] = ()
    for_reducing = False

    def __init__(self, section: RiskSection) -> None:
        self._max_margin_use_percent = section.max_margin_use_percent

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        used = view.margin_used + view.margin
        if view.balance <= 0.0:
            text = f"the equity is {view.balance:.2f} yuan: nothing may be opened"
            return Denial(self.name, view.balance, 0.0, text)
        percent = 100.0 * used / view.balance
        limit = self._max_margin_use_percent
        if percent <= limit:
            return None
        return Denial(
            self.name,
            percent,
            limit,
            f"margin would be {percent:.1f} % of equity: at most {limit} %",
        )
