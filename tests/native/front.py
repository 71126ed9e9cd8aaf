"""A front that does what the test says, one step at a time, in `homalos.ctp.wire`."""

import socket
from types import TracebackType
from typing import Any, Self

from homalos.ctp import abi
from homalos.ctp.wire import FLOWS_CLEARED, HELLO, WELCOME, Control, Flag, Frame, Splitter, pack

FACTS = abi.load()
DAY = "20250305"
PATIENCE_S = 15.0


def spi_number(side: str, name: str) -> int:
    methods = FACTS.td_spi if side == "td" else FACTS.md_spi
    return next(n for n, method in enumerate(methods) if method.name == name)


def api_number(side: str, name: str) -> int:
    methods = FACTS.td_api if side == "td" else FACTS.md_api
    return next(n for n, method in enumerate(methods) if method.name == name)


class Line:
    """One client's connection, from the front's side."""

    def __init__(self, peer: socket.socket, side: str) -> None:
        peer.settimeout(PATIENCE_S)
        self.peer = peer
        self.side = side
        self._splitter = Splitter()
        self._frames: list[Frame] = []

    def read(self, skip_heartbeats: bool = True) -> Frame:
        """The next frame. ``EOFError``: the client has closed the line."""
        while True:
            while not self._frames:
                data = self.peer.recv(1 << 16)
                if not data:
                    raise EOFError
                self._frames = self._splitter.feed(data)
            frame = self._frames.pop(0)
            if frame.method != Control.HEARTBEAT or not skip_heartbeats:
                return frame

    def hello(self) -> dict[str, Any]:
        frame = self.read()
        assert frame.method == Control.HELLO
        version, kind, private, public, day, last_private, last_public = HELLO.unpack(frame.body)
        return {
            "version": version.rstrip(b"\0").decode(),
            "kind": kind.rstrip(b"\0").decode(),
            "resume": (private, public),
            "day": day.rstrip(b"\0").decode(),
            "last": (last_private, last_public),
        }

    def welcome(
        self, day: str = DAY, beat: int = 0, queries: int = 0, packages: int = 0, refusal: int = 0
    ) -> dict[str, Any]:
        """Waits for the hello, which it returns, and answers it."""
        said = self.hello()
        body = WELCOME.pack(refusal, day.encode(), beat, queries, packages)
        self.peer.sendall(pack(Control.WELCOME, body=body))
        return said

    def clear_flows(self, day: str) -> None:
        self.peer.sendall(pack(Control.FLOWS_CLEARED, body=FLOWS_CLEARED.pack(day.encode())))

    def request(self) -> tuple[str, int, bytes]:
        """Name, number and body of the client's next request."""
        frame = self.read()
        methods = FACTS.td_api if self.side == "td" else FACTS.md_api
        return methods[frame.method].name, frame.request, frame.body

    def fields(self) -> tuple[str, int, dict[str, Any]]:
        """The same with the struct's fields."""
        name, request, body = self.request()
        return name, request, self._layout(name, "api").decode(body)

    def call(
        self,
        name: str,
        values: dict[str, Any] | None = None,
        error: int | None = None,
        request: int = 0,
        last: bool = True,
        flow: int = 0,
        sequence: int = 0,
    ) -> None:
        """Has the client's library call a method of its SPI."""
        self.peer.sendall(self.frame(name, values, error, request, last, flow, sequence))

    def frame(
        self,
        name: str,
        values: dict[str, Any] | None = None,
        error: int | None = None,
        request: int = 0,
        last: bool = True,
        flow: int = 0,
        sequence: int = 0,
    ) -> bytes:
        body = b""
        flags = Flag(0)
        if last:
            flags |= Flag.LAST
        if values is not None:
            flags |= Flag.BODY
            body += self._layout(name, "spi").encode(values)
        if error is not None:
            flags |= Flag.ERROR
            text = "CTP:错误" if error else "CTP:无错误"
            body += FACTS.layout("RspInfo").encode({"ErrorID": error, "ErrorMsg": text})
        return pack(spi_number(self.side, name), flags, request, body, flow, sequence)

    def _layout(self, name: str, which: str) -> abi.Layout:
        methods = getattr(FACTS, f"{self.side}_{which}")
        return FACTS.layout(next(m for m in methods if m.name == name).structs[0])

    def close(self) -> None:
        self.peer.close()

    def is_closed_by_client(self) -> bool:
        try:
            while True:
                self.read()
        except (EOFError, ConnectionResetError):
            return True


class Front:
    """Listens for one side, ``md`` or ``td``."""

    def __init__(self, side: str) -> None:
        self.side = side
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lines: list[Line] = []

    def accept(self) -> Line:
        line = Line(self._listener.accept()[0], self.side)
        self._lines.append(line)
        return line

    def connect(self, **welcome: Any) -> Line:
        """The next client, welcomed."""
        line = self.accept()
        line.welcome(**welcome)
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        for line in self._lines:
            line.close()
