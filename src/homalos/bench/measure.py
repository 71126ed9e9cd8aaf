"""How a benchmark measures and what it answers."""

import os
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from homalos.kernel.clock import monotonic_ns
from homalos.model.times import SECOND


class Row(msgspec.Struct, kw_only=True):
    """One result: latencies in microseconds, throughput per second, None: not measured."""

    name: str
    unit: str = "us"
    n: int = 0
    p50: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None
    throughput: float | None = None
    runs: int = 1
    spread: float | None = None
    """Of the runs' medians or rates: (largest - smallest) / median."""
    note: str = ""


def latencies(name: str, samples_ns: Sequence[int], **more: Any) -> Row:
    """A row of percentiles from nanoseconds."""
    values = np.asarray(samples_ns, dtype=np.float64) / 1_000
    p50, p99, p999 = np.percentile(values, (50, 99, 99.9))
    return Row(
        name=name,
        n=len(values),
        p50=float(p50),
        p99=float(p99),
        p999=float(p999),
        max=float(values.max()),
        **more,
    )


def quietest(rows: Sequence[Row]) -> Row:
    """Of several runs of one benchmark the quietest, with the number of runs and their spread."""
    key = [r.p50 if r.p50 is not None else -(r.throughput or 0.0) for r in rows]
    best = rows[int(np.argmin(key))]
    middle = float(np.median(np.abs(key)))
    best.runs = len(rows)
    best.spread = float((np.max(np.abs(key)) - np.min(np.abs(key))) / middle) if middle else None
    return best


def medians(rows: Sequence[Row]) -> Row:
    """Of several runs of one benchmark the median of each figure, and the spread of their medians
    (of their rates, where there is no latency)."""
    told = msgspec.structs.replace(rows[0], runs=len(rows))
    for field in ("p50", "p99", "p999", "max", "throughput"):
        values = [getattr(row, field) for row in rows]
        if None not in values:
            setattr(told, field, float(np.median(values)))
    key = [row.p50 if row.p50 is not None else row.throughput or 0.0 for row in rows]
    middle = float(np.median(key))
    told.spread = (max(key) - min(key)) / middle if middle else None
    return told


def rate(name: str, count: int, work: Callable[[], None], **more: Any) -> Row:
    """A row of throughput: ``work`` handles ``count`` things."""
    begin = monotonic_ns()
    work()
    took = monotonic_ns() - begin
    return Row(name=name, unit="1/s", n=count, throughput=count * SECOND / took, **more)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_1m": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def table(rows: Sequence[Row]) -> str:
    """Rows for a terminal."""
    head = (
        f"{'name':32}{'n':>9}{'p50 us':>9}{'p99':>9}{'p99.9':>10}{'max':>11}{'1/s':>13} runs spread"
    )
    lines = [head, "-" * len(head)]
    for row in rows:
        cells = "".join(
            f"{'' if v is None else format(v, '.2f'):>{w}}"
            for v, w in ((row.p50, 9), (row.p99, 9), (row.p999, 10), (row.max, 11))
        )
        per_second = "" if row.throughput is None else f"{row.throughput:,.0f}"
        spread = "" if row.spread is None else f"{row.spread:.0%}"
        tail = f"{per_second:>13} {row.runs:>4} {spread:>6}  {row.note}"
        lines.append(f"{row.name:32}{row.n:>9}{cells}{tail}")
    return "\n".join(lines)
