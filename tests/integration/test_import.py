"""``homalos import ticks``: through the gate, once, safe to kill, never beside a daemon."""

import io
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.generators import ctp_rows, l1_lines, walk, write_ctp, write_l1
from tests.generators.ctp_csv import stale_first
from tests.generators.l1_csv import settlement_push
from tests.generators.markets import market_tables
from tests.generators.walk import Snap

from homalos.config.sections.market import MarketSection
from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.lock import DataLock, DataLockError
from homalos.market.formats import RecordingError, open_recording
from homalos.model.enums import Phase
from homalos.model.market import Tick
from homalos.storage import importing
from homalos.storage.import_report import ImportReport, Status
from homalos.storage.importing import import_ticks
from homalos.storage.progress import Progress, ProgressBar
from homalos.storage.schema import StorageError
from homalos.storage.store import Store
from homalos.storage.ticks import TickReader

DAY = 20171113


def snaps(exchange: str, product: str, day: int = DAY, **more: Any) -> list[Snap]:
    segments = market_tables()[1].segments(exchange, product, day)
    spans = [(s.start, s.end) for s in segments if s.phase is Phase.CONTINUOUS]
    return walk(spans, day, step_ms=60_000, **more)


def bring(path: Path, data: Path, format_name: str | None = None, **more: Any) -> ImportReport:
    products, sessions = market_tables()
    return import_ticks(path, format_name, data, products, sessions, MarketSection(), **more)


