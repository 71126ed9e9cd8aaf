"""The keeper: when a statement meets the books' day, what is booked of it, what is told."""

import pytest
from tests.unit.trading.desk import DAY, RB, M
from tests.unit.trading.settlement.closing import (
    CALL,
    DEARER,
    NEXT,
    SAMPLE,
    THIRD,
    ClosingDesk,
    text_of,
)

from homalos.kernel.records import Kind
from homalos.model.enums import Severity
from homalos.model.ids import StrategyId
from homalos.model.settlement import (
    AGREED,
    DIFFERS,
    NO_BOOKS,
    NONE,
    PARTLY,
    UNREAD,
    DayClosed,
    SettlementCorrected,
    StatementCompared,
)
from homalos.trading import recovery

ALPHA = StrategyId("alpha")


def test_the_day_is_kept_as_it_was_before_the_books_rolled() -> None:
    desk = ClosingDesk()
    desk.roll()
    day = desk.closed()
    assert (day.account.trading_day, desk.books.trading_day) == (DAY, NEXT)
    assert [trade.id.strip() for trade in day.trades] == ["1", "2", "3"]
    assert [(p.instrument, p.lots, p.today_lots) for p in day.positions] == [(M, 2, 2), (RB, 1, 1)]
    assert day.multipliers == (10.0, 10.0)
    assert day.account.fees == pytest.approx(20.52)
    assert desk.books.day.booked == [], "the new day begins with none"


@pytest.mark.parametrize("before", [True, False])
def test_a_statement_meets_its_day_whichever_comes_first(before: bool) -> None:
    """CTP tells it at the login of the next day: before the roll; asked later, after it."""
    desk = ClosingDesk()
    if before:
        desk.statement()
        assert desk.results() == []
    desk.roll()
    if not before:
        desk.statement()
    assert desk.results() == [(DAY, AGREED)]
    assert "agree / " in desk.alerts(Severity.INFO)[0]
    assert desk.alerts(Severity.WARNING) == desk.alerts(Severity.ERROR) == []


def test_a_difference_is_told_by_name() -> None:
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text_of(("|m2605 |   0|   0.000|   2|", "|m2605 |   0|   0.000|   3|")))
    (text,) = desk.alerts(Severity.ERROR)
    assert f"{M} short: books 2 lots, statement 3" in text
    assert "结算单" in text
    assert desk.results() == [(DAY, DIFFERS)]


def test_a_fee_is_corrected_in_its_strategys_book_and_the_account_is_left_alone() -> None:
    desk = ClosingDesk()
    desk.roll()
    fees, account = desk.books.book(ALPHA, RB).fees, desk.books.account()
    desk.statement(text_of(*DEARER))
    assert desk.corrections() == [("alpha", -1.0, True)]
    assert desk.books.book(ALPHA, RB).fees == pytest.approx(fees + 1.0)
    after = desk.books.account()
    assert (after.pre_balance, after.fees) == (account.pre_balance, account.fees)


def test_the_same_text_again_books_and_tells_nothing_again() -> None:
    """A restart asks for it again: the store gets the result once more, nobody else anything."""
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text_of(*DEARER), digest="a")
    fees, told = desk.books.book(ALPHA, RB).fees, len(desk.facts)
    desk.statement(text_of(*DEARER), digest="a")
    assert desk.books.book(ALPHA, RB).fees == fees
    assert [type(fact).__name__ for fact in desk.facts[told:]] == [
        "StatementRead", "StatementCompared",
    ]  # fmt: skip
    assert len(desk.kept(StatementCompared)) == 1


def test_another_text_for_the_day_books_what_is_new_in_it() -> None:
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text_of(*DEARER), digest="a")
    desk.statement(text_of(("     10.52|", "     12.52|"), ("20.52", "22.52"),
                           ("1004989.48", "1004987.48")), digest="b")  # fmt: skip
    assert desk.corrections() == [("alpha", -1.0, True), ("alpha", -1.0, True)]
    desk.statement(SAMPLE, digest="c")
    assert desk.corrections()[2:] == [("alpha", 2.0, True)]
    assert desk.books.book(ALPHA, RB).fees == pytest.approx(17.52)
    assert desk.results()[-1] == (DAY, AGREED)


def test_money_of_nobodys_is_on_record_and_no_more() -> None:
    desk = ClosingDesk()
    desk.roll()
    state = desk.books.state()
    desk.statement(text_of(("20.52", "22.52"), ("1004989.48", "1004987.48")))
    assert desk.corrections() == [("unattributed", -2.0, False)]
    assert len(desk.kept(SettlementCorrected)) == 1
    assert desk.books.state() == state


# ---------------------------------------------------------------- without one, or without the other


def test_a_day_that_the_books_do_not_know() -> None:
    desk = ClosingDesk(trades=False)
    desk.statement(day=20260102)
    desk.statement(SAMPLE.replace("20260105", "20251231"), day=20251231)
    assert desk.results() == [(20251231, NO_BOOKS)]
    (kept,) = desk.kept(StatementCompared)
    assert ("fees", None, 20.52) in kept.figures


def test_no_statement_by_the_end_of_the_next_day_is_a_warning() -> None:
    desk = ClosingDesk()
    desk.roll()
    assert desk.alerts(Severity.WARNING) == []
    desk.roll(THIRD)
    (text,) = desk.alerts(Severity.WARNING)
    assert f"no settlement statement of {DAY}" in text
    assert desk.results() == [(DAY, NONE)]
    desk.roll(20260108)
    assert len([t for t in desk.alerts(Severity.WARNING) if str(DAY) in t]) == 1, "told once"
    desk.statement()
    assert desk.results()[-1] == (DAY, AGREED), "late, and compared all the same"


