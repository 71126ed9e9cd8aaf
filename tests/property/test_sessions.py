"""Sessions of any product at any instant: they always answer, and the answers fit together."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generators import market_tables

from homalos.model.enums import Phase
from homalos.model.times import DAY, china_midnight

PRODUCTS, SESSIONS = market_tables()
CALENDAR = SESSIONS.calendar
NAMES = [(p.exchange, p.id) for p in PRODUCTS.all(20260105)]
NAMES += [("SHFE", "unknown"), ("CFFEX", "unknown"), ("MOON", "rock")]
FIRST, LAST = china_midnight(20050101), china_midnight(20351231)

names = st.sampled_from(NAMES)
instants = st.integers(FIRST, LAST)
known_days = st.sampled_from(CALENDAR.trading_days(20100101, 20271231))


@settings(max_examples=300, deadline=None)
@given(names, instants)
def test_an_instant_has_one_segment_and_the_phase_holds_until_its_end(
    name: tuple[str, str], ts: int
) -> None:
    segment = SESSIONS.segment_at(*name, ts)
    assert segment.start <= ts < segment.end
    assert SESSIONS.phase(*name, ts) is segment.phase
    assert SESSIONS.next_boundary(*name, ts) == segment.end > ts
    assert SESSIONS.trading_day(*name, ts) == segment.trading_day
    assert SESSIONS.segment_at(*name, segment.start) == segment
    assert SESSIONS.segment_at(*name, segment.end - 1) == segment
    following = SESSIONS.segment_at(*name, segment.end)
    assert following.start == segment.end
    assert following.phase is not segment.phase
    before = SESSIONS.segment_at(*name, segment.start - 1)
    assert before.end == segment.start


@settings(max_examples=300, deadline=None)
@given(names, instants, st.integers(0, 20 * DAY))
def test_the_trading_day_never_goes_back(name: tuple[str, str], ts: int, later: int) -> None:
    assert SESSIONS.trading_day(*name, ts) <= SESSIONS.trading_day(*name, ts + later)


@settings(max_examples=300, deadline=None)
@given(names, known_days)
def test_a_trading_day_is_ordered_without_a_gap_and_found_by_its_instants(
    name: tuple[str, str], day: int
) -> None:
    segments = SESSIONS.segments(*name, day)
    for left, right in pairwise(segments):
        assert left.start < left.end == right.start
        assert left.phase is not right.phase
    assert SESSIONS.span(*name, day) == (segments[0].start, segments[-1].end)
    assert segments[0].phase is Phase.AUCTION
    assert segments[-1].phase is Phase.CONTINUOUS
    assert china_midnight(day) < segments[-1].end < china_midnight(day) + DAY
    for segment in segments:
        assert segment.trading_day == day
        assert SESSIONS.segment_at(*name, (segment.start + segment.end) // 2) == segment
    assert SESSIONS.trading_day(*name, segments[-1].end) == CALENDAR.next_day(day)
    night = segments[0].start < china_midnight(day)
    row = PRODUCTS.product(*name, day)
    expected = row is not None and row.night_end is not None and day != row.listed
    assert night == (expected and CALENDAR.has_night(day))


@given(st.sampled_from(CALENDAR.trading_days(20050101, 20351231)))
def test_days_lead_there_and_back(day: int) -> None:
    assert CALENDAR.previous_day(CALENDAR.next_day(day)) == day
    assert CALENDAR.next_day(CALENDAR.previous_day(day)) == day
    assert CALENDAR.is_trading_day(day)
