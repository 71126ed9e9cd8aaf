"""Bars: 1m from ticks, every longer period from 1m bars, closed by the session calendar.

A bar closes ``bar_grace_ms`` of event time after its end, tick or no tick, at 10:15, 11:30, 15:00
and at night as at any other minute: the same live and in a replay. The tick that opens the next
minute meanwhile opens the next bar. The closing ticks (15:00:00.500) belong to the last bar, those
of the call auction to the first. A minute without a tick makes no bar.

Volume, turnover and open interest are differences of the cumulative fields. A tick that comes
after its bar has closed is counted in ``late_ticks``; it moves no price, and its volume is in the
next bar, because that one begins where the last booked tick stood.
"""

from collections import deque
from collections.abc import Iterable
from math import inf

from homalos.config.sections.market import MarketSection
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.market.folding import Folder, day_minutes
from homalos.market.periods import MINUTE_BAR, DayMinutes, period_minutes
from homalos.market.sessions import Sessions
from homalos.model.events import BarsDue
from homalos.model.ids import InstrumentId
from homalos.model.journaled import BarsLoaded, CoreTold
from homalos.model.market import Bar, Tick
from homalos.model.times import MILLISECOND, MINUTE

ACTOR = "bars"


class _OpenBar:
    """The minute in the making. Cumulative fields are subtracted when it closes."""

    __slots__ = (
        "base_interest",
        "base_turnover",
        "base_volume",
        "day",
        "end",
        "high",
        "last",
        "low",
        "open",
        "since",
        "start",
        "ticks",
        "until",
    )

    def __init__(self, tick: Tick, open_price: float, day: DayMinutes, index: int) -> None:
        self.last = tick
        self.day = day
        self.start = day.start(index)
        self.end = day.end(index)
        self.since = tick.ts_event
        self.until = day.until(index)
        self.open = self.high = self.low = open_price
        self.ticks = 0
        self.base_volume = 0
        self.base_turnover: float | None = None
        self.base_interest: float | None = None


class _Slot:
    """One contract."""

    __slots__ = (
        "bar",
        "bars",
        "closed",
        "folders",
        "high",
        "instrument",
        "last",
        "low",
        "trading_day",
        "turnover",
        "watched",
    )

    def __init__(self, instrument: InstrumentId, history: int) -> None:
        self.instrument = instrument
        self.bar: _OpenBar | None = None
        self.closed = 0
        """End of the last closed minute."""
        self.last: Tick | None = None
        """The last tick that is booked in a bar."""
        self.trading_day = 0
        self.watched = 0
        """The trading day that was seen before its first trade."""
        self.high = -inf
        """The day's extremes as far as they are in bars."""
        self.low = inf
        self.turnover: float | None = None
        """The highest of the day: CZCE's steps back by roundings."""
        self.bars: deque[Bar] = deque(maxlen=history)
        self.folders: dict[str, Folder] = {}


