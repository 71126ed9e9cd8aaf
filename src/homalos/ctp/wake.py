"""Wakes the loop from a thread that is not ours: once per burst, by a pair of sockets."""

import socket
from contextlib import suppress

__all__ = ["Wake"]


class Wake:
    """``set`` from any thread makes ``fileno`` readable until ``clear``. Needs no eventfd, so it
    is the same on every platform."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._is_set = False
        self.count = 0
        """How often the loop was woken."""

    def fileno(self) -> int:
        return self._reader.fileno()

    def set(self) -> None:
        """To be called after the data is where the reader looks."""
        if self._is_set:
            return
        self._is_set = True
        self.count += 1
        with suppress(OSError):  # full: it is readable anyway; closed: nobody waits
            self._writer.send(b"\0")

    def clear(self) -> None:
        """To be called before the reader looks: what comes later sets it again."""
        with suppress(OSError):  # BlockingIOError is one: nothing was set
            self._reader.recv(4096)
        self._is_set = False

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
