"""When the venue is asked, and what becomes of its answer."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, Desk, M, venue_state
from tests.unit.trading.test_adjusting import ROW, ask

from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Channel, Offset, OrderStatus, Side, TradingState
from homalos.model.events import (
    Audited,
    ConnectionChanged,
    OrderReported,
    OrderSubmitted,
    OrderUnresolved,
    Reconciled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import (
    UNATTRIBUTED,
    OrderId,
    TradeId,
    VenueOrderId,
)
from homalos.model.trading import Order, Position
from homalos.trading.venue_sync import _named, _names

S = OrderStatus


def test_the_clock_asks() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=60))
    before = desk.venue.queries
    desk.advance(59)
    assert desk.venue.queries == before
    desk.advance(2)
    assert desk.venue.queries == before + 1
    desk.advance(60)
    assert desk.venue.queries == before + 2
    never = Desk()
    before = never.venue.queries
    never.advance(3600)
    assert never.venue.queries == before


def _delayed(desk: Desk) -> list[Callable[[VenueSnapshot], None]]:
    answers: list[Callable[[VenueSnapshot], None]] = []
    desk.venue.query = lambda _, done: answers.append(done)  # type: ignore[method-assign]
    return answers


def test_a_question_while_one_is_out_is_asked_after_it() -> None:
    desk = Desk()
    answers = _delayed(desk)
    for _ in range(3):
        ask(desk)
    assert len(answers) == 1
    answers[0](venue_state())
    desk.bus.run_until_idle()
    assert len(answers) == 2
    answers[1](venue_state())
    desk.bus.run_until_idle()
    assert len(answers) == 2
    words = len(desk.seen(Reconciled))
    answers[0](venue_state((ROW,)))
    desk.bus.run_until_idle()
    assert len(desk.seen(Reconciled)) == words, "an old answer that comes again"


def test_an_answer_that_does_not_come_is_waited_for_half_a_minute() -> None:
    desk = Desk()
    answers = _delayed(desk)
    ask(desk)
    desk.advance(29.9)
    ask(desk)
    assert len(answers) == 1
    desk.advance(0.1)
    ask(desk)
    assert len(answers) == 2


def test_nothing_is_asked_over_a_line_that_is_down() -> None:
    desk = Desk()
    answers = _delayed(desk)
    ask(desk)
    down = ConnectionChanged("test", Channel.TRADING, False, "", 1)
    desk.post(down)
    ask(desk)
    assert len(answers) == 1
    desk.post(replace(down, channel=Channel.MARKET_DATA, connected=True))
    assert (len(answers), desk.manager.venue.connected) == (1, False)
    desk.post(replace(down, connected=True))
    assert len(answers) == 2


def _resting(number: str, **changes: object) -> Order:
    desk = Desk()
    desk.submit()
    order = replace(
        desk.venue.sent[0], id=OrderId(""), status=S.ACCEPTED, venue_order_id=VenueOrderId(number)
    )
    return replace(order, **changes)


def _started(*orders: Order, positions: tuple[Position, ...] = (), history: bool) -> Desk:
    """A daemon that comes up before a contract is listed; ``history``: with books of before."""
    desk = Desk(ready=False)
    desk.manager.sync.history = history
    desk.venue.snapshot = venue_state(positions, orders)
    return desk


def _up(desk: Desk) -> None:
    desk.post(TradingDayChanged("test", DAY, desk.clock.now()))
    desk.post(ConnectionChanged("test", Channel.TRADING, True, "", desk.clock.now()))


def test_a_start_takes_positions_of_contracts_that_nobody_has_listed_yet() -> None:
    desk = _started(positions=(ROW,), history=False)
    _up(desk)
    assert [row.today_lots for row in desk.books.positions()] == [2]


def test_a_start_takes_the_fills_of_an_order_with_the_positions() -> None:
    row = _resting("   5", lots=3, traded_lots=2, status=S.PARTIALLY_FILLED)
    desk = _started(replace(row, average_price=3499.5), positions=(ROW,), history=False)
    _up(desk)
    (order,) = desk.manager.live()
    assert (order.traded_lots, order.booked_lots, order.average_price) == (2, 2, 3499.5)


def test_a_later_order_has_only_the_fills_that_were_booked() -> None:
    desk = Desk()
    row = _resting("   5", lots=3, traded_lots=2, average_price=3499.5, status=S.PARTIALLY_FILLED)
    desk.venue.snapshot = venue_state(orders=(row,))
    ask(desk)
    (order,) = desk.manager.live()
    assert (order.traded_lots, order.booked_lots, order.average_price) == (2, 0, None)


def test_what_a_venue_does_not_hold_at_a_start_is_over() -> None:
    """One that it had named was cancelled meanwhile; one that it never answered did not arrive."""
    desk = _started(history=True)
    known = _resting("   5", id=OrderId("known"), intent_id=OrderId("known"))
    sent = replace(known, id=OrderId("sent"), intent_id=OrderId("sent"), venue_order_id=None,
                   status=S.SUBMITTED)  # fmt: skip
    for order in (known, sent):
        desk.manager.adopt(order)
    _up(desk)
    states = {order.id: order.status for order in desk.manager.orders()}
    assert states == {"known": S.CANCELLED, "sent": S.REJECTED}


def test_an_order_is_named_by_either_name() -> None:
    row = _resting("   5", id=OrderId("a"))
    known = _names(venue_state(orders=(row,)))
    assert _named(row, known)
    assert _named(replace(row, venue_order_id=None), known)
    assert _named(replace(row, id=OrderId("b")), known)
    assert not _named(replace(row, id=OrderId("b"), venue_order_id=None), known)
    assert not _named(replace(row, id=OrderId("b"), venue_order_id=VenueOrderId("5")), known)
    assert not _named(replace(row, id=OrderId("b"), instrument=M), known)
    nameless = _names(venue_state(orders=(replace(row, id=OrderId(""), venue_order_id=None),)))
    assert not _named(replace(row, venue_order_id=None), nameless)


def test_an_order_that_the_day_took_away_is_asked_after_no_more() -> None:
    desk = Desk()
    answers = _delayed(desk)
    id_ = desk.submit()
    desk.manager.sync.suspect(id_, "test")
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert desk.manager.order(id_) is None
    answers[-1](venue_state(day=DAY + 1))
    desk.bus.run_until_idle()
    desk.venue.query = lambda _, done: done(venue_state(day=DAY + 1))  # type: ignore[method-assign]
    desk.advance(31)
    ask(desk)
    assert desk.seen(Reconciled)[-1].agreed


def test_an_order_that_is_over_but_for_its_trades_is_not_rejected() -> None:
    """Cancelled with one lot traded, whose trade has not come: the venue need not list it."""
    desk = Desk(trading=TradingSection(reconcile_s=0, unresolved_after_ms=2_000))
    id_ = desk.submit(lots=2)
    desk.report(id_, S.CANCELLED, 1)
    desk.advance(30)
    order = desk.manager.order(id_)
    assert order is not None
    assert (order.status, order.traded_lots, order.booked_lots) == (S.CANCELLED, 1, 0)


def test_a_new_day_of_a_venue_of_the_world_is_its_settlement() -> None:
    """Money alone differs, and little: taken as the settlement, not as a broker's rounding."""
    desk = Desk(simulated=False)
    desk.venue.snapshot = venue_state(day=DAY + 1, balance=999_999.0)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    taken = [fact for fact in desk.seen(Audited) if fact.action == "adjust"]
    assert [fact.who for fact in taken] == ["settlement"]


