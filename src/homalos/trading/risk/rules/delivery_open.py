"""Nothing is opened into delivery, nor so late that it could not be closed in peace."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class DeliveryOpen(Rule):
    name = "delivery_open"
    needs = ("last_trading_day",)
    for_reducing = False
    keys = ("client", "near_delivery", "last_open_days", "delivery_early_days")
    en = "opening near the must-be-flat day, or after the last trading day"
    zh = "临近须清仓日或最后交易日之后开仓"

    def __init__(self, section: RiskSection) -> None:
        self.active = section.near_delivery == "deny"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        near = view.delivery.get(order.instrument)
        if near is None or not near.last_open:
            return None
        text = (
            f"{order.instrument} may be opened until {near.last_open}: "
            f"{near.until} is the last day on which it may be held or traded"
        )
        return Denial(self.name, near.until, near.last_open, text)
