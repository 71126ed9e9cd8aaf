"""How far through the opposite quote an order may be priced: a buy above the ask, a sell below the
bid. Where nobody stands there (a locked market, or a feed without quotes) it has nothing to say:
the collar to the last price and the limits hold."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_SLACK = 1e-6
"""Of a tick: float noise of a difference of prices."""


class OppositeCollar(Rule):
    name = "collar_opposite"
    for_reducing = True
    keys = ("opposite_ticks", "opposite_percent")
    en = "a price too far through the opposite quote, in ticks or in percent"
    zh = "价格越过对手价过多，按跳数或百分比"

    def __init__(self, section: RiskSection) -> None:
        self._ticks = section.opposite_ticks
        self._percent = section.opposite_percent

    def check(self, order: Order, view: RiskView) -> Denial | None:
        quote = view.opposite
        if quote is None:
            return None
        through = (order.price - quote) * view.sign
        if through <= 0 or order.to_limit:
            return None
        tick = view.instrument.tick_size
        if through > (self._ticks + _SLACK) * tick:
            ticks = round(through / tick, 6)
            text = f"{ticks:g} ticks through the opposite price {quote:g}: at most {self._ticks}"
            return Denial(self.name, ticks, self._ticks, text)
        percent = 100.0 * through / quote if quote > 0 else 0.0
        if percent > self._percent:
            text = (
                f"{percent:.2f} % through the opposite price {quote:g}: at most {self._percent} %"
            )
            return Denial(self.name, percent, self._percent, text)
        return None
