"""Differences that nothing explains: two looks, the operator's word, lots assigned one by one."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, STOCK, Desk, instrument, venue_state

from homalos.model.enums import Direction, Offset, OrderStatus, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    Audited,
    OrderDenied,
    OrderReported,
    OrderSubmitted,
    Reconciled,
    SetTradingState,
    StrategyCommand,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, StrategyId, TradeId, VenueOrderId
from homalos.model.reconciling import (
    AcceptVenue,
    AssignLoss,
    LossAssigned,
    PositionAdjusted,
    Reconcile,
)
from homalos.model.trading import Position
from homalos.trading.reconcile import adjustments
from homalos.trading.recovery import fold
from homalos.trading.shortages import shortages

ALPHA, BETA = StrategyId("alpha"), StrategyId("beta")
ROW = Position(ACCOUNT, RB, Direction.LONG, 2, 0, 0, 0, 3450.0, 3450.0, 0.0, 0.0, None)
FOREIGN = TradeReported(
    None, VenueOrderId("  8"), TradeId("t1"), RB, Side.BUY, Offset.OPEN, 3501.0, 2, DAY, 1, 1
)


def ask(desk: Desk) -> None:
    desk.post(Reconcile("me", desk.clock.now()))


def word(desk: Desk, *differences: str) -> None:
    desk.post(AcceptVenue(differences or desk.manager.sync.adjusting.differences, "me", 1))


def live() -> Desk:
    """Reconciled with a venue of the world."""
    return Desk(simulated=False)


def changed(desk: Desk, *rows: Position) -> None:
    """The venue's position is another one; its money as the books have it."""
    desk.venue.snapshot = venue_state(rows)
    desk.venue.snapshot.account = desk.books.account()


class TestTwoLooks:
    def test_one_answer_changes_nothing_a_second_equal_one_does(self) -> None:
        desk = Desk()
        changed(desk, ROW)
        ask(desk)
        assert desk.seen(PositionAdjusted) == []
        assert desk.control.state is TradingState.HALTED
        desk.advance(1)
        (done,) = desk.seen(PositionAdjusted)
        assert (done.instrument, done.direction) == (RB, Direction.LONG)
        assert (done.books_today, done.today_lots, done.yesterday_lots) == (0, 2, 0)
        assert (done.average_price, done.cause, done.who) == (3450.0, "venue", "test")
        assert desk.seen(Reconciled)[-1].agreed

    def test_it_is_no_trade_has_no_result_and_no_fee(self) -> None:
        desk = Desk()
        before = desk.books.account()
        changed(desk, ROW)
        ask(desk)
        desk.advance(1)
        after = desk.books.account()
        assert desk.seen(TradeFilled) == []
        assert (after.fees, after.closed_profit) == (before.fees, before.closed_profit)
        assert desk.books.position(RB, Direction.LONG).average_price == 3450.0
        assert desk.books.book(UNATTRIBUTED, RB).net_lots == 2
        assert desk.books.book(UNATTRIBUTED, RB).fees == 0.0

    def test_two_answers_that_differ_are_no_two_looks(self) -> None:
        desk = Desk()
        for lots in (1, 2, 3, 4):
            changed(desk, replace(ROW, today_lots=lots))
            ask(desk)
        assert desk.seen(PositionAdjusted) == []
        ask(desk)
        assert desk.seen(PositionAdjusted)[-1].today_lots == 4

    def test_not_while_an_own_order_is_in_flight(self) -> None:
        desk = Desk()
        id_ = desk.submit(lots=1)
        order = desk.manager.order(id_)
        assert order is not None
        changed(desk, ROW)
        there = replace(order, status=OrderStatus.ACCEPTED, venue_order_id=VenueOrderId("7"))
        desk.venue.snapshot.orders = (there,)  # type: ignore[union-attr]
        desk.cancel(id_)
        for _ in range(3):
            ask(desk)
        assert desk.seen(PositionAdjusted) == []
        desk.report(id_, OrderStatus.CANCELLED)
        desk.venue.snapshot.orders = ()  # type: ignore[union-attr]
        ask(desk)
        ask(desk)
        assert len(desk.seen(PositionAdjusted)) == 1

    def test_not_when_a_fill_lies_between_the_looks(self) -> None:
        desk = Desk()
        changed(desk, replace(ROW, instrument=IF))
        ask(desk)
        desk.post(FOREIGN)
        changed(desk, replace(ROW, instrument=IF), *desk.books.positions())
        ask(desk)
        assert desk.seen(PositionAdjusted) == []
        ask(desk)
        assert len(desk.seen(PositionAdjusted)) == 1


