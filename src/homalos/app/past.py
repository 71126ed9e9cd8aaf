"""What a start takes over from the runs before it.

No strategy runs and nothing is sent. From the journal come the orders and their owners and the
strategies' books and declared fields; from the venue, afterwards, the account's lots and money;
from ``control.json`` a person's halt. Once a trading day the state is put into the journal whole
(a checkpoint), so a start folds one day at most.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from homalos import __version__
from homalos.app import identity
from homalos.engine import Engine
from homalos.kernel import journal as journals
from homalos.kernel import journal_index
from homalos.kernel.journal import Journal, JournalError, JournalRecord, Kind
from homalos.kernel.state import state_hash
from homalos.model.delivering import DeliveryTold
from homalos.model.event import Event
from homalos.model.events import (
    FlattenChanged,
    InstrumentListed,
    Reconciled,
    StrategiesSaved,
    TimerFired,
    TradingDayChanged,
    TradingStateChanged,
)
from homalos.model.journaled import RunEnded, RunStarted
from homalos.model.market import Instrument
from homalos.model.settlement import SettlementCorrected
from homalos.model.times import SECOND
from homalos.model.watching import LossesNoted
from homalos.trading import recovery
from homalos.trading.control import ControlState

T = TypeVar("T")
RUN_FILE = "run.json"
CONTROL_FILE = "control.json"
STUCK_FILE = "stuck.txt"
SAVE_EVERY = 10 * SECOND
_OWNER = "memory"


class _Run(msgspec.Struct):
    run: int = 0
    """Counts starts in this data folder: part of every order id."""
    fold_from: int = 0
    """The journal segment in which the last checkpoint stands."""


class Memory:
    """Of one data folder. ``restore`` before the first order, ``attach`` with everybody else."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._path = data / RUN_FILE
        self._file = _Run()
        if self._path.is_file():
            self._file = _read(self._path, _Run)
        self._file.run += 1
        self._write()
        self.last_ts = 0
        """Event time of the journal's last record."""
        self._past = list(self._events(data / "journal"))
        self._engine: Engine | None = None
        self._journal: Journal | None = None
        self._checkpoint_day = 0
        self._saved = b""
        self.facts: list[tuple[int, Event]] = []
        """What was published about orders and trades, each with its trading day: the store may not
        have written the last of it. Filled by ``restore``."""
        self.folded = 0
        """Records of the journal that counted at this start."""

    @property
    def run(self) -> int:
        return self._file.run

    def _write(self) -> None:
        _replace(self._path, msgspec.json.encode(self._file))

    def _events(self, folder: Path) -> Iterator[Event]:
        """Journaled events since the last checkpoint, ticks left out. ``JournalError``: damaged."""
        if not folder.is_dir():
            return
        for number, path in journals.segments(folder):
            if number >= self._file.fold_from:
                last_ts, records = journal_index.needed(number, path)
                self.last_ts = max(self.last_ts, last_ts)
                yield from map(decoded, records)

    # ------------------------------------------------------------ the start

    def restore(self, engine: Engine) -> None:
        """Fold the past into books, orders, strategies and control."""
        path = self._data / CONTROL_FILE
        control = path.read_bytes() if path.is_file() else b""
        if control:
            _read(path, ControlState)
        engine.bus.note(self._started(engine, control))
        self.folded = restore(engine, self._past, control, self.facts)
        self._past.clear()

    def _started(self, engine: Engine, control: bytes) -> RunStarted:
        stuck = self._data / STUCK_FILE
        return RunStarted(
            self._file.run, __version__, identity.python(), identity.code_hash(),
            identity.own_files(engine.strategies.folder), msgspec.json.encode(engine.config),
            engine.gateway.name, engine.gateway.simulated,
            self._file.fold_from, control,
            tuple(stuck.read_text(encoding="utf-8").split()) if stuck.is_file() else (),
            engine.clock.now(),
        )  # fmt: skip

    def attach(self, engine: Engine, journal: Journal | None) -> None:
        self._engine = engine
        self._journal = journal
        if journal is not None:
            journal.needed_from = self._file.fold_from
        bus = engine.bus
        bus.subscribe(Reconciled, self._on_reconciled, actor=_OWNER, role="monitor")
        bus.subscribe(TradingStateChanged, self._on_control, actor=_OWNER, role="monitor")
        bus.subscribe(TimerFired, self._on_timer, actor=_OWNER, role="monitor")
        self._next()

    # ------------------------------------------------------------ while it runs

    def _next(self) -> None:
        assert self._engine is not None
        now = self._engine.clock.now()
        self._engine.timers.outside().post_at(
            now + SAVE_EVERY, TimerFired(_OWNER, "save", now + SAVE_EVERY, now)
        )

    def _on_timer(self, event: TimerFired) -> None:
        if event.owner == _OWNER:
            self._save_strategies()
            self._next()

    def _save_strategies(self) -> None:
        """Into the journal, when a declared field or a desk has changed."""
        engine = self._engine
        assert engine is not None
        state = msgspec.msgpack.encode(engine.strategies.state())
        if state != self._saved:
            self._saved = state
            saved = StrategiesSaved(state, engine.clock.now())
            engine.bus.record(saved, Kind.CHECKPOINT)

    def _on_control(self, _: TradingStateChanged) -> None:
        assert self._engine is not None
        _replace(self._data / CONTROL_FILE, msgspec.json.encode(self._engine.control.snapshot()))

    def _on_reconciled(self, event: Reconciled) -> None:
        """The first agreement of a trading day: put the whole state into the journal."""
        engine = self._engine
        assert engine is not None
        day = engine.books.trading_day
        if not event.agreed or day == self._checkpoint_day:
            return
        self._checkpoint_day = day
        if self._journal is None:
            return
        now = engine.clock.now()
        segment = self._journal.segment
        for instrument in _known(engine):
            engine.bus.record(InstrumentListed(instrument, now), Kind.CHECKPOINT)
        engine.bus.record(TradingDayChanged(engine.gateway.name, day, now), Kind.CHECKPOINT)
        if not engine.orders.orders():
            self._saved = b""
            self._save_strategies()
            engine.bus.record(engine.books.snapshot(), Kind.CHECKPOINT)
            engine.conditionals.checkpoint()
            engine.flatten.checkpoint()
            engine.settlement.checkpoint()
            engine.delivery.checkpoint()
            engine.losses.checkpoint()
            engine.breaker.checkpoint()
            engine.orders.working.checkpoint()
            self._journal.sync()  # a power cut must not leave the number without the checkpoint
            self._file.fold_from = self._journal.needed_from = segment
            self._write()

    def save(self, engine: Engine) -> None:
        """At a clean stop."""
        self._save_strategies()
        _replace(self._data / CONTROL_FILE, msgspec.json.encode(engine.control.snapshot()))

    def end(self, engine: Engine) -> None:
        """The last record, when nothing will happen any more: what a replay has to come to."""
        parts = tuple((name, state_hash({name: part})) for name, part in engine.state().items())
        engine.bus.note(RunEnded(self._file.run, engine.state_hash(), parts, engine.clock.now()))


