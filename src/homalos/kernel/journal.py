"""The journal: append-only, memory-mapped, checksummed. An intent is in it before its order leaves.

A folder of segments ``00000001.hj``, each preallocated (zeros) and mapped. A segment begins with
32 bytes (magic, format version, its number, the time it was made); records follow::

    length u32 | checksum u32 | kind u8 | seq u64 | ts i64 | payload (msgpack of the event)

``length`` counts the payload; 0 marks the end. The checksum is the payload's, begun with
kind, seq and ts. A
process that dies leaves every appended byte in the page cache, so it loses nothing; a power cut
loses at most what came after the last sync. A tail that was torn is cut off at the first record
that does not check; a bad record with good ones behind it is damage and is said to be.
"""

import mmap
import os
import threading
import zlib
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import msgspec

from homalos.kernel.clock import wall_ns
from homalos.model.catalogue import CATALOGUE
from homalos.model.event import Event

MAGIC = b"HOMALOS\x00"
VERSION = 1
_SEGMENT = Struct("<8sIIq8x")
_RECORD = Struct("<IIBQq")
_HEAD_SIZE = _RECORD.size
_pack_head = _RECORD.pack_into
SUFFIX = ".hj"


class Kind(IntEnum):
    INGRESS = 1
    """What the world told us: replayed in order it makes everything again."""
    OUTCOME = 2
    """What we concluded: intent, verdict, the gateway's return, identities."""


def _checksum(kind: int, seq: int, ts: int, payload: bytes) -> int:
    """CRC-32 of the payload, begun with what the head says: a changed head does not check."""
    return zlib.crc32(payload, (kind ^ seq ^ seq >> 32 ^ ts ^ ts >> 32) & 0xFFFFFFFF)


class JournalError(Exception):
    """The journal cannot be read as it is; the message names file, offset and cure."""


class JournalRecord(NamedTuple):
    kind: Kind
    seq: int
    ts: int
    payload: bytes
    segment: int
    offset: int

    def event(self) -> Event:
        """The event, decoded. ``msgspec.ValidationError``: written by other code than this."""
        return _decoder().decode(self.payload)


_cache: list[msgspec.msgpack.Decoder[Event]] = []


def _decoder() -> msgspec.msgpack.Decoder[Event]:
    """One decoder of every class in the catalogue, told apart by the tag they begin with."""
    if not _cache:
        union = None
        for event in CATALOGUE:
            union = event if union is None else union | event  # type: ignore[assignment]
        _cache.append(msgspec.msgpack.Decoder(union))
    return _cache[0]


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
        self._limit = segment_bytes - _RECORD.size
        self._spare: tuple[int, mmap.mmap, int] | None = None
        self._lock = threading.Lock()
        self._fd = -1
        self._map: mmap.mmap = mmap.mmap(-1, 1)
        self._offset = 0
        self._retired: list[tuple[mmap.mmap, int]] = []
        self._roll()

    @property
    def segment(self) -> int:
        """Number of the segment that is being written."""
        return self._active

    # ------------------------------------------------------------ appending

    def append(self, kind: Kind, seq: int, ts: int, event: Event) -> None:
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
        _pack_head(self._map, begin, length, _checksum(kind, seq, ts, payload), kind, seq, ts)
        self._offset = end
        self.records += 1

    def _check_fits(self, length: int) -> None:
        if length + 2 * _RECORD.size + _SEGMENT.size > self._size:
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
            self._retired.append((self._map, self._fd))
        self._active, self._map, self._fd = spare
        self._offset = _SEGMENT.size

    def _prepare(self, number: int) -> tuple[int, mmap.mmap, int]:
        """Make a segment of zeros that is really there: no hole can run out of disk later."""
        path = self.folder / f"{number:08d}{SUFFIX}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        chunk = bytes(1 << 20)
        written = 0
        while written < self._size:
            written += os.write(fd, chunk[: self._size - written])
        mapped = mmap.mmap(fd, self._size)
        _SEGMENT.pack_into(mapped, 0, MAGIC, VERSION, number, wall_ns())
        return number, mapped, fd

    # ------------------------------------------------------------ in a thread

    def maintain(self) -> None:
        """Sync to the disk, release full segments, prepare the next. Called from a thread, often;
        every long call in it lets the GIL go."""
        retired, self._retired = self._retired, []
        for mapped, fd in retired:
            _sync(fd)
            mapped.close()
            os.close(fd)
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

    def _discard(self, spare: tuple[int, mmap.mmap, int]) -> None:
        """Remove a prepared segment that nothing was written to."""
        number, mapped, fd = spare
        mapped.close()
        os.close(fd)
        (self.folder / f"{number:08d}{SUFFIX}").unlink(missing_ok=True)

    def close(self) -> None:
        """Sync and release everything; drop the oldest segments beyond ``keep``, never one that the
        next start needs."""
        spare, self._spare = self._spare, None
        if spare is not None:
            self._discard(spare)
        for mapped, fd in [*self._retired, (self._map, self._fd)]:
            _sync(fd)
            mapped.close()
            os.close(fd)
        self._retired = []
        self._fd = -1
        self._drop_old()

    def _drop_old(self) -> None:
        for number, path in segments(self.folder)[: -self._keep]:
            if number < self.needed_from:
                path.unlink()


