"""Few cancels of the day are left in this contract until the exchange acts (FACTS A21): no order
opens there that might be cancelled. Cancels themselves are never held, nor are exits; a FAK or FOK
passes where the exchange does not count it."""

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import TimeInForce
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_GFD = TimeInForce.GFD


class ProgrammeCancels(Rule):
    name = "programme_cancels"
    for_reducing = False
    keys = ("programme", "programme_soft_percent", "programme_group_folder")
    en = (
        "an open in a contract whose cancels today near the exchange's limit (account and group); "
        "cancels always pass"
    )
    zh = "该合约今日撤单次数（账户及账户组）接近交易所限制时开仓；从不限制撤单"

    def __init__(self, section: RiskSection) -> None:
        self.active = any(row.cancels for row in section.programme)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.programme.contracts.get(order.instrument)
        if count is None or count.cancels.total < count.cancels.soft or not view.opens:
            return None
        if order.tif is not _GFD and not count.terms.fak_fok:
            return None
        level = count.cancels
        text = f"{level.total} cancels in {order.instrument} today, the exchange's limit is "
        return Denial(self.name, level.total, level.soft, f"{text}{level.limit}")
