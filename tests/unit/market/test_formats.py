"""Readers of both recorded formats, on files with each defect that real ones have."""

import gzip
import lzma
import tarfile
from itertools import pairwise
from pathlib import Path

import pytest
from tests.generators import (
    Snap,
    ctp_rows,
    l1_lines,
    market_tables,
    walk,
    write_ctp,
    write_l1,
)
from tests.generators.ctp_csv import DBL_MAX, natural_day, repeated_next_morning, stale_first
from tests.generators.l1_csv import settlement_push

from homalos.config.sections.market import MarketSection
from homalos.kernel.clock import SimClock
from homalos.market.formats import Problems, Recording, RecordingError, open_recording
from homalos.market.formats.l1_csv import parse_fast, parse_slow
from homalos.market.gate import TickGate
from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Depth, Tick
from homalos.model.times import china_text

DAY = 20171113


def day_of(exchange: str, product: str, day: int = DAY, seed: int = 1, **more: float) -> list[Snap]:
    segments = market_tables()[1].segments(exchange, product, day)
    spans = [(s.start, s.end) for s in segments if s.phase is Phase.CONTINUOUS]
    return walk(spans, day, seed=seed, step_ms=15_000, **more)  # type: ignore[arg-type]


def read(path: Path, format_name: str | None = None) -> Recording:
    return open_recording(path, *market_tables(), format_name)


def gated(recording: Recording) -> tuple[TickGate, list[Tick]]:
    passed: list[Tick] = []
    sessions = market_tables()[1]
    gate = TickGate(sessions, SimClock(), MarketSection(), passed.append, recorded=True)
    for instrument in recording.instruments:
        gate.listed(instrument)
    for tick in recording:
        gate.admit(tick)
    return gate, passed


# ------------------------------------------------------------------ l1-csv


def test_l1_reads_what_was_recorded(tmp_path: Path) -> None:
    snaps = day_of("SHFE", "rb")
    write_l1(tmp_path, "rb1801", DAY, l1_lines(snaps))
    recording = read(tmp_path)
    assert (recording.format, recording.days, recording.rows) == ("l1-csv", (DAY,), len(snaps))
    assert not recording.problems
    assert (recording.start, recording.end) == (snaps[0].ts, snaps[-1].ts)
    for tick, snap in zip(recording, snaps, strict=True):
        assert tick == Tick(
            InstrumentId("SHFE.rb1801"),
            snap.ts,
            snap.ts,
            DAY,
            snap.last,
            snap.volume,
            None,
            snap.open_interest,
            snap.bid,
            snap.bid_lots,
            snap.ask,
            snap.ask_lots,
        )
        assert type(tick.volume) is int
        assert type(tick.bid_lots) is int
        assert type(tick.last_price) is float


def test_the_millisecond_is_an_unpadded_integer(tmp_path: Path) -> None:
    write_l1(
        tmp_path,
        "m1801",
        DAY,
        ["09:00:00.97,1,1,2,1,1,10,5", "09:00:00.387,1,1,2,1,1,11,5", "09:00:00.5,1,1,2,1,1,12,5"],
    )
    ticks = list(read(tmp_path))
    times = [china_text(t.ts_event)[17:] for t in ticks]
    assert times == ["00.005", "00.097", "00.387"]
    assert [t.volume for t in ticks] == [12, 10, 11]


def test_many_contracts_are_merged_in_order_of_time(tmp_path: Path) -> None:
    names = [("SHFE", "rb"), ("SHFE", "zn"), ("DCE", "m"), ("CZCE", "SR"), ("CFFEX", "IF")]
    total = 0
    for seed, (exchange, product) in enumerate(names):
        snaps = day_of(exchange, product, seed=seed)
        total += len(snaps)
        symbol = f"{product}{'801' if exchange == 'CZCE' else '1801'}"
        write_l1(tmp_path, symbol, DAY, l1_lines(snaps, whole_seconds=exchange == "CZCE"))
    recording = read(tmp_path)
    ticks = list(recording)
    assert len(ticks) == total
    assert all(a.ts_event <= b.ts_event for a, b in pairwise(ticks))
    assert "CZCE.SR1801" in {i.id for i in recording.instruments}
    assert list(recording) == ticks
    assert china_text(ticks[0].ts_event).startswith("2017-11-10 20:59:00")
    gate, _ = gated(recording)
    assert gate.refused == {}


