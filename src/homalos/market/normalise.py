"""Recorded fields made true: prices that are none, dates, turnover (FACTS A13, A14)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from homalos.market.calendar import TradingCalendar
from homalos.model.times import DAY, HOUR, china_midnight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NONE_ABOVE = 1e300
"""CTP writes DBL_MAX for a number that there is not."""

EVENING = 18 * HOUR
MORNING = 8 * HOUR


def price(value: float) -> float | None:
    """One price as CTP sends it: ``None`` for DBL_MAX, NaN and what is not positive; the noise of
    its arithmetic (3594.0000000000005) is taken off."""
    return round(value, 6) if 0.0 < value < NONE_ABOVE else None


def prices(values: Floats) -> Floats:
    """The same for a column; NaN stands for none."""
    with np.errstate(invalid="ignore"):
        good = (values > 0.0) & (values < NONE_ABOVE)
    return np.where(good, np.round(np.where(good, values, 0.0), 6), np.nan)


def amounts(values: Floats) -> Floats:
    """A column of turnover or open interest: 0 is a value here. NaN stands for none."""
    with np.errstate(invalid="ignore"):
        return np.where((values >= 0.0) & (values < NONE_ABOVE), values, np.nan)


def turnover_factor(turnover: Floats, volume: Ints, last: Floats, multiplier: float) -> float:
    """What turns a turnover column into yuan: the multiplier where it lacks it (CZCE), else 1.

    The ratio of turnover to volume x price tells: near 1 the multiplier is missing, near the
    multiplier it is there. Where no row tells, 1.
    """
    with np.errstate(invalid="ignore"):
        known = (volume > 0) & (turnover > 0) & (last > 0)
    if multiplier <= 1.0 or not known.any():
        return 1.0
    ratio = float(np.median(turnover[known] / (volume[known] * last[known])))
    return multiplier if abs(ratio - 1.0) < abs(ratio / multiplier - 1.0) else 1.0


def instants(calendar: TradingCalendar, trading_day: int, time_of_day: Ints) -> Ints:
    """When (ns UTC) the times of day (ns) of one recorded trading day were.

    From 18:00 on it is the evening of the trading day before, before 08:00 the night that follows
    that evening (Saturday morning for a Friday), else the day itself. ``ValueError``: the calendar
    does not know the day.
    """
    evening = china_midnight(calendar.previous_day(trading_day))
    day = china_midnight(trading_day)
    late = time_of_day >= EVENING
    early = time_of_day < MORNING
    return time_of_day + np.where(late, evening, np.where(early, evening + DAY, day))


def czce_nights(
    ts: Ints,
    trading_day: Ints,
    action_day: Ints,
    time_of_day: Ints,
    calendar: TradingCalendar,
) -> None:
    """Set right, in place, CZCE's night rows that bear the natural day as trading day.

    Such a row belongs to the evening of its natural day, and to the trading day after. The same
    row pushed again next morning bears the next day's date: rows behind it in the file are older
    than the evening which it claims, and then it stays where the trading day puts it.
    """
    night = np.flatnonzero((time_of_day >= EVENING) & (trading_day == action_day))
    if not len(night):
        return
    following = np.append(
        np.minimum.accumulate(_sure(ts, night)[::-1])[::-1], np.iinfo(np.int64).max
    )
    midnight = _cached(china_midnight)
    next_day = _cached(calendar.next_day)
    for row in night:
        day = int(action_day[row])
        claimed = midnight(day) + int(time_of_day[row])
        if claimed <= following[row + 1]:
            ts[row] = claimed
            trading_day[row] = next_day(day)


def _sure(ts: Ints, doubtful: NDArray[np.intp]) -> Ints:
    sure = ts.copy()
    sure[doubtful] = np.iinfo(np.int64).max
    return sure


def _cached(function: Callable[[int], int]) -> Callable[[int], int]:
    known: dict[int, int] = {}

    def look_up(day: int) -> int:
        if day not in known:
            known[day] = function(day)
        return known[day]

    return look_up
