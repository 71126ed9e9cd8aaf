"""Orders and cancels at one exchange in the order of their times, and the seconds full of them.

A *burst* is a second in which ``size`` of them fall. Exchanges do not say whether they count by the
clock's seconds or by any second; here it is any, laid so that no way of cutting the day into
seconds finds more: the first second ends with the ``size``-th message, the next begins there. News
that comes late is put where it belongs, and then all is counted anew, once (``recount``).
"""

from bisect import bisect_left, insort

from homalos.model.times import SECOND

_LONG_AGO = -(1 << 62)


class Actions:
    """Times of one account at one exchange."""

    __slots__ = ("_end", "bursts", "disordered", "seconds", "size", "times")

    def __init__(self, size: int) -> None:
        self.size = size
        self.times: list[int] = []
        self.seconds: dict[int, int] = {}
        """How many by second of the clock (since the epoch), for the sum over a group."""
        self.bursts = 0
        self.disordered = False
        """Some came late: ``bursts`` is not right until ``recount``."""
        self._end = _LONG_AGO
        """Of the last such second: another begins later."""

    def add(self, ts: int) -> None:
        times = self.times
        if times and ts < times[-1]:
            insort(times, ts)
            self.disordered = True
        else:
            times.append(ts)
            if not self.disordered:
                self._look(len(times) - 1)
        second = ts // SECOND
        self.seconds[second] = self.seconds.get(second, 0) + 1

    def remove(self, ts: int) -> None:
        """It was at another time, or not at all."""
        self.times.pop(bisect_left(self.times, ts))
        second = ts // SECOND
        self.seconds[second] -= 1
        if not self.seconds[second]:
            del self.seconds[second]
        self.disordered = True

    def recount(self) -> None:
        self.bursts, self._end, self.disordered = 0, _LONG_AGO, False
        for index in range(self.size - 1, len(self.times)):
            self._look(index)

    def resize(self, size: int) -> None:
        if size != self.size:
            self.size = size
            self.recount()

    def _look(self, index: int) -> None:
        """Whether this one completes a burst."""
        first = index - self.size + 1
        if first < 0:
            return
        now = self.times[index]
        if self.times[first] > max(self._end, now - SECOND):
            self.bursts += 1
            self._end = max(self._end + SECOND, now)

    def clear(self) -> None:
        self.times.clear()
        self.seconds.clear()
        self.bursts, self._end, self.disordered = 0, _LONG_AGO, False
