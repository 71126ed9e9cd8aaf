"""Ticks built in C: every field, the numbers that are none, the dates."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.native.binding.rig import DBL_MAX, MdRig

from homalos.gateway.ctp.clocks import nearest
from homalos.market.normalise import price
from homalos.model.market import Depth, Tick
from homalos.model.times import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    china_midnight,
    china_time_of_day,
)

TICK = "OnRtnDepthMarketData"
EVENING, TODAY = china_midnight(20260109), china_midnight(20260112)  # Friday, Monday
PRICES = {
    "LastPrice": "last_price", "BidPrice1": "bid_price", "AskPrice1": "ask_price",
    "OpenPrice": "open_price", "HighestPrice": "high_price", "LowestPrice": "low_price",
    "PreSettlementPrice": "pre_settlement", "PreClosePrice": "pre_close",
    "UpperLimitPrice": "upper_limit", "LowerLimitPrice": "lower_limit",
    "SettlementPrice": "settlement",
}  # fmt: skip
AMOUNTS = {
    "Turnover": "turnover", "OpenInterest": "open_interest",
    "PreOpenInterest": "pre_open_interest",
}  # fmt: skip
DEEP = [f"{side}Price{level}" for side in ("Bid", "Ask") for level in range(2, 6)]
slow_is_fine = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def day(md: MdRig) -> MdRig:
    md.list("rb2605")
    md.port.dates_by_day(EVENING, TODAY)
    md.port.set_trading_day(20260112)
    return md


def tick(rig: MdRig, **fields: Any) -> Tick:
    (got,) = ticks(rig, fields)
    return got


def ticks(rig: MdRig, *many: dict[str, Any]) -> list[Tick]:
    for fields in many:
        rig.library.call(TICK, {"InstrumentID": "rb2605", "UpdateTime": "09:00:00"} | fields)
    return [what for kind, what in rig.drained() if kind == "tick"]


def time_text(time: int) -> dict[str, Any]:
    seconds, rest = divmod(time, SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return {"UpdateTime": text, "UpdateMillisec": rest // MILLISECOND}


def test_every_field_has_its_place(day: MdRig) -> None:
    numbers = {name: 1000.0 + i for i, name in enumerate([*PRICES, *AMOUNTS])}
    got = tick(day, Volume=7, BidVolume1=8, AskVolume1=9, UpdateMillisec=500, **numbers)
    for name, field in (PRICES | AMOUNTS).items():
        assert getattr(got, field) == numbers[name], name
    assert (got.volume, got.bid_lots, got.ask_lots) == (7, 8, 9)
    assert (got.instrument, got.trading_day, got.depth) == ("X.rb2605", 20260112, None)
    assert got.ts_event == got.ts_init == TODAY + 9 * HOUR + 500 * MILLISECOND
    assert got.ts_native > 0


def test_a_number_that_there_is_not_is_none(day: MdRig) -> None:
    for nothing in (DBL_MAX, float("nan"), float("inf"), -1.0):
        got = tick(day, **dict.fromkeys([*PRICES, *AMOUNTS, *DEEP], nothing))
        assert all(getattr(got, field) is None for field in (PRICES | AMOUNTS).values()), nothing
        assert got.depth is None
    got = tick(day, **dict.fromkeys([*PRICES, *AMOUNTS], 0.0))
    assert all(getattr(got, field) is None for field in PRICES.values())
    assert all(getattr(got, field) == 0.0 for field in AMOUNTS.values())


@slow_is_fine
@given(
    st.lists(
        st.one_of(
            st.floats(min_value=0, max_value=1e7),
            st.floats(),
            st.integers(0, 10**9).map(lambda n: n * 0.2 + 1e-7 * (n % 13)),
            st.integers(0, 10**12).map(lambda n: (n + 0.5) / 1e6),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_prices_are_those_of_the_recordings(day: MdRig, values: list[float]) -> None:
    got = ticks(day, *({"LastPrice": v, "OpenPrice": v} for v in values))
    assert [t.last_price for t in got] == [price(v) for v in values]
    assert [t.open_price for t in got] == [price(v) for v in values]


def test_a_price_that_stays_and_then_changes(day: MdRig) -> None:
    got = ticks(day, *({"HighestPrice": v} for v in (5.0, 5.0, 6.0, DBL_MAX, 6.0)))
    assert [t.high_price for t in got] == [5.0, 5.0, 6.0, None, 6.0]


def test_depth(day: MdRig) -> None:
    fields: dict[str, Any] = dict.fromkeys(DEEP, DBL_MAX)
    fields |= {"BidPrice2": 9.0, "BidVolume2": 1, "BidPrice3": 8.0, "BidVolume3": 2}
    got = tick(day, **(fields | {"AskPrice5": 12.5, "AskVolume5": 4}))
    assert got.depth == Depth(bids=((9.0, 1), (8.0, 2)), asks=((12.5, 4),))


@pytest.mark.parametrize(
    ("time", "date"),
    [("18:00:00", EVENING), ("21:00:00", EVENING), ("23:59:59", EVENING),
     ("00:30:00", EVENING + DAY), ("07:59:59", EVENING + DAY), ("08:00:00", TODAY),
     ("17:59:59", TODAY)],
)  # fmt: skip
def test_dates_by_the_trading_day(day: MdRig, time: str, date: int) -> None:
    hours, minutes, seconds = map(int, time.split(":"))
    at = date + hours * HOUR + minutes * MINUTE + seconds * SECOND
    assert tick(day, UpdateTime=time).ts_event == at


@slow_is_fine
@given(st.integers(0, DAY // MILLISECOND - 1), st.integers(-2 * DAY, 2 * DAY))
def test_dates_by_the_clock(day: MdRig, time: int, offset: int) -> None:
    """The natural day that puts it nearest to the exchange's now, whatever the exchange claims."""
    day.port.dates_by_clock(offset)
    stale = day.port.stats().stale
    fields = time_text(time * MILLISECOND) | {"ActionDay": "20991231", "TradingDay": "20991231"}
    got = ticks(day, fields)
    if got:
        assert got[0].ts_event == nearest(time * MILLISECOND, got[0].ts_init)
        assert abs(got[0].ts_event - got[0].ts_init) <= 30 * MINUTE
    else:
        assert day.port.stats().stale == stale + 1


