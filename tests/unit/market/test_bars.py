"""Bars: by the session calendar, by differences of cumulative fields, nothing invented or lost."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace
from tests.generators import market_tables, walk

from homalos.config.sections.market import MarketSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.market.bars import BarAggregator
from homalos.market.folding import aggregate
from homalos.market.periods import WHOLE_DAY, period_minutes
from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar, Tick
from homalos.model.times import (
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    add_days,
    china_midnight,
    china_text,
)

DAY = 20171113
FRIDAY = 20171110
RB = InstrumentId("SHFE.rb1801")
IF = InstrumentId("CFFEX.IF1711")
JD = InstrumentId("DCE.jd1801")
"""A contract without a night session."""
PERIODS = ("5m", "15m", "30m", "1h", "2h", "7m", "1d")


def at(text: str, day: int = DAY) -> int:
    clock, _, fraction = text.partition(".")
    hour, minute, second = (int(part) for part in clock.split(":"))
    moment = hour * HOUR + minute * MINUTE + second * SECOND
    return china_midnight(day) + moment + int((fraction or "0").ljust(3, "0")) * MILLISECOND


def tick(
    ts: int,
    price: float,
    volume: int,
    *,
    instrument: InstrumentId = JD,
    day: int = DAY,
    turnover: float | None = None,
    interest: float | None = None,
    **more: float | None,
) -> Tick:
    made = Tick(instrument, ts, ts, day, price, volume, turnover, interest, price, 1, price + 1, 1)
    return replace(made, **more) if more else made


class Market:
    """A bus with an aggregator, fed in event time as a replay is."""

    def __init__(self, start: int, **settings: int) -> None:
        self.clock = SimClock(start)
        self.bus = Bus(self.clock)
        self.timers = Timers(self.bus)
        self.sessions = market_tables()[1]
        self.aggregator = BarAggregator(
            self.bus, self.timers, self.sessions, MarketSection(**settings)
        )
        self.aggregator.attach()
        self.all: list[Bar] = []
        self.bus.subscribe(Bar, self.all.append, actor="test", role="strategy")

    def feed(self, *ticks: Tick) -> None:
        for made in ticks:
            self.move(made.ts_event)
            self.bus.post(made)
            self.bus.run_until_idle()

    def move(self, to: int) -> None:
        """Let time pass: every timer that is due fires at its time."""
        while (due := self.timers.due()) is not None and due <= to:
            self.clock.advance(due)
            self.timers.fire_next()
            self.bus.run_until_idle()
        self.clock.advance(to)

    def pump(self, ticks: Iterable[Tick]) -> None:
        """The same by the daemon's own driver."""
        Pump(self.bus, self.clock, self.timers, iter(ticks), self.bus.post, speed=None).start(None)
        self.bus.run_until_idle()

    def bars(self, period: str = "1m") -> list[Bar]:
        return [bar for bar in self.all if bar.period == period]


def hours(bars: Iterable[Bar]) -> list[str]:
    return [china_text(bar.ts_event)[11:16] for bar in bars]


def sessions_of(market: Market, instrument: InstrumentId, day: int = DAY) -> list[tuple[int, int]]:
    exchange, _, symbol = instrument.partition(".")
    segments = market.sessions.segments(exchange, symbol.rstrip("0123456789"), day)
    return [(s.start, s.end) for s in segments if s.phase is Phase.CONTINUOUS]


def whole_day(
    market: Market, instrument: InstrumentId, seed: int = 1, day: int = DAY
) -> list[Tick]:
    return [
        Tick(
            instrument, s.ts, s.ts, day, s.last, s.volume, s.turnover, s.open_interest,
            s.bid, s.bid_lots, s.ask, s.ask_lots, s.open, s.high, s.low,
        )
        for s in walk(sessions_of(market, instrument, day), day, seed=seed, step_ms=5_000)
    ]  # fmt: skip


def test_one_minute_by_hand() -> None:
    market = Market(at("09:00:00"))
    market.feed(
        tick(at("08:59:00.500"), 3800, 120, turnover=1200.0, interest=5_000.0),
        tick(at("09:00:00.500"), 3805, 150, turnover=1500.0, interest=5_010.0),
        tick(at("09:00:59.500"), 3795, 170, turnover=1700.0, interest=5_004.0),
        tick(at("09:01:00.000"), 3801, 175, turnover=1750.0, interest=5_003.0),
    )
    assert market.all == []
    market.move(at("09:01:01"))
    assert market.all == [
        Bar(
            JD, "1m", at("09:00:00"), at("09:01:00"), at("09:01:01"), DAY, 3800, 3805, 3795, 3795,
            170, 1700.0, 5_004.0, 4.0, 3,
        )
    ]  # fmt: skip
    market.move(at("09:02:01"))
    second = market.all[1]
    assert (second.open, second.volume, second.turnover) == (3801, 5, 50.0)
    assert second.open_interest_change == -1.0


