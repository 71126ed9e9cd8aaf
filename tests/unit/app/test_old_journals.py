"""Journals of every format there ever was open, or are refused with a clear word."""

import lzma
from collections import Counter
from pathlib import Path

import pytest

from homalos.app import journal_replay
from homalos.app.journal_replay import ReplayRefused
from homalos.app.past import Memory
from homalos.config.loader import load
from homalos.engine import Engine, Market
from homalos.gateway.muted import MutedGateway
from homalos.kernel.clock import SimClock
from homalos.kernel.journal import Journal, JournalError, Kind, verify
from homalos.kernel.records import MAGIC, RECORD, SEGMENT, checksum
from homalos.kernel.replay import Cursor
from homalos.model.events import TradeFilled
from homalos.model.ids import StrategyId

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "data" / "journals"
FORMATS = (1, 2)


def unpacked(tmp_path: Path, format_: int) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    packed = (GOLDEN / f"format-{format_}.hj.xz").read_bytes()
    (folder / "00000001.hj").write_bytes(lzma.decompress(packed))
    return tmp_path


def started(data: Path) -> tuple[Engine, Memory]:
    config = load(ROOT / "config", environ={}).config
    clock = SimClock(1)
    gateway = MutedGateway("sim", True, clock, Cursor(iter(())))
    engine = Engine(
        config, Market(config), clock, lambda bus, timers: gateway, run=2,
        strategies=data / "none", watchdog=False,
    )  # fmt: skip
    memory = Memory(data)
    memory.restore(engine)
    return engine, memory


@pytest.mark.parametrize("format_", FORMATS)
def test_a_start_takes_everything_over(tmp_path: Path, format_: int) -> None:
    engine, memory = started(unpacked(tmp_path, format_))
    orders = engine.orders.orders()
    assert Counter(order.status.value for order in orders) == {"cancelled": 100, "filled": 197}
    assert engine.orders.live() == ()
    nets = {
        book.strategy: sum(b.net_lots for b in engine.books.books() if b.strategy == book.strategy)
        for book in engine.books.books()
    }
    assert nets[StrategyId("churn-rb")] == -1
    assert nets[StrategyId("churn-m")] == 0
    assert round(engine.books.account().fees, 2) == 594.63
    fills = [event for _, event in memory.facts if isinstance(event, TradeFilled)]
    assert len(fills) == 197, "for a store that has not written them"


@pytest.mark.parametrize("format_", FORMATS)
def test_every_record_checks(tmp_path: Path, format_: int) -> None:
    verdict = verify(unpacked(tmp_path, format_) / "journal")
    assert verdict.faults == ()
    assert verdict.records > 1_000


def test_a_start_after_a_start_reads_by_the_index(tmp_path: Path) -> None:
    data = unpacked(tmp_path, 1)
    first, _ = started(data)
    assert (data / "journal" / "00000001.hx").is_file()
    second, _ = started(data)
    assert second.orders.state() == first.orders.state()
    assert second.books.state() == first.books.state()


def test_the_first_format_cannot_be_replayed_and_says_so(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, 1) / "journal"
    with pytest.raises(ReplayRefused, match="earlier versions wrote no beginning"):
        journal_replay.find(folder, None)


def test_a_run_of_another_version_is_not_replayed_by_this_one(tmp_path: Path) -> None:
    """The golden file's program is gone: its sources are others than ours."""
    folder = unpacked(tmp_path, 2) / "journal"
    run = journal_replay.find(folder, None)
    with pytest.raises(ReplayRefused, match=r"cannot be made again(.|\n)*another one"):
        journal_replay.check(run, journal_replay.Own.of(tmp_path / "strategies"), None)


def test_a_format_of_the_future_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "00000001.hj").write_bytes(SEGMENT.pack(MAGIC, 3, 1, 1) + bytes(4096))
    with pytest.raises(JournalError, match="format 3, this program reads 1 to 2"):
        Memory(tmp_path)


@pytest.mark.parametrize(
    "payload",
    [b"\x92\xabNoSuchEvent\x01", b"\x92\xafOrderSubmitted2\x01", b"\x92\xaeOrderSubmitted\x01"],
)
def test_records_of_a_later_version_are_refused_with_the_cure(
    tmp_path: Path, payload: bytes
) -> None:
    """A class that we do not have, or fields that mean nothing here."""
    folder = tmp_path / "journal"
    Journal(folder, segment_bytes=4096, keep=9).close()
    path = folder / "00000001.hj"
    data = bytearray(path.read_bytes())
    check = checksum(Kind.OUTCOME, 1, 1, 1, payload)
    RECORD.pack_into(data, SEGMENT.size, len(payload), check, Kind.OUTCOME, 1, 1, 1)
    begin = SEGMENT.size + RECORD.size
    data[begin : begin + len(payload)] = payload
    path.write_bytes(data)
    with pytest.raises(JournalError, match=r"written by another version(.|\n)*move journal/ away"):
        Memory(tmp_path)
