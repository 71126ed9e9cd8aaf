"""In which phase of which trading day an instant lies, for every product (FACTS A15).

Night session 21:00 to the product's end, then the day session of the trading day. A call auction
takes five minutes before a session, the last of which matches. Everything is cached; whoever is in
a hurry keeps the Segment and compares ``start <= ts < end``.
"""

from bisect import bisect_right
from operator import attrgetter

from homalos.market.calendar import TradingCalendar
from homalos.market.products import NIGHT_BEGINS, Product, Products
from homalos.model.enums import Phase
from homalos.model.event import Record
from homalos.model.market import Instrument
from homalos.model.times import MINUTE, china_day, china_midnight

ENTRY_MINUTES = 4
MATCH_MINUTES = 1
_KEPT_MAX = 20_000
_START = attrgetter("start")


class Segment(Record, frozen=True):
    """A stretch of one phase, ``[start, end)`` in ns UTC."""

    phase: Phase
    start: int
    end: int
    trading_day: int


class Sessions:
    """The sessions of every product on every day.

    A product that products.yaml does not know (on that day) has the plain day session of its
    exchange: CFFEX's of equity indices, elsewhere that of commodities.
    """

    def __init__(self, calendar: TradingCalendar, products: Products) -> None:
        self.calendar = calendar
        self._products = products
        self._segments: dict[tuple[str, str, int], tuple[Segment, ...]] = {}
        self._timelines: dict[tuple[str, str, int], tuple[Segment, ...]] = {}
        self._latest: dict[tuple[str, str], Segment] = {}

    def segments(self, exchange: str, product: str, trading_day: int) -> tuple[Segment, ...]:
        """The trading day from its first auction to its close, in order and without a gap.

        Between the night's close and the morning the product is CLOSED. Empty for a day that is
        no trading day.
        """
        key = exchange, product, trading_day
        found = self._segments.get(key)
        if found is None:
            if len(self._segments) > _KEPT_MAX:
                self._segments.clear()
            found = self._segments[key] = self._build(exchange, product, trading_day)
        return found

    def segment_at(self, exchange: str, product: str, ts: int) -> Segment:
        """The segment of the instant ``ts``; a CLOSED one reaches from close to first auction and
        bears the trading day that comes."""
        key = exchange, product
        segment = self._latest.get(key)
        if segment is not None and segment.start <= ts < segment.end:
            return segment
        timeline = self._timeline(exchange, product, self._day_of(exchange, product, ts))
        segment = timeline[bisect_right(timeline, ts, key=_START) - 1]
        self._latest[key] = segment
        return segment

    def phase(self, exchange: str, product: str, ts: int) -> Phase:
        return self.segment_at(exchange, product, ts).phase

    def trading_day(self, exchange: str, product: str, ts: int) -> int:
        """The trading day that ``ts`` belongs to; after the close, the next one."""
        return self.segment_at(exchange, product, ts).trading_day

    def next_boundary(self, exchange: str, product: str, ts: int) -> int:
        """When the phase of ``ts`` ends; always later than ``ts``."""
        return self.segment_at(exchange, product, ts).end

    def session_end(self, exchange: str, product: str, ts: int) -> int | None:
        """When the session of ``ts`` closes: 23:00, 01:00, 02:30, 15:00, 15:15; a break is inside
        it and so is the auction before it. ``None``: closed at ``ts``."""
        here = self.segment_at(exchange, product, ts)
        if here.phase is Phase.CLOSED:
            return None
        end = here.end
        for segment in self.segments(exchange, product, here.trading_day):
            if segment.start >= end:
                if segment.phase is Phase.CLOSED:
                    break
                end = segment.end
        return end

    def span(self, exchange: str, product: str, trading_day: int) -> tuple[int, int]:
        """(start of the first auction, close) of a trading day.

        Raises:
            ValueError: ``trading_day`` is no trading day.
        """
        segments = self.segments(exchange, product, trading_day)
        if not segments:
            raise ValueError(f"{trading_day} is not a trading day")
        return segments[0].start, segments[-1].end

    def early_close(self, item: Instrument, trading_day: int) -> int | None:
        """When this contract closes for ever, if it does so on ``trading_day`` before the others
        of its product (``last_close`` in products.yaml: bond futures); else ``None``."""
        if item.last_trading_day != trading_day:
            return None
        minutes = self._products.delivery.last_close(item.exchange, item.product)
        return None if minutes is None else china_midnight(trading_day) + minutes * MINUTE

    def _day_of(self, exchange: str, product: str, ts: int) -> int:
        day = china_day(ts)
        if not self.calendar.is_trading_day(day):
            return self.calendar.next_day(day)
        return day if ts < self.span(exchange, product, day)[1] else self.calendar.next_day(day)

    def _timeline(self, exchange: str, product: str, trading_day: int) -> tuple[Segment, ...]:
        """From the close of the day before to the close of this one."""
        key = exchange, product, trading_day
        found = self._timelines.get(key)
        if found is None:
            if len(self._timelines) > _KEPT_MAX:
                self._timelines.clear()
            segments = self.segments(exchange, product, trading_day)
            before = self.span(exchange, product, self.calendar.previous_day(trading_day))[1]
            closed = Segment(Phase.CLOSED, before, segments[0].start, trading_day)
            found = self._timelines[key] = (closed, *segments)
        return found

    def _build(self, exchange: str, product: str, day: int) -> tuple[Segment, ...]:
        if not self.calendar.is_trading_day(day):
            return ()
        row = self._products.product(exchange, product, day)
        segments: list[Segment] = []
        night = self._night_end(row, day)
        if night is not None:
            evening = china_midnight(self.calendar.previous_day(day))
            _open(segments, evening, [(NIGHT_BEGINS, night)], day, auction=True)
        morning = china_midnight(day)
        since = self._products.day_auctions.get(exchange)
        auction = night is None or (since is not None and day >= since)
        _open(segments, morning, self._ranges(exchange, row), day, auction=auction)
        return tuple(segments)

    def _night_end(self, row: Product | None, day: int) -> int | None:
        if row is None or day == row.listed or not self.calendar.has_night(day):
            return None
        return row.night_end

    def _ranges(self, exchange: str, row: Product | None) -> list[tuple[int, int]]:
        plain = "equity" if exchange == "CFFEX" else "commodity"
        return list(self._products.day_sessions[row.day if row is not None else plain])


def _open(
    segments: list[Segment],
    midnight: int,
    ranges: list[tuple[int, int]],
    day: int,
    *,
    auction: bool,
) -> None:
    """Append a session of ``ranges`` (minutes after ``midnight``), with what lies before it."""
    steps: list[tuple[Phase, int, int]] = []
    begin = ranges[0][0]
    if auction:
        match = begin - MATCH_MINUTES
        steps.append((Phase.AUCTION, match - ENTRY_MINUTES, match))
        steps.append((Phase.AUCTION_MATCH, match, begin))
    for start, end in ranges:
        if start > begin:
            steps.append((Phase.BREAK, begin, start))
        steps.append((Phase.CONTINUOUS, start, end))
        begin = end
    opens = midnight + steps[0][1] * MINUTE
    if segments and segments[-1].end < opens:
        segments.append(Segment(Phase.CLOSED, segments[-1].end, opens, day))
    segments += [
        Segment(phase, midnight + start * MINUTE, midnight + end * MINUTE, day)
        for phase, start, end in steps
    ]
