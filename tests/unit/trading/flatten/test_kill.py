"""A kill with a scope: what is blocked, cancelled, closed, and in which steps."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import IF, M, instrument, venue_state
from tests.unit.trading.flatten.floor import ALPHA, BETA, RB, Floor, account_of, again

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import OpaquePosition
from homalos.model.enums import (
    Direction,
    FlattenStage,
    KillScope,
    Offset,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
    TradingState,
)
from homalos.model.events import (
    AlertRaised,
    EndFlatten,
    FlattenChanged,
    InstrumentListed,
    KillSwitch,
    OrderDenied,
    SetTradingState,
    StrategyCommand,
)
from homalos.model.ids import UNATTRIBUTED
from homalos.model.trading import Order, Position

_S = FlattenStage


def test_the_ladder_goes_through_the_opposite_price_and_ends_at_the_limit() -> None:
    floor = Floor()
    floor.hold(3)
    floor.kill(KillScope.ACCOUNT)
    assert floor.control.state is TradingState.HALTED
    prices = [3497.0, 3494.0, 3489.0]  # bid 3499 less 2, 5 and 10 ticks
    for number, price in enumerate(prices, 1):
        order = floor.last()
        assert len(floor.rounds()) == number
        assert (order.price, order.tif, order.lots) == (price, TimeInForce.FAK, 3)
        assert (order.side, order.offset) == (Side.SELL, Offset.CLOSE_TODAY)
        floor.kill_rest()
        assert len(floor.rounds()) == number, "the next step waits for another picture"
        floor.step()
    order = floor.last()
    assert (order.price, order.tif, order.to_limit) == (3150.0, TimeInForce.GFD, True)
    assert floor.job().legs[0].step == "limit"
    floor.advance(60)
    assert len(floor.rounds()) == 4, "it rests there"
    floor.fill(order.id, 3150.0)
    account_of(floor)
    floor.settle()
    floor.advance(11)
    assert floor.job().stage is _S.FLAT
    assert floor.control.state is TradingState.HALTED, "a person lifts it"
    assert floor.control.exits == {}


def test_a_part_fill_takes_the_rest_to_the_next_step() -> None:
    floor = Floor()
    floor.hold(5)
    floor.kill(KillScope.ACCOUNT)
    floor.kill_rest(traded=2)
    floor.step()
    assert [(o.lots, o.price) for o in floor.rounds()] == [(5, 3497.0), (3, 3494.0)]
    assert floor.job().lots == 3
    assert floor.job().lots_at_start == 5


def test_orders_are_cancelled_first_and_their_ends_are_waited_for() -> None:
    floor = Floor()
    floor.hold(2)
    resting = floor.submit(side=Side.BUY, lots=4, price=3450.0)
    floor.report(resting, OrderStatus.ACCEPTED)
    floor.kill(KillScope.ACCOUNT)
    assert floor.venue.cancelled == [resting]
    floor.advance(3)
    assert floor.rounds() == []
    assert floor.job().stage is _S.CANCELLING
    assert floor.job().orders == 1
    floor.report(resting, OrderStatus.CANCELLED, 1)
    floor.settle()
    assert floor.rounds() == [], "a fill of it is still on its way"
    floor.post(floor.trade_report(resting, 1, 3450.0))
    floor.settle()
    assert [o.lots for o in floor.rounds()] == [3]


def test_nothing_else_leaves_while_it_works() -> None:
    floor = Floor()
    floor.hold(2)
    floor.kill(KillScope.ACCOUNT)
    floor.submit(side=Side.SELL, lots=1, price=3490.0)
    assert len(floor.rounds()) == len(floor.venue.sent) - 1 == 1
    assert floor.denials() == {"trading_state"}


def test_today_and_yesterday_go_by_themselves_and_no_order_is_too_large() -> None:
    floor = Floor(risk=RiskSection(max_order_lots=4))
    floor.venue.snapshot = None
    floor.hold(4)
    floor.hold(2)
    floor.books.roll(20260106)
    floor.hold(3)
    floor.kill(KillScope.ACCOUNT)
    sent = [(o.offset, o.lots) for o in floor.rounds()]
    assert sent == [(Offset.CLOSE_TODAY, 3), (Offset.CLOSE_YESTERDAY, 4)]
    for order in floor.rounds():
        floor.fill(order.id, order.price)
    floor.settle()
    assert (floor.last().offset, floor.last().lots) == (Offset.CLOSE_YESTERDAY, 2)
    assert floor.last().price == 3497.0, "the step stays: only the size held it back"


def test_a_contracts_own_limit_splits_too() -> None:
    floor = Floor()
    floor.post(InstrumentListed(instrument(RB, max_limit_lots=2), floor.clock.now()))
    floor.hold(2)
    floor.hold(1)
    floor.kill(KillScope.ACCOUNT)
    assert [o.lots for o in floor.rounds()] == [2]


# ---------------------------------------------------------------- scopes


@pytest.mark.fires("flatten")
def test_one_strategy_is_closed_and_stopped_and_the_others_go_on() -> None:
    floor = Floor()
    floor.runs()
    floor.hold(2, "alpha")
    floor.hold(-3, "beta", M)
    floor.kill(KillScope.STRATEGY, "alpha")
    assert floor.control.state is TradingState.ACTIVE
    assert [(o.strategy, o.lots) for o in floor.rounds()] == [(ALPHA, 2)]
    (command,) = floor.seen(StrategyCommand)
    assert (command.strategy, command.action) == (ALPHA, "stop")
    floor.submit(side=Side.BUY, lots=1)
    assert floor.seen(OrderDenied)[-1].denials[0].rule == "flatten"
    assert floor.submit(strategy=BETA, instrument=M, price=3400.0) in floor.manager.registry._orders
    floor.fill(floor.last().id, 3497.0)
    floor.settle()
    assert floor.job().stage is _S.FLAT
    floor.submit(side=Side.BUY, lots=1)
    assert floor.seen(OrderDenied)[-1].denials[0].rule == "flatten", "flat, and still blocked"
    floor.runs()
    assert floor.seen(StrategyCommand)[-1].action == "stop", "nothing but a person starts it"
    floor.post(StrategyCommand(ALPHA, "start", "me", floor.clock.now()))
    assert floor.flatten.jobs() == ()
    assert floor.submit(side=Side.BUY, lots=1) in floor.manager.registry._orders


def foreign(floor: Floor, lots: int) -> None:
    """Lots of nobody's, by a fill of another terminal."""
    order = floor.submit(strategy=UNATTRIBUTED, lots=lots)
    floor.fill(order, 3500.0)


