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

from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId
from homalos.model.trading import Account
from homalos.model.watching import CapitalNote, CourseNote
from homalos.trading.books import Books
from homalos.trading.watch.lasting import Lasting
from homalos.trading.watch.marks import Marks

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
        self.margin = 0.0
        self.unexplained = 0.0
        """Money by which the last day opened higher than its eve ended, that no profit explains."""
        self._opening = 0.0
        self._paid = 0.0
        self._flows = 0.0
        self._units = 0.0
        self._peak = 0.0
        self._peak_unit = 1.0
        self._result = Lasting()
        self._gained = Lasting()

    @property
    def waits(self) -> bool:
        return self._result.waits or self._gained.waits

    def look(
        self, account: Account, marks: Marks, profits: tuple[float, float], now: int,
        fresh: AbstractSet[InstrumentId],
    ) -> None:  # fmt: skip
        """``profits``: position profits of the day's valuation and of the curve's."""
        day, curve = profits
        opening, paid = account.pre_balance, account.deposit - account.withdraw
        made = account.closed_profit - account.fees
        if not self.trading_day:
            self.equity = opening + paid + made + curve
            self._flows = self._units = self.equity
            self._gained = Lasting(0.0)
            self._paid = paid
            self.trading_day = account.trading_day
        elif account.trading_day != self.trading_day:
            self._turn(account.trading_day, opening + marks.carried())
        self._flow(paid - self._paid)
        self._opening, self._paid, self.margin = opening, paid, account.margin
        self.equity = opening + paid + made + curve
        self._result.look(round(made + day, 4), now, fresh)
        self._gained.look(round(self.equity - self._flows, 4), now, fresh)
        self._climb()

    def _turn(self, trading_day: int, opening: float) -> None:
        """Another trading day. What its opening has more or less than the eve's end, at the same
        marks, nobody saw come: it is taken for money that was paid in or out."""
        self.unexplained = round(opening - self.equity, 4)
        if abs(self.unexplained) >= _CENT:
            self._flow(self.unexplained)
        self.trading_day, self._paid = trading_day, 0.0
        self._result = Lasting(0.0)

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
        base = self._opening if self._paid <= self._opening else self._opening + self._paid
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
        if self._gained.value is None:
            return None
        worth = self._flows + self._gained.value
        if not self.margin:
            return Figure(0.0, 0.0)
        percent = 100.0 * self.margin / worth if worth > 0.0 else float("inf")
        return Figure(self.margin, percent)

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


class Course:
    """One strategy's. A strategy has no money of its own: no percent."""

    __slots__ = ("made", "opened", "peak")

    def __init__(self, made: float, peak: float, opened: float) -> None:
        self.made = Lasting(made)
        """Since its books began, fees paid."""
        self.peak = peak
        self.opened = opened
        """What it had made when the trading day began, at the last marks of its eve."""

    def look(self, made: float, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        self.made.look(round(made, 4), now, fresh)
        self.peak = max(self.peak, self.now)

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
        self.capital = Capital()
        self.courses: dict[StrategyId, Course] = {}

    def look(self, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        """Measure. ``fresh``: contracts with a new mark since the last look."""
        books, marks, day = self._books, self._marks, self._books.trading_day
        held = tuple(books.held())
        profits = (
            sum(marks.profit(contract, day) for contract in held),
            sum(marks.profit(contract, 0) for contract in held),
        )
        turned = self.capital.trading_day not in (0, day)
        self.capital.look(books.account(), marks, profits, now, fresh)
        self._strategies(now, fresh, turned)

    def _strategies(self, now: int, fresh: AbstractSet[InstrumentId], turned: bool) -> None:
        made: dict[StrategyId, float] = {}
        moved: dict[StrategyId, set[InstrumentId]] = {}
        for book in self._books.strategies.books.values():
            strategy = book.strategy
            if strategy == UNATTRIBUTED or not book.traded:
                continue
            price = self._marks.price(book.instrument, book.net) if book.net else None
            if price is None and book.net:
                price = book.record(None).cost_price
            made[strategy] = made.get(strategy, 0.0) + book.result(price)
            if book.net and book.instrument in fresh:
                moved.setdefault(strategy, set()).add(book.instrument)
        for strategy, result in made.items():
            course = self.courses.get(strategy)
            if course is None:
                before = self._before(strategy)
                course = self.courses[strategy] = Course(before, max(0.0, before), before)
            elif turned:
                course.opened = round(result, 4)
            course.look(result, now, moved.get(strategy, frozenset()))

    def _before(self, strategy: StrategyId) -> float:
        """What a strategy that was never looked at had made when the day began."""
        rows = self._books.performances.records()
        return next((row.day_equity for row in rows if row.strategy == strategy), 0.0)

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
