"""When a conditional order may act: phases, gaps, states, lines; and what a restart keeps."""

import pytest
from tests.unit.trading.conditional.floor import STATES, Floor, Next
from tests.unit.trading.desk import RB

from homalos.model.conditional import ConditionalKind, GapPolicy
from homalos.model.enums import (
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    StrategyState,
    TradingState,
)
from homalos.model.events import (
    ConditionalChanged,
    KillSwitch,
    OrderSubmitted,
    Reconciled,
    SetTradingState,
)
from homalos.model.times import SECOND
from homalos.trading import recovery

K, G = ConditionalKind, GapPolicy

# ------------------------------------------------------------------ auctions and closed hours


@pytest.mark.parametrize("phase", [Phase.AUCTION, Phase.AUCTION_MATCH, Phase.BREAK, Phase.CLOSED])
def test_nothing_fires_outside_continuous_trading(phase: Phase) -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.phase(phase)
    floor.last(3400.0)
    assert floor.status(id_) is STATES.ARMED
    floor.phase(Phase.CONTINUOUS)
    floor.last(3480.0)
    assert floor.status(id_) is STATES.FIRED


def test_an_auction_tick_that_comes_late_is_still_one() -> None:
    """The match of the night's auction reaches us when the venue says continuous already."""
    floor = Floor(long=1)
    id_ = floor.place()
    floor.go_to(20, 59, 30)
    floor.phase(Phase.CONTINUOUS)
    floor.tick(RB, 3400.0)
    assert floor.status(id_) is STATES.ARMED
    floor.go_to(21, 0, 0.5)
    floor.tick(RB, 3400.0)
    assert floor.status(id_) is STATES.FIRED


def test_a_closing_push_is_no_price() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.go_to(15, 0, 0.5)
    floor.tick(RB, 3400.0)
    assert floor.status(id_) is STATES.ARMED


def test_an_auction_moves_no_trailing_trigger() -> None:
    floor = Floor(long=1)
    floor.place(kind=K.TRAILING, trigger=None, trail_ticks=10)
    floor.phase(Phase.AUCTION)
    floor.last(3600.0)
    assert floor.kept.live()[0].trigger == 3490.0


# ------------------------------------------------------------------ gaps


def over_the_break(floor: Floor, price: float) -> None:
    """The first price after the mid-morning break."""
    floor.last(3500.0)
    floor.phase(Phase.BREAK)
    floor.go_to(10, 30, 0.5)
    floor.phase(Phase.CONTINUOUS)
    floor.tick(RB, price)


def test_a_gap_fires_at_the_market_by_default() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    over_the_break(floor, 3400.0)
    (order,) = floor.manager.registry.of_intent(id_)
    assert order.price == 3399.0 - floor.section.market_ticks


def test_a_gap_as_a_limit_order_at_the_trigger() -> None:
    floor = Floor(long=1)
    id_ = floor.place(gap=G.LIMIT)
    over_the_break(floor, 3400.0)
    (order,) = floor.manager.registry.of_intent(id_)
    assert (order.kind, order.price) == (OrderKind.LIMIT, 3480.0)


def test_a_gap_that_cancels() -> None:
    floor = Floor(long=1)
    id_ = floor.place(gap=G.CANCEL)
    over_the_break(floor, 3400.0)
    assert floor.status(id_) is STATES.CANCELLED
    floor.last(3400.0)
    assert not floor.fired()


def test_an_opening_that_is_no_gap() -> None:
    for policy in (G.LIMIT, G.CANCEL):
        floor = Floor(long=1)
        id_ = floor.place(gap=policy)
        over_the_break(floor, 3481.0)
        assert floor.status(id_) is STATES.ARMED
        floor.last(3400.0)
        assert floor.status(id_) is STATES.FIRED
        assert floor.manager.registry.of_intent(id_)[0].kind is OrderKind.LIMIT
        assert floor.fired()[0].kind is OrderKind.MARKET, "it was reached while it was watched"


