"""Orders of a strategy: prices, refusals, targets that never double, cancels."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.strategy.desktop import RB, RB5, Desktop, M, spy

from homalos.config.sections.strategy import StrategySection
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import CancelOrder, OrderCancelled, SubmitOrder
from homalos.model.ids import AccountId, OrderId, StrategyId
from homalos.model.trading import Order, StrategyBook
from homalos.strategy import StrategyError
from homalos.strategy.context import to_grid


@pytest.fixture
def trader(desktop: Desktop) -> Desktop:
    desktop.write("spy.py", spy())
    desktop.run("a", "spy.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    return desktop


def sent(desktop: Desktop) -> list[tuple[Side, int, float | None]]:
    desktop.bus.run_until_idle()
    return [(e.side, e.lots, e.price) for e in desktop.venue.intents]


def test_an_intent_says_all_and_no_offset(trader: Desktop) -> None:
    a = trader.strategy("a")
    intent = a.buy(RB, 2, 99.7, tag="why")
    a.sell(RB, 1, tif=TimeInForce.FOK)
    trader.bus.run_until_idle()
    first, second = trader.of(SubmitOrder)
    assert first == SubmitOrder(
        intent, AccountId("test"), StrategyId("a"), RB, Side.BUY, 2, 99.0, OrderKind.LIMIT,
        TimeInForce.GFD, None, trader.clock.now(), 0, "why",
    )  # fmt: skip
    assert (second.kind, second.tif, second.price) == (OrderKind.MARKET, TimeInForce.FOK, None)


def test_what_orders_gives_shows_all_and_cannot_be_changed(trader: Desktop) -> None:
    """The core's own work rests on an intent that is not settled."""
    a = trader.strategy("a")
    a.buy(RB, 2, 99.0, tag="why")
    trader.bus.run_until_idle()
    (shown,) = a.orders()
    assert (shown.instrument, shown.side, shown.lots, shown.price) == (RB, Side.BUY, 2, 99.0)
    assert (shown.tag, shown.stage, shown.why, shown.cancelled) == ("why", None, "", False)
    assert (shown.working_lots, shown.unsettled_lots, shown.traded_lots) == (2, 2, 0)
    assert {shown} == set(a.orders())
    for name in ("lots", "id", "legs", "cancelled", "_intent", "more"):
        with pytest.raises(AttributeError):
            setattr(shown, name, 7)
    with pytest.raises(TypeError):
        shown.legs[shown.id] = None
    a.cancel_all()
    assert shown.cancelled, "it says what is so now"


@pytest.mark.parametrize(
    ("lots", "price", "kind", "text"),
    [
        (0, 1.0, None, "0 lots"),
        (1.5, 1.0, None, "1.5 lots"),
        (1, float("nan"), None, "finite number"),
        (1, float("inf"), None, "finite number"),
        (1, True, None, "finite number"),
        (1, "3000", None, "finite number"),
        (1, 10**400, None, "finite number"),
        (True, 1.0, None, "True lots"),
        (10**30, 1.0, None, "need an int from 1"),
        (1, 1.0, "limit", "need an OrderKind"),
        (1, 1.0, OrderKind.MARKET, "takes no price"),
        (1, None, OrderKind.LIMIT, "needs a price"),
    ],
)
def test_nonsense_is_refused(
    trader: Desktop, lots: int, price: float | None, kind: OrderKind | None, text: str
) -> None:
    with pytest.raises(StrategyError, match=text):
        trader.strategy("a").buy(RB, lots, price, kind=kind)
    with pytest.raises(StrategyError, match="not listed"):
        trader.strategy("a").buy("SHFE.xx2601", 1, 1.0)
    assert sent(trader) == []


@given(st.floats(0.5, 1e5), st.sampled_from([0.01, 0.02, 0.2, 0.5, 1.0, 5.0]))
def test_prices_move_to_the_grid_away_from_the_market(price: float, tick: float) -> None:
    low, high = to_grid(price, tick, Side.BUY), to_grid(price, tick, Side.SELL)
    assert low <= price + tick * 1e-5
    assert high >= price - tick * 1e-5
    assert high - low <= tick * 1.00001
    assert abs(low / tick - round(low / tick)) < 1e-4
    assert to_grid(low, tick, Side.BUY) == low == to_grid(low, tick, Side.SELL)


