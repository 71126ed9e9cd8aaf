"""Few large cancels of the day are left in this contract until the exchange acts (FACTS A21): no
order opens there of so many lots that its cancel would be one more."""

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import TimeInForce
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_GFD = TimeInForce.GFD


class ProgrammeLargeCancels(Rule):
    name = "programme_large_cancels"
    for_reducing = False
    keys = ("programme", "programme_soft_percent")
    en = "a large open in a contract whose large cancels today near the exchange's limit"
    zh = "该合约今日大额撤单次数接近交易所限制时的大额开仓"

    def __init__(self, section: RiskSection) -> None:
        self.active = any(row.large_cancels for row in section.programme)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.programme.contracts.get(order.instrument)
        if count is None or count.large_cancels.total < count.large_cancels.soft:
            return None
        terms, level = count.terms, count.large_cancels
        may_be_one = view.opens and order.lots >= terms.large_lots
        if not may_be_one or (order.tif is not _GFD and not terms.fak_fok):
            return None
        text = f"{level.total} large cancels in {order.instrument} today, the exchange's limit is "
        return Denial(self.name, level.total, level.soft, f"{text}{level.limit}")