def _known(engine: Engine) -> Iterable[Instrument]:
    """What is listed, and what is no more and has a book: what it made counts."""
    found = {item.id: item for item in engine.gateway.instruments()}
    for book in engine.books.books():
        item = engine.books.instrument(book.instrument)
        if item is not None:
            found.setdefault(item.id, item)
    return found.values()


def restore(
    engine: Engine, past: list[Event], control: bytes, facts: list[tuple[int, Event]] | None
) -> int:
    """Fold the past into ``engine``; the number of records that counted."""
    folded = recovery.fold(
        past, engine.books, engine.orders, facts, engine.conditionals, engine.breaker
    )
    for event in past:
        if isinstance(event, FlattenChanged):
            engine.flatten.fold(event.job)
        elif isinstance(event, DeliveryTold):
            engine.delivery.fold(event)
        elif isinstance(event, LossesNoted):
            engine.losses.fold(event)
        elif isinstance(event, SettlementCorrected):
            engine.losses.correct(event)
    engine.breaker.recovered()
    engine.programme.restore(past)
    engine.settlement.fold(past)
    saved = [event for event in past if isinstance(event, StrategiesSaved)]
    if saved:
        engine.strategies.restore(msgspec.msgpack.decode(saved[-1].state))
    if control:
        engine.control.restore(msgspec.json.decode(control, type=ControlState))
    return folded


def decoded(record: JournalRecord) -> Event:
    """The event. ``JournalError``: written by code that does not exist any more."""
    try:
        return record.event()
    except msgspec.DecodeError as error:
        raise JournalError(
            f"journal segment {record.segment}, byte {record.offset}: written by another version "
            f"({error}). Stop cleanly with the version that wrote it, or move journal/ away: then "
            "the account comes from the venue and strategies' books begin anew / "
            "日志账由其他版本写入：请用原版本正常停止，或移走 journal/"
        ) from error


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"{path} is damaged ({error}): put it back from a backup, or move it away; without "
            "run.json order ids begin anew, without control.json a halt of yours is forgotten / "
            "文件损坏：请从备份恢复或移走"
        ) from error


def _replace(path: Path, data: bytes) -> None:
    """In one step, and on the disk before the step is made."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
