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
from homalos.model.enums import Channel, KillScope, Phase, Severity, StrategyState, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    Audited,
    BeginFlatten,
    ConnectionChanged,
    PhaseChanged,
    Reconciled,
    SetTradingState,
    StrategyCommand,
    StrategyStateChanged,
    TradeFilled,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.flatten import EVERYBODY
from homalos.model.ids import StrategyId
from homalos.model.times import MILLISECOND, SECOND
from homalos.model.watching import ACCOUNT, Fired, LossesNoted
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.registry import VenueStatus
from homalos.trading.watch import levels
from homalos.trading.watch.latches import Latches
from homalos.trading.watch.levels import DAY_LOSS, DRAWDOWN, MARGIN_USE, RECOVERED, Level
from homalos.trading.watch.marks import Marks
from homalos.trading.watch.measures import Figure, Measures

ACTOR = "watch"
LOOK_EVERY = 250 * MILLISECOND
NOTE_EVERY = 10 * SECOND
"""Curves and marks are noted so often while they move; a crash loses no more of them."""
ANSWER_LOST = 60 * SECOND
"""A new trading day whose opening nobody has confirmed is watched by our own figures then."""
TOLD = 0.005
"""Share of the equity from which money that came unseen is told."""

Key = tuple[StrategyId, str, str, str]
"""Of levels that take each other's place: subject, what, unit, action."""


