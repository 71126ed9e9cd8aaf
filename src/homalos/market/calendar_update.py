"""Bring calendar.yaml up to date from a package that follows the State Council's notices.

Only dates change: comments, the order of keys, ``no_night`` and ``no_night_spans`` stay. What was
official is never dropped: where the package thinks otherwise (the exchanges were closed on
2024-02-09, which the notice left open), the day stays closed and is reported.
"""

import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from homalos.config.sections.calendar import SATURDAY, CalendarFile

PACKAGE = "chinesecalendar"
DAYS_A_LINE = 7
PLAUSIBLE_A_YEAR = range(10, 31)
"""Closed weekdays in a year; there have been 16 to 19 since 2010."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_ITEM = re.compile(r"\s*(\d{4}-\d\d-\d\d)\s*,?")
_BEGIN = re.compile(r"^closed:\s*\[[^\]]*$")
_UNTIL = re.compile(r"^known_until:[^\S\n]*\d{4}-\d\d-\d\d", re.MULTILINE)


class CalendarUpdateError(Exception):
    """The calendar was not updated; the file is as it was. The text is in both languages."""


class Closures(NamedTuple):
    """What a source knows: closed weekdays of whole years."""

    source: str
    first_year: int
    last_year: int
    days: frozenset[date]


class Diff(NamedTuple):
    """What an update changed."""

    source: str
    added: tuple[date, ...]
    removed: tuple[date, ...]
    """Provisional days that turned out to be open."""
    kept: tuple[date, ...]
    """Official days of the file that the source does not have; they stay closed."""
    known_until: tuple[date, date]
    """Before and after."""

    @property
    def changed(self) -> bool:
        return bool(self.added or self.removed) or self.known_until[0] != self.known_until[1]

    def text(self) -> str:
        """The difference for people, in both languages."""
        lines = [f"{self.source}:"]
        for sign, days, words in (
            ("+", self.added, "closed / 新增休市日"),
            ("-", self.removed, "open after all (was provisional) / 删除暂定休市日"),
            ("=", self.kept, f"not in {self.source}, kept closed / 数据源没有，保留休市"),
        ):
            lines += [f"  {sign} {day:%Y-%m-%d %a}  {words}" for day in days]
        before, after = self.known_until
        if before != after:
            lines.append(f"  known_until / 已公布至: {before} -> {after}")
        if not self.changed:
            lines.append("  up to date / 无变化")
        return "\n".join(lines)


def chinese_calendar() -> Closures:
    """The closures that the ``chinesecalendar`` package knows (extra ``calendar``).

    Raises:
        CalendarUpdateError: it is not installed.
    """
    try:
        package = importlib.import_module("chinese_calendar")
    except ImportError:
        raise CalendarUpdateError(
            f"the package {PACKAGE} is not installed; cure / 未安装 {PACKAGE}，请执行: "
            f"{install_command()}"
        ) from None
    days = frozenset(day for day in package.holidays if day.weekday() < SATURDAY)
    years = {day.year for day in days}
    return Closures(PACKAGE, min(years), max(years), days)


def install_command() -> str:
    """What brings the package into the environment that runs this: one that start.py or uv made
    has no pip of its own, and a plain ``pip install`` would serve another Python."""
    python = sys.executable
    uv = shutil.which("uv", path=str(Path(python).parent)) or shutil.which("uv")
    pip = [python, "-m", "pip", "install"]
    if importlib.util.find_spec("pip") is not None:
        return _shell([*pip, "-U", PACKAGE])
    if uv is not None:
        return _shell([uv, "pip", "install", "--python", python, "-U", PACKAGE])
    first = _shell([python, "-m", "ensurepip", "--default-pip"])
    return f"{first} && {_shell([*pip, '-U', PACKAGE])}"


def _shell(words: Sequence[str]) -> str:
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def update_calendar(path: Path, source: Callable[[], Closures] = chinese_calendar) -> Diff:
    """Bring ``path`` (a calendar.yaml) up to date and say what changed; whole or not at all.

    Raises:
        CalendarUpdateError: the source or the file cannot be used; the file is untouched.
    """
    text = _read(path)
    file = _parse(text, path)
    closures = source()
    _check(closures)
    diff = _compare(file, closures)
    if not diff.changed:
        return diff
    closed = (set(file.closed) | set(diff.added)) - set(diff.removed)
    updated = _with_closed(text, closed, {day.year for day in (*diff.added, *diff.removed)}, path)
    updated = _UNTIL.sub(f"known_until: {diff.known_until[1]}", updated, count=1)
    result = _parse(updated, path)
    if set(result.closed) != closed or result.known_until != diff.known_until[1]:
        raise _unreadable(path, "known_until and closed: [2026-01-01, ...] expected")
    _write(path, updated)
    return diff


def _check(closures: Closures) -> None:
    for year in range(closures.first_year, closures.last_year + 1):
        count = sum(day.year == year for day in closures.days)
        if count not in PLAUSIBLE_A_YEAR:
            raise CalendarUpdateError(
                f"{closures.source} has {count} closed weekdays in {year}, which cannot be right; "
                f"nothing was changed / {closures.source} 中 {year} 年有 {count} 个休市工作日，"
                "不合常理，未作更改"
            )


def _compare(file: CalendarFile, closures: Closures) -> Diff:
    first = max(file.known_from, date(closures.first_year, 1, 1))
    last = date(closures.last_year, 12, 31)
    ours = {day for day in file.closed if first <= day <= last}
    theirs = {day for day in closures.days if first <= day <= last}
    gone = ours - theirs
    return Diff(
        source=closures.source,
        added=tuple(sorted(theirs - ours)),
        removed=tuple(sorted(day for day in gone if day > file.known_until)),
        kept=tuple(sorted(day for day in gone if day <= file.known_until)),
        known_until=(file.known_until, max(file.known_until, last)),
    )


# ------------------------------------------------------------------ the text of the file


def _with_closed(text: str, closed: set[date], years: set[int], path: Path) -> str:
    """``text`` with the dates of ``years`` in its closed list replaced; the rest as it was."""
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if _BEGIN.match(_bare(line))), None)
    if begin is None:
        raise _unreadable(path, "closed: [ expected on a line of its own")
    end = next((i for i in range(begin + 1, len(lines)) if "]" in _bare(lines[i])), None)
    if end is None or _bare(lines[end]).strip() != "]":
        raise _unreadable(path, "the ] of closed expected on a line of its own")
    body = [new for line in lines[begin + 1 : end] if (new := _without(line, years)) is not None]
    for year in sorted(years):
        days = sorted(day for day in closed if day.year == year)
        at = next((i for i, line in enumerate(body) if _first_year(line) > year), len(body))
        body[at:at] = [
            "  " + ", ".join(map(str, days[i : i + DAYS_A_LINE])) + ","
            for i in range(0, len(days), DAYS_A_LINE)
        ]
    if (last := next((i for i in reversed(range(len(body))) if _bare(body[i]).strip()), -1)) >= 0:
        body[last] = _with_comma(body[last])
    return "\n".join([*lines[: begin + 1], *body, *lines[end:]]) + "\n"


def _bare(line: str) -> str:
    return line.split("#", 1)[0]


def _first_year(line: str) -> int:
    """Of the line's first date; 0 for a line without one, which nothing is put before."""
    found = _DATE.search(_bare(line))
    return int(found[0][:4]) if found else 0


