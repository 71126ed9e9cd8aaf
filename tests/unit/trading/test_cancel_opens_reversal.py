"""``cancel_opens`` of what closes and opens in one: the exit half goes on, the other ends."""

from typing import Any

import pytest
from tests.unit.trading.desk import RB, Desk
from tests.unit.trading.test_cancel_opens import ALL, ALPHA, BETA, opens_end, rested
from tests.unit.trading.test_working import MARKET, JournaledDesk, _connect, _restart

from homalos.model.enums import (
    AuctionPolicy,
    IntentStage,
    Offset,
    OnTimeout,
    OrderStatus,
    Phase,
    Side,
    StrategyState,
)
from homalos.model.events import (
    IntentChanged,
    OrderDenied,
    PhaseChanged,
    ReplaceOrder,
    StrategyStateChanged,
)
from homalos.model.ids import OrderId, StrategyId
from homalos.model.times import SECOND

GAMMA = StrategyId("gamma")
TODAY, OPEN, CANCELLED = Offset.CLOSE_TODAY, Offset.OPEN, OrderStatus.CANCELLED


def reversed_(desk: Desk, held: int = 10, **changes: Any) -> OrderId:
    """Long 10, SELL 12 works: 10 of it close."""
    desk.trade(Side.BUY, held)
    id_ = desk.submit(**({"side": Side.SELL, "lots": 12, "price": 3520.0} | changes))
    if "kind" not in changes:
        for order in desk.manager.registry.of_intent(id_):
            desk.report(order.id, OrderStatus.ACCEPTED)
    return id_


def between_tries(desk: Desk, traded: int = 4) -> OrderId:
    """A market order whose first try has filled ``traded`` lots of its closing half."""
    id_ = reversed_(desk, **MARKET)
    close, opening = desk.manager.registry.of_intent(id_)
    desk.report(close.id, CANCELLED, traded)
    if traded:
        desk.post(desk.trade_report(close.id, traded, 3500.0))
    desk.report(opening.id, CANCELLED)
    return id_


def end(desk: Desk, id_: OrderId, offset: Offset) -> None:
    for order in desk.manager.registry.of_intent(id_):
        if order.offset is offset and order.status is OrderStatus.ACCEPTED:
            desk.report(order.id, CANCELLED)


def later(desk: Desk, sent: int) -> list[tuple[Offset, int]]:
    return [(order.offset, order.lots) for order in desk.venue.sent[sent:]]


@pytest.mark.parametrize("strategy", [ALL, ALPHA])
def test_the_closing_rest_of_a_market_reversal_is_tried_again(strategy: StrategyId) -> None:
    desk = Desk()
    id_ = between_tries(desk)
    sent = len(desk.venue.sent)
    opens_end(desk, strategy)
    (denied,) = desk.seen(OrderDenied)
    assert (denied.order.intent_id, denied.order.lots) == (id_, 2), "no order tells of these lots"
    told = desk.seen(IntentChanged)[-1]
    assert (told.stage, told.lots, told.intent.lots) == (IntentStage.RETRY, 6, 10)
    opens_end(desk, strategy)
    assert desk.seen(IntentChanged)[-1] is told, "said once"
    desk.advance(1)
    assert later(desk, sent) == [(TODAY, 6)]
    desk.fill(desk.venue.sent[-1].id, 3500.0)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (sent + 1, {})
    assert desk.books.book(ALPHA, RB).net_lots == 0


def test_where_only_lots_that_open_are_left_it_ends() -> None:
    desk = Desk()
    id_ = reversed_(desk, **MARKET)
    close, opening = desk.manager.registry.of_intent(id_)
    desk.fill(close.id, 3500.0)
    desk.report(opening.id, CANCELLED)
    sent = len(desk.venue.sent)
    opens_end(desk)
    desk.advance(60)
    assert (len(desk.venue.sent), desk.manager.working.plans) == (sent, {})


@pytest.mark.parametrize("how", ["timeout", "good_till"])
def test_the_closing_half_that_rests_keeps_its_time(how: str) -> None:
    desk = Desk()
    till = desk.clock.now() + 5 * SECOND
    id_ = reversed_(desk, **({"timeout_ms": 5000} if how == "timeout" else {"good_till": till}))
    close, opening = desk.manager.registry.of_intent(id_)
    opens_end(desk)
    assert desk.venue.cancelled == [opening.id]
    end(desk, id_, OPEN)
    desk.advance(4.9)
    assert desk.venue.cancelled == [opening.id]
    desk.advance(0.2)
    assert desk.venue.cancelled == [opening.id, close.id]
    end(desk, id_, TODAY)
    assert desk.manager.working.plans == {}


def test_the_closing_half_is_chased_alone_and_never_opens() -> None:
    desk = Desk()
    id_ = reversed_(desk, timeout_ms=3000, on_timeout=OnTimeout.CHASE)
    sent = len(desk.venue.sent)
    opens_end(desk)
    end(desk, id_, OPEN)
    desk.advance(3)
    end(desk, id_, TODAY)
    assert later(desk, sent) == [(TODAY, 10)]
    desk.post(ReplaceOrder(id_, None, 30, "alpha", desk.clock.now()))
    desk.report(desk.venue.sent[-1].id, CANCELLED)
    assert all(offset is TODAY for offset, _ in later(desk, sent))


def test_a_fill_of_the_opening_half_on_its_way_out_is_not_closed_twice() -> None:
    """The book is long 9 then: an exit of 10 would leave it short."""
    desk = Desk()
    id_ = reversed_(desk, timeout_ms=3000, on_timeout=OnTimeout.CHASE)
    sent = len(desk.venue.sent)
    opens_end(desk)
    _, opening = desk.manager.registry.of_intent(id_)
    desk.report(opening.id, CANCELLED, 1)
    desk.post(desk.trade_report(opening.id, 1, 3520.0))
    desk.advance(3)
    end(desk, id_, TODAY)
    assert later(desk, sent) == [(TODAY, 9)]
    assert desk.seen(OrderDenied) == []


