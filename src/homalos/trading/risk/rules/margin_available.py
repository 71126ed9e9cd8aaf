"""An open's margin and fee are covered by the available money; a close frees money."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class MarginAvailable(Rule):
    name = "margin_available"
    for_reducing = True
    en = "an open whose margin and fee are not available"
    zh = "开仓所需保证金和手续费超过可用资金"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        needed = view.margin + view.fee
        if needed <= view.available:
            return None
        text = f"needs {needed:.2f} yuan of margin and fee, {view.available:.2f} available"
        return Denial(self.name, needed, view.available, text)
