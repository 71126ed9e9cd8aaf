"""In continuous trading the last tick of the contract is not too old: who orders on an old price
does not know the market. Before the first tick of an auction there is none, so it asks nothing."""

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import Phase
from homalos.model.events import Denial
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_CONTINUOUS = Phase.CONTINUOUS


class StaleData(Rule):
    name = "stale_data"
    needs = ("quote_time",)
    for_reducing = True
    keys = ("max_quote_age_ms",)
    en = "orders on market data that is too old, in continuous trading"
    zh = "连续交易中行情过旧时的委托"

    def __init__(self, section: RiskSection) -> None:
        self._most = section.max_quote_age_ms * MILLISECOND
        self.active = self._most > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        quote_time = view.quote_time
        assert quote_time is not None
        age = view.now - quote_time
        if age <= self._most or view.phase is not _CONTINUOUS:
            return None
        seen, most = age / MILLISECOND, self._most / MILLISECOND
        text = f"the last tick of {order.instrument} is {seen:.0f} ms old: at most {most:.0f}"
        return Denial(self.name, seen, most, text)
