"""``ctp``: from the CTP library into Python and back, at the ABI, in processes as users run them.

A front in a process of its own (``ctp_feeder``, which fills every order at once and does nothing
else: the exchange beside the program would be measured too) sends over TCP to the drop-in
libraries, which stamp each call of ``OnRtnDepthMarketData`` and each entry of ``ReqOrderInsert``
into shared memory.

- ``ctp/event``, ``ctp/spin``: tick to order of the whole daemon, woken or spinning: risk rules,
  journal, store, one FAK for each tick, filled at once. ``…/binding``: our binding alone, an order
  at once. ``…/control``: a hand-over between two processes and no work.
- ``ctp/burst``: a tick of each of 600 contracts at one instant, library to entered handler, our
  binding; ``…/daemon``: to the strategy's ``on_tick`` in the whole daemon.
- ``ctp/throughput``: ticks a second through the binding into a Python method.
- ``…/vnpy…``: the same of vnpy-ctp's binding and of vnpy whole, taking turns with ours.

Every row is the median of five runs; its spread is of the runs' medians.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from homalos.bench import ctp_control, ctp_peers
from homalos.bench.ctp_contracts import ALL
from homalos.bench.ctp_daemon import Daemon
from homalos.bench.ctp_rig import (
    STAMPS,
    BenchError,
    Plan,
    Process,
    Seen,
    measured,
    own_environment,
)
from homalos.bench.measure import Row, latencies, medians
from homalos.ctp.latency import LatencyFile
from homalos.ctp.libraries import NativeMissingError, dropin_libraries, load_binding
from homalos.kernel.clock import monotonic_ns
from homalos.model.times import SECOND

RUNS = 5
SINGLES, RATE = 2_000, 500
WARM = 300
BURSTS, GAP_MS = 10, 500
WARM_BURSTS = 2
FLOOD = 60_000
MEMORY = Path("/dev/shm")  # noqa: S108  not a name that others could guess: a folder is made in it
"""The stamps lie in memory where there is such a place; all else on the disk, as a user has it."""

Start = Callable[[Plan, Path], Process]
Measure = Callable[["Case", Path], Row]


class Case(NamedTuple):
    """One row: which program does what."""

    row: str
    measure: Measure
    start: Start | None = None
    spin: bool = False
    note: str = ""
    absent: str = ""
    """Why there is nothing to be measured."""


def run(names: Sequence[str] = ()) -> list[Row]:
    """All rows of ``names`` (``ctp/event``; all when none is named), the runs taking turns.
    ``BenchError``: one of ours did not work."""
    cases = [case for case in _cases() if not names or _group(case.row) in names]
    found: dict[str, list[Row]] = {case.row: [] for case in cases}
    failed = {case.row: case.absent for case in cases}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS):
            for case in cases:
                if failed[case.row]:
                    continue
                place = Path(folder) / f"{case.row.replace('/', '-')}-{number}"
                try:
                    found[case.row].append(case.measure(case, place))
                except BenchError as error:
                    if "/vnpy" not in case.row:
                        raise
                    failed[case.row] = f"absent: it failed: {str(error)[:200]}"
    return [_told(case, found[case.row], failed[case.row]) for case in cases]


def _group(row: str) -> str:
    return "/".join(row.split("/")[:2])


def _told(case: Case, runs: list[Row], failed: str) -> Row:
    if failed:
        return Row(name=case.row, note=failed)
    return medians(runs)


def _cases() -> list[Case]:
    missing = _missing()
    ours = [
        Case("ctp/event", _single, Daemon, note="tick→order, whole daemon, woken"),
        Case("ctp/event/control", _control, note="a pipe wakes a loop"),
        Case("ctp/event/binding", _single, _binding, note="an order at once"),
        Case("ctp/spin", _single, Daemon, spin=True, note="tick→order, whole daemon, spinning"),
        Case("ctp/spin/control", _control, spin=True, note="shared memory"),
        Case("ctp/spin/binding", _single, _binding, spin=True, note="an order at once"),
        Case("ctp/burst", _burst, _binding, note=f"{ALL} contracts → handler, binding"),
        Case("ctp/burst/control", _burst_control, note="the handler called 600 times"),
        Case("ctp/burst/daemon", _burst, Daemon, note=f"{ALL} contracts → on_tick, whole daemon"),
        Case("ctp/throughput", _flood, _binding, note="ticks through the binding → handler"),
        Case("ctp/throughput/control", _flood_control, note="the handler called"),
    ]
    if missing:
        ours = [case._replace(absent=missing) for case in ours]
    return [*ours, *_peers(missing)]


def _peers(missing: str) -> list[Case]:
    absent, python = missing, Path()
    try:
        python = ctp_peers.peer_python()
    except ctp_peers.PeersAbsentError as why:
        absent = missing or str(why)
    alone = ctp_peers.program(python, "vnpy_binding.py")
    looped = ctp_peers.program(python, "vnpy_binding.py", "asyncio")
    whole = ctp_peers.program(python, "vnpy_whole.py")
    rows = (
        ("ctp/event/vnpy", _single, whole, "vnpy whole: event engine, CtpGateway, OMS"),
        ("ctp/event/vnpy-binding", _single, alone, "order in vnpy-ctp's callback"),
        ("ctp/event/vnpy-asyncio", _single, looped, "vnpy-ctp + call_soon_threadsafe"),
        ("ctp/spin/vnpy", _single, whole, "vnpy whole again: it knows no spinning"),
        ("ctp/burst/vnpy", _burst, alone, "vnpy-ctp's binding alone"),
        ("ctp/burst/vnpy-whole", _burst, whole, "vnpy whole → strategy"),
        ("ctp/throughput/vnpy", _flood, alone, "vnpy-ctp's binding alone"),
        ("ctp/throughput/vnpy-whole", _flood, whole, "vnpy whole → strategy"),
    )
    return [Case(row, work, start, note=note, absent=absent) for row, work, start, note in rows]


def _missing() -> str:
    """Why nothing can be measured here."""
    try:
        dropin_libraries()
        load_binding()
    except NativeMissingError as error:
        return f"absent: {error}"
    return ""


def _binding(plan: Plan, folder: Path) -> Process:
    words = [sys.executable, "-m", "homalos.bench.ctp_binding", str(folder / "plan.json")]
    return Process(words, own_environment(), folder, "binding")


# ------------------------------------------------------------ what is measured


def _run(case: Case, folder: Path, work: str, command: dict[str, Any], expect: int) -> Seen:
    assert case.start is not None
    return measured(case.start, folder, work, case.spin, command, expect)


def _single(case: Case, folder: Path) -> Row:
    """Library calls OnRtnDepthMarketData → ReqOrderInsert is entered."""
    count = SINGLES + WARM
    with _stamps(folder) as file:
        _run(case, folder, "single", {"do": "single", "count": count, "rate": RATE}, count)
        samples = answered(file.ticks(), file.orders())
    if len(samples) < 0.98 * count:
        raise BenchError(f"{case.row}: {len(samples)} orders for {count} ticks{_why(folder)}")
    return latencies(case.row, samples[WARM:], note=case.note)


def answered(ticks: Sequence[tuple[str, int]], orders: Sequence[tuple[int, int]]) -> list[int]:
    """Nanoseconds from each tick to its order. Programs answer each tick of a contract in order,
    so the k-th order of a contract is taken from its k-th tick: the library knows the contract's
    last tick alone, which for an order that is later than the next tick would look too good. Where
    a contract's orders are not as many as its ticks, by the library's word."""
    given: dict[str, list[int]] = {}
    for name, stamp in ticks:
        given.setdefault(name, []).append(stamp)
    names = {stamp: name for name, stamp in ticks}
    sent: dict[str, list[tuple[int, int]]] = {}
    for tick, order in orders:
        sent.setdefault(names[tick], []).append((order, tick))
    samples: list[tuple[int, int]] = []
    for name, pairs in sent.items():
        own = given[name] if len(given[name]) == len(pairs) else [tick for _, tick in pairs]
        samples += [(order, order - tick) for (order, _), tick in zip(pairs, own, strict=True)]
    return [taken for _, taken in sorted(samples)]


def _burst(case: Case, folder: Path) -> Row:
    """Library calls OnRtnDepthMarketData → the handler is entered."""
    bursts = BURSTS + WARM_BURSTS
    count = bursts * ALL
    with _stamps(folder) as file:
        command = {"do": "burst", "count": bursts, "gap_ms": GAP_MS}
        seen = _run(case, folder, "burst", command, count)
        given: dict[str, list[int]] = {}
        for wire, stamp in file.ticks():
            given.setdefault(wire, []).append(stamp)
    samples: list[int] = []
    for wire, stamps in given.items():
        entered = seen.entries.get(wire, [])
        if len(entered) != bursts or len(stamps) != bursts:
            raise BenchError(
                f"{case.row}: {wire}: {len(stamps)} of {bursts} ticks given, {len(entered)} taken"
                f"{_why(folder)}"
            )
        samples += np.subtract(entered, stamps)[WARM_BURSTS:].tolist()
    if len(samples) != BURSTS * ALL:
        raise BenchError(f"{case.row}: {len(samples)} samples of {BURSTS * ALL}{_why(folder)}")
    return latencies(case.row, samples, note=case.note)


def _flood(case: Case, folder: Path) -> Row:
    """From the first entry of the handler to the last."""
    with _stamps(folder):
        seen = _run(case, folder, "flood", {"do": "flood", "count": FLOOD}, FLOOD)
    if seen.ticks != FLOOD:
        raise BenchError(
            f"{case.row}: {seen.ticks} of {FLOOD} ticks, {seen.dropped} dropped{_why(folder)}"
        )
    rate = (FLOOD - 1) * SECOND / (seen.last_ns - seen.first_ns)
    return Row(name=case.row, unit="1/s", n=FLOOD, throughput=rate, note=case.note)


@contextmanager
def _stamps(folder: Path) -> Iterator[LatencyFile]:
    """The file that the libraries of a run in ``folder`` write: every page of it is there before,
    so that no stamp waits for one."""
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as memory,
        LatencyFile(Path(memory) / "stamps") as file,
    ):
        folder.with_suffix(STAMPS).symlink_to(file.path)
        file.reset()
        yield file


def _why(folder: Path) -> str:
    """What the programs complained of."""
    words = [
        path.read_text("utf-8", "replace").strip()[-600:] for path in sorted(folder.glob("*.err"))
    ]
    return ": " + " | ".join(filter(None, words)) if any(words) else ""


# ------------------------------------------------------------ no-work controls


def _control(case: Case, folder: Path) -> Row:
    count = SINGLES + WARM
    samples = ctp_control.measure(folder, count, RATE, spin=case.spin)
    if len(samples) != count:
        raise BenchError(f"{case.row}: {len(samples)} hand-overs of {count}")
    return latencies(case.row, samples[WARM:], note=case.note)


def _burst_control(case: Case, folder: Path) -> Row:
    samples: list[int] = []
    entered: list[int] = []

    def handler() -> None:
        entered.append(monotonic_ns())

    for _ in range(BURSTS):
        entered.clear()
        begin = monotonic_ns()
        for _ in range(ALL):
            handler()
        samples += [stamp - begin for stamp in entered]
    return latencies(case.row, samples, note=case.note)


def _flood_control(case: Case, folder: Path) -> Row:
    ticks = 0

    def handler() -> None:
        nonlocal ticks
        ticks += 1

    begin = monotonic_ns()
    for _ in range(FLOOD):
        handler()
    rate = ticks * SECOND / (monotonic_ns() - begin)
    return Row(name=case.row, unit="1/s", n=ticks, throughput=rate, note=case.note)