class BarAggregator:
    """Makes and publishes bars; keeps the last ``history_bars`` of each contract and period."""

    def __init__(
        self, bus: Bus, timers: Timers, sessions: Sessions, section: MarketSection
    ) -> None:
        self.late_ticks = 0
        self.unmapped_ticks = 0
        """Ticks of a trading day for which the calendar knows no session."""
        self._bus = bus
        self._timers = timers
        self._sessions = sessions
        self._history = section.history_bars
        self._slots: dict[InstrumentId, _Slot] = {}
        self._days: dict[InstrumentId, tuple[int, DayMinutes]] = {}
        self._due: dict[int, tuple[list[tuple[_Slot, _OpenBar]], list[Folder]]] = {}
        """What may have to be closed, by the time at which it ends."""
        self.configure(section)

    def configure(self, section: MarketSection) -> None:
        """Apply the keys that hold at once (to bars opened from now on)."""
        self._grace = section.bar_grace_ms * MILLISECOND

    def attach(self) -> None:
        self._bus.subscribe(Tick, self._on_tick, actor=ACTOR, role="market")
        self._bus.subscribe(BarsDue, self._on_due, actor=ACTOR, role="market")

    # ------------------------------------------------------------ asked for

    def require(self, instrument: InstrumentId, period: str) -> None:
        """Publish bars of this period too: ``5m``, ``1h``, ``1d``, any ``Nm``. ``ValueError``: no
        such period."""
        if period_minutes(period) != 1:
            self._folder(self._slot(instrument), period).published = True

    def load(self, bars: Iterable[Bar]) -> None:
        """Take 1m bars of the past, oldest first, as history; nothing is published.
        ``ValueError``: a bar of another period."""
        rows: dict[InstrumentId, list[Bar]] = {}
        for bar in bars:
            if bar.period != MINUTE_BAR:
                raise ValueError(f"warm-up takes {MINUTE_BAR} bars, not {bar.period}")
            rows.setdefault(bar.instrument, []).append(bar)
        for instrument, past in rows.items():
            self._bus.note(BarsLoaded(tuple(past)))
            self._take(self._slot(instrument), past)

    def _take(self, slot: _Slot, past: list[Bar]) -> None:
        for bar in past:
            slot.bars.append(bar)
            day = self._day(bar.instrument, bar.trading_day)
            for folder in slot.folders.values():
                self._fold(folder, bar, day, publish=False)
        for folder in slot.folders.values():
            self._settle(folder)

    def history(self, instrument: InstrumentId, period: str, count: int) -> list[Bar]:
        """The last ``count`` closed bars, newest last, as far as memory goes. ``ValueError``: no
        such period."""
        slot = self._slot(instrument)
        bars = slot.bars if period_minutes(period) == 1 else self._folder(slot, period).bars
        return list(bars)[-count:] if count > 0 else []

    def flush(self) -> None:
        """Close every open bar: the source is over, no timer will come."""
        self._bus.note(CoreTold("flush"))
        while self._due:
            self._close(min(self._due))

    # ------------------------------------------------------------ from ticks

    def _on_tick(self, tick: Tick) -> None:
        slot = self._slots.get(tick.instrument)
        if slot is None:
            slot = self._slot(tick.instrument)
        bar = slot.bar
        ts = tick.ts_event
        price = tick.last_price
        if price is None:
            slot.watched = tick.trading_day
            return
        if bar is None or ts >= bar.until:
            bar = self._open(slot, tick, price)
            if bar is None:
                return
        elif ts < bar.since:
            self.late_ticks += 1
            return
        if price > bar.high:
            bar.high = price
        elif price < bar.low:
            bar.low = price
        extreme = tick.high_price
        if extreme is not None and extreme > slot.high:
            slot.high = extreme
            if extreme > bar.high:
                bar.high = extreme
        extreme = tick.low_price
        if extreme is not None and 0.0 < extreme < slot.low:
            slot.low = extreme
            if extreme < bar.low:
                bar.low = extreme
        bar.ticks += 1
        bar.last = slot.last = tick

    def _open(self, slot: _Slot, tick: Tick, price: float) -> _OpenBar | None:
        """Begin the minute of this tick; ``None`` when it makes none: too late for its own, or no
        trade yet today."""
        last = slot.last
        if last is not None and tick.ts_event < last.ts_event:
            self.late_ticks += 1
            return None
        if tick.volume == 0:
            slot.watched = tick.trading_day
            return None
        first = tick.trading_day != slot.trading_day
        try:
            day = self._day(slot.instrument, tick.trading_day)
        except ValueError:
            self.unmapped_ticks += 1
            return None
        index = day.index(tick.ts_event)
        end = day.end(index)
        now = max(tick.ts_event, self._bus.clock.now())
        if end <= slot.closed or now >= end + self._grace:
            self.late_ticks += 1
            return None
        bar = _OpenBar(tick, price, day, index)
        if first:
            self._begin_day(slot, bar, tick)
        else:
            self._begin_bar(slot, bar)
        slot.bar = bar
        self._watch(end)[0].append((slot, bar))
        return bar

    def _begin_day(self, slot: _Slot, bar: _OpenBar, tick: Tick) -> None:
        """Book the first tick of a trading day: from zero when we watched the contract before its
        first trade, else (begun in the middle of the day) as the base from which to count."""
        before = slot.last
        slot.trading_day = tick.trading_day
        early = tick.ts_event < bar.day.open + MINUTE
        if early or before is not None or slot.watched == tick.trading_day:
            slot.high, slot.low = -inf, inf
            slot.turnover = bar.base_turnover = None if tick.turnover is None else 0.0
            bar.base_interest = tick.pre_open_interest
            if bar.base_interest is None:
                bar.base_interest = tick.open_interest if before is None else before.open_interest
            if tick.open_price is not None:
                bar.open = bar.high = bar.low = tick.open_price
        else:
            slot.high = -inf if tick.high_price is None else tick.high_price
            slot.low = inf if tick.low_price is None else tick.low_price
            slot.turnover = bar.base_turnover = tick.turnover
            bar.base_volume = tick.volume
            bar.base_interest = tick.open_interest

    def _begin_bar(self, slot: _Slot, bar: _OpenBar) -> None:
        assert slot.last is not None
        bar.base_volume = slot.last.volume
        bar.base_interest = slot.last.open_interest
        if slot.last.turnover is not None:
            slot.turnover = max(slot.last.turnover, slot.turnover or 0.0)
        bar.base_turnover = slot.turnover

    def _finished(self, slot: _Slot, bar: _OpenBar) -> Bar:
        last = bar.last
        turnover = None
        if last.turnover is not None and bar.base_turnover is not None:
            turnover = max(0.0, last.turnover - bar.base_turnover)
        change = None
        if last.open_interest is not None and bar.base_interest is not None:
            change = last.open_interest - bar.base_interest
        assert last.last_price is not None
        return Bar(
            slot.instrument,
            MINUTE_BAR,
            bar.start,
            bar.end,
            self._bus.clock.now(),
            last.trading_day,
            bar.open,
            bar.high,
            bar.low,
            last.last_price,
            max(0, last.volume - bar.base_volume),
            turnover,
            last.open_interest,
            change,
            bar.ticks,
        )

    # ------------------------------------------------------------ closing

    def _watch(self, end: int) -> tuple[list[tuple[_Slot, _OpenBar]], list[Folder]]:
        """The list of what ends at ``end``; its timer is set with the first entry."""
        due = self._due.get(end)
        if due is None:
            due = self._due[end] = ([], [])
            when = end + self._grace
            self._timers.post_at(when, BarsDue(end, when))
        return due

    def _on_due(self, event: BarsDue) -> None:
        for end in sorted(end for end in self._due if end <= event.ts_event):
            self._close(end)

    def _close(self, end: int) -> None:
        minutes, folders = self._due[end]
        for slot, open_bar in minutes:
            bar = self._finished(slot, open_bar)
            slot.closed = end
            if slot.bar is open_bar:
                slot.bar = None
            slot.bars.append(bar)
            self._bus.publish(bar)
            for folder in slot.folders.values():
                self._fold(folder, bar, open_bar.day, publish=True)
        for folder in folders:
            if folder.parts and folder.end == end:
                self._close_folder(folder, publish=True)
        del self._due[end]

    def _fold(self, folder: Folder, part: Bar, day: DayMinutes, *, publish: bool) -> None:
        if not folder.fits(part, day):
            self._close_folder(folder, publish=publish)
        begun = not folder.parts
        if folder.add(part, day):
            self._close_folder(folder, publish=publish)
        elif begun and publish:
            self._watch(folder.end)[1].append(folder)

    def _close_folder(self, folder: Folder, *, publish: bool) -> None:
        bar = folder.close(self._bus.clock.now())
        if publish and folder.published:
            self._bus.publish(bar)

    # ------------------------------------------------------------ slots, days

    def _slot(self, instrument: InstrumentId) -> _Slot:
        slot = self._slots.get(instrument)
        if slot is None:
            slot = self._slots[instrument] = _Slot(instrument, self._history)
        return slot

    def _folder(self, slot: _Slot, period: str) -> Folder:
        """The folder of a period, made from the 1m bars in memory when it is new."""
        folder = slot.folders.get(period)
        if folder is None:
            folder = Folder(period, self._history)
            for bar in slot.bars:
                day = self._day(slot.instrument, bar.trading_day)
                self._fold(folder, bar, day, publish=False)
            slot.folders[period] = folder
            self._settle(folder)
        return folder

    def _settle(self, folder: Folder) -> None:
        """After taking history: what is over is closed, what is not will be closed in its time."""
        now = self._bus.clock.now()
        if folder.parts and folder.end + self._grace <= now:
            self._close_folder(folder, publish=False)
        elif folder.parts:
            self._watch(folder.end)[1].append(folder)

    def _day(self, instrument: InstrumentId, trading_day: int) -> DayMinutes:
        """``ValueError``: no session on that day."""
        known = self._days.get(instrument)
        if known is not None and known[0] == trading_day:
            return known[1]
        day = day_minutes(self._sessions, instrument, trading_day)
        self._days[instrument] = (trading_day, day)
        return day
