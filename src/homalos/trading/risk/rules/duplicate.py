"""The same order again and again: contract, side, lots and price alike, from one strategy, within a
short time. A loop that resends does this; a person or a strategy hardly ever."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule
from homalos.trading.sending import within


class Duplicate(Rule):
    name = "duplicate"
    for_reducing = True
    keys = ("max_identical_orders", "identical_window_ms")
    en = "the same order again and again within a short time"
    zh = "短时间内重复发送相同的委托"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_identical_orders
        self._window = section.identical_window_ms * MILLISECOND
        self.active = self._most > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        key = (order.instrument, order.price, order.lots * view.sign)
        likes = view.strategy_sent.identical.get(key)
        if likes is None:
            return None
        times, since = likes.times, view.now - self._window
        if len(times) < self._most or times[-self._most] <= since:
            return None
        if likes.intent == order.intent_id:
            return None  # another part of the intent that was counted
        count = within(times, since) + 1
        text = f"the same order for the {count}th time within {self._window // MILLISECOND} ms"
        return Denial(self.name, count, self._most, f"{text}: at most {self._most}")
