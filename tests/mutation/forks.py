"""pytest in forks of one process that has already imported what no mutant changes.

Started by ``judge.py`` in a copy of the project. A line of JSON in: the words to pytest and the
seconds of processor time that they may take. A line out: the exit code (null: they took longer),
the seconds taken, and the end of what was printed. Processor time, because a busy machine makes
tests slow and no mutant worse.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import sys
import tempfile
import traceback

_OTHERS = ("pytest", "hypothesis.stateful", "hypothesis.internal.conjecture.engine", "asyncio")
_BELOW = ("model", "kernel", "config")
"""Rooms that the mutated ones stand on."""
_STUCK = 20
"""Times the limit on the clock: what waits for ever takes no processor time."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    _import()
    gc.freeze()
    for line in sys.stdin:
        words, most = json.loads(line)
        print(json.dumps(_run(words, most)), file=answers, flush=True)


def _import() -> None:
    for name in _OTHERS:
        importlib.import_module(name)
    for room in _BELOW:
        with contextlib.suppress(ModuleNotFoundError):  # the project of a test has none
            package = importlib.import_module(f"homalos.{room}")
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)


def _run(words: list[str], most: float) -> tuple[int | None, float, str]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _tests(words, int(most) + 1, output.fileno())
        ended = os.pidfd_open(child)
        if not select.select([ended], [], [], _STUCK * most)[0]:
            os.killpg(child, signal.SIGKILL)
        _, status, used = os.wait4(child, 0)
        os.close(ended)
        output.seek(0)
        text = output.read().decode(errors="replace")[-4000:]
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        return code, used.ru_utime + used.ru_stime, text


def _tests(words: list[str], seconds: int, output: int) -> None:
    """The child: never returns."""
    code = 70
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        code = int(importlib.import_module("pytest").main(words))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
