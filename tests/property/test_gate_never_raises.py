"""Whatever a tick holds, the gate counts one verdict; what passes is sound."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generators import market_tables

from homalos.config.sections.market import MarketSection
from homalos.kernel.clock import SimClock
from homalos.market.gate import TickGate
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import HOUR, MILLISECOND, china_midnight

DAY = 20171113
PRODUCTS, SESSIONS = market_tables()
NAMES = ("SHFE.rb1801", "CZCE.SR1801", "CFFEX.IF1711")

JUNK = st.one_of(
    st.none(),
    st.integers(),
    st.integers(min_value=10**20, max_value=10**40),
    st.floats(),
    st.text(max_size=3),
    st.just([]),
    st.booleans(),
)
TIMES = st.integers(min_value=-4 * 3_600_000, max_value=24 * 3_600_000).map(
    lambda ms: china_midnight(DAY) + ms * MILLISECOND
)
SENSE = {
    "instrument": st.sampled_from((*NAMES, "SHFE.none")),
    "ts_event": TIMES,
    "trading_day": st.sampled_from((20171110, DAY, 20171114)),
    "last_price": st.floats(min_value=1, max_value=9_000),
    "volume": st.integers(min_value=0, max_value=1_000),
    "bid_price": st.none() | st.floats(min_value=1, max_value=9_000),
    "ask_price": st.none() | st.floats(min_value=1, max_value=9_000),
}


@st.composite
def ticks(draw: st.DrawFn, spoiled: float = 0.3) -> Tick:
    fields: dict[str, Any] = {
        name: draw(JUNK) if draw(st.floats(0, 1)) < spoiled else draw(sense)
        for name, sense in SENSE.items()
    }
    rest: dict[str, Any] = {
        name: draw(st.sampled_from((None, 0, 1.0, math.nan)))
        for name in ("ts_init", "turnover", "open_interest", "bid_lots", "ask_lots")
    }
    return Tick(**fields, **rest)


def gate(passed: list[Tick], *, recorded: bool) -> TickGate:
    clock = SimClock(china_midnight(DAY) + 10 * HOUR)
    made = TickGate(
        SESSIONS, clock, MarketSection(resync_ticks=3), passed.append, recorded=recorded
    )
    for name in NAMES:
        instrument = PRODUCTS.instrument(InstrumentId(name), DAY)
        assert instrument is not None
        made.listed(instrument)
    return made


@settings(max_examples=150, deadline=None)
@given(st.lists(ticks(), max_size=30), st.booleans())
def test_never_raises_and_counts_every_tick(stream: list[Tick], recorded: bool) -> None:
    passed: list[Tick] = []
    door = gate(passed, recorded=recorded)
    for tick in stream:
        door.admit(tick)
    assert sum(door.verdicts.values()) == len(stream)
    assert door.verdicts["accepted"] == len(passed)
    for tick in passed:
        assert tick.instrument in NAMES
        assert tick.last_price is None or 0 < tick.last_price < 1e12
        assert tick.bid_price is None or 0 < tick.bid_price < 1e12
        assert 0 <= tick.volume < 2**31


@settings(max_examples=150, deadline=None)
@given(st.lists(ticks(spoiled=0.0), max_size=60))
def test_what_passes_is_in_order(stream: list[Tick]) -> None:
    passed: list[Tick] = []
    door = gate(passed, recorded=True)
    for tick in stream:
        repairs = door.repairs["resync"]
        count = len(passed)
        door.admit(tick)
        if len(passed) == count or door.repairs["resync"] > repairs:
            continue
        new = passed[-1]
        before = [t for t in passed[:-1] if t.instrument == new.instrument]
        if before and not door.repairs["resync"]:
            assert new.ts_event > before[-1].ts_event
            assert new.trading_day >= before[-1].trading_day
            if new.trading_day == before[-1].trading_day:
                assert new.volume >= before[-1].volume