def test_the_daemons_lots_leave_those_of_nobody() -> None:
    floor = Floor()
    floor.hold(2, "alpha")
    floor.hold(1, "manual")
    foreign(floor, 4)
    theirs = floor.submit(strategy=UNATTRIBUTED, price=3400.0)
    floor.report(theirs, OrderStatus.ACCEPTED)
    floor.kill(KillScope.DAEMON)
    assert floor.control.state is TradingState.HALTED
    assert sorted((o.strategy, o.lots) for o in floor.rounds()) == [("alpha", 2), ("manual", 1)]
    assert floor.venue.cancelled == []
    for order in floor.rounds():
        floor.fill(order.id, order.price)
    floor.settle()
    assert floor.job().lots == 0


def test_the_whole_account_takes_them_too() -> None:
    floor = Floor()
    floor.hold(2, "alpha")
    foreign(floor, 4)
    theirs = floor.submit(strategy=UNATTRIBUTED, price=3400.0)
    floor.report(theirs, OrderStatus.ACCEPTED)
    floor.kill(KillScope.ACCOUNT)
    assert floor.venue.cancelled == [theirs]
    floor.report(theirs, OrderStatus.CANCELLED)
    floor.settle()
    assert sorted((o.strategy, o.lots) for o in floor.rounds()) == [
        ("alpha", 2), ("unattributed", 4),
    ]  # fmt: skip


