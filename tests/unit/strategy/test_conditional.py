"""Conditional orders as a strategy asks for them: what is sent to the core, and what is refused."""

from typing import Any

import msgspec
import pytest
from tests.unit.strategy.desktop import RB, Desktop, spy

from homalos.model.conditional import (
    Conditional,
    ConditionalKind,
    ConditionalStatus,
    GapPolicy,
    TriggerSource,
)
from homalos.model.enums import OrderKind, Side, TimeInForce
from homalos.model.events import (
    CancelConditional,
    CancelOrder,
    ConditionalChanged,
    PlaceConditional,
    SubmitOrder,
)
from homalos.model.ids import AccountId, OrderId, StrategyId
from homalos.strategy import StrategyError, When

K, SELL, BUY = ConditionalKind, Side.SELL, Side.BUY


@pytest.fixture
def trader(desktop: Desktop) -> Desktop:
    desktop.write("spy.py", spy() + "    def on_conditional(self, order): self.got.append(order)\n")
    desktop.run("a", "spy.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    return desktop


def placed(desktop: Desktop) -> tuple[Conditional, ...]:
    desktop.bus.run_until_idle()
    return tuple(order for event in desktop.of(PlaceConditional) for order in event.orders)


def told(desktop: Desktop, order: Conditional, status: ConditionalStatus) -> Conditional:
    changed = msgspec.structs.replace(order, status=status)
    desktop.bus.publish(ConditionalChanged(changed, desktop.clock.now()))
    desktop.bus.run_until_idle()
    return changed


def test_each_kind_says_all(trader: Desktop) -> None:
    a = trader.strategy("a")
    when = When(TriggerSource.BID, GapPolicy.LIMIT, 3, 1 << 61, opens=True)
    ids = [
        a.stop(RB, SELL, 2, 90.4, when=when, tag="why"),
        a.stop_limit(RB, SELL, 1, 90, 88),
        a.take_profit(RB, SELL, 1, 110),
        a.take_profit(RB, SELL, 1, 110, 111),
        a.trail(RB, SELL, 1, ticks=5),
        a.trail(RB, BUY, 1, percent=0.5),
    ]
    rows = placed(trader)
    assert [order.id for order in rows] == ids
    assert all(order.group == order.id and order.account == AccountId("test") for order in rows)
    first = rows[0]
    assert (first.strategy, first.instrument, first.side, first.lots) == ("a", RB, SELL, 2)
    assert (first.kind, first.trigger, first.limit) == (K.STOP, 90.0, None)
    assert (first.source, first.gap, first.ticks) == (TriggerSource.BID, GapPolicy.LIMIT, 3)
    assert (first.good_till, first.opens, first.tag) == (1 << 61, True, "why")
    assert [(o.kind, o.trigger, o.limit) for o in rows[1:4]] == [
        (K.STOP_LIMIT, 90.0, 88.0), (K.TAKE_PROFIT, 110.0, None), (K.TAKE_PROFIT, 110.0, 111.0),
    ]  # fmt: skip
    assert [(o.kind, o.trail_ticks, o.trail_percent) for o in rows[4:]] == [
        (K.TRAILING, 5, 0.0), (K.TRAILING, 0, 0.5),
    ]  # fmt: skip


def test_a_pair_shares_its_group(trader: Desktop) -> None:
    ids = trader.strategy("a").oco(RB, SELL, 2, stop=90, target=110)
    stop, target = placed(trader)
    assert (ids.stop, ids.target) == (stop.id, target.id)
    assert stop.group == target.group == stop.id
    assert (stop.kind, target.kind, target.limit) == (K.STOP, K.TAKE_PROFIT, 110.0)


def test_a_bracket_places_its_legs_before_its_entry(trader: Desktop) -> None:
    ids = trader.strategy("a").bracket(RB, BUY, 2, 100, stop=90, target=110)
    stop, target = placed(trader)
    (entry,) = trader.of(SubmitOrder)
    names = [type(event).__name__ for event in trader.seen]
    assert names.index("PlaceConditional") < names.index("SubmitOrder")
    assert ids == (entry.intent_id, stop.id, target.id)
    assert (entry.side, entry.lots, entry.price) == (BUY, 2, 100.0)
    for leg in (stop, target):
        assert (leg.side, leg.lots, leg.entry, leg.group) == (SELL, 0, ids.entry, ids.entry)


def test_a_bracket_may_trail_and_may_have_one_leg(trader: Desktop) -> None:
    a = trader.strategy("a")
    ids = a.bracket(RB, SELL, 1, trail_ticks=4, target=90)
    only = a.bracket(RB, SELL, 1, target=90)
    assert [o.kind for o in placed(trader)] == [K.TRAILING, K.TAKE_PROFIT, K.TAKE_PROFIT]
    assert ids.stop is not None
    assert only.stop is None


WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("stop", (RB, "sell", 1, 90), {}),
    ("stop", (RB, SELL, 0, 90), {}),
    ("stop", (RB, SELL, 1, float("nan")), {}),
    ("stop", (RB, SELL, 1, -5), {}),
    ("stop", (RB, SELL, 1, 90), {"when": "now"}),
    ("stop", (RB, SELL, 1, 90), {"when": When(source="last")}),
    ("stop", (RB, SELL, 1, 90), {"when": When(ticks=-1)}),
    ("stop", (RB, SELL, 1, 90), {"when": When(good_till=1.5)}),
    ("stop", (RB, SELL, 1, 90), {"when": When(opens=1)}),
    ("stop", ("SHFE.xx2601", SELL, 1, 90), {}),
    ("trail", (RB, SELL, 1), {}),
    ("trail", (RB, SELL, 1), {"ticks": 5, "percent": 1.0}),
    ("trail", (RB, SELL, 1), {"percent": 60.0}),
    ("trail", (RB, SELL, 1), {"ticks": -5}),
    ("oco", (RB, SELL, 1), {"stop": 110, "target": 90}),
    ("oco", (RB, SELL, 1), {"stop": 90, "target": 110, "when": When(opens=True)}),
    ("bracket", (RB, BUY, 1), {}),
    ("bracket", (RB, BUY, 1), {"stop": 90, "trail_ticks": 5}),
    ("bracket", (RB, BUY, 1), {"stop": 110, "target": 90}),
]


