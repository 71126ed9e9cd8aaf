"""What an intent is asked before its orders are made: auctions, orders that would cross."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, Desk, M

from homalos.model.enums import (
    AuctionPolicy,
    CrossingPolicy,
    IntentStage,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    StrategyState,
    TimeInForce,
)
from homalos.model.events import (
    Denial,
    IntentChanged,
    KillSwitch,
    OrderDenied,
    PhaseChanged,
    ReplaceOrder,
    StrategyStateChanged,
    SubmitOrder,
    TradingDayChanged,
)
from homalos.model.ids import OrderId, StrategyId
from homalos.model.times import SECOND
from homalos.trading.recovery import fold
from homalos.trading.stages import Hold, Verdict

BETA = StrategyId("beta")
S = OrderStatus


def _phase(desk: Desk, phase: Phase, product: str = "rb", exchange: str = "SHFE") -> None:
    now = desk.clock.now()
    desk.post(PhaseChanged(exchange, product, phase, DAY, now, now))


def _auction() -> Desk:
    desk = Desk()
    _phase(desk, Phase.AUCTION)
    return desk


# ------------------------------------------------------------ the hook


def test_a_stage_may_pass_change_deny_or_hold() -> None:
    answers: list[Verdict] = []
    desk = Desk()
    desk.manager.stages.append(lambda intent, price: answers[-1])
    answers.append(None)
    desk.submit()
    assert len(desk.venue.sent) == 1
    answers.append(Denial("window", 1.0, 2.0, "not now"))
    denied = desk.submit()
    assert desk.seen(OrderDenied)[-1].order.id == denied
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "window"
    answers.append(Hold("window", "not now"))
    held = desk.submit(lots=3)
    desk.manager.working.release(held)
    assert len(desk.venue.sent) == 1
    assert len(desk.seen(IntentChanged)) == 1, "the same reason again is no news"
    answers.append(None)
    desk.manager.working.release(held)
    assert [(o.id, o.lots) for o in desk.venue.sent[1:]] == [(held, 3)]
    desk.manager.working.release(held)
    assert len(desk.venue.sent) == 2


def test_a_stage_may_give_other_terms() -> None:
    desk = Desk()
    desk.manager.stages.append(lambda intent, price: replace(intent, lots=1, price=3499.0))
    desk.submit(lots=5)
    assert [(o.lots, o.price) for o in desk.venue.sent] == [(1, 3499.0)]


# ------------------------------------------------------------ call auctions


def test_in_a_call_auction_an_intent_waits_for_continuous_trading() -> None:
    desk = _auction()
    limit = desk.submit()
    market = desk.submit(kind=OrderKind.MARKET, price=None)
    other = desk.submit(instrument=M)
    assert [o.id for o in desk.venue.sent] == [other], "another product trades on"
    _phase(desk, Phase.AUCTION_MATCH)
    late = desk.submit()
    _phase(desk, Phase.BREAK)
    assert len(desk.venue.sent) == 1
    desk.tick(RB, 3520.0)
    _phase(desk, Phase.CONTINUOUS)
    assert [o.id for o in desk.venue.sent[1:]] == [limit, market, late], "the oldest first"
    assert desk.venue.sent[2].price == 3526.0, "priced when it leaves"


def test_as_a_limit_order_it_joins_the_auction() -> None:
    desk = _auction()
    desk.submit(auction=AuctionPolicy.LIMIT)
    desk.submit(auction=AuctionPolicy.LIMIT, tif=TimeInForce.FAK, price=3499.0)
    desk.submit(auction=AuctionPolicy.LIMIT, kind=OrderKind.MARKET, price=None)
    assert [(o.price, o.tif) for o in desk.venue.sent] == [
        (3500.0, TimeInForce.GFD), (3499.0, TimeInForce.GFD), (3506.0, TimeInForce.GFD),
    ]  # fmt: skip
    assert desk.manager.working.plans == {}
    _phase(desk, Phase.AUCTION_MATCH)
    desk.submit(auction=AuctionPolicy.LIMIT)
    assert "phase" in desk.denials(), "the match minute takes nothing"


@pytest.mark.fires("auction")
def test_or_it_is_denied() -> None:
    desk = _auction()
    desk.submit(auction=AuctionPolicy.DENY)
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "auction"
    assert desk.venue.sent == []
    _phase(desk, Phase.CONTINUOUS)
    desk.submit(auction=AuctionPolicy.DENY)
    assert len(desk.venue.sent) == 1


@pytest.mark.fires("held")
def test_what_is_held_can_be_cancelled_replaced_and_ends_with_its_time() -> None:
    desk = _auction()
    cancelled, replaced = desk.submit(), desk.submit(lots=2)
    desk.submit(good_till=desk.clock.now() + 5 * SECOND)
    desk.cancel(cancelled)
    denied = desk.seen(OrderDenied)[-1]
    assert (denied.order.id, denied.denials[0].rule) == (cancelled, "held")
    desk.post(ReplaceOrder(replaced, 3490.0, 7, "alpha", desk.clock.now()))
    desk.advance(6)
    assert len(desk.seen(OrderDenied)) == 2
    _phase(desk, Phase.CONTINUOUS)
    assert [(o.id, o.lots, o.price) for o in desk.venue.sent] == [(replaced, 7, 3490.0)]


def test_what_is_held_ends_with_a_kill_with_the_day_and_with_its_strategy() -> None:
    def kill(desk: Desk) -> None:
        desk.post(KillSwitch("trader", "enough", desk.clock.now()))

    def roll(desk: Desk) -> None:
        desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))

    def quarantine(desk: Desk) -> None:
        alpha, state = StrategyId("alpha"), StrategyState.QUARANTINED
        desk.post(StrategyStateChanged(alpha, state, "", desk.clock.now()))

    for end in (kill, roll, quarantine):
        desk = _auction()
        held = desk.submit()
        end(desk)
        _phase(desk, Phase.CONTINUOUS)
        assert desk.venue.sent == []
        assert [e.order.id for e in desk.seen(OrderDenied)] == [held]


def test_the_held_exit_of_a_strategy_out_of_control_stays() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2)
    _phase(desk, Phase.AUCTION)
    exit_ = desk.submit(side=Side.SELL, lots=2)
    alpha = StrategyId("alpha")
    desk.post(StrategyStateChanged(alpha, StrategyState.FAILED, "", desk.clock.now()))
    _phase(desk, Phase.CONTINUOUS)
    assert desk.venue.sent[-1].intent_id == exit_


def test_what_is_held_survives_a_restart_and_leaves_once() -> None:
    old = _auction()
    held = old.submit(lots=3)
    new = Desk(ready=False)
    fold([e for e in old.recorded if isinstance(e, IntentChanged)], new.books, new.manager)
    assert new.manager.working.state() == old.manager.working.state()
    new.open()
    assert new.venue.sent == [], "not before books and venue agree, and not within that event"
    new.advance(0)
    new.advance(60)
    assert [(o.id, o.lots) for o in new.venue.sent] == [(held, 3)]


# ------------------------------------------------------------ crossing


def _crossing(**changes: Any) -> tuple[Desk, OrderId, OrderId]:
    """beta's sell rests at 3500; alpha would buy it."""
    desk = Desk()
    resting = desk.submit(strategy=BETA, side=Side.SELL, price=3500.0)
    desk.report(resting, S.ACCEPTED)
    wish = desk.submit(price=3500.0, crossing=CrossingPolicy.HOLD, **changes)
    return desk, resting, wish


