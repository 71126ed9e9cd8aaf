"""Bars of any market: they add up, they do not overlap, they lie in the session."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generators import market_tables

from homalos.config.sections.market import MarketSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.market.bars import BarAggregator
from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar, Tick
from homalos.model.times import MILLISECOND

DAY = 20171113
SESSIONS = market_tables()[1]
NAMES = ("SHFE.rb1801", "SHFE.zn1801", "CZCE.SR1801", "CFFEX.IF1711")
OPEN = (Phase.AUCTION, Phase.AUCTION_MATCH, Phase.CONTINUOUS)


@st.composite
def days(draw: st.DrawFn) -> tuple[InstrumentId, list[Tick]]:
    name = InstrumentId(draw(st.sampled_from(NAMES)))
    exchange, _, symbol = name.partition(".")
    segments = [s for s in SESSIONS.segments(exchange, symbol[:2], DAY) if s.phase in OPEN]
    times = {segments[0].start}
    for _ in range(draw(st.integers(1, 60))):
        segment = draw(st.sampled_from(segments))
        grace = 900 if segment.phase is Phase.CONTINUOUS else 0
        span = (segment.end - segment.start) // MILLISECOND + grace
        times.add(segment.start + draw(st.integers(0, span - 1)) * MILLISECOND)
    volume = 1
    ticks = []
    for ts in sorted(times):
        price = float(draw(st.integers(3_700, 3_900)))
        interest = float(draw(st.integers(1_000, 1_100)))
        made = Tick(name, ts, ts, DAY, price, volume, 10.0 * volume, interest, price, 1, price, 1)
        ticks.append(made)
        volume += draw(st.integers(0, 50))
    return name, ticks


@settings(max_examples=60, deadline=None)
@given(days(), st.sampled_from(("3m", "15m", "1h", "1d")))
def test_bars_add_up(day: tuple[InstrumentId, list[Tick]], period: str) -> None:
    name, ticks = day
    clock = SimClock(ticks[0].ts_event)
    bus = Bus(clock)
    timers = Timers(bus)
    aggregator = BarAggregator(bus, timers, SESSIONS, MarketSection())
    aggregator.attach()
    aggregator.require(name, period)
    bars: list[Bar] = []
    bus.subscribe(Bar, bars.append, actor="test", role="strategy")
    Pump(bus, clock, timers, iter(ticks), bus.post, speed=None).start(None)
    bus.run_until_idle()
    aggregator.flush()
    bus.run_until_idle()
    assert aggregator.late_ticks == 0
    exchange, _, symbol = name.partition(".")
    for size in ("1m", period):
        of_size = [bar for bar in bars if bar.period == size]
        assert sum(bar.volume for bar in of_size) == ticks[-1].volume
        assert sum(bar.ticks for bar in of_size) == len(ticks)
        assert sum(bar.turnover or 0.0 for bar in of_size) == 10.0 * ticks[-1].volume
        for bar, following in pairwise(of_size):
            assert bar.ts_event <= following.ts_open
        for bar in of_size:
            assert bar.low <= min(bar.open, bar.close)
            assert bar.high >= max(bar.open, bar.close)
            for moment in (bar.ts_open, bar.ts_event - 1):
                assert SESSIONS.phase(exchange, symbol[:2], moment) is Phase.CONTINUOUS
