"""How many orders the account may send in any second, any sixty seconds (event time) and a trading
day, this one included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.risk.windows import Windows


class OrderRate(Rule):
    name = "order_rate"
    for_reducing = False
    keys = (
        "max_orders_per_s",
        "max_orders_per_min",
        "max_orders_per_day",
    )
    en = "too many orders of the account in a second, a minute or a day"
    zh = "账户一秒、一分钟或一日内报单过多"

    def __init__(self, section: RiskSection) -> None:
        self._each = Windows(
            section.max_orders_per_s, section.max_orders_per_min,
            section.max_orders_per_day,
        )  # fmt: skip

    def check(self, order: Order, view: RiskView) -> Denial | None:
        limits = self._each
        times = view.account_sent.orders
        if len(times) < limits.least:
            return None
        return limits.judge(self.name, "order", times, view.now)
