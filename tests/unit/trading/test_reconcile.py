"""Books against venue; recovery from the journal's records."""

from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, RB, STOCK, Desk, account, instrument, venue_state

from homalos.model.enums import Direction, Offset, OrderStatus, Severity, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    OrderReported,
    Reconciled,
    ReplaceOrder,
    SetTradingState,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.reconciling import PositionAdjusted
from homalos.model.trading import Order, Position, Trade
from homalos.trading.reconcile import reconcile
from homalos.trading.recovery import fold
from homalos.trading.venue_sync import SKIPS_MAX

ROW = Position(ACCOUNT, RB, Direction.LONG, 2, 1, 0, 0, 3500.0, 3500.0, 0.0, 0.0, None)


def _order(desk: Desk) -> Order:
    desk.submit()
    return desk.venue.sent[-1]


def test_agreement_says_nothing() -> None:
    order = replace(_order(Desk()), status=OrderStatus.ACCEPTED, venue_order_id=VenueOrderId("  7"))
    state = venue_state((ROW,), (order,))
    assert reconcile(state, state) == ()
    flat = replace(ROW, direction=Direction.SHORT, today_lots=0, yesterday_lots=0)
    assert reconcile(venue_state((ROW, flat), (order,)), state) == ()


def test_position_profit_may_differ_but_not_what_is_settled() -> None:
    here, there = venue_state(), venue_state()
    there.account = account(1_000_000.0, position_profit=77.0)
    there.account = replace(there.account, balance=1_000_077.0)
    assert reconcile(here, there) == ()
    there.account = replace(there.account, balance=1_000_077.006)
    assert len(reconcile(here, there)) == 1


def test_every_difference_is_a_sentence_with_its_numbers() -> None:
    order = replace(_order(Desk()), status=OrderStatus.ACCEPTED, venue_order_id=VenueOrderId("  7"))
    other = replace(order, id=OrderId("x"), venue_order_id=VenueOrderId("  8"))
    here = venue_state((ROW,), (order,))
    there = venue_state(
        (replace(ROW, today_lots=1, yesterday_lots=2),), (replace(order, traded_lots=1), other),
        balance=999_000.0,
    )  # fmt: skip
    found = reconcile(here, there)
    assert found[0] == "SHFE.rb2605 long: books 2 today + 1 yesterday lots, venue 1 + 2"
    assert "0 traded lots, venue 1" in found[1]
    assert "live at the venue only" in found[2]
    assert "1000000.0000" in found[3]
    assert "999000.0000" in found[3]
    assert len(found) == 4
    assert "live in the books only" in reconcile(there, here)[-2]


def test_another_day_is_no_ground_for_comparing() -> None:
    assert len(reconcile(venue_state((ROW,)), venue_state(day=DAY + 1))) == 1


def test_fills_that_were_missed_are_booked_before_comparing() -> None:
    desk = Desk()
    id_ = desk.submit(lots=2)
    order = desk.venue.sent[0]
    report = desk.trade_report(id_, 2, 3500.0)
    there = replace(
        order, status=OrderStatus.FILLED, traded_lots=2, venue_order_id=VenueOrderId("9")
    )
    twin = Desk()
    twin.trade(Side.BUY, 2)
    trade = replace(twin.seen(TradeFilled)[0].trade, id=report.trade_id, order_id=id_)
    state = venue_state((replace(ROW, yesterday_lots=0),), (there,), (trade,))
    state.account = twin.books.account()
    desk.venue.snapshot = state
    desk.manager.sync.request("test")
    desk.bus.run_until_idle()
    assert desk.seen(Reconciled)[-1].differences == ()
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 2
    desk.post(report)
    assert desk.books.book(StrategyId("alpha"), RB).net_lots == 2, "the late callback is a repeat"


def test_a_position_changed_behind_our_back_halts() -> None:
    desk = Desk()
    desk.venue.snapshot = venue_state((replace(ROW, yesterday_lots=0),))
    desk.manager.sync.request("test")
    desk.bus.run_until_idle()
    assert desk.control.state is TradingState.HALTED
    assert "venue 2 + 0" in desk.control.why


def test_an_answer_older_than_a_fill_is_asked_for_again() -> None:
    desk = Desk()
    answers: list[object] = []
    desk.venue.query = lambda _, done: answers.append(done)  # type: ignore[method-assign]
    desk.manager.sync.request("test")
    desk.trade(Side.BUY, 1)
    before = len(desk.seen(Reconciled))
    answers[0](venue_state())  # type: ignore[operator]
    desk.bus.run_until_idle()
    assert len(answers) == 2, "asked again"
    assert len(desk.seen(Reconciled)) == before, "and not compared"


