"""Does a test notice? Each mutant is judged in a copy of the project, never in the project."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
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
    """Of processor time."""
    by: str = ""
    """The test that noticed; ``import``: nothing could be imported."""
    test: str = ""
    """Digest of its file."""


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

        environ = os.environ | {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}"}
        forks = Path(__file__).with_name("forks.py").resolve()
        self._tests = subprocess.Popen(
            [sys.executable, "-P", str(forks)], cwd=folder, env=environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def close(self) -> None:
        for pipe in (self._tests.stdin, self._tests.stdout):
            if pipe is not None:
                pipe.close()
        self._tests.wait(60)

    def clean(self, words: Sequence[str]) -> float:
        """Seconds of the tests without a mutant. ``RuntimeError``: they fail."""
        code, seconds, output = self._run(words, 600)
        if code != 0:
            raise RuntimeError(f"tests fail without any mutant:\n{output}")
        return seconds

    def judge(self, mutant: Mutant, words: Sequence[str], most: float) -> Verdict:
        """``most``: seconds of processor time after which it counts as noticed, too."""
        path = self.folder / "src" / "homalos" / mutant.module
        original = path.read_text(encoding="utf-8")
        try:
            self._write(path, mutant.source)
            code, seconds, output = self._run(words, most)
        finally:
            self._write(path, original)
        if code is None:
            return Verdict("timeout", seconds)
        if code == 0:
            return Verdict("survived", seconds)
        by = _first(output)
        test = self.folder / by.partition("::")[0]
        return Verdict("killed", seconds, by, digest(test) if test.is_file() else "")

    @staticmethod
    def _write(path: Path, text: str) -> None:
        """Compiled files are found by time and size: one of the last mutant's might serve."""
        path.write_text(text, encoding="utf-8")
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()

    def _run(self, words: Sequence[str], most: float) -> tuple[int | None, float, str]:
        """Exit code, seconds of processor time, output. ``RuntimeError``: it ended itself."""
        command = ["-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
        command += ["-p", "tests.mutation.quick", "--hypothesis-profile=mutation", "--timeout=0"]
        command += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # imported before the fork
        command += [word for test in NOT_COUNTED for word in ("--deselect", test)]
        pipe, answers = self._tests.stdin, self._tests.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps([[*command, *words], most]) + "\n")
        pipe.flush()
        line = answers.readline()
        if not line:
            raise RuntimeError("tests/mutation/forks.py ended")
        code, seconds, output = json.loads(line)
        return code, seconds, output


def _first(output: str) -> str:
    for line in output.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" ")[1]
    return "import"


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:24]