@pytest.mark.parametrize(("action", "given", "named"), WRONG)
def test_what_makes_no_sense_is_refused(
    trader: Desktop, action: str, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(StrategyError):
        getattr(trader.strategy("a"), action)(*given, **named)
    assert placed(trader) == ()
    assert trader.of(SubmitOrder) == []


def test_stop_prices_are_needed(trader: Desktop) -> None:
    a = trader.strategy("a")
    for call in (
        lambda: a.stop(RB, SELL, 1, None),
        lambda: a.stop_limit(RB, SELL, 1, 90, None),
        lambda: a.oco(RB, SELL, 1, stop=None, target=110),
        lambda: a.oco(RB, SELL, 1, stop=90, target=None),
    ):
        with pytest.raises(StrategyError):
            call()
    assert placed(trader) == ()


def test_a_bracket_needs_no_position_of_the_other_side(trader: Desktop) -> None:
    a = trader.strategy("a")
    a.sell(RB, 1)
    trader.tick(RB, 100)
    assert a.position(RB) == -1
    with pytest.raises(StrategyError, match="-1 are held"):
        a.bracket(RB, BUY, 1, stop=90)
    a.bracket(RB, SELL, 1, stop=110)


def test_it_sees_its_own_and_hears_of_them(trader: Desktop) -> None:
    a = trader.strategy("a")
    id_ = a.stop(RB, SELL, 1, 90)
    assert [o.id for o in a.conditionals()] == [id_], "at once"
    (order,) = placed(trader)
    armed = told(trader, order, ConditionalStatus.ARMED)
    assert a.got[-1] == armed
    told(trader, order, ConditionalStatus.CANCELLED)
    assert a.conditionals() == ()


def test_it_cancels_its_own(trader: Desktop) -> None:
    a = trader.strategy("a")
    id_ = a.stop(RB, SELL, 1, 90)
    assert a.cancel(id_)
    a.trail(RB, SELL, 1, ticks=5)
    assert a.cancel_conditionals() == 2
    trader.bus.run_until_idle()
    assert next(e.order_id for e in trader.of(CancelConditional)) == id_
    with pytest.raises(StrategyError):
        a.cancel(OrderId("9-9"))


def test_cancel_all_leaves_protection_alone(trader: Desktop) -> None:
    a = trader.strategy("a")
    a.stop(RB, SELL, 1, 90)
    (order,) = placed(trader)
    fire(trader, order)
    assert a.cancel_all() == 0
    trader.command("a", "stop")
    assert trader.of(CancelOrder) == []
    assert trader.of(CancelConditional) == []


def fire(trader: Desktop, order: Conditional) -> SubmitOrder:
    """As the core does it: the desk is told, then the intent is published."""
    fired = msgspec.structs.replace(order, status=ConditionalStatus.FIRED, sent_lots=order.lots)
    intent = SubmitOrder(
        order.id, AccountId("test"), StrategyId("a"), RB, order.side, order.lots, 80.0,
        OrderKind.LIMIT, TimeInForce.GFD, None, trader.clock.now(),
    )  # fmt: skip
    trader.manager.expect(intent)
    trader.bus.publish(ConditionalChanged(fired, trader.clock.now()))
    return intent


def test_what_has_fired_counts_at_once(trader: Desktop) -> None:
    """On the tick on which the stop fired, the strategy wants out as well: no second order."""
    a = trader.strategy("a")
    a.buy(RB, 1)
    trader.tick(RB, 100)
    a.stop(RB, SELL, 1, 90)
    (order,) = placed(trader)
    intent = fire(trader, order)
    assert a.expected(RB) == 0
    assert a.close(RB) is None
    trader.bus.publish(intent)
    trader.bus.run_until_idle()
    assert [i.side for i in trader.venue.intents] == [BUY, SELL]


def test_a_quarantine_cancels_nothing_that_protects(desktop: Desktop) -> None:
    desktop.write(
        "rogue.py",
        "class Rogue(Strategy):\n"
        "    def on_bar(self, bar): pass\n"
        "    def on_timer(self, name): raise RuntimeError(name)\n",
    )
    desktop.run("a", "rogue.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    a = desktop.strategy("a")
    a.stop(RB, SELL, 1, 90)
    (order,) = placed(desktop)
    fire(desktop, order)
    for number in range(20):
        a.schedule(str(number), 1)
    desktop.advance(2)
    assert desktop.state("a").value == "quarantined"
    assert desktop.of(CancelOrder) == []
    assert desktop.of(CancelConditional) == []


def test_a_desk_takes_up_what_an_earlier_run_left(desktop: Desktop) -> None:
    held = Conditional(
        OrderId("1-9"), OrderId("1-9"), AccountId("test"), StrategyId("a"), RB, SELL, K.STOP, 1,
        90.0, 0,
    )  # fmt: skip
    desktop.view.kept = [held, msgspec.structs.replace(held, id="1-8", strategy="b")]
    desktop.write("spy.py", spy())
    a = desktop.run("a", "spy.py", "SHFE.rb2601")
    assert a.conditionals() == (held,)
    assert a.cancel(held.id)