def stored(data: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(data / "homalos.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def ticks_of(data: Path) -> list[tuple[Any, ...]]:
    return stored(data, "SELECT * FROM ticks ORDER BY seq")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two contracts in ``l1-csv``: a day, the settlement after the close, the last tick twice."""
    folder = tmp_path / "录制 1"
    folder.mkdir()
    rb = l1_lines(snaps("SHFE", "rb"))
    write_l1(folder, "rb1801", DAY, [*rb, settlement_push(rb[-1])])
    sr = l1_lines(snaps("CZCE", "SR", price=6_300.0), whole_seconds=True)
    write_l1(folder, "SR801", DAY, [*sr, sr[-1]])
    return folder


def test_a_folder_comes_in_and_the_report_adds_up(recorded: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    report = bring(recorded, data, "l1-csv")
    assert [f.status for f in report.files] == [Status.IMPORTED, Status.IMPORTED]
    assert report.refused == {"settlement_push": 1, "duplicate": 1}
    assert report.rows == report.read - 2 == len(ticks_of(data))
    counts = dict(stored(data, "SELECT instrument, count(*) FROM ticks GROUP BY 1"))
    assert set(counts) == {"SHFE.rb1801", "CZCE.SR1801"}
    assert stored(data, "SELECT id, trading_day, multiplier FROM instruments ORDER BY 1") == [
        ("CZCE.SR1801", DAY, 10.0),
        ("SHFE.rb1801", DAY, 10.0),
    ]
    english, chinese = report.text("en"), report.text("zh")
    assert "settlement_push" in english
    assert "结算价推送 (settlement_push)" in chinese
    assert f"入库 {report.rows:,} 行" in chinese


def test_what_is_stored_is_what_a_replay_of_the_file_gives(recorded: Path, tmp_path: Path) -> None:
    """``store:DAY`` and the file, both through the gate, are the same market."""
    from homalos.market.gate import TickGate

    data = tmp_path / "data"
    bring(recorded, data)
    products, sessions = market_tables()
    recording = open_recording(recorded, products, sessions)
    passed: list[Tick] = []
    gate = TickGate(sessions, SimClock(), MarketSection(), passed.append, recorded=True)
    for instrument in recording.instruments:
        gate.listed(instrument)
    for tick in recording:
        gate.admit(tick)
    reader = TickReader(data, DAY)
    assert sorted(reader, key=_key) == sorted(passed, key=_key)
    times = [t.ts_event for t in reader]
    assert times == sorted(times)
    assert reader.instruments == recording.instruments
    assert reader.start == times[0]


def _key(tick: Tick) -> tuple[int, str]:
    return tick.ts_event, tick.instrument


def test_the_same_content_again_writes_nothing_and_says_so(recorded: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = bring(recorded, data)
    before = ticks_of(data)
    (recorded / "rb1801_20171113.csv").rename(recorded / "rb1801_20171113.copy.csv")
    again = bring(recorded, data)
    assert [f.status for f in again.files] == [Status.KNOWN, Status.KNOWN]
    assert again.rows == 0
    assert sum(f.rows for f in again.files) == first.rows
    assert "nothing written" in again.text("en")
    assert ticks_of(data) == before


def test_ctp_files_keep_every_field_and_level(tmp_path: Path) -> None:
    rows = ctp_rows(snaps("SHFE", "ru", 20181012, price=11_000.0), "ru1901")
    rows = [stale_first(rows[0], 20181010), *rows]
    path = write_ctp(tmp_path, "SHFE.ru1901.20181012.csv", rows)
    report = bring(path, tmp_path / "data", "ctp-csv")
    assert report.refused == {"out_of_session": 1}
    pre, upper, turnover = stored(
        tmp_path / "data",
        "SELECT pre_settlement, upper_limit, turnover FROM ticks ORDER BY seq DESC LIMIT 1",
    )[0]
    assert (pre, upper) == (3_790.0, 4_055.3)
    assert turnover == pytest.approx(float(rows[-1]["Turnover"]))


@pytest.mark.parametrize("stop_at", [0, 1, 2, 3])
def test_a_killed_import_begins_that_file_anew(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    """Whatever chunk it died at: the next run has each row once."""
    monkeypatch.setattr(importing, "CHUNK", 100)
    monkeypatch.setattr(importing, "_TOLD_EVERY", 50)
    whole = tmp_path / "whole"
    bring(recorded, whole)
    data = tmp_path / "data"
    calls = 0

    class Killed(BaseException):
        pass

    def die(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls > 3 * stop_at:
            raise Killed

    with pytest.raises(Killed):
        bring(recorded, data, progress=die)
    if stop_at:
        assert ticks_of(data)
    report = bring(recorded, data)
    assert Status.UNREADABLE not in {f.status for f in report.files}
    assert [row[1:] for row in ticks_of(data)] == [row[1:] for row in ticks_of(whole)]


def test_kill_9_in_the_middle(recorded: Path, tmp_path: Path, project_root: Path) -> None:
    code = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from homalos.storage import importing\n"
        "from tests.integration.test_import import bring\n"
        "importing.CHUNK, importing._TOLD_EVERY = 100, 50\n"
        "def die(p):\n"
        "    if p.file == 2 and p.done >= 150: os.kill(os.getpid(), signal.SIGKILL)\n"
        "bring(Path(sys.argv[1]), Path(sys.argv[2]), progress=die)\n"
    )
    data = tmp_path / "data"
    paths = f"{project_root / 'src'}{os.pathsep}{project_root}"
    child = subprocess.run(
        [sys.executable, "-c", code, str(recorded), str(data)],
        env={**os.environ, "PYTHONPATH": paths},
        check=False,
    )
    assert child.returncode == -9
    unfinished = stored(data, "SELECT rows FROM imports WHERE ts_finished IS NULL")
    assert unfinished[0][0] > 0
    report = bring(recorded, data)
    assert [f.status for f in report.files] == [Status.KNOWN, Status.IMPORTED]
    whole = tmp_path / "whole"
    bring(recorded, whole)
    assert [row[1:] for row in ticks_of(data)] == [row[1:] for row in ticks_of(whole)]
    assert stored(data, "PRAGMA integrity_check") == [("ok",)]


def test_an_unfinished_import_that_somebody_changed_is_left_to_a_person(
    recorded: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    bring(recorded, data)
    connection = sqlite3.connect(data / "homalos.db")
    connection.execute("UPDATE imports SET ts_finished = NULL")
    connection.execute("DELETE FROM ticks WHERE seq = 5")
    connection.commit()
    connection.close()
    before = ticks_of(data)
    with pytest.raises(StorageError, match="somebody changed"):
        bring(recorded, data)
    assert ticks_of(data) == before


def test_ticks_that_the_daemon_stored_live_are_not_doubled(recorded: Path, tmp_path: Path) -> None:
    """An overlapping recording adds what is missing and nothing else."""
    data = tmp_path / "data"
    data.mkdir()
    whole = tmp_path / "whole"
    bring(recorded, whole)
    live = [t for t in TickReader(whole, DAY) if t.instrument == "SHFE.rb1801"][:100]
    bus = Bus(SimClock(1))
    store = Store(bus, data, StorageSection())
    store.attach()
    store.open()
    for tick in live:
        bus.post(msgspec.structs.replace(tick, ts_init=tick.ts_init + 777))
    bus.run_until_idle()
    store.close()
    report = bring(recorded, data)
    assert report.refused["already_stored"] == 100
    assert len(ticks_of(data)) == len(ticks_of(whole))
    missing = stored(data, "SELECT count(*) FROM (SELECT DISTINCT instrument, ts_event FROM ticks)")
    assert missing == [(len(ticks_of(whole)),)]


def test_it_refuses_to_write_beside_a_daemon(recorded: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        DataLock(data / "lock", "homalos run"),
        pytest.raises(DataLockError, match=r"homalos run \(pid"),
    ):
        bring(recorded, data)
    assert not (data / "homalos.db").exists()
    assert bring(recorded, data).rows > 0


@pytest.mark.parametrize("what", ["absent", "empty folder", "prose"])
def test_nothing_to_import_is_said_in_a_sentence(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "empty folder":
        path.mkdir()
    if what == "prose":
        path = tmp_path / "x.csv"
        path.write_text("a,b\nhello,world\n")
    with pytest.raises(RecordingError, match="x"):
        bring(path, tmp_path / "data")


def test_a_file_that_is_no_recording_does_not_stop_the_others(
    recorded: Path, tmp_path: Path
) -> None:
    (recorded / "aaa.csv").write_text("contract,multiplier\nrb,10\n")
    report = bring(recorded, tmp_path / "data")
    assert [f.status for f in report.files].count(Status.UNREADABLE) == 1
    assert report.rows > 0
    assert "aaa.csv" in report.text("en")


def test_a_full_disk_says_what_to_do_and_the_next_run_ends_it(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    monkeypatch.setattr(importing, "_TOLD_EVERY", 50)
    data = tmp_path / "data"
    calls = 0
    insert = importing.insert_batch

    def full(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return insert(*args)

    monkeypatch.setattr(importing, "insert_batch", full)
    with pytest.raises(StorageError, match="make room"):
        bring(recorded, data)
    bring(recorded, data)
    whole = tmp_path / "whole"
    bring(recorded, whole)
    assert [row[1:] for row in ticks_of(data)] == [row[1:] for row in ticks_of(whole)]


def test_progress_is_a_bar_on_a_terminal_and_few_lines_elsewhere(recorded: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for out in (terminal, pipe):
        bar = ProgressBar(out)
        for done in range(0, 1_000, 10):
            bar(Progress("rb.csv", 1, 2, done, 1_000))
        bar.close()
    assert "\r" in terminal.getvalue()
    assert "0% 1/2 rb.csv 0/1,000" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")
    assert pipe.getvalue().count("\n") == 1


def test_recorded_night_and_day_of_rubber(shared_data: Path, tmp_path: Path) -> None:
    """Two files that each hold two trading days make one whole day, 2018-10-12."""
    folder = shared_data / "ticks" / "ctp_full"
    for day in (20181011, 20181012):
        report = bring(folder / f"SHFE.ru1901.{day}.csv.xz", tmp_path / "data", "ctp-csv")
        assert report.rows == report.read
    days = "SELECT trading_day, count(*), max(volume) FROM ticks GROUP BY 1 ORDER BY 1"
    (_, (day, count, volume), _) = stored(tmp_path / "data", days)
    assert day == 20181012
    reader = TickReader(tmp_path / "data", 20181012)
    last = None
    for last in reader:  # noqa: B007
        count -= 1
    assert count == 0
    assert last is not None
    assert last.volume == volume
