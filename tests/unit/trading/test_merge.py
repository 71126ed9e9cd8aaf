"""An order and what is heard of it, field by field."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, RB, Desk, instrument

from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import OrderReported, TradeReported
from homalos.model.ids import OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.market import Tick
from homalos.model.trading import Order
from homalos.trading.merge import (
    after_report,
    after_trade,
    limit_price,
    market_price,
    part,
    part_id,
)

S = OrderStatus
ID = VenueOrderId("   7")
ORDER = Order(
    OrderId("a"), OrderId("a"), ACCOUNT, StrategyId("alpha"), RB, Side.BUY, Offset.OPEN,
    OrderKind.LIMIT, TimeInForce.GFD, 3500.0, 5, 1,
)  # fmt: skip


def told(status: OrderStatus, traded: int = 0, **changes: object) -> OrderReported:
    made = OrderReported(ORDER.id, ID, RB, status, traded, 31, "text", 20, 30)
    return replace(made, **changes)


def filled(lots: int, price: float = 3500.0, **changes: object) -> TradeReported:
    made = TradeReported(
        ORDER.id, ID, TradeId("1"), RB, Side.BUY, Offset.OPEN, price, lots, DAY, 40, 50
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    "status", [S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED]
)
def test_a_first_report_says_all_that_it_knows(status: OrderStatus) -> None:
    order = after_report(ORDER, told(status, 2))
    assert (order.status, order.traded_lots, order.venue_order_id) == (status, 2, ID)
    assert (order.code, order.message, order.ts_event) == (31, "text", 20)


def test_the_venues_first_word_of_an_order_in_doubt_resolves_it() -> None:
    order = after_report(replace(ORDER, status=S.UNRESOLVED), told(S.SUBMITTED))
    assert order.status is S.SUBMITTED


def test_a_word_that_no_venue_says_changes_no_state() -> None:
    for status in (S.DENIED, S.UNRESOLVED):
        assert after_report(ORDER, told(status)).status is S.SUBMITTED


def test_what_says_nothing_new_gives_the_same_order() -> None:
    known = after_report(ORDER, told(S.ACCEPTED))
    assert after_report(known, told(S.ACCEPTED, code=1, message="x", ts_event=99)) is known
    assert after_report(known, told(S.SUBMITTED)) is known
    partly = after_report(ORDER, told(S.PARTIALLY_FILLED, 3))
    assert after_report(partly, told(S.PARTIALLY_FILLED, 3)) is partly, "booked or not"
    assert (
        after_report(after_trade(partly, filled(1)), told(S.PARTIALLY_FILLED, 2)).traded_lots == 3
    )


@pytest.mark.parametrize(
    "news", [{"traded_lots": 1}, {"venue_order_id": ID}, {"status": S.CANCELLED}, {"ts_event": 9}]
)
def test_each_thing_that_is_new_makes_a_new_order(news: dict[str, object]) -> None:
    known = replace(ORDER, status=S.ACCEPTED, ts_event=0 if "ts_event" in news else 5)
    report = told(S.ACCEPTED, venue_order_id=None, ts_event=5)
    assert after_report(known, replace(report, **news)) is not known


def test_lots_traded_never_fall_and_never_exceed_the_order() -> None:
    known = after_report(ORDER, told(S.PARTIALLY_FILLED, 3))
    assert after_report(known, told(S.PARTIALLY_FILLED, 1)).traded_lots == 3
    assert after_report(known, told(S.FILLED, 9)).traded_lots == 5


def test_a_repeat_in_an_old_state_does_not_take_the_words_of_the_new_one() -> None:
    known = after_report(ORDER, told(S.REJECTED, code=22, message="why"))
    late = after_report(known, told(S.ACCEPTED, 1, code=0, message="", ts_event=77))
    assert (late.status, late.code, late.message, late.ts_event) == (S.REJECTED, 22, "why", 20)
    assert late.traded_lots == 1


def test_an_order_keeps_the_name_that_it_was_given() -> None:
    known = replace(ORDER, venue_order_id=ID)
    again = after_report(known, told(S.ACCEPTED, venue_order_id=VenueOrderId("8")))
    assert again.venue_order_id == ID
    assert after_trade(known, filled(1, venue_order_id=VenueOrderId("8"))).venue_order_id == ID
    assert after_trade(ORDER, filled(1)).venue_order_id == ID


def test_when_it_was_heard_of() -> None:
    first = after_report(ORDER, told(S.SUBMITTED))
    assert first.ts_event == 20, "the first word"
    assert after_report(ORDER, told(S.SUBMITTED, ts_event=0)).ts_event == 30, "or when it came"
    assert after_report(first, told(S.SUBMITTED, 1, ts_event=60)).ts_event == 20
    assert after_report(first, told(S.ACCEPTED, ts_event=60)).ts_event == 60, "a new state"
    assert after_report(first, told(S.ACCEPTED, ts_event=0)).ts_event == 20, "without a time"


def test_fills_average_and_complete_the_order() -> None:
    one = after_trade(ORDER, filled(2, 3500.0))
    assert (one.status, one.booked_lots, one.traded_lots) == (S.PARTIALLY_FILLED, 2, 2)
    assert (one.average_price, one.ts_event) == (3500.0, 40)
    two = after_trade(one, filled(3, 3510.0, ts_event=0))
    assert (two.status, two.booked_lots, two.traded_lots) == (S.FILLED, 5, 5)
    assert (two.average_price, two.ts_event) == (3506.0, 40)


def test_an_average_of_fills_whose_price_nobody_told_is_not_known() -> None:
    """Two of its five lots came with the account's positions: they did not cost nothing."""
    taken = replace(ORDER, status=S.PARTIALLY_FILLED, traded_lots=2, booked_lots=2)
    order = after_trade(taken, filled(1, 3500.0))
    assert (order.booked_lots, order.average_price) == (3, None)
    order = after_trade(order, filled(2, 3500.0))
    assert (order.status, order.average_price) == (S.FILLED, None)


