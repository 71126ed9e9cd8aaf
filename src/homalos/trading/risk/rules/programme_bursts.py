"""Seconds with ten and more orders and cancels (FACTS A21; ten of them a day are to be reported).
Near that number nothing opens that would make another; from it on nothing opens at the exchange."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.times import SECOND
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class ProgrammeBursts(Rule):
    name = "programme_bursts"
    for_reducing = False
    keys = ("programme", "programme_soft_percent", "programme_warn_percent")
    en = (
        "near the limit of seconds with many orders and cancels, an open that would help to fill "
        "another one; at the limit every open"
    )
    zh = "1 秒内多笔报撤单的次数接近限制时可能再增一次的开仓；达到限制后所有开仓"

    def __init__(self, section: RiskSection) -> None:
        self.active = any(row.bursts for row in section.programme)

    def check(self, order: Order, view: RiskView) -> Denial | None:
        count = view.programme.exchanges.get(view.instrument.exchange)
        if count is None or count.bursts.total < count.bursts.soft or not view.opens:
            return None
        level, most, since = count.bursts, count.quick, view.now - SECOND
        # What left in this very step is not counted yet; the account's record has it.
        for times in (count.actions.times, view.account_sent.orders):
            if level.total >= level.limit or (len(times) >= most and times[-most] > since):
                text = f"{level.total} times {count.terms.burst_messages} messages in a second at "
                text += f"{count.exchange} today, the limit is {level.limit}"
                return Denial(self.name, level.total, level.soft, text)
        return None
