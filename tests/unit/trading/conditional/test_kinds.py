"""Each kind, held by the daemon, fires what it should and not one tick before."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.conditional.floor import STATES, Floor
from tests.unit.trading.desk import RB, M

from homalos.model.conditional import (
    LOCAL,
    Conditional,
    ConditionalKind,
    TriggerSource,
)
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import AlertRaised, Audited, CancelConditional, ConditionalChanged
from homalos.model.ids import OrderId
from homalos.trading.conditional import placing

K = ConditionalKind


@pytest.mark.fires("stop")
def test_a_stop_closes_with_a_market_order() -> None:
    floor = Floor(long=2)
    id_ = floor.place(lots=2)
    floor.last(3481.0)
    assert floor.status(id_) is STATES.ARMED
    assert not floor.fired()
    floor.last(3480.0)
    assert floor.status(id_) is STATES.FIRED
    (order,) = floor.manager.registry.of_intent(id_)
    assert (order.side, order.offset, order.lots) == (Side.SELL, Offset.CLOSE_TODAY, 2)
    assert order.tif is TimeInForce.FAK
    assert order.price == 3479.0 - floor.section.market_ticks  # from the bid of that tick
    floor.fill(order.id, 3479.0)
    assert floor.status(id_) is STATES.DONE
    assert floor.kept.live() == ()


def test_how_far_it_goes_is_its_own() -> None:
    floor = Floor(long=1)
    id_ = floor.place(ticks=1)
    floor.last(3470.0)
    assert floor.manager.registry.of_intent(id_)[0].price == 3468.0


def test_a_stop_of_a_short_buys() -> None:
    floor = Floor()
    floor.trade(Side.SELL, 1)
    id_ = floor.place(side=Side.BUY, trigger=3520.0)
    floor.last(3519.0)
    assert not floor.fired()
    floor.last(3520.0)
    (order,) = floor.manager.registry.of_intent(id_)
    assert (order.side, order.offset) == (Side.BUY, Offset.CLOSE_TODAY)


@pytest.mark.fires("stop_limit")
def test_a_stop_limit_rests_at_its_limit() -> None:
    floor = Floor(long=1)
    id_ = floor.place(kind=K.STOP_LIMIT, limit=3478.0)
    floor.last(3480.0)
    (order,) = floor.manager.registry.of_intent(id_)
    assert (order.kind, order.tif, order.price) == (OrderKind.LIMIT, TimeInForce.GFD, 3478.0)


@pytest.mark.fires("take_profit")
def test_a_take_profit_fires_in_favour() -> None:
    floor = Floor(long=1)
    id_ = floor.place(kind=K.TAKE_PROFIT, trigger=3520.0)
    floor.last(3519.0)
    assert not floor.fired()
    floor.last(3520.0)
    assert floor.status(id_) is STATES.FIRED


@pytest.mark.fires("trailing")
def test_a_trailing_stop_follows_and_fires() -> None:
    floor = Floor(long=1)
    id_ = floor.place(kind=K.TRAILING, trigger=None, trail_ticks=10)
    (order,) = floor.kept.live()
    assert order.trigger == 3490.0, "it begins at the price that holds when it is placed"
    floor.last(3530.0)
    assert floor.kept.live()[0].trigger == 3520.0
    floor.last(3521.0)
    assert floor.status(id_) is STATES.ARMED
    floor.last(3520.0)
    assert floor.status(id_) is STATES.FIRED
    moves = [e.order.trigger for e in floor.recorded if isinstance(e, ConditionalChanged)]
    assert moves[:3] == [None, 3490.0, 3520.0], "each move is in the journal"


@pytest.mark.parametrize(
    ("source", "quotes"),
    [
        (TriggerSource.BID, {"bid_price": 3480.0, "ask_price": 3490.0}),
        (TriggerSource.ASK, {"bid_price": 3470.0, "ask_price": 3480.0}),
    ],
)
def test_it_watches_its_own_price(source: TriggerSource, quotes: dict[str, float]) -> None:
    floor = Floor(long=1)
    id_ = floor.place(source=source)
    floor.last(3400.0, bid_price=3481.0, ask_price=3485.0)
    assert floor.status(id_) is STATES.ARMED, "the last price is not its price"
    floor.last(3500.0, **quotes)
    assert floor.status(id_) is STATES.FIRED


def test_an_empty_side_of_the_book_is_no_price() -> None:
    floor = Floor(long=1)
    id_ = floor.place(source=TriggerSource.BID)
    floor.last(3400.0, bid_price=None, bid_lots=0)
    assert floor.status(id_) is STATES.ARMED


def test_other_contracts_do_not_trigger_it() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.tick(M, 3000.0)
    assert floor.status(id_) is STATES.ARMED


def test_its_time_ends_it() -> None:
    floor = Floor(long=1)
    id_ = floor.place(good_till=floor.clock.now() + 1_000_000_000)
    floor.advance(0.9)
    assert floor.status(id_) is STATES.ARMED
    floor.advance(0.1)
    assert floor.status(id_) is STATES.EXPIRED
    floor.last(3400.0)
    assert not floor.fired()


def test_it_fires_in_its_last_moment() -> None:
    floor = Floor(long=1)
    floor.place(good_till=floor.clock.now() + 1_000_000_000)
    floor.last(3480.0)
    assert len(floor.fired()) == 1


def test_a_person_cancels_it() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    floor.post(CancelConditional(id_, "trader", floor.clock.now()))
    assert floor.status(id_) is STATES.CANCELLED
    floor.last(3400.0)
    assert not floor.fired()
    (audit,) = [a for a in floor.seen(Audited) if "cancelled" in a.result and id_ in a.target]
    assert audit.who == "trader"


def test_it_says_that_it_is_local() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    (audit,) = [a for a in floor.seen(Audited) if id_ in a.target]
    assert audit.result == LOCAL
    assert "does not exist while this machine is off" in LOCAL
    assert "本地条件单" in LOCAL


def test_an_entry_opens() -> None:
    floor = Floor()
    id_ = floor.place(side=Side.BUY, trigger=3520.0, opens=True, lots=3)
    floor.last(3520.0)
    (order,) = floor.manager.registry.of_intent(id_)
    assert (order.offset, order.lots) == (Offset.OPEN, 3)


def test_an_exit_never_opens() -> None:
    floor = Floor(long=1)
    id_ = floor.place(lots=5)
    floor.last(3480.0)
    assert [o.lots for o in floor.manager.registry.of_intent(id_)] == [1]
    assert [i.lots for i in floor.fired()] == [1]
    assert floor.fired()[0].reduce_only


def test_an_exit_of_nothing_sends_nothing() -> None:
    floor = Floor()
    id_ = floor.place()
    floor.last(3480.0)
    assert floor.status(id_) is STATES.CANCELLED
    assert not floor.fired()


def test_it_ends_with_its_position() -> None:
    floor = Floor(long=2)
    id_ = floor.place(lots=2)
    floor.trade(Side.SELL, 1)
    assert floor.status(id_) is STATES.ARMED
    floor.trade(Side.SELL, 1)
    assert floor.status(id_) is STATES.CANCELLED
    floor.trade(Side.BUY, 2)
    floor.last(3400.0)
    assert not floor.fired(), "an old stop never closes a new position"


def test_an_order_that_dies_unfilled_is_told_loudly() -> None:
    floor = Floor(long=1)
    id_ = floor.place(kind=K.STOP_LIMIT, limit=3480.0)
    floor.last(3480.0)
    floor.report(id_, OrderStatus.CANCELLED)
    assert floor.status(id_) is STATES.FAILED
    alerts = [a.text for a in floor.seen(AlertRaised) if a.severity.value == "critical"]
    assert any("no protection" in text and id_ in text for text in alerts)


def test_what_cannot_be_held_is_refused() -> None:
    floor = Floor(long=1)
    now = floor.clock.now()
    rows: list[Conditional] = [
        floor.conditional(instrument="SHFE.xx2601"),
        floor.conditional(lots=0),
        floor.conditional(good_till=now),
    ]
    for row in rows:
        floor.place(row)
        assert floor.status(row.id) is STATES.REFUSED
    assert floor.kept.live() == ()


def test_one_strategy_cannot_place_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "LIVE_MAX", 3)
    floor = Floor(long=1)
    ids = [floor.place(trigger=3000.0) for _ in range(5)]
    states = [floor.status(id_) for id_ in ids]
    assert states == [STATES.ARMED] * 3 + [STATES.REFUSED] * 2


def test_on_record_before_its_intent_and_the_desk_knows() -> None:
    floor = Floor(long=1)
    id_ = floor.place()
    seen: list[OrderId] = []
    floor.kept.expect = lambda intent: seen.append(intent.intent_id)
    told = len(floor.recorded)
    floor.last(3480.0)
    kinds = [type(event).__name__ for event in floor.recorded[told:]]
    first = next(e for e in floor.recorded[told:] if isinstance(e, ConditionalChanged))
    assert first.order.status is STATES.FIRED
    assert kinds.index("ConditionalChanged") < kinds.index("OrderSubmitted")
    assert seen == [id_]


def test_a_tick_that_comes_twice_fires_once() -> None:
    floor = Floor(long=2)
    id_ = floor.place(lots=1)
    for _ in range(5):
        floor.tick(RB, 3470.0)
    assert [intent.intent_id for intent in floor.fired()] == [id_]
    assert len(floor.venue.sent) == 2  # the entry of the long, and this


def test_replaced_records_cannot_leave_their_life() -> None:
    floor = Floor(long=1)
    floor.place()
    (order,) = floor.kept.live()
    with pytest.raises(ValueError, match="cannot become"):
        floor.kept.book.put(replace(order, status=STATES.DONE))