def test_a_start_in_mid_day_takes_the_first_tick_as_base() -> None:
    market = Market(at("10:00:00"))
    market.feed(
        tick(at("10:00:10"), 3800, 90_000, interest=5_000.0, high_price=3900.0, low_price=3700.0),
        tick(at("10:00:20"), 3801, 90_007, interest=5_002.0, high_price=3900.0, low_price=3700.0),
    )
    market.move(at("10:01:01"))
    bar = market.all[0]
    assert (bar.volume, bar.high, bar.low, bar.open_interest_change) == (7, 3801, 3800, 2.0)


def test_a_contract_watched_before_its_first_trade_counts_from_zero() -> None:
    market = Market(at("09:00:00"))
    quiet = replace(tick(at("09:00:10"), 3800, 0), last_price=None)
    market.feed(quiet, tick(at("09:47:10"), 3800, 3))
    market.move(at("09:48:01"))
    assert [bar.volume for bar in market.all] == [3]


def test_the_opening_price_is_the_venues_own() -> None:
    market = Market(at("09:00:00"))
    more = {"open_price": 3790.0, "high_price": 3802.0, "low_price": 3788.0}
    market.feed(tick(at("09:00:00.500"), 3800, 400, **more))
    market.move(at("09:01:01"))
    bar = market.all[0]
    assert (bar.open, bar.high, bar.low, bar.close) == (3790, 3802, 3788, 3800)


def test_the_first_trade_of_the_next_day_may_come_late() -> None:
    market = Market(at("14:59:00"))
    market.feed(tick(at("14:59:10"), 3800, 90_000))
    market.feed(tick(at("09:47:10", 20171114), 3790, 3, day=20171114))
    market.move(at("09:48:01", 20171114))
    assert market.all[-1].volume == 3


def test_the_next_day_counts_from_zero() -> None:
    market = Market(at("14:59:00"))
    market.feed(tick(at("14:59:10"), 3800, 90_000, interest=100.0, instrument=RB))
    tuesday = 20171114
    market.feed(tick(at("21:00:00.500"), 3790, 44, day=tuesday, interest=105.0, instrument=RB))
    market.move(at("21:01:01"))
    bar = market.all[-1]
    assert (bar.trading_day, bar.volume, bar.open_interest_change) == (tuesday, 44, 5.0)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        ("10:14:30", "10:15:00"),
        ("11:29:30", "11:30:00"),
        ("14:59:30", "15:00:00"),
    ],
)
def test_closed_by_the_calendar_at_every_session_end(last: str, end: str) -> None:
    market = Market(at("09:00:00"))
    market.feed(tick(at("09:00:01"), 3800, 10), tick(at(last), 3801, 20))
    closing = at(end) + 500 * MILLISECOND
    market.feed(tick(closing, 3805, 25))
    market.move(at(end) + SECOND - 1)
    assert market.all[-1].ts_event < at(end)
    market.move(at(end) + SECOND)
    bar = market.all[-1]
    assert (bar.ts_event, bar.close, bar.volume, bar.ticks) == (at(end), 3805, 15, 2)


def test_closed_at_night() -> None:
    market = Market(at("21:00:00", FRIDAY))
    zn = InstrumentId("SHFE.zn1801")
    saturday = add_days(FRIDAY, 1)
    market.feed(
        tick(at("22:59:30", FRIDAY), 3800, 10, instrument=RB),
        tick(at("00:59:59.500", saturday), 25_000, 10, instrument=zn),
    )
    market.move(at("01:00:01", saturday))
    assert [(b.instrument, b.ts_event) for b in market.all] == [
        (RB, at("23:00:00", FRIDAY)),
        (zn, at("01:00:00", saturday)),
    ]


def test_no_bar_in_a_break_nor_without_a_tick() -> None:
    market = Market(at("10:14:00"))
    market.feed(tick(at("10:14:10"), 3800, 10), tick(at("10:32:10"), 3800, 20))
    market.move(at("11:00:00"))
    assert hours(market.bars()) == ["10:15", "10:33"]


