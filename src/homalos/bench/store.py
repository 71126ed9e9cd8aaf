"""``homalos bench store``: what a tick costs the loop, and how fast rows reach the database."""

import tempfile
from pathlib import Path

from homalos.bench.measure import Row, latencies, quietest
from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, monotonic_ns, sleep
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import MILLISECOND, SECOND, china_midnight
from homalos.storage.store import Store
from homalos.storage.tables import encode
from homalos.storage.ticks import TickReader

_DAY = 20171113
_TICKS = 120_000
_TIMED = 20_000
_RUNS = 3


def run() -> list[Row]:
    """Each row is the quietest of three runs."""
    narrow, wide = _ticks(False), _ticks(True)
    rows = [
        quietest([_handling("store/encode/control", narrow, lambda _: None) for _ in range(_RUNS)]),
        quietest([_handling("store/encode", wide, encode) for _ in range(_RUNS)]),
    ]
    for name, ticks in (("store/level-one", narrow), ("store/all-fields", wide)):
        runs = [_through(name, ticks) for _ in range(_RUNS)]
        rows += [quietest([r[i] for r in runs]) for i in range(3)]
    return rows


def _ticks(wide: bool) -> list[Tick]:
    """A market of 36 contracts, a snapshot of each every half second."""
    start = china_midnight(_DAY)
    names = [InstrumentId(f"SHFE.rb{1800 + n}") for n in range(36)]
    more = (3790.0, 3810.0, 3780.0, 3795.0, 3796.0, 99000.0, 4000.0, 3600.0) if wide else ()
    return [
        Tick(
            names[n % 36], start + n // 36 * 500 * MILLISECOND, start, _DAY, 3800.0 + n % 40, n,
            n * 38_000.5 if wide else None, 1e5 + n % 99, 3799.0, 5 + n % 90, 3801.0, 7 + n % 50,
            *more,
        )
        for n in range(_TICKS)
    ]  # fmt: skip


def _handling(name: str, ticks: list[Tick], handle: object) -> Row:
    """Latency of one call, the clock's own cost included (see the control)."""
    assert callable(handle)
    samples = []
    for tick in ticks[:_TIMED]:
        begin = monotonic_ns()
        handle(tick)
        samples.append(monotonic_ns() - begin)
    return latencies(name, samples)


def _through(name: str, ticks: list[Tick]) -> list[Row]:
    """Cost on the loop of one tick, rows/s into a fresh database (pulled as a replay pulls, until
    the last row is written), and ticks/s read back."""
    with tempfile.TemporaryDirectory() as folder:
        section = StorageSection()
        bus = Bus(SimClock(1))
        store = Store(bus, Path(folder), section)
        store.attach()
        store.open()
        post, step, samples = bus.post, bus.run_until_idle, []
        begin = monotonic_ns()
        for n, tick in enumerate(ticks):
            if n < _TIMED:
                before = monotonic_ns()
                post(tick)
                step()
                samples.append(monotonic_ns() - before)
            else:
                post(tick)
                step()
            if not n % 256:
                while store.backlog() > section.backlog_max_rows:
                    sleep(0.001)
        store.close()
        written = _rate(f"{name}/write", len(ticks), monotonic_ns() - begin, "through the bus")
        begin = monotonic_ns()
        read = sum(1 for _ in TickReader(Path(folder), _DAY))
        return [
            latencies(f"{name}/loop", samples, note="post, bus and store, on the loop's thread"),
            written,
            _rate(f"{name}/read", read, monotonic_ns() - begin, "as store:DAY"),
        ]


def _rate(name: str, count: int, took_ns: int, note: str) -> Row:
    return Row(name=name, unit="1/s", n=count, throughput=count * SECOND / took_ns, note=note)
