"""The step, the merge of what a venue says, cancels, kill, silence."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, IF, RB, Desk, M, instrument, venue_state

from homalos.config.sections.risk import RiskSection
from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import (
    Channel,
    Direction,
    Offset,
    OrderKind,
    OrderStatus,
    Severity,
    Side,
    StrategyState,
    TimeInForce,
    TradingState,
)
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    ConnectionChanged,
    HandlerFailed,
    InstrumentListed,
    KillSwitch,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnresolved,
    Reconciled,
    StrategyStateChanged,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId, VenueOrderId
from homalos.model.trading import Trade

S = OrderStatus


def test_an_intent_becomes_an_order_that_is_journaled_before_it_leaves() -> None:
    desk = Desk()
    order_of_things: list[str] = []
    send, record = desk.venue.send, desk.bus.record
    desk.venue.send = lambda order: (order_of_things.append("send"), send(order))[1]
    desk.bus.record = lambda e: (order_of_things.append(type(e).__name__), record(e))[1]
    id_ = desk.submit(lots=2)
    assert order_of_things == ["OrderSubmitted", "send"]
    assert [o.id for o in desk.venue.sent] == [id_]
    assert desk.seen(OrderSubmitted)[0].order.offset is Offset.OPEN
    assert desk.books.account().frozen_margin == pytest.approx(2 * 3500 * 10 * 0.1)


def test_a_second_intent_of_the_same_tick_sees_the_first_one_booked() -> None:
    desk = Desk(risk=RiskSection(max_position_lots=3))
    desk.bus.post(desk.intent(lots=2))
    desk.bus.post(desk.intent(lots=2))
    desk.bus.run_until_idle()
    assert len(desk.venue.sent) == 1
    assert [d.rule for d in desk.seen(OrderDenied)[0].denials] == ["position"]


def test_an_intent_that_comes_twice_leaves_once() -> None:
    desk = Desk()
    intent = desk.intent()
    desk.post(intent)
    desk.post(intent)
    assert len(desk.venue.sent) == 1


def test_a_refused_send_is_rejected_here_and_binds_nothing() -> None:
    desk = Desk()
    desk.venue.returns = -2
    id_ = desk.submit()
    order = desk.manager.order(id_)
    assert order is not None
    assert (order.status, order.code) == (S.REJECTED, -2)
    assert "nothing was sent" in order.message
    assert len(desk.seen(OrderRejected)) == 1
    assert desk.books.account().frozen_margin == 0
    desk.advance(60)
    assert desk.seen(OrderUnresolved) == []


def test_fills_come_from_trades_alone_and_once() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3)
    desk.report(id_, S.ACCEPTED)
    desk.report(id_, S.ACCEPTED)
    desk.report(id_, S.FILLED, 3)
    assert desk.seen(OrderFilled) == [], "the venue's word alone moves no lots"
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 0
    assert [o.id for o in desk.manager.live()] == [id_], "its trades are still on their way"
    first, second = desk.trade_report(id_, 1, 3500.0), desk.trade_report(id_, 2, 3503.0)
    for report in (first, first, second, first, second):
        desk.post(report)
    assert len(desk.seen(OrderAccepted)) == 1
    assert [f.trade.lots for f in desk.seen(TradeFilled)] == [1, 2]
    order = desk.manager.order(id_)
    assert order is not None
    assert (order.booked_lots, order.average_price) == (3, pytest.approx(3502.0))
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 3
    assert desk.manager.live() == ()
    assert desk.books.account().frozen_margin == 0


def test_same_trade_id_of_both_sides_is_two_trades() -> None:
    desk = Desk()
    a, b = (
        desk.submit(lots=1),
        desk.submit(lots=1, side=Side.SELL, price=3600.0, strategy=StrategyId("b")),
    )
    one = desk.trade_report(a, 1, 3500.0)
    desk.post(one)
    desk.post(desk.trade_report(b, 1, 3600.0, trade_id=one.trade_id))
    assert len(desk.seen(TradeFilled)) == 2


def test_fak_end_before_its_trade_is_told_when_the_trade_is_booked() -> None:
    desk = Desk()
    id_ = desk.submit(lots=10, tif=TimeInForce.FAK)
    desk.report(id_, S.CANCELLED, 4)
    assert desk.seen(OrderCancelled) == []
    assert desk.books.contract(RB).working.open_buy == 4  # type: ignore[union-attr]
    desk.post(desk.trade_report(id_, 4, 3500.0))
    told = desk.seen(OrderCancelled)
    assert [(f.order.booked_lots, f.order.traded_lots) for f in told] == [(4, 4)]
    assert desk.manager.live() == ()
    assert desk.books.contract(RB).working.open_buy == 0  # type: ignore[union-attr]


def test_reports_never_take_an_order_backwards() -> None:
    desk = Desk()
    id_ = desk.submit(lots=4)
    desk.fill(id_, 3500.0, 3)
    desk.report(id_, S.ACCEPTED, 0)
    desk.report(id_, S.PARTIALLY_FILLED, 1)
    order = desk.manager.order(id_)
    assert order is not None
    assert (order.status, order.traded_lots) == (S.PARTIALLY_FILLED, 3)
    assert len(desk.seen(OrderAccepted)) == 0


def test_offsets_split_an_intent_and_name_its_parts() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 3)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    desk.trade(Side.BUY, 2)
    id_ = desk.submit(side=Side.SELL, lots=6)
    parts = desk.manager.registry.of_intent(id_)
    assert [(p.id, p.offset, p.lots) for p in parts] == [
        (id_, Offset.CLOSE_TODAY, 2),
        (f"{id_}.1", Offset.CLOSE_YESTERDAY, 3),
        (f"{id_}.2", Offset.OPEN, 1),
    ]
    for part in parts:
        desk.fill(part.id, 3500.0)
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == -1


def test_market_order_leaves_as_a_fak_limit_through_the_opposite_price() -> None:
    desk = Desk()
    desk.submit(kind=OrderKind.MARKET, price=None)
    desk.fill(desk.submit(kind=OrderKind.MARKET, price=None), 3501.0)
    for order in desk.manager.live():
        desk.report(order.id, S.CANCELLED)
    desk.submit(kind=OrderKind.MARKET, price=None, side=Side.SELL, strategy=StrategyId("b"))
    up, _, down = desk.venue.sent
    assert (up.kind, up.tif, up.price) == (OrderKind.LIMIT, TimeInForce.FAK, 3506.0)
    assert down.price == 3494.0
    desk.report(down.id, S.CANCELLED)
    desk.tick(RB, 3500.0, upper_limit=3503.0)
    desk.submit(kind=OrderKind.MARKET, price=None)
    assert desk.venue.sent[-1].price == 3503.0


@pytest.mark.fires("price")
def test_market_order_without_any_price_is_denied() -> None:
    desk = Desk()
    desk.books.quotes.clear()
    desk.submit(kind=OrderKind.MARKET, price=None)
    assert desk.venue.sent == []
    assert [d.rule for d in desk.seen(OrderDenied)[0].denials] == ["price"]


@pytest.mark.fires("instrument")
def test_unknown_contract_is_denied_by_name() -> None:
    desk = Desk()
    desk.submit(instrument=InstrumentId("SHFE.zz2601"))
    assert [d.rule for d in desk.seen(OrderDenied)[0].denials] == ["instrument"]


def test_a_denied_order_says_every_reason() -> None:
    """The order is what strategies and the page get; the denials are the event's."""
    desk = Desk(risk=RiskSection(max_order_lots=5, max_position_lots=3))
    desk.submit(lots=6)
    (denied,) = desk.seen(OrderDenied)
    assert len(denied.denials) == 2
    assert denied.order.status is OrderStatus.DENIED
    assert denied.order.message == "; ".join(d.message for d in denied.denials)
    assert "6" in denied.order.message
    assert desk.recorded[-1] == denied


