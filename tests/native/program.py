"""Drives `client.cpp`, a C++ program on the drop-in libraries, line by line."""

import os
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.native.front import FACTS, PATIENCE_S

from homalos.ctp import abi
from homalos.ctp.libraries import dropin_libraries


class Event(NamedTuple):
    """One callback."""

    name: str
    number: int
    last: bool
    error: int | None
    body: bytes | None

    def fields(self, side: str) -> dict[str, Any]:
        methods = FACTS.td_spi if side == "td" else FACTS.md_spi
        struct = next(method for method in methods if method.name == self.name).structs[0]
        assert self.body is not None
        return FACTS.layout(struct).decode(self.body)


class Program:
    """One run of it."""

    def __init__(
        self, path: Path, side: str, folder: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.side = side
        own = {
            "LD_LIBRARY_PATH": str(dropin_libraries()),
            "HOMALOS_CTP_RECONNECT_MS": "20",
            "ASAN_OPTIONS": "detect_leaks=1",  # of a build with sanitizers
        }
        self.process = subprocess.Popen(
            [path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=os.environ | own | (environment or {}),
            text=True,
            errors="replace",
        )
        self.said: list[str] = []
        self.complaints = ""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._readers = [threading.Thread(target=read) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.complaints += line

    def tell(self, *lines: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def start(self, flow: Path, *fronts: str) -> None:
        """Create, SPI, fronts, init: as a program does."""
        flow.mkdir(parents=True, exist_ok=True)
        words = [f"front {front}" for front in fronts]
        self.tell(f"create {flow}/", "spi", *words, "init")

    def next(self) -> str:
        line = self._lines.get(timeout=PATIENCE_S)
        if line is None:
            raise AssertionError(f"it ended: {self.said}\n{self.complaints}")
        self.said.append(line)
        return line

    def expect(self, start: str) -> str:
        """The next line that starts so, past others."""
        while not (line := self.next()).startswith(start):
            pass
        return line.removeprefix(start).strip()

    def event(self, name: str) -> Event:
        """The next callback of that name, past others."""
        number, last, error, body = self.expect(f"event {name} ").split()
        return Event(
            name,
            int(number),
            last == "1",
            None if error == "-" else int(error),
            None if body == "-" else bytes.fromhex(body),
        )

    def call(self, name: str, request: int = 1, values: dict[str, Any] | None = None) -> int:
        """The code that a request returned."""
        methods = FACTS.td_api if self.side == "td" else FACTS.md_api
        struct = next(method for method in methods if method.name == name).structs[0]
        body = FACTS.layout(struct).encode(values or {}).hex()
        self.tell(f"call {name} {request} {body}")
        return int(self.expect(f"ret {name}"))

    def silence(self) -> list[str]:
        """What it says until it answers a question that is asked now."""
        self.tell("version")
        heard = []
        while not (line := self.next()).startswith("version"):
            heard.append(line)
        return heard

    def end(self) -> int:
        """Lets it end by itself; the exit code."""
        if self.process.poll() is None:
            self.tell("quit")
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            assert self.end() == 0, self.complaints
        elif self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()


def layout(name: str) -> abi.Layout:
    return FACTS.layout(name)
