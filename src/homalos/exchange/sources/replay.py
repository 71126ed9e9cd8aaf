"""A recorded market: ticks of a file or of the store, pulled as they were written."""

from collections.abc import Iterable, Iterator
from itertools import chain

from homalos.exchange.listing import at_its_word, instrument_of
from homalos.market.products import Products
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar, Instrument, Tick


class RecordedMarket:
    """A ``Source`` with an end. Its contracts are described by products.yaml as of the recorded
    day, by the recording itself where that knows them, else guardedly."""

    simulated = True

    def __init__(
        self,
        ticks: Iterable[Tick],
        products: Products,
        *,
        name: str = "recorded",
        instruments: Iterable[Instrument | InstrumentId] = (),
        warmup: Iterable[Bar] = (),
    ) -> None:
        """``ticks``: in order of time; where it has ``instruments`` itself, those are taken too.
        ``ValueError``: there is no tick in it."""
        self.name = name
        self.warmup: tuple[Bar, ...] = tuple(warmup)
        self._ticks = ticks
        self._running: Iterator[Tick] | None = iter(ticks)
        first = next(self._running, None)
        if first is None:
            raise ValueError(f"{name}: there is no tick to replay")
        self._running = chain((first,), self._running)
        self.start = first.ts_event
        told = (*getattr(ticks, "instruments", ()), *instruments)
        found: dict[InstrumentId, Instrument] = {}
        for entry in told:
            item = _described(entry, products, first.trading_day)
            found[item.id] = item
        self.instruments: tuple[Instrument, ...] = tuple(found.values())

    def listed(self, trading_day: int) -> tuple[Instrument, ...]:
        """Nothing is announced: what the recording brings later is listed at its first tick."""
        return ()

    def __iter__(self) -> Iterator[Tick]:
        """The first iteration takes the one that was begun to look at the first tick."""
        running, self._running = self._running, None
        return iter(self._ticks) if running is None else running


def _described(entry: Instrument | InstrumentId | str, products: Products, day: int) -> Instrument:
    if isinstance(entry, Instrument):
        known = products.instrument(entry.id, day)
        return at_its_word(entry if known is None else known, day)
    return at_its_word(instrument_of(products, InstrumentId(entry), day), day)