@pytest.mark.parametrize("text", ["", "系统维护", "|a|b|"])
def test_what_cannot_be_read_is_a_warning_and_trading_goes_on(text: str) -> None:
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text)
    assert len(desk.alerts(Severity.WARNING)) == 1
    assert desk.results() == [(DAY, UNREAD)]
    assert not desk.alerts(Severity.ERROR)
    desk.statement()
    assert desk.results()[-1] == (DAY, AGREED)


def test_what_could_be_compared_only_in_part_is_told() -> None:
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text_of(("|共   3条|", "|共   4条|")))
    assert desk.results() == [(DAY, PARTLY)]
    (text,) = desk.alerts(Severity.WARNING)
    assert "the total says 4 rows, 3 were there" in text


def test_a_simulated_venue_has_no_statements_and_nothing_is_kept_for_it() -> None:
    desk = ClosingDesk(expects=False)
    desk.roll()
    desk.roll(THIRD)
    assert desk.kept(DayClosed) == desk.kept(StatementCompared) == []
    assert desk.alerts(Severity.WARNING) == []


# ---------------------------------------------------------------- margin calls


def test_a_margin_call_is_critical_and_a_later_statement_ends_it() -> None:
    desk = ClosingDesk()
    desk.statement(text_of(*CALL))
    (text,) = desk.alerts(Severity.CRITICAL)
    assert "3000.00" in text
    assert "追加保证金" in text
    desk.roll()
    assert len(desk.alerts(Severity.CRITICAL)) == 1, "told once in a run"
    later = ClosingDesk(trades=False)
    later.keeper.fold(desk.past())
    later.statement(SAMPLE.replace("20260105", str(NEXT)), day=NEXT)
    later.roll()
    assert later.alerts(Severity.CRITICAL) == []


def test_a_margin_call_is_told_at_each_start_until_a_deposit_meets_it() -> None:
    first = ClosingDesk()
    first.statement(text_of(*CALL))
    first.roll()
    start = ClosingDesk(trades=False)
    start.keeper.fold(first.past())
    start.roll(deposit=1000.0)
    assert len(start.alerts(Severity.CRITICAL)) == 1, "a thousand is not enough"
    again = ClosingDesk(trades=False)
    again.keeper.fold(first.past())
    again.roll(deposit=3000.0)
    assert again.alerts(Severity.CRITICAL) == []
    assert any("is met by deposits" in text for text in again.alerts(Severity.INFO))


def test_a_deposit_of_the_statements_own_day_meets_nothing() -> None:
    """It is in the statement's balance already."""
    desk = ClosingDesk()
    desk.books.set_cash(90_000.0, 0.0)
    desk.statement(text_of(*CALL))
    desk.manager.sync.request("a look")
    desk.bus.run_until_idle()
    assert not any("is met" in text for text in desk.alerts(Severity.INFO))


# ---------------------------------------------------------------- restarts


def restarted(desk: ClosingDesk) -> ClosingDesk:
    """Another process on the same journal, on the new day."""
    other = ClosingDesk(trades=False, ready=False)
    other.keeper.fold(desk.past())
    return other


def test_after_a_restart_the_statement_finds_its_day() -> None:
    desk = ClosingDesk()
    desk.roll()
    other = restarted(desk)
    other.statement(text_of(*DEARER))
    assert other.results() == [(DAY, DIFFERS)]


def test_after_a_restart_what_was_compared_is_not_compared_again() -> None:
    desk = ClosingDesk()
    desk.roll()
    desk.statement(text_of(*DEARER), digest="a")
    other = restarted(desk)
    other.statement(text_of(*DEARER), digest="a")
    assert other.corrections() == []
    assert other.kept(StatementCompared) == []
    other.roll(THIRD)
    assert not [t for t in other.alerts(Severity.WARNING) if str(DAY) in t]


def test_a_correction_is_folded_with_the_books() -> None:
    desk = ClosingDesk()
    desk.roll()
    before = desk.books.snapshot()
    desk.statement(text_of(*DEARER))
    (corrected,) = desk.kept(SettlementCorrected)
    other = ClosingDesk(trades=False)
    recovery.fold([before, corrected], other.books, other.manager)
    assert other.books.book(ALPHA, RB).fees == desk.books.book(ALPHA, RB).fees


def test_a_checkpoint_holds_all_that_a_start_needs() -> None:
    desk = ClosingDesk()
    desk.roll()
    written: list[tuple[object, Kind]] = []
    desk.bus.record = lambda event, kind=Kind.OUTCOME: written.append((event, kind))  # type: ignore[method-assign,misc]
    desk.keeper.checkpoint()
    assert [kind for _, kind in written] == [Kind.CHECKPOINT]
    other = ClosingDesk(trades=False, ready=False)
    other.keeper.fold([event for event, _ in written])  # type: ignore[misc]
    other.statement()
    assert other.results() == [(DAY, AGREED)]


def test_only_the_last_days_are_kept() -> None:
    desk = ClosingDesk(trades=False)
    for day in (20260106, 20260107, 20260108, 20260109, 20260112, 20260113, 20260114):
        desk.roll(day)
    assert len(desk.keeper.results()) == 5
    assert len(desk.kept(DayClosed)) == 7
