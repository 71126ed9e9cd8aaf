"""The last step of the ladder: a price that the venue takes."""

import pytest
from tests.unit.trading.desk import RB
from tests.unit.trading.flatten.floor import Floor

from homalos.model.enums import KillScope, TimeInForce


@pytest.mark.parametrize(("lots", "price"), [(3, 3151.0), (-3, 3849.0)])
def test_a_price_limit_between_two_ticks_is_not_refused_for_ever(lots: int, price: float) -> None:
    floor = Floor()
    floor.hold(lots)
    floor.tick(RB, 3500.0, lower_limit=3150.4, upper_limit=3849.6)
    floor.kill(KillScope.ACCOUNT)
    for _ in range(3):
        floor.kill_rest()
        floor.step()
    order = floor.last()
    assert (order.price, order.tif) == (price, TimeInForce.GFD), "the last one within it"
    assert floor.denials() == set()
