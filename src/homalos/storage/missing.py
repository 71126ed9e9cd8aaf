"""What a run published and did not live to write: found at the next start, from the journal's fold.

The writer is some tenths of a second behind, so a process that is killed leaves the last rows of
orders and trades unwritten. The journal has them all; here they are held against the database.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from homalos.model.event import Event
from homalos.model.events import (
    ORDER_FACTS,
    OrderDenied,
    TradeFilled,
)
from homalos.model.trading import Order
from homalos.storage.connection import connect_reader

Row = tuple[object, ...]


def order_row(day: int, fact: Any) -> Row:
    """The row of an order's fact, at the time at which it happened."""
    order: Order = fact.order
    denials = fact.denials if isinstance(fact, OrderDenied) else None
    return type(fact).__name__, order.ts_event or order.ts_init, day, order, denials


def missing(path: Path, facts: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Those of ``facts`` (each with its trading day) that the database does not hold, in order."""
    orders = {f.order.id for _, f in facts if isinstance(f, ORDER_FACTS)}
    days = {f.trade.trading_day for _, f in facts if isinstance(f, TradeFilled)}
    with closing(connect_reader(path)) as db:
        told = Counter(
            db.execute(
                "SELECT order_id, event, status, traded_lots FROM order_events"
                " WHERE order_id IN (SELECT value FROM json_each(?))",
                (_json(orders),),
            )
        )
        booked = set(
            db.execute(
                "SELECT account, trading_day, instrument, id, side FROM trades"
                " WHERE trading_day IN (SELECT value FROM json_each(?))",
                (_json(days),),
            )
        )
    found: list[tuple[int, Event]] = []
    for day, fact in facts:
        if isinstance(fact, TradeFilled):
            trade = fact.trade
            key = (trade.account, trade.trading_day, trade.instrument, trade.id, trade.side.value)
            if key not in booked:
                found.append((day, fact))
        elif isinstance(fact, ORDER_FACTS):
            order = fact.order
            word = (order.id, type(fact).__name__, order.status.value, order.traded_lots)
            if told[word] <= 0:
                found.append((day, fact))
            told[word] -= 1
    return found


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()
