"""Longer bars from shorter ones."""

from collections import deque
from collections.abc import Iterable

from homalos.market.periods import WHOLE_DAY, DayMinutes, period_minutes
from homalos.market.products import split_symbol
from homalos.market.sessions import Sessions
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar


class Folder:
    """One period of one contract: the parts of the bar in the making, and the closed ones."""

    __slots__ = ("_minutes", "_window", "bars", "end", "parts", "period", "published", "start")

    def __init__(self, period: str, history: int | None) -> None:
        self._minutes = period_minutes(period)
        self._window = (0, -1)
        self.period = period
        self.parts: list[Bar] = []
        self.bars: deque[Bar] = deque(maxlen=history)
        self.start = 0
        self.end = 0
        self.published = False

    def fits(self, part: Bar, day: DayMinutes) -> bool:
        """Whether ``part`` belongs to the bar in the making (or there is none)."""
        if not self.parts:
            return True
        first, _ = day.window(day.index(part.ts_event - 1), self._minutes)
        return self._window == (part.trading_day, first)

    def add(self, part: Bar, day: DayMinutes) -> bool:
        """Take one more part, which ``fits``; whether the bar is complete with it."""
        index = day.index(part.ts_event - 1)
        first, last = day.window(index, self._minutes)
        if not self.parts:
            self._window = (part.trading_day, first)
            self.start = day.start(first)
            self.end = day.end(last)
        self.parts.append(part)
        return index == last

    def close(self, now: int) -> Bar:
        """Fold the parts into one bar, made at ``now``, and begin anew."""
        parts = self.parts
        self.parts = []
        bar = self._folded(parts, now)
        self.bars.append(bar)
        return bar

    def _folded(self, parts: list[Bar], now: int) -> Bar:
        last = parts[-1]
        money = [part.turnover for part in parts if part.turnover is not None]
        changes = [p.open_interest_change for p in parts if p.open_interest_change is not None]
        return Bar(
            last.instrument,
            self.period,
            self.start,
            self.end,
            now,
            last.trading_day,
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            last.close,
            sum(part.volume for part in parts),
            sum(money) if len(money) == len(parts) else None,
            last.open_interest,
            sum(changes) if changes else None,
            sum(part.ticks for part in parts),
        )


def aggregate(bars: Iterable[Bar], period: str, sessions: Sessions) -> list[Bar]:
    """Build bars of ``period`` from shorter ones of one contract, oldest first.

    The last bar holds what there was, whether its window is over or not. ``ValueError``: a bar
    that is not in order, is of another contract, or is longer than ``period`` or does not divide
    it.
    """
    folder = Folder(period, None)
    minutes = period_minutes(period)
    instrument: InstrumentId | None = None
    before = 0
    trading_day = 0
    day: DayMinutes | None = None
    for bar in bars:
        instrument = instrument or bar.instrument
        if bar.instrument != instrument or bar.ts_event <= before:
            raise ValueError(f"bars of one contract in order of time are needed, not {bar}")
        before = bar.ts_event
        size = period_minutes(bar.period)
        if minutes != WHOLE_DAY and (size == WHOLE_DAY or minutes % size):
            raise ValueError(f"{period} bars cannot be built from {bar.period} bars")
        if day is None or bar.trading_day != trading_day:
            trading_day = bar.trading_day
            day = day_minutes(sessions, instrument, trading_day)
        if not folder.fits(bar, day):
            folder.close(folder.parts[-1].ts_init)
        folder.add(bar, day)
    if folder.parts:
        folder.close(folder.parts[-1].ts_init)
    return list(folder.bars)


def day_minutes(sessions: Sessions, instrument: InstrumentId, trading_day: int) -> DayMinutes:
    """The trading minutes of a contract on a day. ``ValueError``: it does not trade then."""
    exchange, _, symbol = instrument.partition(".")
    return DayMinutes(sessions.segments(exchange, split_symbol(symbol)[0], trading_day))
