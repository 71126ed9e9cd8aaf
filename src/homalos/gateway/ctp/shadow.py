"""Shadow mode: what would have been sent, listed and written, and nothing leaves."""

from collections import deque
from pathlib import Path
from typing import Literal

import msgspec

from homalos.model.event import Record
from homalos.model.ids import OrderId
from homalos.model.trading import Order

SHADOW = -9
"""Return code of a request that shadow mode kept: nothing was sent, and no code of CTP's."""
SHADOW_FILE = "ctp-shadow.jsonl"
_LISTED = 1_000


class Entry(Record, frozen=True):
    """One request, as it would have gone over the wire."""

    action: Literal["insert", "cancel"]
    ts: int
    order_id: OrderId
    exchange: str
    symbol: str
    direction: str = ""
    """CTP's codes, as the next five."""
    offset: str = ""
    price_type: str = ""
    time_condition: str = ""
    volume_condition: str = ""
    price: float = 0.0
    lots: int = 0


class Shadow:
    """Keeps the newest entries for who asks, and all of them as lines of JSON in ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: deque[Entry] = deque(maxlen=_LISTED)
        self._cancelled: set[OrderId] = set()

    def insert(self, entry: Entry) -> int:
        self._write(entry)
        return SHADOW

    def cancel(self, order: Order, symbol: str, ts: int) -> int:
        """Listed once for an order: who asks for a cancel asks again until something happens."""
        if order.id not in self._cancelled:
            self._cancelled.add(order.id)
            exchange = order.instrument.partition(".")[0]
            self._write(Entry("cancel", ts, order.id, exchange, symbol))
        return SHADOW

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._newest)

    def _write(self, entry: Entry) -> None:
        self._newest.append(entry)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(msgspec.structs.asdict(entry)) + b"\n")
