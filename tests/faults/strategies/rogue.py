"""Trades a little, like anybody, and then misbehaves in one hook."""

from typing import Any

from homalos.model.conditional import Conditional
from homalos.model.enums import Side
from homalos.model.events import PhaseChanged, TradingDayChanged
from homalos.model.market import Bar, Tick
from homalos.model.trading import Order, Trade
from homalos.strategy import Strategy, param

NAMES = (
    "lots", "price", "net_lots", "last_price", "trading_day", "multiplier", "strategy", "status",
    "instrument", "id", "balance", "phase", "side", "legs", "due_lots", "stage", "cancelled",
)  # fmt: skip
LATER = 3
"""Ticks until it has a position and an entry that rests."""


class Rogue(Strategy):
    hook: str = param("on_tick")
    deed: str = param("raise")
    mood: int = param(0)
    count: int = 0
    managed: int = 0
    """Attempts to change what it was given that nothing stopped."""

    def on_start(self) -> None:
        self.subscribe(self.instrument, "1m")
        self.schedule("beat", 2.0, repeat=True)
        self._perhaps("on_start", None)

    def on_tick(self, tick: Tick) -> None:
        self.count += 1
        if tick.ask_price is None or tick.bid_price is None:
            return
        if self.count == 1:
            self.buy(tick.instrument, 2, tick.ask_price)
            self.buy(tick.instrument, 1, tick.bid_price - 10)
            self.stop(tick.instrument, Side.SELL, 1, tick.bid_price - 19)
        if self.count >= LATER:
            self._perhaps("on_tick", tick)

    def on_bar(self, bar: Bar) -> None:
        self._perhaps("on_bar", bar)

    def on_order(self, order: Order) -> None:
        self._perhaps("on_order", order)

    def on_trade(self, trade: Trade) -> None:
        self._perhaps("on_trade", trade)

    def on_conditional(self, order: Conditional) -> None:
        self._perhaps("on_conditional", order)

    def on_timer(self, name: str) -> None:
        self._perhaps("on_timer", name)

    def on_parameters(self, changed: dict[str, Any]) -> None:
        self._perhaps("on_parameters", changed)

    def on_phase(self, event: PhaseChanged) -> None:
        self._perhaps("on_phase", event)

    def on_trading_day(self, event: TradingDayChanged) -> None:
        self._perhaps("on_trading_day", event)

    def on_stop(self) -> None:
        self._perhaps("on_stop", None)
        self.cancel_all()

    def _perhaps(self, hook: str, given: Any) -> None:
        if hook != self.hook:
            return
        if self.deed == "raise":
            raise ValueError(f"in {hook}")
        if self.deed == "spin":
            while True:
                pass
        if self.deed == "storm" and self.count == LATER:
            for n in range(10_000):
                self.buy(self.instrument, 1, given.bid_price - n % 10)
        if self.deed == "mutate":
            self._mutate(given)

    def _mutate(self, given: Any) -> None:
        here = self.instrument
        mine = (*self.orders(), *self.conditionals())
        shown = (given, self.last_tick(here), self.contract(here), self.account(), self.book(here))
        for thing in (*shown, *mine):
            for name in NAMES:
                try:
                    setattr(thing, name, 7)
                except (AttributeError, TypeError):
                    continue
                self.managed += 1
        for thing in (given, self.history(here, "1m", 9), self.instruments, self.parameters):
            for spoil in ("clear", "pop", "append"):
                try:
                    getattr(thing, spoil)()
                except (AttributeError, TypeError, IndexError, KeyError):
                    continue
                self.managed += 1
