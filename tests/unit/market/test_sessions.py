"""Sessions: the known days of the market, and every recorded tick and night bar."""

import lzma
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from tests.generators import market_tables

from homalos.market.products import Products, split_symbol
from homalos.market.sessions import Segment, Sessions
from homalos.model.enums import Phase
from homalos.model.times import (
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    add_days,
    china_midnight,
    china_text,
)

A, M, C, B, X = (
    Phase.AUCTION,
    Phase.AUCTION_MATCH,
    Phase.CONTINUOUS,
    Phase.BREAK,
    Phase.CLOSED,
)
DAY = [
    (C, "09:00", "10:15"),
    (B, "10:15", "10:30"),
    (C, "10:30", "11:30"),
    (B, "11:30", "13:30"),
    (C, "13:30", "15:00"),
]
DAY_AUCTION = [(A, "08:55", "08:59"), (M, "08:59", "09:00")]
EVENING = [(A, "20:55", "20:59"), (M, "20:59", "21:00")]


@pytest.fixture(scope="module")
def products() -> Products:
    return market_tables()[0]


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    return market_tables()[1]


def at(day: int, clock: str) -> int:
    hour, minute = clock.split(":")
    return china_midnight(day) + int(hour) * HOUR + int(minute) * MINUTE


def shown(segments: tuple[Segment, ...]) -> list[tuple[Phase, str, str]]:
    return [(s.phase, china_text(s.start)[11:16], china_text(s.end)[11:16]) for s in segments]


@pytest.mark.parametrize(
    ("exchange", "product", "day", "expected"),
    [
        ("DCE", "m", 20171113, [*EVENING, (C, "21:00", "23:30"), (X, "23:30", "09:00"), *DAY]),
        ("DCE", "jd", 20171113, [*DAY_AUCTION, *DAY]),
        ("DCE", "l", 20171113, [*DAY_AUCTION, *DAY]),
        ("DCE", "m", 20150508, [*EVENING, (C, "21:00", "02:30"), (X, "02:30", "09:00"), *DAY]),
        (
            "SHFE",
            "au",
            20260106,
            [*EVENING, (C, "21:00", "02:30"), (X, "02:30", "08:55"), *DAY_AUCTION, *DAY],
        ),
        ("SHFE", "au", 20260105, [*DAY_AUCTION, *DAY]),  # after New Year's Day
        ("SHFE", "cu", 20200310, [*DAY_AUCTION, *DAY]),  # nights suspended
        ("CZCE", "SR", 20260106, [*EVENING, (C, "21:00", "23:00"), (X, "23:00", "09:00"), *DAY]),
        ("CZCE", "SR", 20260105, [*DAY_AUCTION, *DAY]),
        ("GFEX", "lc", 20260106, [*DAY_AUCTION, *DAY]),
        ("SHFE", "ao", 20230619, [*DAY_AUCTION, *DAY]),  # the listing day
    ],
)
def test_commodity_days(
    sessions: Sessions,
    exchange: str,
    product: str,
    day: int,
    expected: list[tuple[Phase, str, str]],
) -> None:
    assert shown(sessions.segments(exchange, product, day)) == expected


@pytest.mark.parametrize(
    ("product", "day", "opens", "closes"),
    [
        ("IF", 20151231, "09:15", "15:15"),
        ("IF", 20160104, "09:30", "15:00"),
        ("T", 20171113, "09:15", "15:15"),
        ("T", 20200720, "09:30", "15:15"),
        ("TL", 20260105, "09:30", "15:15"),
        ("unknown", 20260105, "09:30", "15:00"),
    ],
)
def test_cffex_days(sessions: Sessions, product: str, day: int, opens: str, closes: str) -> None:
    segments = sessions.segments("CFFEX", product, day)
    assert [s.phase for s in segments] == [A, M, C, B, C]
    assert segments[2].start == at(day, opens)
    assert segments[1].start == at(day, opens) - MINUTE
    assert segments[0].start == at(day, opens) - 5 * MINUTE
    assert (segments[3].start, segments[3].end) == (at(day, "11:30"), at(day, "13:00"))
    assert segments[-1].end == at(day, closes)


