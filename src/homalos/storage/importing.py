"""``homalos import ticks``: recorded files through the quality gate into the table of ticks.

A file is known by the hash of its content. Its rows are written in chunks, each in one transaction
with the note of how far it got (table ``imports``); an import that was killed is found unfinished
by the next one, which takes its rows out and begins that file anew, so nothing is doubled or lost.
Rows that the database has already (another recording of the same hours, or what the daemon stored
live) are recognised and left out.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from homalos.config.sections.market import MarketSection
from homalos.config.sections.storage import StorageSection
from homalos.kernel.clock import SimClock, monotonic_ns, wall_ns
from homalos.kernel.lock import DataLock
from homalos.market.formats import Recording, RecordingError, open_recording
from homalos.market.gate import TickGate
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import SECOND
from homalos.storage.connection import MIB, cause_of, connect_writer
from homalos.storage.import_report import FileReport, ImportReport, Status
from homalos.storage.inserting import insert_batch
from homalos.storage.progress import Progress, Show
from homalos.storage.schema import FILE_NAME, StorageError, migrate
from homalos.storage.tables import (
    INSTRUMENTS,
    NARROW_TAIL,
    NARROW_TICKS,
    TICKS,
    Batch,
    encode,
)

CHUNK = 10_000
_TOLD_EVERY = 4_096
_SUFFIXES = (
    ".csv", ".csv.xz", ".csv.gz", ".csv.bz2",
    ".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz",
)  # fmt: skip
_SAME = (
    "SELECT 1 FROM ticks WHERE instrument = ? AND trading_day = ? AND ts_event = ?"
    " AND volume = ? AND last_price IS ? AND bid_price IS ? AND bid_lots = ?"
    " AND ask_price IS ? AND ask_lots = ? AND seq <= ? LIMIT 1"
)


def import_ticks(
    path: Path,
    format_name: str | None,
    data_dir: Path,
    products: Products,
    sessions: Sessions,
    market: MarketSection,
    *,
    section: StorageSection | None = None,
    progress: Show | None = None,
) -> ImportReport:
    """Bring the recorded ticks of a file, an archive or a folder into ``data_dir/homalos.db``.

    ``DataLockError``: a daemon works in the folder. ``RecordingError``: nothing there that can be
    read. ``StorageError``: the database does not take it; run the same again once that is cured.
    """
    files = _files(path)
    data_dir.mkdir(parents=True, exist_ok=True)
    with DataLock(data_dir / "lock", "homalos import"):
        migrate(data_dir / FILE_NAME)
        section = section or StorageSection()
        with closing(connect_writer(data_dir / FILE_NAME, section)) as connection:
            job = _Job(connection, format_name, products, sessions, market, section, progress)
            try:
                report = job.run(files)
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise StorageError(
                    f"{data_dir / FILE_NAME}: {cause_of(error)}. Run the same import again then: "
                    "it goes on where it stopped (解决后重新运行同一命令即可继续)"
                ) from error
    if not any(f.status is not Status.UNREADABLE for f in report.files):
        raise RecordingError("; ".join(f"{f.name}: {f.error}" for f in report.files))
    return report


def _files(path: Path) -> list[Path]:
    """What counts as one import each; a folder's files in order of name."""
    if not path.is_dir():
        if not path.exists():
            raise RecordingError(f"{path} does not exist / {path} 不存在")
        return [path]
    found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(_SUFFIXES))
    if not found:
        raise RecordingError(
            f"{path} holds no file that ends in {', '.join(_SUFFIXES)} / 目录中没有行情文件"
        )
    return found


class _Job:
    """One run over some files."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        format_name: str | None,
        products: Products,
        sessions: Sessions,
        market: MarketSection,
        section: StorageSection,
        progress: Show | None,
    ) -> None:
        self._connection = connection
        self._format = format_name
        self._products = products
        self._sessions = sessions
        self._market = market
        self._wal_max = section.wal_max_mib * MIB
        self._progress = progress
        self._number = 0
        self._count = 0

    def run(self, files: list[Path]) -> ImportReport:
        self._count = len(files)
        reports = []
        for self._number, file in enumerate(files, 1):
            begin = monotonic_ns()
            report = self._file(file)
            report.seconds = (monotonic_ns() - begin) / SECOND
            reports.append(report)
        return ImportReport(reports)

    def _file(self, file: Path) -> FileReport:
        digest = _digest(file)
        known = self._connection.execute(
            "SELECT rows, ts_finished, first_seq, last_seq FROM imports WHERE hash = ?", (digest,)
        ).fetchone()
        if known is not None and known[1] is not None:
            return FileReport(file.name, Status.KNOWN, rows=known[0], ts=known[1])
        if known is not None:
            self._take_out(digest, known[2], known[3], known[0])
        try:
            recording = open_recording(file, self._products, self._sessions, self._format)
        except RecordingError as error:
            return FileReport(file.name, Status.UNREADABLE, error=str(error))
        return _FileImport(self, self._connection, file, digest, recording).run()

    def _take_out(self, digest: str, first: int, last: int, rows: int) -> None:
        """Remove what an import that was killed had written."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        gone = connection.execute(
            "DELETE FROM ticks WHERE seq BETWEEN ? AND ?", (first, last)
        ).rowcount
        if gone != rows:
            connection.execute("ROLLBACK")
            raise StorageError(
                f"an unfinished import noted {rows} rows, but {gone} are there: somebody changed "
                "the ticks since. Remove its row from the table imports to keep them as they are"
            )
        connection.execute("DELETE FROM imports WHERE hash = ?", (digest,))
        connection.execute("COMMIT")

    def gate(self, accepted: list[Tick]) -> TickGate:
        return TickGate(self._sessions, SimClock(), self._market, accepted.append, recorded=True)

    def instrument_row(self, recording: Recording, id_: InstrumentId, day: int) -> bytes | None:
        """The contract as products.yaml has it on that day, unless a venue told us already."""
        listed = self._connection.execute(
            "SELECT 1 FROM instruments WHERE id = ? AND trading_day = ?", (id_, day)
        ).fetchone()
        if listed is not None:
            return None
        known = {i.id: i for i in recording.instruments}
        return encode((day, self._products.instrument(id_, day) or known[id_]))

    def show(self, name: str, done: int, rows: int) -> None:
        if self._progress is not None:
            self._progress(Progress(name, self._number, self._count, done, rows))

    def checkpoint(self, path: Path) -> None:
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size > self._wal_max:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


