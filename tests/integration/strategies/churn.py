"""Trades much: crosses the spread every few ticks and keeps orders resting in between."""

from homalos.model.market import Tick
from homalos.strategy import Strategy, param


class Churn(Strategy):
    every: int = param(4, ge=1, le=1_000_000, unit="ticks", en="pause", zh="间隔")
    lots: int = param(1, ge=1, le=1_000, unit="lots", en="size", zh="手数")

    state_fields = ("count",)
    count: int = 0

    def on_tick(self, tick: Tick) -> None:
        if not self.is_open(tick.instrument) or tick.bid_price is None or tick.ask_price is None:
            return
        self.count += 1
        if self.count % self.every:
            return
        beat, size = self.count // self.every % 4, self.contract(tick.instrument).tick_size
        if beat == 0:
            self.buy(tick.instrument, self.lots, tick.ask_price)
        elif beat == 1:
            self.buy(tick.instrument, self.lots, tick.bid_price - 2 * size)
        elif beat == 2:
            self.cancel_all()
        else:
            self.sell(tick.instrument, self.lots, tick.bid_price)
