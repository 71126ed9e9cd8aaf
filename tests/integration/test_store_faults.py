"""The store under fire: each write fails once, the disk is full, somebody holds the lock, a kill.

What is asked each time: no row lost, none doubled, in order, and people were told once.
"""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage import samples

from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, sleep
from homalos.model.enums import OrderStatus, Severity
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    OrderAccepted,
    OrderSubmitted,
    TradeFilled,
    TradingDayChanged,
)
from homalos.storage import spool as spools
from homalos.storage.connection import Connect, connect_writer
from homalos.storage.store import Store

QUICK = StorageSection(
    batch_rows=10, retry_first_ms=1, retry_max_ms=2, busy_timeout_ms=0, stop_timeout_s=5.0
)


def session(first: int = 0, rows: int = 40) -> list[Event]:
    """Some events of every kind, one order after the other."""
    events: list[Event] = []
    for n in range(first, first + rows):
        events += [
            samples.narrow_tick(n) if n % 5 else samples.wide_tick(n),
            OrderSubmitted(samples.order(n)),
            OrderAccepted(samples.order(n, OrderStatus.ACCEPTED)),
            TradeFilled(samples.trade(n)),
            samples.bar(n),
            samples.snapshot(samples.OPEN + n, lots=n + 1),
        ]
    return events


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but the alerts."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
            for table in (
                "ticks", "bars", "orders", "order_events", "trades", "positions", "books", "account"
            )
        }  # fmt: skip
    finally:
        connection.close()


class Run:
    """A store on a bus, and what it told."""

    def __init__(
        self, path: Path, section: StorageSection = QUICK, connect: Connect = connect_writer
    ) -> None:
        self.bus = Bus(SimClock(1))
        self.store = Store(self.bus, path, section, connect=connect)
        self.store.attach()
        self.alerts: list[AlertRaised] = []
        self.bus.subscribe(AlertRaised, self.alerts.append, actor="test", role="monitor")
        self.store.open()
        self.play([TradingDayChanged("sim", samples.DAY, 1)])

    def play(self, events: list[Event]) -> None:
        for event in events:
            self.bus.post(event)
            self.bus.run_until_idle()

    def close(self) -> None:
        self.store.close()
        self.bus.run_until_idle()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        for _ in range(1_000):
            if condition():
                return
            sleep(0.005)
        raise AssertionError(f"not within five seconds: {self.store.stats()}")

    def told(self, severity: Severity) -> list[str]:
        return [a.text for a in self.alerts if a.severity is severity]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    path = tmp_path_factory.mktemp("quiet") / "homalos.db"
    run = Run(path)
    run.play(session())
    run.close()
    return contents(path)


