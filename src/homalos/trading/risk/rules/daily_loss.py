"""The loss of the trading day, of the account and of a strategy: from its limit on nothing leaves
that does not reduce until the next trading day, whatever the loss does then (``trading.watch``).
A close of a pair's leg raises the net position as an open does; a flatten's closes all reduce."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class DailyLoss(Rule):
    name = "daily_loss"
    for_reducing = False
    keys = ("max_day_loss", "max_day_loss_percent", "max_strategy_day_loss", "strategies")
    en = "what does not reduce after the account, or its strategy, has lost too much in the day"
    zh = "账户或该策略当日亏损达到限额后的非减仓委托"

    def __init__(self, section: RiskSection) -> None:
        self.active = bool(
            section.max_day_loss or section.max_day_loss_percent or section.max_strategy_day_loss
        ) or any(row.max_day_loss for row in section.strategies)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        losses = view.losses
        stand = losses.day
        if stand is None and losses.day_of:
            stand = losses.day_of.get(order.strategy)
        if stand is None:
            return None
        return Denial(self.name, stand.value, stand.limit, stand.text)
