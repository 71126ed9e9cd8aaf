"""The list of benchmarks and how they are run."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from homalos.bench.measure import Row, machine, table

SUITE = {
    "bus": "homalos.bench.bus",
    "journal": "homalos.bench.journal",
    "store": "homalos.bench.store",
    "risk": "homalos.bench.risk",
    "tick-to-order": "homalos.bench.tick_to_order",
    "ctp": "homalos.bench.ctp",
    "ctp/event": "homalos.bench.ctp",
    "ctp/spin": "homalos.bench.ctp",
    "ctp/burst": "homalos.bench.ctp",
    "ctp/throughput": "homalos.bench.ctp",
    "start": "homalos.bench.start",
}
"""A name with a stroke is a part of the benchmark before it; its module's ``run`` takes the names
of the parts that are wanted, none for all."""
BY_NAME = ("start",)
"""Run only when they are named: they take minutes and a gigabyte."""


def run_suite(names: Sequence[str], out: TextIO, json_file: Path | None = None) -> int:
    """Run the named benchmarks (all when none is named), print a table, write JSON.

    Returns 2 for an unknown name, else 0.
    """
    unknown = [name for name in names if name not in SUITE]
    if unknown:
        out.write(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(SUITE)}\n")
        return 2
    about = machine()
    out.write("  ".join(f"{key} {value}" for key, value in about.items()) + "\n\n")
    results: list[Row] = []
    for name, parts in _wanted(names).items():
        run = importlib.import_module(SUITE[name]).run
        rows = run(parts) if parts else run()
        out.write(table(rows) + "\n\n")
        out.flush()
        results += rows
    if json_file is not None:
        document = {"machine": about, "results": results}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(document)))
    return 0


def _wanted(names: Sequence[str]) -> dict[str, list[str]]:
    """Each benchmark once, with the parts that are asked for; no part: all of it."""
    wanted: dict[str, list[str]] = {}
    for name in names or [name for name in SUITE if "/" not in name and name not in BY_NAME]:
        whole, _, part = name.partition("/")
        parts = wanted.setdefault(whole, [])
        if part and name not in parts:
            parts.append(name)
    return {name: [] if name in names else parts for name, parts in wanted.items()}
