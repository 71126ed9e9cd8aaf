"""The journal as it lies on the disk: segments, records, and how they are read and checked.

A folder of segments ``00000001.hj``, each preallocated (zeros). A segment begins with 32 bytes
(magic, format version, its number, the time it was made); records follow::

    length u32 | checksum u32 | kind u8 | seq u64 | ts i64 | step u64 | payload (msgpack)

``length`` counts the payload; 0 marks the end. The checksum is the payload's, begun with
kind, seq, ts and step. ``step`` counts the events that the bus had dispatched in this run: where a
replay has to put the record. Format 1, of earlier versions, has no step: recovery reads it, a
replay does not. A tail that was torn is cut off at the first record that does not check; a bad
record with good ones behind it is damage and is said to be.
"""

import mmap
import zlib
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import msgspec

from homalos.model.catalogue import CATALOGUE
from homalos.model.event import Event

MAGIC = b"HOMALOS\x00"
VERSION = 2
SEGMENT = Struct("<8sIIq8x")
RECORD = Struct("<IIBQqQ")
_RECORD_1 = Struct("<IIBQq")
SUFFIX = ".hj"
NO_STEP = -1


class Kind(IntEnum):
    INGRESS = 1
    """What the world told us: replayed in order it makes everything again."""
    OUTCOME = 2
    """What we concluded: intent, verdict, the gateway's return, identities."""
    CHECKPOINT = 3
    """State written whole, for the next start; format 1 calls it an outcome."""


class JournalError(Exception):
    """The journal cannot be read as it is; the message names file, offset and cure."""


class JournalRecord(NamedTuple):
    kind: Kind
    seq: int
    ts: int
    step: int
    """``NO_STEP`` in format 1."""
    payload: bytes
    segment: int
    offset: int

    def event(self) -> Event:
        """The event, decoded. ``msgspec.ValidationError``: written by other code than this."""
        return _decoder().decode(self.payload)

    def name(self) -> str:
        """The event's class, without decoding the rest."""
        return msgspec.msgpack.decode(self.payload)[0]  # type: ignore[no-any-return]


_cache: list[msgspec.msgpack.Decoder[Event]] = []


def _decoder() -> msgspec.msgpack.Decoder[Event]:
    """One decoder of every class in the catalogue, told apart by the tag they begin with."""
    if not _cache:
        union = None
        for event in CATALOGUE:
            union = event if union is None else union | event  # type: ignore[assignment]
        _cache.append(msgspec.msgpack.Decoder(union))
    return _cache[0]


def checksum(kind: int, seq: int, ts: int, step: int, payload: bytes) -> int:
    """CRC-32 of the payload, begun with what the head says: a changed head does not check."""
    begin = kind ^ seq ^ seq >> 32 ^ ts ^ ts >> 32 ^ step << 8 ^ step >> 24
    return zlib.crc32(payload, begin & 0xFFFFFFFF)


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments of a folder, in order."""
    return sorted(
        (int(path.stem), path) for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit()
    )


def read(folder: Path, since: int = 0) -> Iterator[JournalRecord]:
    """Every record from segment ``since`` on, in order. ``JournalError`` on damage that is not a
    torn tail."""
    for number, path in segments(folder):
        if number >= since:
            yield from read_segment(number, path)


def read_segment(number: int, path: Path) -> Iterator[JournalRecord]:
    """The records of one segment, up to its end or its torn tail."""
    data = path.read_bytes()
    version = version_of(data, number, path)
    if version == 0:
        return
    head = RECORD.size if version == VERSION else _RECORD_1.size
    offset = SEGMENT.size
    while offset + head <= len(data):
        record = record_at(data, offset, number, version)
        if record is None:
            if _good_record_after(data, offset, number, version):
                raise JournalError(f"{path}: damaged at byte {offset}, with good records behind it")
            return
        yield record
        offset += head + len(record.payload)


def version_of(data: bytes | mmap.mmap, number: int, path: Path) -> int:
    """The format of a segment; 0: nothing was ever written. ``JournalError``: not ours to read."""
    if len(data) < SEGMENT.size or not any(data[: SEGMENT.size]):
        return 0
    magic, version, written, _ = SEGMENT.unpack_from(data, 0)
    if magic != MAGIC or written != number:
        raise JournalError(
            f"{path}: not a journal segment (or renamed): move it away / 不是日志账分段：请移走"
        )
    if version not in (1, VERSION):
        raise JournalError(
            f"{path}: format {version}, this program reads 1 to {VERSION}: use the version that "
            "wrote it / 日志账格式不符：请用写入它的版本"
        )
    return int(version)


def record_at(
    data: bytes | mmap.mmap, offset: int, segment: int, version: int
) -> JournalRecord | None:
    """The record that begins at ``offset``; ``None``: none that checks."""
    if version == VERSION:
        length, wanted, kind, seq, ts, step = RECORD.unpack_from(data, offset)
        begin, mixed = offset + RECORD.size, step
    else:
        length, wanted, kind, seq, ts = _RECORD_1.unpack_from(data, offset)
        begin, step, mixed = offset + _RECORD_1.size, NO_STEP, 0
    if length == 0 or begin + length > len(data) or kind not in (1, 2, 3):
        return None
    payload = data[begin : begin + length]
    if checksum(kind, seq, ts, mixed, payload) != wanted:
        return None
    return JournalRecord(Kind(kind), seq, ts, step, payload, segment, offset)


_SCAN = 1 << 20


def _good_record_after(data: bytes, offset: int, segment: int, version: int) -> bool:
    """Whether a record that checks begins somewhere behind ``offset`` (within 1 MiB of it)."""
    last = min(len(data) - RECORD.size, offset + _SCAN)
    position = offset + 1
    while position < last:
        if data[position] == 0 and not any(data[position : position + 4096]):
            position += 4096
            continue
        if record_at(data, position, segment, version) is not None:
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
    counts = dict.fromkeys(Kind, 0)
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
        counts[Kind.OUTCOME] + counts[Kind.CHECKPOINT],
        first,
        last,
        tuple(faults[:50]),
    )
