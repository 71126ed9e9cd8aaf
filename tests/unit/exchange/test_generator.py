"""The generated market: the same for the same seed, and like a market."""

from collections import defaultdict
from itertools import islice, pairwise
from pathlib import Path

import pytest
from tests.unit.exchange.bench import DAY, NEXT, Bench, at, products, sessions

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.engine import Exchange, Resume
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources import Source
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.exchange.sources.profiles import PROFILES, main_month
from homalos.market import money
from homalos.model.enums import Phase
from homalos.model.market import Tick
from homalos.model.times import MILLISECOND, MINUTE, SECOND

SECTION = ExchangeSection()


def market(section: ExchangeSection = SECTION, resume: Resume | None = None) -> GeneratedMarket:
    return GeneratedMarket(section, products(), sessions(), DAY, resume)


@pytest.fixture(scope="module")
def day() -> list[Tick]:
    """A little more than one trading day."""
    ticks = []
    for tick in market(
        ExchangeSection(generator_products=("SHFE.rb", "DCE.m", "CZCE.TA", "CFFEX.IF"))
    ):
        ticks.append(tick)
        if tick.ts_event > at(9, 30, day=NEXT):
            return ticks
    raise AssertionError("the market ended")


def by_instrument(ticks: list[Tick]) -> dict[str, list[Tick]]:
    rows = defaultdict(list)
    for tick in ticks:
        rows[tick.instrument].append(tick)
    return rows


def test_it_is_a_source_that_starts_at_an_opening_with_history() -> None:
    source: Source = market()
    assert source.start == at(9)
    assert len(source.instruments) == 8
    assert {i.exchange for i in source.instruments} == {"SHFE", "DCE", "CZCE", "CFFEX", "INE"}
    first = {t.instrument: t for t in reversed(list(islice(market(), 200)))}
    for item in source.instruments:
        bars = [bar for bar in source.warmup if bar.instrument == item.id]
        assert len(bars) >= 240
        assert all(a.ts_event <= b.ts_open for a, b in pairwise(bars))
        assert bars[-1].ts_event <= source.start
        for bar in bars:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            phase = sessions().phase(item.exchange, item.product, bar.ts_open)
            assert phase is Phase.CONTINUOUS
        if item.id in first:
            assert first[item.id].last_price == pytest.approx(bars[-1].close, rel=0.01)
    night = market(ExchangeSection(generator_session="night"))
    assert night.start == at(21, day=20251111)


def test_the_same_seed_makes_the_same_ticks() -> None:
    one, two = list(islice(market(), 3000)), list(islice(market(), 3000))
    assert one == two
    assert market().warmup == market().warmup
    other = list(islice(market(ExchangeSection(generator_seed=2)), 3000))
    assert other != one


def test_time_never_runs_back_and_lies_in_a_session(day: list[Tick]) -> None:
    last = 0
    for tick in day:
        assert tick.ts_event >= last
        last = tick.ts_event
        exchange, _, symbol = tick.instrument.partition(".")
        segment = sessions().segment_at(exchange, symbol.rstrip("0123456789"), tick.ts_event)
        assert segment.phase in (Phase.CONTINUOUS, Phase.AUCTION_MATCH)
        assert tick.trading_day == segment.trading_day


