"""``homalos journal replay``: one run made again from its journal, and compared at every step.

The recorded configuration, the same code, a gateway that sends nothing. Every outcome that the core
comes to must be the one that the journal has at that place; where the run stopped cleanly, all
state must have the same hash. At the end recovery (the fold of outcomes, without strategies) is
compared with the replay: orders and books.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from homalos.app import identity
from homalos.app.past import STUCK_FILE, decoded, restore
from homalos.config.changes import Change, at_once, patched
from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.gateway.muted import MutedGateway
from homalos.kernel import journal as journals
from homalos.kernel import journal_index
from homalos.kernel.clock import SimClock
from homalos.kernel.journal import JournalError, JournalRecord, Kind
from homalos.kernel.records import NO_STEP
from homalos.kernel.replay import Cursor, ReplayBus, ReplayTimers
from homalos.kernel.state import state_hash
from homalos.model.event import Event
from homalos.model.events import AccountSnapshot, ConfigChanged, StrategiesSaved
from homalos.model.journaled import (
    BarsLoaded,
    CoreTold,
    RunEnded,
    RunStarted,
    TimerRan,
    VenueAnswered,
)

RECOVERED = ("books", "breaker", "openings", "orders", "programme")
"""The parts of the state that recovery makes without strategies and market data."""


class ReplayRefused(Exception):  # noqa: N818  nothing failed: it would prove nothing
    """This run cannot be made again as it was; the text says why, and what can be done."""


class Run(NamedTuple):
    """One run as the journal has it."""

    start: RunStarted
    at: JournalRecord


class Own(NamedTuple):
    """Folders of the trader's own code."""

    strategies: Path
    rules: Path

    @classmethod
    def of(cls, strategies: Path, rules: Path | None = None) -> "Own":
        """``rules``: beside the strategies where no other is named."""
        return cls(strategies, rules or identity.rules_beside(strategies))


class Report(NamedTuple):
    """What came of a replay."""

    run: int
    ingress: int
    outcomes: int
    checkpoints: int
    ended: bool
    """The run stopped cleanly; else it was killed, and there is no hash to compare."""
    state_hash: str
    difference: str | None
    recovery: str | None
    """How recovery differs from the replay; ``None``: not at all."""

    @property
    def same(self) -> bool:
        return self.difference is None and self.recovery is None


def runs(folder: Path) -> list[Run]:
    """The runs whose beginning the journal still has. ``JournalError``."""
    found: list[Run] = []
    for number, path in journals.segments(folder):
        for record in journals.read_segment(number, path):
            if record.name() == RunStarted.__name__:
                start = decoded(record)
                assert isinstance(start, RunStarted)
                found.append(Run(start, record))
    return found


def find(folder: Path, number: int | None) -> Run:
    """The run of that number, or the last. ``ReplayRefused``: the journal has it no more."""
    found = runs(folder)
    chosen = [run for run in found if number in (None, run.start.run)]
    if chosen:
        return chosen[-1]
    have = ", ".join(str(run.start.run) for run in found) or "none / 无"
    raise ReplayRefused(
        f"the journal has no beginning of run {number or ''}: it has {have}. Segments of older "
        "runs are dropped; earlier versions wrote no beginning / 日志账中没有该次运行的开头"
    )


def check(run: Run, own: Own, config: Config | None) -> Config:
    """The configuration to replay with. ``ReplayRefused``: something is not as it was."""
    recorded = recorded_config(run)
    differences = list(identity.differences(run.start, *own, config, recorded))
    if differences:
        raise ReplayRefused(
            f"run {run.start.run} cannot be made again as it was:\n  "
            + "\n  ".join(differences)
            + "\n--anyway replays it all the same and tells where it first differs / "
            "加 --anyway 仍可回放，并指出首个差异"
        )
    return config or recorded


def recorded_config(run: Run) -> Config:
    try:
        return msgspec.json.decode(run.start.config, type=Config)
    except msgspec.MsgspecError as error:
        raise ReplayRefused(
            f"the config of run {run.start.run} means nothing to this version ({error}): use "
            f"version {run.start.version} / 该配置属于版本 {run.start.version}"
        ) from error


def replay(folder: Path, run: Run, config: Config, own: Own) -> Report:
    """Make ``run`` again. ``JournalError``: the journal is damaged."""
    with tempfile.TemporaryDirectory() as scratch:
        stuck = Path(scratch) / STUCK_FILE
        if run.start.stuck:
            stuck.write_text("\n".join(run.start.stuck) + "\n", encoding="utf-8")
        made = _Replay(folder, run, config, own, stuck)
        made.go()
        return made.report()


