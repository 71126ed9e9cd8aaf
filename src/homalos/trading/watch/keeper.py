"""The watch over losses: limits that deny what opens, and levels that warn, reduce, stop, flatten.

Four times a second of event time, while something is held in an open market or a change has yet to
hold, the quotes of what is held are looked at and everything is measured anew. No handler hears a
tick. What a level has done, and every loss that stands above its limit, is in the journal before it
acts, with the curves and marks beside it; so a restart forgets none and does none twice.

An account level that flattens takes the scope ``daemon``: it closes what strategies and the trader
hold here. Lots of nobody's came from elsewhere, a hedge perhaps: to close those is a person's word.
"""

from collections.abc import Iterable
from functools import partial

from msgspec.structs import replace

from homalos.config.sections.risk import RiskSection
from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timer, Timers
from homalos.model.enums import Channel, Phase, Severity
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    ConnectionChanged,
    FlattenChanged,
    PhaseChanged,
    Reconciled,
    StrategyCommand,
    StrategyStateChanged,
    TradeFilled,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.reconciling import LossAssigned, PositionAdjusted
from homalos.model.settlement import SettlementCorrected
from homalos.model.times import MILLISECOND, SECOND
from homalos.model.watching import ACCOUNT, Fired, LossesNoted
from homalos.trading.books import Books
from homalos.trading.cancels import cancel_opens
from homalos.trading.control import TradingControl
from homalos.trading.registry import VenueStatus
from homalos.trading.watch import levels
from homalos.trading.watch.duties import ACTOR, Duties
from homalos.trading.watch.latches import Latches
from homalos.trading.watch.levels import DAY_LOSS, DRAWDOWN, MARGIN_USE, Level
from homalos.trading.watch.marks import Marks
from homalos.trading.watch.measures import Figure, Measures

LOOK_EVERY = 250 * MILLISECOND
UNKNOWN_EVERY = 10 * SECOND
"""While nobody has told the phase of anything that is held."""
NOTE_EVERY = 10 * SECOND
"""Curves and marks are noted so often while they move; a crash loses no more of them."""
ANSWER_LOST = 60 * SECOND
"""A new trading day whose opening nobody has confirmed is watched by our own figures then."""
TOLD = 0.005
"""Share of the equity from which money that came unseen is told."""


