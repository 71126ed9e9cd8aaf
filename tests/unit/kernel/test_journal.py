"""The journal: nothing appended is lost, a torn tail is cut, damage is told."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homalos.kernel.journal import Journal, JournalError, Kind, read, segments, verify
from homalos.model.catalogue import CATALOGUE
from homalos.model.events import BarsDue
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick


def write(folder: Path, count: int, first: int = 1, segment_bytes: int = 1 << 16) -> Journal:
    journal = Journal(folder, segment_bytes=segment_bytes, keep=1_000)
    for n in range(first, first + count):
        journal.append(Kind.INGRESS, n, n * 10, BarsDue(n, n))
    return journal


def test_round_trip_over_many_segments_and_maintenance(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=4096, keep=1_000)
    for n in range(1, 1001):
        journal.append(Kind.INGRESS, n, n, BarsDue(n, n))
        if n % 50 == 0:
            journal.maintain()
    journal.close()
    assert len(segments(tmp_path)) > 5
    records = list(read(tmp_path))
    assert [r.seq for r in records] == list(range(1, 1001))
    assert records[499].event() == BarsDue(500, 500)
    assert verify(tmp_path).faults == ()


def test_a_tick_keeps_unknowns_unknown(tmp_path: Path) -> None:
    tick = Tick(InstrumentId("CZCE.SR2605"), 1, 2, 20260105, None, 0, None, None, None, 0, 5.5, 3)
    journal = Journal(tmp_path, segment_bytes=4096, keep=9)
    journal.append(Kind.INGRESS, 1, 1, tick)
    journal.close()
    assert next(read(tmp_path)).event() == tick


def test_a_new_start_goes_on_in_a_new_segment(tmp_path: Path) -> None:
    write(tmp_path, 10).close()
    write(tmp_path, 5).close()
    assert [r.seq for r in read(tmp_path)] == [*range(1, 11), *range(1, 6)]
    assert verify(tmp_path).faults == ()


def test_old_segments_go_at_a_clean_close(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=4096, keep=2)
    for n in range(1, 1001):
        journal.append(Kind.INGRESS, n, n, BarsDue(n, n))
    whole = journal.segment
    journal.needed_from = whole - 4
    journal.close()
    assert [n for n, _ in segments(tmp_path)] == list(range(whole - 4, whole + 1))
    journal = Journal(tmp_path, segment_bytes=4096, keep=2)
    journal.needed_from = journal.segment
    journal.close()
    assert len(segments(tmp_path)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_a_tail_cut_at_any_byte_loses_only_the_tail(tmp_path: Path, seed: int) -> None:
    write(tmp_path, 200).close()
    ((_, path),) = segments(tmp_path)
    whole = list(read(tmp_path))
    end = whole[-1].offset + 68
    cut = random.Random(seed).randrange(32, end)
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    kept = list(read(tmp_path))
    assert kept == whole[: len(kept)]
    assert len(kept) == sum(1 for r in whole if r.offset + 33 + len(r.payload) <= cut)
    assert verify(tmp_path).faults == ()


def test_damage_in_the_middle_is_told_and_not_skipped(tmp_path: Path) -> None:
    write(tmp_path, 200).close()
    ((_, path),) = segments(tmp_path)
    record = list(read(tmp_path))[100]
    data = bytearray(path.read_bytes())
    data[record.offset + 30] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"damaged at byte {record.offset}"):
        list(read(tmp_path))
    assert len(verify(tmp_path).faults) == 1


def test_another_format_is_refused_with_a_word(tmp_path: Path) -> None:
    write(tmp_path, 1).close()
    ((_, path),) = segments(tmp_path)
    data = bytearray(path.read_bytes())
    data[8] = 99
    path.write_bytes(data)
    with pytest.raises(JournalError, match="format 99"):
        list(read(tmp_path))


def test_a_record_too_large_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    journal = write(tmp_path, 1, segment_bytes=4096)
    with pytest.raises(JournalError, match="does not fit"):
        journal.append(
            Kind.INGRESS,
            2,
            2,
            Tick(InstrumentId("x" * 5000), *[1] * 3, *[None] * 3, None, None, 0, None, 0),
        )  # type: ignore[arg-type]
    journal.append(Kind.INGRESS, 2, 2, BarsDue(2, 2))
    journal.close()
    assert [r.seq for r in read(tmp_path)] == [1, 2]


def test_every_class_of_the_catalogue_has_a_tag_of_its_own() -> None:
    assert len({event.__struct_config__.tag for event in CATALOGUE}) == len(CATALOGUE)


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from homalos.kernel.journal import Journal, Kind
from homalos.model.events import BarsDue
journal = Journal(Path(sys.argv[1]), segment_bytes=8192, keep=1000)
n = 0
while True:
    n += 1
    journal.append(Kind.INGRESS, n, n, BarsDue(n, n))
    if n % 1000 == 0:
        print(n, flush=True)
"""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=env
    ) as child:
        assert child.stdout is not None
        for _ in range(3):
            told = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
    seqs = [r.seq for r in read(tmp_path)]
    assert len(seqs) >= told
    assert seqs == list(range(1, len(seqs) + 1))
