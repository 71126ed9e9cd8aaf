"""How many lots may be opened in one trading day, of a contract and of a product: the exchanges'
trading limits (交易限额). They count every open, so one that would lock a position counts, too."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class DailyOpens(Rule):
    name = "daily_opens"
    for_reducing = True
    keys = ("day_opens_of", "max_day_opens", "max_product_day_opens")
    en = "an open beyond the lots of a contract or product that may be opened today by anybody in \
the account, working opens counted"
    zh = "超过合约或品种当日开仓限额的开仓（账户全部委托，含其他终端与在途）"

    def __init__(self, section: RiskSection) -> None:
        limits = section.max_day_opens, section.max_product_day_opens
        self.active = any(limits) or any(section.day_opens_of.values())

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if not view.opens:
            return None
        limits = view.limits
        if limits.day_opens:
            working = view.working.open_buy + view.working.open_sell
            if denial := self._judge(order, view, order.instrument, working, limits.day_opens):
                return denial
        if limits.product_day_opens:
            group = view.place.product
            return self._judge(order, view, group.name, group.opens, limits.product_day_opens)
        return None

    def _judge(
        self, order: Order, view: RiskView, name: str, working: int, most: int
    ) -> Denial | None:
        opened = view.openings.lots(name)
        lots = opened + working + order.lots
        if lots <= most:
            return None
        text = f"{opened} lots of {name} opened today, {working} on their way, {order.lots} more"
        return Denial(self.name, lots, most, f"{text}: at most {most}")
