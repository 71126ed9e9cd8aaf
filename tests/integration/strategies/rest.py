"""Places one order that will not trade, and leaves it to others."""

from homalos.model.market import Tick
from homalos.strategy import Strategy


class Rest(Strategy):
    placed: bool = False

    def on_tick(self, tick: Tick) -> None:
        if not self.placed and self.is_open(tick.instrument) and tick.bid_price is not None:
            self.placed = True
            size = self.contract(tick.instrument).tick_size
            self.buy(tick.instrument, 1, tick.bid_price - 50 * size)
