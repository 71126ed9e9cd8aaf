"""How near its own limit of the day an order may be priced: a buy to the upper, a sell to the lower
one. A market that locks there lets nobody out."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_SLACK = 1e-6
"""Of a tick: float noise of a difference of prices."""


class LimitDistance(Rule):
    name = "limit_distance"
    needs = ("upper_limit", "lower_limit")
    for_reducing = True
    keys = ("limit_distance_ticks", "limit_distance_percent")
    en = "a price too near the day's limit in its direction, in ticks or in percent"
    zh = "价格距同向涨跌停价过近，按跳数或百分比"

    def __init__(self, section: RiskSection) -> None:
        self._ticks = section.limit_distance_ticks
        self._percent = section.limit_distance_percent
        self.active = self._ticks > 0 or self._percent > 0

    def check(self, order: Order, view: RiskView) -> Denial | None:
        if order.to_limit:
            return None
        limit = view.upper_limit if view.buys else view.lower_limit
        assert limit is not None
        room, tick = (limit - order.price) * view.sign, view.instrument.tick_size
        if room < (self._ticks - _SLACK) * tick:
            ticks = round(room / tick, 6)
            text = f"{ticks:g} ticks from the limit {limit:g}: at least {self._ticks}"
            return Denial(self.name, ticks, self._ticks, text)
        if 100.0 * (room + _SLACK * tick) < self._percent * limit:
            percent = 100.0 * room / limit
            text = f"{percent:.2f} % from the limit {limit:g}: at least {self._percent} %"
            return Denial(self.name, percent, self._percent, text)
        return None
