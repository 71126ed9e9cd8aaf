"""Trading days against the exchanges' own list, and which of them begin with a night session."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from tests.generators import market_tables

from homalos.config.sections.calendar import CalendarFile
from homalos.market.calendar import TradingCalendar


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return market_tables()[1].calendar


def test_every_year_agrees_with_the_list_of_trading_days(
    calendar: TradingCalendar, shared_data: Path
) -> None:
    text = (shared_data / "calendar" / "akshare_calendar.json").read_text()
    days = [int(day) for day in json.loads(text)]
    days = [day for day in days if 20100101 <= day <= 20261231]
    assert len(days) > 4000
    assert calendar.trading_days(20100101, 20261231) == days
    for before, after in pairwise(days):
        assert calendar.next_day(before) == after
        assert calendar.previous_day(after) == before


def test_the_official_holidays_are_closed(calendar: TradingCalendar, shared_data: Path) -> None:
    for path in sorted((shared_data / "calendar" / "holiday-cn").glob("*.json")):
        for row in json.loads(path.read_text())["days"]:
            if row["isOffDay"]:
                day = int(row["date"].replace("-", ""))
                assert not calendar.is_trading_day(day), day


def test_weekends_and_bridging_days(calendar: TradingCalendar) -> None:
    assert not calendar.is_trading_day(20240209)  # closed though the notice left it open
    assert not calendar.is_trading_day(20240204)  # a Sunday that was a working day
    assert calendar.is_trading_day(20171113)
    assert calendar.next_day(20171110) == 20171113
    assert calendar.next_day(20171111) == 20171113
    assert calendar.previous_day(20171112) == 20171110
    assert calendar.next_day(20250930) == 20251009


@pytest.mark.parametrize(
    ("day", "night"),
    [
        (20171113, True),  # Monday: Friday's evening
        (20171114, True),
        (20171009, False),  # after the National Day week
        (20250106, True),
        (20250102, False),  # after New Year's Day in mid-week
        (20150928, False),  # a holiday that fell wholly on a weekend
        (20200203, False),
        (20200310, False),  # nights were suspended
        (20200506, False),
        (20200507, True),
        (20171111, False),  # no trading day at all
    ],
)
def test_which_days_begin_with_a_night(calendar: TradingCalendar, day: int, night: bool) -> None:
    assert calendar.has_night(day) is night


def test_beyond_the_list_weekdays_are_open_and_not_known(calendar: TradingCalendar) -> None:
    assert calendar.known(20260105)
    assert not calendar.known(20270104)  # provisional
    assert not calendar.known(20091231)
    assert calendar.is_trading_day(20351001)
    assert calendar.previous_day(20050103) == 20041231
    assert len(calendar.trading_days(20300101, 20301231)) == 261
    assert calendar.trading_days(20171111, 20171112) == []


def test_a_number_that_is_no_day_is_refused(calendar: TradingCalendar) -> None:
    for day in (0, 20171301, 20170230):
        with pytest.raises(ValueError, match=r"day|month|year"):
            calendar.is_trading_day(day)


def test_faults_name_the_key() -> None:
    wrong = CalendarFile(
        known_from=date(2020, 1, 1),
        known_until=date(2019, 1, 1),
        closed=(date(2020, 1, 1), date(2020, 1, 4)),
        no_night_spans=((date(2020, 2, 2), date(2020, 1, 1)),),
    )
    assert [key for key, *_ in wrong.faults()] == ["known_until", "closed.1", "no_night_spans.0"]
    assert not list(CalendarFile().faults())
