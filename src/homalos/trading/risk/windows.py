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

    def denial(self, rule: str, what: str, times: list[int], now: int) -> Denial:
        """The first window that is full. Times are ascending."""
        windows = (
            ("a second", self.second, within(times, now - SECOND)),
            ("a minute", self.minute, within(times, now - MINUTE)),
            ("a trading day", self.day, len(times)),
        )
        span, most, count = next(row for row in windows if row[2] >= row[1])
        text = f"{count} {what}s within {span} already: at most {most}"
        return Denial(rule, count + 1, most, text)