def test_kill_halts_and_cancels_everything() -> None:
    desk = Desk()
    ids = [desk.submit(), desk.submit(instrument=IF, lots=1)]
    for id_ in ids:
        desk.report(id_, S.ACCEPTED)
    unnamed = desk.submit(instrument=M)
    desk.post(KillSwitch("trader", "enough", desk.clock.now()))
    assert desk.control.state is TradingState.HALTED
    assert desk.venue.cancelled == ids
    desk.report(unnamed, S.ACCEPTED)
    assert desk.venue.cancelled == [*ids, unnamed]
    desk.submit()
    assert "trading_state" in desk.denials()


def test_td_down_denies_and_reconnect_reconciles() -> None:
    desk = Desk()
    desk.post(ConnectionChanged("test", Channel.TRADING, False, "cut", desk.clock.now()))
    desk.submit()
    assert [d.rule for d in desk.seen(OrderDenied)[0].denials] == ["connection"]
    desk.post(ConnectionChanged("test", Channel.MARKET_DATA, True, "", desk.clock.now()))
    desk.submit()
    assert len(desk.seen(OrderDenied)) == 2, "market data says nothing about trading"
    before = desk.venue.queries
    desk.post(ConnectionChanged("test", Channel.TRADING, True, "", desk.clock.now()))
    assert desk.venue.queries == before + 1
    assert desk.seen(Reconciled)[-1].agreed
    desk.submit()
    assert len(desk.venue.sent) == 1


