"""Rows wait in order whatever happens: memory, spool, memory again, disk full, restart."""

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from homalos.config.sections.storage import StorageSection
from homalos.storage import spool as spools
from homalos.storage.tables import NARROW_TICKS, TRADES, Batch
from homalos.storage.waiting import Waiting

SECTION = StorageSection(backlog_max_rows=100)
STEPS = st.lists(
    st.sampled_from(
        ["put", "put", "put", "big", "write", "fail", "heal", "full", "room", "restart"]
    ),
    max_size=60,
)


class _Disk:
    """Lets the spool's files fail to grow."""

    full = False

    def append(self, file: spools.SpoolFile, batch: Batch) -> None:
        if self.full:
            raise OSError("no space left on device")
        _append(file, batch)


_append = spools.SpoolFile.append


class _Model:
    """What was handed over, what came out, and how far each spool file is known to be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting = Waiting(folder, SECTION)
        self.put: list[bytes] = []
        self.out: list[bytes] = []
        self.read: dict[str, int] = {}
        self.lost = 0
        self.ticks_dropped = 0

    def hand_over(self, ticks: int) -> None:
        n = len(self.put)
        rows = [b"%d" % i for i in range(n, n + ticks + 1)]
        self.put += rows
        self.waiting.put([(NARROW_TICKS, rows[:-1]), (TRADES, rows[-1:])])

    def write(self) -> None:
        if self.waiting:
            batch, read = self.waiting.first()
            self.out += [row for _, rows in batch for row in rows]
            if read is not None:
                self.read[read.file] = read.offset
            self.waiting.done(batch, read)

    def restart(self) -> None:
        self.lost += self.waiting.park()
        self.ticks_dropped += self.waiting.dropped_ticks
        self.waiting.spool.close()
        self.waiting = Waiting(self.folder, SECTION)
        self.waiting.spool.recover(lambda name: self.read.get(name, 0))


@settings(max_examples=60, deadline=None)
@given(STEPS)
@example(["big", "fail", "put", "put", "restart"])  # older rows in memory, newer ones in the spool
@example(["big", "fail", "put", "full", "big", "put", "room", "restart", "put", "restart"])
def test_order_is_kept_and_all_is_accounted_for(steps: list[str]) -> None:
    disk = _Disk()
    spools.SpoolFile.append = lambda file, batch: disk.append(file, batch)  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = _Model(Path(folder))
            for step in steps:
                if step in ("put", "big"):
                    model.hand_over(40 if step == "put" else 300)
                elif step == "write":
                    model.write()
                elif step in ("fail", "heal"):
                    model.waiting.failing = step == "fail"
                elif step in ("full", "room"):
                    disk.full = step == "full"
                else:
                    model.restart()
            while model.waiting:
                model.write()
            model.waiting.spool.close()
            assert model.waiting.memory_rows == 0
            assert not list(Path(folder).glob("*.rows"))
    finally:
        spools.SpoolFile.append = _append  # type: ignore[method-assign]
    numbers = [int(row) for row in model.out]
    assert numbers == sorted(set(numbers)), "out of order, or twice"
    dropped = model.ticks_dropped + model.waiting.dropped_ticks
    assert len(numbers) + dropped + model.lost == len(model.put)
