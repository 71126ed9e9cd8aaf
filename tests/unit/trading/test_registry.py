"""Windows of the order rate; orders found by the venue's id, per exchange."""

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
from homalos.trading.registry import OrderRegistry
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
