"""The drawdown of the account and of a strategy from its highest: from the limit on nothing leaves
that does not reduce until a person raises it or begins anew (``trading.watch``)."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class Drawdown(Rule):
    name = "drawdown"
    for_reducing = False
    keys = ("max_drawdown_percent", "max_strategy_drawdown", "strategies")
    en = "what does not reduce after the account, or its strategy, has fallen too far"
    zh = "账户或该策略自最高点回撤达到限额后的非减仓委托"

    def __init__(self, section: RiskSection) -> None:
        self.active = bool(section.max_drawdown_percent or section.max_strategy_drawdown) or any(
            row.max_drawdown for row in section.strategies
        )

    def check(self, order: Order, view: RiskView) -> Denial | None:
        losses = view.losses
        stand = losses.drawdown
        if stand is None and losses.drawdown_of:
            stand = losses.drawdown_of.get(order.strategy)
        if stand is None:
            return None
        return Denial(self.name, stand.value, stand.limit, stand.text)
