"""Cancels: when they leave, when they leave again, what the venue's answers mean for them."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import Desk, M, venue_state

from homalos.model.enums import Channel, OrderStatus, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    CancelRejected,
    ConnectionChanged,
    KillSwitch,
    OrderCancelled,
    SetTradingState,
)
from homalos.model.ids import OrderId

S = OrderStatus


def test_a_cancel_waits_for_the_venue_to_name_the_order_and_leaves_once() -> None:
    desk = Desk()
    id_ = desk.submit()
    desk.cancel(id_)
    desk.cancel(id_)
    assert desk.venue.cancelled == []
    desk.report(id_, S.SUBMITTED, venue_order_id=None)
    assert desk.venue.cancelled == []
    desk.report(id_, S.ACCEPTED)
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_]
    desk.report(id_, S.CANCELLED)
    assert len(desk.seen(OrderCancelled)) == 1
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_]


def test_a_cancel_passes_while_trading_is_halted() -> None:
    desk = Desk()
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    desk.post(SetTradingState(TradingState.HALTED, "test", "test", desk.clock.now()))
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_]


def test_a_cancel_of_an_intent_cancels_all_its_parts() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2)
    id_ = desk.submit(side=Side.SELL, lots=5)
    for part in desk.manager.registry.of_intent(id_):
        desk.report(part.id, S.ACCEPTED)
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_, f"{id_}.1"]


def test_a_cancel_that_could_not_leave_is_tried_again() -> None:
    desk = Desk()
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    desk.venue.cancel_returns = -3
    desk.cancel(id_)
    desk.advance(3)
    desk.venue.cancel_returns = 0
    desk.advance(1.1)
    assert desk.venue.cancelled == [id_]


def _swallowed() -> tuple[Desk, OrderId]:
    """A cancel that the venue got, or not, and says nothing about; the order lives on."""
    desk = Desk()
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    order = desk.manager.order(id_)
    assert order is not None
    desk.cancel(id_)
    desk.venue.snapshot = venue_state(orders=(order,))
    assert desk.venue.cancelled == [id_]
    return desk, id_


def test_a_cancel_that_nothing_came_of_is_asked_after_and_sent_again() -> None:
    desk, id_ = _swallowed()
    before = desk.venue.queries
    desk.advance(4.9)
    assert (desk.venue.cancelled, desk.venue.queries) == ([id_], before)
    desk.advance(0.2)
    assert desk.venue.queries == before + 1
    assert desk.venue.cancelled == [id_, id_]
    desk.advance(5.0)
    assert desk.venue.cancelled == [id_] * 3, "and so on, while the venue holds the order"


def test_a_cancel_is_not_sent_again_before_the_venue_has_answered() -> None:
    desk, id_ = _swallowed()
    answer, desk.venue.snapshot = desk.venue.snapshot, None
    desk.advance(60)
    assert desk.venue.cancelled == [id_]
    desk.venue.snapshot = answer
    desk.advance(40)
    assert len(desk.venue.cancelled) > 1, "questions whose answer was lost are asked again"


def test_a_cancel_whose_order_had_ended_is_not_sent_again() -> None:
    desk, id_ = _swallowed()
    order = desk.manager.order(id_)
    assert order is not None
    desk.venue.snapshot = venue_state(orders=(replace(order, status=S.CANCELLED),))
    desk.advance(60)
    assert desk.venue.cancelled == [id_]
    assert len(desk.seen(OrderCancelled)) == 1


def test_a_cancel_of_the_kill_switch_leaves_whatever_was_sent_before() -> None:
    desk, id_ = _swallowed()
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_], "a repeat of the strategy is nothing"
    desk.post(KillSwitch("trader", "enough", desk.clock.now()))
    assert desk.venue.cancelled == [id_, id_]


def test_a_cancel_leaves_again_over_a_new_line() -> None:
    desk, id_ = _swallowed()
    desk.venue.snapshot = None
    for up in (False, True):
        desk.post(ConnectionChanged("test", Channel.TRADING, up, "", desk.clock.now()))
    assert desk.venue.cancelled == [id_, id_]


def test_a_cancel_at_which_the_gateway_raises_does_not_keep_the_others_from_leaving() -> None:
    desk = Desk()
    ids = [desk.submit(), desk.submit(instrument=M)]
    for id_ in ids:
        desk.report(id_, S.ACCEPTED)
    desk.venue.raises = "broken pipe"
    desk.post(KillSwitch("trader", "enough", desk.clock.now()))
    assert desk.venue.cancelled == ids
    assert sum("broken pipe" in a.text for a in desk.seen(AlertRaised)) == 2


@pytest.mark.parametrize(("code", "again"), [(116, True), (26, False)])
def test_a_cancel_refused_may_be_asked_again_unless_the_end_is_on_its_way(
    code: int, again: bool
) -> None:
    desk = Desk()
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    desk.cancel(id_)
    desk.post(CancelRejected(id_, code, "no", desk.clock.now()))
    desk.cancel(id_)
    assert len(desk.venue.cancelled) == (2 if again else 1)
    assert desk.manager.order(id_).status is S.ACCEPTED  # type: ignore[union-attr]
