"""Rows that wait on disk while the database does not take them.

Files under ``D/spool``, named so that their order is the order of their rows, each a sequence of
frames ``length u32 | checksum u32 | msgpack``. How far a file has been read is kept in the
database, in the transaction of the rows, so a kill between the two neither loses nor doubles a
row. Only the writer's thread uses it.
"""

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from struct import Struct

import msgspec

from homalos.kernel.clock import wall_ns
from homalos.storage.tables import STREAMS, Batch

_HEADER = Struct("<II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, list[bytes]]]).decode


def rows_in(batch: Batch) -> int:
    return sum(len(rows) for _, rows in batch)


class SpoolFile:
    """One file. ``read`` and ``end`` are the offsets of the next frame and behind the last."""

    def __init__(self, path: Path, read: int = 0) -> None:
        self.path = path
        self.read = read
        self.end = 0
        self.rows = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)

    def scan(self) -> int:
        """Count the rows that wait; cut a torn tail off and return its length in bytes."""
        size = os.fstat(self._file.fileno()).st_size
        self.end, self.rows = min(self.read, size), 0
        while (frame := self._frame_at(self.end)) is not None:
            self.rows += rows_in(frame[0])
            self.end = frame[1]
        if self.end < size:
            self._file.truncate(self.end)
        return size - self.end

    def append(self, batch: Batch) -> None:
        payload = _encode([(stream.name, rows) for stream, rows in batch])
        frame = _HEADER.pack(len(payload), zlib.crc32(payload)) + payload
        try:
            self._file.seek(self.end)
            if self._file.write(frame) != len(frame):
                raise OSError("no space for the whole frame")
        except OSError:
            self._file.truncate(self.end)
            raise
        self.end += len(frame)
        self.rows += rows_in(batch)

    def next(self) -> tuple[Batch, int]:
        frame = self._frame_at(self.read)
        if frame is None:
            raise OSError(f"{self.path} changed while it was read")
        return frame

    def _frame_at(self, offset: int) -> tuple[Batch, int] | None:
        self._file.seek(offset)
        header = self._file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        length, checksum = _HEADER.unpack(header)
        payload = self._file.read(length)
        if len(payload) < length or zlib.crc32(payload) != checksum:
            return None
        batch = [(STREAMS[name], rows) for name, rows in _decode(payload)]
        return batch, offset + _HEADER.size + length

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()


class Spool:
    """A queue of batches on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[SpoolFile] = []
        self.torn_bytes = 0
        """Cut off the end of files whose writer was killed in the middle of a frame."""

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self._files)

    @property
    def size(self) -> int:
        """Bytes not yet read back."""
        return sum(file.end - file.read for file in self._files)

    def recover(self, read_to: Callable[[str], int]) -> None:
        """Go on with the files of an earlier run; ``read_to`` is what the database says was read
        of a file. ``OSError`` where they cannot be read."""
        known = {file.path for file in self._files}
        for path in self._folder.glob("*.rows") if self._folder.is_dir() else ():
            if path in known:
                continue
            file = SpoolFile(path, read_to(path.name))
            self.torn_bytes += file.scan()
            if file.rows:
                self._files.append(file)
            else:
                file.remove()
        self._files.sort(key=lambda file: file.path.name)

    def append(self, batch: Batch) -> None:
        """Put ``batch`` behind the others. ``OSError``: it was not, and all is as before."""
        if not self._files:
            self._files.append(SpoolFile(self._folder / f"{wall_ns():020d}.rows"))
        self._files[-1].append(batch)

    def prepend(self, batches: Iterable[Batch]) -> None:
        """Put ``batches`` before all others, in a file of their own. ``OSError``: not all were."""
        before = int(self._files[0].path.stem) if self._files else wall_ns()
        file = SpoolFile(self._folder / f"{before - 1:020d}.rows")
        self._files.insert(0, file)
        for batch in batches:
            file.append(batch)

    def first(self) -> tuple[Batch, str, int]:
        """The oldest batch, the name of its file, and the offset behind it."""
        file = next(f for f in self._files if f.rows)
        batch, end = file.next()
        return batch, file.path.name, end

    def advance(self, batch: Batch, end: int) -> None:
        """``batch``, from ``first``, is in the database. An empty file is removed."""
        file = next(f for f in self._files if f.rows)
        file.read = end
        file.rows -= rows_in(batch)
        if not file.rows:
            self._files.remove(file)
            file.remove()

    def close(self) -> None:
        """A file that never took a row (the disk was full) goes."""
        for file in self._files:
            if file.rows:
                file.close()
            else:
                file.remove()
        self._files = []