def test_near_midnight_the_date_is_the_nearer_one(day: MdRig) -> None:
    """23:59:59.5 that arrives at 00:00:00.2, and a clock that is behind."""
    day.port.dates_by_clock(0)
    now = tick(day, **time_text(china_time_of_day(_now(day)))).ts_init
    to_midnight = DAY - china_time_of_day(now)
    for shift, time in ((10 * SECOND, DAY - 500 * MILLISECOND), (-10 * SECOND, 5 * SECOND)):
        day.port.dates_by_clock(to_midnight + shift)
        got = tick(day, **time_text(time))
        assert abs(got.ts_event - got.ts_init) < MINUTE
        assert china_time_of_day(got.ts_event) == time


def _now(rig: MdRig) -> int:
    """The machine's clock, as a stale tick shows that it is far from both of these."""
    found = ticks(rig, *(time_text(hour * HOUR) for hour in range(24)), *(
        time_text(hour * HOUR + 30 * MINUTE) for hour in range(24)
    ))  # fmt: skip
    return found[0].ts_init


def test_stale_and_junk_and_unknown_are_counted(day: MdRig) -> None:
    for junk in ("", "99:99:99", "9:00:00", "24:00:00", "09:60:00", "09-00-00", "0a:00:00"):
        assert ticks(day, {"UpdateTime": junk}) == []
    assert (
        ticks(day, {"UpdateMillisec": 1000}, {"InstrumentID": "rb260"}, {"InstrumentID": ""}) == []
    )
    day.port.dates_by_clock(0)
    now = tick(day, **time_text(china_time_of_day(_now(day)))).ts_init
    before = day.port.stats()
    assert ticks(day, time_text((china_time_of_day(now) + 2 * HOUR) % DAY)) == []
    after = day.port.stats()
    assert (after.junk, after.unknown, after.stale - before.stale) == (8, 2, 1)


def test_two_snapshots_of_one_second_are_half_a_second_apart(md: MdRig) -> None:
    md.list("SR605", half_second=True)
    md.port.dates_by_day(EVENING, TODAY)
    times = ["09:00:00", "09:00:00", "09:00:00", "09:00:01", "09:00:02", "09:00:02"]
    got = ticks(md, *({"InstrumentID": "SR605", "UpdateTime": time} for time in times))
    base = TODAY + 9 * HOUR
    assert [(t.ts_event - base) // MILLISECOND for t in got] == [0, 500, 500, 1000, 2000, 2500]


def test_the_turnover_is_brought_to_yuan(md: MdRig) -> None:
    md.list("rb2605", factor=10.0)
    md.port.dates_by_day(EVENING, TODAY)
    assert tick(md, Turnover=123.0).turnover == 1230.0
    assert tick(md, Turnover=DBL_MAX).turnover is None


def test_a_contract_may_be_listed_anew(day: MdRig) -> None:
    first = tick(day)
    day.port.list("rb2605", first.instrument, 2.0, False)
    day.port.set_trading_day(20260113)
    again = tick(day, Turnover=4.0)
    assert (again.turnover, again.trading_day) == (8.0, 20260113)
    assert again.instrument is first.instrument


def test_an_id_that_fills_its_field(open_md: Callable[..., MdRig]) -> None:
    """80 characters, and in the bytes no zero after them."""
    rig = open_md()
    rig.list("x" * 80)
    rig.port.dates_by_day(EVENING, TODAY)
    assert tick(rig, InstrumentID="x" * 80).instrument == "X." + "x" * 80
