"""Counts what it sees and does nothing else."""

from homalos.model.market import Tick
from homalos.strategy import Strategy, param


class Watch(Strategy):
    width: int = param(3, ge=1, le=9, en="width", zh="宽度")

    def on_tick(self, tick: Tick) -> None:
        self.seen = tick.ts_event