class _Replay:
    def __init__(self, folder: Path, run: Run, config: Config, own: Own, stuck: Path) -> None:
        self._folder = folder
        self._run = run
        self._config = config
        self._own = own
        self._stuck = stuck
        self._past = list(_before(folder, run))
        self._since: list[Event] = []
        self._ended: RunEnded | None = None
        self._cursor = cursor = Cursor(self._records())
        self._clock = SimClock(run.at.ts)
        self._bus = ReplayBus(self._clock, config.kernel, cursor)
        self._timers = ReplayTimers(self._bus)
        self._gateway = MutedGateway(run.start.gateway, run.start.simulated, self._clock, cursor)
        self._engine = self._make(self._bus, self._timers)

    def _make(self, bus: ReplayBus, timers: ReplayTimers) -> Engine:
        return Engine(
            self._config, Market(self._config), self._clock, lambda _bus, _timers: self._gateway,
            run=self._run.start.run, strategies=self._own.strategies, watchdog=False,
            stuck_file=self._stuck, risk_rules=self._own.rules, bus=bus, timers=timers,
        )  # fmt: skip

    def _records(self) -> Iterator[JournalRecord]:
        """Of this run, behind its beginning; those that recovery wants are kept."""
        at = self._run.at
        for record in journals.read(self._folder, since=at.segment):
            if (record.segment, record.offset) <= (at.segment, at.offset):
                continue
            if record.name() == RunStarted.__name__:
                return
            if record.step == NO_STEP:
                raise JournalError(f"segment {record.segment}: another version went on in it")
            if not journal_index.is_skipped(record.payload):
                self._since.append(decoded(record))
            yield record

    # ------------------------------------------------------------ the run

    def go(self) -> None:
        engine, cursor = self._engine, self._cursor
        engine.attach()
        self._bus.subscribe(ConfigChanged, self._on_config, actor="config", role="config")
        restore(engine, self._past, self._run.start.control, None)
        while (record := cursor.record) is not None and cursor.difference is None:
            self._bus.run_to(record.step)
            if cursor.record is not record or cursor.difference is not None:
                continue  # a handler came to it
            if record.kind is Kind.OUTCOME:
                cursor.differs(f"the journal says {record.event()}, the replay nothing")
            elif record.kind is Kind.CHECKPOINT:
                self._compare_checkpoint(record)
            else:
                self._enter(record)
        if self._ended is None:
            self._bus.run_out()

    def _enter(self, record: JournalRecord) -> None:
        """Ingress, where it came in."""
        cursor, engine = self._cursor, self._engine
        event = record.event()
        self._clock.advance(record.ts)
        cursor.advance()
        cursor.ingress += 1
        match event:
            case TimerRan(number=number):
                if not self._timers.run(number):
                    self._lost(record, f"timer {number} fired then, now there is none")
            case VenueAnswered():
                if not self._gateway.answer(event):
                    self._lost(record, "the venue answered a question that nobody asks now")
            case BarsLoaded(bars=bars):
                engine.bars.load(bars)
            case CoreTold(what="start"):
                engine.strategies.start()
            case CoreTold(what="stop"):
                engine.strategies.stop()
            case CoreTold(what="flush"):
                engine.bars.flush()
            case RunEnded():
                self._ended = event
                self._compare_end(record, event)
            case _:
                self._bus.feed(event)

    def _lost(self, record: JournalRecord, text: str) -> None:
        self._cursor.record = record
        self._cursor.differs(text)

    def _on_config(self, event: ConfigChanged) -> None:
        """A reload, as ``config.reload`` applies it."""
        changes = [change for row in event.changes if at_once((change := Change(*row)).key)]
        self._config = patched(self._config, changes)
        self._engine.configure(self._config)

    # ------------------------------------------------------------ comparing

    def _compare_checkpoint(self, record: JournalRecord) -> None:
        cursor, engine = self._cursor, self._engine
        written = record.event()
        if isinstance(written, StrategiesSaved):
            if msgspec.msgpack.encode(engine.strategies.state()) != written.state:
                cursor.differs("the strategies' state differs")
        elif isinstance(written, AccountSnapshot) and engine.books.snapshot() != written:
            cursor.differs(f"the books differ: {written} then, {engine.books.snapshot()} now")
        cursor.checkpoints += 1
        cursor.advance()

    def _compare_end(self, record: JournalRecord, end: RunEnded) -> None:
        now = {name: state_hash({name: part}) for name, part in self._engine.state().items()}
        differ = [name for name, wanted in end.parts if now.get(name) != wanted]
        if differ or self._engine.state_hash() != end.state_hash:
            self._lost(record, f"state_hash differs in {', '.join(differ)}")

    def report(self) -> Report:
        cursor = self._cursor
        return Report(
            self._run.start.run,
            cursor.ingress,
            cursor.outcomes,
            cursor.checkpoints,
            self._ended is not None,
            self._engine.state_hash(),
            cursor.difference,
            self._recovery() if cursor.difference is None and self._ended is not None else None,
        )

    def _recovery(self) -> str | None:
        """Fold the same records as a start would, into a second engine."""
        bus = ReplayBus(self._clock, self._config.kernel, Cursor(iter(())))
        other = self._make(bus, ReplayTimers(bus))
        restore(other, [*self._past, *self._since], b"", None)
        ours, theirs = self._engine.state(), other.state()
        differ = [
            name
            for name in RECOVERED
            if state_hash({name: ours[name]}) != state_hash({name: theirs[name]})
        ]
        return f"recovery comes to other {' and '.join(differ)}" if differ else None


def _before(folder: Path, run: Run) -> Iterator[Event]:
    """What the run's start took over."""
    for number, path in journals.segments(folder):
        if not run.start.fold_from <= number <= run.at.segment:
            continue
        for record in journal_index.needed(number, path).records:
            if (record.segment, record.offset) < (run.at.segment, run.at.offset):
                yield decoded(record)
