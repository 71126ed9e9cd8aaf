"""A price above zero on the contract's tick grid."""

from math import isfinite

from homalos.config.sections.risk import RiskSection
from homalos.market.money import on_tick
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class PriceTick:
    name = "price_tick"
    needs: tuple[str, ...] = ()
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        """It has no limit to read."""

    def check(self, order: Order, view: RiskView) -> Denial | None:
        price, tick = order.price, view.instrument.tick_size
        if not (price > 0 and isfinite(price)):
            return Denial(self.name, price, 0.0, f"price {price} is not above zero")
        if on_tick(price, tick):
            return None
        return Denial(self.name, price, tick, f"price {price} is not a multiple of {tick}")
