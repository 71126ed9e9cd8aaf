"""Tick to order at the ABI, as the drop-in libraries write it into a shared file.

The market-data library writes when it called ``OnRtnDepthMarketData``, the trading library when
``ReqOrderInsert`` was entered. A program that is to be measured gets the file's path in the
environment, ``HOMALOS_CTP_LATENCY``; the file must be there before it creates its API objects.
Times are of CLOCK_MONOTONIC in nanoseconds, as ``time.perf_counter_ns``. The layout is that of
``src/native/dropin/latency.h``; a test compares them.
"""

import mmap
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["VARIABLE", "LatencyFile"]

VARIABLE = "HOMALOS_CTP_LATENCY"
MAGIC = 0x31595441_4C4D4F48
SLOTS, TICKS, ORDERS = 1 << 13, 1 << 19, 1 << 17
COUNTS_AT = 64, 128
SLOT = struct.Struct("<Qq88sQ16x")
TICK = struct.Struct("<qQ")
ORDER = struct.Struct("<qq")
SLOTS_AT = 192
TICKS_AT = SLOTS_AT + SLOTS * SLOT.size
ORDERS_AT = TICKS_AT + TICKS * TICK.size
SIZE = -(-(ORDERS_AT + ORDERS * ORDER.size) // 64) * 64


class LatencyFile:
    """One such file, made if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file() or path.stat().st_size != SIZE:
            with path.open("wb") as file:
                file.write(MAGIC.to_bytes(8, "little"))
                file.truncate(SIZE)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)

    def reset(self) -> None:
        """Forgets what was written. Not while somebody writes."""
        self._map[8:SIZE] = bytes(SIZE - 8)

    def orders(self) -> list[tuple[int, int]]:
        """Of each order, the oldest first: when the last tick of its contract was given, and when
        the order came. The last 131,072 of them; an order without a tick is left out."""
        rows = self._ring(COUNTS_AT[1], ORDERS_AT, ORDERS, ORDER)
        return [(tick, order) for tick, order in rows if tick and order]

    def ticks(self) -> list[tuple[str, int]]:
        """Contract and time of each tick, the oldest first; the last 524,288 of them."""
        names = self._names()
        rows = self._ring(COUNTS_AT[0], TICKS_AT, TICKS, TICK)
        return [(names[slot], ns) for ns, slot in rows if ns and slot in names]

    def _ring(self, count_at: int, at: int, room: int, row: struct.Struct) -> list[tuple[int, int]]:
        (count,) = struct.unpack_from("<Q", self._map, count_at)
        rows = range(max(0, count - room), count)
        return [row.unpack_from(self._map, at + n % room * row.size) for n in rows]

    def _names(self) -> dict[int, str]:
        found = {}
        for slot in range(SLOTS):
            _, _, name, named = SLOT.unpack_from(self._map, SLOTS_AT + slot * SLOT.size)
            if named:
                found[slot] = name.split(b"\0", 1)[0].decode("ascii", "replace")
        return found

    def close(self) -> None:
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
