"""A cancel in reserve for every order that rests, so that no cancel ever has to wait."""

import pytest
from tests.unit.trading.desk import DAY, RB, Desk, M, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import OrderStatus, Side, TimeInForce
from homalos.model.events import KillSwitch, OrderDenied, TradingDayChanged
from homalos.model.ids import OrderId
from homalos.trading.recovery import fold

S = OrderStatus


def _desk(budget: int) -> Desk:
    return Desk(trading=TradingSection(reconcile_s=0, cancel_budget=budget))


def _cancelled(desk: Desk, count: int) -> None:
    for _ in range(count):
        id_ = desk.submit()
        desk.report(id_, S.ACCEPTED)
        desk.advance(5)
        desk.cancel(id_)
        desk.report(id_, S.CANCELLED)


@pytest.mark.fires("cancel_budget")
def test_the_order_that_would_need_the_last_cancel_is_denied() -> None:
    desk = _desk(3)
    _cancelled(desk, 2)
    last = desk.submit()
    assert len(desk.venue.sent) == 3
    denied = desk.submit()
    (fact,) = desk.seen(OrderDenied)
    assert (fact.order.id, fact.denials[0].rule) == (denied, "cancel_budget")
    assert (fact.denials[0].value, fact.denials[0].limit) == (3.0, 3.0)
    desk.submit(instrument=M)
    assert len(desk.venue.sent) == 4, "each contract has its own"
    desk.fill(last, 3500.0)
    desk.submit()
    assert len(desk.venue.sent) == 5, "what fills needs no cancel"


def test_what_else_is_wrong_with_it_is_told_too() -> None:
    desk = _desk(2)
    _cancelled(desk, 2)
    desk.submit(lots=1_000)
    (fact,) = desk.seen(OrderDenied)
    assert {"lots", "cancel_budget"} <= {denial.rule for denial in fact.denials}
    assert desk.denials() == {denial.rule for denial in fact.denials}


def test_what_ends_by_itself_and_what_closes_is_not_held() -> None:
    desk = _desk(2)
    desk.trade(Side.BUY, 2)
    _cancelled(desk, 2)
    for tif in (TimeInForce.FAK, TimeInForce.FOK):
        desk.report(desk.submit(tif=tif), S.CANCELLED)
    desk.submit(side=Side.SELL, lots=2)
    assert desk.seen(OrderDenied) == []
    desk.submit()
    assert len(desk.seen(OrderDenied)) == 1


def test_fak_and_fok_do_not_count() -> None:
    desk = _desk(1)
    for _ in range(5):
        desk.report(desk.submit(tif=TimeInForce.FAK), S.CANCELLED)
    assert desk.manager.budget.state() == ()


def test_cancels_always_pass() -> None:
    desk = _desk(2)
    ids = [desk.submit(), desk.submit()]
    for id_ in ids:
        desk.report(id_, S.ACCEPTED)
    desk.cancel(ids[0])
    desk.post(KillSwitch("trader", "enough", desk.clock.now()))
    assert set(desk.venue.cancelled) == set(ids)


def test_a_fill_that_crossed_the_cancel_gives_it_back() -> None:
    desk = _desk(5)
    _cancelled(desk, 1)
    assert desk.manager.budget.used == {RB: 1}
    desk.report(OrderId("t-1"), S.FILLED, 1)
    assert desk.manager.budget.state() == ()


def test_a_new_day_and_a_restart_count_right_and_zero_is_no_budget() -> None:
    desk = _desk(4)
    _cancelled(desk, 3)
    new = _desk(4)
    new.venue.snapshot = venue_state()
    events = [e for e in desk.recorded if type(e).__name__ == "OrderSubmitted"]
    fold(events, new.books, new.manager)
    for id_ in ("t-1", "t-2", "t-3"):
        new.report(OrderId(id_), S.CANCELLED)
    assert new.manager.budget.used == desk.manager.budget.used == {RB: 3}
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert desk.manager.budget.used == {}
    none = _desk(0)
    _cancelled(none, 9)
    none.submit()
    assert none.seen(OrderDenied) == []


def test_the_limit_changes_at_once() -> None:
    desk = _desk(1)
    desk.submit()
    desk.manager.configure(TradingSection(reconcile_s=0, cancel_budget=2))
    desk.submit()
    assert len(desk.venue.sent) == 2
