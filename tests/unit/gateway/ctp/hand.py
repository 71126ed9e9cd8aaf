"""Time moved by hand: a clock and a scheduler for what runs in machine time."""

import heapq
from collections.abc import Callable


class Handle:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Hand:
    """``clock`` and ``call_later`` at once; ``go`` moves on, running what falls due."""

    def __init__(self, event_time: int = 0) -> None:
        self.ns = 0
        self.event_time = event_time
        self._heap: list[tuple[int, int, Handle]] = []
        self._made = 0

    def now(self) -> int:
        return self.event_time

    def monotonic(self) -> int:
        return self.ns

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Handle:
        handle = Handle(callback)
        self._made += 1
        heapq.heappush(self._heap, (self.ns + round(delay * 1e9), self._made, handle))
        return handle

    def go(self, seconds: float) -> None:
        end = self.ns + round(seconds * 1e9)
        while self._heap and self._heap[0][0] <= end:
            when, _, handle = heapq.heappop(self._heap)
            self.event_time += when - self.ns
            self.ns = when
            if handle.callback is not None:
                handle.callback()
        self.event_time += end - self.ns
        self.ns = end

    @property
    def pending(self) -> int:
        return sum(handle.callback is not None for _, _, handle in self._heap)
