"""How many orders one strategy may send in any second, any sixty seconds (event time) and a trading
day, this one included."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.risk.windows import Windows


class StrategyOrderRate(Rule):
    name = "strategy_order_rate"
    for_reducing = False
    keys = (
        "max_strategy_orders_per_s",
        "max_strategy_orders_per_min",
        "max_strategy_orders_per_day",
        "strategies",
    )
    en = "too many orders of one strategy in a second, a minute or a day"
    zh = "单个策略一秒、一分钟或一日内报单过多"

    def __init__(self, section: RiskSection) -> None:
        self._each = Windows(
            section.max_strategy_orders_per_s, section.max_strategy_orders_per_min,
            section.max_strategy_orders_per_day,
        )  # fmt: skip
        self._own = {
            row.id: self._each.with_own(
                row.max_orders_per_s, row.max_orders_per_min, row.max_orders_per_day
            )
            for row in section.strategies
        }

    def check(self, order: Order, view: RiskView) -> Denial | None:
        limits = self._own.get(order.strategy, self._each) if self._own else self._each
        times = view.strategy_sent.orders
        if len(times) < limits.least:
            return None
        return limits.judge(self.name, "order", times, view.now)