def test_an_order_of_another_terminal_is_told_and_written_down() -> None:
    desk = Desk()
    desk.venue.snapshot = venue_state(orders=(_resting("   5", cancel_requested=True),))
    ask(desk)
    for told in (desk.seen(OrderSubmitted)[-1], desk.recorded[-1]):
        assert isinstance(told, OrderSubmitted)
        order = told.order
        assert order.id == order.intent_id == f"SHFE:   5:{DAY}"
        assert (order.strategy, order.account) == (UNATTRIBUTED, desk.manager.account_id)
        assert (order.booked_lots, order.average_price, order.cancel_requested) == (0, None, False)


def test_lots_that_were_booked_before_their_order_was_known() -> None:
    """Two of its three lots; a trade of the same number on another exchange is none of them."""
    desk, number = Desk(), VenueOrderId("   5")
    now = desk.clock.now()
    told = TradeReported(
        None, number, TradeId("   9"), RB, Side.BUY, Offset.OPEN, 3500.0, 2, DAY, now, now
    )
    desk.post(told)
    desk.post(replace(told, instrument=M, trade_id=TradeId("  10")))
    trades = tuple(f.trade for f in desk.facts if type(f).__name__ == "TradeFilled")
    state = venue_state(
        orders=(_resting("   5", lots=3, traded_lots=2, status=S.PARTIALLY_FILLED),), trades=trades
    )
    state.positions = desk.books.positions()
    state.account = desk.books.account()
    desk.venue.snapshot = state
    ask(desk)
    (order,) = desk.manager.live()
    assert (order.booked_lots, order.traded_lots) == (2, 2)
    assert desk.seen(Reconciled)[-1].agreed


