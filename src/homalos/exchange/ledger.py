"""The exchange's own ledger on disk: what it answered it still knows after a crash.

One file of records, ``length u32 | crc32 u32 | msgpack``. A record is one operation, all or
nothing (a trade between two accounts is one record), handed to the operating system before the
answer leaves. The first record is a snapshot; a settlement begins a new file with a new snapshot,
put in place by one rename, so a start is fast however long the exchange has lived.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct

import msgspec

from homalos.exchange.state import AnyEntry, VenueState

FORMAT = 1
FILE = "ledger.hxl"
_HEAD = Struct("<II")


class LedgerError(Exception):
    """The ledger cannot be read or written; the message names the file and the cure."""


class LedgerAhead(LedgerError):  # noqa: N818  a named verdict of the start
    """The ledger's last event lies after the start of the chosen source."""


class Snapshot(msgspec.Struct, array_like=True):
    """The first record of a file."""

    format: int
    state: VenueState


class Ledger:
    """Writer of one folder. ``read`` first: it opens the file, dropping a torn tail."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.dropped = 0
        """Bytes of a torn tail that ``read`` cut off."""
        self.records = 0
        self._fd = -1
        self._encode = msgspec.msgpack.Encoder().encode

    def read(self) -> VenueState:
        """Fold the file; an empty state where there is none. ``LedgerError``: not ours to read."""
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = self.path.read_bytes() if self.path.exists() else b""
        state, good = self._fold(content)
        if good == 0:
            self.rewrite(state)
        else:
            with self._refusals():
                self._fd = os.open(self.path, os.O_WRONLY)
                os.ftruncate(self._fd, good)
                os.lseek(self._fd, good, os.SEEK_SET)
        self.dropped = len(content) - good
        return state

    def _fold(self, content: bytes) -> tuple[VenueState, int]:
        decoder = msgspec.msgpack.Decoder(list[AnyEntry])
        offset, state = 0, VenueState()
        while (payload := _record(content, offset)) is not None:
            try:
                if offset == 0:
                    state = self._snapshot(payload)
                else:
                    for entry in decoder.decode(payload):
                        state.apply(entry)
            except (msgspec.DecodeError, KeyError, ValueError) as error:
                raise LedgerError(
                    f"{self.path}: record {self.records + 1} at byte {offset} does not fit: "
                    f"{error}. Move the file away to start with an empty exchange"
                ) from error
            self.records += 1
            offset += _HEAD.size + len(payload)
        return state, offset

    def _snapshot(self, payload: bytes) -> VenueState:
        first = msgspec.msgpack.decode(payload, type=Snapshot)
        if first.format != FORMAT:
            raise LedgerError(f"{self.path}: format {first.format}, this version reads {FORMAT}")
        return first.state

    def append(self, entries: list[msgspec.Raw]) -> None:
        """One operation: its entries, each encoded. ``LedgerError``: the disk refuses, and nothing
        may be answered."""
        self._write(self._fd, self._encode(entries))
        self.records += 1

    def rewrite(self, state: VenueState) -> None:
        """Begin a new file with a snapshot, in place of the old one. ``LedgerError``: the disk
        refuses; the old file is as it was."""
        fresh = self.path.with_suffix(".new")
        with self._refusals():
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._write(fd, self._encode(Snapshot(FORMAT, state)))
            with self._refusals():
                os.fsync(fd)
        except LedgerError:
            os.close(fd)
            raise
        with self._refusals():
            if os.name == "nt":  # Windows renames no file that is open, and replaces none
                os.close(fd)
                self.close()
                fresh.replace(self.path)
                fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            else:
                fresh.replace(self.path)
                self.close()
        self._fd = fd

    def _write(self, fd: int, payload: bytes) -> None:
        data = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        try:  # not ``_refusals``: it costs a microsecond of an order's way
            written = os.write(fd, data)
            while written < len(data):
                written += os.write(fd, data[written:])
        except OSError as error:
            raise self._refused(error) from error

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the system refuses, in the ledger's own words."""
        try:
            yield
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"{self.path}: {error.strerror or error}; free space on the disk, see to its "
            "rights, and start again / 模拟交易所账本无法读写，请清理磁盘、检查权限后重启"
        )

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with self._refusals():
                os.close(fd)


def _record(content: bytes, offset: int) -> bytes | None:
    """The payload at ``offset``; ``None`` where no whole, sound record is."""
    body = offset + _HEAD.size
    if body > len(content):
        return None
    length, checksum = _HEAD.unpack_from(content, offset)
    payload = content[body : body + length]
    if not length or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return payload
