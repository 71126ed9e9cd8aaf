"""OCO pairs and brackets: two orders never work for the same lots, and none is left over."""

import pytest
from tests.unit.trading.conditional.floor import STATES, Floor
from tests.unit.trading.desk import RB

from homalos.model.conditional import ConditionalKind
from homalos.model.enums import Offset, OrderStatus, Side, StrategyState
from homalos.model.events import (
    AlertRaised,
    CancelConditional,
    CancelOrder,
    Denial,
    OrderDenied,
)

K = ConditionalKind


@pytest.mark.fires("oco")
def test_one_cancels_the_other() -> None:
    floor = Floor(long=2)
    stop, target = floor.pair()
    floor.last(3480.0)
    assert floor.status(target) is STATES.ARMED, "until the stop has really closed it"
    floor.fill(stop, 3479.0)
    assert floor.status(stop) is STATES.DONE
    assert floor.status(target) is STATES.CANCELLED
    floor.last(3520.0)
    assert [intent.intent_id for intent in floor.fired()] == [stop]


def test_the_other_side_of_the_pair() -> None:
    floor = Floor(long=2)
    stop, target = floor.pair()
    floor.last(3520.0)
    floor.fill(target, 3519.0)
    assert (floor.status(stop), floor.status(target)) == (STATES.CANCELLED, STATES.DONE)


def test_the_stop_takes_over_from_a_target_that_rests() -> None:
    """The target fired as a limit order, filled one lot of two, and the market turned."""
    floor = Floor(long=2)
    stop, target = floor.pair(limit=3521.0)
    floor.last(3520.0)
    floor.report(target, OrderStatus.ACCEPTED)
    floor.fill(target, 3521.0, lots=1)
    assert floor.status(stop) is STATES.ARMED
    floor.last(3480.0)
    assert floor.status(stop) is STATES.TRIGGERED
    assert floor.venue.cancelled == [target], "what works for the same lots goes first"
    assert [i.intent_id for i in floor.fired()] == [target]
    floor.report(target, OrderStatus.CANCELLED, 1)
    assert floor.status(stop) is STATES.FIRED
    assert floor.fired()[-1].lots == 1, "what is left, no more"
    floor.report(stop, OrderStatus.ACCEPTED)
    floor.fill(stop, 3479.0)
    assert floor.books.book(floor.fired()[0].strategy, RB).net_lots == 0
    assert floor.kept.live() == ()


def test_a_pair_is_for_its_own_lots_whatever_else_is_held() -> None:
    floor = Floor(long=4)
    stop, target = floor.pair(limit=3521.0)
    floor.last(3520.0)
    floor.report(target, OrderStatus.ACCEPTED)
    floor.fill(target, 3521.0, lots=1)
    floor.last(3480.0)
    floor.report(target, OrderStatus.CANCELLED, 1)
    assert (floor.fired()[-1].intent_id, floor.fired()[-1].lots) == (stop, 1)
    floor.fill(stop, 3479.0)
    assert floor.books.book(floor.fired()[0].strategy, RB).net_lots == 2


def test_a_target_that_fills_while_it_is_cancelled_leaves_nothing_to_the_stop() -> None:
    floor = Floor(long=2)
    stop, target = floor.pair(limit=3521.0)
    floor.last(3520.0)
    floor.report(target, OrderStatus.ACCEPTED)
    floor.last(3480.0)
    floor.fill(target, 3521.0)
    assert floor.status(stop) is STATES.CANCELLED
    assert [i.intent_id for i in floor.fired()] == [target]


def test_a_cancel_that_is_refused_is_asked_for_again() -> None:
    floor = Floor(long=2)
    _, target = floor.pair(limit=3521.0)
    floor.last(3520.0)
    floor.report(target, OrderStatus.ACCEPTED)
    floor.venue.cancel_returns = -1
    floor.last(3480.0)
    floor.venue.cancel_returns = 0
    floor.last(3480.0)
    floor.advance(5)
    assert target in floor.venue.cancelled


