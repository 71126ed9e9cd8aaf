"""The store's n-th statement fails, once or from then on for ever, while the core trades; and the
journal's n-th record cannot be written.

The database's errors are SQLite's own: its file may not grow, may not be written, is locked by
somebody else. The disk of the journal is full at the n-th record.
"""

import errno
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import outcome
from tests.faults.core import SEGMENT, Core, House
from tests.faults.market import configured, ticks
from tests.integration.test_store_faults import contents

from homalos.config.sections.storage import StorageSection
from homalos.kernel.clock import sleep
from homalos.kernel.journal import Journal, Kind
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.times import SECOND
from homalos.storage.connection import connect_writer
from homalos.storage.store import Store

QUICK = StorageSection(
    batch_rows=100, retry_first_ms=1, retry_max_ms=2, busy_timeout_ms=0, stop_timeout_s=0.05
)
KINDS = ("full", "readonly", "locked")
BEATS = 12
Contents = dict[str, list[tuple[Any, ...]]]


class Failure(NamedTuple):
    """``for_ever``: until the daemon was stopped and somebody has seen to it. ``nth`` 0: never."""

    kind: str
    nth: int
    for_ever: bool


class Sick:
    """Makes connections of which, all counted, the n-th statement is the first that fails."""

    def __init__(self, path: Path, failure: Failure) -> None:
        self.path = path
        self.failure = failure
        self.statements = 0
        self.failed = 0
        self._holder: sqlite3.Connection | None = None

    def connect(self, path: Path, section: StorageSection) -> sqlite3.Connection:
        sick = self

        class Counting(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
                sick.before(super())
                try:
                    return super().execute(sql, *values)
                except sqlite3.OperationalError:
                    sick.after()
                    raise

        connect_writer(path, section).close()
        made = sqlite3.connect(path, isolation_level=None, timeout=0, factory=Counting)
        sqlite3.Connection.execute(made, "PRAGMA wal_autocheckpoint = 0")
        return made

    @property
    def ill(self) -> bool:
        nth, for_ever = self.failure.nth, self.failure.for_ever
        return 0 < nth <= self.statements and (for_ever or not self.failed)

    def before(self, connection: Any) -> None:
        """Make the file sick, if it is time."""
        self.statements += 1
        if not self.ill:
            return
        kind = self.failure.kind
        if kind == "full":
            connection.execute("PRAGMA max_page_count = 1")  # it cannot be less than there are
        elif kind == "readonly":
            connection.execute("PRAGMA query_only = ON")
        elif self._holder is None and not connection.in_transaction:
            self._holder = sqlite3.connect(
                self.path, isolation_level=None, timeout=0, check_same_thread=False
            )  # healed by another thread than the writer's
            self._holder.execute("BEGIN IMMEDIATE")

    def after(self) -> None:
        self.failed += 1
        if not self.failure.for_ever:
            self.heal()

    def heal(self) -> None:
        holder, self._holder = self._holder, None
        if holder is not None:
            holder.close()


class Written(NamedTuple):
    """What came of one run."""

    statements: int
    failed: int
    spooled: int
    rows: Contents


def run(data: Path, failure: Failure, expected: Contents | None) -> Written:
    """Trade while the database fails; mend it; all rows are in it. ``AssertionError``."""
    data.mkdir(parents=True)
    house = House(data, configured())
    core = Core(house)
    path = data / "homalos.db"
    sick = Sick(path, failure)
    store = Store(core.engine.bus, path, QUICK, connect=sick.connect)
    store.attach()
    _small_pages(path)
    store.open()
    try:
        core.start()
        for _ in range(3):
            core.go(ticks(core.clock.now() + SECOND, 2 * BEATS // 3))
            store.flush()
            _taken(store)
        _trades_on(core)
        store.close()
        core.engine.bus.run_until_idle()
        stats = store.stats()
        assert (stats["lost"], stats["refused"], stats["dropped_ticks"]) == (0, 0, 0), stats
        told = [a for a in core.alerts if a.source == "store" and a.severity is Severity.ERROR]
        assert len(told) <= 1 if failure.for_ever else len(told) <= sick.failed
        assert bool(told) == bool(sick.failed), "a database that takes no rows is told"
    finally:
        sick.heal()
        core.die()
    rows = _mended(house, path)
    if expected is not None:
        assert rows == expected, [k for k in rows if rows[k] != expected[k]]
    shutil.rmtree(data)
    return Written(sick.statements, sick.failed, int(stats["spooled"]), rows)


def _small_pages(path: Path) -> None:
    """So that a few rows need a new one, and meet a full disk."""
    made = sqlite3.connect(path, isolation_level=None)
    made.execute("PRAGMA page_size = 512")
    made.execute("VACUUM")
    made.close()


def _taken(store: Store) -> None:
    """The writer, which is a thread, has met what there is to meet."""
    for _ in range(400):
        if store.backlog() == 0 or store.stats()["failing"]:
            return
        sleep(0.002)


def _trades_on(core: Core) -> None:
    """The database is a projection: neither ticks nor orders wait for it."""
    core.check(outcome.past_of(core.house.events()))
    outcome.goes_on(core.state.value, core.watched(), core.fed)


def _mended(house: House, path: Path) -> Contents:
    """The next start, on a healthy disk, writes what waits in the spool."""
    core = Core(house)
    store = Store(core.engine.bus, path, QUICK)
    store.open()
    store.close()
    core.die()
    return contents(path)


def failures(plain: Written, kinds: Iterable[str] = KINDS) -> Iterator[Failure]:
    """Every statement of a run that went ``plain``, in every way."""
    for kind in kinds:
        for for_ever in (False, True):
            for nth in range(1, plain.statements + 1):
                yield Failure(kind, nth, for_ever)


# ------------------------------------------------------------------ the journal


class FullError(OSError):
    """What this disk says."""


class FullJournal(Journal):
    """Its disk is full at the n-th record, and stays so unless ``once``."""

    def __init__(self, folder: Path, nth: int, *, once: bool) -> None:
        super().__init__(folder, segment_bytes=SEGMENT, keep=100)
        self._left = nth
        self._once = once
        self.refused = 0

    def append(self, kind: Kind, seq: int, ts: int, event: Event, step: int = 0) -> None:
        self._left -= 1
        if self._left == 0 or (self._left < 0 and not self._once):
            self.refused += 1
            raise FullError(errno.ENOSPC, "No space left on device")
        super().append(kind, seq, ts, event, step)


class Stopped(NamedTuple):
    """What came of a journal that refuses."""

    ended: bool
    """The core stopped, as the daemon does then."""
    records: int


def run_journal(data: Path, nth: int, *, once: bool) -> Stopped:
    """Trade until the journal refuses; the core ends; a start with room on the disk knows
    everything. ``AssertionError``."""
    data.mkdir(parents=True)
    house = House(data, configured())
    core = Core(house, journal=lambda folder: FullJournal(folder, nth, once=once))
    ended = False
    try:
        core.start()
        core.go(ticks(core.clock.now() + SECOND, 2 * BEATS))
    except FullError:
        ended = True
    journal = core.journal
    assert isinstance(journal, FullJournal)
    assert ended == bool(journal.refused), "it went on without its journal"
    past = outcome.past_of(house.events())
    outcome.written_before_sent(core.door.sent, past)
    core.die()
    again = Core(house).start()
    try:
        again.check(past)
        again.go(ticks(again.clock.now() + SECOND, 8))
        again.check(past)
        outcome.goes_on(again.state.value, again.watched(), again.fed)
    finally:
        again.die()
    shutil.rmtree(data)
    return Stopped(ended, journal.records)