def test_what_is_placed_beyond_its_trigger_is_no_gap() -> None:
    floor = Floor(long=1)
    id_ = floor.place(gap=G.CANCEL, trigger=3600.0)
    floor.last(3500.0)
    assert floor.status(id_) is STATES.FIRED


def test_a_lost_line_makes_a_gap() -> None:
    floor = Floor(long=1)
    id_ = floor.place(gap=G.CANCEL)
    floor.line(False)
    floor.line(True)
    floor.last(3400.0)
    assert floor.status(id_) is STATES.CANCELLED


# ------------------------------------------------------------------ states and lines


def state(state: TradingState) -> SetTradingState:
    return SetTradingState(state, "trader", "test", 0)


def test_exits_work_while_reducing_entries_wait() -> None:
    floor = Floor(long=1)
    floor.post(state(TradingState.REDUCING))
    stop = floor.place()
    entry = floor.place(side=Side.BUY, trigger=3470.0, opens=True)
    floor.last(3480.0)
    assert floor.venue.sent[-1].intent_id == stop
    assert floor.status(entry) is STATES.ARMED


def test_halted_nothing_fires_and_afterwards_it_does() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.post(state(TradingState.HALTED))
    floor.last(3400.0)
    assert floor.status(id_) is STATES.ARMED
    floor.post(state(TradingState.REDUCING))
    floor.last(3400.0)
    assert floor.status(id_) is STATES.FIRED


def test_the_kill_switch_ends_entries_and_keeps_exits() -> None:
    floor = Floor(long=1)
    stop = floor.place()
    entry = floor.place(side=Side.BUY, trigger=3600.0, opens=True)
    floor.post(KillSwitch("trader", "test", 0))
    assert (floor.status(stop), floor.status(entry)) == (STATES.ARMED, STATES.CANCELLED)


def test_an_entry_waits_for_its_strategy() -> None:
    floor = Floor(open_=False)
    floor.open()
    id_ = floor.place(side=Side.BUY, trigger=3490.0, opens=True)
    floor.last(3500.0)
    assert floor.status(id_) is STATES.ARMED
    floor.runs(StrategyState.RUNNING)
    floor.last(3500.0)
    assert floor.status(id_) is STATES.FIRED


def test_nothing_fires_while_the_line_is_down_or_books_differ() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.line(False)
    floor.last(3400.0)
    assert floor.status(id_) is STATES.ARMED
    assert floor.kept.suspended
    floor.post(Reconciled("test", False, ("one lot",), 0))
    floor.last(3400.0)
    assert floor.status(id_) is STATES.ARMED
    floor.line(True)
    floor.last(3400.0)
    assert floor.status(id_) is STATES.FIRED


# ------------------------------------------------------------------ restarts


def test_armed_orders_come_back_and_act_after_reconciliation_only() -> None:
    before = Floor(long=2)
    id_ = before.place(lots=2, gap=G.LIMIT)
    after = Next(before)
    assert [o.id for o in after.kept.live()] == [id_]
    after.last(3400.0)
    assert not after.fired(), "not before books and venue agree"
    after.go_on(before.agrees())
    after.last(3400.0)
    assert [i.intent_id for i in after.fired()] == [id_]
    assert after.fired()[0].price == 3480.0, "what was passed while the machine was off is a gap"


def test_what_has_fired_never_fires_again() -> None:
    before = Floor(long=2)
    id_ = before.place(kind=K.STOP_LIMIT, limit=3479.0, lots=2)
    before.last(3480.0)
    before.report(id_, OrderStatus.ACCEPTED)
    after = Next(before)
    after.go_on(before.agrees())
    assert not after.kept.suspended
    assert [o.status for o in after.kept.live()] == [STATES.FIRED]
    after.last(3400.0)
    assert not after.fired()
    after.fill(id_, 3479.0)
    assert after.status(id_) is STATES.DONE


