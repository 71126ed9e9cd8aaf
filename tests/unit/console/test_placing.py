"""What a person may ask for, before anything is sent."""

from typing import Any

import pytest

from homalos.console.placing import (
    ManualConditional,
    ManualOrder,
    conditional_fault,
    order_fault,
)
from homalos.model.conditional import ConditionalKind as K
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce

MARKET, FOK = OrderKind.MARKET, TimeInForce.FOK


def order(**more: Any) -> ManualOrder:
    return ManualOrder(**{"instrument": "SHFE.rb2605", "side": Side.BUY, "lots": 1} | more)


def held(**more: Any) -> ManualConditional:
    return ManualConditional(
        **{"instrument": "SHFE.rb2605", "side": Side.SELL, "kind": K.STOP, "lots": 1} | more
    )


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({}, "price"),
        ({"kind": MARKET, "price": 3500.0}, "price"),
        ({"kind": MARKET, "tif": FOK}, "tif"),
        ({"price": 3500.0, "to_limit": True}, "to_limit"),
        ({"price": 3500.0, "tif": FOK, "timeout_ms": 5}, "timeout_ms"),
        ({"price": 3500.0, "stop": 3400.0, "reduce_only": True}, "stop"),
        ({"price": 3500.0, "target": 3600.0, "offset": Offset.CLOSE}, "target"),
        ({"price": 3500.0, "stop": 3600.0, "target": 3400.0}, "wrong side"),
        ({"price": 3500.0, "stop": 3500.0}, "wrong side"),
        ({"price": 3500.0, "target": 3400.0}, "wrong side"),
        ({"kind": MARKET, "stop": 3501.0}, "wrong side"),
        ({"kind": MARKET, "timeout_ms": 5}, "timeout_ms"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(more: dict[str, Any], word: str) -> None:
    assert word in order_fault(order(**more), 3500.0)


@pytest.mark.parametrize(
    "more",
    [
        {"price": 3500.0},
        {"price": 3500.0, "tif": FOK},
        {"kind": MARKET, "to_limit": True},
        {"price": 3500.0, "stop": 3400.0, "target": 3600.0, "timeout_ms": 500},
        {"side": Side.SELL, "price": 3500.0, "stop": 3600.0, "target": 3400.0},
    ],
)
def test_an_order_that_makes_sense_passes(more: dict[str, Any]) -> None:
    assert not order_fault(order(**more), 3500.0)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({}, "trigger"),
        ({"kind": K.TRAILING, "trigger": 3500.0, "trail_ticks": 5}, "trigger"),
        ({"kind": K.TRAILING}, "trail_ticks"),
        ({"kind": K.TRAILING, "trail_ticks": 5, "trail_percent": 1.0}, "trail_ticks"),
        ({"trigger": 3500.0, "trail_ticks": 5}, "trail_ticks"),
        ({"kind": K.STOP_LIMIT, "trigger": 3500.0}, "limit"),
        ({"trigger": 3500.0, "limit": 3490.0}, "limit"),
        ({"kind": K.TRAILING, "trail_ticks": 5, "opens": True}, "exit"),
        ({"kind": K.TAKE_PROFIT, "trigger": 3500.0, "also_target": 3600.0}, "also_target"),
        ({"trigger": 3500.0, "also_target": 3400.0}, "wrong sides"),
    ],
)
def test_a_conditional_order_that_makes_no_sense_is_refused(
    more: dict[str, Any], word: str
) -> None:
    assert word in conditional_fault(held(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"trigger": 3500.0},
        {"trigger": 3500.0, "opens": True},
        {"trigger": 3500.0, "also_target": 3600.0},
        {"side": Side.BUY, "trigger": 3600.0, "also_target": 3500.0},
        {"kind": K.TRAILING, "trail_percent": 1.5},
        {"kind": K.STOP_LIMIT, "trigger": 3500.0, "limit": 3490.0},
        {"kind": K.TAKE_PROFIT, "trigger": 3600.0, "limit": 3600.0},
    ],
)
def test_a_conditional_order_that_makes_sense_passes(more: dict[str, Any]) -> None:
    assert not conditional_fault(held(**more))
