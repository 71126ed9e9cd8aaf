"""What is measured: losses of the day, drawdowns, margin use. Money in yuan.

Deposits and withdrawals are no gain and no loss. The day's result is made of profits and fees, in
which money that came or went does not appear. The curve over days is cut into *units* as a fund's
is (净值): money that comes buys units at what one is worth then, so the drawdown in percent, by the
unit, does not move with it; the drawdown in yuan is of what was gained.

Two valuations. The day's result takes marks of this trading day alone, and without one the basis
(the settlement, or the opening price): the day begins at 0. The curve takes the last valid mark of
any day, so it does not jump from the close to the settlement and back when a day turns.
"""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.trading import Account
from homalos.model.watching import CapitalNote, CourseNote
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.watch.eve import Eve
from homalos.trading.watch.lasting import Lasting
from homalos.trading.watch.marks import Marks
from homalos.trading.watch.results import Results

_CENT = 0.01


class Figure(NamedTuple):
    """A loss (or a margin), 0 or above; ``percent`` of what, see ``Capital``; ``None``: of
    nothing."""

    yuan: float
    percent: float | None = None

    def of(self, unit: str) -> float | None:
        return self.yuan if unit == "yuan" else self.percent


class Capital:
    """The account's. Every value is one that has held (``Lasting``)."""

    def __init__(self) -> None:
        self.trading_day = 0
        self.equity = 0.0
        """At the last valid marks, as it is this moment."""
        self.opening = 0.0
        self._began: float | None = None
        """The opening at the eve's marks; ``None``: not looked at since the start."""
        self._paid = 0.0
        self._flows = 0.0
        self._units = 0.0
        self._peak = 0.0
        self._peak_unit = 1.0
        self._result = Lasting()
        self._gained = Lasting()
        self._margin = Lasting()

    @property
    def waits(self) -> bool:
        return self._result.waits or self._gained.waits or self._margin.waits

    def begin(self, account: Account, carried: float, curve: float) -> float:
        """Before anything is marked anew: the venue's or the books' word on the opening. Money that
        came or went and nobody saw it come, yuan: what the opening has more or less than the
        eve's end, at the same marks (``carried``, see ``Eve``), or than it had so far."""
        opening, paid = account.pre_balance, account.deposit - account.withdraw
        began, unseen = opening + carried, 0.0
        if not self.trading_day:
            made = account.closed_profit - account.fees
            self.equity = opening + paid + made + curve
            self._flows = self._units = self.equity
            self._gained = Lasting(0.0)
            self._paid = paid
        elif account.trading_day != self.trading_day:
            unseen, self._paid = began - self.equity, 0.0
            self._result = Lasting(0.0)
        elif self._began is not None:
            unseen = began - self._began
        unseen = round(unseen, 4) if abs(unseen) >= _CENT else 0.0
        self._flow(unseen + paid - self._paid)
        self.trading_day, self.opening = account.trading_day, opening
        self._paid, self._began = paid, began
        return unseen

    def look(
        self, account: Account, profits: tuple[float, float], now: int,
        fresh: AbstractSet[InstrumentId],
    ) -> None:  # fmt: skip
        """``profits``: position profits of the day's valuation and of the curve's."""
        day, curve = profits
        made = account.closed_profit - account.fees
        self._margin.look(round(account.margin, 4), now, fresh)
        self.equity = self.opening + self._paid + made + curve
        self._result.look(round(made + day, 4), now, fresh)
        self._gained.look(round(self.equity - self._flows, 4), now, fresh)
        self._climb()

    def _flow(self, money: float) -> None:
        if not money:
            return
        unit = self._unit()
        self._flows += money
        self._units = self._units + money / unit if unit > 0.0 else 0.0
        if self._units <= _CENT:  # all is gone, or nothing was there: whatever comes begins anew
            self._units = max(0.0, self._flows + (self._gained.value or 0.0))
            self._peak_unit = 1.0

    def _unit(self) -> float:
        worth = self._flows + (self._gained.value or 0.0)
        return worth / self._units if self._units > _CENT else 1.0

    def _climb(self) -> None:
        gained = self._gained.value
        if gained is not None:
            self._peak = max(self._peak, gained)
            self._peak_unit = max(self._peak_unit, self._unit())

    def begin_anew(self) -> None:
        """Forget the highest equity."""
        self._peak, self._peak_unit = self._gained.value or 0.0, self._unit()

    # ------------------------------------------------------------ questions

    @property
    def result(self) -> float | None:
        """Of the trading day; ``None``: not known yet."""
        return self._result.value

    @property
    def peak_equity(self) -> float:
        """The equity if the unit stood at its highest."""
        return self._peak_unit * self._units

    def day_loss(self) -> Figure | None:
        """In percent of the equity with which the day opened; of an account that was first (or
        mostly) funded today, of that and what was paid in."""
        result = self._result.value
        if result is None:
            return None
        base = self.opening if self._paid <= self.opening else self.opening + self._paid
        loss = max(0.0, -result)
        return Figure(loss, 100.0 * loss / base if base > 0.0 else None)

    def drawdown(self) -> Figure | None:
        """In percent of the highest unit."""
        gained = self._gained.value
        if gained is None:
            return None
        percent = 100.0 * (1.0 - self._unit() / self._peak_unit)
        return Figure(round(self._peak - gained, 4), max(0.0, round(percent, 9)))

    def margin_use(self) -> Figure | None:
        """Margin, and its share of the equity; without equity the share is endless."""
        margin = self._margin.value
        if self._gained.value is None or margin is None:
            return None
        worth = self._flows + self._gained.value
        if not margin:
            return Figure(0.0, 0.0)
        return Figure(margin, 100.0 * margin / worth if worth > 0.0 else float("inf"))

    def note(self) -> CapitalNote | None:
        if not self.trading_day:
            return None
        gained = self._gained.value
        return CapitalNote(
            self.trading_day, round(self.equity, 4), self._paid, round(self._flows, 4),
            self._units, self._peak if gained is None else gained, self._peak, self._peak_unit,
        )  # fmt: skip

    def load(self, note: CapitalNote) -> None:
        self.trading_day, self.equity, self._paid = note.trading_day, note.equity, note.paid
        self._flows, self._units = note.flows, note.units
        self._peak, self._peak_unit = note.peak, note.peak_unit
        self._gained, self._result = Lasting(note.gained), Lasting()
        self._began = None


