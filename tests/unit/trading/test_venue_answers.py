"""What an answer of the venue brings: missed fills, money, the new day, what others see."""

from collections.abc import Callable

from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, Desk, account, venue_state
from tests.unit.trading.test_adjusting import ROW, ask

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Direction, OrderStatus, Severity, Side
from homalos.model.events import (
    AlertRaised,
    Audited,
    Reconciled,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import VenueOrderId
from homalos.model.reconciling import DayMarks

S = OrderStatus


def test_a_new_day_writes_down_at_which_marks_the_books_rolled() -> None:
    desk = Desk()
    desk.tick(RB, 3507.0)
    desk.venue.snapshot = venue_state(day=DAY + 1)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    (told,) = [e for e in desk.recorded if isinstance(e, DayMarks)]
    assert told.trading_day == DAY + 1
    assert dict(told.marks)[RB] == 3507.0


def test_a_simulated_venues_positions_are_taken_at_a_new_day() -> None:
    desk = Desk()
    desk.venue.snapshot = venue_state((replace(ROW, today_lots=0, yesterday_lots=2),), day=DAY + 1)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert desk.books.position(RB, Direction.LONG).yesterday_lots == 2
    assert desk.seen(Reconciled)[-1].agreed


def test_money_that_came_is_a_fact_and_no_difference() -> None:
    desk = Desk(simulated=False)
    state = venue_state()
    state.account = replace(account(), deposit=500.0, withdraw=200.0, balance=1_000_300.0)
    desk.venue.snapshot = state
    ask(desk)
    now = desk.books.account()
    assert (now.deposit, now.withdraw, now.balance) == (500.0, 200.0, 1_000_300.0)
    assert desk.seen(Reconciled)[-1].differences == ()


def test_a_fill_that_was_missed_is_booked_once_and_written_down() -> None:
    other = Desk()
    other.trade(Side.BUY, 2, 3500.0)
    (filled,) = other.seen(TradeFilled)
    trade = replace(filled.trade, order_id=None, venue_order_id=VenueOrderId("  9"))
    desk = Desk()
    state = venue_state(other.books.positions(), trades=(trade,))
    state.account = other.books.account()
    desk.venue.snapshot = state
    told: list[VenueSnapshot] = []
    desk.manager.sync.witnesses.append(told.append)
    for _ in range(2):
        ask(desk)
    assert told == [state, state], "whoever wants to see each answer"
    assert len([e for e in desk.recorded if isinstance(e, TradeReported)]) == 1
    assert [fact.trade.lots for fact in desk.seen(TradeFilled)] == [2]
    assert desk.books.position(RB, Direction.LONG).today_lots == 2
    assert desk.seen(Reconciled)[-1].agreed


def test_an_order_that_the_venue_has_but_says_nothing_of_puts_nothing_off() -> None:
    desk = Desk()
    desk.submit()
    row = replace(desk.venue.sent[0], venue_order_id=VenueOrderId("  7"))
    desk.venue.snapshot = venue_state(orders=(row,))
    before = len(desk.seen(Reconciled))
    ask(desk)
    assert len(desk.seen(Reconciled)) == before + 1


def test_lots_that_the_venue_has_traded_are_those_that_it_counts() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3)
    row = replace(
        desk.venue.sent[0], venue_order_id=VenueOrderId("  7"), status=S.PARTIALLY_FILLED,
        traded_lots=2,
    )  # fmt: skip
    desk.venue.snapshot = venue_state(orders=(row,))
    ask(desk)
    order = desk.manager.order(id_)
    assert order is not None
    assert (order.traded_lots, order.booked_lots) == (2, 0)


def test_at_a_later_day_an_order_on_its_way_is_not_over() -> None:
    """Only at a start nothing is in flight."""
    desk = Desk()
    desk.manager.sync.history = True
    answers: list[Callable[[VenueSnapshot], None]] = []
    desk.venue.query = lambda _, done: answers.append(done)  # type: ignore[method-assign]
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    desk.submit()
    (order,) = desk.manager.live()
    answers[-1](venue_state(day=DAY + 1))
    desk.bus.run_until_idle()
    assert [o.status for o in desk.manager.live()] == [S.SUBMITTED]
    assert order.status is S.SUBMITTED


def test_an_answer_to_a_question_that_was_given_up_is_not_heard() -> None:
    desk = Desk()
    answers: list[Callable[[VenueSnapshot], None]] = []
    desk.venue.query = lambda _, done: answers.append(done)  # type: ignore[method-assign]
    ask(desk)
    desk.advance(30)
    ask(desk)
    before = len(desk.seen(Reconciled))
    answers[0](venue_state((ROW,)))
    desk.bus.run_until_idle()
    assert len(desk.seen(Reconciled)) == before
    answers[1](venue_state())
    desk.bus.run_until_idle()
    assert [word.differences for word in desk.seen(Reconciled)[before:]] == [()]


def test_a_simulated_venues_settlement_is_told_without_a_warning() -> None:
    desk = Desk()
    desk.venue.snapshot = venue_state(day=DAY + 1, balance=999_500.0)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert [fact.who for fact in desk.seen(Audited)][-1] == "settlement"
    assert {told.severity for told in desk.seen(AlertRaised)} == {Severity.INFO}
    assert desk.books.account().balance == 999_500.0
