"""The price grid and the cents against exact decimal arithmetic."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from homalos.market import money

TICKS = st.sampled_from([0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50])
REACH = 10_000_000


@st.composite
def grids(draw: st.DrawFn) -> tuple[float, int]:
    tick = draw(TICKS)
    bound = int(REACH / tick)
    return tick, draw(st.integers(-bound, bound))


@given(grids())
def test_a_price_of_the_grid_is_on_it_and_comes_back(grid: tuple[float, int]) -> None:
    tick, count = grid
    price = money.price_of(count, tick)
    assert Decimal(repr(price)) == Decimal(str(tick)) * count
    assert money.on_tick(price, tick)
    assert money.ticks_of(price, tick) == count
    for noisy in (price, count * tick, price * (1 + 2**-52)):
        assert money.on_tick(noisy, tick)
        for how in ("up", "down", "nearest"):
            assert money.round_to_tick(noisy, tick, how) == price


@given(grids(), st.integers(1, 99))
def test_a_price_between_is_off_the_grid_and_goes_to_its_neighbours(
    grid: tuple[float, int], percent: int
) -> None:
    tick, count = grid
    price = float(Decimal(str(tick)) * (count + Decimal(percent) / 100))
    below, above = money.price_of(count, tick), money.price_of(count + 1, tick)
    assert not money.on_tick(price, tick)
    assert money.round_to_tick(price, tick, "down") == below
    assert money.round_to_tick(price, tick, "up") == above
    assert money.round_to_tick(price, tick) == (above if percent >= 50 else below)


@given(grids(), st.floats(0.001, 0.5))
def test_limits_lie_inside_and_on_the_grid(grid: tuple[float, int], ratio: float) -> None:
    tick, count = grid
    assume(abs(count) * ratio > 1)
    settlement = money.price_of(count, tick)
    upper, lower = money.limit_prices(settlement, ratio, tick)
    width = abs(settlement) * ratio
    slack = tick * 1e-4
    assert lower <= settlement <= upper
    assert settlement + width - tick - slack < upper <= settlement + width + slack
    assert settlement - width - slack <= lower < settlement - width + tick + slack
    assert money.on_tick(upper, tick)
    assert money.on_tick(lower, tick)


@given(st.integers(1, 100_000), st.integers(1, 500), st.sampled_from([1, 5, 10, 15, 300, 1000]))
def test_cents_agree_with_decimal_arithmetic(price: int, lots: int, multiplier: int) -> None:
    rate = Decimal("0.000023")
    exact = (price * lots * multiplier * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert money.round_cents(lots * (price * multiplier * float(rate))) == float(exact)