class LossWatch:
    """See the module. The only writer of marks, measures, latches and of ``standing``."""

    def __init__(
        self, bus: Bus, timers: Timers, books: Books, venue: VenueStatus, control: TradingControl
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._books = books
        self._venue = venue
        self._control = control
        self.marks = Marks(books, venue)
        self.measures = Measures(books, self.marks)
        self.latches = Latches()
        self.standing = self.latches.standing
        self._section = RiskSection()
        self._levels: tuple[Level, ...] = ()
        self._fired: dict[Key, Fired] = {}
        self._stopped: dict[StrategyId, str] = {}
        """Strategies that a level has stopped, and of what kind it was: until a person starts
        them, nothing else does."""
        self._running: set[StrategyId] = set()
        self._day = 0
        self._since = 0
        """The key ``drawdown_since``, as it was."""
        self._known = False
        """Books and venue were compared on this trading day."""
        self._changed = False
        """Something other than a quote may have moved the measures."""
        self._timer: Timer | None = None
        self._noted: LossesNoted | None = None

    def attach(self) -> None:
        """Subscribe: after the orders, before the strategies."""
        for event, handler, role in (
            (TradeFilled, self._on_trade, "account"),
            (Reconciled, self._on_reconciled, "risk"),
            (TradingDayChanged, self._on_day, "account"),
            (PhaseChanged, self._on_phase, "orders"),
            (ConnectionChanged, self._on_connection, "orders"),
            (TradingStateChanged, self._on_change, "risk"),
            (StrategyCommand, self._on_command, "orders"),
            (StrategyStateChanged, self._on_strategy, "orders"),
        ):
            self._bus.subscribe(event, handler, actor=ACTOR, role=role)  # type: ignore[arg-type]

    def configure(self, section: RiskSection) -> None:
        """Apply the keys, between two events: a loss that stands is judged by the new limits."""
        self._section = section
        self._levels = levels.table(section)
        for key in self.latches.configure(levels.Limits(section)):
            self._alert(Severity.WARNING, _released(key))
        self._on_change(None)

    # ------------------------------------------------------------ what happens

    def _on_change(self, _: Event | None) -> None:
        self._changed = True
        self._arm()

    def _on_trade(self, event: TradeFilled) -> None:
        trade = event.trade
        self.marks.filled(trade.instrument, trade.price, trade.ts_event)
        self.measures.results.changed(trade.strategy)
        self._on_change(event)

    def _on_reconciled(self, _: Reconciled) -> None:
        self.measures.results.changed()
        self._turn(self._books.trading_day)
        self._know()

    def _know(self) -> None:
        if self._day and self._day == self._books.trading_day:
            self._known = True
            self._on_change(None)

    def _on_day(self, event: TradingDayChanged) -> None:
        if event.trading_day != self._day:
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
        self._fired = {key: row for key, row in self._fired.items() if row.what == DRAWDOWN}
        self._stopped = {s: what for s, what in self._stopped.items() if what == DRAWDOWN}
        self.latches.forget(DAY_LOSS)

    def _on_phase(self, event: PhaseChanged) -> None:
        if event.phase is Phase.CONTINUOUS:
            self.marks.begin_anew(event.exchange, event.product)
            self._on_change(None)

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.channel is Channel.MARKET_DATA and event.connected:
            self.marks.begin_anew()

    def _on_command(self, event: StrategyCommand) -> None:
        """A start by a person lifts a stop."""
        if event.action == "start" and not event.who.startswith(f"{ACTOR}:"):
            self._stopped.pop(event.strategy, None)

    def _on_strategy(self, event: StrategyStateChanged) -> None:
        """What a level has stopped does not run again by itself: by a restart, a reload."""
        if event.state is not StrategyState.RUNNING:
            self._running.discard(event.strategy)
            return
        self._running.add(event.strategy)
        if (what := self._stopped.get(event.strategy)) is not None:
            self._stop(event.strategy, what)

    # ------------------------------------------------------------ looking

    def _arm(self) -> None:
        if self._known and self._timer is None:
            self._timer = self._timers.call_at(self._bus.clock.now() + LOOK_EVERY, self._look)

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
        if fresh or changed or measures.waits:
            measures.look(now, fresh)
            self._begin_drawdowns_anew()
            self._judge(now)
        self._note(now)
        if measures.waits or self._open():
            self._arm()

    def _open(self) -> bool:
        """Whether anything is held whose market is open."""
        phases = self._venue.phases
        return any(
            phases.get((c.instrument.exchange, c.instrument.product)) is Phase.CONTINUOUS
            for c in self.measures.held
        )

    def _tell_unseen(self, moved: float) -> None:
        if abs(moved) > TOLD * max(self.measures.capital.equity, 1.0):
            self._alert(
                Severity.WARNING,
                f"the account opened {moved:+,.2f} yuan off what it was last seen with: taken for "
                "money paid in or out, no loss and no gain. If it was a loss, the drawdown is "
                f"larger by it / 账户期初权益与上次所见相差 {moved:+,.2f} 元，"
                "按出入金处理，不计入盈亏",
            )

    def _begin_drawdowns_anew(self) -> None:
        if self._since == self._section.drawdown_since:
            return
        self._since = self._section.drawdown_since
        self.measures.begin_anew()
        self._fired = {key: row for key, row in self._fired.items() if row.what != DRAWDOWN}
        self._stopped = {s: what for s, what in self._stopped.items() if what != DRAWDOWN}
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
        latched: list[str] = []
        for subject, what, figure in self.figures():
            if what == DRAWDOWN:
                self._recover(subject, figure)
            for level in self._levels:
                if level.what == what and level.concerns(subject):
                    row = self._reached(level, subject, figure, now)
                    due += () if row is None else (row,)
            if what != MARGIN_USE and (text := self.latches.look(subject, what, figure)):
                latched.append(text)
        if due or latched:
            self._note(now, at_once=True)
        for text in latched:
            self._alert(Severity.WARNING, text)
        for row in due:
            self._act(row, now)
        self._pay(now)

    def _reached(self, level: Level, subject: StrategyId, figure: Figure, now: int) -> Fired | None:
        """What a level is to do now, once."""
        value = figure.of(level.unit)
        if value is None or value < level.at:
            return None
        key = (subject, level.what, level.unit, level.action)
        before = self._fired.get(key)
        if before is not None and before.at >= level.at:
            return None
        text = levels.sentence(subject, level.what, figure, level.unit, level.at)
        owed = level.action == "reduce"
        row = Fired(subject, level.what, level.unit, level.action, level.at, text, owed, now)
        self._fired[key] = row
        if level.action == "stop":
            self._stopped[subject] = level.what
        return row

    def _recover(self, subject: StrategyId, figure: Figure) -> None:
        """Levels that a drawdown has left well behind may act again."""
        for key, row in list(self._fired.items()):
            value = figure.of(row.unit)
            if key[0] != subject or row.what != DRAWDOWN or value is None:
                continue
            if value < RECOVERED * row.at:
                below = [
                    level.at
                    for level in self._levels
                    if (level.what, level.unit, level.action) == key[1:] and level.concerns(subject)
                    and level.at < row.at and value >= RECOVERED * level.at
                ]  # fmt: skip
                if below:
                    self._fired[key] = _at(row, max(below))
                else:
                    del self._fired[key]

    # ------------------------------------------------------------ acting

    def _act(self, row: Fired, now: int) -> None:
        who = f"{ACTOR}:{row.what}"
        self._bus.publish(Audited(who, f"level {row.action}", _target(row), row.text, now))
        severity = Severity.WARNING if row.action == "warn" else Severity.CRITICAL
        self._alert(severity, f"{row.action}: {row.text}")
        if row.action == "stop":
            self._stop(row.subject, row.what)
        elif row.action == "flatten":
            scope = KillScope.DAEMON if row.subject == ACCOUNT else KillScope.STRATEGY
            self._bus.publish(BeginFlatten(scope, row.subject or EVERYBODY, who, row.text, now))

    def _stop(self, strategy: StrategyId, what: str) -> None:
        if strategy in self._running:
            now = self._bus.clock.now()
            self._bus.publish(StrategyCommand(strategy, "stop", f"{ACTOR}:{what}", now))

    def _pay(self, now: int) -> None:
        """Reduce, now or as soon as trading is active: a watch may lower the state alone, and a
        halt that a comparison lifts must not leave a loss unanswered."""
        if self._control.state is not TradingState.ACTIVE:
            return
        for key, row in self._fired.items():
            if row.owed:
                self._fired[key] = _at(row, row.at)
                who = f"{ACTOR}:{row.what}"
                self._bus.publish(SetTradingState(TradingState.REDUCING, who, row.text, now))
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
            tuple(self._fired.values()), self.latches.notes(), tuple(self._stopped.items()),
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
        self._fired = {(r.subject, r.what, r.unit, r.action): r for r in note.fired}
        self._stopped = dict(note.stopped)
        self.latches.load(note.latched)

    def state(self) -> tuple[object, ...]:
        """For the hash of all state: what decides about orders."""
        return self._day, tuple(self._fired.values()), self.latches.notes(), self.measures.notes()

    # ------------------------------------------------------------ questions

    def fired(self) -> tuple[Fired, ...]:
        """Levels that have acted and would not act again now."""
        return tuple(self._fired.values())

    def stopped(self, strategy: StrategyId) -> bool:
        return strategy in self._stopped

    def at_basis(self) -> tuple[tuple[str, str], ...]:
        """Contracts held that count at their basis, and why."""
        return tuple(self.marks.missing(self.measures.held, self._books.trading_day))

    def levels(self) -> tuple[Level, ...]:
        return self._levels


def _at(row: Fired, at: float) -> Fired:
    """Answered, and in force from this level on."""
    return replace(row, at=at, owed=False)


def _timed(note: LossesNoted, now: int) -> LossesNoted:
    return replace(note, ts_init=now)


def _target(row: Fired) -> str:
    return row.subject or "account"


def _released(key: tuple[StrategyId, str]) -> str:
    subject, what = key
    return (
        f"{subject or 'account'}: the limit of the {what} was raised above it, opens pass again / "
        "限额已调高，恢复开仓"
    )
