"""Deadlines of orders, in event time: one timer for all, since nearly all are equally long."""

import heapq
from collections.abc import Callable

from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.ids import OrderId


class Deadlines:
    """``due`` is called once per deadline; whoever added it looks whether it still matters."""

    def __init__(self, bus: Bus, timers: Timers, due: Callable[[OrderId], None]) -> None:
        self._clock = bus.clock
        self._timers = timers
        self._due = due
        self._heap: list[tuple[int, OrderId]] = []
        self._armed = False

    def add(self, id_: OrderId, delay: int) -> None:
        """``delay`` in nanoseconds. A shorter one behind a longer one is served with it."""
        heapq.heappush(self._heap, (self._clock.now() + delay, id_))
        if not self._armed:
            self._arm()

    def _arm(self) -> None:
        self._armed = True
        self._timers.call_at(self._heap[0][0], self._fire)

    def _fire(self) -> None:
        self._armed = False
        heap, now = self._heap, self._clock.now()
        while heap and heap[0][0] <= now:
            self._due(heapq.heappop(heap)[1])
        if heap and not self._armed:
            self._arm()
