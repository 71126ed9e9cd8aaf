"""Pure formulas of margin, fees, profit and the price grid. Money in yuan, prices as quoted."""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

from homalos.model.enums import Direction
from homalos.model.market import Rate

MarginPrice = Literal["pre_settlement", "last", "average", "open"]
"""Price of today's lots in the margin: CTP's MarginPriceType '1', '2', '3', '4'."""

_CENT = Decimal("0.01")
_NOISE_DIGITS = 8
_GRID_TOLERANCE = 1e-6
_FLOAT_TOLERANCE = 4e-15


def margin(price: float, lots: int, multiplier: float, rate: Rate) -> float:
    """Margin of ``lots`` at ``price``: (by_money x price x multiplier + by_lot) x lots (FACTS A11).

    Which price counts (previous settlement, opening price ...) is the caller's knowledge.
    """
    return (rate.by_money * price * multiplier + rate.by_lot) * lots


def fee(price: float, lots: int, multiplier: float, rate: Rate) -> float:
    """Fee of a trade: lots x (price x multiplier x by_money + by_lot) (FACTS A11), not rounded."""
    return lots * (price * multiplier * rate.by_money + rate.by_lot)


def relieved_margin(sides: Iterable[tuple[str, float, float]]) -> float:
    """Margin of an account from (relief, long, short) of each of its contracts.

    Contracts of one ``relief`` (a product) pay for the larger of their two sides only (大额单边,
    FACTS A11); those whose ``relief`` is empty pay for both.
    """
    total, longs, shorts = 0.0, dict[str, float](), dict[str, float]()
    for relief, long, short in sides:
        if relief:
            longs[relief] = longs.get(relief, 0.0) + long
            shorts[relief] = shorts.get(relief, 0.0) + short
        else:
            total += long + short
    return total + sum(max(long, shorts[relief]) for relief, long in longs.items())


def profit(
    direction: Direction, open_price: float, price: float, lots: int, multiplier: float
) -> float:
    """Profit of ``lots`` opened at ``open_price`` and valued at ``price``.

    With the previous settlement as ``open_price`` of older lots it is the profit by date (盯市),
    with the original opening price the profit by trade (逐笔) (FACTS A12).
    """
    change = price - open_price if direction is Direction.LONG else open_price - price
    return change * lots * multiplier


def round_cents(amount: float) -> float:
    """To the cent, half away from zero, on the decimal value: 1.005 gives 1.01.

    Float noise beyond the eighth decimal is dropped first, so that 2.6749999999999994, which was
    meant to be 2.675, gives 2.68 as it does in decimal arithmetic.
    """
    value = Decimal(repr(round(amount, _NOISE_DIGITS)))
    return float(value.quantize(_CENT, rounding=ROUND_HALF_UP))


def ticks_of(price: float, tick: float) -> int:
    """The nearest whole number of ticks in ``price``."""
    return round(price / tick)


def price_of(ticks: int, tick: float) -> float:
    """The price of so many ticks without float noise: 3 ticks of 0.1 are 0.3."""
    return round(ticks * tick, _decimals(tick))


def on_tick(price: float, tick: float) -> bool:
    """Whether ``price`` is a multiple of ``tick`` (float noise apart); not so NaN and infinity."""
    ratio = price / tick
    return math.isfinite(ratio) and abs(ratio - round(ratio)) <= _tolerance(ratio)


def round_to_tick(
    price: float, tick: float, how: Literal["up", "down", "nearest"] = "nearest"
) -> float:
    """``price`` on the grid of ``tick``; one that is on it already (noise apart) stays there.

    ``up`` and ``down`` go towards plus and minus infinity; ``nearest`` takes the half up.
    Raises ``ValueError`` or ``OverflowError`` for NaN and infinity.
    """
    ratio = price / tick
    if how == "up":
        ticks = math.ceil(ratio - _tolerance(ratio))
    elif how == "down":
        ticks = math.floor(ratio + _tolerance(ratio))
    else:
        ticks = math.floor(ratio + 0.5 + _tolerance(ratio))
    return price_of(ticks, tick)


def limit_prices(pre_settlement: float, ratio: float, tick: float) -> tuple[float, float]:
    """(upper, lower) limit of the day: pre_settlement x (1 +- ratio) on the grid (FACTS A17).

    Each exchange's rounding is unverified (recordings: SHFE rounds both down, CZCE to the nearest),
    so both are rounded inwards: at most a tick tighter than the venue's own. Where ticks carry
    limits, those hold and not these.
    """
    width = abs(pre_settlement) * ratio
    upper = round_to_tick(pre_settlement + width, tick, "down")
    lower = round_to_tick(pre_settlement - width, tick, "up")
    return upper, lower


def _tolerance(ratio: float) -> float:
    """In ticks; grows with the number, whose last binary digits are noise of the division."""
    return _GRID_TOLERANCE + abs(ratio) * _FLOAT_TOLERANCE


@lru_cache(maxsize=1024)
def _decimals(tick: float) -> int:
    exponent = Decimal(repr(tick)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