def test_a_question_whose_answer_was_lost_is_asked_again() -> None:
    desk = Desk()
    desk.venue.snapshot = None
    before = desk.venue.queries
    desk.manager.sync.request("test")
    desk.manager.sync.request("test")
    assert desk.venue.queries == before + 1, "one question at a time"
    desk.advance(31)
    desk.manager.sync.request("test")
    assert desk.venue.queries == before + 2


def test_an_answer_from_before_the_day_turned_is_no_answer() -> None:
    desk = Desk()
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert desk.books.trading_day == DAY + 1
    assert [fact.agreed for fact in desk.seen(Reconciled)] == [True]


def test_a_live_order_of_another_terminal_is_adopted_and_can_be_cancelled() -> None:
    desk = Desk()
    foreign = replace(
        _order(Desk()), id=OrderId(""), status=OrderStatus.ACCEPTED,
        venue_order_id=VenueOrderId("   5"),
    )  # fmt: skip
    desk.venue.snapshot = venue_state(orders=(foreign,))
    now = desk.clock.now()
    desk.post(
        OrderReported(None, VenueOrderId("   5"), RB, OrderStatus.ACCEPTED, 0, 0, "", now, now)
    )
    (adopted,) = desk.manager.live()
    assert adopted.strategy == UNATTRIBUTED
    assert desk.seen(Reconciled)[-1].agreed
    assert desk.books.account().frozen_margin > 0
    desk.cancel(adopted.id)
    assert desk.venue.cancelled == [adopted.id]


def test_an_order_of_another_terminal_that_filled_before_it_was_known_is_over() -> None:
    """Its trade was booked to nobody when it came; the order is met in a snapshot later."""
    desk = Desk()
    number, now = VenueOrderId("   5"), desk.clock.now()
    told = TradeReported(
        None, number, TradeId("   9"), RB, Side.BUY, Offset.OPEN, 3500.0, 2, DAY, now, now
    )
    desk.post(told)
    foreign = replace(
        _order(Desk()), id=OrderId(""), lots=2, traded_lots=2, status=OrderStatus.FILLED,
        venue_order_id=number,
    )  # fmt: skip
    trade = Trade(
        told.trade_id, None, ACCOUNT, UNATTRIBUTED, RB, Side.BUY, Offset.OPEN, 3500.0, 2, 0.0, DAY,
        now, now, venue_order_id=number,
    )  # fmt: skip
    desk.venue.snapshot = venue_state(orders=(foreign,), trades=(trade,))
    desk.manager.sync.request("a test")
    desk.advance(0.1)
    (order,) = desk.manager.orders()
    assert (order.status, order.booked_lots) == (OrderStatus.FILLED, 2)
    assert desk.manager.registry.open() == ()
    assert desk.books.position(RB, Direction.LONG).lots == 2


