"""Tables of ``homalos.db``, their migrations, and the views for people.

Times are integer nanoseconds (UTC), days ``yyyymmdd``; the views add China's time as text.
A migration is applied once, in a transaction with its entry in ``schema_migrations``. Views hold
no data: they are made again whenever the version changes.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from homalos.kernel.clock import monotonic_ns, sleep, wall_ns
from homalos.model.times import SECOND

FILE_NAME = "homalos.db"
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
_BUSY_S = 5.0  # how long another program may hold the file


class StorageError(Exception):
    """The database cannot be used as it is; the message names the file and the cure."""


class Migration(NamedTuple):
    version: int
    name: str
    apply: Callable[[Any], None]


_TICK = {
    "seq": int,
    "instrument": str,
    "ts_event": int,
    "ts_init": int,
    "trading_day": int,
    "last_price": float,
    "volume": int,
    "turnover": float,
    "open_interest": float,
    "bid_price": float,
    "bid_lots": int,
    "ask_price": float,
    "ask_lots": int,
    "open_price": float,
    "high_price": float,
    "low_price": float,
    "pre_settlement": float,
    "pre_close": float,
    "pre_open_interest": float,
    "upper_limit": float,
    "lower_limit": float,
    "settlement": float,
    "depth": str,
}
_TICK_NEEDS = {
    "instrument", "ts_event", "ts_init", "trading_day", "volume", "bid_lots", "ask_lots",
}  # fmt: skip

_BAR = {
    "instrument": str,
    "period": str,
    "ts_open": int,
    "ts_event": int,
    "ts_init": int,
    "trading_day": int,
    "open": float,
    "high": float,
    "low": float,
    "close": float,
    "volume": int,
    "turnover": float,
    "open_interest": float,
    "open_interest_change": float,
    "ticks": int,
}
_INSTRUMENT = {
    "id": str,
    "trading_day": int,
    "exchange": str,
    "symbol": str,
    "product": str,
    "name": str,
    "multiplier": float,
    "tick_size": float,
    "min_lots": int,
    "max_limit_lots": int,
    "max_market_lots": int,
    "delivery_month": int,
    "limit_ratio": float,
    "splits_today": int,
    "detail": str,
}
_ORDER = {
    "seq": int,
    "id": str,
    "intent_id": str,
    "account": str,
    "strategy": str,
    "trading_day": int,
    "instrument": str,
    "side": str,
    "offset": str,
    "kind": str,
    "tif": str,
    "price": float,
    "lots": int,
    "status": str,
    "traded_lots": int,
    "booked_lots": int,
    "average_price": float,
    "venue_order_id": str,
    "code": int,
    "message": str,
    "cancel_requested": int,
    "ts_init": int,
    "ts_trigger": int,
    "ts_event": int,
    "ts_updated": int,
}
_ORDER_EVENT = {
    "seq": int,
    "order_id": str,
    "event": str,
    "ts": int,
    "trading_day": int,
    "status": str,
    "traded_lots": int,
    "average_price": float,
    "venue_order_id": str,
    "code": int,
    "message": str,
    "detail": str,
}
_TRADE = {
    "seq": int,
    "id": str,
    "order_id": str,
    "venue_order_id": str,
    "account": str,
    "strategy": str,
    "trading_day": int,
    "instrument": str,
    "side": str,
    "offset": str,
    "price": float,
    "lots": int,
    "fee": float,
    "closed_profit": float,
    "ts_event": int,
    "ts_init": int,
}
_POSITION = {
    "account": str,
    "trading_day": int,
    "instrument": str,
    "direction": str,
    "today_lots": int,
    "yesterday_lots": int,
    "frozen_today": int,
    "frozen_yesterday": int,
    "average_price": float,
    "cost_price": float,
    "margin": float,
    "position_profit": float,
    "last_price": float,
    "ts": int,
}
_BOOK = {
    "strategy": str,
    "trading_day": int,
    "instrument": str,
    "net_lots": int,
    "average_price": float,
    "closed_profit": float,
    "position_profit": float,
    "fees": float,
    "ts": int,
}
_ACCOUNT = {
    "seq": int,
    "account": str,
    "ts": int,
    "trading_day": int,
    "pre_balance": float,
    "deposit": float,
    "withdraw": float,
    "closed_profit": float,
    "position_profit": float,
    "fees": float,
    "margin": float,
    "frozen_margin": float,
    "frozen_fees": float,
    "balance": float,
    "available": float,
}
_AUDIT = {
    "seq": int,
    "ts": int,
    "trading_day": int,
    "kind": str,
    "severity": str,
    "who": str,
    "action": str,
    "target": str,
    "result": str,
    "detail": str,
}
_IMPORT = {
    "hash": str,
    "path": str,
    "format": str,
    "first_seq": int,
    "last_seq": int,
    "rows": int,
    "report": str,
    "ts_started": int,
    "ts_finished": int,
}


def _create_tables(db: Any) -> None:
    def table(
        name: str, columns: dict[str, type], pk: str | tuple[str, ...], optional: set[str]
    ) -> None:
        needed = set(columns) - optional - ({pk} if pk == "seq" else set())
        db[name].create(columns, pk=pk, not_null=needed, strict=True)

    table("instruments", _INSTRUMENT, ("id", "trading_day"), set())
    table("ticks", _TICK, "seq", set(_TICK) - _TICK_NEEDS)
    table(
        "bars",
        _BAR,
        ("instrument", "period", "ts_event"),
        {"turnover", "open_interest", "open_interest_change"},
    )
    table("orders", _ORDER, "seq", {"trading_day", "average_price", "venue_order_id"})
    table(
        "order_events",
        _ORDER_EVENT,
        "seq",
        {"trading_day", "average_price", "venue_order_id", "detail"},
    )
    table("trades", _TRADE, "seq", {"order_id", "venue_order_id"})
    table(
        "positions",
        _POSITION,
        ("account", "trading_day", "instrument", "direction"),
        {"last_price"},
    )
    table("books", _BOOK, ("strategy", "trading_day", "instrument"), set())
    table("account", _ACCOUNT, "seq", set())
    table("audit", _AUDIT, "seq", {"trading_day", "detail"})
    table("imports", _IMPORT, "hash", {"first_seq", "last_seq", "report", "ts_finished"})
    table("store_state", {"key": str, "value": str}, "key", set())
    _create_indexes(db)


def _create_indexes(db: Any) -> None:
    # Two for ticks: one contract's day, and the whole market of a day in time order (the rowid,
    # which is `seq`, ends every index, so equal times come in order of arrival).
    db["ticks"].create_index(["instrument", "trading_day", "ts_event"])
    db["ticks"].create_index(["trading_day", "ts_event"])
    db["orders"].create_index(["id"], unique=True)
    db["orders"].create_index(["trading_day"])
    db["order_events"].create_index(["order_id"])
    db["trades"].create_index(["account", "trading_day", "instrument", "id", "side"], unique=True)
    db["trades"].create_index(["order_id"])
    db["account"].create_index(["account", "ts"])
    db["audit"].create_index(["kind"])


_BY_TRADE_AND_DATE: dict[str, tuple[str, ...]] = {
    "trades": ("closed_profit_by_trade",),
    "positions": ("position_profit_by_trade", "closed_profit", "closed_profit_by_trade"),
    "books": ("cost_price", "closed_profit_by_date", "position_profit_by_date"),
    "account": ("closed_profit_by_trade", "position_profit_by_trade"),
}
"""Profits both by date and by trade. Rows of before have NULL: nobody knows."""


def _add_depth(db: Any) -> None:
    for table, columns in _BY_TRADE_AND_DATE.items():
        for column in columns:
            db[table].add_column(column, float)
    db["orders"].add_column("to_limit", int)
    db["instruments"].add_column("single_side", int)


def _add_last_day(db: Any) -> None:
    db["instruments"].add_column("last_trading_day", int)


_STATEMENT = {
    "seq": int,
    "account": str,
    "trading_day": int,
    "ts": int,
    "result": str,
    "layout": str,
    "path": str,
    "digest": str,
    "margin_call": float,
    "figures": str,
    "differences": str,
    "corrections": str,
    "notes": str,
}
"""The last four hold JSON."""


def _add_statements(db: Any) -> None:
    needed = set(_STATEMENT) - {"seq", "margin_call"}
    db["statements"].create(_STATEMENT, pk="seq", not_null=needed, strict=True)
    db["statements"].create_index(["account", "trading_day"], unique=True)


def _add_book_results(db: Any) -> None:
    db["trades"].add_column("book_result", float)
    db["books"].add_column("open_fees", float)


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "tables", _create_tables),
    Migration(2, "profits by trade and by date, margin relief, orders to the limit", _add_depth),
    Migration(3, "last trading days", _add_last_day),
    Migration(4, "settlement statements", _add_statements),
    Migration(5, "what each close made for its strategy's book", _add_book_results),
)


def _china(column: str) -> str:
    return (
        f"strftime('%Y-%m-%d %H:%M:%S', {column} / 1000000000 + 28800, 'unixepoch')"
        f" || printf('.%03d', {column} / 1000000 % 1000)"
    )


def _timed(table: str, column: str) -> str:
    return f"SELECT {_china(column)} AS time, * FROM {table}"  # noqa: S608 - names of our own


_VIEWS = {
    "ticks_view": _timed("ticks", "ts_event"),
    "bars_view": _timed("bars", "ts_open"),
    "orders_view": _timed("orders", "ts_init"),
    "trades_view": _timed("trades", "ts_event"),
    "audit_view": _timed("audit", "ts"),
    "account_view": _timed("account", "ts"),
    "statements_view": _timed("statements", "ts"),
    # A snapshot holds every position, so those of an older one are gone.
    "positions_now": (
        "SELECT * FROM positions AS p WHERE today_lots + yesterday_lots > 0"
        " AND ts = (SELECT max(ts) FROM account AS a WHERE a.account = p.account)"
    ),
    "books_now": (
        "SELECT * FROM books AS b WHERE trading_day = (SELECT max(trading_day) FROM books AS c"
        " WHERE c.strategy = b.strategy AND c.instrument = b.instrument)"
    ),
}


def _create_views(db: sqlite3.Connection) -> None:
    for name, query in _VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(f"CREATE VIEW {name} AS {query}")


def version_of(db: sqlite3.Connection) -> int:
    """Version of an open database; 0 when it is empty."""
    found = db.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
    ).fetchone()
    if found is None:
        return 0
    return int(db.execute("SELECT coalesce(max(version), 0) FROM schema_migrations").fetchone()[0])


def migrate(path: Path, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Make ``path`` a database of the newest version and return that version.

    ``StorageError``: SQLite is too old, the file is no database, it was written by a newer
    Homalos, or another program holds it.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StorageError(
            f"SQLite {sqlite3.sqlite_version} is too old (needs 3.37): use a newer Python build"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    try:
        _switch_to_wal(connection)
        return _migrate(connection, path, migrations)
    except sqlite3.Error as error:
        raise StorageError(
            f"{path}: {error}. If another program holds it, close that; if the file is damaged, "
            "move it away (a new one is made) or restore a copy"
        ) from error
    finally:
        connection.close()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Wait for whoever does the same: SQLite's own waiting does not cover this statement."""
    give_up = monotonic_ns() + int(_BUSY_S * SECOND)
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic_ns() > give_up:
                raise
            sleep(0.02)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: tuple[Migration, ...]) -> int:
    newest = migrations[-1].version
    if version_of(connection) == newest:
        return newest
    connection.execute("BEGIN IMMEDIATE")  # another process may be doing the same
    try:
        version = version_of(connection)
        if version > newest:
            raise StorageError(
                f"{path} has version {version}, this program knows up to {newest}: "
                "it was written by a newer Homalos; update, or use another data folder"
            )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, ts INTEGER NOT NULL) STRICT"
        )
        for step in (m for m in migrations if m.version > version):
            step.apply(Database(connection))
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                (step.version, step.name, wall_ns()),
            )
        _create_views(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return newest
