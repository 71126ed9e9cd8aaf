"""The floor under ``ctp/event`` and ``ctp/spin``: a reading of the clock goes from one process to
another, which wakes its loop (a pipe) or spins (shared memory). No CTP, no tick, no work.

``python -m homalos.bench.ctp_control PLAN``: the side that is woken.
"""

import asyncio
import mmap
import os
import select
import struct
import sys
from pathlib import Path

import msgspec

from homalos.bench.ctp_rig import Plan, Process, Seen, own_environment
from homalos.kernel.clock import monotonic_ns, sleep
from homalos.kernel.loop import loop_factory, settle
from homalos.model.times import SECOND

STAMP = struct.Struct("q")
"""In the machine's own form, which is copied as a whole."""
SHARED = "shared"
"""A place for each reading, so that none is lost while the other side does not run."""


def measure(folder: Path, count: int, rate: int, *, spin: bool) -> list[int]:
    """Nanoseconds of each hand-over."""
    folder.mkdir()
    shared = folder / SHARED
    shared.write_bytes(bytes(count * STAMP.size))
    plan = Plan("", "", "", str(folder), str(folder / "seen.json"), [], "single", spin, count)
    (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
    words = [sys.executable, "-m", "homalos.bench.ctp_control", str(folder / "plan.json")]
    with Process(words, own_environment(), folder, "control") as child, shared.open("r+b") as file:
        child.hear(lambda line: line == "ready")
        sleep(0.2)
        with mmap.mmap(file.fileno(), 0) as memory:
            _send(child, memory, count, rate, spin=spin)
        child.end()
    seen = msgspec.json.decode((folder / "seen.json").read_bytes(), type=Seen)
    return seen.entries["control"]


def _send(child: Process, memory: mmap.mmap, count: int, rate: int, *, spin: bool) -> None:
    begin, step, pipe = monotonic_ns(), SECOND // rate, child.input()
    for number in range(count):
        left = begin + number * step - monotonic_ns()
        if left > 0:
            select.select([], [], [], left / SECOND)
        if spin:
            STAMP.pack_into(memory, number * STAMP.size, monotonic_ns())
        else:
            os.write(pipe, STAMP.pack(monotonic_ns()))


def _spun(shared: Path, count: int) -> list[int]:
    samples: list[int] = []
    with shared.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        read = STAMP.unpack_from
        for at in range(0, count * STAMP.size, STAMP.size):
            stamp = 0
            while not stamp:
                (stamp,) = read(memory, at)
            samples.append(monotonic_ns() - stamp)
    return samples


async def _woken() -> list[int]:
    loop, samples, ended = asyncio.get_running_loop(), list[int](), asyncio.Event()

    def read() -> None:
        now = monotonic_ns()
        data = os.read(0, STAMP.size)
        if data:
            samples.append(now - STAMP.unpack(data)[0])
        else:
            loop.remove_reader(0)
            ended.set()

    loop.add_reader(0, read)
    await ended.wait()
    return samples


def main(path: str) -> None:
    """Take the readings until they end."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    settle()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if plan.spin:
        samples = _spun(Path(plan.flow) / SHARED, plan.expect)
    else:
        with asyncio.Runner(loop_factory=loop_factory()[1]) as runner:
            samples = runner.run(_woken())
    seen = Seen(ticks=len(samples), entries={"control": samples})
    Path(plan.out).write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(sys.argv[1])