def test_a_late_tick_is_counted_and_its_volume_is_in_the_next_bar() -> None:
    market = Market(at("09:00:00"))
    market.feed(tick(at("09:00:10"), 3800, 10), tick(at("09:01:10"), 3801, 20))
    market.move(at("09:02:02"))
    market.bus.post(tick(at("09:01:59"), 9999, 35))
    market.feed(tick(at("09:02:30"), 3802, 40))
    market.move(at("09:03:01"))
    assert market.aggregator.late_ticks == 1
    assert [bar.volume for bar in market.all] == [10, 10, 20]
    assert max(bar.high for bar in market.all) == 3802


def test_the_grace_is_a_setting_in_event_time() -> None:
    market = Market(at("09:00:00"), bar_grace_ms=5_000)
    market.feed(tick(at("09:00:10"), 3800, 10))
    market.move(at("09:01:04.999"))
    assert market.all == []
    market.move(at("09:01:05"))
    assert len(market.all) == 1
    market.aggregator.configure(MarketSection(bar_grace_ms=0))
    market.feed(tick(at("09:01:10"), 3800, 10))
    market.move(at("09:02:00"))
    assert market.all[-1].ts_init == at("09:02:00")


def test_extremes_between_two_snapshots_are_seen() -> None:
    market = Market(at("09:00:00"))
    first = tick(
        at("09:00:00.500"), 3800, 10, open_price=3800.0, high_price=3800.0, low_price=3800.0
    )
    spike = tick(at("09:00:20"), 3801, 20, open_price=3800.0, high_price=3840.0, low_price=3790.0)
    market.feed(first, spike, replace(spike, ts_event=at("09:01:10"), volume=30))
    market.move(at("09:02:01"))
    assert [(bar.high, bar.low) for bar in market.all] == [(3840, 3790), (3801, 3801)]


def test_turnover_only_where_the_source_has_it() -> None:
    market = Market(at("09:00:00"))
    market.feed(tick(at("09:00:10"), 3800, 10))
    market.move(at("09:01:01"))
    assert market.all[0].turnover is None


def test_turnover_that_steps_back_by_a_rounding_adds_up() -> None:
    market = Market(at("09:00:00"))
    for time, money in (("09:00:10", 1000.0), ("09:01:10", 999.0), ("09:02:10", 1500.0)):
        market.feed(tick(at(time), 3800, 10, turnover=money))
    market.move(at("09:03:01"))
    assert [bar.turnover for bar in market.all] == [1000.0, 0.0, 500.0]


def test_thirty_minutes_count_session_time() -> None:
    market = Market(at("20:50:00", FRIDAY))
    market.aggregator.require(RB, "30m")
    market.pump(whole_day(market, RB))
    market.aggregator.flush()
    market.bus.run_until_idle()
    assert hours(market.bars("30m")) == [
        "21:30", "22:00", "22:30", "23:00",
        "09:30", "10:00", "10:45", "11:15", "13:45", "14:15", "14:45", "15:00",
    ]  # fmt: skip


def test_a_longer_bar_closes_though_its_last_minutes_are_silent() -> None:
    market = Market(at("09:00:00"))
    market.aggregator.require(JD, "5m")
    market.feed(tick(at("09:00:10"), 3800, 10), tick(at("09:02:10"), 3810, 30))
    market.move(at("09:05:00.999"))
    assert market.bars("5m") == []
    market.move(at("09:05:01"))
    [bar] = market.bars("5m")
    assert (bar.ts_open, bar.ts_event, bar.volume) == (at("09:00:00"), at("09:05:00"), 30)


@pytest.mark.parametrize("instrument", [RB, IF])
@pytest.mark.parametrize("period", PERIODS)
def test_every_period_adds_up_to_the_day(instrument: InstrumentId, period: str) -> None:
    market = Market(at("21:00:00", FRIDAY))
    market.aggregator.require(instrument, period)
    ticks = whole_day(market, instrument, seed=7)
    market.pump(ticks)
    market.aggregator.flush()
    market.bus.run_until_idle()
    for bars in (market.bars("1m"), market.bars(period)):
        assert sum(bar.volume for bar in bars) == ticks[-1].volume
        assert sum(bar.turnover or 0 for bar in bars) == pytest.approx(ticks[-1].turnover)
        assert max(bar.high for bar in bars) == ticks[-1].high_price
        assert min(bar.low for bar in bars) == ticks[-1].low_price
        assert bars[0].open == ticks[0].open_price
        assert bars[-1].close == ticks[-1].last_price
        assert sum(bar.ticks for bar in bars) == len(ticks)
        changes = sum(bar.open_interest_change or 0 for bar in bars)
        assert changes == (ticks[-1].open_interest or 0) - (ticks[0].open_interest or 0)
    folded = aggregate(market.bars("1m"), period, market.sessions)
    told = [replace(bar, ts_init=0) for bar in market.bars(period)]
    assert [replace(bar, ts_init=0) for bar in folded] == told
    assert market.aggregator.late_ticks == 0


