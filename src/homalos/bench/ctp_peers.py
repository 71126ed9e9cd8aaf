"""Other systems on the same libraries, front and machine, in the same run: ``benchmarks/peers``.

They run in an environment of their own, which ``benchmarks/peers/make_env.py`` makes; where it is
not made, or the system lacks what they need, their rows are printed as absent.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import homalos
from homalos.bench.ctp_rig import BenchError, Plan, Process
from homalos.ctp.errors import LibraryError
from homalos.ctp.vnpy_library import check_locale

VARIABLE = "HOMALOS_PEERS"
"""Names the environment where it is not in its usual place."""
CHECK = "import requests, talib, vnpy.trader.engine, vnpy_ctp.api"


class PeersAbsentError(Exception):
    """There is no environment for the peers, or they cannot run in it; the text says why."""


def scripts() -> Path | None:
    """``benchmarks/peers`` of the clone that this is; None: it is installed from a wheel."""
    folder = Path(homalos.__file__).parents[2] / "benchmarks" / "peers"
    return folder if folder.is_dir() else None


def peer_python() -> Path:
    """The peers' interpreter, tried. ``PeersAbsentError``: they cannot run."""
    folder = scripts()
    if folder is None:
        raise PeersAbsentError("absent: a clone has benchmarks/peers, a wheel has not")
    environment = Path(os.environ.get(VARIABLE) or folder / "env")
    python = environment / "bin" / "python"
    if not python.is_file():
        raise PeersAbsentError("absent: python benchmarks/peers/make_env.py makes it")
    try:
        check_locale()
    except LibraryError:
        raise PeersAbsentError("absent: vnpy-ctp needs the locale zh_CN.GB18030") from None
    tried = subprocess.run(
        [python, "-c", CHECK], capture_output=True, text=True, cwd=environment, check=False
    )
    if tried.returncode != 0:
        why = (tried.stderr.strip().splitlines() or [f"exit code {tried.returncode}"])[-1]
        raise PeersAbsentError(f"absent: its environment is broken: {why[:100]}")
    return python


def program(python: Path, script: str, *options: str) -> Callable[[Plan, Path], Process]:
    """Starts a peer's script. The libraries of vnpy-ctp lie beside its modules, but the loader
    looks where ``LD_LIBRARY_PATH`` says first: so it runs on the drop-in ones, unchanged."""

    def start(plan: Plan, folder: Path) -> Process:
        found = scripts()
        if found is None:
            raise BenchError("benchmarks/peers has gone")
        words = [str(python), str(found / script), str(folder / "plan.json"), *options]
        name = script.removesuffix(".py") + "".join(options)
        return Process(words, {"LD_LIBRARY_PATH": plan.libraries}, folder, name)

    return start
