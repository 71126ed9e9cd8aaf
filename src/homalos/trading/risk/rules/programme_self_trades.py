"""Few self-trades of the day are left in this contract until the exchange acts (FACTS A21): nothing
opens there any more. Counted for the account and its group; exits go on, and so do cancels."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class ProgrammeSelfTrades(Rule):
    name = "programme_self_trades"
    for_reducing = False
    keys = ("programme", "programme_soft_percent")
    en = "an open in a contract whose self-trades today near the exchange's limit"
    zh = "该合约今日自成交次数接近交易所限制时开仓"

    def __init__(self, section: RiskSection) -> None:
        self.active = any(row.self_trades for row in section.programme)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.programme.contracts.get(order.instrument)
        if count is None or count.self_trades.total < count.self_trades.soft or not view.opens:
            return None
        level = count.self_trades
        text = f"{level.total} self-trades in {order.instrument} today, the exchange's limit is "
        return Denial(self.name, level.total, level.soft, f"{text}{level.limit}")
