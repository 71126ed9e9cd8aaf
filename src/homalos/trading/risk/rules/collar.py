"""How far through the last price an order may be priced: a buy above it, a sell below it.

The other way an order only rests, which costs nothing. An order that somebody sent to the day's
limit by choice goes there."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_SLACK = 1e-6
"""Of a tick: float noise of a difference of prices."""


class Collar(Rule):
    name = "collar"
    needs = ("last_price",)
    for_reducing = True
    keys = ("collar_ticks", "collar_percent")
    en = "a price too far through the last one, in ticks or in percent"
    zh = "价格偏离最新价（不利方向）过多，按跳数或百分比"

    def __init__(self, section: RiskSection) -> None:
        self._ticks = section.collar_ticks
        self._percent = section.collar_percent

    def check(self, order: Order, view: RiskView) -> Denial | None:
        last = view.last_price
        assert last is not None
        through = (order.price - last) * view.sign
        if through <= 0 or order.to_limit:
            return None
        tick = view.instrument.tick_size
        if through > (self._ticks + _SLACK) * tick:
            ticks = round(through / tick, 6)
            text = f"{ticks:g} ticks through the last price {last:g}: at most {self._ticks}"
            return Denial(self.name, ticks, self._ticks, text)
        percent = 100.0 * through / last if last > 0 else 0.0
        if percent > self._percent:
            text = f"{percent:.2f} % through the last price {last:g}: at most {self._percent} %"
            return Denial(self.name, percent, self._percent, text)
        return None
