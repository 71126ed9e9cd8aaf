"""Event time that follows the market, for a venue whose time runs faster than ours.

A simulated front can replay a day in minutes. No clock of this machine tells its time; its ticks
do: each moves the clock to its own, after the timers that were due before it. Between ticks time
stands still. Only ticks that the gate let pass count, so junk from the future moves nothing.
"""

from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.model.market import Tick


class FollowingClock(SimClock):
    """Set by the market's own ticks."""


class MarketFollower:
    """Stands behind the gate; see the module."""

    def __init__(self, bus: Bus, clock: FollowingClock, timers: Timers) -> None:
        self._bus = bus
        self._clock = clock
        self._timers = timers

    def accept(self, tick: Tick) -> None:
        """Move the clock to the tick, then post it. What came before is dispatched first."""
        ts = tick.ts_event
        if ts > self._clock.time:
            due = self._timers.due()
            while due is not None and due <= ts:
                self._bus.run_until_idle()
                self._clock.advance(due)
                self._timers.fire_next()
                due = self._timers.due()
            self._bus.run_until_idle()
            self._clock.advance(ts)
        self._bus.post(tick)