def test_a_replacement_that_waits_for_its_cancels_sends_the_closing_lots_alone() -> None:
    desk = Desk()
    id_ = reversed_(desk)
    sent = len(desk.venue.sent)
    desk.post(ReplaceOrder(id_, 3510.0, 15, "alpha", desk.clock.now()))
    opens_end(desk)
    end(desk, id_, OPEN)
    end(desk, id_, TODAY)
    assert later(desk, sent) == [(TODAY, 10)]


def test_a_strategy_out_of_control_keeps_the_exit_half_too() -> None:
    desk = Desk()
    between_tries(desk)
    sent = len(desk.venue.sent)
    desk.post(StrategyStateChanged(ALPHA, StrategyState.FAILED, "", desk.clock.now()))
    desk.advance(1)
    assert later(desk, sent) == [(TODAY, 6)]


def _auction(desk: Desk, phase: Phase) -> None:
    now = desk.clock.now()
    desk.post(PhaseChanged("SHFE", "rb", phase, 20260105, now, now))


@pytest.mark.parametrize(
    ("changes", "kept", "leave"),
    [
        ({"lots": 12}, 10, [9]),  # one lot is the target's
        ({"lots": 10}, 10, [9]),
        ({"lots": 10, "offset": Offset.CLOSE}, 10, [9]),
        ({"lots": 9, "offset": OPEN}, 0, []),
    ],
)
def test_of_a_held_one_goes_on_what_its_book_holds(
    changes: dict[str, Any], kept: int, leave: list[int]
) -> None:
    """A resting target binds one lot, which does not turn the exit into an open."""
    desk = Desk()
    desk.trade(Side.BUY, 10)
    rested(desk, side=Side.SELL, price=3600.0)
    _auction(desk, Phase.AUCTION)
    exit_ = {"side": Side.SELL, "price": 3490.0, "auction": AuctionPolicy.HOLD} | changes
    desk.submit(**exit_)
    sent = len(desk.venue.sent)
    opens_end(desk)
    assert [plan.intent.lots for plan in desk.manager.working.plans.values()] == [kept][: kept > 0]
    _auction(desk, Phase.CONTINUOUS)
    assert later(desk, sent) == [(TODAY, lots) for lots in leave]


def test_a_restart_goes_on_with_the_closing_half() -> None:
    old = JournaledDesk()
    old.open()
    id_ = reversed_(old, timeout_ms=3000, on_timeout=OnTimeout.CHASE)
    opens_end(old)
    end(old, id_, OPEN)
    new = _restart(old)
    assert new.manager.working.state() == old.manager.working.state()
    _connect(new)
    new.advance(0)
    end(new, id_, TODAY)
    assert [(o.offset, o.lots) for o in new.venue.sent] == [(TODAY, 10)]


# ------------------------------------------------------------ books that take others' lots


def opposed() -> Desk:
    """Mode ``net``: alpha is long 40, beta short 100, so the account is short 60."""
    desk = Desk()
    for name in (ALPHA, BETA):
        desk.books.strategies.set_mode(name, "net")
    desk.trade(Side.SELL, 100, strategy=BETA)
    desk.trade(Side.BUY, 40)
    return desk


@pytest.mark.parametrize("failed", [False, True])
def test_a_close_at_the_exchange_that_opens_for_its_strategy_is_cancelled(failed: bool) -> None:
    desk = opposed()
    more = rested(desk, lots=40)
    exit_ = rested(desk, lots=40, strategy=BETA, price=3401.0)
    for id_ in (more, exit_):
        assert desk.manager.registry.of_intent(id_)[0].offset is TODAY
    if failed:
        desk.post(StrategyStateChanged(ALPHA, StrategyState.FAILED, "", desk.clock.now()))
    else:
        opens_end(desk, ALPHA)
    assert desk.venue.cancelled == [more]
    opens_end(desk, BETA)
    assert desk.venue.cancelled == [more], "beta's book falls by it"


def test_of_two_closes_the_one_that_goes_beyond_its_book_is_cancelled() -> None:
    desk = opposed()
    desk.trade(Side.SELL, 40)  # alpha is flat
    desk.books.strategies.set_mode(GAMMA, "net")
    desk.trade(Side.SELL, 50, strategy=GAMMA)
    first = rested(desk, lots=70, strategy=BETA)
    second = rested(desk, lots=40, strategy=BETA)
    assert [desk.manager.registry.of_intent(i)[0].offset for i in (first, second)] == [TODAY] * 2
    opens_end(desk, BETA)
    assert desk.venue.cancelled == [second], "beta is short 100"


def test_for_the_account_a_close_is_a_close() -> None:
    desk = opposed()
    rested(desk, lots=40)
    opens_end(desk)
    assert desk.venue.cancelled == []


def test_a_chase_that_opens_for_its_strategy_ends_and_one_that_goes_beyond_is_cut() -> None:
    for lots, goes_on in ((40, 0), (55, 15)):
        desk = opposed()
        if goes_on:  # alpha is short 15, all of the account's 115 short lots are there to close
            desk.trade(Side.SELL, 55)
        id_ = desk.submit(lots=lots, **MARKET)
        assert [o.offset for o in desk.manager.registry.of_intent(id_)] == [TODAY]
        desk.report(id_, CANCELLED)
        sent = len(desk.venue.sent)
        opens_end(desk, ALPHA)
        desk.advance(1)
        assert later(desk, sent) == ([(TODAY, goes_on)] if goes_on else [])