class Course:
    """One strategy's. A strategy has no money of its own: no percent."""

    __slots__ = ("last", "made", "opened", "peak")

    def __init__(self, made: float, peak: float, opened: float) -> None:
        self.made = Lasting(made)
        """Since its books began, fees paid."""
        self.last = made
        """The same at the last look, whether it has held or not."""
        self.peak = peak
        self.opened = opened
        """What it had made when the trading day began, at the last marks of its eve."""

    def look(self, made: float, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        self.last = round(made, 4)
        self.made.look(self.last, now, fresh)
        self.peak = max(self.peak, self.now)

    def correct(self, by: float, *, earlier: bool) -> None:
        """What it had made is another by so much: already before this trading day, or in it."""
        self.made.shift(by)
        self.last = round(self.last + by, 4)
        if earlier:
            self.opened, self.peak = round(self.opened + by, 4), round(self.peak + by, 4)

    @property
    def now(self) -> float:
        return self.made.value or 0.0

    def day_loss(self) -> Figure:
        return Figure(max(0.0, round(self.opened - self.now, 4)))

    def drawdown(self) -> Figure:
        return Figure(round(self.peak - self.now, 4))


class Measures:
    """Of the account and of every strategy (``manual`` too; not of nobody's lots)."""

    def __init__(self, books: Books, marks: Marks) -> None:
        self._books = books
        self._marks = marks
        self._eve = Eve(books, marks)
        self.results = Results(books, marks)
        self.capital = Capital()
        self.courses: dict[StrategyId, Course] = {}
        self.held: tuple[Contract, ...] = ()
        """Contracts in which the account or a book of a strategy holds lots."""

    def stale(self) -> bool:
        """Whether the opening is another than it was, perhaps without an event: a tick tells the
        settlement."""
        account, capital = self._books.account(), self.capital
        return (account.trading_day, account.pre_balance) != (capital.trading_day, capital.opening)

    def begin(self) -> float:
        """Something changed that is no quote, before the quotes are looked at. Yuan that came or
        went unseen: see ``Capital.begin``."""
        books, marks, capital = self._books, self._marks, self.capital
        if capital.trading_day != books.trading_day:
            self._eve.begin()
            for course in self.courses.values():
                course.opened = course.last
        curve = sum(marks.profit(contract, 0) for contract in books.held())
        unseen = capital.begin(books.account(), self._eve.carried(), curve)
        self.results.refresh()
        held = {contract.instrument.id: contract for contract in books.held()}
        for id_ in self.results.held():
            contract = books.contract(id_)
            if contract is not None:
                held[id_] = contract
        self.held = tuple(held.values())
        marks.keep(self.held)
        return unseen

    def look(self, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        """Measure. ``fresh``: contracts with a new mark since the last look."""
        books, marks, day = self._books, self._marks, self._books.trading_day
        held = tuple(books.held())
        profits = (
            sum(marks.profit(contract, day) for contract in held),
            sum(marks.profit(contract, 0) for contract in held),
        )
        self.capital.look(books.account(), profits, now, fresh)
        for strategy, made, open_books in self.results.rows():
            course = self.courses.get(strategy)
            if course is None:
                before = self._before(strategy)
                course = self.courses[strategy] = Course(before, max(0.0, before), before)
            course.look(made, now, {b.instrument for b in open_books} & fresh)

    def _before(self, strategy: StrategyId) -> float:
        """What a strategy that was never looked at had made when the day began."""
        rows = self._books.performances.records()
        return next((row.day_equity for row in rows if row.strategy == strategy), 0.0)

    def correct(self, strategy: StrategyId, trading_day: int, by: float) -> None:
        """A settlement statement says otherwise of that day, and the strategy's book has it."""
        self.results.changed(strategy)
        course = self.courses.get(strategy)
        if course is not None:
            course.correct(by, earlier=trading_day < self.capital.trading_day)

    @property
    def waits(self) -> bool:
        """Whether a change has yet to hold."""
        return self.capital.waits or any(c.made.waits for c in self.courses.values())

    def begin_anew(self) -> None:
        """Forget every highest value: drawdowns count from here."""
        self.capital.begin_anew()
        for course in self.courses.values():
            course.peak = course.now

    # ------------------------------------------------------------ keeping

    def notes(self) -> tuple[CourseNote, ...]:
        return tuple(
            CourseNote(strategy, course.now, course.peak, course.opened)
            for strategy, course in sorted(self.courses.items())
        )

    def load(self, capital: CapitalNote | None, courses: tuple[CourseNote, ...]) -> None:
        """As they were noted."""
        self.capital = Capital()
        if capital is not None:
            self.capital.load(capital)
        self.courses = {row.strategy: Course(row.made, row.peak, row.opened) for row in courses}
