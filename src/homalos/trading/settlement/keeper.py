"""Each day's settlement statement against the books: kept, compared, corrected, told.

When a trading day is over, the books' closing is kept (``DayClosed``): in the journal, so that a
statement which comes with the next login, after a restart too, finds it. The statement of a day
comes while the venue logs us in for the next one, before or after our books roll: the comparison
takes place when both are there, and once; another text for the same day is compared anew.

What is corrected. The account never: a new trading day begins with the venue's opening figures,
which are the statement's. A strategy's book has no opening figures, so the fee of a trade that the
statement tells otherwise is corrected there; all other money is nobody's, on record and no more.
Lots are left to reconciliation: a statement books no trade.
"""

from collections.abc import Iterable
from typing import NamedTuple

from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import AlertRaised, Reconciled
from homalos.model.settlement import (
    AGREED,
    DIFFERS,
    NO_BOOKS,
    NONE,
    UNREAD,
    Correction,
    DayClosed,
    SettlementCorrected,
    Statement,
    StatementCompared,
    StatementRead,
)
from homalos.trading.books import Books
from homalos.trading.settlement import telling
from homalos.trading.settlement.compare import CENT, Comparison, compare

KEPT_DAYS = 5
"""Closings and results that are kept: a broker's front gives statements of the last days when
asked by day, and a holiday's week is bridged."""
_ACTOR = "settlement"
_INFO, _WARNING, _ERROR, _CRITICAL = Severity


class _Call(NamedTuple):
    """A margin call that stands."""

    day: int
    amount: float
    told: bool