class Faults:
    """Makes connections whose n-th statement fails with ``code``, once."""

    def __init__(self, nth: int, code: int) -> None:
        self.left = nth
        self.code = code
        self.fired = False

    def connect(self, path: Path, section: StorageSection) -> sqlite3.Connection:
        faults = self

        class Faulty(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
                faults.left -= 1
                if faults.left == 0:
                    faults.fired = True
                    error = sqlite3.OperationalError("injected")
                    error.sqlite_errorcode = faults.code
                    raise error
                return super().execute(sql, *values)

        real = connect_writer(path, section)
        real.close()
        made = sqlite3.connect(path, isolation_level=None, timeout=0, factory=Faulty)
        made.execute("PRAGMA wal_autocheckpoint = 0")
        return made


def test_a_failure_of_any_one_statement_loses_and_doubles_nothing(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    codes = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR)
    nth = 0
    while True:
        nth += 13 if nth > 50 else 1  # every one at first, then samples: batches are all alike
        faults = Faults(nth, codes[nth % 3])
        path = tmp_path / str(nth) / "homalos.db"
        run = Run(path, connect=faults.connect)
        run.play(session())
        run.close()
        if not faults.fired:
            break
        assert contents(path) == expected, f"statement {nth}"
        stats = run.store.stats()
        assert (stats["backlog"], stats["refused"], stats["lost"]) == (0, 0, 0)
    assert nth > 100


def test_a_locked_database_delays_and_is_told_once(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    run = Run(tmp_path / "homalos.db")
    run.play(session(rows=10))
    run.wait_for(lambda: run.store.backlog() < 10)
    holder = sqlite3.connect(tmp_path / "homalos.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    run.play(session(10, 30))
    run.wait_for(lambda: int(run.store.stats()["failures"]) > 3)
    assert "another program holds" in (run.store.health() or "")
    holder.execute("ROLLBACK")
    holder.close()
    run.close()
    assert contents(tmp_path / "homalos.db") == expected
    (error,) = run.told(Severity.ERROR)
    assert "locked" in error
    (well_again,) = run.told(Severity.INFO)
    assert "takes rows again" in well_again


def test_rows_beyond_the_mark_wait_in_the_spool_in_order(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    section = StorageSection(
        batch_rows=10, retry_first_ms=1, retry_max_ms=2, busy_timeout_ms=0, backlog_max_rows=20
    )
    run = Run(tmp_path / "homalos.db", section)
    holder = sqlite3.connect(tmp_path / "homalos.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    run.play(session())
    run.wait_for(lambda: int(run.store.stats()["spooled"]) > 100)
    assert list((tmp_path / "spool").glob("*.rows"))
    holder.execute("ROLLBACK")
    holder.close()
    run.close()
    assert contents(tmp_path / "homalos.db") == expected
    assert not list((tmp_path / "spool").glob("*.rows"))
    assert run.store.stats()["dropped_ticks"] == 0


@pytest.mark.parametrize("mark", [20, 10_000])
def test_what_a_stop_cannot_write_is_written_by_the_next_start(
    tmp_path: Path, expected: dict[str, list[tuple[Any, ...]]], mark: int
) -> None:
    """With rows in memory alone, and with the spool between older and newer ones in memory."""
    section = StorageSection(
        batch_rows=10, retry_first_ms=1, busy_timeout_ms=0, stop_timeout_s=0, backlog_max_rows=mark
    )
    path = tmp_path / "homalos.db"
    first = Run(path, section)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    first.play(session(rows=20))
    first.wait_for(lambda: int(first.store.stats()["failures"]) > 0)
    first.close()
    assert int(first.store.stats()["spooled"]) > 0
    assert first.store.stats()["lost"] == 0
    holder.execute("ROLLBACK")
    holder.close()
    second = Run(path)
    second.play(session(20, 20))
    second.close()
    assert contents(path) == expected


def test_a_kill_between_spool_and_database_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is still there although its rows are in: how far it was read says so."""
    section = StorageSection(
        batch_rows=10, retry_first_ms=1, busy_timeout_ms=0, stop_timeout_s=0, backlog_max_rows=100
    )
    path = tmp_path / "homalos.db"
    first = Run(path, section)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    first.play(session(rows=20))
    first.close()
    holder.close()
    monkeypatch.setattr(spools.SpoolFile, "remove", lambda self: self.close())
    second = Run(path)
    second.close()
    monkeypatch.undo()
    (left,) = (tmp_path / "spool").glob("*.rows")
    with left.open("ab") as file:  # and the frame that was being written when it was killed
        file.write(b"\x99\x00\x00\x00torn")
    third = Run(path)
    third.close()
    assert len(contents(path)["ticks"]) == 20
    assert len(contents(path)["order_events"]) == 40
    assert not list((tmp_path / "spool").glob("*.rows"))


def test_with_disk_and_memory_full_ticks_go_first_and_orders_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, batch: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(spools.SpoolFile, "append", full)
    section = StorageSection(
        batch_rows=60, retry_first_ms=1, retry_max_ms=2, busy_timeout_ms=0, backlog_max_rows=100
    )
    path = tmp_path / "homalos.db"
    run = Run(path, section)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    run.play(session(rows=400))
    run.wait_for(lambda: int(run.store.stats()["dropped_ticks"]) > 0)
    holder.execute("ROLLBACK")
    holder.close()
    run.close()
    stats = run.store.stats()
    found = contents(path)
    assert len(found["ticks"]) + int(stats["dropped_ticks"]) == 400
    assert len(found["order_events"]) == 800
    assert len(found["trades"]) == 400
    assert (stats["backlog"], stats["lost"]) == (0, 0)
    (critical,) = run.told(Severity.CRITICAL)
    assert "no space left" in critical


_CHILD = """
import resource, signal, sys
from pathlib import Path
from homalos.kernel.clock import sleep
from tests.integration.test_store_faults import QUICK, Run, session

path, rows, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = Run(path)
if limit:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
run.play(session(rows=rows))
if limit:
    run.wait_for(lambda: run.store.stats()["failing"])
    print(run.store.stats()["failing"], flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    run.close()
    print("closed", flush=True)
else:
    n = rows
    print("playing", flush=True)
    sys.setswitchinterval(0.0005)
    while True:
        while run.store.backlog() > 500:
            sleep(0.001)
        run.play(session(n, 50))
        n += 50
"""


@pytest.fixture
def child(project_root: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []

    def start(*args: object) -> "subprocess.Popen[str]":
        paths = f"{project_root / 'src'}{os.pathsep}{project_root}"
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", _CHILD, *map(str, args)],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": paths},
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limits on Windows")
def test_a_full_disk_is_survived(
    tmp_path: Path,
    child: Callable[..., "subprocess.Popen[str]"],
    expected: dict[str, list[tuple[Any, ...]]],
) -> None:
    """The kernel refuses to let any file grow (a limit on file size stands for the disk)."""
    process = child(tmp_path / "homalos.db", 40, 150_000)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "disk" in out
    assert "closed" in out
    assert contents(tmp_path / "homalos.db") == expected


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_kill_9_leaves_a_sound_database_with_a_prefix_of_the_rows(
    tmp_path: Path, child: Callable[..., "subprocess.Popen[str]"]
) -> None:
    path = tmp_path / "homalos.db"
    process = child(path, 10, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == "playing\n"
    wal = tmp_path / "homalos.db-wal"
    for _ in range(1_000):
        if wal.exists() and wal.stat().st_size > 6_000_000:
            break
        sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = contents(path)
    ticks = [row[2] for row in found["ticks"]]
    count = len(ticks)
    assert count > 50
    assert ticks == [samples.narrow_tick(n).ts_event for n in range(count)]
    # one transaction over all tables: none is more than a batch ahead of another
    assert abs(len(found["trades"]) - count) <= 10
    assert abs(len(found["order_events"]) - 2 * count) <= 20
    assert [row[1] for row in found["trades"]] == [f"{n:8d}" for n in range(len(found["trades"]))]
    run = Run(path)  # and it goes on from there
    run.play(session(count, 5))
    run.close()
    assert len(contents(path)["ticks"]) == count + 5