def test_target_moves_the_position_and_counts_what_works(trader: Desktop) -> None:
    a = trader.strategy("a")
    assert a.target(RB, 3, 90.0) is not None
    assert a.target(RB, 3, 90.0) is None, "before anything was heard"
    assert sent(trader) == [(Side.BUY, 3, 90.0)]
    assert a.target(RB, 3) is None, "while it works"
    trader.tick(RB, 80)
    assert a.position(RB) == 3
    assert a.target(RB, 3) is None
    a.target(RB, -2)
    assert sent(trader)[1:] == [(Side.SELL, 5, None)]
    assert a.position(RB) == -2
    a.close(RB)
    sent(trader)
    assert a.position(RB) == 0


def test_a_new_target_cancels_first_and_waits_for_the_end(trader: Desktop) -> None:
    a = trader.strategy("a")
    a.target(RB, 3, 90.0)
    trader.bus.run_until_idle()
    trader.venue.hold_cancels = True
    assert a.target(RB, 1, 95.0) is None
    assert a.target(RB, 2, 95.0) is None
    assert len(sent(trader)) == 1, "nothing before the cancel is confirmed"
    order = trader.venue.live()[0]
    trader.venue.fill(order, 1, 90.0)
    trader.bus.run_until_idle()
    assert len(sent(trader)) == 1
    trader.venue.end(trader.venue.orders[order.id])
    trader.bus.run_until_idle()
    assert sent(trader)[1:] == [(Side.BUY, 1, 95.0)], "what the cancelled one had filled counts"


def test_a_fill_whose_trade_is_on_its_way_is_not_bought_again(trader: Desktop) -> None:
    """The end of a FAK may be told before its trades (SHFE)."""
    a = trader.strategy("a")
    a.target(RB, 2, 90.0)
    trader.bus.run_until_idle()
    order = trader.venue.live()[0]
    over = msgspec.structs.replace(order, status=OrderStatus.CANCELLED, traded_lots=2)
    trader.bus.publish(OrderCancelled(over))
    trader.bus.run_until_idle()
    assert a.position(RB) == 0
    assert a.expected(RB) == 2
    assert a.target(RB, 2) is None
    assert len(sent(trader)) == 1


def test_an_unresolved_order_may_still_fill(trader: Desktop) -> None:
    a = trader.strategy("a")
    a.target(RB, 2, 90.0)
    trader.bus.run_until_idle()
    order = trader.venue.live()[0]
    unresolved = msgspec.structs.replace(order, status=OrderStatus.UNRESOLVED)
    trader.manager._on_order(OrderCancelled(unresolved))
    assert a.expected(RB) == 2
    assert a.target(RB, 2) is None


def test_a_stopped_strategy_s_waiting_target_is_dropped(trader: Desktop) -> None:
    a = trader.strategy("a")
    a.target(RB, 3, 90.0)
    trader.bus.run_until_idle()
    trader.venue.hold_cancels = True
    a.target(RB, 1)
    trader.command("a", "stop")
    trader.venue.end(trader.venue.live()[0])
    trader.bus.run_until_idle()
    assert len(sent(trader)) == 1


def test_only_own_orders_can_be_cancelled(trader: Desktop) -> None:
    a, b = trader.strategy("a"), trader.run("b", "spy.py", "DCE.m2601")
    first, second = a.buy(RB, 1, 90.0), a.buy(RB, 1, 91.0)
    b.buy(M, 1, 90.0)
    trader.bus.run_until_idle()
    with pytest.raises(StrategyError, match="no order of b"):
        b.cancel(first)
    assert a.cancel(first)
    trader.bus.run_until_idle()
    assert not a.cancel(first)
    assert a.cancel_all() == 1
    trader.bus.run_until_idle()
    assert [e.order_id for e in trader.of(CancelOrder)] == [first, second]
    assert [o.strategy for o in trader.venue.live()] == ["b"]


