"""Formulas of money, in numbers that can be checked by hand."""

import math

import pytest

from homalos.market import money
from homalos.model.enums import Direction
from homalos.model.market import Rate


def test_margin_by_money_and_by_lot() -> None:
    assert money.margin(3850.0, 2, 10, Rate(by_money=0.1)) == pytest.approx(7700.0)
    assert money.margin(3850.0, 2, 10, Rate(by_money=0.1, by_lot=5.0)) == pytest.approx(7710.0)


def test_fee_by_money_and_by_lot() -> None:
    assert money.fee(3850.0, 3, 10, Rate(by_money=0.0001)) == pytest.approx(11.55)
    assert money.fee(3850.0, 3, 10, Rate(by_lot=2.0)) == 6.0


def test_profit_of_both_directions() -> None:
    assert money.profit(Direction.LONG, 3850.0, 3860.0, 2, 10) == 200.0
    assert money.profit(Direction.SHORT, 3850.0, 3860.0, 2, 10) == -200.0
    assert money.profit(Direction.LONG, -37.6, 10.0, 1, 1000) == pytest.approx(47_600.0)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (1.005, 1.01),
        (2.675, 2.68),
        (math.nextafter(2.675, 0.0), 2.68),
        (-1.005, -1.01),
        (0.004999, 0.0),
        (0.1 + 0.2, 0.3),
        (1e9 + 0.005, 1e9 + 0.01),
        (0.0, 0.0),
    ],
)
def test_cents_are_rounded_half_away_from_zero(amount: float, cents: float) -> None:
    assert money.round_cents(amount) == cents


@pytest.mark.parametrize(
    ("price", "tick", "on"),
    [
        (3594.0000000000005, 1, True),
        (0.3, 0.1, True),
        (102.005, 0.005, True),
        (102.004, 0.005, False),
        (380.24, 0.02, True),
        (380.25, 0.02, False),
        (-37.6, 0.1, True),
        (0.0, 5, True),
        (8282.0, 5, False),
        (math.nan, 1, False),
        (math.inf, 1, False),
    ],
)
def test_on_tick(price: float, tick: float, on: bool) -> None:
    assert money.on_tick(price, tick) is on


def test_rounding_to_the_grid() -> None:
    assert money.round_to_tick(3.04, 0.1, "up") == 3.1
    assert money.round_to_tick(3.04, 0.1, "down") == 3.0
    assert money.round_to_tick(3.05, 0.1) == 3.1
    assert money.round_to_tick(0.1 + 0.2, 0.1, "up") == 0.3
    assert money.round_to_tick(-37.64, 0.1, "up") == -37.6
    assert money.round_to_tick(-37.64, 0.1, "down") == -37.7
    assert money.round_to_tick(8282.0, 5) == 8280.0
    assert money.price_of(3, 0.1) == 0.3
    assert money.ticks_of(102.005, 0.005) == 20_401
    with pytest.raises((ValueError, OverflowError)):
        money.round_to_tick(math.nan, 0.1)


def test_limits_are_rounded_inwards() -> None:
    upper, lower = money.limit_prices(12_300.0, 0.07, 5)
    assert (upper, lower) == (13_160.0, 11_440.0)
    assert money.limit_prices(100.0, 0.02, 0.005) == (102.0, 98.0)
    upper, lower = money.limit_prices(-40.0, 0.1, 0.1)
    assert (upper, lower) == (-36.0, -44.0)


def test_the_grid_holds_where_the_noise_of_a_division_exceeds_a_millionth() -> None:
    noisy = 9_999_999.998 * (1 + 2**-51)
    assert abs(noisy / 0.002 - 4_999_999_999) > 1e-6
    assert money.on_tick(noisy, 0.002)
    assert money.round_to_tick(noisy, 0.002, "up") == 9_999_999.998
