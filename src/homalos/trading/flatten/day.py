"""Day-flat: before which moments a strategy has to be flat, and the timers that see to it.

By strategies.yaml's entry, not by the strategy's code: it works for one that is dead, stopped or
quarantined, and for one whose file is gone. A timer is set for a book when its first order leaves
and when books and venue agree (a start, a line that is up again): inside the last minutes it is due
at once.
"""

from collections.abc import Callable, Iterable
from functools import partial

from homalos.config.sections.strategy import StrategyEntry
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.market.sessions import Sessions
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.market import Instrument
from homalos.model.times import SECOND
from homalos.trading.books import Books
from homalos.trading.registry import OrderRegistry

_SESSIONS_MAX = 4
"""Ends to be looked at until one applies: the night's, the day's, those of the day after."""

Begin = Callable[[StrategyId, InstrumentId, int, int], None]
"""``(strategy, contract, end, when it escalates)``"""


class DayFlat:
    """See the module. ``begin`` is called when the last minutes before an end have come."""

    def __init__(
        self, bus: Bus, timers: Timers, books: Books, registry: OrderRegistry, sessions: Sessions,
        begin: Begin,
    ) -> None:  # fmt: skip
        self._bus = bus
        self._timers = timers
        self._books = books
        self._registry = registry
        self._sessions = sessions
        self._begin = begin
        self._rules: dict[StrategyId, StrategyEntry] = {}
        self._set: dict[tuple[StrategyId, InstrumentId], int] = {}
        """Ends that a timer is set for."""
        self._ends: dict[tuple[StrategyId, InstrumentId], tuple[int, int]] = {}
        """(since when, next end), for ``closing``, which is asked once an order."""

    def learn(self, entry: StrategyEntry) -> bool:
        """Take over what an entry says; whether it has to be flat at all."""
        strategy = StrategyId(entry.id)
        self._ends.clear()
        if entry.flat == "off":
            self._rules.pop(strategy, None)
            return False
        self._rules[strategy] = entry
        return True

    # ------------------------------------------------------------ when

    def end(self, entry: StrategyEntry, row: Instrument, now: int) -> int | None:
        """The next end that applies, later than ``now``; ``None``: none is near."""
        sessions, ts = self._sessions, now
        for _ in range(_SESSIONS_MAX):
            end = sessions.session_end(row.exchange, row.product, ts)
            if end is None:  # closed: the session that comes
                ts = sessions.next_boundary(row.exchange, row.product, ts)
                continue
            day = sessions.trading_day(row.exchange, row.product, ts)
            last = end == sessions.span(row.exchange, row.product, day)[1]
            if last:
                end = sessions.early_close(row, day) or end
            if end > now and (last or entry.flat == "session"):
                return end
            ts = sessions.next_boundary(row.exchange, row.product, max(ts, end))
        return None

    def closing(self, strategy: StrategyId, instrument: InstrumentId) -> bool:
        """Whether nothing of it may open any more."""
        entry, row = self._rules.get(strategy), self._books.instrument(instrument)
        if entry is None or row is None:
            return False
        now, key = self._bus.clock.now(), (strategy, instrument)
        since, end = self._ends.get(key, (0, 0))
        if not since <= now < end:
            found = self.end(entry, row, now)
            if found is None:
                return False
            self._ends[key] = now, found
            end = found
        return now >= end - entry.flat_before_s * SECOND

    # ------------------------------------------------------------ timers

    def watch(self, strategy: StrategyId, instrument: InstrumentId) -> None:
        """See to it that this book is flat at its next end."""
        entry = self._rules.get(strategy)
        key = strategy, instrument
        if entry is None or key in self._set:
            return
        row, now = self._books.instrument(instrument), self._bus.clock.now()
        end = None if row is None else self.end(entry, row, now)
        if end is not None:
            self._set[key] = end
            due = max(now, end - entry.flat_before_s * SECOND)
            self._timers.call_at(due, partial(self._due, *key))

    def watch_all(self) -> None:
        """Whatever is held or works now."""
        for strategy, instrument in self._kept():
            self.watch(strategy, instrument)

    def _kept(self) -> Iterable[tuple[StrategyId, InstrumentId]]:
        if not self._rules:
            return ()
        held = [(b.strategy, b.instrument) for b in self._books.strategies.all() if b.net]
        works = [(order.strategy, order.instrument) for order in self._registry.open()]
        return dict.fromkeys((*held, *works))

    def _due(self, strategy: StrategyId, instrument: InstrumentId) -> None:
        key = strategy, instrument
        end, entry = self._set.pop(key), self._rules.get(strategy)
        if entry is None or self._bus.clock.now() >= end or key not in self._kept():
            return
        before = min(entry.flat_escalate_s, entry.flat_before_s) * SECOND
        self._begin(strategy, instrument, end, end - before)
