"""What each kind of order that leaves becomes at the simulated exchange: filled, killed, resting.

The kinds that the daemon holds (stop, trailing, OCO ...) are in ``conditional/``.
"""

import pytest
from msgspec.structs import replace
from tests.unit.exchange.bench import DAY, RB, at
from tests.unit.trading.test_on_simulated_exchange import ACCOUNT, Floor

from homalos.model.enums import OnTimeout, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import SubmitOrder
from homalos.model.ids import OrderId, StrategyId
from homalos.model.market import Tick
from homalos.model.times import SECOND
from homalos.model.trading import Order

S = OrderStatus


class Market(Floor):
    """Five lots at 3499 bid and at 3501 offered."""

    def __init__(self) -> None:
        super().__init__(1, at(9, 30))
        self.connect()
        self.numbers = 0
        self.quote()

    def quote(self, **changes: float) -> None:
        now = self.clock.now()
        tick = Tick(
            RB.id, now, now, DAY, 3500.0, 1, None, None, 3499.0, 5, 3501.0, 5,
            upper_limit=3850.0, lower_limit=3150.0,
        )  # fmt: skip
        self.gateway.feed(replace(tick, **changes))
        self.bus.run_until_idle()

    def send(self, lots: int, price: float | None, **changes: object) -> OrderId:
        self.numbers += 1
        kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
        intent = SubmitOrder(
            OrderId(f"1-{self.numbers:06d}"), ACCOUNT, StrategyId("alpha"), RB.id, Side.BUY, lots,
            price, kind, TimeInForce.GFD, None, self.clock.now(),
        )  # fmt: skip
        self.bus.post(replace(intent, **changes))
        self.bus.run_until_idle()
        return intent.intent_id

    def wait(self, seconds: float) -> None:
        self.go(self.clock.now() + int(seconds * SECOND))

    def order(self, id_: OrderId) -> Order:
        order = self.manager.order(id_)
        assert order is not None
        return order

    def ended(self, id_: OrderId) -> tuple[OrderStatus, int]:
        order = self.order(id_)
        assert order.traded_lots == order.booked_lots
        return order.status, order.booked_lots


@pytest.mark.fires("limit")
def test_a_limit_order_takes_what_there_is_and_rests_with_the_rest() -> None:
    market = Market()
    id_ = market.send(8, 3501.0)
    assert market.ended(id_) == (S.PARTIALLY_FILLED, 5)
    assert market.order(id_).average_price == 3501.0
    market.wait(1)
    market.quote(bid_price=3500.0, ask_price=3501.0, volume=2)
    assert market.ended(id_) == (S.FILLED, 8)
    away = market.send(1, 3490.0)
    market.wait(600)
    assert market.ended(away) == (S.ACCEPTED, 0)


@pytest.mark.fires("market")
def test_a_market_order_is_a_killed_limit_through_the_opposite_price_tried_again() -> None:
    market = Market()
    id_ = market.send(7, None)
    first = market.order(id_)
    assert (first.kind, first.tif, first.price) == (OrderKind.LIMIT, TimeInForce.FAK, 3506.0)
    assert market.ended(id_) == (S.CANCELLED, 5)
    market.wait(0.1)
    market.quote(ask_price=3502.0, volume=2)
    market.wait(0.9)
    second = market.order(OrderId(f"{id_}.100"))
    assert (second.price, second.lots) == (3507.0, 2)
    assert market.ended(second.id) == (S.FILLED, 2)


@pytest.mark.fires("to_limit")
def test_to_the_price_limit_by_choice() -> None:
    market = Market()
    id_ = market.send(5, None, to_limit=True)
    assert market.order(id_).price == 3850.0
    assert market.ended(id_) == (S.FILLED, 5)
    assert market.order(id_).average_price == 3501.0


@pytest.mark.fires("fak")
def test_a_fak_takes_what_there_is_and_dies() -> None:
    market = Market()
    assert market.ended(market.send(8, 3501.0, tif=TimeInForce.FAK)) == (S.CANCELLED, 5)
    assert market.ended(market.send(1, 3500.0, tif=TimeInForce.FAK)) == (S.CANCELLED, 0)


@pytest.mark.fires("fok")
def test_a_fok_takes_all_or_nothing() -> None:
    market = Market()
    assert market.ended(market.send(6, 3501.0, tif=TimeInForce.FOK)) == (S.CANCELLED, 0)
    assert market.ended(market.send(5, 3501.0, tif=TimeInForce.FOK)) == (S.FILLED, 5)


@pytest.mark.fires("good_till")
def test_an_order_is_good_till_its_time_and_no_longer() -> None:
    market = Market()
    till = market.clock.now() + 4 * SECOND
    id_ = market.send(3, 3490.0, good_till=till)
    market.wait(3.9)
    assert market.ended(id_) == (S.ACCEPTED, 0)
    market.wait(0.2)
    assert market.ended(id_) == (S.CANCELLED, 0)


def test_a_chase_follows_the_market() -> None:
    market = Market()
    id_ = market.send(3, 3490.0, timeout_ms=2_000, on_timeout=OnTimeout.CHASE)
    market.wait(1)
    market.quote(bid_price=3504.0, ask_price=3506.0)
    market.wait(2)
    assert market.ended(id_) == (S.CANCELLED, 0)
    chase = market.order(OrderId(f"{id_}.100"))
    assert (chase.price, *market.ended(chase.id)) == (3506.0, S.FILLED, 3)
