"""Windows of the order rate; orders found by the venue's id, per exchange."""

from msgspec.structs import replace
from tests.unit.trading.desk import IF, RB, Desk

from homalos.model.ids import InstrumentId, OrderId, VenueOrderId
from homalos.model.times import MINUTE, SECOND
from homalos.trading.registry import OrderRegistry, RateWindow


def test_an_order_leaves_the_window_exactly_when_its_time_is_over() -> None:
    window = RateWindow()
    window.add(0)
    window.add(1)
    assert window.last_second(SECOND - 1) == 2
    assert window.last_second(SECOND) == 1
    assert window.last_second(SECOND + 1) == 0
    assert window.last_minute(MINUTE - 1) == 2
    assert window.last_minute(MINUTE) == 1


def test_the_venues_id_names_an_order_of_one_exchange_only() -> None:
    desk = Desk()
    desk.submit()
    order = replace(desk.venue.sent[0], venue_order_id=VenueOrderId("   7"))
    registry = OrderRegistry()
    registry.put(order)
    assert registry.find(None, RB, VenueOrderId("   7")) == order
    assert registry.find(None, InstrumentId("SHFE.cu2601"), VenueOrderId("   7")) == order
    assert registry.find(None, IF, VenueOrderId("   7")) is None
    assert registry.find(OrderId("x"), RB, VenueOrderId("7")) is None, "padding is part of it"
