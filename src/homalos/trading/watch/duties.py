"""What levels have done, and what they still owe.

A level that fires is in the journal before it acts, and owes its act until that is seen done: the
flatten has begun, the state is set, over a restart, too. A strategy that a level has stopped is
stopped again whenever it runs, until a person starts it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from homalos.kernel.bus import Bus
from homalos.model.enums import FlattenStage, KillScope, Severity, StrategyState, TradingState
from homalos.model.events import (
    AlertRaised,
    Audited,
    BeginFlatten,
    SetTradingState,
    StrategyCommand,
    StrategyStateChanged,
    TradingStateChanged,
)
from homalos.model.flatten import EVERYBODY, EVERYWHERE, FlattenJob
from homalos.model.ids import StrategyId
from homalos.model.times import SECOND
from homalos.model.watching import ACCOUNT, Fired
from homalos.trading.cancels import cancel_opens
from homalos.trading.control import TradingControl
from homalos.trading.watch import levels
from homalos.trading.watch.levels import DRAWDOWN, RECOVERED, Level
from homalos.trading.watch.measures import Figure

ACTOR = "watch"
AGAIN = 10 * SECOND
"""What was asked for and is not seen done is asked for again."""


class Key(NamedTuple):
    """Of levels that take each other's place."""

    subject: StrategyId
    what: str
    unit: str
    action: str


