"""``homalos exchange`` as a child process, in a folder of its own, and its control door."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.daemon import ROOT, Daemon, until

from homalos.exchange.door.control import tell

SMALL = (
    "exchange.generator_products=[SHFE.rb,DCE.m,CZCE.TA]",
    "exchange.generator_history_bars=240",
    "front.queries_per_s=0",
)
"""A market that is quickly made, and a front that lets a test ask as often as it likes."""


class FrontProcess:
    """One data folder and the fronts that run on it, one after another."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "front"
        self.process: subprocess.Popen[bytes] | None = None
        self.ports: dict[str, int] = {}

    def start(self, *words: str, sets: tuple[str, ...] = SMALL) -> None:
        """Start on free ports and wait until it listens."""
        line = [sys.executable, "-m", "homalos", "exchange", "--data-dir", str(self.data)]
        line += ["--config", str(ROOT / "config")]
        line += [part for name in ("md", "td", "control") for part in (f"--{name}-port", "0")]
        line += [part for pair in sets for part in ("--set", pair)]
        with (self.root / "front.out").open("wb") as out, (self.root / "front.err").open("wb") as e:
            self.process = subprocess.Popen(
                [*line, *words], cwd=self.root, env=Daemon.environment(),
                stdin=subprocess.DEVNULL, stdout=out, stderr=e,
            )  # fmt: skip
        until(self._up, 30, "the front's start")
        self.ports = json.loads((self.data / "ports.json").read_text())

    def _up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.err()}")
        return "control" in self.out()

    @property
    def md(self) -> str:
        return f"tcp://127.0.0.1:{self.ports['md']}"

    @property
    def td(self) -> str:
        return f"tcp://127.0.0.1:{self.ports['td']}"

    def out(self) -> str:
        return (self.root / "front.out").read_text(errors="replace")

    def err(self) -> str:
        return (self.root / "front.err").read_text(errors="replace")

    def tell(self, command: str, **arguments: Any) -> Any:
        """A command of the control door; ``CommandError`` where it refuses."""
        return tell(self.data, command, arguments)

    def fault(self, **spec: Any) -> int:
        """Set one fault; its number."""
        (number,) = self.tell("fault", action="add", faults=[spec])["ids"]
        return int(number)

    def struck(self, number: int) -> int:
        """How often a fault has happened."""
        rows = {row["id"]: row for row in self.tell("fault")["faults"]}
        return int(rows[number]["struck"])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds: float = 20) -> int:
        assert self.process is not None
        code = self.process.wait(seconds)
        self.process = None
        return code

    def kill(self) -> None:
        """kill -9; harmless when nothing runs."""
        if self.process is not None:
            self.process.kill()
            self.wait()
