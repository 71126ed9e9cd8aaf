"""Terms of an order, its replacement, and what a strategy sees of an intent that is worked on."""

from typing import Any

import pytest
from tests.unit.strategy.desktop import RB, Desktop, spy
from tests.unit.trading.desk import Desk as TradingDesk

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.enums import AuctionPolicy, CrossingPolicy, IntentStage, OrderStatus, Side
from homalos.model.events import IntentChanged, ReplaceOrder, SubmitOrder
from homalos.model.ids import OrderId, StrategyId
from homalos.model.trading import Order, Trade
from homalos.strategy import OnTimeout, StrategyError, Terms
from homalos.strategy.desk import Desk


@pytest.fixture
def trader(desktop: Desktop) -> Desktop:
    desktop.write("spy.py", spy())
    desktop.run("a", "spy.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    return desktop


def test_terms_and_policies_travel_with_the_intent(trader: Desktop) -> None:
    a = trader.strategy("a")
    chase = Terms(2_000, OnTimeout.CHASE, 4, 99, 1, False, True)
    a.buy(RB, 2, 99.0, terms=chase)
    a.target(RB, 5, terms=Terms(to_limit=True))
    trader.bus.run_until_idle()
    first = trader.of(SubmitOrder)[0]
    assert (
        first.timeout_ms, first.on_timeout, first.max_tries, first.good_till, first.ticks,
        first.reduce_only, first.auction, first.crossing,
    ) == (
        2_000, OnTimeout.CHASE, 4, 99, 1, True, AuctionPolicy.HOLD, CrossingPolicy.DENY,
    )  # fmt: skip


def test_the_row_of_a_strategy_says_how_its_orders_behave() -> None:
    assert StrategyEntry(id="a", file="a.py").auction == AuctionPolicy.HOLD.value
    assert StrategyEntry(id="a", file="a.py").crossing == CrossingPolicy.DENY.value


def test_they_reach_the_intent(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    desktop.run("b", "spy.py", "SHFE.rb2601", auction="deny", crossing="hold")
    desktop.strategy("b").buy(RB, 1, 99.0)
    desktop.bus.run_until_idle()
    intent = desktop.of(SubmitOrder)[-1]
    assert (intent.auction, intent.crossing) == (AuctionPolicy.DENY, CrossingPolicy.HOLD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_ms": 3000},
        Terms(timeout_ms=1.5),  # type: ignore[arg-type]
        Terms(timeout_ms=-1),
        Terms(max_tries=1_000_000),
        Terms(good_till=True),
        Terms(ticks=-1),
        Terms(to_limit=1),  # type: ignore[arg-type]
        Terms(on_timeout="chase"),  # type: ignore[arg-type]
    ],
)
def test_wrong_terms_are_refused_at_the_door(trader: Desktop, wrong: Any) -> None:
    with pytest.raises(StrategyError):
        trader.strategy("a").buy(RB, 1, 99.0, terms=wrong)
    assert trader.of(SubmitOrder) == []


def test_a_target_that_waits_for_cancels_keeps_its_terms(trader: Desktop) -> None:
    a = trader.strategy("a")
    trader.venue.hold_cancels = True
    first = a.buy(RB, 2, 90.0)
    trader.bus.run_until_idle()
    assert a.target(RB, -1, 110.0, terms=Terms(timeout_ms=7)) is None
    trader.bus.run_until_idle()
    trader.venue.end(trader.venue.orders[OrderId(f"leg-{first}")])
    trader.bus.run_until_idle()
    intent = trader.of(SubmitOrder)[-1]
    assert (intent.side, intent.lots, intent.timeout_ms) == (Side.SELL, 1, 7)


def test_replace_asks_for_other_terms_on_the_grid(trader: Desktop) -> None:
    a = trader.strategy("a")
    id_ = a.buy(RB, 2, 90.0)
    trader.bus.run_until_idle()
    assert a.replace(id_, 91.4, 3)
    trader.bus.run_until_idle()
    (command,) = trader.of(ReplaceOrder)
    assert (command.order_id, command.price, command.lots) == (id_, 91.0, 3)
    a.cancel(id_)
    trader.bus.run_until_idle()
    assert not a.replace(id_, 92.0)
    with pytest.raises(StrategyError, match="no order of a"):
        a.replace(OrderId("9-1"), 92.0)
    with pytest.raises(StrategyError):
        a.replace(id_, float("nan"))


# ------------------------------------------------------------ the desk


def _wish(lots: int = 5) -> SubmitOrder:
    return TradingDesk(ready=False).intent(
        intent_id=OrderId("t-1"), instrument=RB, lots=lots, strategy=StrategyId("a")
    )


def _changed(stage: IntentStage, lots: int) -> IntentChanged:
    return IntentChanged(_wish(), stage, lots, 1, 1, 0, 0, "", 0)


def _leg(id_: str, lots: int, **changes: Any) -> Order:
    wish = _wish()
    values: dict[str, Any] = {
        "id": OrderId(id_), "intent_id": wish.intent_id, "account": wish.account,
        "strategy": wish.strategy, "instrument": RB, "side": Side.BUY, "offset": "open",
        "kind": wish.kind, "tif": wish.tif, "price": 1.0, "lots": lots, "ts_init": 0,
    }  # fmt: skip
    return Order(**(values | changes))


def _fill(desk: Desk, id_: str, lots: int) -> None:
    desk.on_trade(
        Trade("1", OrderId(id_), "x", "a", RB, Side.BUY, "open", 1.0, lots, 0.0, 0, 0, 0)  # type: ignore[arg-type]
    )


def test_lots_that_are_sent_again_are_counted_once() -> None:
    desk = Desk(StrategyId("a"))
    desk.open(OrderId("t-1"), RB, Side.BUY, 5, None, "")
    desk.on_intent(_changed(IntentStage.WORKING, 5))
    desk.on_order(_leg("t-1", 5))
    _fill(desk, "t-1", 2)
    assert desk.expected(RB) == 5
    desk.on_intent(_changed(IntentStage.RETRY, 3))
    desk.on_order(_leg("t-1", 5, status=OrderStatus.CANCELLED, traded_lots=2))
    assert (desk.expected(RB), desk.intents[OrderId("t-1")].waiting_lots) == (5, 3)
    desk.on_intent(_changed(IntentStage.WORKING, 3))
    desk.on_order(_leg("t-1.100", 3))
    assert (desk.expected(RB), desk.intents[OrderId("t-1")].lots) == (5, 5)
    _fill(desk, "t-1.100", 1)
    desk.on_intent(_changed(IntentStage.ENDED, 0))
    desk.on_order(_leg("t-1.100", 3, status=OrderStatus.CANCELLED, traded_lots=1))
    assert (desk.expected(RB), desk.intents) == (3, {})


def test_an_intent_is_not_over_while_the_core_works_on_it() -> None:
    """All its orders have filled what they will, and the rest of a killed one is still to come."""
    desk = Desk(StrategyId("a"))
    desk.open(OrderId("t-1"), RB, Side.BUY, 5, None, "")
    desk.on_intent(_changed(IntentStage.WORKING, 5))
    desk.on_order(_leg("t-1", 3))
    desk.on_order(_leg("t-1.1", 2))
    desk.on_order(_leg("t-1", 3, status=OrderStatus.CANCELLED))
    _fill(desk, "t-1.1", 2)
    assert [i.id for i in desk.on(RB)] == ["t-1"]
    desk.on_intent(_changed(IntentStage.RETRY, 3))
    assert desk.expected(RB) == 5


def test_a_new_run_learns_of_what_is_held_and_of_what_works(desktop: Desktop) -> None:
    desktop.write("spy.py", spy())
    desktop.view.pending.append(_changed(IntentStage.HELD, 4))
    desktop.run("a", "spy.py", "SHFE.rb2601")
    a = desktop.strategy("a")
    assert a.expected(RB) == 4
    (intent,) = a.orders(RB)
    assert (intent.id, intent.stage, intent.waiting_lots) == ("t-1", IntentStage.HELD, 4)
    assert a.cancel(intent.id)