def test_day_auctions_of_night_products_began_in_2023(sessions: Sessions) -> None:
    day_auction = (A, "08:55", "08:59")
    assert day_auction not in shown(sessions.segments("SHFE", "rb", 20230525))
    assert day_auction in shown(sessions.segments("SHFE", "rb", 20230526))
    assert day_auction not in shown(sessions.segments("CZCE", "SR", 20230526))


def test_fridays_night_is_mondays(sessions: Sessions) -> None:
    for day, clock in ((20171110, "21:00"), (20171111, "00:30")):
        assert sessions.trading_day("SHFE", "al", at(day, clock)) == 20171113
        assert sessions.phase("SHFE", "al", at(day, clock)) is C
    assert sessions.phase("SHFE", "al", at(20171111, "01:00")) is X
    assert sessions.phase("SHFE", "al", at(20171112, "12:00")) is X
    assert sessions.trading_day("SHFE", "al", at(20171112, "12:00")) == 20171113
    assert sessions.next_boundary("SHFE", "al", at(20171112, "12:00")) == at(20171113, "09:00")


def test_the_close_begins_the_next_trading_day(sessions: Sessions) -> None:
    close = at(20171110, "15:00")
    assert sessions.trading_day("SHFE", "rb", close - 1) == 20171110
    segment = sessions.segment_at("SHFE", "rb", close)
    assert (segment.phase, segment.trading_day) == (X, 20171113)
    assert (segment.start, segment.end) == (close, at(20171110, "20:55"))


def test_a_holiday_eve_has_no_night(sessions: Sessions) -> None:
    evening = at(20250930, "21:30")
    assert sessions.phase("SHFE", "au", evening) is X
    assert sessions.trading_day("SHFE", "au", evening) == 20251009
    assert sessions.next_boundary("SHFE", "au", evening) == at(20251009, "08:55")


def test_unknown_names_have_the_plain_day(sessions: Sessions) -> None:
    assert shown(sessions.segments("SHFE", "unheard", 20260106)) == [*DAY_AUCTION, *DAY]
    assert shown(sessions.segments("MARS", "x", 20260106)) == [*DAY_AUCTION, *DAY]


def test_a_closed_day_has_no_segments(sessions: Sessions) -> None:
    assert sessions.segments("SHFE", "rb", 20171111) == ()
    with pytest.raises(ValueError, match="not a trading day"):
        sessions.span("SHFE", "rb", 20171111)


# ------------------------------------------------------------------ recordings

RECORDED_DAY = 20171113
GRACE = SECOND
SETTLEMENT_REPEATS = {
    "SHFE": Counter({"15:22:06.500": 1}),
    "DCE": Counter({"15:00:25": 1}),
    "CFFEX": Counter({"15:24:25.900": 1, "15:27:51.900": 1}),
    "CZCE": Counter[str](),
}
"""All that lies out of session in the recording: the venues' repeats of the last tick."""


def recorded_instant(text: bytes, evening: int) -> int:
    """``23:30:00.57`` (57 ms) of the trading day that begins on ``evening``."""
    clock, millis = text.split(b".")
    hour, minute, second = (int(part) for part in clock.split(b":"))
    day = evening if hour >= 18 else add_days(evening, 1) if hour < 8 else RECORDED_DAY
    midnight = china_midnight(day)
    return midnight + hour * HOUR + minute * MINUTE + second * SECOND + int(millis) * MILLISECOND


@pytest.mark.slow
def test_every_tick_of_a_recorded_day_lies_in_a_session(
    products: Products, sessions: Sessions, shared_data: Path
) -> None:
    evening = sessions.calendar.previous_day(RECORDED_DAY)
    files = rows = 0
    with tarfile.open(shared_data / "ticks" / "l1_20171113" / "ticks.tar.xz") as archive:
        for member in archive:
            handle = archive.extractfile(member)
            if handle is None or not member.name.endswith(".csv"):
                continue
            symbol = Path(member.name).name.split("_")[0]
            product, exchange = split_symbol(symbol)[0], products.exchange_of(symbol)
            assert exchange is not None
            outside: Counter[str] = Counter()
            for line in handle:
                rows += 1
                ts = recorded_instant(line.split(b",", 1)[0], evening)
                segment = sessions.segment_at(exchange, product, ts)
                if segment.phase in (X, B):
                    segment = sessions.segment_at(exchange, product, ts - GRACE)
                if segment.phase in (X, B):
                    outside[china_text(ts)[11 : 19 if exchange == "DCE" else 23]] += 1
                else:
                    assert segment.trading_day == RECORDED_DAY
            assert outside == SETTLEMENT_REPEATS[exchange], symbol
            files += 1
    assert (files, rows) == (36, 910_909)


