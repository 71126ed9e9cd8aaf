"""CTP programs as child processes, and what a test asks of each of them.

Three programs, three ways to CTP's libraries: the package openctp-ctp (SWIG), ``vnpy_ctp.api``
(pybind11), and one in C++ linked to the drop-in libraries. All are driven the same way.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import until

from homalos.ctp import abi
from homalos.ctp.libraries import DROPIN_FILES, NativeMissingError, dropin_libraries
from homalos.setup.conformance import conformance_folder
from homalos.setup.native_parts import build_program

Event = dict[str, Any]
HERE = Path(__file__).parent
FACTS = abi.load()
PATIENCE_S = 20.0
CONNECTED = "OnFrontConnected"
DISCONNECTED = "OnFrontDisconnected"


def absent(reason: str) -> None:
    """Skip, saying why; in continuous integration what is absent is a failure."""
    if os.environ.get("HOMALOS_TESTS_COMPLETE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def dropins() -> Path:
    try:
        return dropin_libraries()
    except NativeMissingError as error:
        absent(str(error))
        raise


class Program:
    """A CTP program at work: calls go in, callbacks are collected. One investor, one user."""

    def __init__(self, root: Path, words: Mapping[str, list[str]], environ: dict[str, str]) -> None:
        """``words``: the command line for md and td; the same one twice is one process."""
        self.events: list[Event] = []
        self._requests = count(1)
        self._flow = root / "flow"
        self._children: dict[str, _Child] = {}
        for side, line in words.items():
            twin = next((c for c in self._children.values() if c.words == line), None)
            self._children[side] = twin or _Child(line, environ, root, self.events)

    # ------------------------------------------------------------ calls

    def open(self, side: str, front: str) -> None:
        """Create, register, subscribe to the flows from the day's start, connect."""
        folder = self._flow / side
        folder.mkdir(parents=True)
        self._children[side].ask(do="open", side=side, flow=f"{folder}/", front=front)

    def call(self, name: str, fields: Mapping[str, Any], side: str = "td", request: int = 0) -> int:
        """What the API returned."""
        number = request or next(self._requests)
        return int(
            self._children[side].ask(
                do="call", side=side, name=name, fields=dict(fields), request=number
            )
        )

    def subscribe(self, *ids: str) -> int:
        return int(self._children["md"].ask(do="subscribe", ids=list(ids)))

    def version(self) -> str:
        return str(self._children["td"].ask(do="version"))

    def close(self) -> None:
        """Release everything; the processes end by themselves."""
        for child in set(self._children.values()):
            child.ask(do="close")
            assert child.process.wait(PATIENCE_S) == 0, child.errors()

    def kill(self) -> None:
        for child in set(self._children.values()):
            child.kill()

    # ------------------------------------------------------------ what comes back

    def mark(self) -> int:
        """Where the callbacks stand: ``since`` of what comes from here on."""
        return len(self.events)

    def seen(
        self,
        name: str,
        where: Callable[[Event], bool] = lambda event: True,
        *,
        side: str = "",
        since: int = 0,
    ) -> list[Event]:
        return [
            event
            for event in self.events[since:]
            if event["on"] == name and side in ("", event["side"]) and where(event)
        ]

    def wait(
        self,
        name: str,
        where: Callable[[Event], bool] = lambda event: True,
        *,
        side: str = "",
        since: int = 0,
        seconds: float = PATIENCE_S,
    ) -> Event:
        """The first such callback. ``AssertionError``: none came in time, or the program died."""

        def look() -> Event | None:
            for child in self._children.values():
                assert child.process.poll() is None, child.errors()
            found = self.seen(name, where, side=side, since=since)
            return found[0] if found else None

        return until(look, seconds, f"{name} ({self.tail()})")

    def answer(self, name: str, fields: Mapping[str, Any], side: str = "td") -> Event:
        """Call, and the callback of that request."""
        number, since = next(self._requests), self.mark()
        assert self.call(name, fields, side, number) == 0
        told = "OnRsp" + name.removeprefix("Req")
        return self.wait(told, lambda e: e["number"] == number, side=side, since=since)

    def rows(self, name: str, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All rows of a query; sent again where the API or the front asks for patience."""
        told = "OnRsp" + name.removeprefix("Req")
        for _ in range(20):
            number, since = next(self._requests), self.mark()
            if self.call(name, fields, request=number) == 0:
                last = self._last(told, number, since)
                if last["on"] == told:
                    assert _code(last) == 0, last
                    return self._found(told, number, since)
                assert _code(last) == 90, last
            time.sleep(0.3)
        raise AssertionError(f"{name} was never taken")

    def _last(self, told: str, number: int, since: int) -> Event:
        """The callback that ends a query."""

        def look() -> Event | None:
            for event in self.events[since:]:
                mine = event["on"] in ("OnRspError", told) and event["number"] == number
                if mine and event["last"]:
                    return event
            return None

        return until(look, PATIENCE_S, f"an answer ({self.tail()})")

    def _found(self, told: str, number: int, since: int) -> list[dict[str, Any]]:
        found = self.seen(told, lambda event: event["number"] == number, since=since)
        return [event["data"] for event in found if event["data"]]

    def tail(self) -> str:
        names = [f"{event['side']}.{event['on']}" for event in self.events[-12:]]
        return "last: " + ", ".join(names) + self._children["td"].errors()[-500:]


class _Child:
    """One process: a line in, a line out, callbacks between."""

    def __init__(
        self, words: list[str], environ: dict[str, str], root: Path, events: list[Event]
    ) -> None:
        self.words = words
        self._errors = root / f"{Path(words[-1]).stem}.err"
        self._returned: list[Any] = []
        self._events = events
        with self._errors.open("wb") as sink:
            self.process = subprocess.Popen(
                words, env=environ, cwd=root, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=sink, encoding="utf-8", errors="replace",
            )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                told = json.loads(line)
                if "on" in told:
                    self._events.append(told)
                else:
                    self._returned.append(told["ret"])

    def ask(self, **asked: Any) -> Any:
        """What the call returned."""
        assert self.process.stdin is not None
        before = len(self._returned)
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        until(lambda: len(self._returned) > before or self.process.poll() is not None,
              PATIENCE_S, f"{asked}")  # fmt: skip
        assert len(self._returned) > before, f"it died at {asked}: {self.errors()}"
        return self._returned[before]

    def errors(self) -> str:
        return self._errors.read_text(errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _code(event: Event) -> int:
    return int((event["error"] or {}).get("ErrorID", 0))


# ------------------------------------------------------------------ the three


def openctp(root: Path) -> Program:
    """The pre-built package openctp-ctp; its two bundled libraries replaced by the drop-ins."""
    found = conformance_folder()
    if found is None:
        absent("openctp-ctp is not installed: python start.py test installs it where there is a "
               "network")  # fmt: skip
    assert found is not None
    need_locale()
    package, bundled = root / "openctp_ctp", root / "openctp_ctp.libs"
    shutil.copytree(found / "openctp_ctp", package, symlinks=True)
    bundled.mkdir()
    for name in DROPIN_FILES:
        old = next((found / "openctp_ctp.libs").glob(f"{name.removesuffix('.so')}-*.so"))
        shutil.copy(dropins() / name, bundled / old.name)
    return _python(root, "openctp_program.py", root)


def vnpy(root: Path) -> Program:
    """``vnpy_ctp.api``, compiled by its own build; the libraries beside it replaced."""
    import importlib.util

    spec = importlib.util.find_spec("vnpy_ctp")
    if spec is None:
        absent("vnpy-ctp is not installed: python start.py setup ctp")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    need_locale()
    api = root / "api"
    shutil.copytree(Path(spec.submodule_search_locations[0]) / "api", api)
    for name in DROPIN_FILES:
        shutil.copy(dropins() / name, api / name)
    return _python(root, "vnpy_program.py", api)


def cpp(root: Path) -> Program:
    """A program in C++ on the generated headers, linked to the drop-in libraries."""
    dropins()
    words = [sys.executable, str(HERE / "programs" / "cpp_program.py")]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    clients = {side: str(build_program(f"ctp_client_{side}")) for side in ("md", "td")}
    return Program(root, {side: [*words, clients[side]] for side in clients}, environ)


def _python(root: Path, program: str, path: Path) -> Program:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("HOMALOS", "PYTHON"))}
    environ |= {"PYTHONPATH": str(path), "HOMALOS_CTP_RECONNECT_MS": "100"}
    environ["PYTHONUTF8"] = "1"
    words = [sys.executable, str(HERE / "programs" / program)]
    return Program(root, {"md": words, "td": words}, environ)


def need_locale() -> None:
    """Both wrappers decode texts with it, and end their process where it is not there."""
    import locale

    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "zh_CN.GB18030")
    except locale.Error:
        absent("the locale zh_CN.GB18030 is not installed: localedef -i zh_CN -f GB18030 "
               "zh_CN.GB18030")  # fmt: skip
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


WAYS: dict[str, Callable[[Path], Program]] = {"openctp": openctp, "vnpy": vnpy, "cpp": cpp}
