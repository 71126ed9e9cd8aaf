"""Does a test notice? Each mutant is judged in a copy of the project, never in the project."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from tests.mutation.mutant import Mutant

Fate = Literal["killed", "timeout", "survived"]

NEEDED = ("src/homalos", "tests", "config", "docs", "strategies", "pyproject.toml")
"""Of the project; ``docs``: tests of other modules in the same files read pages."""
NOT_COUNTED = ("tests/unit/trading/test_states.py::test_the_page_is_the_table",)
"""The page is made from the table: it would notice every change, and say nothing of its meaning."""
_SKIPPED = shutil.ignore_patterns("__pycache__", "native", "browser", "data", "web", "static")


class Verdict(NamedTuple):
    fate: Fate
    seconds: float
    by: str = ""
    """The test that noticed."""


class Court:
    """A copy of the project in ``folder`` and what judges there. One mutant at a time."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        for name in NEEDED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=_SKIPPED)
            elif source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / name)

    def clean(self, words: Sequence[str]) -> float:
        """Seconds of the tests without a mutant. ``RuntimeError``: they fail."""
        before = time.monotonic()
        done, output = self._run(words, 600)
        if done != 0:
            raise RuntimeError(f"tests fail without any mutant:\n{output[-3000:]}")
        return time.monotonic() - before

    def judge(self, mutant: Mutant, words: Sequence[str], most: float) -> Verdict:
        """``most``: seconds after which it counts as noticed, too."""
        path = self.folder / "src" / "homalos" / mutant.module
        original = path.read_text(encoding="utf-8")
        before = time.monotonic()
        try:
            self._write(path, mutant.source)
            done, output = self._run(words, most)
        finally:
            self._write(path, original)
        seconds = time.monotonic() - before
        if done is None:
            return Verdict("timeout", seconds)
        if done == 0:
            return Verdict("survived", seconds)
        return Verdict("killed", seconds, _first(output))

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Compiled files are found by time and size: one of the last mutant's might serve."""
        path.write_text(text, encoding="utf-8")
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()

    def _run(self, words: Sequence[str], most: float) -> tuple[int | None, str]:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line"]
        command += ["-p", "no:cacheprovider", "-p", "tests.mutation.quick"]
        command += ["--hypothesis-profile=mutation", "--timeout=0"]
        command += [word for test in NOT_COUNTED for word in ("--deselect", test)]
        environ = os.environ | {"PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}"}
        process = subprocess.Popen(
            [*command, *words], cwd=self.folder, env=environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=most)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""
        return process.returncode, output


def _first(output: str) -> str:
    for line in output.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" ")[1].rpartition("/")[2]
    return "import"