def test_l1_defects_go_through_the_gate_by_reason(tmp_path: Path) -> None:
    lines = l1_lines(day_of("SHFE", "rb"))
    spoiled = [*lines, lines[-1], settlement_push(lines[-1])]
    spoiled.insert(0, settlement_push(lines[0], "19:29:00.0"))
    unset, shrunk = lines[8].split(","), lines[20].split(",")
    unset[5] = "0"
    shrunk[6] = "1"
    spoiled[9] = ",".join(unset)
    spoiled[21] = ",".join(shrunk)
    write_l1(tmp_path, "rb1801", DAY, spoiled)
    czce = l1_lines(day_of("CZCE", "SR"), whole_seconds=True)
    twice = czce[20].split(",")
    twice[1] = str(float(twice[1]) - 1)
    write_l1(tmp_path, "SR801", DAY, [*czce[:21], ",".join(twice), *czce[21:]])
    gate, passed = gated(read(tmp_path))
    assert gate.refused == {
        "duplicate": 1,
        "settlement_push": 1,
        "out_of_session": 1,
        "bad_price": 1,
        "backward_volume": 1,
    }
    assert gate.repairs["equal_time"] == 1
    times = [t.ts_event for t in passed if t.instrument == "CZCE.SR1801"]
    assert len(set(times)) == len(times) == len(czce) + 1


def test_damaged_rows_are_left_out_and_told(tmp_path: Path) -> None:
    lines = l1_lines(day_of("SHFE", "rb"))
    good = len(lines)
    lines.insert(3, "99:99:99.9,1,1,1,1,1,1,1")
    lines.insert(5, "21:00:00.0,1,1,1")
    lines.insert(7, "21:00:01.0,N/A,1,x,1,1,1,1")
    lines.append("14:59:59.0,38")
    write_l1(tmp_path, "rb1801", DAY, lines)
    recording = read(tmp_path)
    assert recording.rows == good
    assert {why: p.count for why, p in recording.problems.items()} == {
        "junk_time": 1,
        "wrong_columns": 2,
        "bad_number": 1,
    }
    assert recording.problems["wrong_columns"].example.startswith("rb1801_20171113.csv:6: ")


def test_fast_and_slow_parser_agree() -> None:
    lines = l1_lines(day_of("CFFEX", "T", price=92.125, tick=0.005))
    data = "\n".join(lines).encode()
    problems = Problems()
    fast = parse_fast(data)
    assert fast is not None
    slow = parse_slow("x", data, problems)
    assert (fast[0] == slow[0]).all()
    assert (fast[1] == slow[1]).all()
    assert not problems
    crlf = parse_fast(data.replace(b"\n", b"\r\n"))
    assert crlf is not None
    assert (crlf[0] == slow[0]).all()


@pytest.mark.parametrize(
    "row",
    ["24:00:00.0,1,1,1,1,1,1,1", "09-00:00.0,1,1,1,1,1,1,1", "09:00:00.0123,1,1,1,1,1,1,1",
     "09:00:00.,1,1,1,1,1,1,1", "0x:00:00.0,1,1,1,1,1,1,1", "09:00:00.0,1,,1,1,1,1,1",
     "09:00:00.0,1,1,1,1,1,1,1,1"],
)  # fmt: skip
def test_the_fast_parser_gives_up_on_damage(row: str) -> None:
    assert parse_fast(f"{row}\n".encode()) is None
    problems = Problems()
    times, _ = parse_slow("x", f"{row}\n".encode(), problems)
    assert len(times) == 0
    assert sum(p.count for p in problems.values()) == 1


def test_a_side_without_price_is_none(tmp_path: Path) -> None:
    write_l1(tmp_path, "rb1801", DAY, ["09:00:00.0,3900,5,0,0,3900,10,5"])
    [tick] = read(tmp_path)
    assert (tick.bid_price, tick.ask_price, tick.ask_lots) == (3900.0, None, 0)