def _sync(fd: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(fd)
    else:
        os.fsync(fd)


# ---------------------------------------------------------------- reading


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments of a folder, in order."""
    return sorted(
        (int(path.stem), path) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit()
    )


def read(folder: Path) -> Iterator[JournalRecord]:
    """Every record in order. ``JournalError`` on damage that is not a torn tail."""
    for number, path in segments(folder):
        yield from read_segment(number, path)


def read_segment(number: int, path: Path) -> Iterator[JournalRecord]:
    """The records of one segment, up to its end or its torn tail."""
    data = path.read_bytes()
    if len(data) < _SEGMENT.size or not any(data[: _SEGMENT.size]):
        return
    magic, version, written, _ = _SEGMENT.unpack_from(data, 0)
    if magic != MAGIC or written != number:
        raise JournalError(f"{path}: not a journal segment (or renamed): move it away")
    if version != VERSION:
        raise JournalError(
            f"{path}: format {version}, this program reads {VERSION}: use the version that wrote it"
        )
    offset = _SEGMENT.size
    while offset + _RECORD.size <= len(data):
        record = _record_at(data, offset, number)
        if record is None:
            if _good_record_after(data, offset, number):
                raise JournalError(f"{path}: damaged at byte {offset}, with good records behind it")
            return
        yield record
        offset += _RECORD.size + len(record.payload)


def _record_at(data: bytes, offset: int, segment: int) -> JournalRecord | None:
    length, checksum, kind, seq, ts = _RECORD.unpack_from(data, offset)
    begin = offset + _RECORD.size
    if length == 0 or begin + length > len(data) or kind not in (1, 2):
        return None
    payload = data[begin : begin + length]
    if _checksum(kind, seq, ts, payload) != checksum:
        return None
    return JournalRecord(Kind(kind), seq, ts, payload, segment, offset)


_SCAN = 1 << 20


def _good_record_after(data: bytes, offset: int, segment: int) -> bool:
    """Whether a record that checks begins somewhere behind ``offset`` (within 1 MiB of it)."""
    last = min(len(data) - _RECORD.size, offset + _SCAN)
    position = offset + 1
    while position < last:
        if data[position] == 0 and not any(data[position : position + 4096]):
            position += 4096
            continue
        if _record_at(data, position, segment) is not None:
            return True
        position += 1
    return False


class Verdict(NamedTuple):
    """What ``verify`` found."""

    segments: int
    records: int
    ingress: int
    outcomes: int
    first_seq: int
    last_seq: int
    faults: tuple[str, ...]


def verify(folder: Path) -> Verdict:
    """Read all, check checksums, order of ``seq`` (gap-free within one run) and every payload."""
    faults: list[str] = []
    counts = {Kind.INGRESS: 0, Kind.OUTCOME: 0}
    first = last = 0
    try:
        for record in read(folder):
            counts[record.kind] += 1
            first = first or record.seq
            if record.kind is Kind.INGRESS:
                if record.seq not in (last + 1, 1):
                    faults.append(
                        f"segment {record.segment}, byte {record.offset}: "
                        f"seq {record.seq} after {last}"
                    )
                last = record.seq
            try:
                record.event()
            except msgspec.ValidationError as error:
                faults.append(f"segment {record.segment}, byte {record.offset}: {error}")
    except JournalError as error:
        faults.append(str(error))
    return Verdict(
        len(segments(folder)),
        sum(counts.values()),
        counts[Kind.INGRESS],
        counts[Kind.OUTCOME],
        first,
        last,
        tuple(faults[:50]),
    )
