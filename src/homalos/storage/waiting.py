"""Batches on their way to the database, in order: memory, then the spool on disk, then memory.

While the database takes rows, everything passes through the first (writing rows costs no more than
spooling them). When it does not, what arrives above the mark goes to the spool; what the spool
cannot take (disk full, its limit) stays in memory behind it, and above ten times the mark ticks are
given up, counted: they are in the journal too. Orders, trades and the rest are never given up.
"""

from collections import deque
from pathlib import Path
from typing import NamedTuple

from homalos.config.sections.storage import StorageSection
from homalos.storage.connection import MIB
from homalos.storage.spool import Spool, rows_in
from homalos.storage.tables import Batch

_SPOOL_ABOVE = 2
_DROP_ABOVE = 10


class Read(NamedTuple):
    """How far a spool file has been read: to be written in the transaction of its rows."""

    file: str
    offset: int


class Waiting:
    """A queue of batches that outgrows memory. Only the writer's thread uses it."""

    def __init__(self, folder: Path, section: StorageSection) -> None:
        self.spool = Spool(folder)
        self._section = section
        self._head: deque[Batch] = deque()
        self._tail: deque[Batch] = deque()
        self.memory_rows = 0
        self.dropped_ticks = 0
        self.spooled_rows = 0
        """Rows that went through the spool since the start."""
        self.spool_error = ""
        self.failing = False
        """Whether the database takes no rows just now."""

    def __bool__(self) -> bool:
        return bool(self._head or self._tail or self.spool.rows)

    def configure(self, section: StorageSection) -> None:
        self._section = section

    def put(self, batch: Batch) -> None:
        """Put ``batch`` behind the others, where there is room for it."""
        mark = self._section.backlog_max_rows
        behind = self.spool.rows > 0
        full = self.memory_rows >= mark * (_SPOOL_ABOVE if self.failing else _DROP_ABOVE)
        if not self._tail and (behind or full) and self._spooled(batch):
            return
        if self.memory_rows >= mark * _DROP_ABOVE:
            batch = self._without_ticks(batch)
        if batch:
            queue = self._tail if behind or self._tail else self._head
            queue.append(batch)
            self.memory_rows += rows_in(batch)

    def _without_ticks(self, batch: Batch) -> Batch:
        self.dropped_ticks += sum(len(rows) for stream, rows in batch if stream.droppable)
        return [(stream, rows) for stream, rows in batch if not stream.droppable]

    def _spooled(self, batch: Batch) -> bool:
        if self.spool.size >= self._section.spool_max_mib * MIB:
            self.spool_error = f"spool_max_mib = {self._section.spool_max_mib} is reached"
            return False
        try:
            self.spool.append(batch)
        except OSError as error:
            self.spool_error = str(error)
            return False
        self.spool_error = ""
        self.spooled_rows += rows_in(batch)
        return True

    def first(self) -> tuple[Batch, Read | None]:
        """The oldest batch. ``OSError``: the spool's file cannot be read."""
        if self._head:
            return self._head[0], None
        if self.spool.rows:
            batch, file, offset = self.spool.first()
            return batch, Read(file, offset)
        self._head, self._tail = self._tail, self._head
        return self._head[0], None

    def done(self, batch: Batch, read: Read | None) -> None:
        """``batch``, from ``first``, is in the database."""
        if read is not None:
            self.spool.advance(batch, read.offset)
        else:
            self._head.popleft()
            self.memory_rows -= rows_in(batch)

    def park(self) -> int:
        """Before a stop without a database: everything into the spool, in order. Returns the rows
        that the disk did not take."""
        before = self.spool.rows
        expected = before + self.memory_rows
        try:
            if self._head:
                self.spool.prepend(self._head)
            for batch in self._tail:
                self.spool.append(batch)
        except OSError as error:
            self.spool_error = str(error)
        self.spooled_rows += self.spool.rows - before
        self._head.clear()
        self._tail.clear()
        self.memory_rows = 0
        return expected - self.spool.rows
