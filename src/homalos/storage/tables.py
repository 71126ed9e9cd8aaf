"""How a row travels: encoded once as a JSON array when its event arrives, inserted by one statement
a batch that reads a JSON array of such rows. Ticks, when many wait, are written as SQL literals
instead: SQLite parses those twice as fast as it extracts from JSON (220 k against 120 k rows/s).

A ``Stream`` is one shape of row and the statements that it feeds. The place of a column in the row
follows from the fields of the struct that it is encoded from, so a new field cannot shift another.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from homalos.model.market import Bar, Instrument, Tick
from homalos.model.trading import Account, Order, Position, StrategyBook, Trade
from homalos.storage.statements import COLUMNS as STATEMENT_COLUMNS

encode = msgspec.json.Encoder().encode
"""NaN and infinities become null; everything is an array in the order of the fields."""

Columns = tuple[tuple[str, str], ...]
"""(column, path of its value in the row)."""


class Stream(NamedTuple):
    """One shape of row. ``statements`` take one parameter: a JSON array of rows, as bytes."""

    name: str
    statements: tuple[str, ...]
    droppable: bool = False
    """Only ticks: when disk and memory are full they are given up first, counted."""
    literal: Callable[[list[bytes]], str | None] | None = None
    """One statement without parameters for many rows; ``None`` where they hold more than numbers
    and one plain name."""


Batch = list[tuple[Stream, list[bytes]]]


def places(struct: type[msgspec.Struct], prefix: str = "$") -> dict[str, str]:
    """Path of each field in the JSON array of ``struct`` (an event's array begins with its tag)."""
    first = 1 if struct.__struct_config__.tag is not None else 0
    return {name: f"{prefix}[{i}]" for i, name in enumerate(struct.__struct_fields__, first)}


def _same(place: dict[str, str], names: Iterable[str]) -> Columns:
    return tuple((name, place[name]) for name in names)


def _all(struct: type[msgspec.Struct], prefix: str, without: tuple[str, ...] = ()) -> Columns:
    return tuple((n, p) for n, p in places(struct, prefix).items() if n not in without)


def insert(table: str, columns: Columns, key: tuple[str, ...] = (), keep: str = "") -> str:
    """One statement for a batch. With ``key`` it is an upsert on it; ``keep`` is a column whose
    first known value stays."""
    names = ", ".join(f'"{name}"' for name, _ in columns)
    values = ", ".join(f"json_extract(value, '{path}')" for _, path in columns)
    rows = "json_each(CAST(?1 AS TEXT)) WHERE true"
    sql = f"INSERT INTO {table} ({names}) SELECT {values} FROM {rows}"  # noqa: S608 - our own names
    if not key:
        return sql
    changes = ", ".join(
        f'"{name}" = excluded."{name}"'
        if name != keep
        else f'"{name}" = coalesce({table}."{name}", excluded."{name}")'
        for name, _ in columns
        if name not in key
    )
    return f"{sql} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


# ------------------------------------------------------------------ ticks and bars

TICK_COLUMNS: tuple[str, ...] = tuple(f for f in Tick.__struct_fields__ if f != "ts_native")
_NARROW = TICK_COLUMNS[: TICK_COLUMNS.index("open_price")]
NARROW_TAIL = b",null" * (len(TICK_COLUMNS) - len(_NARROW)) + b",0]"
"""End of a tick's row when its source has level one only: it needs 12 columns instead of 22, and
an extracted column costs 0.3 us."""

_TAG = b'["Tick",'
_QUOTES = 4  # of the tag and the instrument; any other string in a row has two more


def _plain(joined: bytes, rows: int) -> bool:
    """Whether all strings of ``joined`` are tags and names that need no escape, so that they mean
    the same between SQL's quotes, and no row holds an array."""
    return (
        joined.count(b'"') == rows * _QUOTES
        and joined.count(b"[") == rows
        and b"'" not in joined
        and b"\\" not in joined
    )


def _narrow_literal(rows: list[bytes]) -> str | None:
    joined = b",".join(rows)
    if not _plain(joined, len(rows)):
        return None
    values = joined.replace(NARROW_TAIL, b")").replace(_TAG, b"(").replace(b'"', b"'")
    return f"INSERT INTO ticks ({', '.join(_NARROW)}) VALUES {values.decode()}"  # noqa: S608


def _wide_literal(rows: list[bytes]) -> str | None:
    joined = b",".join(rows)
    if not _plain(joined, len(rows)):
        return None
    values = joined.replace(_TAG, b"(").replace(b"]", b")").replace(b'"', b"'")
    # the last value is ts_native, which is not stored
    columns = ", ".join(f"column{n}" for n in range(1, len(TICK_COLUMNS) + 1))
    names = ", ".join(TICK_COLUMNS)
    source = f"SELECT {columns} FROM (VALUES {values.decode()})"  # noqa: S608 - numbers, checked
    return f"INSERT INTO ticks ({names}) {source}"


_TICK_PLACE = places(Tick)
TICKS = Stream("ticks", (insert("ticks", _same(_TICK_PLACE, TICK_COLUMNS)),), True, _wide_literal)
NARROW_TICKS = Stream(
    "narrow_ticks", (insert("ticks", _same(_TICK_PLACE, _NARROW)),), True, _narrow_literal
)
BARS = Stream("bars", (insert("bars", _all(Bar, "$"), ("instrument", "period", "ts_event")),))

# ------------------------------------------------------------------ rows made of several values

# (trading_day, instrument)
INSTRUMENTS = Stream(
    "instruments",
    (
        insert(
            "instruments",
            (
                ("trading_day", "$[0]"),
                *_all(Instrument, "$[1]", ("long_margin", "short_margin", "fees")),
                ("detail", "$[1]"),
            ),
            ("id", "trading_day"),
        ),
    ),
)

# (event, ts, trading_day, order, denials)
_ORDER_PLACE = places(Order, "$[3]")
ORDERS = Stream(
    "orders",
    (
        insert(
            "order_events",
            (
                ("event", "$[0]"),
                ("ts", "$[1]"),
                ("trading_day", "$[2]"),
                ("order_id", _ORDER_PLACE["id"]),
                *_same(
                    _ORDER_PLACE,
                    ("status", "traded_lots", "average_price", "venue_order_id", "code", "message"),
                ),
                ("detail", "$[4]"),
            ),
        ),
        insert(
            "orders",
            (("ts_updated", "$[1]"), ("trading_day", "$[2]"), *_all(Order, "$[3]")),
            ("id",),
            keep="trading_day",
        ),
    ),
)

TRADES = Stream(
    "trades",
    (
        insert(
            "trades",
            _all(Trade, "$"),
            ("account", "trading_day", "instrument", "id", "side"),
        ),
    ),
)

# (ts, trading_day, position)
POSITIONS = Stream(
    "positions",
    (
        insert(
            "positions",
            (("ts", "$[0]"), ("trading_day", "$[1]"), *_all(Position, "$[2]")),
            ("account", "trading_day", "instrument", "direction"),
        ),
    ),
)

# (ts, trading_day, book)
BOOKS = Stream(
    "books",
    (
        insert(
            "books",
            (("ts", "$[0]"), ("trading_day", "$[1]"), *_all(StrategyBook, "$[2]")),
            ("strategy", "trading_day", "instrument"),
        ),
    ),
)

# (ts, account)
_ACCOUNT_PLACE = places(Account, "$[1]")
ACCOUNT = Stream(
    "account",
    (
        insert(
            "account",
            (
                ("ts", "$[0]"),
                ("account", _ACCOUNT_PLACE["id"]),
                *_all(Account, "$[1]", ("id", "ts_event")),
            ),
        ),
    ),
)

# (ts, trading_day, kind, severity, who, action, target, result, detail)
AUDIT = Stream(
    "audit",
    (
        insert(
            "audit",
            tuple(
                (name, f"$[{i}]")
                for i, name in enumerate(
                    (
                        "ts", "trading_day", "kind", "severity", "who", "action", "target",
                        "result", "detail",
                    )
                )
            ),
        ),
    ),
)  # fmt: skip

STATEMENTS = Stream(
    "statements",
    (
        insert(
            "statements",
            tuple((name, f"$[{i}]") for i, name in enumerate(STATEMENT_COLUMNS)),
            ("account", "trading_day"),
        ),
    ),
)

STREAMS: dict[str, Stream] = {
    s.name: s
    for s in (
        TICKS, NARROW_TICKS, BARS, INSTRUMENTS, ORDERS, TRADES, POSITIONS, BOOKS, ACCOUNT, AUDIT,
        STATEMENTS,
    )
}  # fmt: skip
