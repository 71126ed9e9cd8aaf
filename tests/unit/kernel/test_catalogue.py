"""The start-up check of who talks to whom, and the hash of state."""

from homalos.kernel.bus import Bus
from homalos.kernel.catalogue import check
from homalos.kernel.clock import SimClock
from homalos.kernel.state import state_hash
from homalos.model.events import BarsDue, OrderReported, SubmitOrder


def test_a_command_that_nobody_takes_is_a_fault() -> None:
    bus = Bus(SimClock())
    faults = check(bus, ["strategy", "orders"])
    assert any(f.startswith("SubmitOrder: ") and "nobody takes it" in f for f in faults)
    bus.subscribe(SubmitOrder, lambda e: None, actor="orders", role="orders")
    assert not any(f.startswith("SubmitOrder") for f in check(bus, ["strategy", "orders"]))


def test_a_subscription_that_nobody_feeds_is_a_fault() -> None:
    bus = Bus(SimClock())
    bus.subscribe(OrderReported, lambda e: None, actor="orders", role="orders")
    assert "OrderReported: orders wait for it, nobody makes it" in check(bus, ["orders"])
    assert not any("OrderReported" in f for f in check(bus, ["orders", "gateway"]))


def test_a_role_outside_the_catalogue_is_a_fault() -> None:
    bus = Bus(SimClock())
    bus.subscribe(BarsDue, lambda e: None, actor="x", role="console")
    assert any("role console takes it" in f for f in check(bus, ["market", "console"]))


def test_the_hash_of_state_depends_on_values_and_not_on_order_of_names() -> None:
    one = state_hash({"a": BarsDue(1, 2), "b": {"x": 1, "y": 2}})
    same = state_hash({"b": {"y": 2, "x": 1}, "a": BarsDue(1, 2)})
    other = state_hash({"a": BarsDue(1, 3), "b": {"x": 1, "y": 2}})
    assert one == same != other
