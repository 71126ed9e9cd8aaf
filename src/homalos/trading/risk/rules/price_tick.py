"""A price above zero on the contract's tick grid."""

from homalos.market.money import on_tick
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView, Rule

_ON_GRID = 1e-6
"""Of a tick: nearer than this it is on the grid whatever the size of the number."""


class PriceTick(Rule):
    name = "price_tick"
    for_reducing = True
    en = "price not above zero, or off the tick grid"
    zh = "价格不大于零，或不在最小变动价位上"

    def check(self, order: Order, view: RiskView) -> Denial | None:
        price, tick = order.price, view.instrument.tick_size
        if 0 < price < 1e12:  # neither NaN nor infinity
            rest, slack = price % tick, _ON_GRID * tick
            if rest < slack or rest > tick - slack or on_tick(price, tick):
                return None
            return Denial(self.name, price, tick, f"price {price} is not a multiple of {tick}")
        return Denial(self.name, price, 0.0, f"price {price} is not above zero")
