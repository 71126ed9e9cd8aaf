"""Orders and cancels at one exchange in the order of their times, and the seconds full of them.

A *burst* is a second in which ``size`` of them fall. Exchanges do not say whether they count by the
clock's seconds or by any second; here it is any, laid so that no way of cutting the day into
seconds finds more: the first second ends with the ``size``-th message, the next begins there. News
that comes late is put where it belongs, and what follows it is counted anew, once (``recount``):
CTP tells times in whole seconds, so every cancel of ours comes a little late.
"""

from bisect import bisect_left, bisect_right

from homalos.model.times import SECOND

_LONG_AGO = -(1 << 62)


class Actions:
    """Times of one account at one exchange."""

    __slots__ = ("_found", "_from", "seconds", "size", "times")

    def __init__(self, size: int) -> None:
        self.size = size
        self.times: list[int] = []
        self.seconds: dict[int, int] = {}
        """How many by second of the clock (since the epoch), for the sum over a group."""
        self._found: list[tuple[int, int]] = []
        """Of each burst: which message completes it, when its second ends; another begins later."""
        self._from: int | None = None
        """The first message that came late, or whose place one left."""

    @property
    def bursts(self) -> int:
        return len(self._found)

    @property
    def disordered(self) -> bool:
        """Some came late: ``bursts`` is not right until ``recount``."""
        return self._from is not None

    def _late(self, index: int) -> None:
        self._from = index if self._from is None else min(self._from, index)

    def add(self, ts: int) -> None:
        times = self.times
        if times and ts < times[-1]:
            index = bisect_right(times, ts)
            times.insert(index, ts)
            self._late(index)
        else:
            times.append(ts)
            if self._from is None:
                self._look(len(times) - 1)
        second = ts // SECOND
        self.seconds[second] = self.seconds.get(second, 0) + 1

    def remove(self, ts: int) -> None:
        """It was at another time, or not at all."""
        index = bisect_left(self.times, ts)
        self.times.pop(index)
        self._late(index)
        second = ts // SECOND
        self.seconds[second] -= 1
        if not self.seconds[second]:
            del self.seconds[second]

    def recount(self) -> None:
        """What was complete before the first change stands."""
        first, self._from = self._from or 0, None
        while self._found and self._found[-1][0] >= first:
            self._found.pop()
        for index in range(max(first, self.size - 1), len(self.times)):
            self._look(index)

    def resize(self, size: int) -> None:
        if size != self.size:
            self.size, self._from = size, 0
            self.recount()

    def _look(self, index: int) -> None:
        """Whether this one completes a burst."""
        first = index - self.size + 1
        if first < 0:
            return
        now, end = self.times[index], self._found[-1][1] if self._found else _LONG_AGO
        if self.times[first] > max(end, now - SECOND):
            self._found.append((index, max(end + SECOND, now)))

    def clear(self) -> None:
        self.times.clear()
        self.seconds.clear()
        self._found.clear()
        self._from = None
