"""Runs one program against the feeder on the drop-in libraries: feeder, program and measurement are
three processes, since one process holds one set of CTP libraries.

A program is started with a plan (``Plan``, a JSON file). It logs in on both sides, subscribes,
prints ``ready``, does its work, and when its input ends writes what it saw to ``plan.out``
(``Seen``) and leaves. Programs are ours (``ctp_binding``, ``ctp_daemon``) and the peers'
(``benchmarks/peers``). Latency is stamped by the libraries themselves, the same for all of them.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from homalos.bench.ctp_contracts import DAY, SINGLE, contracts, trading_day
from homalos.ctp.latency import VARIABLE
from homalos.ctp.libraries import PACKAGE, dropin_libraries
from homalos.kernel.clock import monotonic_ns, sleep
from homalos.model.times import SECOND

PATIENCE_S = 60.0
"""For a program to be ready, to do its work, to end."""
SETTLE_S = 1.0
"""After it is ready, before the first tick."""
STAMPS = ".latency"
"""The file beside a run's folder into which the libraries stamp."""


class BenchError(RuntimeError):
    """What was to be measured did not happen, so there is no figure."""


class Plan(msgspec.Struct):
    """What a program is told."""

    md: str
    td: str
    libraries: str
    flow: str
    out: str
    contracts: list[tuple[str, str, str]]
    """Wire id, exchange, our id."""
    work: str
    """``single``: an order for each tick; ``burst``: note the time of each; ``flood``: count."""
    spin: bool = False
    expect: int = 0
    """Ticks that will come."""


class Seen(msgspec.Struct):
    """What a program saw."""

    ticks: int = 0
    first_ns: int = 0
    last_ns: int = 0
    dropped: int = 0
    entries: dict[str, list[int]] = {}
    """Of a burst: by wire id, the times at which the handler was entered."""


class Process:
    """A child that talks in lines."""

    def __init__(
        self, words: Sequence[str], environ: Mapping[str, str], folder: Path, name: str
    ) -> None:
        self.name = name
        self._log = folder / f"{name.replace('/', '-')}.err"
        stamps = {VARIABLE: str(folder.with_suffix(STAMPS))}
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                list(words), env={**os.environ, **stamps, **environ}, cwd=folder,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def tell(self, words: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(words.encode() + b"\n")
        self._child.stdin.flush()

    def input(self) -> int:
        """Its input, to be written to without a buffer."""
        assert self._child.stdin is not None
        return self._child.stdin.fileno()

    def hear(self, wanted: Callable[[str], bool]) -> str:
        """The next line that is wanted. ``BenchError``: it ended, or said nothing in time."""
        until = monotonic_ns() + round(PATIENCE_S * SECOND)
        while True:
            try:
                line = self._lines.get(timeout=max(0, until - monotonic_ns()) / SECOND)
            except queue.Empty:
                raise BenchError(f"{self.name}: silent: {self.words()}") from None
            if line is None:
                raise BenchError(f"{self.name}: ended: {self.words()}")
            if wanted(line):
                return line

    def _listen(self) -> None:
        """All that it says, so that it never waits for a reader."""
        assert self._child.stdout is not None
        for raw in self._child.stdout:
            self._lines.put(raw.decode("utf-8", "replace").strip())
        self._lines.put(None)

    def end(self) -> None:
        """Close its input and wait for a clean end. ``BenchError``: it did not end well."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            code = self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{self.name}: does not end: {self.words()}") from None
        if code != 0:
            raise BenchError(f"{self.name}: ended with {code}: {self.words()}")

    def kill(self) -> None:
        """If it still runs."""
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._reader.join(1)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def words(self) -> str:
        """The end of what it complained of."""
        return self._log.read_text("utf-8", "replace").strip()[-2_000:] or "no words"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.kill()


class Feeder(Process):
    """``ctp_feeder`` in its process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            [sys.executable, "-m", "homalos.bench.ctp_feeder"],
            {**own_environment(), DAY: str(trading_day())}, folder, "feeder",
        )
        self.ports: dict[str, int] = json.loads(self.hear(lambda line: line.startswith("{")))

    def feed(self, **command: Any) -> None:
        """Do it, and come back when the last tick is sent."""
        self.tell(json.dumps(command))
        self.hear(lambda line: line.startswith('{"done"'))


def own_environment() -> dict[str, str]:
    """For children that run this very package."""
    return {"PYTHONPATH": str(PACKAGE.parent)}


def plan(feeder: Feeder, folder: Path, work: str, spin: bool, expect: int) -> Plan:
    """For a program that works in ``folder``."""
    rows = contracts(SINGLE) if work == "single" else contracts()
    flow = folder / "flow"
    flow.mkdir()
    return Plan(
        md=f"tcp://127.0.0.1:{feeder.ports['md']}",
        td=f"tcp://127.0.0.1:{feeder.ports['td']}",
        libraries=str(dropin_libraries()),
        flow=str(flow),
        out=str(folder / "seen.json"),
        contracts=[(row.symbol, row.exchange, row.id) for row in rows],
        work=work,
        spin=spin,
        expect=expect,
    )


def measured(
    program: Callable[[Plan, Path], Process], folder: Path, work: str, spin: bool,
    command: dict[str, Any], expect: int,
) -> Seen:  # fmt: skip
    """One run: feeder, program, ticks, end. The libraries stamp into the file beside ``folder``.
    ``BenchError``: something did not work, with the program's own words."""
    folder.mkdir()
    with Feeder(folder) as feeder:
        told = plan(feeder, folder, work, spin, expect)
        (folder / "plan.json").write_bytes(msgspec.json.encode(told))
        with program(told, folder) as child:
            child.hear(lambda line: line == "ready")
            sleep(SETTLE_S)
            feeder.feed(**command)
            sleep(SETTLE_S / 2)
            child.end()
        feeder.end()
    return msgspec.json.decode(Path(told.out).read_bytes(), type=Seen)
