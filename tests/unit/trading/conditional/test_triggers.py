"""When a price has come, and where a trailing trigger goes: pure."""

import pytest
from msgspec.structs import replace

from homalos.model.conditional import Conditional, ConditionalKind, TriggerSource
from homalos.model.enums import Side
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId
from homalos.model.market import Tick
from homalos.trading.conditional import triggers
from homalos.trading.conditional.triggers import price_of, trailed

K, BUY, SELL = ConditionalKind, Side.BUY, Side.SELL
IF = InstrumentId("CFFEX.IF2603")
TICK = Tick(IF, 1, 1, 20260105, 3500.2, 1, None, None, 3500.0, 3, 3500.4, 4)


def reached(order: Conditional, price: float) -> bool:
    return triggers.reached(order.trigger, order.falls, price)


def made(kind: K, side: Side, trigger: float | None = 3500.0, **changes: object) -> Conditional:
    order = Conditional(
        OrderId("c"), OrderId("c"), AccountId("a"), StrategyId("s"), IF, side, kind, 1, trigger, 0
    )
    return replace(order, **changes)


@pytest.mark.parametrize(
    ("kind", "side", "last_that_does_not", "first_that_does"),
    [
        (K.STOP, SELL, 3500.2, 3500.0),
        (K.STOP, BUY, 3499.8, 3500.0),
        (K.STOP_LIMIT, SELL, 3500.2, 3500.0),
        (K.STOP_LIMIT, BUY, 3499.8, 3500.0),
        (K.TAKE_PROFIT, SELL, 3499.8, 3500.0),
        (K.TAKE_PROFIT, BUY, 3500.2, 3500.0),
        (K.TRAILING, SELL, 3500.2, 3500.0),
        (K.TRAILING, BUY, 3499.8, 3500.0),
    ],
)
def test_it_is_reached_at_the_trigger_and_not_one_tick_before(
    kind: K, side: Side, last_that_does_not: float, first_that_does: float
) -> None:
    order = made(kind, side)
    assert not reached(order, last_that_does_not)
    assert reached(order, first_that_does)
    beyond = first_that_does + (first_that_does - last_that_does_not)
    assert reached(order, beyond)


def test_float_noise_of_the_grid_is_none() -> None:
    assert reached(made(K.STOP, SELL, 0.1 + 0.2), 0.3)
    assert reached(made(K.STOP, SELL, 0.3), 0.1 + 0.2)


def test_the_price_is_that_of_its_source() -> None:
    assert price_of(TriggerSource.LAST, TICK) == 3500.2
    assert price_of(TriggerSource.BID, TICK) == 3500.0
    assert price_of(TriggerSource.ASK, TICK) == 3500.4
    assert price_of(TriggerSource.BID, replace(TICK, bid_price=None)) is None


def test_a_trailing_stop_follows_by_ticks_and_never_back() -> None:
    order = trailed(made(K.TRAILING, SELL, None, trail_ticks=5), 3500.0, 0.2)
    assert order.trigger == 3499.0
    order = trailed(order, 3501.0, 0.2)
    assert order.trigger == 3500.0
    assert trailed(order, 3500.2, 0.2) is order
    short = trailed(made(K.TRAILING, BUY, None, trail_ticks=5), 3500.0, 0.2)
    assert short.trigger == 3501.0
    assert trailed(short, 3500.4, 0.2) is short
    assert trailed(short, 3499.0, 0.2).trigger == 3500.0


def test_a_trailing_stop_by_percent_is_never_nearer_than_asked() -> None:
    order = trailed(made(K.TRAILING, SELL, None, trail_percent=0.15), 3501.0, 0.2)
    assert order.trigger == 3495.6  # 3495.7485 lies between two ticks, nearer to the upper one
    short = trailed(made(K.TRAILING, BUY, None, trail_percent=0.15), 3501.0, 0.2)
    assert short.trigger == 3506.4  # 3506.2515


def test_other_kinds_do_not_trail_and_a_blind_one_is_never_reached() -> None:
    stop = made(K.STOP, SELL)
    assert trailed(stop, 9999.0, 0.2) is stop
    assert not reached(made(K.TRAILING, SELL, None), 1.0)
