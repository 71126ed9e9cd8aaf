"""One writer for each data folder: a lock that the operating system drops when its owner dies."""

import os
import sys
from pathlib import Path
from typing import BinaryIO, Self

if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO) -> None:
        file.seek(_LOCKED_AT)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_LOCKED_AT = 1 << 20  # Windows locks bytes, and nobody can read those: so behind the text


class DataLockError(Exception):
    """Another process works in the data folder; the message names it and the cure."""


class DataLock:
    """The lock of one data folder, held until ``release`` or the end of the process."""

    def __init__(self, path: Path, who: str = "homalos") -> None:
        """``path``: the lock file, ``D/lock``."""
        self.path = path
        self._who = who
        self._file: BinaryIO | None = None

    def acquire(self) -> None:
        """Take the lock and write who has it, and the process id, into it.

        ``DataLockError``: somebody else has it. ``OSError``: the folder cannot be written.
        """
        if self._file is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)
        try:
            _take(file)
        except OSError as error:
            owner = self._owner(file)
            file.close()
            raise DataLockError(
                f"{self.path.parent} is in use by {owner}: stop that first, or choose another "
                "folder with --data-dir (数据目录正被占用，请先停止它，或用 --data-dir 另选)"
            ) from error
        file.truncate(0)
        file.seek(0)
        file.write(f"{os.getpid()} {self._who}\n".encode())
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, so that two starts cannot lock two different ones."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @staticmethod
    def _owner(file: BinaryIO) -> str:
        file.seek(0)
        pid, _, who = file.read(200).decode("utf-8", "replace").strip().partition(" ")
        return f"{who} (pid {pid})" if pid else "another process"
