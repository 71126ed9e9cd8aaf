"""A clean trading day of one contract: snapshots with everything that a venue would say."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from homalos.model.times import MILLISECOND, MINUTE, china_day, china_time_of_day


@dataclass(frozen=True)
class Snap:
    """One snapshot. ``trading_day`` and ``action_day`` are what the venue writes, right or not."""

    ts: int
    trading_day: int
    action_day: int
    last: float
    volume: int
    turnover: float
    open_interest: float
    bid: float
    bid_lots: int
    ask: float
    ask_lots: int
    open: float
    high: float
    low: float

    @property
    def time_of_day(self) -> int:
        return china_time_of_day(self.ts)


def walk(
    sessions: Iterable[tuple[int, int]],
    trading_day: int,
    *,
    seed: int = 1,
    price: float = 3800.0,
    tick: float = 1.0,
    multiplier: float = 10.0,
    step_ms: int = 500,
    quiet: float = 0.3,
    auction: bool = True,
    closing_tick: bool = True,
    open_interest: float = 100_000.0,
) -> list[Snap]:
    """Snapshots of the continuous ``sessions`` (ns UTC, [start, end)), every ``step_ms``.

    ``quiet`` is the share of steps without a snapshot. ``auction``: one tick a minute before the
    first session, with the volume of the auction. ``closing_tick``: one half a second after each
    session's end, with nothing new.
    """
    chance = random.Random(seed)
    spans = list(sessions)
    times = [spans[0][0] - MINUTE + 500 * MILLISECOND] if auction else []
    for start, end in spans:
        steps = range(start, end, step_ms * MILLISECOND)
        times += [at for at in steps if chance.random() >= quiet]
        times += [end + 500 * MILLISECOND] if closing_tick else []
    last, volume, turnover, interest = price, 0, 0.0, open_interest
    first = high = low = price
    closings = {end + 500 * MILLISECOND for _, end in spans}
    snaps = []
    for at in times:
        if at not in closings:
            last = max(tick, last + chance.choice((-1, 0, 0, 0, 1)) * tick)
            lots = chance.choice((0, 0, 1, 2, 5, 20)) if snaps else 120
            volume += lots
            turnover += lots * last * multiplier
            interest += chance.choice((-2, 0, 2)) if lots else 0
            if not snaps:
                first = high = low = last
            high, low = (max(high, last), min(low, last)) if lots else (high, low)
            if not lots and snaps:
                last = snaps[-1].last
        snaps.append(
            Snap(
                at,
                trading_day,
                china_day(at),
                last,
                volume,
                turnover,
                interest,
                last - tick,
                chance.randint(1, 300),
                last,
                chance.randint(1, 300),
                first,
                high,
                low,
            )
        )
    return snaps