def test_a_stop_goes_before_the_strategys_own_resting_target() -> None:
    floor = Floor(long=2)
    stop = floor.place(lots=2)
    own = floor.submit(side=Side.SELL, lots=2, price=3530.0)
    floor.report(own, OrderStatus.ACCEPTED)
    floor.last(3480.0)
    assert floor.status(stop) is STATES.TRIGGERED
    assert floor.venue.cancelled == [own]
    floor.report(own, OrderStatus.CANCELLED)
    assert floor.status(stop) is STATES.FIRED
    assert floor.fired()[-1].lots == 2


def test_a_flatten_that_works_is_left_alone() -> None:
    floor = Floor(long=2)
    stop = floor.place(lots=2)
    order = floor.submit(side=Side.SELL, lots=2, price=3530.0)
    floor.control.exits[order] = False
    floor.report(order, OrderStatus.ACCEPTED)
    floor.last(3480.0)
    assert floor.status(stop) is STATES.TRIGGERED
    assert floor.seen(CancelOrder) == []
    floor.fill(order, 3479.0)
    assert floor.status(stop) is STATES.CANCELLED


def test_a_market_exit_that_works_is_waited_for() -> None:
    """Two stops of the same lots: the second does not cancel the first one's market order."""
    floor = Floor(long=1)
    one, two = floor.place(), floor.place()
    floor.last(3480.0)
    assert (floor.status(one), floor.status(two)) == (STATES.FIRED, STATES.TRIGGERED)
    assert floor.seen(CancelOrder) == []
    floor.fill(one, 3479.0)
    assert (floor.status(one), floor.status(two)) == (STATES.DONE, STATES.CANCELLED)
    assert len(floor.fired()) == 1


def test_another_strategys_lots_are_never_taken() -> None:
    floor = Floor(long=1)
    floor.trade(Side.BUY, 5, strategy="beta")
    id_ = floor.place(lots=3)
    floor.last(3480.0)
    assert [o.lots for o in floor.manager.registry.of_intent(id_)] == [1]


# ------------------------------------------------------------------ brackets


@pytest.mark.fires("bracket")
def test_a_bracket_is_armed_by_its_entrys_fills_and_sized_by_them() -> None:
    floor = Floor()
    entry, stop, target = floor.bracket(lots=3)
    assert floor.status(stop) is STATES.WAITING
    floor.last(3470.0)
    assert not floor.fired(), "nothing is held yet"
    floor.report(entry, OrderStatus.ACCEPTED)
    floor.fill(entry, 3500.0, lots=1)
    assert {o.lots for o in floor.kept.live()} == {1}
    assert floor.status(stop) is STATES.ARMED
    assert floor.status(target) is STATES.ARMED
    floor.fill(entry, 3500.0, lots=2)
    assert {o.lots for o in floor.kept.live()} == {3}


def test_a_repeated_fill_arms_no_more() -> None:
    floor = Floor()
    entry, *_ = floor.bracket(lots=3)
    floor.report(entry, OrderStatus.PARTIALLY_FILLED, 1)
    fill = floor.trade_report(entry, 1, 3500.0)
    for _ in range(3):
        floor.post(fill)
    assert {o.lots for o in floor.kept.live()} == {1}


def test_its_target_is_a_limit_order_and_its_stop_follows() -> None:
    floor = Floor()
    entry, stop, target = floor.bracket()
    floor.fill(entry, 3500.0)
    floor.last(3520.0)
    (order,) = floor.manager.registry.of_intent(target)
    assert (order.price, order.offset) == (3520.0, Offset.CLOSE_TODAY)
    floor.fill(target, 3520.0)
    assert floor.status(stop) is STATES.CANCELLED