MISSING_NIGHTS = {("DCE", 20191231), ("CZCE", 20191231)}
"""The evening of 2019-12-30 is not in these two files; SHFE's has it."""


@pytest.mark.parametrize("name", ["SHFE.rb", "DCE.i", "DCE.m", "CZCE.TA"])
def test_every_night_of_a_year_of_bars_is_expected_and_ends_when_it_did(
    sessions: Sessions, shared_data: Path, name: str
) -> None:
    exchange, product = name.split(".")
    ends: dict[int, str] = {}
    days: set[int] = set()
    text = lzma.decompress((shared_data / "bars" / f"{name}.HOT_m5.csv.xz").read_bytes())
    for line in text.splitlines()[1:]:
        fields = line.split(b",")
        year, month, day = (int(part) for part in fields[0].split()[0].split(b"/"))
        natural = year * 10_000 + month * 100 + day
        clock = fields[1][:5].decode()
        if clock > "18":
            ends[natural] = max(ends.get(natural, ""), clock)
        else:
            days.add(natural)
    trading_days = sessions.calendar.trading_days(min(days), max(days))
    assert trading_days == sorted(days)
    for day in trading_days:
        if (exchange, day) in MISSING_NIGHTS:
            continue
        night = next(
            (
                china_text(s.end)[11:16]
                for s in sessions.segments(exchange, product, day)
                if s.phase is C and s.start < china_midnight(day)
            ),
            None,
        )
        assert ends.get(sessions.calendar.previous_day(day)) == night, day


@pytest.mark.parametrize(
    ("name", "out_of_session"),
    [
        ("CZCE.AP010.20200803", 1),
        ("CZCE.AP101.20200807", 1),
        ("SHFE.ru1901.20181011", 0),
        ("SHFE.ru1901.20181012", 0),
    ],
)
def test_full_recordings_lie_in_session_but_for_the_stale_first_tick(
    sessions: Sessions, shared_data: Path, name: str, out_of_session: int
) -> None:
    exchange, symbol, day = name.split(".")
    product = split_symbol(symbol)[0]
    path = shared_data / "ticks" / "ctp_full" / f"{name}.csv.xz"
    text = lzma.decompress(path.read_bytes()).decode()
    rows = [line.replace('"', "").split(",") for line in text.splitlines()]
    clock, millis, trading = (
        rows[0].index(f) for f in ("UpdateTime", "UpdateMillisec", "TradingDay")
    )
    outside = []
    for row in rows[1:]:
        ts = at(int(day), row[clock][:5]) + int(row[clock][6:]) * SECOND
        ts += int(row[millis]) * MILLISECOND
        found = [sessions.segment_at(exchange, product, moment) for moment in (ts, ts - GRACE)]
        if all(s.phase in (X, B) for s in found):
            outside.append(row[clock])
        else:
            assert found[-1].trading_day == int(row[trading])
    assert len(outside) == out_of_session, outside[:5]


@pytest.mark.parametrize(
    ("exchange", "product", "at", "closes"),
    [
        ("SHFE", "rb", "20:57", "23:00"),
        ("SHFE", "rb", "22:59", "23:00"),
        ("SHFE", "rb", "23:00", None),
        ("SHFE", "rb", "10:20", "15:00"),
        ("SHFE", "rb", "15:00", None),
        ("SHFE", "cu", "00:30", "01:00"),
        ("SHFE", "au", "02:00", "02:30"),
        ("CFFEX", "IF", "11:45", "15:00"),
        ("CFFEX", "T", "14:00", "15:15"),
    ],
)
def test_a_session_closes_when_its_last_stretch_of_trading_ends(
    exchange: str, product: str, at: str, closes: str | None
) -> None:
    """Tuesday's night begins on Monday evening; a break is no close."""
    _, sessions = market_tables()
    evening = at >= "20:00"

    def instant(text: str) -> int:
        hours, minutes = map(int, text.split(":"))
        day = 20171113 if evening else 20171114
        return china_midnight(day) + hours * HOUR + minutes * MINUTE

    found = sessions.session_end(exchange, product, instant(at))
    assert found == (None if closes is None else instant(closes))