def _full(_: Event) -> None:
    raise OSError("no space left on device")


class TestSilence:
    def test_becomes_unresolved_is_queried_and_never_sent_again(self) -> None:
        desk = Desk()
        id_ = desk.submit()
        before = desk.venue.queries
        desk.venue.snapshot = None
        desk.advance(5.1)
        assert desk.manager.order(id_).status is S.UNRESOLVED  # type: ignore[union-attr]
        assert len(desk.seen(OrderUnresolved)) == 1
        assert desk.venue.queries > before
        assert desk.books.account().frozen_margin > 0, "it may be alive: its margin stays bound"
        desk.report(id_, S.ACCEPTED)
        assert desk.manager.order(id_).status is S.ACCEPTED  # type: ignore[union-attr]
        assert len(desk.venue.sent) == 1

    def test_is_resolved_by_what_the_venue_holds(self) -> None:
        desk = Desk()
        id_ = desk.submit(lots=2)
        order = desk.venue.sent[0]
        fill = Trade(
            "  1", id_, order.account, StrategyId(""), RB, Side.BUY, Offset.OPEN, 3500.0, 2, 0.0,
            DAY, 5, 5,
        )  # fmt: skip
        there = replace(order, status=S.FILLED, traded_lots=2, venue_order_id=VenueOrderId("  9"))
        desk.venue.snapshot = venue_state(orders=(there,), trades=(fill,))
        desk.advance(5.1)
        assert desk.manager.order(id_).status is S.FILLED  # type: ignore[union-attr]
        assert desk.books.book(StrategyId("alpha"), RB).net_lots == 2
        assert len(desk.venue.sent) == 1

    def test_is_given_up_only_after_two_answers_that_do_not_know_it(self) -> None:
        desk = Desk()
        id_ = desk.submit()
        desk.advance(5.1)
        assert desk.manager.order(id_).status is S.UNRESOLVED  # type: ignore[union-attr]
        desk.advance(5.1)
        order = desk.manager.order(id_)
        assert order is not None
        assert order.status is S.REJECTED
        assert "does not know" in order.message
        assert desk.books.account().frozen_margin == 0
        assert len(desk.venue.sent) == 1

    def test_an_answer_to_a_question_asked_before_it_left_says_nothing(self) -> None:
        desk = Desk()
        held: list[Callable[[VenueSnapshot], None]] = []
        desk.venue.query = lambda account, done: held.append(done)  # type: ignore[method-assign]
        desk.manager.sync.request("a test")
        id_ = desk.submit()
        desk.advance(5.1)
        for done in (0, 1):
            held[done](venue_state())
            assert desk.manager.order(id_).status is S.UNRESOLVED  # type: ignore[union-attr]
        desk.advance(5.1)
        held[2](venue_state())
        assert desk.manager.order(id_).status is S.REJECTED  # type: ignore[union-attr]

    def test_what_moved_while_the_venue_answered_is_no_difference(self) -> None:
        desk = Desk()
        old = desk.submit()
        desk.report(old, S.ACCEPTED)
        held: list[Callable[[VenueSnapshot], None]] = []
        desk.venue.query = lambda account, done: held.append(done)  # type: ignore[method-assign]
        desk.manager.sync.request("a test")
        there = replace(
            desk.venue.sent[0], status=S.ACCEPTED, venue_order_id=VenueOrderId(f"{old:>12}")
        )
        desk.report(old, S.CANCELLED)
        desk.report(desk.submit(), S.ACCEPTED)
        before = len(desk.seen(Reconciled))
        held[0](venue_state(orders=(there,)))
        desk.advance(0.1)
        desk.manager.sync.request("a test")
        held[1](venue_state())
        desk.advance(0.1)
        moved, stood_still = desk.seen(Reconciled)[before:]
        assert moved.agreed
        assert "is live in the books only" in stood_still.differences[0]

    def test_a_gateway_that_raises_leaves_an_order_of_unknown_fate(self) -> None:
        desk = Desk()
        desk.venue.raises = "broken pipe"
        id_ = desk.submit(lots=2)
        assert [f.order.id for f in desk.seen(OrderSubmitted)] == [id_]
        (alert,) = desk.seen(AlertRaised)
        assert (alert.severity, id_ in alert.text) == (Severity.ERROR, True)
        assert "OSError: broken pipe" in alert.text
        assert desk.seen(HandlerFailed) == []
        desk.venue.raises, before = "", desk.venue.queries
        there = replace(desk.venue.sent[0], status=S.ACCEPTED, venue_order_id=VenueOrderId("9"))
        desk.venue.snapshot = venue_state(orders=(there,))
        desk.advance(5.1)
        assert len(desk.seen(OrderUnresolved)) == 1
        assert desk.venue.queries == before + 1
        assert desk.manager.order(id_).status is S.ACCEPTED  # type: ignore[union-attr]
        assert len(desk.venue.sent) == 1, "never sent again"

    def test_an_order_that_never_left_a_raising_gateway_is_given_up(self) -> None:
        desk = Desk()
        desk.venue.raises = "broken pipe"
        id_ = desk.submit()
        desk.advance(10.2)
        assert desk.manager.order(id_).status is S.REJECTED  # type: ignore[union-attr]
        assert desk.books.account().frozen_margin == 0

    def test_a_journal_that_fails_leaves_no_order_that_waits_for_ever(self) -> None:
        desk = Desk()
        desk.lenient = True
        record, desk.bus.record = desk.bus.record, _full  # type: ignore[method-assign]
        id_ = desk.submit()
        desk.bus.record = record  # type: ignore[method-assign]
        assert desk.venue.sent == []
        desk.advance(10.2)
        assert desk.manager.order(id_).status is S.REJECTED  # type: ignore[union-attr]

    def test_an_answer_in_time_is_no_silence(self) -> None:
        desk = Desk()
        id_ = desk.submit()
        desk.report(id_, S.SUBMITTED, venue_order_id=None)
        desk.advance(60)
        assert desk.seen(OrderUnresolved) == []


