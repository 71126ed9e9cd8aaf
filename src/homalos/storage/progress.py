"""How far a long job is: a bar on a terminal, a line now and then elsewhere."""

from collections.abc import Callable
from typing import NamedTuple, TextIO

from homalos.kernel.clock import monotonic_ns
from homalos.model.times import SECOND

_WIDTH = 30
_BAR_EVERY = SECOND // 10
_LINE_EVERY = 5 * SECOND


class Progress(NamedTuple):
    name: str
    """Of the file in work."""
    file: int
    """Its number, from 1."""
    files: int
    done: int
    rows: int


Show = Callable[[Progress], None]


class ProgressBar:
    """Call it as often as you like; it writes ten times a second at most."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._begin = monotonic_ns()
        self._shown_at = 0
        self._length = 0

    def __call__(self, progress: Progress) -> None:
        now = monotonic_ns()
        every = _BAR_EVERY if self._terminal else _LINE_EVERY
        if now - self._shown_at < every:
            return
        self._shown_at = now
        text = self._text(progress, now)
        if self._terminal:
            self._out.write("\r" + text.ljust(self._length))
            self._length = len(text)
        else:
            self._out.write(text + "\n")
        self._out.flush()

    def _text(self, progress: Progress, now: int) -> str:
        share = progress.done / progress.rows if progress.rows else 1.0
        seconds = (now - self._begin) / SECOND
        bar = ("#" * int(share * _WIDTH)).ljust(_WIDTH, ".") + " " if self._terminal else ""
        return (
            f"{bar}{share:4.0%} {progress.file}/{progress.files} {progress.name} "
            f"{progress.done:,}/{progress.rows:,} {seconds:.0f} s"
        )

    def close(self) -> None:
        """Leave the line of the bar."""
        if self._terminal and self._length:
            self._out.write("\r" + " " * self._length + "\r")
            self._out.flush()
            self._length = 0
