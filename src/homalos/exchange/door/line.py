"""One client's line: frames in and out, faults between, a bounded backlog.

Frames that leave in one turn of the loop are written as one; a client that does not read is cut
when ``backlog`` bytes wait for it. Long answers wait for the client instead.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, cast

from loguru import logger

from homalos.ctp.wire import HELLO, INSTRUMENT, Control, Frame, FrameError, Splitter, pack
from homalos.exchange.door.ports import PASS, Act, Client, Faults, Verdict
from homalos.exchange.door.speech import Speech
from homalos.model.ids import AccountId

CHUNK = 200
"""Rows of a long answer that are written in one turn."""
SUBSCRIPTIONS = frozenset(
    {
        "SubscribeMarketData",
        "UnSubscribeMarketData",
        "SubscribeForQuoteRsp",
        "UnSubscribeForQuoteRsp",
    }
)


class Hello:
    """What a library said first."""

    __slots__ = (
        "private",
        "private_last",
        "public",
        "public_last",
        "side",
        "trading_day",
        "version",
    )

    def __init__(self, body: bytes) -> None:
        version, side, private, public, day, private_last, public_last = HELLO.unpack(body)
        self.version: str = version.split(b"\0")[0].decode("ascii", "replace")
        self.side: str = side.split(b"\0")[0].decode("ascii", "replace")
        self.private: int = private
        self.public: int = public
        self.trading_day: str = day.split(b"\0")[0].decode("ascii", "replace")
        self.private_last: int = private_last
        self.public_last: int = public_last


class Owner(Protocol):
    """Whom a line belongs to: one of the fronts."""

    speech: Speech
    faults: Faults
    backlog: int
    packages_per_s: int
    rows_per_s: int

    def opened(self, line: "Line") -> None: ...
    def greeted(self, line: "Line", hello: Hello) -> None: ...
    def request(self, line: "Line", name: str, fields: dict[str, Any], request: int) -> None: ...
    def refuse(
        self, line: "Line", name: str, fields: dict[str, Any], request: int, code: int
    ) -> None: ...
    def closed(self, line: "Line") -> None: ...


class Line(asyncio.Protocol):
    """A connection; what others may see of it is ``ports.Session``."""

    transport: asyncio.Transport

    def __init__(self, owner: Owner, number: int) -> None:
        self._owner = owner
        self.number = number
        self.side: str = owner.speech.side
        self.user = ""
        self.account = AccountId("")
        self.client: Client | None = None
        self.front_id = 0
        self.session_id = 0
        self.app_id: str | None = None
        """The program that has authenticated; ``None``: none has."""
        self.max_ref = 0
        self.hello: Hello | None = None
        self.peer = ""
        self.heard = 0.0
        self.open = False
        self._splitter = Splitter()
        self._out: list[bytes] = []
        self._armed = False
        self._pending = 0
        self._held_out: list[tuple[bytes, str]] = []
        self._held_in: list[Callable[[], None]] = []
        self._waiting: deque[Frame] = deque()
        self._second = 0.0
        self._packages = 0
        self._answers: deque[tuple[Iterator[bytes], str]] = deque()
        self._paused = False

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class is not one
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()
        self.open = True
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self.transport.set_write_buffer_limits(high=1 << 20)
        self._owner.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._owner.closed(self)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._answers:
            self._answer_on()

    def cut(self, *, flush: bool = False) -> None:
        """Break the line; with ``flush`` what is written goes out first."""
        if not self.open:
            return
        self.open = False
        if flush:
            self._flush()
            self.transport.close()
        else:
            self.transport.abort()

    # ------------------------------------------------------------ out

    def send(self, frame: bytes, name: str) -> None:
        """Let a frame out, unless a fault has its way."""
        if self._owner.faults.active:
            self._judged(frame, name, self._owner.faults.outgoing(self, frame, name))
        else:
            self.write(frame)

    def write(self, frame: bytes) -> None:
        self._out.append(frame)
        self._pending += len(frame)
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._armed = False
        out, self._out = self._out, []
        self._pending = 0
        if not out or self.transport.is_closing():
            return
        self.transport.write(out[0] if len(out) == 1 else b"".join(out))
        waiting = self.transport.get_write_buffer_size()
        if waiting > self._owner.backlog:
            logger.warning(
                "{} client {} does not read: {} bytes wait, cut", self.side, self.peer, waiting
            )
            self.cut()

    @property
    def backlog(self) -> int:
        """Bytes that wait for the client."""
        return self._pending + self.transport.get_write_buffer_size() if self.open else 0

    def _judged(self, frame: bytes, name: str, verdict: Verdict) -> None:
        act = verdict.act
        if act is Act.SWAP:
            self._held_out.append((frame, name))
            return
        if act is Act.DELAY:
            self._loop.call_later(verdict.ms / 1000, self._late, frame)
        elif act is Act.CUT:
            if verdict.sent:
                self.write(frame)
            self.cut(flush=verdict.sent)
        elif act is not Act.DROP:
            self.write(frame)
            if act is Act.DUPLICATE:
                self.write(frame)
        held, self._held_out = self._held_out, []
        for late, _ in held:
            self.write(late)

    def _late(self, frame: bytes) -> None:
        if self.open:
            self.write(frame)

    def answer(self, frames: Iterable[bytes], name: str) -> None:
        """An answer of any number of rows; a long one goes out as the client takes it."""
        rows = iter(frames)
        if not self._answers and not self._owner.rows_per_s:
            for frame in islice(rows, CHUNK):
                self.send(frame, name)
        self._answers.append((rows, name))
        if len(self._answers) == 1:
            self._answer_on()

    def _answer_on(self) -> None:
        if self._paused or not self.open or not self._answers:
            return
        rate = self._owner.rows_per_s
        count = min(CHUNK, max(1, rate // 20)) if rate else CHUNK
        rows, name = self._answers[0]
        chunk = list(islice(rows, count))
        for frame in chunk:
            self.send(frame, name)
        if len(chunk) < count:
            self._answers.popleft()
        if self._answers:
            self._loop.call_later(count / rate if rate else 0, self._answer_on)

    # ------------------------------------------------------------ in

    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        try:
            for frame in self._splitter.feed(data):
                if not self.open:
                    return
                self._came(frame)
        except (FrameError, ValueError) as error:
            logger.warning("{} client {} sent what is no frame: {}", self.side, self.peer, error)
            self.cut()

    def _came(self, frame: Frame) -> None:
        if frame.method == Control.HEARTBEAT:
            return
        if frame.method == Control.HELLO:
            if self.hello is None and len(frame.body) == HELLO.size:
                self.hello = Hello(frame.body)
                self._owner.greeted(self, self.hello)
                return
            raise FrameError("a second or a misshapen HELLO")
        if self.hello is None or frame.method >= len(self._owner.speech.requests):
            raise FrameError(f"method {frame.method:#x}")
        self._package(frame)

    def _package(self, frame: Frame) -> None:
        """The flow control of FTD packages: what is over the limit waits, and nobody says so."""
        limit = self._owner.packages_per_s
        now = self._loop.time()
        if limit and now - self._second >= 1.0:
            self._second, self._packages = now, 0
        if self._waiting or (limit and self._packages >= limit):
            if not self._waiting:
                self._loop.call_later(self._second + 1.0 - now, self._next_second)
            self._waiting.append(frame)
            return
        self._packages += 1
        self._take(frame)

    def _next_second(self) -> None:
        self._second, self._packages = self._loop.time(), 0
        limit = self._owner.packages_per_s
        while self._waiting and self._packages < limit and self.open:
            self._packages += 1
            self._take(self._waiting.popleft())
        if self._waiting and self.open:
            self._loop.call_later(1.0, self._next_second)

    def _take(self, frame: Frame) -> None:
        speech = self._owner.speech
        name = speech.requests[frame.method]
        fields = self._fields(name, frame.body)
        faults = self._owner.faults
        verdict = faults.incoming(self, name, fields) if faults.active else PASS
        act = verdict.act

        def handle() -> None:
            if self.open:
                self._owner.request(self, name, fields, frame.request)

        if act is Act.SWAP:
            self._held_in.append(handle)
            return
        if act is Act.DELAY:
            self._loop.call_later(verdict.ms / 1000, handle)
        elif act is Act.REJECT:
            self._owner.refuse(self, name, fields, frame.request, verdict.code)
        elif act is Act.CUT:
            if verdict.sent:
                handle()
            self.cut()
        elif act is not Act.DROP:
            handle()
            if act is Act.DUPLICATE:
                handle()
        held, self._held_in = self._held_in, []
        for late in held:
            late()

    def _fields(self, name: str, body: bytes) -> dict[str, Any]:
        if name in SUBSCRIPTIONS:
            if len(body) % INSTRUMENT.size:
                raise FrameError(f"{name} of {len(body)} bytes")
            raw = (part[0].split(b"\0")[0] for part in INSTRUMENT.iter_unpack(body))
            return {"Instruments": [text.decode("gb18030", "replace") for text in raw]}
        layout = self._owner.speech.layout(name)
        if layout is None or not body:
            return {}
        if len(body) != layout.size:
            raise FrameError(f"{name} of {len(body)} bytes, {layout.size} expected")
        return layout.decode(body)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._loop.call_later(seconds, callback)

    def heartbeat(self) -> None:
        self.write(pack(Control.HEARTBEAT))
