"""The generated market: several contracts at once, for ever, the same for the same seed.

Snapshots every 500 ms while a product trades, with the time stamps that its exchange writes: DCE
odd milliseconds, CZCE whole seconds and two snapshots in one, the others 0 and 500. The call
auction prints once in its match minute. Closed hours are left out: the next tick is simply the
first of the next session, so that a simulated clock jumps there. At the end of each day the
contracts settle by the exchange's own rule and the next trading day begins.

A product has its main contract. On the first day on which that is the next one, the next one is
listed beside it, at a price near the old one's; the old one trades on to its last trading day.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec.structs import replace

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.engine import Resume
from homalos.exchange.sources.history import history
from homalos.exchange.sources.profiles import ORDINARY, PROFILES, main_month
from homalos.exchange.sources.walk import Walk
from homalos.kernel.ids import Random
from homalos.market.delivery import is_over
from homalos.market.products import Products
from homalos.market.sessions import Segment, Sessions
from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar, Instrument, Tick
from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND, china_time_of_day

STEP = 500 * MILLISECOND
_ODD = "DCE"
_WHOLE = "CZCE"
_DAY_OPENS = 8 * HOUR
_EVENING = 18 * HOUR


class GeneratedMarket:
    """A ``Source`` without an end."""

    name = "generated"
    simulated = True

    def __init__(
        self,
        section: ExchangeSection,
        products: Products,
        sessions: Sessions,
        day: int,
        resume: Resume | None = None,
    ) -> None:
        """Start at a session's opening on ``day`` (or the next trading day), or go on where a
        ledger left off. ``ValueError``: a product that products.yaml does not have."""
        self._section = section
        self._products = products
        self._sessions = sessions
        calendar = sessions.calendar
        if resume is not None:
            self._day = max(resume.trading_day, self._day_of(resume.ts))
        else:
            self._day = day if calendar.is_trading_day(day) else calendar.next_day(day)
        self._walks: list[Walk] = []
        for name in section.generator_products:
            self._walks += self._begin(name, resume)
        self.instruments: tuple[Instrument, ...] = tuple(walk.item for walk in self._walks)
        self.start = self._opening() if resume is None else resume.ts
        self._offsets = Random(f"{section.generator_seed}:offsets:{self.start}").random
        self.warmup: tuple[Bar, ...] = self._prepare(resume)

    # ------------------------------------------------------------ start

    def _day_of(self, ts: int) -> int:
        """The earliest trading day that a product has at ``ts``."""
        names = [name.partition(".") for name in self._section.generator_products]
        return min(self._sessions.trading_day(exchange, name, ts) for exchange, _, name in names)

    def _main(self, name: str, day: int) -> Instrument:
        """The contract of a product that trades most on ``day``."""
        year, month = main_month(PROFILES.get(name, ORDINARY), day)
        id_ = InstrumentId(f"{name}{year % 100:02d}{month:02d}")
        item = self._products.instrument(id_, day)
        if item is None:
            raise ValueError(
                f"exchange.generator_products: {name} is not a product of products.yaml on {day}"
            )
        return item

    def _begin(self, name: str, resume: Resume | None) -> list[Walk]:
        """A product's contracts: the main one of the day, then those that the ledger knows and
        that are not over."""
        profile, main = PROFILES.get(name, ORDINARY), self._main(name, self._day)
        ts, price, items = 0, None, [main]
        if resume is not None:
            ts, marks = resume.ts, _marks(name, resume)
            known = (self._products.instrument(mark.instrument, self._day) for mark in marks)
            items += [
                item
                for item in known
                if item is not None and item.id != main.id and not is_over(item, self._day)
            ]
            price = next((mark.last_price for mark in reversed(marks) if mark.last_price), None)
        walks = []
        for item in items:
            random = Random(f"{self._section.generator_seed}:{item.id}:{self._day}:{ts}")
            draw = random.random()
            begin = profile.price * (0.97 + 0.06 * draw) if price is None else _near(price, draw)
            walks.append(Walk(item, profile, random, begin, self._section.generator_volatility))
        return walks

    def _opening(self) -> int:
        """When continuous trading first begins in the chosen session of the day."""
        night = self._section.generator_session == "night"
        starts = [
            segment.start
            for walk in self._walks
            for segment in self._segments(walk, self._day)
            if segment.phase is Phase.CONTINUOUS and (night or _in_day(segment))
        ]
        return min(starts)

    def _segments(self, walk: Walk, day: int) -> tuple[Segment, ...]:
        item = walk.item
        segments = self._sessions.segments(item.exchange, item.product, day)
        early = self._sessions.early_close(item, day)
        return segments if early is None else tuple(s for s in segments if s.start < early)

    def _prepare(self, resume: Resume | None) -> tuple[Bar, ...]:
        bars: list[Bar] = []
        count = self._section.generator_history_bars
        for walk in self._walks:
            mark = None if resume is None else resume.marks.get(walk.item.id)
            made = history(walk, self._sessions, self._day, self.start, count)
            if resume is not None and mark is not None:
                settled = None  # by the walk itself, like the exchange that settles as it opens
                if mark.trading_day != resume.trading_day:
                    settled = resume.settlements.get(walk.item.id)
                made = _joined(walk, made, mark, self._day, settled)
            bars += made
        return tuple(bars)

    # ------------------------------------------------------------ listings

    def listed(self, trading_day: int) -> tuple[Instrument, ...]:
        """Contracts of a trading day that begins, of each product the main one first. The market
        itself may be ahead already: it is pulled before its time comes."""
        found: list[Instrument] = []
        for name in self._section.generator_products:
            main = self._main(name, trading_day)
            older = (walk.item for walk in self._walks if _name(walk.item) == name)
            found.append(main)
            found += [
                item for item in older if item.id != main.id and not is_over(item, trading_day)
            ]
        return tuple(found)

    def _roll(self) -> None:
        """Into the trading day: contracts come and go."""
        walks = {walk.item.id: walk for walk in self._walks}
        main: dict[str, Walk] = {}
        for walk in self._walks:
            main.setdefault(_name(walk.item), walk)
        found: list[Walk] = []
        for item in self.listed(self._day):
            known = walks.get(item.id)
            found.append(known or self._successor(item, main[_name(item)]))
        self._walks = found

    def _successor(self, item: Instrument, before: Walk) -> Walk:
        """A new contract; what it was listed at stands for its settlement."""
        seed = self._section.generator_seed
        random = Random(f"{seed}:{item.id}:{self._day}:listed")
        price = _near(before.price(before.last), random.random())
        profile = PROFILES.get(_name(item), ORDINARY)
        walk = Walk(item, profile, random, price, self._section.generator_volatility)
        walk.begin_day(self._day, walk.price(walk.last))
        return walk

    # ------------------------------------------------------------ the market

    def __iter__(self) -> Iterator[Tick]:
        """Begins where it stands: a second iteration goes on, it does not start again."""
        after = self.start
        while True:
            yield from self._trading_day(after)
            self._day = self._sessions.calendar.next_day(self._day)
            for walk in self._walks:
                walk.begin_day(self._day)
            self._roll()
            after = 0

    def _trading_day(self, after: int) -> Iterator[Tick]:
        """All ticks of the day from ``after`` on."""
        plans = [(walk, self._segments(walk, self._day)) for walk in self._walks]
        edges = {edge for _, plan in plans for s in plan for edge in (s.start, s.end)}
        for begin, end in pairwise(sorted(edges | {after} if after else edges)):
            if begin < after:
                continue
            trading: list[tuple[Walk, Segment]] = []
            for walk, plan in plans:
                segment = next((s for s in plan if s.start <= begin < s.end), None)
                if segment is None:
                    continue
                if segment.phase is Phase.AUCTION_MATCH and segment.start == begin:
                    walk.auction()
                    yield walk.tick(begin)
                elif segment.phase is Phase.CONTINUOUS:
                    trading.append((walk, segment))
            if trading:
                yield from self._stretch(trading, begin, end)

    def _stretch(
        self, trading: Sequence[tuple[Walk, Segment]], begin: int, end: int
    ) -> Iterator[Tick]:
        """A stretch in which the same contracts trade throughout."""
        begin += -begin % STEP
        for minute in range(begin, end, MINUTE):
            lively = [(walk, activity(segment, minute)) for walk, segment in trading]
            odd = [row for row in lively if row[0].item.exchange == _ODD]
            whole = [row for row in lively if row[0].item.exchange == _WHOLE]
            steady = [row for row in lively if row[0].item.exchange not in (_ODD, _WHOLE)]
            for ts in range(minute, min(minute + MINUTE, end), STEP):
                for walk, pace in steady:
                    if walk.step(pace):
                        yield walk.tick(ts)
                if not ts % SECOND:
                    for walk, pace in whole:
                        for _ in (0, 1):
                            if walk.step(pace):
                                yield walk.tick(ts)
                if odd:
                    yield from self._odd(odd, ts)

    def _odd(self, odd: Sequence[tuple[Walk, float]], ts: int) -> Iterator[Tick]:
        """DCE: any millisecond within the half second."""
        draw = self._offsets
        moments = sorted((int(draw() * 498) + 1, place) for place in range(len(odd)))
        for offset, place in moments:
            walk, lively = odd[place]
            if walk.step(lively):
                yield walk.tick(ts + offset * MILLISECOND)


def activity(segment: Segment, ts: int) -> float:
    """How lively a minute is: most after an opening, again before a close."""
    since = (ts - segment.start) / MINUTE
    left = (segment.end - ts) / MINUTE
    return 0.75 + 1.6 * math.exp(-since / 8.0) + 0.6 * math.exp(-left / 6.0)


def _in_day(segment: Segment) -> bool:
    return _DAY_OPENS < china_time_of_day(segment.start) < _EVENING


def _name(item: Instrument) -> str:
    return f"{item.exchange}.{item.product}"


def _near(price: float, draw: float) -> float:
    """What another month costs where this one costs ``price``."""
    return price * (0.995 + 0.01 * draw)


def _marks(name: str, resume: Resume) -> list[Tick]:
    """What the ledger last saw of the contracts of a product, the newest last."""
    found = [tick for id_, tick in resume.marks.items() if id_.rstrip("0123456789") == name]
    return sorted(found, key=lambda tick: (tick.ts_event, tick.instrument))


def _joined(walk: Walk, bars: list[Bar], mark: Tick, day: int, settled: float | None) -> list[Bar]:
    """Put the walk where the ledger left it, and shift the history to end at that price."""
    walk.restore(mark)
    if mark.trading_day != day:
        walk.begin_day(day, settled)
    if not bars or mark.last_price is None:
        return bars
    shift = walk.last - round(bars[-1].close / walk.item.tick_size)
    return [shifted(walk, bar, shift) for bar in bars]


def shifted(walk: Walk, bar: Bar, ticks: int) -> Bar:
    """The bar, so many ticks higher."""
    size = walk.item.tick_size
    return replace(
        bar,
        **{
            name: walk.price(max(1, round(getattr(bar, name) / size) + ticks))
            for name in ("open", "high", "low", "close")
        },
    )
