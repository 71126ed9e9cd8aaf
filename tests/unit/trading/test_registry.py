"""Windows of the order rate; orders found by the venue's id, per exchange."""

from math import inf

from msgspec.structs import replace
from tests.unit.trading.desk import DAY, IF, RB, Desk, instrument

from homalos.model.enums import OrderStatus, Side
from homalos.model.events import (
    InstrumentListed,
    OrderReported,
    OrderSubmitted,
    TradingDayChanged,
)
from homalos.model.ids import InstrumentId, OrderId, StrategyId, VenueOrderId
from homalos.model.times import MINUTE
from homalos.trading.recovery import fold
from homalos.trading.registry import OrderRegistry, VenueStatus
from homalos.trading.sending import Sending, within


def test_an_order_leaves_the_window_exactly_when_its_time_is_over() -> None:
    times = [0, 1]
    assert within(times, -1) == 2
    assert within(times, 0) == 1
    assert within(times, 1) == 0


def test_what_left_is_counted_by_account_and_by_strategy_until_the_next_day() -> None:
    desk = Desk()
    desk.submit()
    desk.submit(strategy=StrategyId("beta"))
    first = desk.venue.sent[0]
    desk.report(first.id, OrderStatus.ACCEPTED)
    desk.cancel(first.id)
    sent = desk.manager.registry.sent
    assert (len(sent.account.orders), len(sent.account.cancels)) == (2, 1)
    alpha = sent.of(StrategyId("alpha"))
    assert (len(alpha.orders), len(alpha.cancels)) == (1, 1)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert (len(sent.account.orders), len(sent.account.cancels)) == (0, 0)


def test_orders_of_old_are_forgotten_as_likes() -> None:
    desk = Desk()
    desk.submit()
    sent, order = Sending(), desk.venue.sent[0]
    for number in range(300):
        sent.order(replace(order, price=float(number)), number)
    assert len(sent.of(order.strategy).identical) == 300
    for number in range(300, 600):
        sent.order(replace(order, price=float(number)), 2 * MINUTE)
    assert len(sent.of(order.strategy).identical) == 300


def test_the_best_prices_of_open_orders_follow_them() -> None:
    desk = Desk()
    high = desk.submit(price=3499.0)
    desk.submit(price=3498.0)
    desk.submit(side=Side.SELL, price=3505.0)
    resting = desk.manager.registry.resting(RB)
    assert (resting.highest_buy, resting.lowest_sell) == (3499.0, 3505.0)
    desk.report(high, OrderStatus.CANCELLED)
    assert (resting.highest_buy, resting.lowest_sell) == (3498.0, 3505.0)


def test_of_the_buys_that_are_left_the_highest_is_the_best() -> None:
    desk = Desk()
    ids = [desk.submit(price=price) for price in (3499.0, 3496.0, 3498.0, 3497.0)]
    resting = desk.manager.registry.resting(RB)
    desk.report(ids[0], OrderStatus.CANCELLED)
    assert resting.highest_buy == 3498.0


def test_of_a_venue_nothing_is_known_before_it_speaks() -> None:
    status = VenueStatus()
    assert (status.connected, status.phases) == (False, {})


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


def test_what_left_today_is_counted_again_after_a_restart() -> None:
    desk = Desk()
    for price in (3490.0, 3491.0):
        id_ = desk.submit(price=price)
        desk.report(id_, OrderStatus.ACCEPTED)
    desk.cancel(id_)
    desk.report(id_, OrderStatus.CANCELLED)
    report = [e for e in desk.facts if isinstance(e, OrderReported)]
    new = Desk(ready=False)
    written = [e for e in desk.recorded if isinstance(e, OrderSubmitted)]
    fold([InstrumentListed(instrument(), 0), *written, *report], new.books, new.manager)
    sent = new.manager.registry.sent
    assert (len(sent.account.orders), len(sent.account.cancels)) == (2, 1)
    assert len(sent.of(StrategyId("alpha")).orders) == 2


