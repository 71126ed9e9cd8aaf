"""The thread that writes batches into ``homalos.db``.

It gets bytes and runs one statement a batch, one transaction over all tables a batch, so what is in
the database is always a prefix of what was handed over. A failing database (disk full, locked) is
retried with back-off while rows wait in order (``waiting.py``); a row that the schema refuses is
found by halving, told, counted and left out, the rest goes on.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from loguru import logger

from homalos.config.sections.storage import StorageSection
from homalos.kernel.clock import monotonic_ns, sleep
from homalos.model.enums import Severity
from homalos.model.times import MILLISECOND, SECOND
from homalos.storage.connection import (
    MIB,
    Connect,
    cause_of,
    connect_writer,
)
from homalos.storage.inserting import insert_batch
from homalos.storage.spool import rows_in
from homalos.storage.tables import Batch
from homalos.storage.waiting import Read, Waiting

Alert = Callable[[Severity, str], None]

_IDLE_S = 0.5
_TAKEN_MAX = 64
_IDLE_CHECKPOINT = MIB
_SHOWN = 300


class Writer(threading.Thread):
    """Owns the writing connection. ``put`` from one other thread; any may read the counters."""

    def __init__(
        self,
        path: Path,
        section: StorageSection,
        alert: Alert,
        connect: Connect = connect_writer,
    ) -> None:
        super().__init__(name="homalos-store", daemon=True)
        self.written_rows = 0
        self.refused_rows = 0
        self.lost_rows = 0
        """Rows that neither the database nor the spool took before the stop."""
        self.failures = 0
        self.failing = ""
        """Why the database takes no rows just now; empty when it does."""
        self.checkpoints = 0
        self.waiting = Waiting(path.parent / "spool", section)
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._section = section
        self._alert = alert
        self._connect = connect
        self._inbox: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._stopping = False
        self._recovered = False
        self._failed_since = 0
        self._pause_ms = section.retry_first_ms
        self._wal_seen = 0
        self._dropped_told = 0
        self._refusal_told: set[str] = set()

    # ------------------------------------------------------------ from outside

    def put(self, batch: Batch) -> None:
        self._inbox.put(batch)

    def close(self) -> None:
        """Write what is waiting, then end; ``join`` waits for it."""
        self._inbox.put(None)

    def configure(self, section: StorageSection) -> None:
        self._section = section
        self.waiting.configure(section)

    # ------------------------------------------------------------ the thread

    def run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 - a dead thread must be heard
            self.failing = f"the writer's thread died: {type(error).__name__}: {error}"
            logger.opt(exception=error).critical("storage: {}", self.failing)
            self._alert(Severity.CRITICAL, f"storage: {self.failing} (写线程异常退出)")
        finally:
            self._disconnect()
            self.waiting.spool.close()

    def _serve(self) -> None:
        self._try_recover()
        while not self._stopping:
            self._take(_IDLE_S)
            while self.waiting and not self._stopping:
                self._write_first()
                if self.failing:
                    self._rest()
                else:
                    self._take(0)
            if not self.waiting:
                self._checkpoint(_IDLE_CHECKPOINT)
        self._finish()

    def _rest(self) -> None:
        """Between two tries: go on taking rows, so that they are put where there is room."""
        deadline = monotonic_ns() + self._pause_ms * MILLISECOND
        while not self._stopping and (left := deadline - monotonic_ns()) > 0:
            self._take(left / SECOND)

    def _take(self, timeout: float) -> None:
        """Queue what was handed over; wait for the first at most ``timeout`` seconds."""
        try:
            self._put(self._inbox.get(timeout > 0, timeout))
            for _ in range(min(self._inbox.qsize(), _TAKEN_MAX)):  # it may never be empty
                self._put(self._inbox.get_nowait())
        except queue.Empty:
            pass
        if self.waiting.dropped_ticks > self._dropped_told:
            self._tell_dropped()

    def _put(self, batch: Batch | None) -> None:
        if batch is None:
            self._stopping = True
        else:
            self.waiting.put(batch)

    def _tell_dropped(self) -> None:
        if not self._dropped_told:
            self._alert(
                Severity.CRITICAL,
                "storage: neither database nor spool takes rows "
                f"({self.waiting.spool_error or self.failing}); ticks are given up, counted; "
                "they are in the journal (数据库与 spool 均无法写入，行情被丢弃并计数)",
            )
        self._dropped_told = self.waiting.dropped_ticks

    def _try_recover(self) -> None:
        """Find what an earlier run left in the spool; later again where that fails now."""
        try:
            self._recover_spool()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _recover_spool(self) -> None:
        connection = self._connected()
        known = dict(connection.execute("SELECT key, value FROM store_state").fetchall())
        spool = self.waiting.spool
        spool.recover(lambda name: int(known.get(f"spool:{name}", 0)))
        self._recovered = True
        if spool.rows:
            logger.info("{} rows of an earlier run wait in the spool", spool.rows)
        if spool.torn_bytes:
            logger.warning("the spool ended in a torn frame: {} bytes cut off", spool.torn_bytes)

    def _write_first(self) -> None:
        """Write the oldest batch; on failure it stays, and ``failing`` says why."""
        try:
            if not self._recovered:
                self._recover_spool()
            batch, read = self.waiting.first()
            refused = self._write(batch, read)
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            return
        self.waiting.done(batch, read)
        self.refused_rows += refused
        self.written_rows += rows_in(batch) - refused
        if self.failing:
            self._recovered_again()
        self._checkpoint(self._section.wal_max_mib * MIB)

    def _write(self, batch: Batch, read: Read | None) -> int:
        """One transaction; returns the rows that the schema refused."""
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        refused = insert_batch(connection, batch, self._refuse)
        if read is not None:
            connection.execute(
                "INSERT OR REPLACE INTO store_state VALUES (?, ?)",
                (f"spool:{read.file}", str(read.offset)),
            )
        connection.execute("COMMIT")
        return refused

    def _refuse(self, statement: str, row: bytes, error: sqlite3.Error) -> None:
        table = statement.split(" ", 3)[2]
        shown = row[:_SHOWN].decode("utf-8", "replace")
        logger.error("the database refuses a row of {}: {}: {}", table, error, shown)
        if table not in self._refusal_told:
            self._refusal_told.add(table)
            self._alert(
                Severity.ERROR,
                f"storage: a row of {table} was refused ({error}); see the log "
                f"(表 {table} 拒收一行数据，详见日志)",
            )

    # ------------------------------------------------------------ failures

    def _failed(self, error: Exception) -> None:
        """Note a failure of the database; the first of an episode is told."""
        self._disconnect()
        self.failures += 1
        cause = cause_of(error)
        if not self.failing:
            self._failed_since = monotonic_ns()
            self._pause_ms = self._section.retry_first_ms
            self._alert(
                Severity.ERROR,
                f"storage: {self._path.name} takes no rows: {cause}; they wait in memory, then in "
                "the spool folder (数据库无法写入，数据先留在内存，再写入 spool 目录)",
            )
        else:
            self._pause_ms = min(self._pause_ms * 2, self._section.retry_max_ms)
        self.failing = cause
        self.waiting.failing = True

    def _recovered_again(self) -> None:
        seconds = (monotonic_ns() - self._failed_since) / SECOND
        self.failing = ""
        self.waiting.failing = False
        self._alert(
            Severity.INFO,
            f"storage: {self._path.name} takes rows again after {seconds:.1f} s (数据库已恢复写入)",
        )

    # ------------------------------------------------------------ connection

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect(self._path, self._section)
        return self._connection

    def _disconnect(self) -> None:
        """Closing rolls an open transaction back."""
        if self._connection is not None:
            try:
                self._connection.close()
            except sqlite3.Error as error:
                logger.warning("closing {}: {}", self._path.name, error)
            self._connection = None

    def _checkpoint(self, above: int) -> None:
        """Fold the write-ahead log into the database once it has grown past ``above`` bytes."""
        try:
            size = self._wal.stat().st_size
        except OSError:
            return
        if size < self._wal_seen:
            self._wal_seen = 0  # begun anew since the last time
        if size >= above and size - self._wal_seen >= above // 4:
            self._fold("PASSIVE")
            self._wal_seen = size

    def _fold(self, mode: str) -> None:
        try:
            self._connected().execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            self.checkpoints += 1
        except sqlite3.Error as error:
            logger.warning("checkpoint of {}: {}", self._path.name, cause_of(error))

    # ------------------------------------------------------------ the end

    def _finish(self) -> None:
        """Write all that waits; what a failing database does not take in time goes to the spool."""
        self._take(0)
        deadline = monotonic_ns() + int(self._section.stop_timeout_s * SECOND)
        while self.waiting:
            self._write_first()
            if self.failing:
                if monotonic_ns() + self._pause_ms * MILLISECOND > deadline:
                    break
                sleep(self._pause_ms / 1_000)
        if self.waiting:
            self._park()
        elif not self.failing:
            self._fold("TRUNCATE")

    def _park(self) -> None:
        self.lost_rows = self.waiting.park()
        logger.error(
            "stopped while the database takes no rows ({}): {} rows wait in the spool for the next "
            "start",
            self.failing,
            self.waiting.spool.rows,
        )
        if self.lost_rows:
            logger.critical(
                "{} rows are in neither database nor spool ({}); the journal has them",
                self.lost_rows,
                self.waiting.spool_error,
            )
