"""An open's margin and fee are covered by the available money; a close frees money."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class MarginAvailable:
    name = "margin_available"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        """It has no limit to read."""

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        needed = view.margin + view.fee
        if needed <= view.available:
            return None
        text = f"needs {needed:.2f} yuan of margin and fee, {view.available:.2f} available"
        return Denial(self.name, needed, view.available, text)