class TestTheOperatorsWord:
    def test_a_venue_of_the_world_needs_it(self) -> None:
        desk = live()
        changed(desk, ROW)
        for _ in range(4):
            ask(desk)
        assert desk.seen(PositionAdjusted) == []
        assert desk.manager.sync.adjusting.confirmed
        alerts = [a for a in desk.seen(AlertRaised) if "twice the same" in a.text]
        assert len(alerts) == 1, "told once"
        word(desk)
        (done,) = desk.seen(PositionAdjusted)
        assert done.who == "me"
        assert desk.seen(Reconciled)[-1].agreed
        assert desk.control.state is TradingState.REDUCING, "a person arms again"

    def test_it_holds_for_exactly_what_was_seen(self) -> None:
        desk = live()
        changed(desk, ROW)
        ask(desk)
        word(desk)
        assert desk.seen(PositionAdjusted) == [], "one look is not enough"
        ask(desk)
        word(desk, "something else")
        assert desk.seen(PositionAdjusted) == []
        assert any("refused" in fact.result for fact in desk.seen(Audited))
        shown = desk.manager.sync.adjusting.differences
        changed(desk, replace(ROW, today_lots=5))
        word(desk, *shown)
        assert desk.seen(PositionAdjusted) == [], "the venue says something else by now"

    def test_much_money_alone_needs_it_too(self) -> None:
        desk = live()
        desk.venue.snapshot = venue_state(balance=990_000.0)
        for _ in range(3):
            ask(desk)
        assert desk.books.account().balance == 1_000_000.0
        assert not desk.seen(Reconciled)[-1].agreed
        word(desk)
        assert desk.books.account().balance == 990_000.0
        assert desk.seen(Reconciled)[-1].agreed

    def test_a_little_money_is_taken_and_told(self) -> None:
        """A fee whose rate came late, a rounding of the broker's."""
        desk = live()
        desk.venue.snapshot = venue_state(balance=999_992.0)
        ask(desk)
        assert desk.books.account().balance == 999_992.0
        assert desk.seen(Reconciled)[-1].agreed
        assert "money" in desk.seen(AlertRaised)[-1].text


class TestExplained:
    def test_real_trades_are_booked_as_foreign_and_need_no_adjustment(self) -> None:
        desk = live()
        desk.post(FOREIGN)
        state = venue_state(desk.books.positions())
        state.account = desk.books.account()
        desk.venue.snapshot = state
        ask(desk)
        assert desk.seen(Reconciled)[-1].agreed
        assert desk.seen(PositionAdjusted) == []
        assert desk.books.book(UNATTRIBUTED, RB).net_lots == 2
        assert desk.seen(TradeFilled)[-1].trade.fee > 0

    def test_the_settlement_of_a_new_day_is_the_venues_where_lots_agree(self) -> None:
        desk = live()
        desk.venue.snapshot = venue_state(day=DAY + 1, balance=999_500.0)
        desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
        assert desk.seen(Reconciled)[-1].agreed
        assert desk.books.account().pre_balance == 999_500.0
        desk.venue.snapshot = venue_state(day=DAY + 1, balance=990_000.0)
        ask(desk)
        assert not desk.seen(Reconciled)[-1].agreed, "once a day"

    def test_an_expired_contract_goes_at_the_settlement_without_a_word(self) -> None:
        desk = live()
        desk.post(SetTradingState(TradingState.ACTIVE, "me", "go", 1))
        desk.trade(Side.BUY, 2, 3500.0)
        desk.tick(RB, 3520.0, settlement=3510.0)
        desk.venue.instruments = lambda: tuple(  # type: ignore[method-assign]
            instrument(i) for i in STOCK if i != RB
        )
        desk.venue.snapshot = venue_state(day=DAY + 1)
        desk.books.roll(DAY + 1)
        money = desk.books.account()
        desk.venue.snapshot.account = replace(
            money, balance=money.balance - money.position_profit, position_profit=0.0
        )
        desk.manager.sync.adjusting.new_day()
        ask(desk)
        desk.advance(1)
        (done,) = desk.seen(PositionAdjusted)
        assert (done.cause, done.who) == ("expired", "expiry")
        assert desk.books.positions() == ()
        book = desk.books.book(ALPHA, RB)
        assert (book.net_lots, book.closed_profit) == (0, 200.0), "two lots, ten yuan, times ten"
        assert desk.seen(Reconciled)[-1].agreed
        assert desk.manager.sync.adjusting.missing == ()

    def test_pure(self) -> None:
        here, there = venue_state((ROW,)), venue_state()
        (row,) = adjustments(here, there, STOCK, "me", 7)
        assert (row.cause, row.books_today, row.today_lots) == ("venue", 2, 0)
        (row,) = adjustments(here, there, (), "me", 7)
        assert row.cause == "expired"
        assert adjustments(here, here, STOCK, "me", 7) == ()