@pytest.mark.parametrize("named", [True, False])
def test_an_unresolved_order_is_settled_by_what_the_venue_says(named: bool) -> None:
    """It knows it: then it is what it says. Twice it does not: then it never arrived."""
    desk = Desk(trading=TradingSection(reconcile_s=0, unresolved_after_ms=2_000))
    id_ = desk.submit()
    order = desk.venue.sent[0]
    row = replace(order, status=S.ACCEPTED, venue_order_id=VenueOrderId("  7"))
    desk.venue.snapshot = venue_state(orders=(row,) if named else ())
    desk.advance(1.9)
    assert desk.manager.order(id_).status is S.SUBMITTED  # type: ignore[union-attr]
    desk.advance(0.2)
    assert len(desk.seen(OrderUnresolved)) == 1
    now = desk.manager.order(id_)
    assert now is not None
    assert now.status is (S.ACCEPTED if named else S.UNRESOLVED), "once is not enough"
    desk.advance(2)
    now = desk.manager.order(id_)
    assert now is not None
    assert now.status is (S.ACCEPTED if named else S.REJECTED)
    assert ("does not know" in now.message) is not named
    assert desk.control.state is TradingState.ACTIVE


def test_an_order_known_by_the_venues_name_alone_is_known() -> None:
    """A foreign row without our id: the name that its first report gave it finds it."""
    desk = Desk()
    id_ = desk.submit()
    desk.report(id_, S.SUBMITTED, venue_order_id=VenueOrderId("  7"))
    row = replace(
        desk.venue.sent[0], id=OrderId(""), status=S.ACCEPTED, venue_order_id=VenueOrderId("  7")
    )
    desk.venue.snapshot = venue_state(orders=(row,))
    ask(desk)
    assert [order.id for order in desk.manager.orders()] == [id_]
    assert desk.manager.order(id_).status is S.ACCEPTED  # type: ignore[union-attr]
    assert desk.seen(Reconciled)[-1].agreed


def test_orders_on_their_way_put_a_comparison_off_but_not_for_ever() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=0, unresolved_after_ms=600_000))
    desk.submit()
    before = len(desk.seen(Reconciled))
    for _ in range(3):
        ask(desk)
    assert len(desk.seen(Reconciled)) == before
    ask(desk)
    (word,) = desk.seen(Reconciled)[before:]
    assert "is live in the books only" in word.differences[0]
    ask(desk)
    assert len(desk.seen(Reconciled)) == before + 1, "and from the beginning"


def test_a_report_of_an_order_that_is_over_makes_nobody_ask() -> None:
    desk = Desk()
    before = desk.venue.queries
    now = desk.clock.now()
    report = OrderReported(None, VenueOrderId("  5"), RB, S.FILLED, 1, 0, "", now, now)
    desk.post(report)
    assert desk.venue.queries == before
    desk.post(replace(report, status=S.ACCEPTED))
    assert desk.venue.queries == before + 1
