"""Session phases from ``OnRtnInstrumentStatus``; from the session table where a front tells none.

The public flow tells the whole day again after each login: until the line is ready only the last
word on each product counts, so that nobody sees the morning's phases pass by once more (A15).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homalos.gateway.ctp.convert import PHASES, DayClock
from homalos.kernel.clock import Clock
from homalos.kernel.timers import Timers
from homalos.market.sessions import Sessions
from homalos.model.enums import Phase
from homalos.model.event import Event
from homalos.model.events import PhaseChanged
from homalos.model.market import Instrument

Key = tuple[str, str]
"""Exchange and product."""


class PhaseBoard:
    """See the module. ``tell`` is told each change, ``alarm`` what a human must know of."""

    def __init__(
        self, clock: Clock, timers: Timers, sessions: Sessions, dates: DayClock,
        tell: Callable[[Event], None], alarm: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._clock = clock
        self._timers = timers
        self._sessions = sessions
        self._dates = dates
        self._tell = tell
        self._alarm = alarm
        self._heard: dict[Key, tuple[Phase, int]] = {}
        """The venue's last word, and when it entered that phase."""
        self._told: dict[Key, Phase] = {}
        self._by_table: set[Key] = set()
        self._open = False
        self._day = 0

    def on_status(self, row: Mapping[str, Any]) -> None:
        key = str(row["ExchangeID"]), str(row["InstrumentID"])
        phase = PHASES.get(row["InstrumentStatus"])
        if phase is None:
            self._alarm(f"{key[0]} {key[1]}: unknown status {row['InstrumentStatus']!r}: "
                        "its phase stays as it was")  # fmt: skip
            return
        ts = self._dates.at(str(row["EnterTime"])) or self._clock.now()
        self._heard[key] = phase, ts
        self._by_table.discard(key)
        if self._open:
            self._change(key, phase, ts)

    def ready(self, trading_day: int, contracts: Iterable[Instrument]) -> None:
        """The replay is over: tell what is so now."""
        self._open, self._day = True, trading_day
        for key, (phase, ts) in self._heard.items():
            self._change(key, phase, ts)
        silent = {(item.exchange, item.product) for item in contracts}
        silent -= self._heard.keys() | self._by_table
        for key in sorted(self._by_table):
            self._at_table(key)
        for key in sorted(silent):
            self._by_table.add(key)
            self._follow(key)
        if silent:
            self._alarm(f"the front tells no status of {len(silent)} products: their phases go "
                        "by the session table")  # fmt: skip

    def close(self, *, new_day: bool = False) -> None:
        """The line is down. ``new_day``: what was heard before is over."""
        self._open = False
        if new_day:
            self._heard.clear()
            self._told.clear()

    def _follow(self, key: Key) -> None:
        """Tell the phase of the table, and come again when it ends."""
        if key in self._by_table:
            self._timers.call_at(self._at_table(key), lambda: self._follow(key))

    def _at_table(self, key: Key) -> int:
        segment = self._sessions.segment_at(*key, self._clock.now())
        self._change(key, segment.phase, segment.start)
        return segment.end

    def _change(self, key: Key, phase: Phase, ts: int) -> None:
        if self._told.get(key) is not phase:
            self._told[key] = phase
            self._tell(PhaseChanged(*key, phase, self._day, ts, self._clock.now()))
