"""Incremental indicators against the plain definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homalos.model.ids import InstrumentId
from homalos.model.market import Bar
from homalos.strategy.indicators import Atr, Ema, Highest, Indicator, Lowest, Sma

VALUES = st.lists(st.floats(-1e4, 1e4), max_size=60)
PERIODS = st.integers(1, 12)


@given(VALUES, PERIODS)
def test_windows(values: list[float], period: int) -> None:
    sma, high, low = Sma(period), Highest(period), Lowest(period)
    for n, value in enumerate(values, 1):
        sma.update(value), high.update(value), low.update(value)
        window = values[max(0, n - period) : n]
        if n < period:
            assert not any(i.ready for i in (sma, high, low))
        else:
            assert sma.value == pytest.approx(sum(window) / period, abs=1e-6)
            assert (high.value, low.value) == (max(window), min(window))


@given(VALUES, PERIODS)
def test_ema(values: list[float], period: int) -> None:
    ema = Ema(period)
    for value in values:
        ema.update(value)
    if len(values) < period:
        assert ema.value is None
        return
    expected = sum(values[:period]) / period
    for value in values[period:]:
        expected = value * 2 / (period + 1) + expected * (period - 1) / (period + 1)
    assert ema.value == pytest.approx(expected, abs=1e-6)


def bar(high: float, low: float, close: float) -> Bar:
    return Bar(
        InstrumentId("SHFE.rb2601"), "1m", 0, 0, 0, 1, low, high, low, close, 1, None, None, None, 1
    )


def test_atr_by_hand() -> None:
    atr = Atr(2)
    assert atr.update(bar(11, 9, 10)) is None
    assert atr.update(bar(12, 10, 11)) == 2.0  # ranges 2, 2
    assert atr.update(bar(20, 18, 19)) == 5.5  # true range 9, from the close before: (2 + 9) / 2
    assert atr.update(bar(10, 9, 9)) == 7.75  # true range 10: (5.5 + 10) / 2


@pytest.mark.parametrize("kind", [Sma, Ema, Atr, Highest, Lowest])
def test_a_period_below_one_is_refused(kind: type[Indicator]) -> None:
    with pytest.raises(ValueError, match="need 1 or more"):
        kind(0)