class LossWatch:
    """See the module. The only writer of marks, measures, latches and of ``standing``."""

    def __init__(
        self, bus: Bus, timers: Timers, books: Books, venue: VenueStatus, control: TradingControl
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._books = books
        self._venue = venue
        self.marks = Marks(books, venue)
        self.measures = Measures(books, self.marks)
        self.latches = Latches()
        self.standing = self.latches.standing
        self._section = RiskSection()
        self._duties = Duties(bus, control)
        self._day = 0
        self._since = 0
        """The key ``drawdown_since``, as it was."""
        self._known = False
        """Books and venue were compared on this trading day."""
        self._changed = False
        """Something other than a quote may have moved the measures."""
        self.blind: dict[InstrumentId, str] = {}
        """Contracts that are held, trade, and have had no valid mark for long, and why."""
        self._timer: Timer | None = None
        self._noted: LossesNoted | None = None

    def attach(self) -> None:
        """Subscribe: after the orders, before the strategies."""
        for event, handler, role in (
            (TradeFilled, self._on_trade, "account"),
            (Reconciled, self._on_reconciled, "risk"),
            (SettlementCorrected, self._on_corrected, "risk"),
            (PositionAdjusted, self._on_moved, "risk"),
            (LossAssigned, self._on_moved, "risk"),
            (TradingDayChanged, self._on_day, "account"),
            (PhaseChanged, self._on_phase, "orders"),
            (ConnectionChanged, self._on_connection, "orders"),
            (TradingStateChanged, self._on_state, "risk"),
            (FlattenChanged, self._on_flatten, "risk"),
            (StrategyCommand, self._duties.saw_command, "orders"),
            (StrategyStateChanged, self._duties.saw_strategy, "orders"),
        ):
            self._bus.subscribe(event, handler, actor=ACTOR, role=role)  # type: ignore[arg-type]

    def configure(self, section: RiskSection) -> None:
        """Apply the keys, between two events: a loss that stands is judged by the new limits."""
        self._section = section
        self._duties.levels = levels.table(section)
        for key in self.latches.configure(levels.Limits(section)):
            self._alert(Severity.WARNING, _released(key))
        self._on_change(None)

    # ------------------------------------------------------------ what happens

    def _on_change(self, _: Event | None) -> None:
        self._changed = True
        self._arm()

    def _on_trade(self, event: TradeFilled) -> None:
        trade = event.trade
        self.marks.filled(trade)
        self.measures.results.changed(trade.strategy)
        self._on_change(event)

    def _on_corrected(self, event: SettlementCorrected) -> None:
        """A fee of an earlier day is no loss of today."""
        self.correct(event)
        self._note(self._bus.clock.now(), at_once=True)
        self._on_change(event)

    def correct(self, event: SettlementCorrected) -> None:
        """From the journal, too: the books are corrected there as well."""
        if event.booked:
            row = event.correction
            self.measures.correct(row.strategy, event.trading_day, row.amount)

    def _on_moved(self, event: Event) -> None:
        """Lots went from book to book, or out of them."""
        self.measures.results.changed()
        self._on_change(event)

    def _on_reconciled(self, _: Reconciled) -> None:
        self.measures.results.changed()
        self._turn(self._books.trading_day)
        self._know()

    def _know(self) -> None:
        if self._day and self._day == self._books.trading_day:
            self._known = True
            for subject in self.latches.subjects():
                cancel_opens(self._bus, subject, ACTOR, "its loss stands / 亏损限额生效中")
            self._duties.enforce()
            self._on_change(None)

    def _on_day(self, event: TradingDayChanged) -> None:
        if event.trading_day != self._day and event.trading_day >= self._books.trading_day:
            self._known = False  # its opening figures come with the next comparison
            self._turn(event.trading_day)
            if self.measures.capital.trading_day:  # else there is nothing to go on from
                late = self._bus.clock.now() + ANSWER_LOST
                self._timers.call_at(late, partial(self._unanswered, event.trading_day))

    def _unanswered(self, trading_day: int) -> None:
        """By our own figures, then, until the venue answers."""
        if trading_day == self._day and not self._known:
            self._know()

    def _turn(self, trading_day: int) -> None:
        """Another trading day: what a day's loss or the margin has done is over."""
        if trading_day == self._day:
            return
        self._day = trading_day
        self._duties.forget(DAY_LOSS)
        self._duties.forget(MARGIN_USE)
        self.latches.forget(DAY_LOSS)

    def _on_phase(self, event: PhaseChanged) -> None:
        if event.phase is Phase.CONTINUOUS:
            self.marks.begin_anew(self._bus.clock.now(), event.exchange, event.product)
            self._on_change(None)

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.channel is Channel.MARKET_DATA and event.connected:
            self.marks.begin_anew(self._bus.clock.now())

    def _on_state(self, event: TradingStateChanged) -> None:
        if self._duties.saw_state(event):
            self._note(self._bus.clock.now(), at_once=True)
        self._on_change(event)

    def _on_flatten(self, event: FlattenChanged) -> None:
        if self._duties.saw_flatten(event.job):
            self._note(self._bus.clock.now(), at_once=True)

    # ------------------------------------------------------------ looking

    def _arm(self, delay: int = LOOK_EVERY) -> None:
        """Look soon; what is due later than that is put forward."""
        when = self._bus.clock.now() + delay
        if not self._known or (self._timer is not None and self._timer.when <= when):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timers.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._known:
            return
        now, measures = self._bus.clock.now(), self.measures
        changed, self._changed = self._changed or measures.stale(), False
        if changed and (unseen := measures.begin()):
            self._tell_unseen(unseen)
        oldest = self._section.max_mark_age_ms * MILLISECOND
        fresh = self.marks.look(measures.held, now, oldest)
        self._tell_blind(dict(self.marks.blind(measures.held, now)))
        if fresh or changed or measures.waits or self._duties.owes:
            measures.look(now, fresh)
            self._begin_drawdowns_anew()
            self._judge(now)
        phases = self._phases()
        goes_on = measures.waits or self._duties.owes or Phase.CONTINUOUS in phases
        self._note(now, at_once=not goes_on)
        if goes_on:
            self._arm()
        elif None in phases:
            self._arm(UNKNOWN_EVERY)

    def _phases(self) -> set[Phase | None]:
        """Of what is held. Where nothing is open nobody looks: what begins is told."""
        phases = self._venue.phases
        return {
            phases.get((c.instrument.exchange, c.instrument.product)) for c in self.measures.held
        }

    def _tell_unseen(self, moved: float) -> None:
        if abs(moved) > TOLD * max(self.measures.capital.equity, 1.0):
            self._alert(
                Severity.WARNING,
                f"the account opened {moved:+,.2f} yuan off what it was last seen with: taken for "
                "money paid in or out, no loss and no gain. If it was a loss, the drawdown is "
                f"larger by it / 账户期初权益与上次所见相差 {moved:+,.2f} 元，"
                "按出入金处理，不计入盈亏",
            )

    def _tell_blind(self, found: dict[InstrumentId, str]) -> None:
        for id_ in found.keys() - self.blind.keys():
            self._alert(
                Severity.ERROR,
                f"losses of {id_} are not seen: it has had no valid mark for a minute or more "
                f"({found[id_]}); limits and levels do not count on it / "
                f"{id_} 持仓长时间无有效行情，亏损监控对其失效，请检查行情",
            )
        for id_ in self.blind.keys() - found.keys():
            self._alert(Severity.INFO, f"losses of {id_} are seen again / {id_} 亏损监控恢复")
        self.blind = found

    def _begin_drawdowns_anew(self) -> None:
        if self._since == self._section.drawdown_since:
            return
        self._since = self._section.drawdown_since
        self.measures.begin_anew()
        self._duties.forget(DRAWDOWN)
        self.latches.forget(DRAWDOWN)
        self._alert(Severity.INFO, "drawdowns count anew from here / 回撤从此重新计算")

    # ------------------------------------------------------------ judging

    def figures(self) -> Iterable[tuple[StrategyId, str, Figure]]:
        """Everything that is known now: subject, what, figure."""
        capital, courses = self.measures.capital, self.measures.courses
        rows = [
            (ACCOUNT, DAY_LOSS, capital.day_loss()),
            (ACCOUNT, DRAWDOWN, capital.drawdown()),
            (ACCOUNT, MARGIN_USE, capital.margin_use()),
        ]
        for strategy, course in courses.items():
            rows.append((strategy, DAY_LOSS, course.day_loss()))
            rows.append((strategy, DRAWDOWN, course.drawdown()))
        return [(subject, what, figure) for subject, what, figure in rows if figure is not None]

    def _judge(self, now: int) -> None:
        due: list[Fired] = []
        latched: list[tuple[StrategyId, str]] = []
        for subject, what, figure in self.figures():
            due += self._duties.look(subject, what, figure, now)
            if what != MARGIN_USE and (text := self.latches.look(subject, what, figure)):
                latched.append((subject, text))
        if due or latched:
            self._note(now, at_once=True)
        for subject, text in latched:
            self._alert(Severity.WARNING, text)
            cancel_opens(self._bus, subject, ACTOR, text)
        for row in due:
            self._duties.act(row, now)
        if self._duties.pay(now):
            self._note(now, at_once=True)

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, ACTOR, text, self._bus.clock.now()))

    # ------------------------------------------------------------ keeping

    def _note(self, now: int, *, at_once: bool = False) -> None:
        """Into the journal: what a level does before it does it, the rest when it has moved."""
        before = self._noted
        if before is not None and not at_once and now - before.ts_init < NOTE_EVERY:
            return
        note = self.record(now)
        if before is None or note != _timed(before, now):
            self._noted = note
            self._bus.record(note)

    def record(self, now: int) -> LossesNoted:
        measures = self.measures
        return LossesNoted(
            self._day, self._since, measures.capital.note(), measures.notes(),
            self.fired(), self.latches.notes(), tuple(self._duties.stopped),
            self.marks.notes(), now,
        )  # fmt: skip

    def checkpoint(self) -> None:
        """Put it into the journal anew: what stands before this is not read again."""
        self._bus.record(self.record(self._bus.clock.now()), Kind.CHECKPOINT)

    def fold(self, note: LossesNoted) -> None:
        """From the journal: the last note holds."""
        self._day, self._since = note.trading_day, note.drawdown_since
        self.measures.load(note.capital, note.courses)
        self.marks.load(note.marks)
        self._duties.load(note.fired, note.stopped)
        self.latches.load(note.latched)

    def state(self) -> tuple[object, ...]:
        """For the hash of all state: what decides about orders."""
        return self._day, self.fired(), self.latches.notes(), self.measures.notes()

    # ------------------------------------------------------------ questions

    def fired(self) -> tuple[Fired, ...]:
        """Levels that have acted and would not act again now."""
        return tuple(self._duties.fired.values())

    def stopped(self, strategy: StrategyId) -> bool:
        return any(name == strategy for name, _ in self._duties.stopped)

    def at_basis(self) -> tuple[tuple[str, str], ...]:
        """Contracts held that count at their basis, and why."""
        return tuple(self.marks.missing(self.measures.held, self._books.trading_day))

    def levels(self) -> tuple[Level, ...]:
        return self._duties.levels


def _timed(note: LossesNoted, now: int) -> LossesNoted:
    return replace(note, ts_init=now)


def _released(key: tuple[StrategyId, str]) -> str:
    subject, what = key
    return (
        f"{subject or 'account'}: the limit of the {what} was raised above it, opens pass again / "
        "限额已调高，恢复开仓"
    )
