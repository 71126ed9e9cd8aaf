"""Counts what it sees, and does nothing else."""

from homalos.model.market import Tick
from homalos.strategy import Strategy


class Watch(Strategy):
    seen: int = 0

    def on_tick(self, tick: Tick) -> None:
        self.seen += 1
