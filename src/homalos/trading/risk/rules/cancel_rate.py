"""How many cancels the account may send in any second, any sixty seconds (event time) and a trading
day (no cancel is ever held)."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.risk.windows import Windows


class CancelRate(Rule):
    name = "cancel_rate"
    for_reducing = False
    keys = (
        "max_cancels_per_s",
        "max_cancels_per_min",
        "max_cancels_per_day",
    )
    en = "too many cancels of the account a second, minute or day (orders are held, never cancels)"
    zh = "账户一秒、一分钟或一日内撤单过多；只限制新单，从不限制撤单"

    def __init__(self, section: RiskSection) -> None:
        self._each = Windows(
            section.max_cancels_per_s, section.max_cancels_per_min,
            section.max_cancels_per_day,
        )  # fmt: skip

    def check(self, order: Order, view: RiskView) -> Denial | None:
        limits = self._each
        times = view.account_sent.cancels
        if len(times) < limits.least:
            return None
        return limits.judge(self.name, "cancel", times, view.now)