def gone(lots: int = 3, *, by_trade: bool = False) -> Desk:
    """alpha holds 3 lots, beta 2; somebody else has closed ``lots`` of them."""
    desk = Desk()
    desk.trade(Side.BUY, 3, 3500.0)
    desk.trade(Side.BUY, 2, 3510.0, strategy="beta")
    if by_trade:
        desk.post(
            TradeReported(
                None,
                VenueOrderId("  9"),
                TradeId("f1"),
                RB,
                Side.SELL,
                Offset.CLOSE_TODAY,
                3480.0,
                lots,
                DAY,
                1,
                1,
            )
        )
        return desk
    left = replace(desk.books.position(RB, Direction.LONG), today_lots=5 - lots)
    changed(desk, *((left,) if lots < 5 else ()))
    ask(desk)
    desk.advance(1)
    return desk


def assign(desk: Desk, strategy: StrategyId, lots: int) -> None:
    desk.post(AssignLoss(RB, Direction.LONG, strategy, lots, "me", 1))


class TestLotsThatAreGone:
    @pytest.mark.parametrize("by_trade", [False, True])
    def test_their_strategies_stop_and_open_nothing(self, by_trade: bool) -> None:
        desk = gone(by_trade=by_trade)
        (row,) = desk.manager.sync.adjusting.missing
        assert (row.lots, row.owners) == (3, ((ALPHA, 3), (BETA, 2)))
        assert {c.strategy for c in desk.seen(StrategyCommand) if c.action == "stop"} == {
            ALPHA,
            BETA,
        }
        before = len(desk.venue.sent)
        desk.submit(instrument=IF)
        desk.submit(instrument=IF, strategy=BETA)
        assert len(desk.venue.sent) == before
        assert {d.rule for f in desk.seen(OrderDenied) for d in f.denials} >= {"unassigned_loss"}

    def test_the_operator_assigns_them_lot_by_lot(self) -> None:
        desk = gone()
        assign(desk, ALPHA, 1)
        assert desk.manager.sync.adjusting.missing[0].lots == 2
        assert desk.books.blocked == {ALPHA, BETA}
        assign(desk, BETA, 2)
        assert desk.manager.sync.adjusting.missing == ()
        assert desk.books.blocked == frozenset()
        nets = [desk.books.book(s, RB).net_lots for s in (ALPHA, BETA, UNATTRIBUTED)]
        assert nets == [2, 0, 0]
        assert [f.lots for f in desk.seen(LossAssigned)] == [1, 2]
        desk.post(SetTradingState(TradingState.ACTIVE, "me", "looked", desk.clock.now()))
        before = len(desk.venue.sent)
        desk.submit(instrument=IF, side=Side.BUY)
        assert len(desk.venue.sent) == before + 1, "and it may open again"

    def test_a_real_trade_gives_its_result_to_whom_it_is_assigned(self) -> None:
        desk = gone(2, by_trade=True)
        whole = sum(b.closed_profit + b.position_profit for b in desk.books.books())
        assign(desk, ALPHA, 2)
        book = desk.books.book(ALPHA, RB)
        assert (book.net_lots, book.closed_profit) == (1, -400.0), "2 lots, 20 yuan, times ten"
        nobody = desk.books.book(UNATTRIBUTED, RB)
        assert (nobody.net_lots, nobody.closed_profit) == (0, 0.0)
        after = sum(b.closed_profit + b.position_profit for b in desk.books.books())
        assert after == pytest.approx(whole)

    @pytest.mark.parametrize(
        ("strategy", "lots"), [(ALPHA, 4), (ALPHA, 0), (BETA, 3), (StrategyId("gamma"), 1)]
    )
    def test_more_than_it_has_or_than_is_missing_is_refused(
        self, strategy: StrategyId, lots: int
    ) -> None:
        desk = gone()
        assign(desk, strategy, lots)
        assert desk.seen(LossAssigned) == []
        assert any("can lose" in fact.text for fact in desk.seen(AlertRaised))

    def test_a_book_that_may_close_others_lots_claims_none(self) -> None:
        desk = Desk()
        desk.trade(Side.BUY, 3)
        desk.books.strategies.set_mode(ALPHA, "net")
        assert shortages(desk.books) == ()

    def test_recovery_comes_to_the_same(self) -> None:
        desk = gone()
        assign(desk, ALPHA, 1)
        ingress = [f for f in desk.facts if isinstance(f, OrderReported | TradeReported)]
        orders = [r for r in desk.recorded if isinstance(r, OrderSubmitted)]
        first, *rest = [r for r in desk.recorded if not isinstance(r, OrderSubmitted)]
        new = Desk(ready=False)
        for id_ in STOCK:
            new.books.listed(instrument(id_))
        fold([first, *orders, *ingress, *rest], new.books, new.manager)
        assert new.books.state() == desk.books.state()
        assert shortages(new.books) == shortages(desk.books)
