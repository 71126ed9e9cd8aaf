"""``bus``: publish to handler, posted from another thread, with the journal, and the controls."""

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from homalos.bench.measure import Row, latencies, quietest, rate
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, monotonic_ns
from homalos.kernel.journal import Journal
from homalos.model.events import BarsDue

EVENTS = 300_000
BATCH = 1_000
RUNS = 5


def run() -> list[Row]:
    """Statistics are on in every row; ``bus/journal`` writes each event before its dispatch."""
    return [
        quietest([_latency("bus", None) for _ in range(RUNS)]),
        quietest([_latency_control() for _ in range(RUNS)]),
        quietest([_throughput("bus/throughput", None) for _ in range(RUNS)]),
        quietest([_throughput_control() for _ in range(RUNS)]),
        *_journaled(),
        quietest([asyncio.run(_foreign()) for _ in range(RUNS)]),
    ]


def _journaled() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        latency, throughput = [], []
        for number in range(RUNS):
            journal = Journal(Path(folder) / str(number), segment_bytes=64 << 20, keep=1)
            latency.append(_latency("bus/journal", journal))
            journal.close()
            journal = Journal(Path(folder) / f"t{number}", segment_bytes=64 << 20, keep=1)
            throughput.append(_throughput("bus/journal/throughput", journal))
            journal.close()
        return [quietest(latency), quietest(throughput)]


def _latency(name: str, journal: Journal | None) -> Row:
    """From the call of publish (with a journal: post) to the first line of the handler."""
    bus = Bus(SimClock(1), journal=journal)
    samples: list[int] = []
    stamp = [0]

    def handler(event: BarsDue) -> None:
        samples.append(monotonic_ns() - stamp[0])

    bus.subscribe(BarsDue, handler, actor="bench", role="market")
    enter = bus.post if journal is not None else bus.publish
    event = BarsDue(1, 1)
    for _ in range(EVENTS // 5):
        stamp[0] = monotonic_ns()
        enter(event)
        bus.run_until_idle()
    return latencies(name, samples)


def _latency_control() -> Row:
    samples: list[int] = []
    stamp = [0]

    def handler(event: BarsDue) -> None:
        samples.append(monotonic_ns() - stamp[0])

    event = BarsDue(1, 1)
    for _ in range(EVENTS // 5):
        stamp[0] = monotonic_ns()
        handler(event)
    return latencies("bus/control", samples, note="the handler called at once")


def _throughput(name: str, journal: Journal | None) -> Row:
    bus = Bus(SimClock(1), journal=journal)
    seen = [0]

    def handler(event: BarsDue) -> None:
        seen[0] += 1

    bus.subscribe(BarsDue, handler, actor="bench", role="market")
    row = rate(
        name, EVENTS, lambda: _pour(bus.post if journal else bus.publish, bus.run_until_idle)
    )
    if seen[0] != EVENTS:
        raise RuntimeError(f"{name}: {seen[0]} of {EVENTS} events arrived")
    return row


def _throughput_control() -> Row:
    seen = [0]

    def handler(event: BarsDue) -> None:
        seen[0] += 1

    return rate("bus/throughput/control", EVENTS, lambda: _pour(handler, lambda: None))


def _pour(enter: Callable[[BarsDue], None], flush: Callable[[], None]) -> None:
    event = BarsDue(1, 1)
    for _ in range(EVENTS // BATCH):
        for _ in range(BATCH):
            enter(event)
        flush()


async def _foreign() -> Row:
    bus = Bus(SimClock(1))
    seen = [0]
    done = asyncio.Event()

    def handler(event: BarsDue) -> None:
        seen[0] += 1
        if seen[0] == EVENTS:
            done.set()

    def produce() -> None:
        event = BarsDue(1, 1)
        for _ in range(EVENTS):
            bus.post(event)

    bus.subscribe(BarsDue, handler, actor="bench", role="market")
    bus.attach_loop(asyncio.get_running_loop())
    thread = threading.Thread(target=produce)
    begin = monotonic_ns()
    thread.start()
    await done.wait()
    took = monotonic_ns() - begin
    thread.join()
    return Row(
        name="bus/posted",
        unit="1/s",
        n=EVENTS,
        throughput=EVENTS * 1e9 / took,
        note="from another thread",
    )