def test_an_exit_ends_the_rest_of_the_entry_first() -> None:
    floor = Floor()
    entry, stop, _ = floor.bracket(lots=3)
    floor.report(entry, OrderStatus.ACCEPTED)
    floor.fill(entry, 3500.0, lots=1)
    floor.last(3480.0)
    assert floor.status(stop) is STATES.TRIGGERED
    assert floor.venue.cancelled == [entry]
    floor.fill(entry, 3500.0, lots=1)  # it was quicker than the cancel
    assert not floor.fired()
    floor.report(entry, OrderStatus.CANCELLED, 2)
    assert [i.lots for i in floor.fired()] == [2], "every lot that the entry got"


def test_a_fill_after_the_entrys_end_is_waited_for() -> None:
    """FACTS A7.3, case 8: the venue calls the order over before it sends its last fill."""
    floor = Floor()
    entry, stop, _ = floor.bracket(lots=3)
    floor.report(entry, OrderStatus.ACCEPTED)
    floor.fill(entry, 3500.0, lots=1)
    floor.last(3480.0)
    floor.report(entry, OrderStatus.CANCELLED, 2)
    assert floor.status(stop) is STATES.TRIGGERED
    floor.post(floor.trade_report(entry, 1, 3500.0))
    assert [i.lots for i in floor.fired()] == [2]


def test_an_entry_without_a_fill_takes_its_legs_with_it() -> None:
    for status in (OrderStatus.CANCELLED, OrderStatus.REJECTED):
        floor = Floor()
        entry, stop, target = floor.bracket()
        floor.report(entry, status)
        assert floor.status(stop) is floor.status(target) is STATES.CANCELLED
        assert floor.kept.live() == ()


def test_a_denied_entry_takes_its_legs_with_it() -> None:
    floor = Floor()
    _, stop, _ = floor.bracket(lots=10_000)
    assert floor.seen(OrderDenied)
    assert floor.status(stop) is STATES.CANCELLED


def test_a_leg_is_cancelled_alone_and_a_bracket_whole() -> None:
    floor = Floor()
    entry, stop, target = floor.bracket()
    floor.fill(entry, 3500.0)
    floor.post(CancelConditional(target, "trader", 0))
    assert (floor.status(stop), floor.status(target)) == (STATES.ARMED, STATES.CANCELLED)
    floor.post(CancelConditional(entry, "trader", 0))
    assert floor.status(stop) is STATES.CANCELLED
    floor.last(3400.0)
    assert not floor.fired()


def test_a_failed_leg_leaves_the_other_in_charge() -> None:
    floor = Floor(long=2)
    stop, target = floor.pair(limit=3521.0)
    floor.last(3520.0)
    floor.report(target, OrderStatus.REJECTED, message="no")
    assert floor.status(target) is STATES.FAILED
    assert floor.status(stop) is STATES.ARMED
    assert not [a for a in floor.seen(AlertRaised) if a.severity.value == "critical"]
    floor.last(3480.0)
    assert floor.fired()[-1].intent_id == stop


# ------------------------------------------------------------------ who is in charge


def test_exits_outlive_their_strategy_entries_do_not() -> None:
    for state in (StrategyState.QUARANTINED, StrategyState.FAILED, StrategyState.STOPPED):
        floor = Floor(long=1)
        stop = floor.place()
        entry = floor.place(side=Side.BUY, trigger=3520.0, opens=True)
        floor.runs(state)
        assert floor.status(entry) is STATES.CANCELLED
        floor.last(3480.0)
        assert [i.intent_id for i in floor.fired()] == [stop]
        assert floor.venue.sent[-1].intent_id == stop


def test_a_denial_is_no_silence() -> None:
    """Our own rules refuse the exit: the leg fails, a person hears of it."""
    floor = Floor(long=1)
    id_ = floor.place(kind=K.STOP_LIMIT, limit=9.0)  # far below the day's limit
    floor.last(3480.0)
    assert floor.seen(OrderDenied)
    assert isinstance(floor.seen(OrderDenied)[0].denials[0], Denial)
    assert floor.status(id_) is STATES.FAILED