class SettlementKeeper:
    """See the module. ``expects``: the venue is a real account's, which gets statements; a
    simulated one in process has none, and nothing is kept for it."""

    def __init__(self, bus: Bus, books: Books, *, expects: bool) -> None:
        self._bus = bus
        self._books = books
        self._expects = expects
        self._days: dict[int, DayClosed] = {}
        self._results: dict[int, StatementCompared] = {}
        self._waiting: dict[int, StatementRead] = {}
        """Statements of a day on which the books still are."""
        self._call: _Call | None = None

    def attach(self) -> None:
        """Subscribe."""
        self._bus.subscribe(StatementRead, self._on_read, actor=_ACTOR, role="account")
        self._bus.subscribe(Reconciled, self._on_reconciled, actor=_ACTOR, role="orders")

    # ------------------------------------------------------------ the day's end

    def close_day(self, next_day: int) -> None:
        """The books are about to roll to ``next_day``: keep how their day ends."""
        if not self._expects:
            return
        day = self._books.trading_day
        if day:
            self._missing(day)
            closed = self._closed()
            self._bus.record(closed)
            self._days[day] = closed
            _forget(self._days)
        for waiting in sorted(day for day in self._waiting if day < next_day):
            self._compare(waiting, self._waiting.pop(waiting))

    def _closed(self) -> DayClosed:
        books = self._books
        positions = books.positions()
        contracts = [books.contract(position.instrument) for position in positions]
        told = sorted((id_, tick.settlement) for id_, tick in books.quotes.items()
                      if tick.settlement is not None
                      and tick.trading_day == books.trading_day)  # fmt: skip
        return DayClosed(
            books.account(), positions,
            tuple(contract.multiplier for contract in contracts if contract is not None),
            tuple(told), tuple(books.day.booked), books.day.seen(), self._bus.clock.now(),
        )  # fmt: skip

    def _missing(self, today: int) -> None:
        """No statement of an earlier day has come all day long: the last look at it."""
        for day in sorted(self._days):
            if day < today and day not in self._results and day not in self._waiting:
                self._conclude(self._result(day, NONE))
                self._alert(_WARNING, telling.none_came(day))

    # ------------------------------------------------------------ a statement

    def _on_read(self, event: StatementRead) -> None:
        statement = event.statement
        day = statement.trading_day or event.trading_day
        if not day or telling.is_empty(statement):
            self._alert(_WARNING, telling.unreadable(event))
            if day and day not in self._results:
                self._conclude(self._result(day, UNREAD, event))
            return
        self._note_call(day, statement)
        known = self._results.get(day)
        if known is not None and known.digest == event.digest:
            self._bus.publish(known)  # the store may not have written it when the process died
        elif day in self._days or 0 < day < self._books.trading_day:
            self._compare(day, event)
        else:
            self._waiting[day] = event

    def _compare(self, day: int, event: StatementRead) -> None:
        closed = self._days.get(day)
        if closed is None:
            result = self._result(day, NO_BOOKS, event)
            self._conclude(result)
            self._alert(_INFO, telling.no_books(day))
            return
        found = compare(closed, event.statement)
        result = self._result(day, found.result, event, found)
        before = self._results.get(day)
        self._conclude(result)
        self._correct(result, () if before is None else before.corrections)
        severity = _INFO if found.result == AGREED else _WARNING
        if found.result == DIFFERS and telling.is_grave(found):
            severity = _ERROR
        self._alert(severity, telling.compared(result))

    def _result(
        self, day: int, result: str, event: StatementRead | None = None,
        found: Comparison | None = None,
    ) -> StatementCompared:  # fmt: skip
        account, now = self._books.account_id, self._bus.clock.now()
        if event is None:
            return StatementCompared(
                account, day, "", "", result, "", (), (), (), (), None, now
            )  # fmt: skip
        statement = event.statement
        notes = telling.unread(statement) if found is None else found.notes
        figures = telling.figures(statement) if found is None else found.figures
        differences = () if found is None else found.differences
        corrections = () if found is None else found.corrections
        return StatementCompared(
            account, day, event.path, event.digest, result, statement.layout, figures, differences,
            corrections, notes, statement.funds.margin_call, now,
        )  # fmt: skip

    def _conclude(self, result: StatementCompared) -> None:
        self._bus.record(result)
        self._results[result.trading_day] = result
        _forget(self._results)
        self._bus.publish(result)

    # ------------------------------------------------------------ corrections

    def _correct(self, result: StatementCompared, before: tuple[Correction, ...]) -> None:
        """Book what an earlier text of the same day has not booked already."""
        had = {_key(row): row for row in before}
        for row in result.corrections:
            self._book(result, row, had.pop(_key(row), None))
        for row in had.values():  # the new text does not say so any more
            self._book(result, _less(row, ours=row.theirs, theirs=row.ours, amount=0.0), row)

    def _book(self, result: StatementCompared, row: Correction, had: Correction | None) -> None:
        if had is not None:
            row = _less(row, ours=had.theirs, theirs=row.theirs, amount=row.amount - had.amount)
            if abs(row.amount) < CENT:
                return
        booked = self._books.has_book(row.strategy, row.instrument)
        event = SettlementCorrected(
            result.account, result.trading_day, row, booked, self._bus.clock.now()
        )
        self._bus.record(event)
        apply(self._books, event)
        self._bus.publish(event)

    # ------------------------------------------------------------ margin calls

    def _note_call(self, day: int, statement: Statement) -> None:
        amount = statement.funds.margin_call
        if amount is None or (self._call is not None and day < self._call.day):
            return
        self._call = None
        if amount > CENT:
            self._call = _Call(day, amount, told=True)
            self._alert(_CRITICAL, telling.margin_call(day, amount))

    def _on_reconciled(self, event: Reconciled) -> None:
        """The venue has told the day's deposits: is the call met? At a start it is told again."""
        call, books = self._call, self._books
        if call is None:
            return
        paid = 0.0
        if books.trading_day > call.day:
            account = books.account()
            paid = account.deposit - account.withdraw
        if paid >= call.amount - CENT:
            self._call = None
            self._alert(_INFO, telling.call_met(call.day, call.amount))
        elif not call.told:
            self._call = call._replace(told=True)
            self._alert(_CRITICAL, telling.margin_call(call.day, call.amount))

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, _ACTOR, text, self._bus.clock.now()))

    # ------------------------------------------------------------ restarts

    def fold(self, events: Iterable[Event]) -> None:
        """What the journal knows. The corrections themselves are folded with the books."""
        for event in events:
            if isinstance(event, DayClosed):
                self._days[event.account.trading_day] = event
            elif isinstance(event, StatementCompared):
                self._results[event.trading_day] = event
        _forget(self._days)
        _forget(self._results)
        told = [row for row in self._results.values() if row.margin_call is not None]
        if told:
            last = max(told, key=lambda row: row.trading_day)
            if last.margin_call is not None and last.margin_call > CENT:
                self._call = _Call(last.trading_day, last.margin_call, told=False)

    def checkpoint(self) -> None:
        """Put it into the journal anew: what stands before this is not read again."""
        for event in (*self._days.values(), *self._results.values()):
            self._bus.record(event, Kind.CHECKPOINT)

    # ------------------------------------------------------------ questions

    def results(self) -> tuple[StatementCompared, ...]:
        """Of the last days, the newest first."""
        return tuple(self._results[day] for day in sorted(self._results, reverse=True))


def apply(books: Books, event: SettlementCorrected) -> None:
    """Book a correction; at a start again, from the journal."""
    row = event.correction
    if event.booked:
        books.correct_fee(row.strategy, row.instrument, -row.amount)


def _key(row: Correction) -> tuple[str, ...]:
    return row.what, row.instrument, row.trade, row.side


def _less(row: Correction, *, ours: float, theirs: float, amount: float) -> Correction:
    return Correction(
        row.what, row.strategy, row.instrument, row.trade, row.side, ours, theirs, round(amount, 4)
    )


def _forget(days: dict[int, DayClosed] | dict[int, StatementCompared]) -> None:
    for day in sorted(days)[:-KEPT_DAYS]:
        del days[day]