def test_both_legs_of_a_locked_pair_are_closed() -> None:
    floor = Floor()
    floor.hold(2, "alpha")
    floor.trade(Side.SELL, 2, strategy="beta")
    assert floor.books.contract(RB).net == 0  # type: ignore[union-attr]
    floor.kill(KillScope.ACCOUNT)
    floor.venue.snapshot = None
    for strategy, side in (("alpha", Side.SELL), ("beta", Side.BUY)):
        (order,) = floor.manager.live()  # one after the other: they would meet
        assert (order.strategy, order.side) == (strategy, side)
        assert (order.offset, order.lots) == (Offset.CLOSE_TODAY, 2)
        floor.fill(order.id, order.price)
        floor.advance(1)
    assert floor.books.positions() == ()
    assert floor.denials() == set()


def test_a_pair_that_no_book_knows_is_closed_too() -> None:
    floor = Floor(open_=False)
    rows = [
        Position(floor.manager.account_id, M, side, 3, 0, 0, 0, 3500.0, 3500.0, 0, 0, 3500.0)
        for side in Direction
    ]
    floor.venue.snapshot = venue_state(tuple(rows))
    floor.open()
    floor.venue.snapshot = None
    assert len(floor.books.positions()) == 2
    floor.kill(KillScope.ACCOUNT)
    for _ in range(8):
        for order in floor.manager.live():
            assert order.offset is Offset.CLOSE
            floor.fill(order.id, order.price)
        floor.advance(1)
    assert floor.books.positions() == ()


def test_a_second_kill_of_the_same_scope_sends_nothing_more() -> None:
    floor = Floor()
    floor.hold(2)
    floor.kill(KillScope.ACCOUNT)
    floor.kill(KillScope.ACCOUNT)
    floor.kill(KillScope.DAEMON)
    floor.kill(KillScope.STRATEGY, "alpha")
    floor.advance(5)
    assert [o.lots for o in floor.rounds()] == [2]
    assert len(floor.flatten.jobs()) == 3
    assert floor.denials() == set()


def test_two_kills_do_not_close_the_lots_of_one_book_twice() -> None:
    floor = Floor()
    floor.hold(2, "alpha")
    floor.hold(3, "beta")
    floor.kill(KillScope.STRATEGY, "alpha")
    floor.kill(KillScope.DAEMON)
    floor.advance(3)
    assert sorted((o.strategy, o.lots) for o in floor.rounds()) == [("alpha", 2), ("beta", 3)]


def test_a_kill_cancels_again_what_was_cancelled_in_vain() -> None:
    floor = Floor()
    resting = floor.submit(price=3450.0)
    floor.report(resting, OrderStatus.ACCEPTED)
    floor.cancel(resting)
    floor.kill(KillScope.DAEMON)
    assert floor.venue.cancelled == [resting, resting]


# ---------------------------------------------------------------- what hinders


@pytest.mark.parametrize("phase", [Phase.BREAK, Phase.AUCTION_MATCH, Phase.CLOSED])
def test_a_closed_session_is_queued_and_shown(phase: Phase) -> None:
    floor = Floor()
    floor.hold(2)
    floor.hold(1, id_=M)
    floor.phase(phase)
    floor.kill(KillScope.ACCOUNT)
    floor.fill(floor.last().id, 3497.0)
    floor.advance(600)
    assert [o.instrument for o in floor.rounds()] == [M], "the other contract goes on"
    waits = {leg.instrument: leg.waits for leg in floor.job().legs}
    assert "queued here / " in waits[RB]
    floor.tick(RB, 3500.0)
    floor.phase(Phase.CONTINUOUS)
    assert floor.last().instrument == RB
    assert floor.last().price == 3497.0


def test_a_call_auction_takes_a_limit_order() -> None:
    floor = Floor()
    floor.hold(2)
    floor.phase(Phase.AUCTION)
    floor.kill(KillScope.ACCOUNT)
    (order,) = floor.rounds()
    assert (order.price, order.tif) == (3150.0, TimeInForce.GFD)


def test_a_locked_market_is_queued_at_the_limit() -> None:
    floor = Floor()
    floor.hold(2)
    floor.tick(RB, 3150.0, bid_price=None, bid_lots=0, ask_price=3150.0, lower_limit=3150.0,
               upper_limit=3850.0)  # fmt: skip
    floor.kill(KillScope.ACCOUNT)
    (order,) = floor.rounds()
    assert (order.price, order.tif) == (3150.0, TimeInForce.GFD)
    assert "locked" in floor.job().legs[0].waits
    floor.advance(60)
    assert len(floor.rounds()) == 1, "it keeps its place in the queue"


