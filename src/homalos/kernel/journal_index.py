"""Where in a full segment the records stand that a start needs: ``00000012.hx`` beside it.

Nearly all of a day's records are ticks, which recovery skips; with the index it does not even read
them. The index is a convenience, never the truth: each record that it names still has to check,
and where it is missing, torn or wrong, the segment is read whole (and the index made anew).
"""

import mmap
import zlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from homalos.kernel.records import JournalRecord, read_segment, record_at, version_of

SUFFIX = ".hx"
_MAGIC = b"HOMALOSX"
_HEAD = Struct("<8sIIqI")  # magic, segment, entries, ts of the last record, checksum
SKIPPED = ("Tick", "VenueAnswered", "TimerRan")
"""Classes of which no start wants to know: not in the index."""
_TAGS = tuple(bytes([0xA0 + len(name)]) + name.encode() for name in SKIPPED)


class Needed(NamedTuple):
    """What a start needs of one segment."""

    last_ts: int
    records: list[JournalRecord]


def is_skipped(payload: bytes) -> bool:
    """By its first bytes: an array's head, then the class's name."""
    return payload[1:15].startswith(_TAGS) or payload[3:17].startswith(_TAGS)


def write(segment: Path, number: int, offsets: Iterable[int], last_ts: int) -> None:
    """Write the index of a segment that is complete. In one call, and checked when it is read."""
    body = array("I", offsets).tobytes()
    head = _HEAD.pack(_MAGIC, number, len(body) // 4, last_ts, zlib.crc32(body, number))
    segment.with_suffix(SUFFIX).write_bytes(head + body)


def needed(number: int, segment: Path) -> Needed:
    """Records of a segment that nobody writes to any more, ticks left out. ``JournalError``."""
    known = _read(number, segment)
    if known is not None:
        records = _at(number, segment, known[1])
        if records is not None:
            return Needed(known[0], records)
    kept: list[JournalRecord] = []
    last_ts = 0
    for record in read_segment(number, segment):
        last_ts = max(last_ts, record.ts)
        if not is_skipped(record.payload):
            kept.append(record)
    if last_ts:
        write(segment, number, (record.offset for record in kept), last_ts)
    return Needed(last_ts, kept)


def _read(number: int, segment: Path) -> "tuple[int, array[int]] | None":
    try:
        data = segment.with_suffix(SUFFIX).read_bytes()
    except FileNotFoundError:
        return None
    if len(data) < _HEAD.size:
        return None
    magic, written, count, last_ts, wanted = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if (magic, written, count * 4) != (_MAGIC, number, len(body)):
        return None
    if zlib.crc32(body, number) != wanted:
        return None
    offsets = array("I")
    offsets.frombytes(body)
    return last_ts, offsets


def _at(number: int, segment: Path, offsets: "array[int]") -> list[JournalRecord] | None:
    """Mapped, not read: the pages of the ticks between them stay where they are."""
    with segment.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        version = version_of(data, number, segment)
        if not version:
            return []
        return _all(record_at(data, offset, number, version) for offset in offsets)


def _all(records: Iterator[JournalRecord | None]) -> list[JournalRecord] | None:
    found: list[JournalRecord] = []
    for record in records:
        if record is None:
            return None  # the index or the segment is not what it was
        found.append(record)
    return found
