"""The real daemon as a child process, in a folder of its own, and what a person would do to it."""

import atexit
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from homalos.config.sections.risk_rates import NO_RATES

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")

ENTRIES = """strategies:
  - {id: churn-rb, file: churn.py, instruments: [SHFE.rb], params: {every: 2}}
  - {id: churn-m, file: churn.py, instruments: [DCE.m], params: {every: 3, lots: 2}}
  - {id: watch-rb, file: watch.py, instruments: [SHFE.rb]}
"""

FAST = ("exchange.generator_products=[SHFE.rb,DCE.m]", "exchange.generator_history_bars=240")
"""Settings that make a start quick."""


@cache
def compiled() -> str:
    """Where the daemons of one test run keep their compiled modules: a start costs half as much."""
    folder = tempfile.mkdtemp(prefix="homalos-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ask: Callable[[], T | None], seconds: float = 15.0, what: str = "it") -> T:
    """The first true answer of ``ask``; ``AssertionError`` when none came in time."""
    give_up = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > give_up:
            raise AssertionError(f"{what} did not happen within {seconds:g} s; last: {answer!r}")
        time.sleep(0.03)


class Refused(Exception):
    """An HTTP error: status and the problem document."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.code = body.get("code")


class Daemon:
    """One data folder and the daemons that run on it, one after another."""

    def __init__(self, root: Path, entries: str = ENTRIES) -> None:
        self.root = root
        self.data = root / "data"
        self.config = root / "config"
        self.strategies = root / "strategies"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.runs = 0
        shutil.copytree(ROOT / "config", self.config)
        shutil.copytree(ROOT / "strategies", self.strategies,
                        ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
        for path in (Path(__file__).parent / "strategies").glob("*.py"):
            shutil.copy(path, self.strategies)
        (self.config / "strategies.yaml").write_text(entries)
        off = "".join(f"{name}: 0\n" for name in (*NO_RATES, "max_identical_orders"))
        self.risk(off + "programme: []\n")

    def risk(self, text: str) -> None:
        """Write risk.yaml."""
        (self.config / "risk.yaml").write_text(text)

    # ------------------------------------------------------------ processes

    def command(self, *words: str, sets: tuple[str, ...] = FAST) -> list[str]:
        line = [sys.executable, "-m", "homalos", *words, "--data-dir", str(self.data)]
        if words[0] in ("run", "import"):
            line += ["--config", str(self.config)]
            line += [part for pair in sets for part in ("--set", pair)]
        return line

    @staticmethod
    def environment() -> dict[str, str]:
        dropped = ("HOMALOS", "DISPLAY", "PYTHONDONTWRITEBYTECODE")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        own = {"PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"}
        return kept | own | {"PYTHONPYCACHEPREFIX": compiled()}

    def say(
        self, *words: str, seconds: float = 60, sets: tuple[str, ...] = FAST
    ) -> tuple[int, str, str]:
        """Run a command to its end: (exit code, stdout, stderr)."""
        done = subprocess.run(
            self.command(*words, sets=sets), cwd=self.root, env=self.environment(),
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def launch(self, *words: str, sets: tuple[str, ...] = ()) -> None:
        """Start ``homalos run`` and return at once."""
        self.runs += 1
        with (
            (self.root / f"out{self.runs}").open("wb") as out,
            (self.root / f"err{self.runs}").open("wb") as err,
        ):
            self.process = subprocess.Popen(
                self.command("run", "--port", str(self.port), *words, sets=(*FAST, *sets)),
                cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=out, stderr=err,
            )  # fmt: skip

    def start(self, *words: str, sets: tuple[str, ...] = ()) -> None:
        """Start and wait until the page is up."""
        self.launch(*words, sets=sets)
        until(self._up, 30, "the start")

    def _up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.err()}")
        return "Ctrl-C" in self.out()

    def out(self) -> str:
        """What the last run has printed."""
        return (self.root / f"out{self.runs}").read_text(errors="replace")

    def err(self) -> str:
        return (self.root / f"err{self.runs}").read_text(errors="replace")

    def link(self) -> str:
        """The login link that the last run printed."""
        return next(word for word in self.out().split() if "#t=" in word)

    def wait(self, seconds: float = 30) -> int:
        """The exit code."""
        assert self.process is not None
        code = self.process.wait(seconds)
        self.process = None
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait()

    def kill(self) -> None:
        """kill -9; harmless when nothing runs."""
        if self.process is not None:
            self.process.kill()
            self.wait()

    # ------------------------------------------------------------ HTTP

    def ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """GET, or POST with a body. ``Refused`` for an error; ``token`` "" sends none."""
        if token is None:
            token = (self.data / "console" / "cli.token").read_text()
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, sent | dict(headers or {})
        )
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, json.loads(error.read() or b"{}")) from None

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("/api/v1/system/status")
        return answer

    def strategy(self, name: str) -> dict[str, Any]:
        rows = {row["id"]: row for row in self.ask("/api/v1/strategies")}
        found: dict[str, Any] = rows.get(name, {})
        return found

    def trades_so_far(self) -> int:
        return sum(row["trades"] for row in self.ask("/api/v1/strategies"))

    # ------------------------------------------------------------ what is on the disk

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{self.data / 'homalos.db'}?mode=ro", uri=True)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])
