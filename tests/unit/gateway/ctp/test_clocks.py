import pytest
from hypothesis import given
from hypothesis import strategies as st

from homalos.gateway.ctp.clocks import clock_offset, nearest, on_its_day, time_of_day
from homalos.model.times import DAY, HOUR, MILLISECOND, SECOND, china_midnight, china_time_of_day

MIDNIGHT = china_midnight(20260605)  # a Friday


@pytest.mark.parametrize(
    "text", ["", "--:--:--", "99:99:99", "24:00:00", "9:0", "a:b:c", "１２:00:00"]
)
def test_what_is_no_time(text: str) -> None:
    assert time_of_day(text) is None


def test_times_and_milliseconds() -> None:
    assert time_of_day("21:00:01", 500) == 21 * HOUR + SECOND + 500 * MILLISECOND
    assert time_of_day("21:00:01", 1000) is None


@pytest.mark.parametrize(
    ("text", "ms", "now", "then"),
    [
        ("23:59:59", 500, DAY + 200 * MILLISECOND, DAY - 500 * MILLISECOND),
        ("00:00:00", 0, DAY - SECOND, DAY),
        ("00:30:00", 0, DAY + HOUR // 2, DAY + HOUR // 2),
        ("21:00:00", 0, 21 * HOUR + SECOND, 21 * HOUR),
    ],
)
def test_the_natural_date_is_the_nearest(text: str, ms: int, now: int, then: int) -> None:
    """Half a second before midnight, heard after it; Friday's night on Saturday."""
    time = time_of_day(text, ms)
    assert time is not None
    assert nearest(time, MIDNIGHT + now) == MIDNIGHT + then


@given(st.integers(0, DAY - 1), st.integers(0, 3 * 10**18))
def test_nearest_keeps_the_time_of_day_and_is_within_half_a_day(time: int, now: int) -> None:
    found = nearest(time, now)
    assert china_time_of_day(found) == time
    assert abs(found - now) <= DAY // 2


def test_the_offset_is_the_median_of_the_clocks_that_are_told() -> None:
    wall = MIDNIGHT + 9 * HOUR
    login = {
        "SHFETime": "09:00:02", "DCETime": "09:00:03", "CZCETime": "--:--:--",
        "FFEXTime": "11:00:00", "LoginTime": "08:00:00",
    }  # fmt: skip
    assert clock_offset(login, wall) == 3 * SECOND
    assert clock_offset({"LoginTime": "08:59:59"}, wall) == -SECOND
    assert clock_offset({"SHFETime": ""}, wall) is None
    before = MIDNIGHT + DAY - SECOND
    assert clock_offset({"SHFETime": "00:00:01"}, before) == 2 * SECOND


@pytest.mark.parametrize(
    ("wall", "exchange", "by_day", "then"),
    [
        # A broker's front: both say the same, and the seconds between the clocks count.
        (9 * HOUR, 9 * HOUR + 2 * SECOND, 9 * HOUR + 2 * SECOND, 9 * HOUR + 2 * SECOND),
        # A login at 16:00 on Friday, whose trading day is Monday already: it is Friday.
        (16 * HOUR, 16 * HOUR, 16 * HOUR + 3 * DAY, 16 * HOUR),
        # A generated Monday, seen on Saturday at 16:00; and a replay of last year.
        (16 * HOUR, 9 * HOUR, 9 * HOUR + 2 * DAY, 9 * HOUR + 2 * DAY),
        (16 * HOUR, 16 * HOUR, 16 * HOUR - 365 * DAY, 16 * HOUR - 365 * DAY),
        (22 * HOUR, 21 * HOUR, 21 * HOUR - DAY, 21 * HOUR - DAY),
    ],
)
def test_an_exchange_may_live_on_another_day(
    wall: int, exchange: int, by_day: int, then: int
) -> None:
    offset = on_its_day(exchange - wall, MIDNIGHT + wall, MIDNIGHT + by_day)
    assert wall + offset == then