def test_with_the_line_down_it_says_whom_to_phone() -> None:
    floor = Floor(trading=TradingSection(reconcile_s=0, broker_phone="021-5555 0000"))
    floor.hold(2)
    resting = floor.submit(price=3450.0)
    floor.report(resting, OrderStatus.ACCEPTED)
    floor.line(up=False)
    floor.kill(KillScope.ACCOUNT)
    text = floor.job().text
    assert "1 orders may be LIVE" in text
    assert "021-5555 0000" in text
    assert any(a.text.endswith(text) for a in floor.seen(AlertRaised))
    assert floor.rounds() == []
    account_of(floor)
    floor.venue.snapshot.orders = (floor.manager.order(resting),)  # type: ignore[union-attr, assignment]
    floor.line(up=True)
    assert resting in floor.venue.cancelled
    floor.report(resting, OrderStatus.CANCELLED)
    floor.settle()
    assert [o.lots for o in floor.rounds()] == [2]


def test_a_kill_that_only_cancels_says_it_too() -> None:
    floor = Floor(trading=TradingSection(reconcile_s=0, broker_phone="021-5555 0000"))
    resting = floor.submit(price=3450.0)
    floor.report(resting, OrderStatus.ACCEPTED)
    floor.line(up=False)
    floor.post(KillSwitch("me", "enough", floor.clock.now()))
    assert any("021-5555 0000" in alert.text for alert in floor.seen(AlertRaised))


def test_without_a_price_the_ticks_are_asked_for() -> None:
    floor = Floor()
    floor.hold(2)
    tick = floor.books.quotes.pop(RB)
    floor.kill(KillScope.ACCOUNT)
    assert floor.rounds() == []
    assert floor.subscribed == [RB]
    assert "no price" in floor.job().legs[0].waits
    floor.post(replace(tick, ts_init=floor.clock.now()))
    floor.advance(6)
    assert len(floor.rounds()) == 1


def test_a_refused_step_goes_up_the_ladder_and_does_not_hammer() -> None:
    floor = Floor()
    floor.hold(2)
    floor.kill(KillScope.ACCOUNT)
    for _ in range(40):
        for order in floor.manager.live():
            floor.report(order.id, OrderStatus.REJECTED, code=51, message="not so / 平昨仓不足")
        floor.advance(0.5)
    sent = floor.rounds()
    assert [o.price for o in sent[:4]] == [3497.0, 3494.0, 3489.0, 3150.0]
    assert 5 <= len(sent) <= 8, "every five seconds"
    for order in floor.manager.live():
        floor.report(order.id, OrderStatus.REJECTED, code=51, message="not so / 平昨仓不足")
    assert floor.job().legs[0].waits == "not so / 平昨仓不足"


def test_old_market_data_holds_the_step_until_there_is_a_price() -> None:
    floor = Floor()
    floor.hold(2)
    floor.advance(600)
    floor.kill(KillScope.ACCOUNT)
    floor.advance(30)
    assert floor.rounds() == []
    assert floor.denials() == {"stale_data"}
    assert floor.job().legs[0].step == "+2"
    floor.tick(RB, 3400.0)
    floor.advance(1)
    assert floor.last().price == 3397.0


def test_options_and_combinations_are_told_and_left() -> None:
    row = OpaquePosition(
        Floor(open_=False).manager.account_id, "SHFE", "cu2605C75000", "long", "1", "option", 2, 0,
        0.0,
    )  # fmt: skip
    floor = Floor(opaque=(row,))
    floor.hold(1)
    floor.kill(KillScope.ACCOUNT)
    floor.fill(floor.last().id, 3497.0)
    account_of(floor)
    floor.settle()
    assert floor.job().stage is _S.FLAT
    assert "1 option, combination or hedge positions" in floor.job().text
    assert {o.instrument for o in floor.rounds()} == {RB}