class Duties:
    """Part of the watch."""

    def __init__(self, bus: Bus, control: TradingControl) -> None:
        self._bus = bus
        self._control = control
        self.levels: tuple[Level, ...] = ()
        self.fired: dict[Key, Fired] = {}
        self.stopped: list[tuple[StrategyId, str]] = []
        """Strategies that a level has stopped, and of what kind it was (one may be stopped by
        several): until a person starts them, nothing else does."""
        self._running: set[StrategyId] = set()
        self._asked: dict[Key, int] = {}

    # ------------------------------------------------------------ firing

    def look(self, subject: StrategyId, what: str, figure: Figure, now: int) -> list[Fired]:
        """Levels that this figure has reached just now."""
        if what == DRAWDOWN:
            self._recover(subject, figure)
        rows = (
            self._reached(level, subject, figure, now)
            for level in self.levels
            if level.what == what and level.concerns(subject)
        )
        return [row for row in rows if row is not None]

    def _reached(self, level: Level, subject: StrategyId, figure: Figure, now: int) -> Fired | None:
        value = figure.of(level.unit)
        if value is None or value < level.at:
            return None
        key = Key(subject, level.what, level.unit, level.action)
        before = self.fired.get(key)
        if before is not None and before.at >= level.at:
            return None
        text = levels.sentence(subject, level.what, figure, level.unit, level.at)
        owed = level.action in ("reduce", "flatten")
        row = self.fired[key] = Fired(*key, level.at, text, owed, now)
        self._asked.pop(key, None)
        if level.action == "stop" and (subject, level.what) not in self.stopped:
            self.stopped.append((subject, level.what))
        return row

    def _recover(self, subject: StrategyId, figure: Figure) -> None:
        """Levels that a drawdown has left well behind may act again; not before they have acted."""
        for key, row in list(self.fired.items()):
            value = figure.of(row.unit)
            if key.subject != subject or row.what != DRAWDOWN or row.owed or value is None:
                continue
            if value < RECOVERED * row.at:
                below = [
                    level.at
                    for level in self.levels
                    if (level.what, level.unit, level.action) == key[1:] and level.concerns(subject)
                    and level.at < row.at and value >= RECOVERED * level.at
                ]  # fmt: skip
                if below:
                    self.fired[key] = replace(row, at=max(below))
                else:
                    del self.fired[key]

    def forget(self, what: str) -> None:
        """Measured anew: nothing of this kind has acted."""
        self.fired = {key: row for key, row in self.fired.items() if key.what != what}
        self.stopped = [row for row in self.stopped if row[1] != what]

    # ------------------------------------------------------------ acting

    def act(self, row: Fired, now: int) -> None:
        """Tell, and stop; the rest is paid."""
        who, target = f"{ACTOR}:{row.what}", row.subject or "account"
        self._bus.publish(Audited(who, f"level {row.action}", target, row.text, now))
        severity = Severity.WARNING if row.action == "warn" else Severity.CRITICAL
        self._alert(severity, f"{row.action}: {row.text}")
        if row.action == "stop":
            self._stop(row.subject, row.what)
            cancel_opens(self._bus, row.subject, who, row.text)

    def pay(self, now: int) -> bool:
        """Reduce, now or as soon as trading is active: a watch may lower the state alone, and a
        halt that a comparison lifts must not leave a loss unanswered. Flatten. Whether anything
        is owed no more: where trading is REDUCING already, only a person raises it."""
        paid = False
        for key, row in list(self.fired.items()):
            if not row.owed or now - self._asked.get(key, -AGAIN) < AGAIN:
                continue
            who = f"{ACTOR}:{row.what}"
            if row.action == "flatten":
                self._asked[key] = now
                if row.ts != now:
                    self._alert(Severity.CRITICAL, f"flatten, still owed / 补行: {row.text}")
                scope = KillScope.DAEMON if row.subject == ACCOUNT else KillScope.STRATEGY
                self._bus.publish(BeginFlatten(scope, row.subject or EVERYBODY, who, row.text, now))
            elif self._control.state is TradingState.ACTIVE:
                self._asked[key] = now
                self._bus.publish(SetTradingState(TradingState.REDUCING, who, row.text, now))
                cancel_opens(self._bus, ACCOUNT, who, row.text)
            elif self._control.state is TradingState.REDUCING:
                cancel_opens(self._bus, ACCOUNT, who, row.text)
                paid = self._paid([key])
        return paid

    def enforce(self) -> None:
        """At a start, or whenever books and venue were compared: what was stopped opens nothing
        that rests or waits from before."""
        for strategy, what in self.stopped:
            cancel_opens(self._bus, strategy, f"{ACTOR}:{what}", "stopped / 已停止")
        control = self._control
        if control.state is TradingState.REDUCING:
            for row in self.fired.values():
                if row.action == "reduce" and control.who == f"{ACTOR}:{row.what}":
                    cancel_opens(self._bus, ACCOUNT, control.who, row.text)

    @property
    def owes(self) -> bool:
        """Something that no other event will bring about."""
        return any(row.owed and row.action == "flatten" for row in self.fired.values())

    def _stop(self, strategy: StrategyId, what: str) -> None:
        if strategy in self._running:
            now = self._bus.clock.now()
            self._bus.publish(StrategyCommand(strategy, "stop", f"{ACTOR}:{what}", now))

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, ACTOR, text, self._bus.clock.now()))

    # ------------------------------------------------------------ what is seen

    def saw_flatten(self, job: FlattenJob) -> bool:
        """Whether it is one that was owed."""
        if job.until or job.instrument != EVERYWHERE or job.stage is FlattenStage.ENDED:
            return False
        whole = job.scope in (KillScope.DAEMON, KillScope.ACCOUNT)
        return self._paid(
            key for key in self.fired
            if key.action == "flatten" and (whole or key.subject == job.strategy)
        )  # fmt: skip

    def saw_state(self, event: TradingStateChanged) -> bool:
        """Whether it was owed."""
        if event.state is not TradingState.REDUCING:
            return False
        return self._paid(
            key for key in self.fired
            if key.action == "reduce" and key in self._asked
        )  # fmt: skip

    def _paid(self, keys: Iterable[Key]) -> bool:
        paid = [key for key in keys if self.fired[key].owed]
        for key in paid:
            self.fired[key] = replace(self.fired[key], owed=False)
        return bool(paid)

    def saw_command(self, event: StrategyCommand) -> None:
        """A start by a person lifts a stop."""
        if event.action == "start" and not event.who.startswith(f"{ACTOR}:"):
            self.stopped = [row for row in self.stopped if row[0] != event.strategy]

    def saw_strategy(self, event: StrategyStateChanged) -> None:
        """What a level has stopped does not run again by itself: by a restart, a reload."""
        if event.state is not StrategyState.RUNNING:
            self._running.discard(event.strategy)
            return
        self._running.add(event.strategy)
        if what := next((what for name, what in self.stopped if name == event.strategy), ""):
            self._stop(event.strategy, what)

    def load(self, fired: Iterable[Fired], stopped: Iterable[tuple[StrategyId, str]]) -> None:
        self.fired = {Key(r.subject, r.what, r.unit, r.action): r for r in fired}
        self.stopped = list(stopped)
