"""``journal``: one appended tick record, and the same with nothing but the encoding."""

import tempfile
from pathlib import Path

import msgspec

from homalos.bench.measure import Row, latencies, quietest, rate
from homalos.bench.ticks import sample_tick
from homalos.kernel.clock import monotonic_ns
from homalos.kernel.journal import Journal, Kind

RECORDS = 100_000
RUNS = 5


def run() -> list[Row]:
    """The sync, which a thread does when the daemon runs, is timed on its own."""
    with tempfile.TemporaryDirectory() as folder:
        appends, rates, syncs = [], [], []
        for number in range(RUNS):
            journal = Journal(Path(folder) / str(number), segment_bytes=32 << 20, keep=1)
            appends.append(_append(journal))
            rates.append(_rate(journal))
            syncs.append(_sync(journal))
            journal.close()
    return [
        quietest(appends),
        quietest([_control() for _ in range(RUNS)]),
        quietest(rates),
        quietest(syncs),
    ]


def _append(journal: Journal) -> Row:
    tick = sample_tick()
    samples = []
    for seq in range(RECORDS):
        begin = monotonic_ns()
        journal.append(Kind.INGRESS, seq, seq, tick)
        samples.append(monotonic_ns() - begin)
    return latencies("journal", samples)


def _control() -> Row:
    tick = sample_tick()
    encode = msgspec.msgpack.Encoder().encode
    samples = []
    for _ in range(RECORDS):
        begin = monotonic_ns()
        encode(tick)
        samples.append(monotonic_ns() - begin)
    return latencies("journal/control", samples, note="encoding alone")


def _rate(journal: Journal) -> Row:
    tick = sample_tick()

    def work() -> None:
        for seq in range(RECORDS):
            journal.append(Kind.INGRESS, seq, seq, tick)

    return rate("journal/throughput", RECORDS, work)


def _sync(journal: Journal) -> Row:
    tick = sample_tick()
    samples = []
    for seq in range(50):
        for _ in range(200):
            journal.append(Kind.INGRESS, seq, seq, tick)
        begin = monotonic_ns()
        journal.maintain()
        samples.append(monotonic_ns() - begin)
    return latencies("journal/sync", samples, note="200 ticks a sync, in a thread when it runs")
