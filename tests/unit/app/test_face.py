"""What the console reads of orders and of the trading state, over the real order manager."""

from types import SimpleNamespace
from typing import Any, cast

from msgspec.structs import replace
from tests.unit.trading.desk import Desk

from homalos.app.face import KEPT, Face, _margins, _performance
from homalos.config.sections.trading import TradingSection
from homalos.engine import Engine
from homalos.kernel.lifecycle import Services
from homalos.model.enums import OrderStatus
from homalos.model.events import KillSwitch, OrderSubmitted
from homalos.model.ids import OrderId, StrategyId
from homalos.model.trading import Order, StrategyPerformance


def face_of(desk: Desk) -> Face:
    engine = SimpleNamespace(
        bus=desk.bus,
        clock=desk.clock,
        orders=desk.manager,
        books=desk.books,
        control=desk.control,
        gateway=desk.venue,
        gate=SimpleNamespace(verdicts={"accepted": 0}),
        config=SimpleNamespace(trading=TradingSection(broker_phone="021-1")),
        flatten=SimpleNamespace(jobs=lambda: ()),
    )
    face = Face(cast(Engine, engine), Services(), replay=None, run=1, extra=dict[str, Any])
    face.attach()
    return face


def test_a_strategys_row_tells_how_it_has_done_and_the_statistics_how_far_margins_are() -> None:
    assert _performance(None)["sharpe"] is None
    known = StrategyPerformance(StrategyId("a"), 50.0, 80.0, 30.0, 40.0, 0.0, 2, 25.0, 10.0, 1.5)
    row = _performance(known)
    assert (row["equity"], row["drawdown"], row["max_drawdown"], row["sharpe"]) == (50, 30, 40, 1.5)
    assert _margins(None) == {"ours": None, "venue": None, "deviation": None}
    assert _margins((3500.0, 3400.5)) == {"ours": 3500.0, "venue": 3400.5, "deviation": 99.5}


def submit(desk: Desk, **changes: Any) -> OrderId:
    """The id of the one order of an intent, a second after the one before."""
    desk.advance(1)
    return desk.manager.registry.of_intent(desk.submit(**changes))[0].id


def ids(face: Face, limit: int = 50) -> list[OrderId]:
    return [order.id for order in face.orders(limit)]


def test_live_orders_come_first_then_what_changed_last() -> None:
    desk = Desk()
    face = face_of(desk)
    first, second, third, fourth = (submit(desk) for _ in range(4))
    assert ids(face) == [fourth, third, second, first]
    for done in (third, first):
        desk.advance(1)
        desk.fill(done, 3500.0)
    assert ids(face) == [fourth, second, first, third]
    assert face.orders(50)[2].status is OrderStatus.FILLED
    assert ids(face, 3) == [fourth, second, first]
    desk.advance(1)
    desk.post(desk.intent(lots=10_000))
    assert face.orders(50)[2].status is OrderStatus.DENIED


def test_orders_of_before_the_first_question_are_there() -> None:
    """Recovery folds the journal without a fact: a restart must not empty the page."""
    desk = Desk()
    old = submit(desk)
    desk.fill(old, 3500.0)
    face = face_of(desk)
    desk.advance(1)
    desk.post(desk.intent(lots=10_000))
    new = submit(desk)
    live, denied, over = face.orders(50)
    assert (live.id, denied.status, over.id) == (new, OrderStatus.DENIED, old)


def test_a_new_trading_day_empties_the_list_of_what_is_over() -> None:
    desk = Desk()
    face = face_of(desk)
    desk.fill(submit(desk), 3500.0)
    assert len(ids(face)) == 1
    desk.manager.expire(20260106)
    desk.bus.run_until_idle()
    assert ids(face) == []


def test_what_is_kept_of_a_long_day_is_bounded() -> None:
    desk = Desk()
    face = face_of(desk)
    made = desk.manager.order(submit(desk))
    assert made is not None
    days_orders = [over(made, number) for number in range(3 * KEPT)]
    face.orders(1)
    for order in days_orders:
        desk.manager.registry.put(order)
        desk.bus.publish(OrderSubmitted(order))
    desk.bus.run_until_idle()
    assert len(face._recent) == KEPT
    newest = [order.id for order in reversed(days_orders)]
    assert ids(face, KEPT) == [made.id, *newest[: KEPT - 1]]


def over(order: Order, number: int) -> Order:
    return replace(
        order,
        id=OrderId(f"{number}-0"),
        intent_id=OrderId(f"{number}"),
        status=OrderStatus.CANCELLED,
        ts_event=order.ts_init + number,
    )


def test_an_order_is_known_by_its_id_and_by_its_intents() -> None:
    desk = Desk()
    face = face_of(desk)
    order = desk.manager.order(submit(desk))
    assert order is not None
    for part in ("split-1", "split-2"):
        made = replace(order, id=OrderId(part), intent_id=OrderId("split"))
        desk.manager.registry.put(made)
    for id_ in (order.id, "split-2", "split"):
        assert face.has_order(OrderId(id_)), id_
    assert not face.has_order(OrderId("nobody"))


def test_the_status_tells_what_a_kill_did() -> None:
    desk = Desk()
    face = face_of(desk)
    resting = submit(desk)
    desk.report(resting, OrderStatus.ACCEPTED)
    before = face.status()
    assert (before["trading_state"], before["live_orders"]) == ("active", 1)
    desk.advance(1)
    desk.post(KillSwitch("cli", "enough", desk.clock.now()))
    killed = face.status()
    assert (killed["trading_state"], killed["live_orders"]) == ("halted", 1)
    assert killed["trading_state_who"] == "cli"
    assert killed["trading_state_why"] == "enough"
    assert (killed["trading_ceiling"], killed["broker_phone"]) == ("halted", "021-1")
    assert killed["trading_state_when"] == desk.clock.now() != before["trading_state_when"]
    desk.report(resting, OrderStatus.CANCELLED)
    after = face.status()
    assert (after["live_orders"], after["open_orders"]) == (0, 0)


def test_an_order_whose_trade_is_missing_is_open_but_not_live() -> None:
    desk = Desk()
    face = face_of(desk)
    order = submit(desk)
    desk.report(order, OrderStatus.FILLED, traded=1)
    status = face.status()
    assert (status["live_orders"], status["open_orders"]) == (0, 1)