def test_time_stamps_have_the_habits_of_their_exchange(day: list[Tick]) -> None:
    millis: dict[str, set[int]] = defaultdict(set)
    for tick in day:
        millis[tick.instrument.partition(".")[0]].add(tick.ts_event % SECOND // MILLISECOND)
    assert millis["SHFE"] == millis["CFFEX"] == {0, 500}
    assert millis["CZCE"] == {0}
    assert len(millis["DCE"]) > 100
    ta = [t.ts_event for t in day if t.instrument.startswith("CZCE")]
    assert len(set(ta)) < len(ta), "two snapshots in one second"


def test_books_prices_and_sums_are_those_of_a_market(day: list[Tick]) -> None:
    items = {item.id: item for item in market().instruments}
    for id_, ticks in by_instrument(day).items():
        item = items[id_]  # type: ignore[index]
        before: Tick | None = None
        for tick in ticks:
            assert tick.last_price
            assert tick.upper_limit
            assert tick.lower_limit
            for price in (tick.last_price, tick.bid_price, tick.ask_price, tick.upper_limit):
                assert price is None or money.on_tick(price, item.tick_size)
            if tick.bid_price and tick.ask_price:
                assert tick.bid_price < tick.ask_price
                assert tick.bid_lots > 0
                assert tick.ask_lots > 0
            assert tick.lower_limit <= tick.low_price <= tick.last_price <= tick.high_price  # type: ignore[operator]
            assert tick.high_price <= tick.upper_limit  # type: ignore[operator]
            if before is not None and before.trading_day == tick.trading_day:
                lots = tick.volume - before.volume
                paid = (tick.turnover or 0) - (before.turnover or 0)
                assert lots >= 0
                assert paid == pytest.approx(
                    lots * tick.last_price * item.multiplier, rel=0.01, abs=1
                )
            before = tick


def test_a_day_moves_as_days_do(day: list[Tick]) -> None:
    for ticks in by_instrument(day).values():
        of_day = [t for t in ticks if t.trading_day == DAY]
        prices = [t.last_price or 0.0 for t in of_day]
        assert 0.001 < (max(prices) - min(prices)) / prices[0] < 0.10
        lively = sum(t.ts_event < at(9, 45) for t in of_day if t.ts_event >= at(9, 30))
        assert lively > 100


def test_volatility_comes_in_clusters() -> None:
    only = ExchangeSection(generator_products=("SHFE.rb",))
    prices = [
        ((t.bid_price or 0) + (t.ask_price or 0)) / 2
        for t in islice(market(only), 40_000)
        if t.bid_price and t.ask_price
    ]
    moves = [abs(b - a) for a, b in zip(prices[::20], prices[20::20], strict=False)]
    mean = sum(moves) / len(moves)
    spread = sum((m - mean) ** 2 for m in moves)
    follow = sum((a - mean) * (b - mean) for a, b in pairwise(moves))
    assert follow / spread > 0.03


def test_the_day_settles_by_the_exchanges_own_rule_and_the_next_begins(day: list[Tick]) -> None:
    floor = Bench(start=at(9), instruments=market().instruments, cash=0)
    for tick in day:
        floor.go(tick.ts_event)
        floor.exchange.on_market(tick)
    assert floor.days == [NEXT]
    state = floor.exchange._state
    for id_, ticks in by_instrument(day).items():
        first = next(t for t in ticks if t.trading_day == NEXT)
        assert first.pre_settlement == state.settlements[id_]  # type: ignore[index]
        assert first.volume < 5_000
        assert first.open_price == first.last_price


def test_it_goes_on_where_the_ledger_left_off(tmp_path: Path) -> None:
    source = market()
    floor = Bench(start=source.start, instruments=source.instruments, ledger=Ledger(tmp_path))
    last: dict[str, Tick] = {}
    for tick in islice(source, 20_000):
        floor.go(tick.ts_event)
        floor.exchange.on_market(tick)
        last[tick.instrument] = tick
    floor.exchange.close()
    exchange = Exchange(
        SECTION, products(), sessions(), floor.clock, floor.timers, Ledger(tmp_path)
    )
    resume = exchange.resume()
    assert resume is not None
    resumed = market(resume=resume)
    assert resumed.start == resume.ts >= floor.clock.now()
    exchange.open(resumed.instruments, resumed.start)
    assert {i.id for i in resumed.instruments} == {i.id for i in source.instruments}
    seen: set[str] = set()
    for tick in islice(resumed, 200):
        assert tick.ts_event >= resume.ts
        if tick.instrument not in seen:
            seen.add(tick.instrument)
            was = last[tick.instrument]
            assert tick.volume >= was.volume
            assert tick.pre_settlement == was.pre_settlement
            assert tick.last_price == pytest.approx(was.last_price, rel=0.002)
            bars = [b for b in resumed.warmup if b.instrument == tick.instrument]
            assert bars[-1].close == pytest.approx(was.last_price)
    assert len(seen) == 7, "the index future opens at 09:30"


def test_the_auction_prints_once_before_continuous_trading(day: list[Tick]) -> None:
    evening = [t for t in day if at(20, 59) <= t.ts_event < at(21)]
    assert {t.instrument.partition(".")[0] for t in evening} == {"SHFE", "DCE", "CZCE"}
    assert len(evening) == 3
    after = [t for t in day if at(21) <= t.ts_event < at(21) + MINUTE]
    assert len(after) > 100


@pytest.mark.parametrize(
    ("name", "day", "month"),
    [
        ("SHFE.rb", 20251112, (2026, 1)),
        ("SHFE.rb", 20251201, (2026, 5)),
        ("DCE.m", 20260301, (2026, 5)),
        ("CFFEX.IF", 20251112, (2025, 11)),
        ("CFFEX.IF", 20251121, (2025, 12)),
        ("SHFE.cu", 20251112, (2026, 1)),
    ],
)
def test_main_month(name: str, day: int, month: tuple[int, int]) -> None:
    assert main_month(PROFILES[name], day) == month


def test_an_unknown_product_is_told_by_its_key() -> None:
    with pytest.raises(ValueError, match="generator_products"):
        market(ExchangeSection(generator_products=("SHFE.zzz",)))
