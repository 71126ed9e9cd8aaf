"""Oracles: recorded days, rebuilt from their ticks, against what the ticks themselves say."""

from collections import Counter
from pathlib import Path

import pytest
from tests.generators import market_tables

from homalos.config.sections.market import MarketSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.market.bars import BarAggregator
from homalos.market.formats import Recording, open_recording
from homalos.market.gate import TickGate
from homalos.model.market import Bar, Tick
from homalos.model.times import china_text


class Replay:
    """A recording through gate, bus and bars."""

    def __init__(self, recording: Recording, *periods: str) -> None:
        sessions = market_tables()[1]
        clock = SimClock(recording.start)
        bus = Bus(clock)
        timers = Timers(bus)
        self.aggregator = BarAggregator(bus, timers, sessions, MarketSection())
        self.aggregator.attach()
        self.bars: list[Bar] = []
        bus.subscribe(Bar, self.bars.append, actor="test", role="strategy")
        self.gate = TickGate(sessions, clock, MarketSection(), self.accept, recorded=True)
        for instrument in recording.instruments:
            self.gate.listed(instrument)
            for period in periods:
                self.aggregator.require(instrument.id, period)
        self.post = bus.post
        self.first: dict[tuple[str, int], Tick] = {}
        self.last: dict[tuple[str, int], Tick] = {}
        self.refused: Counter[tuple[str, str, str]] = Counter()
        Pump(bus, clock, timers, iter(recording), self.feed, speed=None).start(None)
        bus.run_until_idle()
        self.aggregator.flush()
        bus.run_until_idle()

    def accept(self, tick: Tick) -> None:
        key = (tick.instrument, tick.trading_day)
        self.first.setdefault(key, tick)
        self.last[key] = tick
        self.post(tick)

    def feed(self, tick: Tick) -> None:
        verdicts = self.gate.verdicts
        before = verdicts["accepted"]
        known = dict(verdicts)
        self.gate.admit(tick)
        if verdicts["accepted"] == before:
            why = next(name for name, n in verdicts.items() if n != known[name])
            exchange = tick.instrument.partition(".")[0]
            self.refused[why, exchange, china_text(tick.ts_event)[11:19]] += 1


@pytest.fixture(scope="module")
def whole_market(shared_data: Path) -> Replay:
    path = shared_data / "ticks" / "l1_20171113"
    return Replay(open_recording(path, *market_tables()), "30m", "1d")


@pytest.mark.slow
def test_a_recorded_day_of_the_market_is_refused_nothing_that_is_good(whole_market: Replay) -> None:
    """What is refused: settlement repeats, and rows that equal the one before them."""
    reasons: Counter[str] = Counter()
    for (why, _, _), count in whole_market.refused.items():
        reasons[why] += count
    assert reasons == {"settlement_push": 34, "duplicate": 40}
    pushes = {key[1:]: n for key, n in whole_market.refused.items() if key[0] == "settlement_push"}
    assert pushes == {
        ("DCE", "15:00:25"): 13,
        ("SHFE", "15:22:06"): 9,
        ("CFFEX", "15:24:25"): 6,
        ("CFFEX", "15:27:51"): 6,
    }
    assert sum(whole_market.gate.verdicts.values()) == 910_909


@pytest.mark.slow
@pytest.mark.parametrize("period", ["1m", "30m", "1d"])
def test_its_bars_add_up_to_the_day(whole_market: Replay, period: str) -> None:
    assert len(whole_market.last) == 36
    assert whole_market.aggregator.late_ticks == 0
    assert whole_market.aggregator.unmapped_ticks == 0
    for key, last in whole_market.last.items():
        bars = [
            b
            for b in whole_market.bars
            if b.period == period and (b.instrument, b.trading_day) == key
        ]
        first = whole_market.first[key]
        assert sum(bar.volume for bar in bars) == last.volume, key
        change = sum(bar.open_interest_change or 0.0 for bar in bars)
        assert change == (last.open_interest or 0) - (first.open_interest or 0), key
        assert bars[-1].close == last.last_price
        assert bars[0].open == first.last_price
        assert all(bar.turnover is None for bar in bars)


def test_the_whole_day_of_rubber_is_what_its_ticks_say(shared_data: Path, tmp_path: Path) -> None:
    """Trading day 2018-10-12: the night of the 11th in one file, the day in the other."""
    for name in ("SHFE.ru1901.20181011.csv.xz", "SHFE.ru1901.20181012.csv.xz"):
        (tmp_path / name).symlink_to(shared_data / "ticks" / "ctp_full" / name)
    replay = Replay(open_recording(tmp_path, *market_tables()), "1d")
    [day] = [bar for bar in replay.bars if bar.period == "1d" and bar.trading_day == 20181012]
    last = replay.last["SHFE.ru1901", 20181012]
    assert (day.open, day.high, day.low, day.close) == (12200, 12365, 12195, 12305)
    assert (day.high, day.low) == (last.high_price, last.low_price)
    assert (day.volume, day.turnover) == (last.volume, last.turnover)
    assert day.volume == 318_952
    assert day.open_interest_change == (last.open_interest or 0) - (last.pre_open_interest or 0)
    minutes = [bar for bar in replay.bars if bar.period == "1m" and bar.trading_day == 20181012]
    assert len(minutes) == 345
    assert sum(bar.volume for bar in minutes) == day.volume


def test_every_full_recording_passes_with_its_known_defects(shared_data: Path) -> None:
    replay = Replay(open_recording(shared_data / "ticks" / "ctp_full", *market_tables()), "1d")
    assert replay.gate.refused == {"out_of_session": 10, "duplicate": 11}
    assert replay.aggregator.late_ticks == 0
    apples = [b for b in replay.bars if b.period == "1d" and b.instrument == "CZCE.AP2010"]
    assert [bar.trading_day for bar in apples] == [20200803, 20200804, 20200805, 20200806, 20200807]
    for bar in apples:
        last = replay.last[bar.instrument, bar.trading_day]
        assert (bar.high, bar.low) == (last.high_price, last.low_price)
        assert bar.volume == last.volume
        average = (bar.turnover or 0.0) / bar.volume / 10.0
        assert bar.low < average < bar.high
