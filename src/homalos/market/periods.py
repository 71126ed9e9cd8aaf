"""Periods of bars, and the minutes of a trading day that they count.

Bars count session time, as 文华 and TradingView do: breaks do not exist for them, so the 30m bar
that begins at 10:00 goes on at 10:30 and ends at 10:45. Night and day session are one trading day,
and no bar spans two.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

from homalos.market.sessions import Segment
from homalos.model.enums import Phase
from homalos.model.times import MINUTE

MINUTE_BAR = "1m"
DAY_BAR = "1d"
WHOLE_DAY = 0
"""What ``period_minutes`` gives for ``1d``: all minutes of the trading day, however many."""

_PERIOD = re.compile(r"([1-9][0-9]{0,3})(m|h)")


def period_minutes(period: str) -> int:
    """Session minutes of ``1m``, ``45m``, ``2h`` ...; ``WHOLE_DAY`` for ``1d``.

    ``ValueError`` for anything else; it names what was expected.
    """
    if period == DAY_BAR:
        return WHOLE_DAY
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise ValueError(
            f"period {period!r} is none: expected Nm, Nh or 1d, such as 1m, 5m, 1h, 1d"
            f" / 周期 {period!r} 无效，应为 Nm、Nh 或 1d"
        )
    return int(match[1]) * (60 if match[2] == "h" else 1)


class DayMinutes:
    """The trading minutes of one product on one trading day, numbered from 0.

    ``segments``: those of ``Sessions.segments``, in order. ``ValueError`` when none is continuous.
    """

    __slots__ = ("_counts", "_ends", "_firsts", "_froms", "_starts", "total")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._firsts: list[int] = []
        self._counts: list[int] = []
        self._froms: list[int] = []
        self.total = 0
        begin: int | None = None
        for segment in segments:
            if segment.phase in (Phase.AUCTION, Phase.AUCTION_MATCH):
                begin = segment.start if begin is None else begin
            elif segment.phase is Phase.CONTINUOUS:
                self._add(segment, segment.start if begin is None else begin)
                begin = None
            else:
                begin = None
        if not self.total:
            raise ValueError("a trading day without a continuous session has no bars")

    def _add(self, segment: Segment, begin: int) -> None:
        count = -((segment.start - segment.end) // MINUTE)
        self._froms.append(begin)
        self._starts.append(segment.start)
        self._ends.append(segment.end)
        self._firsts.append(self.total)
        self._counts.append(count)
        self.total += count

    @property
    def open(self) -> int:
        """Begin of the first continuous session."""
        return self._starts[0]

    @property
    def close(self) -> int:
        """End of the last continuous session."""
        return self._ends[-1]

    def index(self, ts: int) -> int:
        """The minute that a tick of ``ts`` belongs to: one of an auction to the first minute
        after it, one of a break or after the close to the last minute before."""
        at = bisect_right(self._froms, ts) - 1
        if at < 0:
            return 0
        minute = max(0, (ts - self._starts[at]) // MINUTE)
        return self._firsts[at] + min(minute, self._counts[at] - 1)

    def start(self, index: int) -> int:
        """When the minute ``index`` begins."""
        at = bisect_right(self._firsts, index) - 1
        return self._starts[at] + (index - self._firsts[at]) * MINUTE

    def end(self, index: int) -> int:
        """When the minute ``index`` ends."""
        at = bisect_right(self._firsts, index) - 1
        return min(self._starts[at] + (index - self._firsts[at] + 1) * MINUTE, self._ends[at])

    def until(self, index: int) -> int:
        """Ticks before this belong to the minute ``index``: its end, or the begin of the next
        session's auction where it is the last one before a break."""
        at = bisect_right(self._firsts, index) - 1
        if index - self._firsts[at] < self._counts[at] - 1:
            return self.end(index)
        return self._froms[at + 1] if at + 1 < len(self._froms) else 1 << 62

    def window(self, index: int, minutes: int) -> tuple[int, int]:
        """First and last minute of the bar of ``minutes`` that holds the minute ``index``."""
        if minutes == WHOLE_DAY:
            return 0, self.total - 1
        first = index - index % minutes
        return first, min(first + minutes, self.total) - 1
