"""Intents that are worked on: tries, time-outs, chase, replace; over a restart and a kill."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import RB, Desk, M, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import (
    Channel,
    IntentStage,
    Offset,
    OnTimeout,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    StrategyState,
    TradingState,
)
from homalos.model.events import (
    AlertRaised,
    CancelRejected,
    ConnectionChanged,
    IntentChanged,
    KillSwitch,
    OrderDenied,
    OrderReported,
    OrderSubmitted,
    PhaseChanged,
    ReplaceOrder,
    SetTradingState,
    StrategyStateChanged,
    TradingDayChanged,
)
from homalos.model.ids import OrderId, StrategyId
from homalos.model.times import SECOND
from homalos.trading.recovery import fold

S, STAGE = OrderStatus, IntentStage
MARKET: dict[str, Any] = {"kind": OrderKind.MARKET, "price": None}


def _chase(**changes: Any) -> dict[str, Any]:
    return {"timeout_ms": 3000, "on_timeout": OnTimeout.CHASE, **changes}


def _stages(desk: Desk) -> list[str]:
    return [event.stage.value for event in desk.seen(IntentChanged)]


def _kill(desk: Desk, id_: str, traded: int = 0) -> None:
    """The venue kills what is left of an order (FAK)."""
    desk.report(OrderId(id_), S.CANCELLED, traded)


def _rests(desk: Desk, **changes: Any) -> OrderId:
    id_ = desk.submit(**changes)
    for order in desk.manager.registry.of_intent(id_):
        desk.report(order.id, S.ACCEPTED)
    return id_


# ------------------------------------------------------------ market orders


def test_what_a_market_order_leaves_is_sent_again_at_the_new_price_and_no_more_than_so_often() -> (
    None
):
    desk = Desk()
    id_ = desk.submit(lots=5, **MARKET)
    assert [(o.id, o.lots, o.price) for o in desk.venue.sent] == [(id_, 5, 3506.0)]
    desk.report(id_, S.CANCELLED, 2)
    desk.advance(1)
    assert len(desk.venue.sent) == 1, "its trade is not booked: the round is not over"
    desk.post(desk.trade_report(id_, 2, 3501.0))
    desk.tick(RB, 3510.0)
    assert len(desk.venue.sent) == 1, "not against the same picture of the market"
    desk.advance(0.5)
    assert [(o.id, o.lots, o.price) for o in desk.venue.sent[1:]] == [("t-1.100", 3, 3516.0)]
    _kill(desk, "t-1.100")
    desk.advance(0.5)
    _kill(desk, "t-1.200")
    desk.advance(60)
    assert len(desk.venue.sent) == 3
    assert desk.manager.working.plans == {}
    assert desk.seen(IntentChanged)[-1].why == "3 lots are not traded"


def test_one_try_where_the_intent_or_the_config_says_so() -> None:
    for desk, terms in (
        (Desk(), {"max_tries": 1}),
        (Desk(trading=TradingSection(reconcile_s=0, market_tries=1)), {}),
    ):
        id_ = desk.submit(**MARKET, **terms)
        _kill(desk, id_)
        desk.advance(60)
        assert len(desk.venue.sent) == 1


def test_a_market_order_that_is_filled_leaves_nothing_behind() -> None:
    desk = Desk()
    id_ = desk.submit(lots=2, **MARKET)
    desk.fill(id_, 3501.0)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (1, {})


def test_how_far_a_market_order_goes_is_its_own_or_the_limit_by_choice_alone() -> None:
    desk = Desk()
    desk.submit(ticks=1, **MARKET)
    assert desk.venue.sent[-1].price == 3502.0
    desk.submit(to_limit=True, **MARKET)
    assert (desk.venue.sent[-1].price, desk.venue.sent[-1].to_limit) == (3850.0, True)
    desk.submit(price=3850.0)
    assert desk.denials() >= {"collar"}, "a price that merely happens to be the limit"
    assert len(desk.venue.sent) == 2


def test_a_try_that_the_venue_rejects_is_the_last_one() -> None:
    desk = Desk()
    id_ = desk.submit(**MARKET)
    desk.report(id_, S.REJECTED, code=31)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (1, {})


def test_a_cancel_between_two_tries_ends_them_and_says_so() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3, **MARKET)
    _kill(desk, id_)
    desk.cancel(id_)
    desk.advance(60)
    assert len(desk.venue.sent) == 1
    (denied,) = desk.seen(OrderDenied)
    assert (denied.order.id, denied.order.lots) == ("t-1.100", 3)
    assert denied.denials[0].message.startswith("cancelled by")


# ------------------------------------------------------------ time-outs


def test_an_order_is_cancelled_when_its_time_is_over() -> None:
    desk = Desk()
    id_ = _rests(desk, timeout_ms=3000)
    desk.advance(2.9)
    assert desk.venue.cancelled == []
    desk.advance(0.2)
    assert desk.venue.cancelled == [id_]
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (1, {})


def test_a_chase_sends_the_rest_at_the_opposite_price_when_the_end_is_known() -> None:
    desk = Desk()
    id_ = _rests(desk, lots=5, price=3499.0, **_chase())
    desk.fill(id_, 3499.0, 1)
    desk.tick(RB, 3505.0)
    desk.advance(3)
    assert desk.venue.cancelled == [id_]
    assert len(desk.venue.sent) == 1, "never both at a time"
    desk.report(id_, S.CANCELLED, 3)
    assert len(desk.venue.sent) == 1, "two lots filled while the cancel was on its way: not booked"
    desk.post(desk.trade_report(id_, 2, 3499.0))
    chased = desk.venue.sent[1]
    assert (chased.id, chased.lots, chased.price) == ("t-1.100", 2, 3506.0)
    assert chased.intent_id == id_


def test_a_chase_ends_with_the_time_out_of_its_last_try() -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase(max_tries=2, ticks=2))
    desk.advance(3)
    desk.report(id_, S.CANCELLED)
    assert desk.venue.sent[1].price == 3503.0
    second = desk.venue.sent[1].id
    desk.report(second, S.ACCEPTED)
    desk.advance(3)
    desk.report(second, S.CANCELLED)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.venue.cancelled) == (2, [id_, second])


def test_a_cancel_of_its_owner_is_not_chased() -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase())
    desk.cancel(id_)
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 1


def test_an_order_that_another_terminal_cancels_is_not_chased() -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase())
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 1


def test_a_chased_exit_stays_an_exit() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 5)
    id_ = _rests(desk, side=Side.SELL, lots=5, price=3502.0, **_chase())
    assert all(o.offset is not Offset.OPEN for o in desk.manager.registry.of_intent(id_))
    desk.advance(3)
    # Meanwhile the account has lost the lots (another terminal).
    foreign = desk.trade_report(id_, 5, 3502.0, order_id=None, venue_order_id="x")
    desk.post(replace(foreign, lots=3, offset=Offset.CLOSE_TODAY))
    for order in desk.manager.registry.of_intent(id_):
        desk.report(order.id, S.CANCELLED)
    later = [o for o in desk.venue.sent if o.id.startswith(f"{id_}.")]
    assert all(order.offset is not Offset.OPEN for order in later)
    assert sum(order.lots for order in later) <= 2


@pytest.mark.fires("reduce_only")
def test_an_exit_whose_lots_went_another_way_between_two_tries_does_not_open() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 5)
    id_ = desk.submit(side=Side.SELL, lots=5, **MARKET)
    _kill(desk, id_)
    desk.trade(Side.SELL, 3)
    sent = len(desk.venue.sent)
    desk.advance(1)
    (order,) = desk.venue.sent[sent:]
    assert (order.intent_id, order.lots, order.offset) == (id_, 2, Offset.CLOSE_TODAY)
    (denied,) = desk.seen(OrderDenied)
    assert (denied.order.lots, denied.denials[0].rule) == (3, "reduce_only")


def test_in_a_break_a_time_out_waits_for_the_market() -> None:
    desk = Desk()
    id_ = _rests(desk, timeout_ms=3000)
    now = desk.clock.now()
    desk.post(PhaseChanged("SHFE", "rb", Phase.BREAK, 20260105, now, now))
    desk.advance(600)
    assert desk.venue.cancelled == []
    desk.post(PhaseChanged("SHFE", "rb", Phase.CONTINUOUS, 20260105, now, now))
    assert desk.venue.cancelled == [id_]


def test_a_refused_cancel_of_a_time_out_is_asked_for_again() -> None:
    desk = Desk()
    id_ = _rests(desk, timeout_ms=3000)
    order = desk.manager.order(id_)
    assert order is not None
    desk.venue.snapshot = venue_state(orders=(order,))
    desk.advance(3)
    desk.post(CancelRejected(id_, 91, "busy", desk.clock.now()))
    desk.advance(1)
    assert desk.venue.cancelled == [id_, id_]


@pytest.mark.fires("good_till")
def test_good_till_ends_a_chase_and_what_is_held() -> None:
    desk = Desk()
    till = desk.clock.now() + 4 * SECOND
    id_ = _rests(desk, **_chase(max_tries=9, good_till=till))
    desk.advance(3)
    desk.report(id_, S.CANCELLED)
    second = desk.venue.sent[1].id
    desk.report(second, S.ACCEPTED)
    desk.advance(1)
    assert desk.venue.cancelled == [id_, second]
    desk.report(second, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 2
    desk.submit(good_till=desk.clock.now())
    assert len(desk.venue.sent) == 2
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "good_till"


def test_an_unresolved_order_is_not_chased_before_its_fate_is_known() -> None:
    desk = Desk()
    desk.venue.snapshot = None
    id_ = desk.submit(**_chase(timeout_ms=10_000))
    desk.advance(300)
    order = desk.manager.order(id_)
    assert order is not None
    assert order.status is S.UNRESOLVED
    assert len(desk.venue.sent) == 1


def test_a_chase_without_a_cancel_to_spare_lets_its_order_rest() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=0, cancel_budget=1))
    id_ = _rests(desk, **_chase())
    desk.advance(60)
    assert (desk.venue.cancelled, len(desk.venue.sent)) == ([], 1)
    assert any("no cancel to spare" in alert.text for alert in desk.seen(AlertRaised))
    desk.cancel(id_)
    assert desk.venue.cancelled == [id_], "its owner's cancel never waits"


# ------------------------------------------------------------ replace


def test_a_replaced_order_is_cancelled_then_sent_less_what_it_traded() -> None:
    desk = Desk()
    id_ = _rests(desk, lots=5, price=3499.0)
    desk.post(ReplaceOrder(id_, 3501.0, None, "alpha", desk.clock.now()))
    assert (desk.venue.cancelled, len(desk.venue.sent)) == ([id_], 1)
    desk.fill(id_, 3499.0, 2)
    desk.report(id_, S.CANCELLED, 2)
    order = desk.venue.sent[1]
    assert (order.id, order.lots, order.price) == ("t-1.100", 3, 3501.0)
    desk.report(order.id, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 2


def test_replaced_lots_count_what_has_traded() -> None:
    for lots, left in ((8, [6]), (3, [1]), (2, []), (1, [])):
        desk = Desk()
        id_ = _rests(desk, lots=5)
        desk.fill(id_, 3500.0, 2)
        desk.post(ReplaceOrder(id_, None, lots, "alpha", desk.clock.now()))
        desk.report(id_, S.CANCELLED, 2)
        assert [order.lots for order in desk.venue.sent[1:]] == left
        assert (desk.manager.working.plans == {}) is (left == [])


def test_an_order_that_fills_before_its_cancel_is_not_sent_again() -> None:
    desk = Desk()
    id_ = _rests(desk, lots=5)
    desk.post(ReplaceOrder(id_, 3501.0, None, "alpha", desk.clock.now()))
    desk.fill(id_, 3500.0)
    desk.advance(60)
    assert len(desk.venue.sent) == 1


def test_a_replaced_order_that_its_owner_cancels_is_gone() -> None:
    desk = Desk()
    id_ = _rests(desk)
    desk.post(ReplaceOrder(id_, 3501.0, None, "alpha", desk.clock.now()))
    desk.cancel(id_)
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 1


def test_a_later_replacement_takes_up_the_ids_where_an_ended_plan_left_them() -> None:
    desk = Desk()
    id_ = _rests(desk)
    desk.post(ReplaceOrder(id_, 3501.0, None, "alpha", desk.clock.now()))
    desk.report(id_, S.CANCELLED)
    second = desk.venue.sent[1].id
    desk.report(second, S.ACCEPTED)
    desk.cancel(id_)
    desk.post(CancelRejected(second, 91, "busy", desk.clock.now()))
    desk.post(ReplaceOrder(id_, 3502.0, None, "alpha", desk.clock.now()))
    desk.report(second, S.CANCELLED)
    assert [order.id for order in desk.venue.sent] == [id_, "t-1.100", "t-1.200"]


def test_what_cannot_be_replaced_is_told() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=0, cancel_budget=1))
    id_ = _rests(desk)
    desk.post(ReplaceOrder(id_, 3501.0, None, "alpha", desk.clock.now()))
    desk.post(ReplaceOrder(OrderId("nobody"), 3501.0, None, "alpha", desk.clock.now()))
    texts = [a.text for a in desk.seen(AlertRaised) if "not replaced" in a.text]
    assert len(texts) == 2
    assert (desk.venue.cancelled, len(desk.venue.sent)) == ([], 1)


# ------------------------------------------------------------ stops


@pytest.mark.parametrize("state", [StrategyState.QUARANTINED, StrategyState.FAILED])
def test_a_strategy_out_of_control_chases_no_entry(state: StrategyState) -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase())
    desk.post(StrategyStateChanged(StrategyId("alpha"), state, "", desk.clock.now()))
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert len(desk.venue.sent) == 1


def test_the_exit_of_a_strategy_out_of_control_is_still_chased() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2)
    id_ = _rests(desk, side=Side.SELL, lots=2, **_chase())
    desk.post(StrategyStateChanged(StrategyId("alpha"), StrategyState.FAILED, "", desk.clock.now()))
    desk.advance(3)
    desk.report(id_, S.CANCELLED)
    assert len(desk.venue.sent) == 3


def test_the_kill_switch_ends_every_plan() -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase())
    market = desk.submit(instrument=M, **MARKET)
    _kill(desk, market)
    desk.post(KillSwitch("trader", "enough", desk.clock.now()))
    assert desk.manager.working.plans == {}, "whatever lifts the halt in the next moment"
    desk.report(id_, S.CANCELLED)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (2, {})


def test_a_new_trading_day_ends_every_plan() -> None:
    desk = Desk()
    _rests(desk, **_chase())
    desk.post(TradingDayChanged("test", 20260106, desk.clock.now()))
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (1, {})


def test_a_chase_while_halted_cancels_and_is_denied() -> None:
    desk = Desk()
    id_ = _rests(desk, **_chase())
    desk.post(SetTradingState(TradingState.HALTED, "trader", "", desk.clock.now()))
    desk.advance(3)
    desk.report(id_, S.CANCELLED)
    assert len(desk.venue.sent) == 1
    assert desk.seen(OrderDenied)[-1].order.id == "t-1.100"
    assert desk.manager.working.plans == {}


# ------------------------------------------------------------ restart


class JournaledDesk(Desk):
    def __init__(self, **changes: Any) -> None:
        self.written: list[Any] = []
        super().__init__(ready=False, **changes)
        record = self.bus.record
        self.bus.record = lambda event, *kind: (  # type: ignore[method-assign]
            self.written.append(event), record(event, *kind),
        )[1]  # fmt: skip

    def post(self, event: Any) -> None:
        self.written.append(event)
        super().post(event)


def _restart(old: JournaledDesk, *, torn: int = 0) -> Desk:
    """A new run on what is left of the journal; the venue holds what it held."""
    new = JournaledDesk()
    written = old.written[: len(old.written) - torn] if torn else old.written
    fold(list(written), new.books, new.manager)
    new.clock.advance(old.clock.now() + 60 * SECOND)
    live = tuple(replace(order, strategy=StrategyId("")) for order in old.manager.live())
    new.venue.snapshot = venue_state(orders=live, positions=old.books.positions())
    return new


def _connect(desk: Desk) -> None:
    now = desk.clock.now()
    desk.post(ConnectionChanged("test", Channel.TRADING, True, "", now))
    desk.post(PhaseChanged("SHFE", "rb", Phase.CONTINUOUS, 20260105, now, now))
    desk.tick(RB, 3510.0)
    desk.advance(0)


def test_a_folded_journal_knows_the_same_plans() -> None:
    old = JournaledDesk()
    old.open()
    id_ = _rests(old, lots=4, **_chase())
    old.advance(3)
    old.report(id_, S.CANCELLED)
    _rests(old, instrument=M, timeout_ms=60_000)
    new = _restart(old)
    assert new.manager.working.state() == old.manager.working.state()
    assert new.manager.budget.state() == old.manager.budget.state() != ()
    assert new.venue.sent == []


def test_a_chase_goes_on_after_a_restart_when_books_and_venue_agree() -> None:
    old = JournaledDesk()
    old.open()
    id_ = _rests(old, lots=4, **_chase())
    new = _restart(old)
    new.advance(60)
    assert new.venue.cancelled == []
    _connect(new)
    new.advance(0)
    assert new.venue.cancelled == [id_], "its time was over long ago"
    new.report(id_, S.CANCELLED)
    assert [(o.id, o.lots, o.price) for o in new.venue.sent] == [("t-1.100", 4, 3511.0)]


def test_a_chase_whose_order_ended_with_the_old_run_is_sent_once() -> None:
    old = JournaledDesk()
    old.open()
    id_ = _rests(old, lots=4, **_chase())
    old.advance(3)
    report = old.manager.order(id_)
    assert report is not None
    now = old.clock.now()
    old.written.append(
        OrderReported(id_, report.venue_order_id, RB, S.CANCELLED, 0, 0, "", now, now)
    )
    new = _restart(old)
    new.venue.snapshot = venue_state()
    _connect(new)
    assert [(o.id, o.lots) for o in new.venue.sent] == [("t-1.100", 4)]
    new.advance(600)
    assert len(new.venue.sent) == 1


def test_a_market_order_is_not_tried_again_by_a_later_run() -> None:
    old = JournaledDesk()
    old.open()
    id_ = old.submit(lots=4, **MARKET)
    _kill(old, id_)
    new = _restart(old)
    _connect(new)
    new.advance(600)
    assert new.venue.sent == []
    assert new.seen(OrderDenied)[-1].denials[0].message.startswith("the daemon was restarted")


def test_a_crash_in_mid_round_never_sends_it_twice() -> None:
    """Cut after every record of a chase: what had left does not leave again."""
    old = JournaledDesk()
    old.open()
    begin = len(old.written)
    id_ = _rests(old, lots=4, **_chase())
    old.advance(3)
    old.report(id_, S.CANCELLED)
    old.report(OrderId("t-1.100"), S.ACCEPTED)
    for cut in range(begin, len(old.written) + 1):
        kept = old.written[:cut]
        left = {e.order.id for e in kept if isinstance(e, OrderSubmitted)}
        new = _restart(old, torn=len(old.written) - cut)
        live = [o for o in new.manager.live() if o.id in left]
        new.venue.snapshot = venue_state(orders=tuple(live))
        _connect(new)
        new.advance(60)
        sent = [order.id for order in new.venue.sent]
        assert len(set(sent)) == len(sent)
        assert left.isdisjoint(sent), f"cut at {cut}"


def test_a_hash_of_state_sees_a_plan() -> None:
    one, two = Desk(), Desk()
    one.submit()
    two.submit(timeout_ms=3000)
    assert one.manager.registry.state() == two.manager.registry.state()
    assert one.manager.state() != two.manager.state()
