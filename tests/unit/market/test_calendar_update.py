"""An update brings in what is new, keeps what was official, and leaves the rest of the file."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
import yaml

from homalos import defaults_dir
from homalos.config.sections.calendar import CalendarFile
from homalos.market.calendar_update import (
    CalendarUpdateError,
    Closures,
    chinese_calendar,
    install_command,
    update_calendar,
)

SHIPPED = (defaults_dir() / "calendar.yaml").read_text(encoding="utf-8")
MISSED = date(2024, 2, 9)


def read(path: Path) -> CalendarFile:
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), CalendarFile)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "calendar.yaml"
    path.write_text(SHIPPED, encoding="utf-8")
    return path


def source(days: set[date], last_year: int) -> Callable[[], Closures]:
    found = Closures("notices", 2004, last_year, frozenset(d for d in days if d.weekday() < 5))
    years = range(2004, 2010)
    old = {date(year, 10, 8) + timedelta(days=n) for year in years for n in range(21)}
    return lambda: found._replace(days=found.days | {d for d in old if d.weekday() < 5})


def official(path: Path, last_year: int) -> set[date]:
    return {day for day in read(path).closed if day.year <= last_year}


def test_nothing_new_leaves_every_byte(path: Path) -> None:
    diff = update_calendar(path, source(official(path, 2026) - {MISSED}, 2026))
    assert not diff.changed
    assert diff.kept == (MISSED,)
    assert "2024-02-09" in diff.text()
    assert path.read_text(encoding="utf-8") == SHIPPED


def test_a_new_year_replaces_the_provisional_one_and_nothing_else(path: Path) -> None:
    before = read(path)
    new = {date(2027, 1, 1), date(2027, 5, 3)}
    new |= {date(2027, 2, day) for day in range(8, 13)}
    new |= {date(2027, 10, day) for day in (1, 4, 5, 6, 7, 8)}
    diff = update_calendar(path, source(official(path, 2026) | new, 2027))
    after = read(path)
    assert diff.added == (date(2027, 10, 8),)
    assert date(2027, 2, 5) in diff.removed
    assert {day for day in after.closed if day.year == 2027} == new
    assert {d for d in after.closed if d.year < 2027} == {d for d in before.closed if d.year < 2027}
    assert after.closed == tuple(sorted(after.closed))
    assert after.known_until == date(2027, 12, 31)
    assert (after.no_night, after.no_night_spans) == (before.no_night, before.no_night_spans)
    text = path.read_text(encoding="utf-8")
    comments = [line for line in SHIPPED.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments
    assert [p.name for p in path.parent.iterdir()] == ["calendar.yaml"]
    assert not update_calendar(path, source(official(path, 2026) | new, 2027)).changed


def test_a_year_that_is_not_there_yet_goes_to_the_end(path: Path) -> None:
    days = {day for day in read(path).closed if day.year <= 2027}
    new = {date(2028, 1, 24) + timedelta(days=n) for n in range(21)}
    update_calendar(path, source(days | new, 2028))
    assert {day for day in read(path).closed if day.year == 2028} == {
        day for day in new if day.weekday() < 5
    }


def test_an_added_day_of_the_past_is_told(path: Path) -> None:
    extra = date(2023, 3, 1)
    diff = update_calendar(path, source(official(path, 2026) | {extra}, 2026))
    assert diff.added == (extra,)
    assert extra in read(path).closed
    assert "+ 2023-03-01" in diff.text()


def test_comments_between_the_dates_stay(path: Path) -> None:
    noted = SHIPPED.replace("  2026-01-01,", "  # the Year of the Horse\n  2026-01-01,")
    path.write_text(noted, encoding="utf-8")
    update_calendar(path, source(official(path, 2026) | {date(2026, 3, 2)}, 2026))
    assert "  # the Year of the Horse\n" in path.read_text(encoding="utf-8")
    assert date(2026, 3, 2) in read(path).closed


@pytest.mark.parametrize(
    "text",
    [
        "closed: 5\n",
        "known_until: 2026-12-31\nclosed:\n  - 2026-01-01\n",
        "known_until: 2026-12-31\nclosed: [2026-01-01]\n",
        "closed: [\n",
        SHIPPED.replace("known_until: 2026-12-31", "known_until: '2026-12-31'"),
    ],
)
def test_a_file_of_another_form_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    days = {date(2026, 10, 1) + timedelta(days=n) for n in range(21)}
    days |= {day for day in yaml.safe_load(SHIPPED)["closed"] if day.year <= 2027}
    with pytest.raises(CalendarUpdateError, match="left alone"):
        update_calendar(path, source(days, 2027))
    assert path.read_text(encoding="utf-8") == text


def test_a_source_that_cannot_be_right_is_refused(path: Path) -> None:
    with pytest.raises(CalendarUpdateError, match="cannot be right"):
        update_calendar(path, lambda: Closures("broken", 2026, 2026, frozenset()))
    assert path.read_text(encoding="utf-8") == SHIPPED


def test_the_package_itself(path: Path) -> None:
    pytest.importorskip("chinese_calendar", reason="the extra `calendar` is not installed")
    diff = update_calendar(path, chinese_calendar)
    assert MISSED in diff.kept
    assert not [day for day in diff.added if day.year <= 2026]


def test_without_the_package_the_cure_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "chinese_calendar", None)
    with pytest.raises(CalendarUpdateError, match=re.escape(install_command())):
        update_calendar(path)


@pytest.mark.skipif(sys.platform == "win32", reason="words are quoted as a POSIX shell reads them")
@pytest.mark.parametrize(("pip", "uv"), [(True, True), (False, True), (False, False)])
def test_the_cure_serves_this_environment_with_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: bool, uv: bool
) -> None:
    """start.py makes an environment without pip: uv stands in it, or on the PATH."""
    scripts, python = tmp_path / "my env", tmp_path / "my env" / "python"
    scripts.mkdir()
    if uv:
        (scripts / "uv").write_text("#!/bin/sh\n")
        (scripts / "uv").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: real("os") if pip else None)
    parts = [shlex.split(part) for part in install_command().split(" && ")]
    package = ["-U", "chinesecalendar"]
    with_pip = [str(python), "-m", "pip", "install", *package]
    if pip:
        assert parts == [with_pip]
    elif uv:
        assert parts == [[str(scripts / "uv"), "pip", "install", "--python", str(python), *package]]
    else:
        assert parts == [[str(python), "-m", "ensurepip", "--default-pip"], with_pip]
