"""The index beside a full segment: a convenience that may be wrong without harm."""

from pathlib import Path

import pytest

from homalos.kernel import journal_index
from homalos.kernel.journal import Journal, JournalError, Kind, read, segments
from homalos.kernel.journal_index import is_skipped, needed
from homalos.model.events import BarsDue
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick


def fill(folder: Path, count: int = 300) -> Journal:
    """Every tenth record is one that a start needs."""
    journal = Journal(folder, segment_bytes=1 << 13, keep=1_000)
    for n in range(1, count + 1):
        tick = Tick(InstrumentId("SHFE.rb2605"), n, n, 20260105, 1.0, 0, None, None, 1.0, 1, 2.0, 1)
        journal.append(Kind.INGRESS, n, n, BarsDue(n, n) if n % 10 == 0 else tick, n)
    return journal


def wanted(folder: Path) -> list[int]:
    return [r.seq for number, path in segments(folder) for r in needed(number, path).records]


def test_full_segments_have_an_index_that_knows_all_but_the_ticks(tmp_path: Path) -> None:
    journal = fill(tmp_path)
    journal.maintain()
    made = {path.stem for path in tmp_path.glob("*.hx")}
    assert made == {path.stem for number, path in segments(tmp_path) if number < journal.segment}
    assert len(made) >= 3
    journal.close()
    assert wanted(tmp_path) == list(range(10, 301, 10))
    assert max(needed(n, p).last_ts for n, p in segments(tmp_path)) == 300


def test_the_index_spares_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path).close()
    monkeypatch.setattr(journal_index, "read_segment", None)
    assert wanted(tmp_path) == list(range(10, 301, 10))


@pytest.mark.parametrize("harm", ["missing", "torn", "other", "bytes", "names a tick's middle"])
def test_a_bad_index_is_made_anew(tmp_path: Path, harm: str) -> None:
    fill(tmp_path).close()
    for path in tmp_path.glob("*.hx"):
        data = path.read_bytes()
        if harm == "missing":
            path.unlink()
        elif harm == "torn":
            path.write_bytes(data[: len(data) // 2])
        elif harm == "other":
            path.write_bytes(data[:8] + b"\x63" + data[9:])
        elif harm == "bytes":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        else:
            journal_index.write(path.with_suffix(".hj"), int(path.stem), [40], 300)
    assert wanted(tmp_path) == list(range(10, 301, 10))
    assert wanted(tmp_path) == list(range(10, 301, 10)), "and now it is whole"


def test_damage_in_a_needed_record_is_told_with_an_index_too(tmp_path: Path) -> None:
    fill(tmp_path).close()
    number, path = segments(tmp_path)[1]
    record = needed(number, path).records[1]
    data = bytearray(path.read_bytes())
    data[record.offset + 35] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        wanted(tmp_path)


def test_dropped_segments_take_their_index_along(tmp_path: Path) -> None:
    journal = fill(tmp_path)
    journal._keep = 1
    journal.needed_from = journal.segment
    journal.close()
    assert {p.stem for p in tmp_path.glob("*.hx")} == {p.stem for p in tmp_path.glob("*.hj")}


def test_skipping_goes_by_the_class_alone(tmp_path: Path) -> None:
    fill(tmp_path).close()
    for record in read(tmp_path):
        assert is_skipped(record.payload) is (record.name() == "Tick")