def test_bars_of_bars() -> None:
    market = Market(at("21:00:00", FRIDAY))
    market.pump(whole_day(market, RB))
    market.aggregator.flush()
    market.bus.run_until_idle()
    minutes = market.bars()
    fives = aggregate(minutes, "5m", market.sessions)
    assert aggregate(fives, "15m", market.sessions) == aggregate(minutes, "15m", market.sessions)
    with pytest.raises(ValueError, match="cannot be built"):
        aggregate(fives, "7m", market.sessions)
    with pytest.raises(ValueError, match="in order"):
        aggregate(reversed(minutes), "5m", market.sessions)


def test_a_replay_gives_the_same_bars_twice() -> None:
    def run() -> list[Bar]:
        market = Market(at("20:50:00", FRIDAY))
        for period in PERIODS:
            market.aggregator.require(RB, period)
        rb, index = whole_day(market, RB), whole_day(market, IF, seed=2)
        market.pump(sorted(rb + index, key=lambda t: t.ts_event))
        return market.all

    assert run() == run()


def test_history_and_a_period_asked_for_later() -> None:
    market = Market(at("09:00:00"))
    for minute in range(12):
        market.feed(tick(at("09:00:10") + minute * MINUTE, 3800 + minute, 10 * (minute + 1)))
    market.move(at("09:12:02"))
    assert [bar.close for bar in market.aggregator.history(JD, "1m", 3)] == [3809, 3810, 3811]
    assert hours(market.aggregator.history(JD, "5m", 10)) == ["09:05", "09:10"]
    assert market.bars("5m") == []
    market.aggregator.require(JD, "5m")
    market.move(at("09:15:02"))
    assert hours(market.bars("5m")) == ["09:15"]
    assert market.bars("5m")[0].volume == 20
    assert market.aggregator.history(InstrumentId("DCE.m1801"), "5m", 10) == []
    assert market.aggregator.history(JD, "1m", 0) == []


def test_warm_up_is_history_and_is_not_published() -> None:
    source = Market(at("20:50:00", FRIDAY))
    source.pump(whole_day(source, RB))
    source.aggregator.flush()
    source.bus.run_until_idle()
    minutes = [bar for bar in source.bars() if bar.ts_event <= at("09:07:00")]
    market = Market(at("09:07:00"))
    market.aggregator.require(RB, "5m")
    market.aggregator.load(minutes)
    market.move(at("09:07:30"))
    assert market.all == []
    assert market.aggregator.history(RB, "1m", 5_000) == minutes
    assert hours(market.aggregator.history(RB, "5m", 1)) == ["09:05"]
    market.move(at("09:10:01"))
    [half_warm] = market.bars("5m")
    assert half_warm.volume == sum(bar.volume for bar in minutes[-2:])
    with pytest.raises(ValueError, match="warm-up"):
        market.aggregator.load([half_warm])


def test_memory_is_bounded() -> None:
    market = Market(at("20:50:00", FRIDAY), history_bars=10)
    market.pump(whole_day(market, RB))
    assert len(market.aggregator.history(RB, "1m", 1_000)) == 10


@pytest.mark.parametrize(
    ("period", "minutes"), [("1m", 1), ("45m", 45), ("1h", 60), ("2h", 120), ("1d", WHOLE_DAY)]
)
def test_periods(period: str, minutes: int) -> None:
    assert period_minutes(period) == minutes


@pytest.mark.parametrize("period", ["", "m", "0m", "-5m", "5", "1w", "2d", "5M", "1.5h", "99999m"])
def test_no_such_period(period: str) -> None:
    market = Market(at("09:00:00"))
    with pytest.raises(ValueError, match="expected Nm, Nh or 1d"):
        market.aggregator.require(RB, period)
