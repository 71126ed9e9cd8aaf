"""Timers in event time: fired by whoever moves the clock (the loop live, the pump in a replay)."""

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

from homalos.model.event import Event

if TYPE_CHECKING:
    from homalos.kernel.bus import Bus


class Timer:
    """A call that is due at ``when``; ``cancel`` makes it do nothing."""

    __slots__ = ("callback", "sequence", "when")

    def __init__(self, when: int, sequence: int, callback: Callable[[], None]) -> None:
        self.when = when
        self.sequence = sequence
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None

    def __lt__(self, other: "Timer") -> bool:
        return (self.when, self.sequence) < (other.when, other.sequence)


class Timers:
    """A heap of timers, fired in order of time, then of their making."""

    def __init__(self, bus: "Bus") -> None:
        self._bus = bus
        self._heap: list[Timer] = []
        self._made = 0
        self.earlier: Callable[[], None] | None = None
        """Called when a new timer becomes the first to be due (the live driver re-arms)."""

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` on the loop's thread when event time has reached ``when``."""
        self._made += 1
        timer = Timer(when, self._made, callback)
        heapq.heappush(self._heap, timer)
        if self.earlier is not None and self._heap[0] is timer:
            self.earlier()
        return timer

    def post_at(self, when: int, event: Event) -> Timer:
        """Post ``event`` as ingress when event time has reached ``when``."""
        return self.call_at(when, lambda: self._bus.post(event))

    def shift(self, by: int) -> None:
        """The clock was moved by so much: what was due in a minute still is."""
        for timer in self._heap:
            timer.when += by
        if self.earlier is not None:
            self.earlier()

    def due(self) -> int | None:
        """When the next timer is due; ``None`` without one."""
        heap = self._heap
        while heap and heap[0].callback is None:
            heapq.heappop(heap)
        return heap[0].when if heap else None

    def fire_next(self) -> None:
        """Run the next timer, whatever its time."""
        timer = heapq.heappop(self._heap)
        if timer.callback is not None:
            timer.callback()

    def fire(self, now: int) -> None:
        """Run every timer that is due at ``now``, those that they make included."""
        while (when := self.due()) is not None and when <= now:
            self.fire_next()
