"""Limits of a rate in three sliding windows, for the rules of order and cancel rates."""

from homalos.model.events import Denial
from homalos.model.times import MINUTE, SECOND
from homalos.trading.sending import within

NO_LIMIT = 1 << 62


class Windows:
    """Most in a second, a minute and a day; 0 is no limit."""

    __slots__ = ("_given", "day", "least", "minute", "second")

    def __init__(self, second: int, minute: int, day: int) -> None:
        self._given = second, minute, day
        self.second = second or NO_LIMIT
        self.minute = minute or NO_LIMIT
        self.day = day or NO_LIMIT
        self.least = min(self.second, self.minute, self.day)
        """Below so many nothing can be too much."""

    def with_own(self, second: int | None, minute: int | None, day: int | None) -> "Windows":
        """These limits with a strategy's own in place of those it names."""
        own = zip((second, minute, day), self._given, strict=True)
        return Windows(*(general if given is None else given for given, general in own))

    def judge(self, rule: str, what: str, times: list[int], now: int) -> Denial | None:
        """Whether one more would be too many, ``times`` (ascending) being those of before. Where
        there are fewer than ``least`` nobody needs to ask."""
        count = len(times)
        if (
            (count < self.second or times[-self.second] <= now - SECOND)
            and (count < self.minute or times[-self.minute] <= now - MINUTE)
            and count < self.day
        ):
            return None
        return self._denial(rule, what, times, now)

    def _denial(self, rule: str, what: str, times: list[int], now: int) -> Denial:
        """The first window that is full."""
        windows = (
            ("a second", self.second, within(times, now - SECOND)),
            ("a minute", self.minute, within(times, now - MINUTE)),
            ("a trading day", self.day, len(times)),
        )
        span, most, count = next(row for row in windows if row[2] >= row[1])
        text = f"{count} {what}s within {span} already: at most {most}"
        return Denial(rule, count + 1, most, text)