def test_flat_is_what_the_venue_says_too() -> None:
    floor = Floor()
    floor.hold(1)
    floor.kill(KillScope.ACCOUNT)
    stale = Position(
        floor.manager.account_id, IF, Direction.LONG, 1, 0, 0, 0, 3500.0, 3500.0, 0, 0, 3500.0
    )
    floor.fill(floor.last().id, 3497.0)
    account_of(floor)
    floor.venue.snapshot.positions = (stale,)  # type: ignore[union-attr]
    floor.settle()
    assert floor.job().stage is _S.CHECKING
    assert "the venue differs" in floor.job().text
    floor.venue.snapshot.positions = ()  # type: ignore[union-attr]
    floor.advance(11)
    assert floor.job().stage is _S.FLAT


# ---------------------------------------------------------------- a person's word


def test_lifting_the_halt_ends_it() -> None:
    floor = Floor()
    floor.hold(2)
    floor.tick(RB, 3150.0, bid_price=None, bid_lots=0, ask_price=3150.0, lower_limit=3150.0,
               upper_limit=3850.0)  # fmt: skip
    floor.kill(KillScope.ACCOUNT)
    floor.report(floor.last().id, OrderStatus.ACCEPTED)
    floor.post(SetTradingState(TradingState.ACTIVE, "me", "a mistake", floor.clock.now()))
    assert floor.flatten.jobs() == ()
    assert floor.venue.cancelled == [floor.last().id]
    assert floor.told()[-1].stage is _S.ENDED


def test_it_can_be_ended_while_the_halt_stays() -> None:
    floor = Floor()
    floor.hold(2)
    floor.kill(KillScope.DAEMON)
    floor.post(EndFlatten(ALPHA, "me", "not this one", floor.clock.now()))
    assert len(floor.flatten.jobs()) == 1, "alpha has none of its own"
    floor.post(EndFlatten(floor.job().strategy, "me", "enough", floor.clock.now()))
    assert floor.flatten.jobs() == ()
    floor.kill_rest()
    floor.advance(30)
    assert len(floor.rounds()) == 1
    assert floor.control.state is TradingState.HALTED


# ---------------------------------------------------------------- the journal


def test_a_restart_in_the_middle_goes_on_and_sends_nothing_twice() -> None:
    floor = Floor()
    floor.hold(5)
    floor.tick(RB, 3150.0, bid_price=None, bid_lots=0, ask_price=3150.0, lower_limit=3150.0,
               upper_limit=3850.0)  # fmt: skip
    floor.kill(KillScope.ACCOUNT)
    left: Order = floor.last()
    floor.report(left.id, OrderStatus.ACCEPTED)
    new = again(floor)
    assert [job.scope for job in new.flatten.jobs()] == [KillScope.ACCOUNT]
    new.open()
    new.advance(2)
    assert new.control.state is TradingState.HALTED
    assert new.venue.cancelled == [left.id], "the order of the run before ends first"
    assert new.venue.sent == []
    new.report(left.id, OrderStatus.CANCELLED, 2)
    new.post(new.trade_report(left.id, 2, 3150.0))
    new.settle()
    assert [(o.lots, o.side) for o in new.venue.sent] == [(3, Side.SELL)]


def test_a_kill_is_on_record_before_its_orders() -> None:
    floor = Floor()
    floor.hold(2)
    before = len(floor.recorded)
    floor.kill(KillScope.ACCOUNT)
    names = [type(fact).__name__ for fact in floor.recorded[before:]]
    assert names.index("FlattenChanged") < names.index("OrderSubmitted")


def test_a_blocked_strategy_stays_blocked_over_a_restart() -> None:
    floor = Floor()
    floor.kill(KillScope.STRATEGY, "alpha")
    assert floor.job().stage is _S.FLAT
    new = again(floor)
    new.open()
    new.runs()
    assert [(c.strategy, c.action) for c in new.seen(StrategyCommand)] == [(ALPHA, "stop")]
    new.submit()
    assert new.venue.sent == []
    new.flatten.checkpoint()
    assert isinstance(new.recorded[-1], FlattenChanged)