def test_a_denial_of_an_earlier_run_is_not_tried_again() -> None:
    before = Floor(long=1)
    id_ = before.place(kind=K.STOP_LIMIT, limit=9.0)
    before.last(3480.0)
    records = [
        e for e in before.written
        if not (isinstance(e, ConditionalChanged) and e.order.status is STATES.FAILED)
    ]  # fmt: skip
    after = Next(before, records)
    after.go_on(before.agrees())
    assert after.status(id_) is STATES.FAILED
    after.last(3400.0)
    assert not after.fired()


def test_the_operators_word_on_a_difference_arms_no_conditional_order() -> None:
    """It says that it is suspended; it acts when books and venue agree."""
    floor = Floor(long=1)
    id_ = floor.place()
    floor.post(Reconciled("test", False, ("one lot",), 0))
    floor.post(state(TradingState.ACTIVE))
    floor.last(3400.0)
    assert floor.status(id_) is STATES.ARMED
    assert "not agreed" in floor.kept.suspended
    floor.post(Reconciled("test", True, (), 0))
    floor.last(3400.0)
    assert floor.status(id_) is STATES.FIRED


def test_a_crash_between_trigger_and_order_sends_it_once() -> None:
    before = Floor(long=2)
    id_ = before.place(lots=2)
    venue = before.agrees()
    before.last(3480.0)
    records = list(before.written)
    cut = next(
        i for i, e in enumerate(records)
        if isinstance(e, ConditionalChanged) and e.order.status is STATES.FIRED
    )  # fmt: skip
    assert any(isinstance(e, OrderSubmitted) and e.order.id == id_ for e in records[cut:])
    after = Next(before, records[: cut + 1])
    after.go_on(venue)
    assert after.status(id_) is STATES.ARMED
    after.last(3470.0)
    assert [i.intent_id for i in after.fired()] == [id_]
    assert [o.offset for o in after.venue.sent] == [Offset.CLOSE_TODAY]


def test_a_fill_of_the_entry_that_the_legs_had_not_heard_of() -> None:
    before = Floor()
    entry, stop, _ = before.bracket()
    before.fill(entry, 3500.0)
    records = [
        e for e in before.written
        if not (isinstance(e, ConditionalChanged) and e.order.status is STATES.ARMED)
    ]  # fmt: skip
    after = Next(before, records)
    assert {o.status for o in after.kept.live()} == {STATES.WAITING}
    after.go_on(before.agrees())
    assert after.status(stop) is STATES.ARMED
    after.last(3480.0)
    assert [i.lots for i in after.fired()] == [2]


def test_an_exit_of_a_position_that_closed_meanwhile_is_over() -> None:
    before = Floor(long=1)
    id_ = before.place()
    records = list(before.written)
    before.trade(Side.SELL, 1)
    fills = [e for e in before.written if e not in records]
    closing = [e for e in fills if not isinstance(e, ConditionalChanged)]
    after = Next(before, [*records, *closing])
    after.go_on(before.agrees())
    assert after.status(id_) is STATES.CANCELLED


def test_its_time_ran_out_while_the_machine_was_off() -> None:
    before = Floor(long=1)
    id_ = before.place(good_till=before.clock.now() + 10 * SECOND)
    after = Next(before)
    after.clock.advance(after.clock.now() + 60 * SECOND)
    after.go_on(before.agrees())
    after.advance(0.1)
    assert after.status(id_) is STATES.EXPIRED


def test_state_is_the_same_by_run_and_by_fold() -> None:
    before = Floor(long=2)
    before.pair()
    before.place(kind=K.TRAILING, trigger=None, trail_ticks=10)
    before.last(3510.0)
    before.last(3480.0)
    after = Next(before)
    assert after.kept.state() == before.kept.state()


def test_a_checkpoint_holds_everything() -> None:
    before = Floor(long=2)
    before.pair(limit=3521.0)
    before.last(3520.0)
    fired = before.fired()[0].intent_id
    before.report(fired, OrderStatus.ACCEPTED)
    told = len(before.recorded)
    before.kept.checkpoint()
    after = Floor(open_=False)
    recovery.fold(before.recorded[told:], after.books, after.manager, None, after.kept)
    assert after.kept.state() == before.kept.state()