def test_orders_that_may_still_trade_are_counted() -> None:
    desk = Desk()
    first, second = desk.submit(lots=2, price=3490.0), desk.submit(price=3491.0)
    registry = desk.manager.registry
    assert (registry.open_count, len(registry.open()), len(registry.working(RB))) == (2, 2, 2)
    desk.report(first, OrderStatus.ACCEPTED)
    desk.report(first, OrderStatus.CANCELLED, 1)
    assert registry.open_count == 2, "a trade of it is not booked"
    desk.post(desk.trade_report(first, 1, 3490.0))
    assert (registry.open_count, [o.id for o in registry.open()]) == (1, [second])
    desk.report(first, OrderStatus.FILLED, 2)
    assert registry.open_count == 2, "it filled after all, and a trade is missing again"
    desk.post(desk.trade_report(first, 1, 3490.0))
    desk.report(second, OrderStatus.REJECTED)
    assert (registry.open_count, registry.open(), list(registry.working(RB))) == (0, (), [])
    assert [o.id for o in registry.all()] == [first, second]


def test_an_order_that_is_put_in_is_found_like_one_that_left() -> None:
    desk = Desk()
    desk.submit(lots=2)
    order = desk.venue.sent[0]
    registry = OrderRegistry()
    registry.put(order)
    assert (registry.open_count, registry.touched) == (1, {order.id})
    registry.put(order)
    assert registry.open_count == 1
    assert registry.of_intent(order.intent_id) == (order,)
    assert registry.knows_intent(order.intent_id)
    assert registry.find(order.id, RB, None) == order
    over = replace(order, id=OrderId("b"), status=OrderStatus.CANCELLED)
    registry.put(over)
    assert (registry.open_count, registry.get(over.id)) == (1, over)
    assert registry.of_intent(order.intent_id) == (order, over), "in the order in which they came"
    assert registry.of_intent(over.id) == (over,), "an order's own id will do"
    assert registry.of_intent(OrderId("c")) == ()
    assert registry.open(StrategyId("beta")) == ()
    assert registry.open(order.strategy) == (order,)


def test_a_new_day_forgets_what_is_over_and_keeps_what_is_not() -> None:
    registry, desk = OrderRegistry(), Desk()
    desk.submit(price=3490.0)
    alive = replace(desk.venue.sent[0], venue_order_id=VenueOrderId("  1"))
    over = replace(alive, id=OrderId("b"), venue_order_id=VenueOrderId("  2"))
    for order in (alive, over, replace(over, status=OrderStatus.CANCELLED)):
        registry.put(order)
    registry.sent.order(alive, 1)
    registry.forget_finished()
    assert (registry.all(), registry.open_count) == ((alive,), 1)
    assert registry.find(None, RB, VenueOrderId("  1")) == alive
    assert registry.find(None, RB, VenueOrderId("  2")) is None
    assert not registry.knows_intent(over.id)
    assert registry.resting(RB).highest_buy == 3490.0
    assert len(registry.sent.account.orders) == 0


def test_best_prices_where_the_best_of_several_goes() -> None:
    desk = Desk()
    resting = desk.manager.registry.resting(RB)
    assert (resting.highest_buy, resting.lowest_sell) == (-inf, inf)
    ids = [desk.submit(side=Side.SELL, price=price) for price in (3505.0, 3503.0, 3504.0)]
    assert resting.lowest_sell == 3503.0
    desk.report(ids[1], OrderStatus.CANCELLED)
    assert resting.lowest_sell == 3504.0
    desk.report(ids[0], OrderStatus.CANCELLED)
    assert resting.lowest_sell == 3504.0
    desk.report(ids[2], OrderStatus.CANCELLED)
    assert (resting.highest_buy, resting.lowest_sell) == (-inf, inf)
    assert not resting.pop(desk.venue.sent[0]), "it is gone already"
