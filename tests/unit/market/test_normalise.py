"""Prices that are none, dates of recorded rows, turnover in yuan."""

import math

import numpy as np
import pytest
from tests.generators import market_tables

from homalos.market.normalise import instants, price, prices, turnover_factor
from homalos.model.times import HOUR, MINUTE, SECOND, china_text

DBL_MAX = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (3594.0000000000005, 3594.0),
        (92.735, 92.735),
        (DBL_MAX, None),
        (math.nan, None),
        (math.inf, None),
        (0.0, None),
        (-1.0, None),
    ],
)
def test_price(raw: float, told: float | None) -> None:
    assert price(raw) == told
    column = prices(np.array([raw]))[0]
    assert column == told or (told is None and math.isnan(column))


@pytest.mark.parametrize(
    ("day", "time", "told"),
    [
        (20171113, 20 * HOUR + 59 * MINUTE, "2017-11-10 20:59:00.000"),
        (20171113, 0, "2017-11-11 00:00:00.000"),
        (20171113, 2 * HOUR + 29 * MINUTE + 59 * SECOND, "2017-11-11 02:29:59.000"),
        (20171113, 8 * HOUR + 59 * MINUTE, "2017-11-13 08:59:00.000"),
        (20171114, 21 * HOUR, "2017-11-13 21:00:00.000"),
        (20181008, 21 * HOUR, "2018-09-28 21:00:00.000"),
    ],
)
def test_dates_follow_the_trading_day_and_the_calendar(day: int, time: int, told: str) -> None:
    _, sessions = market_tables()
    ts = instants(sessions.calendar, day, np.array([time], np.int64))
    assert china_text(int(ts[0])) == told


@pytest.mark.parametrize(
    ("turnover", "multiplier", "factor"),
    [
        (12.0 * 7_169, 10.0, 10.0),
        (12.0 * 7_169 * 10, 10.0, 1.0),
        (12.0 * 7_169 * 1.03, 10.0, 10.0),
        (12.0 * 7_169, 1.0, 1.0),
        (0.0, 10.0, 1.0),
        (math.nan, 10.0, 1.0),
    ],
)
def test_turnover_without_the_multiplier_is_told(
    turnover: float, multiplier: float, factor: float
) -> None:
    found = turnover_factor(
        np.array([turnover] * 3), np.array([12] * 3), np.array([7_169.0] * 3), multiplier
    )
    assert found == factor
