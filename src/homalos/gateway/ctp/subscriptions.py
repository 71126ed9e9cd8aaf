"""What is subscribed on a market data line: kept, restored at each login, paced."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from homalos.gateway.ctp.link import Link, State
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick

__all__ = ["Subscriptions"]

CHUNK = 100
PAUSE = 0.1
"""Seconds between chunks: a thousand contracts a second, more and the front drops the line (A3)."""
AGAIN = 1.0
"""Seconds until a chunk that could not be sent is tried again."""
UNSURE = "CZCE"
"""The exchange whose turnover comes with or without the multiplier (A13): its ticks tell."""


class Subscriptions:
    """``send`` hands wire ids to the port: 0, or CTP's negative code. ``changed`` is called when
    all turnovers are known."""

    def __init__(
        self, link: Link, send: Callable[[Sequence[str]], int], changed: Callable[[], None]
    ) -> None:
        self.untaught: set[InstrumentId] = set()
        """Subscribed contracts whose turnover is still to be judged by a tick."""
        self.products: set[tuple[str, str]] = set()
        """(exchange, product) of what is subscribed."""
        self._link = link
        self._send = send
        self._changed = changed
        self._wanted: dict[InstrumentId, None] = {}
        self._listed: dict[InstrumentId, Instrument] = {}
        self._factors: dict[InstrumentId, float] = {}
        self._queue: deque[str] = deque()
        self._sending = False

    def __len__(self) -> int:
        """Contracts that are subscribed, or will be at the next login."""
        return sum(id in self._listed for id in self._wanted)  # noqa: A001

    def listed(self) -> tuple[Instrument, ...]:
        return tuple(self._listed.values())

    def unlisted(self) -> tuple[InstrumentId, ...]:
        """Wanted, but no contract that the venue has."""
        return tuple(id for id in self._wanted if id not in self._listed)  # noqa: A001

    def list(self, instrument: Instrument) -> bool:
        """Whether the port must be told: new, or spelled or multiplied otherwise than before."""
        known = self._listed.get(instrument.id)
        self._listed[instrument.id] = instrument
        if known is None and instrument.id in self._wanted:
            self._want(instrument)
        return known is None or (known.symbol, known.multiplier) != (
            instrument.symbol,
            instrument.multiplier,
        )

    def add(self, instruments: Iterable[InstrumentId]) -> None:
        for id in instruments:  # noqa: A001
            if id in self._wanted:
                continue
            self._wanted[id] = None
            if id in self._listed:
                self._want(self._listed[id])

    def restore(self) -> None:
        """Logged in: the front knows nothing of what was subscribed before."""
        self._sending = False
        self._queue.clear()
        self._queue.extend(
            self._listed[id].symbol
            for id in self._wanted  # noqa: A001
            if id in self._listed
        )
        self._flush()

    # ------------------------------------------------------------ turnover

    def turnover_factor(self, instrument: Instrument) -> float:
        """What turns the venue's turnover into yuan; 1 until a tick has told."""
        return self._factors.get(instrument.id, 1.0)

    def learn(self, tick: Tick) -> Instrument | None:
        """Judge a turnover: against volume x price it is near 1 where the multiplier is missing.
        The contract, now that its factor is known; ``None``: nothing (new) was learned."""
        if tick.instrument not in self.untaught:
            return None
        if not tick.volume or not tick.turnover or not tick.last_price:
            return None
        instrument = self._listed[tick.instrument]
        ratio = tick.turnover / (tick.volume * tick.last_price)
        multiplier = instrument.multiplier
        missing = abs(ratio - 1.0) < abs(ratio / multiplier - 1.0)
        self._factors[tick.instrument] = multiplier if missing else 1.0
        self.untaught.discard(tick.instrument)
        return instrument

    # ------------------------------------------------------------ inside

    def _want(self, instrument: Instrument) -> None:
        self.products.add((instrument.exchange, instrument.product))
        unsure = instrument.exchange == UNSURE and instrument.multiplier > 1.0
        if unsure and instrument.id not in self._factors:
            self.untaught.add(instrument.id)
            self._changed()
        if self._link.state is State.READY:
            self._queue.append(instrument.symbol)
            self._flush()

    def _flush(self) -> None:
        if self._sending or not self._queue or self._link.state is not State.READY:
            return
        chunk = list(islice(self._queue, CHUNK))
        sent = self._send(chunk) == 0
        if sent:
            for _ in chunk:
                self._queue.popleft()
        if self._queue:
            self._sending = True
            self._link.later(PAUSE if sent else AGAIN, self._resume)

    def _resume(self) -> None:
        self._sending = False
        self._flush()
