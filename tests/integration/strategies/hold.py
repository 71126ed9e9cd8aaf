"""Buys once and holds; an order far below the market rests."""

from homalos.model.market import Tick
from homalos.strategy import Strategy, param


class Hold(Strategy):
    lots: int = param(5, ge=1, le=1_000, unit="lots", en="size", zh="手数")

    state_fields = ("done",)
    done: bool = False

    def on_tick(self, tick: Tick) -> None:
        if self.done or tick.ask_price is None or not self.is_open(tick.instrument):
            return
        self.done = True
        size = self.contract(tick.instrument).tick_size
        self.buy(tick.instrument, self.lots, tick.ask_price + 20 * size)
        self.buy(tick.instrument, 1, (tick.bid_price or tick.ask_price) - 30 * size)
