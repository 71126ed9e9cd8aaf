"""Pure: which price is watched, whether it has come, where a trailing trigger goes."""

from msgspec.structs import replace

from homalos.market.money import round_to_tick
from homalos.model.conditional import Conditional, ConditionalKind, TriggerSource
from homalos.model.enums import Side
from homalos.model.market import Tick

_LAST, _BID = TriggerSource.LAST, TriggerSource.BID
_TRAILING, _SELL = ConditionalKind.TRAILING, Side.SELL
_NOISE = 1e-6
"""Far below any tick size: prices on the grid differ by float noise alone."""


def price_of(source: TriggerSource, tick: Tick) -> float | None:
    """The price that a trigger of ``source`` is compared with; ``None``: there is none now (an
    empty side of the book at a price limit)."""
    if source is _LAST:
        return tick.last_price
    return tick.bid_price if source is _BID else tick.ask_price


def reached(trigger: float | None, falls: bool, price: float) -> bool:
    """Whether the trigger has been reached or passed; ``falls``: from above."""
    if trigger is None:
        return False
    return price <= trigger + _NOISE if falls else price >= trigger - _NOISE


def trailed(order: Conditional, price: float, tick_size: float) -> Conditional:
    """The order with its trigger behind ``price``; the same object where that is no better.

    The trigger lies on the grid, rounded away from the price: never nearer than it was asked for.
    It only ever follows; it never goes back.
    """
    if order.kind is not _TRAILING:
        return order
    distance = order.trail_ticks * tick_size or price * order.trail_percent / 100
    if order.side is _SELL:
        trigger = round_to_tick(price - distance, tick_size, "down")
        better = order.trigger is None or trigger > order.trigger + _NOISE
    else:
        trigger = round_to_tick(price + distance, tick_size, "up")
        better = order.trigger is None or trigger < order.trigger - _NOISE
    return replace(order, trigger=trigger) if better else order
