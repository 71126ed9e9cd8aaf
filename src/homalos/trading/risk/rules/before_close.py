"""Near the close of a session (night or day, not a break) only orders that reduce."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.times import MINUTE
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule


class BeforeClose(Rule):
    name = "before_close"
    needs = ("closes_at",)
    for_reducing = False
    keys = ("before_close_minutes",)
    en = "in the last minutes of a session, what does not reduce"
    zh = "每节收盘前数分钟内非减仓的委托"

    def __init__(self, section: RiskSection) -> None:
        self._minutes = section.before_close_minutes
        self._span = self._minutes * MINUTE
        self.active = self._minutes > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        closes_at = view.closes_at
        assert closes_at is not None
        left = closes_at - view.now
        if left > self._span:
            return None
        minutes = left / MINUTE
        text = f"{minutes:.1f} minutes to the close: entries end {self._minutes} minutes before it"
        return Denial(self.name, minutes, self._minutes, text)
