"""Log lines by loguru, written by a thread of their own.

A call of ``logger`` costs 11 us (loguru makes the record), so the hot path makes none: ``LogActor``
only keeps the event. The intake puts records into a deque, and the thread formats and writes them.
Loguru's own ``enqueue`` would cost 72 us a line, and its pipe blocks the caller once 64 KiB wait
for a slow disk.

Lines bear China's time; where the market has another time (a replay), that follows in brackets.
Known secrets are blotted out, as is what looks like a password or a token; exceptions are written
without the values of their variables.
"""

import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime, time, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from homalos.config.sections.logging import LoggingSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import wall_ns
from homalos.model.event import Event
from homalos.model.times import CHINA_OFFSET, MINUTE, SECOND, china_text
from homalos.monitor.lines import LINES, Language, Levels, describe, line_of
from homalos.monitor.redaction import Redactor
from homalos.monitor.repeats import Repeats

if TYPE_CHECKING:
    from loguru import Message, Record

FILE_NAME = "homalos.log"
_CHINA = timezone(timedelta(seconds=CHINA_OFFSET // SECOND))
_PERIOD_S = 0.1
_WAITING_MAX = 20_000
_TAKEN = "homalos_taken"
_PLAIN = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <8} {extra[homalos_source]} | {message}"
_COLOURED = (
    "<green>{time:HH:mm:ss.SSS}</green> <level>{level: <8}</level> "
    "<cyan>{extra[homalos_source]}</cyan> | {message}"
)


class Logs:
    """The process's logging: console, ``folder/homalos.log``, and whatever stdlib's logging says.

    One at a time. ``start`` replaces the handlers of loguru and of stdlib's root; ``stop`` writes
    what waits and leaves loguru with a plain console. Old files are ``homalos.<date>.log.gz``.
    """

    def __init__(
        self,
        section: LoggingSection,
        folder: Path,
        *,
        language: Language = "en",
        secrets: Iterable[str] = (),
        console: TextIO | None = None,
    ) -> None:
        self.redactor = Redactor(secrets)
        self.language: Language = language
        self.dropped = 0
        """Lines lost because 20,000 were waiting."""
        self._section = section
        self._applied: LoggingSection | None = None
        self._folder = folder
        self._console = console
        self._records: deque[Record] = deque()
        self._events: deque[tuple[Event, int, int]] = deque()
        self._repeats = Repeats(section.repeats_per_minute)
        self._levels = Levels()
        self._handlers: list[int] = []
        self._dropped_told = 0
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self._replaced: tuple[list[logging.Handler], int] = ([], logging.WARNING)

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """``OSError``: the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        logger.remove()
        self._apply()
        self._replaced = (logging.root.handlers[:], logging.root.level)
        logging.root.handlers[:] = [_FromStdlib()]
        logging.root.setLevel(logging.INFO)
        self._end.clear()
        self._thread = threading.Thread(target=self._run, name="homalos-logs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is None:
            return
        self._end.set()
        self._thread.join()
        self._thread = None
        logging.root.handlers[:], level = self._replaced
        logging.root.setLevel(level)
        logger.remove()
        logger.add(sys.stderr)
        self._handlers, self._applied = [], None

    def configure(self, section: LoggingSection) -> None:
        """New keys; the thread applies them within 0.1 s, and no line is lost or doubled."""
        self._section = section

    # ------------------------------------------------------------ intake, any thread

    def keep(self, event: Event, now: int) -> None:
        """Note an event and the market's time: all that the bus's thread does for a line."""
        if len(self._events) < _WAITING_MAX:
            self._events.append((event, wall_ns(), now))
        else:
            self.dropped += 1

    def _add_intake(self, level: str) -> int:
        """The handler that loguru calls where somebody logs. An old and a new one stand side by
        side for a moment: whichever comes first takes the record and marks it."""

        def take(message: "Message") -> None:
            if _TAKEN in message.record["extra"]:
                return
            message.record["extra"][_TAKEN] = True
            if len(self._records) < _WAITING_MAX:
                self._records.append(message.record)
            else:
                self.dropped += 1

        return logger.add(
            take,
            level=level,
            format=lambda _: "",
            filter=lambda record: not _written(record),
            diagnose=False,
            backtrace=False,
        )

    # ------------------------------------------------------------ the thread

    def _apply(self) -> None:
        """Put handlers for the present section in the place of the old ones."""
        section = self._section
        old = self._handlers
        console = self._console or sys.stderr
        for handler in old[1:]:  # the file first has to be closed: both would rotate it
            logger.remove(handler)
        self._handlers = [
            self._add_intake(min(section.level, section.console_level, key=_severity)),
            logger.add(
                console,
                level=section.console_level,
                format=_COLOURED,
                filter=_written,
                diagnose=False,
            ),
            logger.add(
                self._folder / FILE_NAME,
                level=section.level,
                format=_PLAIN,
                filter=_written,
                rotation=time(0, tzinfo=_CHINA),
                retention=timedelta(days=section.keep_days),
                compression="gz" if section.compress else None,
                encoding="utf-8",
                diagnose=False,
            ),
        ]
        for handler in old[:1]:
            logger.remove(handler)
        self._repeats.configure(section.repeats_per_minute)
        self._applied = section

    def _run(self) -> None:
        while not self._end.wait(_PERIOD_S):
            self._turn()
        self._turn()
        self._tell_repeats(all_of_them=True)

    def _turn(self) -> None:
        try:
            if self._applied is not self._section:
                self._apply()
            self._drain()
            self._tell_repeats()
        except Exception:  # noqa: BLE001 - a full disk must not end the logging
            traceback.print_exc(file=sys.__stderr__)

    def _drain(self) -> None:
        while self._records or self._events:
            if self._records:
                self._write_record(self._records.popleft())
            if self._events:
                self._write_event(*self._events.popleft())
        if self.dropped > self._dropped_told:
            lost, self._dropped_told = self.dropped - self._dropped_told, self.dropped
            self._write("ERROR", "logs", f"{lost} lines lost: too many at once", wall_ns())

    def _write_record(self, record: "Record") -> None:
        level, source, text = record["level"].name, record["name"] or "", record["message"]
        error = record["exception"]
        if error is not None:
            lines = traceback.format_exception(error.type, error.value, error.traceback)
            text = f"{text}\n{''.join(lines).rstrip()}"
        when = int(record["time"].timestamp() * 1_000_000) * 1_000
        self._limited((level, text), level, source.removeprefix("homalos."), text, when)

    def _write_event(self, event: Event, when: int, now: int) -> None:
        line = line_of(event)
        level = self._levels.of(event, line)
        if _severity(level) < min(
            _severity(self._section.level), _severity(self._section.console_level)
        ):
            return
        text = describe(event, line, self.language)
        if abs(when - now) > MINUTE:
            text = f"{text} [{china_text(now)}]"
        key = (type(event), text) if line.subject is None else line.subject(event)
        self._limited(key, level, line.source, text, when)

    def _limited(self, key: Hashable, level: str, source: str, text: str, when: int) -> None:
        if self._repeats.allow(key, when, level, source, text):
            self._write(level, source, text, when)

    def _tell_repeats(self, *, all_of_them: bool = False) -> None:
        now = wall_ns()
        for held in self._repeats.ended(now, all_of_them=all_of_them):
            told = (
                f"重复 {held.count} 次" if self.language == "zh" else f"repeated {held.count} times"
            )
            self._write(held.level, held.source, f"{told}: {held.text}", now)

    def _write(self, level: str, source: str, text: str, when: int) -> None:
        moment = datetime.fromtimestamp(when / SECOND, tz=UTC)

        def stamp(record: "Record") -> None:
            # loguru's own kind of datetime knows its format tokens
            record["time"] = record["time"].fromtimestamp(moment.timestamp(), tz=_CHINA)

        logger.patch(stamp).bind(homalos_source=source).log(level, "{}", self.redactor.clean(text))


class _FromStdlib(logging.Handler):
    """What libraries say through ``logging`` (uvicorn, asyncio) goes the same way."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = logger.level(record.levelname).name
        except ValueError:
            level = "INFO"
        text = f"{record.name}: {record.getMessage()}"
        logger.opt(exception=record.exc_info, depth=6).log(level, "{}", text)


class LogActor:
    """Listens on the background lane and hands events to ``logs``."""

    def __init__(self, bus: Bus, logs: Logs) -> None:
        self._bus = bus
        self._logs = logs

    def attach(self) -> None:
        for event in LINES:
            self._bus.subscribe(event, self._keep, actor="logs", role="monitor", background=True)

    def _keep(self, event: Event) -> None:
        self._logs.keep(event, self._bus.clock.now())


def _severity(level: str) -> int:
    return logger.level(level).no


def _written(record: "Record") -> bool:
    return "homalos_source" in record["extra"]
