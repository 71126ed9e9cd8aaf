"""The one date rule (FACTS A14), and the exchanges' clocks that a login tells."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from homalos.model.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, china_time_of_day

__all__ = ["CLOCKS", "clock_offset", "nearest", "on_its_day", "time_of_day"]

CLOCKS = ("SHFETime", "DCETime", "CZCETime", "FFEXTime", "INETime", "GFEXTime")
"""Fields of ``OnRspUserLogin``; a front may leave them empty or say ``--:--:--``."""

OTHER_YEAR = 15 * DAY
"""No holiday puts a trading day so far from today."""
_DAY_SESSION = (8 * HOUR + 30 * MINUTE, 15 * HOUR + 30 * MINUTE)
_NIGHT_SESSION = (20 * HOUR + 30 * MINUTE, 2 * HOUR + 40 * MINUTE)


def time_of_day(text: str, milliseconds: int = 0) -> int | None:
    """Nanoseconds after midnight of ``09:00:00``; ``None`` for what is no time."""
    parts = text.strip().split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    hours, minutes, seconds = map(int, parts)
    if hours > 23 or minutes > 59 or seconds > 59 or not 0 <= milliseconds < 1000:
        return None
    return hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * MILLISECOND


def nearest(time: int, now: int) -> int:
    """The instant (ns UTC) with the time of day ``time`` in China that lies nearest to ``now``:
    the natural date of every exchange, needing no calendar."""
    away = (time - china_time_of_day(now)) % DAY
    return now + (away if away < DAY // 2 else away - DAY)


def clock_offset(login: Mapping[str, Any], wall: int, fields: Iterable[str] = CLOCKS) -> int | None:
    """Exchange time less ``wall`` (ns), the median of the clocks that ``OnRspUserLogin`` tells, or
    of its ``LoginTime``; ``None`` where it tells none."""
    told = [time_of_day(str(login.get(name, ""))) for name in fields]
    times = [time for time in told if time is not None]
    if not times:
        time = time_of_day(str(login.get("LoginTime", "")))
        times = [] if time is None else [time]
    return round(median(nearest(time, wall) - wall for time in times)) if times else None


def on_its_day(offset: int, wall: int, by_day: int) -> int:
    """``offset`` for an exchange that may live on another day: a replay, a generated market.

    ``by_day``: the instant that the login's trading day and the calendar make of the exchange's
    time of day. Where it is not the one nearest to ``wall``, it is right in trading hours; outside
    them (a login at 16:00, whose trading day is tomorrow already) the nearest one is, unless it
    would be years away.
    """
    exchange = wall + offset
    if abs(by_day - exchange) < HOUR:
        return offset
    time = china_time_of_day(exchange)
    trading = _DAY_SESSION[0] <= time <= _DAY_SESSION[1] or (
        time >= _NIGHT_SESSION[0] or time <= _NIGHT_SESSION[1]
    )
    return by_day - wall if trading or abs(by_day - wall) > OTHER_YEAR else offset
