"""Endless repeats: some lines about one subject in a minute, the rest only counted."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from homalos.model.times import MINUTE


@dataclass(frozen=True, slots=True)
class Repeated:
    """How often a subject came after its lines were used up, and its last line."""

    level: str
    source: str
    text: str
    count: int


class _Window:
    __slots__ = ("begun", "last", "seen")

    def __init__(self, begun: int) -> None:
        self.begun = begun
        self.seen = 0
        self.last: tuple[str, str, str] = ("", "", "")


class Repeats:
    """``allow`` says whether a line is to be written; ``ended`` what was held back."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: dict[Hashable, _Window] = {}

    def configure(self, per_minute: int) -> None:
        self._per_minute = per_minute

    def allow(self, key: Hashable, now: int, level: str, source: str, text: str) -> bool:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now)
        window.seen += 1
        window.last = (level, source, text)
        return window.seen <= self._per_minute

    def ended(self, now: int, *, all_of_them: bool = False) -> Iterator[Repeated]:
        """Forget the subjects whose minute is over, telling those that were held back."""
        over = [
            key
            for key, window in self._windows.items()
            if all_of_them or now - window.begun >= MINUTE
        ]
        for key in over:
            window = self._windows.pop(key)
            held = window.seen - self._per_minute
            if held > 0:
                yield Repeated(*window.last, held)
