"""Arithmetic of times: integer nanoseconds since the epoch (UTC), days as ``yyyymmdd`` integers.

China has kept one zone without daylight saving since 1991, so a fixed offset of eight hours is
exact for every date that a futures trader meets.
"""

from datetime import UTC, date, datetime, timedelta

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MILLISECOND = 1_000_000
CHINA_OFFSET = 8 * HOUR

_EPOCH = date(1970, 1, 1)


def to_date(day: int) -> date:
    """Turn ``20171113`` into a date; ``ValueError`` where there is no such day."""
    return date(day // 10_000, day // 100 % 100, day % 100)


def to_day(value: date) -> int:
    """Turn a date into ``yyyymmdd``."""
    return value.year * 10_000 + value.month * 100 + value.day


def add_days(day: int, count: int) -> int:
    """The natural day ``count`` days after ``day``."""
    return to_day(to_date(day) + timedelta(days=count))


def china_midnight(day: int) -> int:
    """The instant (ns UTC) at which the natural day ``day`` begins in China."""
    return (to_date(day) - _EPOCH).days * DAY - CHINA_OFFSET


def china_day(ts: int) -> int:
    """The natural day in China of the instant ``ts``."""
    return to_day(_EPOCH + timedelta(days=(ts + CHINA_OFFSET) // DAY))


def china_time_of_day(ts: int) -> int:
    """Nanoseconds since midnight in China of the instant ``ts``."""
    return (ts + CHINA_OFFSET) % DAY


def china_text(ts: int) -> str:
    """``2017-11-13 09:00:00.500`` in China's time, for people."""
    moment = datetime.fromtimestamp((ts + CHINA_OFFSET) // SECOND, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ts % SECOND // MILLISECOND:03d}"
