"""Drives a simulated run: pulls a recorded or generated market, timers merged in by time.

The next event is taken only when the bus is idle and the store keeps up, so nothing is ever
dropped or conflated, and who reads the clock gets event time. The speed is a setting: 1 is as
recorded, ``None`` as fast as possible. The clock jumps over gaps in which nothing can happen
(nights, breaks), whatever the speed.
"""

import asyncio
from collections.abc import Callable, Iterator

from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.model.market import Tick
from homalos.model.times import SECOND

GAP_NS = 120 * SECOND
"""A pause of the market longer than this is not waited for."""
_CONGESTION_EVERY = 64
"""Ticks between two questions whether the store keeps up."""


class Pump:
    """Feeds ``feed`` from ``ticks``; from ``start`` on it is the bus's ``pull``."""

    def __init__(
        self,
        bus: Bus,
        clock: SimClock,
        timers: Timers,
        ticks: Iterator[Tick],
        feed: Callable[[Tick], None],
        *,
        speed: float | None,
        congested: Callable[[], bool] = lambda: False,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._timers = timers
        self._ticks = ticks
        self._feed = feed
        self._congested = congested
        self._ended = ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._tick: Tick | None = None
        self._done = False
        self._anchor_event = 0
        self._anchor_real = 0
        self._jump_to = 0
        self.speed = speed
        self.pulled = 0
        bus.conflation = False

    def start(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Begin; without a loop only full speed is possible (``ValueError``)."""
        if loop is None and self.speed is not None:
            raise ValueError("a paced run needs an event loop")
        self._loop = loop
        self._tick = next(self._ticks, None)
        self._anchor()
        self._bus.pull = self.pull
        self._bus.wake()

    def stop(self) -> None:
        """Pull nothing more."""
        self._done = True
        self._bus.pull = None
        if self._alarm is not None:
            self._alarm.cancel()

    def set_speed(self, speed: float | None) -> None:
        """Change the pace from here on."""
        self.speed = speed
        self._anchor()
        self._bus.wake()

    def pull(self) -> bool:
        """Make the next thing happen; whether anything did. Called by the idle bus."""
        if self._done:
            return False
        tick = self._tick
        due = self._timers.due()
        if tick is None:
            self._finish()
            return True
        when = tick.ts_event if due is None or tick.ts_event < due else due
        if self.speed is not None and not self._is_time(when, tick):
            return False
        if not self.pulled % _CONGESTION_EVERY and self._congested():
            self._sleep(0.001)
            return False
        self._clock.advance(when)
        if when == due:
            self._timers.fire_next()
        else:
            self.pulled += 1
            self._tick = next(self._ticks, None)
            self._feed(tick)
        return True

    def _finish(self) -> None:
        """The source is dry: fire what is due until the end of its last moment, once."""
        self._done = True
        self._bus.pull = None
        self._timers.fire(self._clock.time)
        self._ended()

    def _anchor(self) -> None:
        self._anchor_event = max(self._clock.time, 0)
        self._anchor_real = self._clock.monotonic()

    def _is_time(self, when: int, tick: Tick) -> bool:
        """Whether the paced clock has reached ``when``; otherwise sets the alarm. Up to a tick
        that lies behind a gap nothing is waited for, whatever timers are due in between."""
        assert self.speed is not None
        if tick.ts_event - self._clock.time > GAP_NS:
            self._jump_to = tick.ts_event
        if when <= self._jump_to:
            self._clock.advance(when)
            self._anchor()
            return True
        ahead = (when - self._anchor_event) / self.speed - (
            self._clock.monotonic() - self._anchor_real
        )
        if ahead <= 0:
            return True
        self._sleep(ahead / SECOND)
        return False

    def _sleep(self, seconds: float) -> None:
        if self._loop is None:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(seconds, self._bus.wake)


class LiveTimers:
    """Fires timers from the loop's clock when event time is the wall's."""

    def __init__(self, bus: Bus, timers: Timers, loop: asyncio.AbstractEventLoop) -> None:
        self._bus = bus
        self._timers = timers
        self._loop = loop
        self._alarm: asyncio.TimerHandle | None = None
        timers.earlier = self.arm
        self.arm()

    def stop(self) -> None:
        """Fire nothing more."""
        self._timers.earlier = None
        if self._alarm is not None:
            self._alarm.cancel()

    def arm(self) -> None:
        """Look anew when the next timer is due; also when the clock was shifted."""
        if self._alarm is not None:
            self._alarm.cancel()
        due = self._timers.due()
        if due is not None:
            delay = max(0.0, (due - self._bus.clock.now()) / SECOND)
            self._alarm = self._loop.call_later(delay, self._fire)

    def _fire(self) -> None:
        try:
            self._timers.fire(self._bus.clock.now())
        except Exception as error:  # noqa: BLE001  the loop would log it, and no timer fire again
            self._bus.end(error)
        else:
            self.arm()