def test_a_fill_that_its_report_has_told_of_is_not_traded_twice() -> None:
    known = after_report(ORDER, told(S.PARTIALLY_FILLED, 4))
    order = after_trade(known, filled(1))
    assert (order.traded_lots, order.booked_lots, order.status) == (4, 1, S.PARTIALLY_FILLED)


def quote(**changes: object) -> Tick:
    tick = Tick(RB, 1, 1, DAY, 3500.0, 1, None, None, 3499.0, 5, 3501.0, 5,
                upper_limit=3850.0, lower_limit=3150.0)  # fmt: skip
    return replace(tick, **changes)


@pytest.mark.parametrize(
    ("side", "changes", "price"),
    [
        (Side.BUY, {}, 3504.0), (Side.SELL, {}, 3496.0),
        (Side.BUY, {"ask_price": None}, 3503.0), (Side.SELL, {"bid_price": None}, 3497.0),
        (Side.BUY, {"upper_limit": 3502.0}, 3502.0), (Side.SELL, {"lower_limit": 3498.0}, 3498.0),
        (Side.BUY, {"upper_limit": None}, 3504.0), (Side.SELL, {"lower_limit": None}, 3496.0),
        (Side.BUY, {"ask_price": None, "last_price": None}, None),
        (Side.BUY, {"lower_limit": 3600.0}, 3504.0), (Side.SELL, {"upper_limit": 3400.0}, 3496.0),
    ],
)  # fmt: skip
def test_how_far_a_market_order_goes(
    side: Side, changes: dict[str, object], price: float | None
) -> None:
    assert market_price(side, instrument(), quote(**changes), 3) == price


def test_a_market_order_goes_by_ticks_of_its_contract_and_nowhere_without_a_tick() -> None:
    row = instrument(tick_size=0.2)
    assert market_price(Side.BUY, row, quote(ask_price=3501.2), 3) == 3501.8
    assert market_price(Side.BUY, instrument(), None, 3) is None
    assert limit_price(Side.BUY, None) is None
    assert (limit_price(Side.BUY, quote()), limit_price(Side.SELL, quote())) == (3850.0, 3150.0)


def test_the_orders_of_an_intent() -> None:
    desk = Desk()
    wish = desk.intent(lots=5, ts_trigger=77, tif=TimeInForce.FOK)
    one, two = part(wish, 0, Offset.CLOSE, 3, 3499.0), part(wish, 2, Offset.OPEN, 2, 3499.0)
    assert (one.id, two.id) == (wish.intent_id, f"{wish.intent_id}.2")
    assert part_id(wish.intent_id, 1) == f"{wish.intent_id}.1"
    assert one.intent_id == two.intent_id == wish.intent_id
    assert (one.offset, one.lots, one.price, one.tif) == (Offset.CLOSE, 3, 3499.0, TimeInForce.FOK)
    assert (one.ts_trigger, one.to_limit, one.kind) == (77, False, OrderKind.LIMIT)
    market = part(
        replace(wish, kind=OrderKind.MARKET, price=None, to_limit=True, tif=TimeInForce.GFD),
        0, Offset.OPEN, 5, 3850.0,
    )  # fmt: skip
    assert (market.tif, market.kind, market.to_limit) == (TimeInForce.FAK, OrderKind.LIMIT, True)
