"""Which contracts may be traded at all; what is held of the others may still be reduced."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class InstrumentList(Rule):
    name = "instrument_list"
    for_reducing = False
    keys = ("instruments_allowed", "instruments_denied")
    en = "contracts that are not allowed, or are forbidden"
    zh = "不在白名单或在黑名单中的合约"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if view.limits.allowed:
            return None
        text = f"{order.instrument} may not be traded (instruments_allowed, instruments_denied)"
        return Denial(self.name, 0.0, 0.0, text)
