"""Pure: what of a contract's days binds orders today, and which warning is due."""

from collections.abc import Iterable
from typing import NamedTuple

from homalos.market.calendar import TradingCalendar
from homalos.market.delivery import DeliveryDays

LATE = -1
"""Instead of the trading days that are left, after the day."""


class Near(NamedTuple):
    """What holds for orders of one contract today; most contracts have none."""

    last_open: int
    """The day after which nothing is opened; 0: today lots are opened."""
    until: int
    """The day of which that is a consequence."""
    multiple: int
    """Lots come in multiples of it; 1: any number."""


class Deadline(NamedTuple):
    """A day that a holder of lots has to know of. ``what``: ``must_flat``, ``last_day``,
    ``multiple``."""

    what: str
    day: int


def near(days: DeliveryDays, today: int) -> Near | None:
    """``None``: nothing holds yet."""
    closed = today > days.last_open
    multiple = days.multiple if days.multiple_from and today >= days.multiple_from else 1
    if not closed and multiple == 1:
        return None
    return Near(days.last_open if closed else 0, days.must_flat or days.last_trading_day, multiple)


def deadlines(days: DeliveryDays, lots: Iterable[int]) -> tuple[Deadline, ...]:
    """Of whoever holds ``lots`` long and short."""
    flat, by = days.must_flat, days.multiple_by
    found = [Deadline("must_flat", flat) if flat else Deadline("last_day", days.last_trading_day)]
    if by and (not flat or by < flat) and any(count % days.multiple for count in lots):
        found.append(Deadline("multiple", by))
    return tuple(found)


def left(calendar: TradingCalendar, today: int, day: int, most: int) -> int:
    """Trading days from ``today`` to ``day``; ``LATE``: it is over; more than ``most``: ``most`` +
    1."""
    if day < today:
        return LATE
    for count in range(most + 1):
        if today >= day:
            return count
        today = calendar.next_day(today)
    return most + 1


def step(count: int, steps: Iterable[int]) -> int | None:
    """The warning that is due ``count`` trading days ahead: the nearest that is not behind;
    ``None``: none is yet."""
    return min((at for at in (*steps, 0) if at >= count), default=None)
