"""What feeds the market: a recording, or a generator. Sources are pulled."""

from collections.abc import Iterator
from typing import Protocol

from homalos.model.market import Bar, Instrument, Tick


class Source(Protocol):
    """A market. ``start`` is the time of its first event; ``warmup`` its one-minute history before
    that, oldest first by contract (empty where it has none)."""

    name: str
    simulated: bool
    instruments: tuple[Instrument, ...]
    start: int
    warmup: tuple[Bar, ...]

    def listed(self, trading_day: int) -> tuple[Instrument, ...]:
        """Its contracts of a trading day that begins, of a product the one that trades most first;
        empty: those that it had before. Whatever day is asked for changes nothing here."""
        ...

    def __iter__(self) -> Iterator[Tick]:
        """Ticks in order of time, to the end or for ever."""
