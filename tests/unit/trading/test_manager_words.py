"""What the manager hears and tells, word by word: commands that reach it, alerts, denials."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, IF, RB, START, Desk, M

from homalos.config.sections.trading import TradingSection
from homalos.model.cancelling import CancelOpens
from homalos.model.enums import Offset, OrderKind, OrderStatus, Phase, Severity, Side
from homalos.model.events import (
    AlertRaised,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderUnresolved,
    PhaseChanged,
    TradeReported,
)
from homalos.model.ids import InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.reconciling import Reconcile

S = OrderStatus
ALPHA = StrategyId("alpha")


def _phase(desk: Desk, phase: Phase) -> None:
    desk.post(PhaseChanged("SHFE", "rb", phase, DAY, START, START))


def test_what_opens_is_cancelled_on_command_and_in_a_break_when_it_is_over() -> None:
    desk = Desk()
    opens = desk.submit(price=3490.0)
    desk.report(opens, S.ACCEPTED)
    other = desk.submit(price=3490.0, strategy=StrategyId("beta"))
    desk.report(other, S.ACCEPTED)
    _phase(desk, Phase.BREAK)
    desk.post(CancelOpens(ALPHA, "watch", "why", 1))
    assert desk.venue.cancelled == []
    _phase(desk, Phase.CONTINUOUS)
    assert desk.venue.cancelled == [opens]
    desk.post(CancelOpens(StrategyId(""), "watch", "why", 1))
    assert desk.venue.cancelled == [opens, other]


def test_a_section_holds_from_the_next_order_on() -> None:
    desk = Desk()
    desk.manager.configure(TradingSection(reconcile_s=0, unresolved_after_ms=500, cancel_budget=7))
    assert (desk.manager.section.unresolved_after_ms, desk.manager.budget.limit) == (500, 7)
    desk.submit()
    desk.advance(0.6)
    assert len(desk.seen(OrderUnresolved)) == 1


@pytest.mark.parametrize(
    ("offset", "told"), [(None, Offset.OPEN), (Offset.CLOSE_TODAY, Offset.CLOSE_TODAY)]
)
def test_an_intent_without_a_price_is_denied_as_what_it_was(
    offset: Offset | None, told: Offset
) -> None:
    desk = Desk()
    desk.books.quotes.clear()
    desk.submit(kind=OrderKind.MARKET, price=None, offset=offset, side=Side.SELL)
    (denied,) = desk.seen(OrderDenied)
    assert (denied.order.offset, denied.order.price, denied.order.lots) == (told, 0.0, 1)
    assert [d.rule for d in denied.denials] == ["price"]


def test_an_exit_of_lots_that_are_not_there_says_how_many() -> None:
    desk = Desk()
    desk.submit(reduce_only=True, side=Side.SELL, lots=3)
    (denied,) = desk.seen(OrderDenied)
    (denial,) = denied.denials
    assert (denial.rule, denial.value, denial.limit) == ("reduce_only", 3.0, 0.0)
    assert denial.message == "3 lots of SHFE.rb2605 are not there to be closed / 超出可减手数"


def test_an_intent_that_comes_twice_is_ignored_aloud() -> None:
    desk = Desk()
    wish = desk.intent()
    desk.post(wish)
    desk.post(wish)
    assert len(desk.venue.sent) == 1
    (told,) = desk.seen(AlertRaised)
    assert (told.severity, told.text) == (
        Severity.ERROR,
        f"intent {wish.intent_id} came twice: ignored",
    )


def test_each_fill_is_told_with_its_order() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3)
    desk.fill(id_, 3500.0, 1)
    desk.fill(id_, 3500.0)
    told = [(fact.order.status, fact.order.booked_lots) for fact in desk.seen(OrderFilled)]
    assert told == [(S.PARTIALLY_FILLED, 1), (S.FILLED, 3)]


def test_an_order_that_left_is_in_motion_until_the_venue_is_asked_again() -> None:
    desk = Desk()
    id_ = desk.submit()
    assert desk.manager.registry.touched == {id_}
    desk.report(id_, S.ACCEPTED)
    desk.post(Reconcile("me", desk.clock.now()))
    assert desk.manager.registry.touched == set()


def test_trades_that_do_not_come_are_asked_after() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=0, unresolved_after_ms=2_000))
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    desk.advance(60)
    desk.report(id_, S.FILLED, 1)
    before = desk.venue.queries
    desk.advance(1.9)
    assert desk.venue.queries == before
    desk.advance(0.2)
    assert desk.venue.queries > before


def test_with_the_day_an_order_ends_and_its_trades_are_forgotten() -> None:
    desk = Desk()
    id_ = desk.submit(lots=3)
    desk.report(id_, S.PARTIALLY_FILLED, 2)
    today = desk.trade_report(id_, 1, 3500.0)
    desk.post(today)
    night = replace(today, trade_id=TradeId("n"), trading_day=DAY + 1, order_id=None)
    desk.post(night)
    desk.manager.expire(DAY + 1)
    assert (desk.manager.live(), desk.manager.orders()) == ((), ())
    assert not desk.manager.knows(today)
    assert desk.manager.knows(night), "it belongs to the day that begins"


@pytest.mark.parametrize("code", [-1, -2, -3, -4])
def test_an_order_that_the_gateway_did_not_send_is_over(code: int) -> None:
    desk = Desk()
    desk.venue.returns = code
    id_ = desk.submit()
    (told,) = desk.seen(OrderRejected)
    assert (told.order.id, told.order.code) == (id_, code)
    assert told.order.message.startswith("nothing was sent: ")
    assert desk.manager.live() == ()


def test_a_fill_of_a_contract_that_is_not_listed_is_held_aloud() -> None:
    desk = Desk()
    report = TradeReported(
        None, VenueOrderId(" 9"), TradeId("1"), InstrumentId("SHFE.zz2601"), Side.BUY, Offset.OPEN,
        1.0, 1, DAY, 1, 1,
    )  # fmt: skip
    desk.post(report)
    (told,) = desk.seen(AlertRaised)
    assert told.severity is Severity.ERROR
    assert told.text == "a fill of SHFE.zz2601, which is not listed: held"


def test_only_doubt_is_told_as_doubt() -> None:
    desk = Desk(trading=TradingSection(reconcile_s=0, unresolved_after_ms=1_000))
    sure = desk.submit(lots=2, price=3490.0)
    desk.report(sure, S.PARTIALLY_FILLED, 1)
    assert desk.seen(OrderUnresolved) == []
    desk.venue.snapshot = None
    doubtful = desk.submit(lots=2, price=3491.0)
    desk.advance(1.1)
    assert [fact.order.id for fact in desk.seen(OrderUnresolved)] == [doubtful]
    desk.report(doubtful, S.SUBMITTED)
    desk.report(doubtful, S.PARTIALLY_FILLED, 1)
    assert len(desk.seen(OrderUnresolved)) == 1, "it is resolved"


def test_a_fill_that_the_books_hold_already_is_an_open_of_the_day_all_the_same() -> None:
    desk = Desk()
    id_ = desk.submit(lots=2)
    report = replace(desk.trade_report(id_, 2, 3500.0), order_id=None)
    for _ in range(2):
        desk.manager.seen(report)
    assert desk.manager.knows(report)
    assert desk.manager.openings.lots(RB) == 2
    assert (desk.manager.openings.lots(IF), desk.manager.openings.lots(M)) == (0, 0)
    desk.post(report)
    assert desk.books.positions() == ()


def test_an_order_that_is_adopted_cancelled_has_used_a_cancel() -> None:
    desk = Desk()
    desk.submit()
    order = replace(desk.venue.sent[0], id=OrderId("other"), intent_id=OrderId("other"))
    desk.manager.adopt(replace(order, status=S.CANCELLED))
    assert desk.manager.budget.used == {RB: 1}
    desk.manager.adopt(replace(order, id=OrderId("live")))
    assert desk.manager.budget.used == {RB: 1}
