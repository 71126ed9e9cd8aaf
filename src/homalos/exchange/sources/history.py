"""One-minute history before the start of a generated market, by the same process."""

from homalos.exchange.sources.walk import Walk
from homalos.market.sessions import Sessions
from homalos.model.enums import Phase
from homalos.model.market import Bar
from homalos.model.times import MINUTE


def history(walk: Walk, sessions: Sessions, day: int, start: int, count: int) -> list[Bar]:
    """Let ``walk`` live through the minutes before ``start``, at least ``count`` of them, and bring
    it into ``day`` as it stands at ``start``: settlements, limits and the day's volume included.
    """
    minutes = _minutes(walk, sessions, day, start, count)
    bars: list[Bar] = []
    for trading_day, begin in minutes:
        if trading_day != walk.trading_day:
            first = not walk.trading_day
            walk.begin_day(trading_day, walk.price(walk.last) if first else None)
        bars.append(_bar(walk, begin))
    if walk.trading_day != day:
        walk.begin_day(day)
    return bars


def _minutes(
    walk: Walk, sessions: Sessions, day: int, start: int, count: int
) -> list[tuple[int, int]]:
    """(trading day, beginning) of the last minutes before ``start``, whole days back."""
    item, found = walk.item, list[tuple[int, int]]()
    while True:
        of_day = [
            (day, begin)
            for segment in sessions.segments(item.exchange, item.product, day)
            if segment.phase is Phase.CONTINUOUS
            for begin in range(segment.start, min(segment.end, start), MINUTE)
        ]
        found = of_day + found
        if len(found) >= count:
            return found
        day = sessions.calendar.previous_day(day)


def _bar(walk: Walk, begin: int) -> Bar:
    interest = walk.open_interest
    opened, high, low, closed, volume = walk.minute(1.0)
    return Bar(
        walk.item.id,
        "1m",
        begin,
        begin + MINUTE,
        begin + MINUTE,
        walk.trading_day,
        walk.price(opened),
        walk.price(high),
        walk.price(low),
        walk.price(closed),
        volume,
        None,
        float(walk.open_interest),
        float(walk.open_interest - interest),
        2 * 60,
    )