def test_foreign_trades_are_booked_to_nobody_or_to_the_owner_of_the_order() -> None:
    desk = Desk()
    id_ = desk.submit(lots=2)
    desk.report(id_, S.ACCEPTED)
    known = desk.trade_report(id_, 2, 3500.0)
    order = desk.manager.order(id_)
    assert order is not None
    desk.post(replace(known, order_id=None, venue_order_id=order.venue_order_id))
    desk.post(replace(known, order_id=None, venue_order_id=VenueOrderId("77"), trade_id="x"))
    assert [f.trade.strategy for f in desk.seen(TradeFilled)] == ["alpha", UNATTRIBUTED]
    assert desk.books.position(RB, Direction.LONG).lots == 4
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 2
    assert desk.books.book(UNATTRIBUTED, RB).net_lots == 2


def test_a_fill_of_an_unlisted_contract_is_held_until_it_is_listed() -> None:
    desk = Desk()
    id_ = desk.submit()
    new = InstrumentId("SHFE.rb2610")
    desk.post(desk.trade_report(id_, 1, 3500.0, order_id=None, instrument=new))
    assert desk.seen(TradeFilled) == []
    desk.post(InstrumentListed(replace(instrument(), id=new), desk.clock.now()))
    assert desk.books.position(new, Direction.LONG).lots == 1


def test_orders_die_with_the_trading_day() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3)
    desk.fill(id_, 3500.0, 1)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert [f.order.booked_lots for f in desk.seen(OrderCancelled)] == [1]
    assert desk.manager.live() == ()
    assert desk.books.account().frozen_margin == 0
    row = desk.books.position(RB, Direction.LONG)
    assert (row.today_lots, row.yesterday_lots) == (0, 1)


def test_entries_of_a_quarantined_strategy_are_cancelled_its_exits_stay() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2)
    entry, exit_ = desk.submit(price=3400.0), desk.submit(side=Side.SELL, lots=1, price=3600.0)
    for id_ in (entry, exit_):
        desk.report(id_, S.ACCEPTED)
    state = StrategyStateChanged(
        StrategyId("alpha"), StrategyState.QUARANTINED, "", desk.clock.now()
    )
    desk.post(state)
    assert desk.venue.cancelled == [entry]
