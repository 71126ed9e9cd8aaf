"""The journal: append-only, memory-mapped, checksummed. An intent is in it before its order leaves.

The form on the disk stands in ``kernel/records.py``; here it is written. A
process that dies leaves every appended byte in the page cache, so it loses nothing; a power cut
loses at most what came after the last sync.
"""

import mmap
import os
import threading
from array import array
from pathlib import Path

import msgspec

from homalos.kernel import journal_index
from homalos.kernel.clock import wall_ns
from homalos.kernel.records import (
    MAGIC,
    RECORD,
    SEGMENT,
    SUFFIX,
    VERSION,
    JournalError,
    JournalRecord,
    Kind,
    Verdict,
    checksum,
    read,
    read_segment,
    segments,
    verify,
)
from homalos.model.event import Event

__all__ = [
    "Journal",
    "JournalError",
    "JournalRecord",
    "Kind",
    "Verdict",
    "read",
    "read_segment",
    "segments",
    "verify",
]

_HEAD_SIZE = RECORD.size
_pack_head = RECORD.pack_into
_SKIPPED = frozenset(journal_index.SKIPPED)


class _Full:
    """A segment that is written to no more: to be synced, indexed, released."""

    __slots__ = ("fd", "last_ts", "map", "marks", "number")

    def __init__(
        self, number: int, mapped: mmap.mmap, fd: int, marks: "array[int]", last_ts: int
    ) -> None:
        self.number = number
        self.map = mapped
        self.fd = fd
        self.marks = marks
        self.last_ts = last_ts


class Journal:
    """Writer of one folder. Appends on the loop's thread; syncs and prepares in threads."""

    def __init__(self, folder: Path, *, segment_bytes: int, keep: int) -> None:
        """Open ``folder`` (made if absent) for appending, behind whatever it holds: a new segment
        is begun at every start. ``OSError`` when the disk refuses."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.records = 0
        self.needed_from = 0
        """Segments from this one on are kept: a checkpoint stands in it."""
        self.syncs = 0
        self._keep = keep
        self._size = segment_bytes
        existing = segments(folder)
        self._number = self._active = existing[-1][0] if existing else 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._limit = segment_bytes - RECORD.size
        self._spare: tuple[int, mmap.mmap, int] | None = None
        self._lock = threading.Lock()
        self._fd = -1
        self._map: mmap.mmap = mmap.mmap(-1, 1)
        self._offset = 0
        self._retired: list[_Full] = []
        self._marks = array("I")
        """Where in this segment the records stand that a start needs."""
        self._last_ts = 0
        self._roll()

    @property
    def segment(self) -> int:
        """Number of the segment that is being written."""
        return self._active

    # ------------------------------------------------------------ appending

    def append(self, kind: Kind, seq: int, ts: int, event: Event, step: int = 0) -> None:
        """Write one record; it survives the process from the moment this returns."""
        payload = self._encode(event)
        length = len(payload)
        begin = self._offset
        end = begin + _HEAD_SIZE + length
        if end > self._limit:
            self._check_fits(length)
            self._roll()
            begin = self._offset
            end = begin + _HEAD_SIZE + length
        self._map[begin + _HEAD_SIZE : end] = payload
        # The head comes last: until it is there, the record is not.
        check = checksum(kind, seq, ts, step, payload)
        _pack_head(self._map, begin, length, check, kind, seq, ts, step)
        self._offset = end
        self._last_ts = ts
        if event.__class__.__name__ not in _SKIPPED:
            self._marks.append(begin)
        self.records += 1

    def _check_fits(self, length: int) -> None:
        if length + 2 * RECORD.size + SEGMENT.size > self._size:
            raise JournalError(
                f"a record of {length} bytes does not fit into a segment of {self._size}"
            )

    def _next_number(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def _roll(self) -> None:
        """Go on in the next segment, which a thread has usually prepared."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is None:
            spare = self._prepare(self._next_number())
        if self._fd >= 0:
            self._retired.append(self._full())
        self._active, self._map, self._fd = spare
        self._marks = array("I")
        self._offset = SEGMENT.size

    def _full(self) -> _Full:
        return _Full(self._active, self._map, self._fd, self._marks, self._last_ts)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}{SUFFIX}"

    def _prepare(self, number: int) -> tuple[int, mmap.mmap, int]:
        """Make a segment of zeros that is really there: no hole can run out of disk later."""
        path = self._path(number)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        chunk = bytes(1 << 20)
        written = 0
        while written < self._size:
            written += os.write(fd, chunk[: self._size - written])
        mapped = mmap.mmap(fd, self._size)
        SEGMENT.pack_into(mapped, 0, MAGIC, VERSION, number, wall_ns())
        return number, mapped, fd

    def sync(self) -> None:
        """All that was appended is on the disk when this returns; it waits for it."""
        for full in self._retired:
            _sync(full.fd)
        _sync(self._fd)

    # ------------------------------------------------------------ in a thread

    def maintain(self) -> None:
        """Sync to the disk, release full segments, prepare the next. Called from a thread, often;
        every long call in it lets the GIL go."""
        retired, self._retired = self._retired, []
        for full in retired:
            self._release(full)
        if retired:
            self._drop_old()
        _sync(self._fd)
        self.syncs += 1
        if self._spare is None:
            spare = self._prepare(self._next_number())
            with self._lock:
                late = spare[0] < self._active
                self._spare = None if late else spare
            if late:
                self._discard(spare)

    def _release(self, full: _Full) -> None:
        _sync(full.fd)
        full.map.close()
        os.close(full.fd)
        if full.last_ts:
            journal_index.write(self._path(full.number), full.number, full.marks, full.last_ts)

    def _discard(self, spare: tuple[int, mmap.mmap, int]) -> None:
        """Remove a prepared segment that nothing was written to."""
        number, mapped, fd = spare
        mapped.close()
        os.close(fd)
        self._path(number).unlink(missing_ok=True)

    def close(self) -> None:
        """Sync and release everything; drop the oldest segments beyond ``keep``, never one that the
        next start needs."""
        spare, self._spare = self._spare, None
        if spare is not None:
            self._discard(spare)
        for full in [*self._retired, self._full()]:
            self._release(full)
        self._retired = []
        self._fd = -1
        self._drop_old()

    def _drop_old(self) -> None:
        for number, path in segments(self.folder)[: -self._keep]:
            if number < self.needed_from:
                path.unlink()
                path.with_suffix(journal_index.SUFFIX).unlink(missing_ok=True)


def _sync(fd: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)
