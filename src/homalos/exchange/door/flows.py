"""The numbered flows of a trading day: kept from its first word, told again to who asks.

Numbers rise from a base that no earlier flow of this front reached, so a library that resumes with
a number of another life of the front is recognised: it is told to forget it and gets all.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from homalos.ctp.wire import HEADER, Flow, Resume
from homalos.exchange.door.line import Line

REPLAY_BACKLOG = 1 << 20
"""A replay waits while a client has so many bytes to read."""


class Said(NamedTuple):
    frame: bytes
    name: str


class NumberedFlow:
    """One flow: its frames, and where the next one gets its number from."""

    def __init__(self, flow: Flow, base: int) -> None:
        self.flow = flow
        self.first = base + 1
        self.frames: list[Said] = []

    @property
    def newest(self) -> int:
        """Number of the last frame; before the first one the number before it."""
        return self.first + len(self.frames) - 1

    def add(self, frame: bytes, name: str) -> None:
        """Give a frame its flow and number, and keep it."""
        size, method, flags, _, request, _ = HEADER.unpack_from(frame)
        number = self.newest + 1
        head = HEADER.pack(size, method, flags, int(self.flow), request, number)
        self.frames.append(Said(head + frame[HEADER.size :], name))

    def knows(self, last: int) -> bool:
        """Whether ``last`` is a number of this flow, so that it can be gone on from."""
        return self.first - 1 <= last <= self.newest

    def place(self, mode: int, last: int) -> int:
        """From which frame on a client hears it, by its resume mode."""
        if mode == Resume.RESTART:
            return 0
        if mode == Resume.RESUME:
            return last - self.first + 1 if self.knows(last) else 0
        return len(self.frames)


class Follower:
    """A session's place in a flow: it hears what lies behind it, as fast as it reads, then what
    comes."""

    def __init__(self, line: Line, flow: NumberedFlow, place: int) -> None:
        self._line = line
        self._flow = flow
        self._place = place
        self._held = False

    def go(self) -> None:
        """Send on from the place."""
        line, frames = self._line, self._flow.frames
        while self._place < len(frames) and not self._held and line.open:
            if line.backlog > REPLAY_BACKLOG:
                self._held = True
                line.later(0.01, self._again)
                return
            said = frames[self._place]
            self._place += 1
            line.send(said.frame, said.name)

    def _again(self) -> None:
        self._held = False
        self.go()

    def begin(self, flow: NumberedFlow) -> None:
        """From the beginning of another flow."""
        self._flow, self._place = flow, 0


class _Waiting(NamedTuple):
    due: float
    frame: bytes
    name: str
    told: Callable[[], None] | None


class Outlet:
    """An account's private flow and the sessions that hear it, with what delays the venue has: a
    word that is late holds back those behind it, the order stays."""

    def __init__(self, base: int, later: Callable[[float, Callable[[], None]], object]) -> None:
        self.flow = NumberedFlow(Flow.PRIVATE, base)
        self.followers: dict[int, Follower] = {}
        """By the number of the line."""
        self._later = later
        self._waiting: deque[_Waiting] = deque()

    def say(
        self, frame: bytes, name: str, now: float = 0.0, delay: float = 0.0,
        told: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Tell it to all, ``delay`` seconds from ``now``; ``told`` runs when it goes out."""
        if not self._waiting and delay <= 0.0:
            self._out(frame, name, told)
            return
        due = max(now + delay, self._waiting[-1].due if self._waiting else 0.0)
        self._waiting.append(_Waiting(due, frame, name, told))
        if len(self._waiting) == 1:
            self._later(max(0.0, due - now), self._next)

    def _next(self) -> None:
        if not self._waiting:
            return
        head = self._waiting.popleft()
        self._out(head.frame, head.name, head.told)
        while self._waiting and self._waiting[0].due <= head.due:
            same = self._waiting.popleft()
            self._out(same.frame, same.name, same.told)
        if self._waiting:
            self._later(self._waiting[0].due - head.due, self._next)

    def _out(self, frame: bytes, name: str, told: Callable[[], None] | None) -> None:
        if told is not None:
            told()
        self.flow.add(frame, name)
        for follower in tuple(self.followers.values()):
            follower.go()

    def flush(self) -> None:
        """Tell at once what waits (the trading day ends)."""
        waiting, self._waiting = self._waiting, deque()
        for entry in waiting:
            self._out(entry.frame, entry.name, entry.told)

    def begin(self, base: int) -> None:
        """A new flow: the old one and what waited are forgotten."""
        self._waiting.clear()
        self.flow = NumberedFlow(Flow.PRIVATE, base)
        for follower in self.followers.values():
            follower.begin(self.flow)
