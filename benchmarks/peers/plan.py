"""What each peer's script does alike: the plan, the loading of vnpy-ctp, the end.

A script is told by a JSON file what to do (``homalos.bench.ctp_rig.Plan``): ``work`` is ``single``
(an order for each tick), ``burst`` (note the time at which the handler is entered) or ``flood``
(count). It prints ``ready`` when it is logged in and subscribed, and when its input ends it writes
what it saw. The libraries stamp the latency, for every program alike.
"""

import importlib.util
import json
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

IDLE_S = 1.0

# vnpy keeps its files in this folder where there is one, else in the home of the user.
Path(".vntrader").mkdir(exist_ok=True)
Path(".vntrader/vt_setting.json").write_text('{"log.console": false, "log.file": false}')


def load_plan() -> dict[str, Any]:
    return json.loads(Path(sys.argv[1]).read_text())


def import_api() -> types.ModuleType:
    """``vnpy_ctp.api`` without the desktop that its parent's ``__init__`` imports."""
    spec = importlib.util.find_spec("vnpy_ctp")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    parent = types.ModuleType("vnpy_ctp")
    parent.__path__ = list(spec.submodule_search_locations)
    sys.modules["vnpy_ctp"] = parent
    return importlib.import_module("vnpy_ctp.api")


class Seen:
    """What the handler saw."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self.ticks = 0
        self.first_ns = 0
        self.last_ns = 0
        self.entries: dict[str, list[int]] = {wire: [] for wire, _, _ in plan["contracts"]}

    def count(self) -> None:
        """One more of a flood."""
        self.last_ns = time.perf_counter_ns()
        if not self.ticks:
            self.first_ns = self.last_ns
        self.ticks += 1

    def ready(self) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    def wait_for_end(self) -> None:
        """Until the input ends and, of a flood, nothing more comes."""
        sys.stdin.read()
        before = -1
        while self._plan["work"] == "flood" and before < self.ticks < self._plan["expect"]:
            before = self.ticks
            time.sleep(IDLE_S)

    def leave(self) -> None:
        """Write it down and end at once: ``exit()`` of vnpy-ctp may hang while ticks come."""
        kept = {wire: stamps for wire, stamps in self.entries.items() if stamps}
        seen = {"ticks": self.ticks, "first_ns": self.first_ns, "last_ns": self.last_ns}
        Path(self._plan["out"]).write_text(json.dumps({**seen, "entries": kept}))
        sys.stdout.flush()
        os._exit(0)