class _FileImport:
    """One file: gate, chunks, bookkeeping."""

    def __init__(
        self,
        job: _Job,
        connection: sqlite3.Connection,
        file: Path,
        digest: str,
        recording: Recording,
    ) -> None:
        self._job = job
        self._connection = connection
        self._path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
        self._file = file
        self._digest = digest
        self._recording = recording
        self._before: int = connection.execute(
            "SELECT coalesce(max(seq), 0) FROM ticks"
        ).fetchone()[0]
        self._stored: dict[tuple[str, int], bool] = {}
        """Contract and day: whether the database had ticks of it before this file."""
        self._report = FileReport(file.name, Status.IMPORTED)
        self._refused_rows: dict[str, int] = {}

    def run(self) -> FileReport:
        accepted: list[Tick] = []
        gate = self._job.gate(accepted)
        for instrument in self._recording.instruments:
            gate.listed(instrument)
        self._note_begin()
        admit, rows = gate.admit, self._recording.rows
        for done, tick in enumerate(self._recording, 1):
            admit(tick)
            if not done % _TOLD_EVERY:
                self._job.show(self._file.name, done, rows)
                if len(accepted) >= CHUNK:
                    self._write(accepted)
                    accepted.clear()
        self._report.read = rows
        self._report.refused = gate.refused
        self._report.repaired = {name: n for name, n in gate.repairs.items() if n}
        self._report.problems = dict(self._recording.problems)
        self._write(accepted, last=True)
        self._job.show(self._file.name, rows, rows)
        return self._report

    def _note_begin(self) -> None:
        self._connection.execute(
            "INSERT INTO imports (hash, path, format, first_seq, last_seq, rows, ts_started)"
            " VALUES (?, ?, ?, ?, ?, 0, ?)",
            (
                self._digest,
                str(self._file),
                self._recording.format,
                self._before + 1,
                self._before,
                wall_ns(),
            ),
        )

    def _write(self, ticks: list[Tick], *, last: bool = False) -> None:
        """One transaction: the rows, and how far the import is."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        batch = self._batch(ticks)
        refused = insert_batch(connection, batch, self._refuse)
        self._report.rows += sum(len(rows) for s, rows in batch if s is not INSTRUMENTS) - refused
        connection.execute(
            "UPDATE imports SET rows = ?, last_seq = (SELECT max(seq) FROM ticks) WHERE hash = ?",
            (self._report.rows, self._digest),
        )
        if last:
            self._report.ts = wall_ns()
            if self._refused_rows:
                self._report.refused |= self._refused_rows
            connection.execute(
                "UPDATE imports SET ts_finished = ?, report = ? WHERE hash = ?",
                (self._report.ts, msgspec.json.encode(self._report).decode(), self._digest),
            )
        connection.execute("COMMIT")
        self._job.checkpoint(self._path)

    def _batch(self, ticks: list[Tick]) -> Batch:
        instruments: list[bytes] = []
        rows: list[bytes] = []
        for tick in ticks:
            key = (tick.instrument, tick.trading_day)
            stored = self._stored.get(key)
            if stored is None:
                stored = self._first_of(key, instruments)
            if stored and self._is_stored(tick):
                self._report.already += 1
                continue
            rows.append(encode(tick))
        narrow = all(row.endswith(NARROW_TAIL) for row in rows)
        return [(INSTRUMENTS, instruments), (NARROW_TICKS if narrow else TICKS, rows)]

    def _first_of(self, key: tuple[InstrumentId, int], instruments: list[bytes]) -> bool:
        """The first tick of a contract's day: list it, and look whether there were others."""
        row = self._job.instrument_row(self._recording, *key)
        if row is not None:
            instruments.append(row)
        found = self._connection.execute(
            "SELECT 1 FROM ticks WHERE instrument = ? AND trading_day = ? AND seq <= ? LIMIT 1",
            (*key, self._before),
        ).fetchone()
        self._stored[key] = found is not None
        return found is not None

    def _is_stored(self, tick: Tick) -> bool:
        values = (
            tick.instrument, tick.trading_day, tick.ts_event, tick.volume, tick.last_price,
            tick.bid_price, tick.bid_lots, tick.ask_price, tick.ask_lots, self._before,
        )  # fmt: skip
        return self._connection.execute(_SAME, values).fetchone() is not None

    def _refuse(self, statement: str, row: bytes, error: sqlite3.Error) -> None:
        del statement, row
        reason = f"database: {error}"
        self._refused_rows[reason] = self._refused_rows.get(reason, 0) + 1


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
