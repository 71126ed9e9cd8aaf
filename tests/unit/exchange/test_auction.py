"""Call auction: one price, the largest volume; what may be sent when."""

from tests.unit.exchange.bench import ME, OTHER, RB, Bench, M, at

from homalos.exchange.records import OrderReport
from homalos.model.enums import OrderKind, OrderStatus, Phase, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
BEFORE = at(8, 55)


def floor_in_auction() -> Bench:
    floor = Bench(start=BEFORE)
    floor.tick(RB, None, None, last=100, volume=1000, pre=100.0)
    return floor


def test_orders_wait_and_trade_at_the_markets_opening_price() -> None:
    floor = floor_in_auction()
    better = floor.order(RB, BUY, 5, 104)
    at_it = floor.order(RB, BUY, 5, 102)
    worse = floor.order(RB, BUY, 5, 101)
    assert floor.fills() == []
    floor.go(at(8, 59))
    floor.tick(RB, None, None, last=102, volume=1050)
    assert floor.fills() == [(102, 5)], "only the better limit is sure to have traded"
    states = {order.id: order.status for order in floor.exchange.orders(ME)}
    assert states[better] is OrderStatus.FILLED
    assert states[at_it] is states[worse] is OrderStatus.ACCEPTED


def test_no_more_than_the_market_traded() -> None:
    floor = floor_in_auction()
    floor.order(RB, BUY, 50, 104)
    floor.go(at(8, 59))
    floor.tick(RB, None, None, last=102, volume=1008)
    assert floor.fills() == [(102, 8)]


def test_orders_of_ours_trade_among_themselves_at_the_largest_volume() -> None:
    floor = floor_in_auction()
    floor.order(RB, BUY, 10, 103)
    floor.order(RB, BUY, 10, 101)
    floor.order(RB, SELL, 12, 100, account=OTHER)
    floor.order(RB, SELL, 9, 102, account=OTHER)
    floor.go(at(9))
    # At 100 and 101 twelve lots trade and eight are left over, at 102 only ten trade: of the two
    # the price nearest to the previous settlement, 100.
    assert floor.fills(OTHER) == [(100, 10), (100, 2)]
    assert floor.fills(ME) == [(100, 10), (100, 2)]
    assert {o.status for o in floor.exchange.orders(OTHER)} == {
        OrderStatus.FILLED,
        OrderStatus.ACCEPTED,
    }


def test_only_limit_orders_of_the_day_are_taken() -> None:
    floor = floor_in_auction()
    for tif in (TimeInForce.FAK, TimeInForce.FOK):
        floor.order(RB, BUY, 1, 100, tif=tif)
        assert "不被支持的报单类型" in floor.words[-1].message  # type: ignore[union-attr]
    floor.order(M, BUY, 1, 100, kind=OrderKind.MARKET, tif=TimeInForce.FAK)
    last = floor.words[-1]
    assert isinstance(last, OrderReport)
    assert last.status is OrderStatus.REJECTED


def test_neither_entry_nor_cancel_in_the_match_minute() -> None:
    floor = floor_in_auction()
    order_id = floor.order(RB, BUY, 1, 100)
    floor.exchange.cancel(ME, floor.order(RB, BUY, 1, 99))
    assert floor.heard()[-1] == "cancelled# 0", "a cancel passes while orders are taken"
    floor.go(at(8, 59, 30))
    floor.exchange.cancel(ME, order_id)
    assert floor.heard() == ["refused 91"]
    floor.order(RB, BUY, 1, 100)
    assert floor.heard() == ["submitted 0", "rejected 0"]


def test_what_did_not_trade_goes_on_in_continuous_trading() -> None:
    floor = floor_in_auction()
    floor.order(RB, BUY, 5, 104)
    floor.go(at(9))
    assert ("rb", Phase.CONTINUOUS) in floor.phases
    floor.tick(RB, 103, 104, volume=1000, sizes=(1, 2))
    assert floor.fills() == [(104, 2)]


def test_a_snapshot_without_new_volume_is_no_auction_price() -> None:
    floor = floor_in_auction()
    sell = floor.order(RB, SELL, 5, 100, account=OTHER)
    floor.order(RB, BUY, 5, 104)
    floor.go(at(8, 59))
    floor.tick(RB, None, None, last=103, volume=1000, pre=100.0)
    assert floor.fills() == []
    floor.go(at(9))
    assert floor.exchange.orders(OTHER)[0].id == sell
    assert floor.fills(OTHER) == [(100, 5)], "nearest to the previous settlement"