def _without(line: str, years: set[int]) -> str | None:
    """The line without the dates of ``years``; None where nothing is left of it."""
    bare = _bare(line)
    kept = _DATE_ITEM.sub(lambda m: "" if int(m[1][:4]) in years else m[0], bare)
    if kept == bare:
        return line
    comment = line[len(bare) :]
    if not kept.strip():
        return f"  {comment}" if comment else None
    return f"  {kept.strip()}  {comment}".rstrip()


def _with_comma(line: str) -> str:
    """A line of dates that other lines may follow."""
    bare = _bare(line)
    dates = bare.rstrip()
    return line if dates.endswith(",") else dates + "," + bare[len(dates) :] + line[len(bare) :]


def _parse(text: str, path: Path) -> CalendarFile:
    try:
        return msgspec.convert(yaml.safe_load(text), CalendarFile)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise _unreadable(path, str(error)) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from None


def _write(path: Path, text: str) -> None:
    """Replace ``path`` in one step: a reader sees the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except OSError as error:
        raise CalendarUpdateError(
            f"{path} cannot be written: {error.strerror} / 无法写入：{error.strerror}"
        ) from None


def _unreadable(path: Path, why: str) -> CalendarUpdateError:
    return CalendarUpdateError(
        f"{path} is not as it was shipped, so it was left alone: {why} "
        f"/ {path} 的格式与随附文件不同，未作更改：{why}"
    )
