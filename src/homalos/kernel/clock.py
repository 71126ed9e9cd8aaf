"""The only source of time.

``now`` is event time: the wall clock live, the recorded or generated market's in a simulation.
``monotonic`` is for measurement, watchdogs and sessions of the console; it never enters state.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

monotonic_ns = time.perf_counter_ns
"""For measurement only."""

wall_ns = time.time_ns
"""The machine's own clock; only for what is about the machine (logs, tokens, the doctor)."""


def _steady() -> Callable[[], int]:
    """A clock that nobody sets and that goes on while the machine sleeps, where there is one."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux
        return partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
    return time.perf_counter_ns


steady_ns = _steady()

sleep = time.sleep
cpu_ns = time.thread_time_ns


OTHER_TIME = 3_600 * 1_000_000_000
"""No clock of an exchange is so wrong: it is a front that lives in another time (a replay)."""


class Clock(Protocol):
    def now(self) -> int:
        """Event time, integer nanoseconds since the epoch, UTC."""

    def monotonic(self) -> int:
        """Nanoseconds of a clock that never steps."""

    def stamp(self) -> int:
        """The time of an ingress event: ``now`` stands still at it until ``release``, so that all
        that follows from the event has its time, in a replay too."""

    def hold(self, ts: int) -> None:
        """Stand still at an earlier stamp again: what followed from it goes on."""

    def release(self) -> None:
        """Go on."""


class LiveClock:
    """The wall clock, shifted to the exchange's where that differs. The machine's clock is read
    when it starts and when a login tells the exchange's (``shift``); between these it goes by a
    clock that nobody sets, so a step of the machine's time moves neither timers nor sessions.

    It never runs backwards, and never stands: where the time to show lies behind what was shown
    (the machine ran fast) it goes on at half the pace until that has caught up, so that timers
    fire and windows of time pass."""

    def __init__(self) -> None:
        self._anchor = wall_ns() - steady_ns()
        """The machine's time when it was read, less the clock that goes on from there."""
        self._last = 0
        self._held = 0
        self._slow_from = 0
        """Monotonic time since when it goes slowly; 0: it does not."""
        self._slow_at = 0
        """What it showed then."""
        self.offset = 0
        """The exchange's time less the machine's, ns."""
        self.monotonic = monotonic_ns

    def shift(self, offset: int, *, jump: bool = False) -> int:
        """Show the machine's time plus ``offset`` from now on; by how much what is shown has moved
        at once (ns). Back by less than ``OTHER_TIME`` it has not: it goes slowly, unless ``jump``
        allows it (nothing was dated yet). Further back is another time, and it jumps."""
        before = self.now()
        if jump or self.off(offset) < -OTHER_TIME:
            self._last = 0
        self._anchor = wall_ns() - steady_ns()
        self.offset = offset
        self._slow_from = 0
        return self.now() - before

    def off(self, offset: int) -> int:
        """How far the machine's time plus ``offset`` is from what this clock goes by (ns)."""
        return wall_ns() + offset - (steady_ns() + self._anchor + self.offset)

    def now(self) -> int:
        if self._held:
            return self._held
        now = steady_ns() + self._anchor + self.offset
        if now < self._last:
            now = max(now, self._slowly())
        elif self._slow_from:
            self._slow_from = 0
        self._last = now
        return now

    def _slowly(self) -> int:
        monotonic = self.monotonic()
        if not self._slow_from:
            self._slow_from, self._slow_at = monotonic, self._last
        return self._slow_at + (monotonic - self._slow_from) // 2

    def stamp(self) -> int:
        self._held = 0
        self._held = now = self.now()
        return now

    def hold(self, ts: int) -> None:
        self._held = ts

    def release(self) -> None:
        self._held = 0


class SimClock:
    """Event time that is set by whoever pulls the next event."""

    def __init__(self, start: int = 0) -> None:
        self.time = start
        self.monotonic = monotonic_ns

    def now(self) -> int:
        return self.time

    def advance(self, ts: int) -> None:
        """Move to ``ts``; a time that lies behind is ignored, time does not run backwards."""
        if ts > self.time:
            self.time = ts

    def stamp(self) -> int:
        return self.time

    def hold(self, ts: int) -> None:
        """It stands still anyway."""

    def release(self) -> None:
        """As above."""