def test_packed(tmp_path: Path) -> None:
    lines = l1_lines(day_of("SHFE", "rb"))
    folder = tmp_path / "folder"
    folder.mkdir()
    plain = write_l1(folder, "rb1801", DAY, lines)
    expected = list(read(folder))
    assert list(read(plain)) == expected
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "rb1801_20171113.csv.xz").write_bytes(lzma.compress(plain.read_bytes()))
    assert list(read(packed)) == expected
    (packed / "rb1801_20171113.csv.xz").unlink()
    (packed / "rb1801_20171113.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read(packed)) == expected
    archive = tmp_path / "ticks.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(plain, "deep/rb1801_20171113.csv")
    assert list(read(archive)) == expected
    (tmp_path / "cut.tar.xz").write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(RecordingError, match=r"cut\.tar\.xz"):
        read(tmp_path / "cut.tar.xz")


# ------------------------------------------------------------------ ctp-csv


def test_ctp_reads_every_field(tmp_path: Path) -> None:
    snaps = day_of("SHFE", "ru", 20181012)
    write_ctp(tmp_path, "SHFE.ru1901.csv", ctp_rows(snaps, "ru1901"))
    recording = read(tmp_path)
    assert (recording.format, recording.problems) == ("ctp-csv", {})
    for tick, snap in zip(recording, snaps, strict=True):
        assert tick.ts_event == snap.ts
        assert tick.trading_day == 20181012
        assert tick.last_price == snap.last
        assert (tick.open_price, tick.high_price, tick.low_price) == (
            snap.open,
            snap.high,
            snap.low,
        )
        assert tick.turnover == pytest.approx(snap.turnover, abs=0.01)
        assert (tick.pre_settlement, tick.pre_open_interest) == (3790.0, 100_000.0)
        assert tick.upper_limit == pytest.approx(3790.0 * 1.07)
        assert (tick.settlement, tick.depth) == (None, None)


def test_files_cut_by_natural_day(tmp_path: Path) -> None:
    """Day session of one trading day and night of the next in one file, Friday's night too."""
    thursday, friday = (day_of("SHFE", "ru", day, seed=day) for day in (20181012, 20181015))
    snaps = sorted(thursday + friday, key=lambda s: s.ts)
    for natural in sorted({s.action_day for s in snaps}):
        rows = ctp_rows([s for s in snaps if s.action_day == natural], "ru1901")
        write_ctp(tmp_path, f"SHFE.ru1901.{natural}.csv", rows)
    recording = read(tmp_path)
    assert recording.days == (20181012, 20181015)
    told = [(t.ts_event, t.trading_day) for t in recording]
    assert told == [(s.ts, s.trading_day) for s in snaps]
    assert gated(recording)[0].refused == {}


def test_czce_at_night_bears_the_natural_day(tmp_path: Path) -> None:
    snaps = day_of("CZCE", "SR", 20190902, price=5390.0)
    night = [s for s in snaps if s.action_day == 20190830]
    day = [s for s in snaps if s.action_day == 20190902]
    assert night
    assert day
    rows = ctp_rows(natural_day(night), "SR001", czce=True)
    repeat = repeated_next_morning(rows[-1], 20190902, 5379.0)
    rows += [repeat, *ctp_rows(day, "SR001", czce=True)]
    write_ctp(tmp_path, "SR001.csv", rows, quoted=False)
    recording = read(tmp_path)
    assert recording.days == (20190902,)
    assert recording.instruments[0].id == "CZCE.SR2001"
    gate, passed = gated(recording)
    assert gate.refused == {"duplicate": 1}
    assert [t.volume for t in passed] == [s.volume for s in snaps]


def test_dce_action_day_at_night_is_not_believed(tmp_path: Path) -> None:
    snaps = day_of("DCE", "m", 20181015)
    rows = [row | {"ActionDay": row["TradingDay"]} for row in ctp_rows(snaps, "m1901")]
    write_ctp(tmp_path, "m1901.csv", rows)
    assert [t.ts_event for t in read(tmp_path)] == [s.ts for s in snaps]


def test_czce_turnover_gets_its_multiplier(tmp_path: Path) -> None:
    snaps = day_of("CZCE", "AP", 20200803, price=7169.0)
    write_ctp(tmp_path, "CZCE.AP010.20200803.csv", ctp_rows(snaps, "AP010", czce=True))
    for tick, snap in zip(read(tmp_path), snaps, strict=True):
        assert tick.turnover == pytest.approx(snap.turnover, abs=0.06)


def test_apple_file_with_its_stale_first_and_double_last_tick(tmp_path: Path) -> None:
    snaps = day_of("CZCE", "AP", 20200803, price=7169.0, closing_tick=False)
    rows = ctp_rows(snaps, "AP010", czce=True)
    rows = [stale_first(rows[0], 20200731), *rows, rows[-1]]
    write_ctp(tmp_path, "CZCE.AP010.20200803.csv", rows)
    gate, _ = gated(read(tmp_path))
    assert gate.refused == {"out_of_session": 1, "duplicate": 1}


@pytest.mark.parametrize("none", ["N/A", DBL_MAX, ""])
def test_no_value(tmp_path: Path, none: str) -> None:
    row = ctp_rows(day_of("SHFE", "ru", 20181012)[:1], "ru1901", none=none)[0]
    row |= {"AskPrice1": none, "AskVolume1": "0", "Turnover": none}
    write_ctp(tmp_path, "SHFE.ru1901.csv", [row])
    [tick] = read(tmp_path)
    assert (tick.ask_price, tick.turnover, tick.settlement, tick.depth) == (None,) * 4


def test_price_noise_is_taken_off(tmp_path: Path) -> None:
    row = ctp_rows(day_of("SHFE", "ru", 20181012)[:1], "ru1901")[0]
    write_ctp(tmp_path, "SHFE.ru1901.csv", [row | {"LastPrice": "3594.0000000000005"}])
    [tick] = read(tmp_path)
    assert tick.last_price == 3594.0


def test_deeper_levels(tmp_path: Path) -> None:
    row = ctp_rows(day_of("SHFE", "ru", 20181012)[:1], "ru1901")[0]
    row |= {"BidPrice2": "3798.00", "BidVolume2": "7", "AskPrice3": "3803.00", "AskVolume3": "9"}
    write_ctp(tmp_path, "SHFE.ru1901.csv", [row])
    [tick] = read(tmp_path)
    assert tick.depth == Depth(((3798.0, 7),), ((3803.0, 9),))


def test_several_contracts_in_one_file(tmp_path: Path) -> None:
    one = ctp_rows(day_of("SHFE", "ru", 20181012), "ru1901")
    two = ctp_rows(day_of("DCE", "m", 20181012, seed=2), "m1901")
    mixed = [row for pair in zip(one, two, strict=False) for row in pair]
    write_ctp(tmp_path, "all.csv", mixed)
    recording = read(tmp_path)
    assert [i.id for i in recording.instruments] == ["DCE.m1901", "SHFE.ru1901"]
    assert recording.rows == len(mixed)


def test_damaged_ctp_rows_are_left_out_and_told(tmp_path: Path) -> None:
    rows = ctp_rows(day_of("SHFE", "ru", 20181012), "ru1901")
    good = len(rows)
    rows.insert(2, rows[0] | {"UpdateTime": "99:99:99"})
    rows.insert(3, rows[0] | {"UpdateTime": ""})
    rows.insert(4, rows[0] | {"TradingDay": ""})
    rows.insert(5, rows[0] | {"LastPrice": "12,3"})
    rows.insert(6, rows[0] | {"InstrumentID": "zz9901"})
    path = write_ctp(tmp_path, "SHFE.ru1901.csv", rows)
    with path.open("a") as file:
        file.write('"20181012","ru1901","","","123')
    recording = read(tmp_path)
    assert recording.rows == good
    assert {why: p.count for why, p in recording.problems.items()} == {
        "junk_time": 2,
        "junk_date": 1,
        "bad_number": 1,
        "unknown_product": 1,
        "wrong_columns": 1,
    }
    assert recording.problems["junk_time"].example.startswith("SHFE.ru1901.csv:4: ")


# ------------------------------------------------------------------ what is no recording


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist"):
        read(tmp_path / "none")
    with pytest.raises(RecordingError, match="no recorded ticks"):
        read(tmp_path)
    (tmp_path / "rb1801_20171113.csv").touch()
    with pytest.raises(RecordingError, match="no recorded ticks"):
        read(tmp_path)


def test_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(RecordingError, match="no recorded ticks"):
        read(tmp_path)
    write_l1(tmp_path, "rb1801", DAY, l1_lines(day_of("SHFE", "rb")))
    assert read(tmp_path).problems["not_ticks"].example == "notes.csv"


def test_a_file_name_that_says_nothing(tmp_path: Path) -> None:
    write_l1(tmp_path, "rb1801", DAY, l1_lines(day_of("SHFE", "rb"))).rename(tmp_path / "x.csv")
    with pytest.raises(RecordingError, match=r"CONTRACT_YYYYMMDD\.csv"):
        read(tmp_path)


def test_a_file_of_a_day_without_trading(tmp_path: Path) -> None:
    write_l1(tmp_path, "rb1801", 20171112, l1_lines(day_of("SHFE", "rb")))
    with pytest.raises(RecordingError, match="not_a_trading_day"):
        read(tmp_path)


def test_two_formats_at_once(tmp_path: Path) -> None:
    write_l1(tmp_path, "rb1801", DAY, l1_lines(day_of("SHFE", "rb")))
    write_ctp(tmp_path, "SHFE.ru1901.csv", ctp_rows(day_of("SHFE", "ru", 20181012), "ru1901"))
    with pytest.raises(RecordingError, match="--format"):
        read(tmp_path)


def test_no_such_format(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="ctp-csv, l1-csv"):
        read(tmp_path, "parquet")
