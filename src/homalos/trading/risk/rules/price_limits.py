"""A price within the day's limits (FACTS A17)."""

from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class PriceLimits(Rule):
    name = "price_limits"
    needs = ("upper_limit", "lower_limit")
    for_reducing = True
    en = "a price beyond the day's limits"
    zh = "超出涨跌停价"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        upper, lower = view.upper_limit, view.lower_limit
        assert upper is not None
        assert lower is not None
        slack = view.instrument.tick_size * 1e-6
        if order.price > upper + slack:
            text = f"price {order.price:g} is above the upper limit {upper:g}"
            return Denial(self.name, order.price, upper, text)
        if order.price < lower - slack:
            text = f"price {order.price:g} is below the lower limit {lower:g}"
            return Denial(self.name, order.price, lower, text)
        return None