class TestRecovery:
    def _crashed(self) -> tuple[Desk, OrderId, OrderId]:
        """A run with a position, a resting order and one order whose answer never came."""
        desk = Desk()
        desk.trade(Side.BUY, 3)
        resting = desk.submit(side=Side.SELL, lots=2, price=3600.0)
        desk.report(resting, OrderStatus.ACCEPTED)
        return desk, resting, desk.submit(price=3400.0)

    def _restarted(self, *, simulated: bool, lots: int = 2) -> Desk:
        """The books know 3 lots and a resting order; the venue has ``lots`` and no order."""
        old, resting, lost = self._crashed()
        new = Desk(ready=False, simulated=simulated)
        for id_ in STOCK:
            new.books.listed(instrument(id_))
        fold(self._records(old), new.books, new.manager)  # type: ignore[arg-type]
        rows = tuple(replace(row, today_lots=lots) for row in old.books.positions())
        there = tuple(o for o in old.manager.orders() if o.id not in (lost, resting))
        trades = tuple(f.trade for f in old.seen(TradeFilled))
        new.venue.snapshot = venue_state(rows, there, trades)
        new.venue.snapshot.account = old.books.account()
        new.open()
        return new

    def test_a_start_on_a_simulated_venue_tells_what_differed_and_takes_its_word(self) -> None:
        desk = self._restarted(simulated=True)
        (fact,) = desk.seen(Reconciled)
        assert fact.agreed
        assert fact.differences[0].startswith(f"{RB} long: books 3 today + 0 yesterday lots")
        assert "is live in the books only" in fact.differences[1]
        assert len(fact.differences) == 2
        alert, short = desk.seen(AlertRaised)
        assert alert.severity is Severity.WARNING
        assert all(sentence in alert.text for sentence in fact.differences)
        assert "fewer lots than its books" in short.text
        (adjusted,) = desk.seen(PositionAdjusted)
        assert (adjusted.books_today, adjusted.today_lots) == (3, 2)
        assert desk.control.state is TradingState.ACTIVE
        assert desk.books.position(RB, Direction.LONG).lots == 2
        assert desk.books.book(StrategyId("alpha"), RB).net_lots == 3
        assert desk.books.book(UNATTRIBUTED, RB).net_lots == -1

    def test_a_start_on_another_venue_stays_halted_where_it_differs(self) -> None:
        desk = self._restarted(simulated=False)
        (fact,) = desk.seen(Reconciled)
        assert not fact.agreed
        assert len(fact.differences) == 2
        assert desk.control.state is TradingState.HALTED
        assert desk.books.position(RB, Direction.LONG).lots == 3, "its word is not taken"
        desk.manager.sync.request("test")
        desk.bus.run_until_idle()
        assert not desk.seen(Reconciled)[-1].agreed
        assert desk.control.state is TradingState.HALTED

    def test_an_order_that_another_venue_has_lost_is_a_difference_and_then_over(self) -> None:
        desk = self._restarted(simulated=False, lots=3)
        (fact,) = desk.seen(Reconciled)
        assert (fact.agreed, len(fact.differences)) == (False, 1)
        assert "is live in the books only" in fact.differences[0]
        assert desk.control.state is TradingState.HALTED
        assert desk.manager.live() == ()
        desk.manager.sync.request("test")
        desk.bus.run_until_idle()
        assert desk.seen(Reconciled)[-1].agreed
        assert desk.control.state is TradingState.REDUCING, "a person arms again"

    def test_a_first_start_has_nothing_that_could_differ(self) -> None:
        desk = Desk(ready=False)
        desk.venue.snapshot = venue_state((replace(ROW, yesterday_lots=0),))
        desk.open()
        (fact,) = desk.seen(Reconciled)
        assert (fact.agreed, fact.differences) == (True, ())
        assert desk.seen(AlertRaised) == []

    def _records(self, desk: Desk) -> list[object]:
        """The journal's: outcomes, and what the venue sent."""
        ingress = [f for f in desk.facts if isinstance(f, OrderReported | TradeReported)]
        base = [r for r in desk.recorded if type(r).__name__ == "AccountSnapshot"]
        orders = [r for r in desk.recorded if type(r).__name__ != "AccountSnapshot"]
        return [*base, *orders, *ingress]

    def test_the_fold_gives_the_same_books_and_orders(self) -> None:
        old, _, _ = self._crashed()
        new = Desk(ready=False)
        for id_ in STOCK:
            new.books.listed(instrument(id_))
        assert fold(self._records(old), new.books, new.manager) > 0  # type: ignore[arg-type]
        assert new.manager.state() == old.manager.state()
        assert new.books.state() == old.books.state()
        assert new.venue.sent == []
        assert new.seen(TradeFilled) == [], "nothing is published while folding"

    def test_the_start_agrees_and_ends_what_the_venue_never_got(self) -> None:
        old, resting, lost = self._crashed()
        new = Desk(ready=False)
        for id_ in STOCK:
            new.books.listed(instrument(id_))
        fold(self._records(old), new.books, new.manager)  # type: ignore[arg-type]
        there = tuple(o for o in old.manager.orders() if o.id != lost)
        trades = tuple(f.trade for f in old.seen(TradeFilled))
        state = venue_state(old.books.positions(), there, trades)
        state.account = old.books.account()
        new.venue.snapshot = state
        new.open()
        assert new.seen(Reconciled)[-1].differences == ()
        assert new.control.state is TradingState.ACTIVE
        assert [o.id for o in new.manager.live()] == [resting]
        assert new.manager.order(lost).status is OrderStatus.REJECTED  # type: ignore[union-attr]
        assert new.books.book(StrategyId("alpha"), RB).net_lots == 3, "its strategy still owns it"
        assert new.venue.sent == []
        new.cancel(resting)
        assert new.venue.cancelled == [resting]
        new.fill(resting, 3600.0)
        assert new.books.book(StrategyId("alpha"), RB).net_lots == 1
        assert new.books.position(RB, Direction.LONG).frozen_today == 0
        assert new.seen(TradeFilled)[-1].trade.offset is Offset.CLOSE_TODAY


def test_what_leaves_while_an_answer_is_dealt_with_is_no_difference() -> None:
    """The answer ends an order that never arrived, and with that its replacement leaves: the same
    answer cannot know it."""
    desk = Desk(simulated=False)
    desk.post(SetTradingState(TradingState.ACTIVE, "trader", "test", desk.clock.now()))
    first = desk.submit()
    desk.post(ReplaceOrder(first, 3499.0, None, "alpha", desk.clock.now()))
    for _ in range(SKIPS_MAX - 1):  # the order may be on its way: not compared
        desk.manager.sync.request("test")
        desk.bus.run_until_idle()
    desk.advance(2 * desk.section.unresolved_after_ms / 1000)
    assert [order.id for order in desk.venue.sent] == [first, f"{first}.100"]
    words = [text for fact in desk.seen(Reconciled) for text in fact.differences]
    assert not any(f"{first}.100" in text for text in words)
