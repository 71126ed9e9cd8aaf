"""How far through the last price an order may be priced: a buy above it, a sell below it.

The other way an order only rests, which costs nothing."""

from homalos.config.sections.risk import RiskSection
from homalos.model.events import Denial
from homalos.model.trading import Order
from homalos.trading.risk.view import RiskView


class Collar:
    name = "collar"
    needs: tuple[str, ...] = ("last_price",)
    for_reducing = True

    def __init__(self, section: RiskSection) -> None:
        self._collar_ticks = section.collar_ticks
        self._collar_percent = section.collar_percent

    def check(self, order: Order, view: RiskView) -> Denial | None:
        last = view.last_price
        assert last is not None
        through = (order.price - last) * view.sign
        if through <= 0:
            return None
        ticks = round(through / view.instrument.tick_size, 6)
        if ticks > self._collar_ticks:
            text = f"{ticks:g} ticks through the last price {last:g}: at most {self._collar_ticks}"
            return Denial(self.name, ticks, self._collar_ticks, text)
        percent = 100.0 * through / last if last > 0 else 0.0
        if percent > self._collar_percent:
            text = (
                f"{percent:.2f} % through the last price {last:g}: at most {self._collar_percent} %"
            )
            return Denial(self.name, percent, self._collar_percent, text)
        return None