def test_two_strategies_do_not_meet_the_second_waits() -> None:
    desk, resting, wish = _crossing()
    assert [o.id for o in desk.venue.sent] == [resting]
    held = desk.seen(IntentChanged)[-1]
    assert (held.stage, held.lots) == (IntentStage.HELD, 1)
    assert resting in held.why
    desk.report(resting, S.CANCELLED)
    assert [o.id for o in desk.venue.sent] == [resting, wish]


def test_it_waits_until_the_last_one_that_it_would_meet_has_ended() -> None:
    desk, resting, wish = _crossing()
    second = desk.submit(strategy=StrategyId("gamma"), side=Side.SELL, price=3499.0)
    desk.report(second, S.ACCEPTED)
    desk.fill(resting, 3500.0)
    assert [o.id for o in desk.venue.sent] == [resting, second]
    desk.fill(second, 3499.0)
    assert [o.id for o in desk.venue.sent] == [resting, second, wish]


def test_by_default_it_is_denied_and_its_own_order_never_holds_it() -> None:
    desk, _, _ = _crossing()
    desk.submit(price=3500.0)
    assert desk.denials() == {"self_trade"}
    own = desk.submit(side=Side.SELL, price=3505.0)
    desk.report(own, S.ACCEPTED)
    before = len(desk.seen(IntentChanged))
    desk.submit(price=3505.0, crossing=CrossingPolicy.HOLD)
    assert len(desk.seen(IntentChanged)) == before
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "self_trade"


def test_prices_that_do_not_meet_are_not_held() -> None:
    desk = Desk()
    desk.submit(strategy=BETA, side=Side.SELL, price=3501.0)
    desk.submit(price=3500.0, crossing=CrossingPolicy.HOLD)
    desk.submit(strategy=BETA, side=Side.BUY, price=3500.0, crossing=CrossingPolicy.HOLD)
    assert len(desk.venue.sent) == 3


def test_a_market_order_is_held_by_the_price_at_which_it_would_leave() -> None:
    desk = Desk()
    resting = desk.submit(strategy=BETA, side=Side.SELL, price=3505.0)
    desk.report(resting, S.ACCEPTED)
    market = {"kind": OrderKind.MARKET, "price": None, "crossing": CrossingPolicy.HOLD}
    desk.submit(ticks=3, **market)
    assert len(desk.venue.sent) == 2
    desk.submit(ticks=4, **market)
    assert len(desk.venue.sent) == 2


def test_nobody_is_held_for_an_intent_that_uses_none_of_it() -> None:
    """No plan, no record beside the order's own."""
    desk = Desk()
    desk.submit()
    assert desk.seen(IntentChanged) == []
    assert desk.manager.working.plans == {}
    assert SubmitOrder.__struct_defaults__[-2:] == (AuctionPolicy.HOLD, CrossingPolicy.DENY)