def test_the_desk_goes_on_from_the_books_and_the_orders_that_work(desktop: Desktop) -> None:
    book = StrategyBook(StrategyId("a"), RB, 2, 90.0, 0.0, 0.0, 0.0)
    other = StrategyBook(StrategyId("b"), RB, 7, 90.0, 0.0, 0.0, 0.0)
    order = Order(
        OrderId("0-9"), OrderId("0-8"), AccountId("test"), StrategyId("a"), RB, Side.BUY,
        Offset.OPEN, OrderKind.LIMIT, TimeInForce.GFD, 90.0, 5, 0, 0, OrderStatus.PARTIALLY_FILLED,
        2, 2,
    )  # fmt: skip
    desktop.view.held, desktop.view.working = [book, other], [order]
    desktop.venue.orders[order.id] = order
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    assert (a.position(RB), a.expected(RB)) == (2, 5)
    assert a.target(RB, 5) is None
    desktop.tick(RB, 80)
    assert a.position(RB) == 5
    assert {type(x).__name__ for x in a.got} == {"Tick", "Order", "Trade"}


def test_a_product_means_the_contract_that_is_held(desktop: Desktop) -> None:
    book = StrategyBook(StrategyId("a"), RB5, -2, 90.0, 0.0, 0.0, 0.0)
    desktop.view.held = [book]
    desktop.write("spy.py", spy())
    assert desktop.run("a", "spy.py", "SHFE.rb").instrument == RB5
    assert desktop.run("b", "spy.py", "SHFE.rb").instrument == RB


def test_a_person_s_order_in_its_name_reaches_its_desk(trader: Desktop) -> None:
    intent = SubmitOrder(
        OrderId("p-1"), AccountId("test"), StrategyId("a"), RB, Side.BUY, 2, None,
        OrderKind.MARKET, TimeInForce.FAK, None, 0,
    )  # fmt: skip
    trader.bus.post(intent)
    trader.bus.run_until_idle()
    assert trader.strategy("a").position(RB) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("target"), st.integers(-4, 4), st.sampled_from([None, 0, 3])),
            st.tuples(st.just("tick"), st.integers(95, 105), st.just(None)),
            st.tuples(st.just("release"), st.just(0), st.just(None)),
        ),
        max_size=40,
    )
)
def test_whatever_happens_a_target_never_overshoots(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int | None]]
) -> None:
    """Partial fills, delayed cancels, changed minds: position plus everything that works never
    leaves the range of the targets asked for, and at rest the last target is reached."""
    desktop = Desktop(tmp_path_factory.mktemp("targets"), StrategySection())
    desktop.manager.start()
    desktop.venue_lists(RB)
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    venue = desktop.venue
    venue.chunk, venue.hold_cancels = 1, True
    desktop.tick(RB, 100)
    low = high = last = 0

    def worst() -> tuple[int, int]:
        buys = sum(o.remaining_lots for o in venue.live() if o.side is Side.BUY)
        sells = sum(o.remaining_lots for o in venue.live() if o.side is Side.SELL)
        return a.position(RB) - sells, a.position(RB) + buys

    def release() -> None:
        for order in venue.live():
            if any(c.order_id == order.intent_id for c in venue.cancels):
                venue.end(order)
        desktop.bus.run_until_idle()

    for kind, number, away in steps:
        if kind == "target":
            last = number
            low, high = min(low, last), max(high, last)
            a.target(RB, last, None if away is None else 100.0 + away)
        elif kind == "tick":
            desktop.tick(RB, number)
        else:
            release()
        desktop.bus.run_until_idle()
        assert low <= worst()[0]
        assert worst()[1] <= high
    venue.chunk = 100
    a.cancel_all()
    desktop.bus.run_until_idle()
    release()
    for _ in range(2):
        a.target(RB, last)
        desktop.bus.run_until_idle()
        release()
    assert a.position(RB) == last
