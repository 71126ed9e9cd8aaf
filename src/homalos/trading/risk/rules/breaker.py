"""The circuit breaker (``trading/breaker.py``) of the strategy or of the account is open."""

from homalos.config.sections.risk import RiskSection
from homalos.model.breaking import WHOLE_ACCOUNT, BreakerCause
from homalos.model.events import Denial
from homalos.model.times import china_text
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_WHAT = {
    BreakerCause.REJECTS: "orders were rejected in a row",
    BreakerCause.LOSSES: "closes lost in a row",
}


class BreakerRule(Rule):
    name = "breaker"
    for_reducing = False
    keys = (
        "max_consecutive_rejects", "max_account_rejects", "max_consecutive_losses",
        "cool_down_minutes", "strategies",
    )  # fmt: skip
    en = "what does not reduce of a strategy (or of the account) after too many rejects or losses \
in a row, for the cool-down"
    zh = "策略（或账户）连续被拒或连续亏损过多后，冷却期内的非减仓委托"

    def __init__(self, section: RiskSection) -> None:
        """What is open was opened by limits that hold; where all are off nothing is."""
        own = section.strategies
        limits = (
            section.max_account_rejects, section.max_consecutive_rejects,
            section.max_consecutive_losses, *(row.max_consecutive_rejects for row in own),
            *(row.max_consecutive_losses for row in own),
        )  # fmt: skip
        minutes = section.cool_down_minutes, *(row.cool_down_minutes for row in own)
        self.active = any(limits) and any(minutes)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        breakers = view.breakers
        if not breakers:
            return None
        for name in (order.strategy, WHOLE_ACCOUNT):
            found = breakers.get(name)
            if found is not None and view.now < found.until:
                text = f"{found.count} {_WHAT[found.cause]}: {name or 'the account'} may only"
                text += f" reduce until {china_text(found.until)[:19]}"
                return Denial(self.name, found.count, found.limit, text)
        return None
