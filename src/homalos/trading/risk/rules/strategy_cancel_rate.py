"""How many cancels one strategy may send in any second, any sixty seconds (event time) and a
trading day (no cancel is ever held)."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.risk.windows import Windows


class StrategyCancelRate(Rule):
    name = "strategy_cancel_rate"
    for_reducing = False
    keys = (
        "max_strategy_cancels_per_s",
        "max_strategy_cancels_per_min",
        "max_strategy_cancels_per_day",
        "strategies",
    )
    en = "too many cancels of one strategy a second, minute or day (orders are held, never cancels)"
    zh = "单个策略一秒、一分钟或一日内撤单过多；只限制新单，从不限制撤单"

    def __init__(self, section: RiskSection) -> None:
        self._each = Windows(
            section.max_strategy_cancels_per_s, section.max_strategy_cancels_per_min,
            section.max_strategy_cancels_per_day,
        )  # fmt: skip
        self._own = {
            row.id: self._each.with_own(
                row.max_cancels_per_s, row.max_cancels_per_min, row.max_cancels_per_day
            )
            for row in section.strategies
        }

    def check(self, order: Order, view: RiskView) -> Denial | None:
        limits = self._own.get(order.strategy, self._each) if self._own else self._each
        times = view.strategy_sent.cancels
        if len(times) < limits.least:
            return None
        return limits.judge(self.name, "cancel", times, view.now)
