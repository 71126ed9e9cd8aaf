"""How often something may happen: a sliding second."""

from collections import deque


class Rate:
    """At most ``most`` in any ``span`` seconds; 0: any number."""

    def __init__(self, most: int, span: float = 1.0) -> None:
        self._most = most
        self._span = span
        self._times: deque[float] = deque(maxlen=most or 1)

    def over(self, now: float) -> bool:
        """Whether one more at ``now`` is too many; it counts only when it is not."""
        if not self._most:
            return False
        times = self._times
        if len(times) == self._most and now - times[0] < self._span:
            return True
        times.append(now)
        return False
