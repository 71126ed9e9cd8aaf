"""History queries. Each is one short statement that returns one JSON document as bytes.

``sqlite3`` lets the interpreter's lock go while SQLite makes the document, so a query from a thread
hardly touches the loop; call it through ``asyncio.to_thread`` or from another process. Lists come
newest first with a cursor, ``{"items": [{...}, ...], "next": 123 | null}``; curves come as columns,
oldest first, ``{"ts": [...], "balance": [...], ...}``.
"""

import sqlite3
import threading
from pathlib import Path

from homalos.storage.connection import connect_reader
from homalos.storage.tables import TICK_COLUMNS

LIMIT_MAX = 10_000

_ORDER_COLUMNS = (
    "seq", "id", "intent_id", "account", "strategy", "trading_day", "instrument", "side", "offset",
    "kind", "tif", "price", "lots", "status", "traded_lots", "average_price", "venue_order_id",
    "code", "message", "ts_init", "ts_event", "ts_updated",
)  # fmt: skip
_EVENT_COLUMNS = (
    "seq", "order_id", "event", "ts", "status", "traded_lots", "average_price", "venue_order_id",
    "code", "message", "detail",
)  # fmt: skip
_TRADE_COLUMNS = (
    "seq", "id", "order_id", "account", "strategy", "trading_day", "instrument", "side", "offset",
    "price", "lots", "fee", "closed_profit", "ts_event", "closed_profit_by_trade", "book_result",
)  # fmt: skip
_AUDIT_COLUMNS = (
    "seq", "ts", "trading_day", "kind", "severity", "who", "action", "target", "result",
    "detail",
)  # fmt: skip
_POSITION_COLUMNS = (
    "account", "trading_day", "instrument", "direction", "today_lots", "yesterday_lots",
    "frozen_today", "frozen_yesterday", "average_price", "cost_price", "margin",
    "position_profit", "last_price", "ts", "position_profit_by_trade", "closed_profit",
    "closed_profit_by_trade",
)  # fmt: skip
_BOOK_COLUMNS = (
    "strategy", "trading_day", "instrument", "net_lots", "average_price", "closed_profit",
    "position_profit", "fees", "ts", "cost_price", "closed_profit_by_date",
    "position_profit_by_date", "open_fees",
)  # fmt: skip
_BAR_COLUMNS = (
    "ts_open", "ts_event", "trading_day", "open", "high", "low", "close", "volume", "turnover",
    "open_interest", "open_interest_change", "ticks",
)  # fmt: skip
_ACCOUNT_COLUMNS = (
    "ts", "trading_day", "pre_balance", "deposit", "withdraw", "closed_profit", "position_profit",
    "fees", "margin", "frozen_margin", "balance", "available", "closed_profit_by_trade",
    "position_profit_by_trade",
)  # fmt: skip
_STATEMENT_COLUMNS = (
    "seq", "account", "trading_day", "ts", "result", "layout", "path", "digest", "margin_call",
    "figures", "differences", "corrections", "notes",
)  # fmt: skip
_JSON_COLUMNS = {"detail", "depth", "figures", "differences", "corrections", "notes"}
"""Columns that hold JSON already."""


Values = dict[str, object]


def _value(name: str) -> str:
    return f'json("{name}")' if name in _JSON_COLUMNS else f'"{name}"'


def _page(table: str, columns: tuple[str, ...], conditions: str) -> str:
    """Newest first; one row more than the limit is fetched to know whether there is more."""
    names = ", ".join(f'"{name}"' for name in columns)
    row = ", ".join(f"'{name}', {_value(name)}" for name in columns)
    found = f"SELECT {names} FROM {table} WHERE {conditions}"  # noqa: S608 - our own names
    ranks = "row_number() OVER (ORDER BY seq DESC) AS nth, count(*) OVER () > :limit AS more"
    page = f"{found} ORDER BY seq DESC LIMIT :limit + 1"
    numbered = f"SELECT *, {ranks} FROM ({page}) ORDER BY seq DESC"  # noqa: S608 - as above
    items = f"json_group_array(json_object({row})) FILTER (WHERE nth <= :limit)"
    after = "max(CASE WHEN more AND nth = :limit THEN seq END)"
    document = f"CAST(json_object('items', json({items}), 'next', {after}) AS BLOB)"
    return f"SELECT {document} FROM ({numbered})"  # noqa: S608 - as above


def _columnar(source: str, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f"'{name}', json_group_array({_value(name)})" for name in columns)
    return f"SELECT CAST(json_object({arrays}) AS BLOB) FROM ({source})"  # noqa: S608 - as above


def _conditions(values: Values) -> str:
    """``column = :column`` for each value that is given; ``before`` is the cursor."""
    terms = [
        "seq < :before" if name == "before" else f"{name} = :{name}"
        for name, value in values.items()
        if value is not None and name != "limit"
    ]
    return " AND ".join(terms) or "true"


def _limited(limit: int) -> int:
    return max(1, min(limit, LIMIT_MAX))


class Reader:
    """Queries on ``D/homalos.db``, from any thread, several at once. ``sqlite3.Error`` where the
    file is not there or damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    # ------------------------------------------------------------ lists, newest first

    def orders(
        self,
        *,
        trading_day: int | None = None,
        strategy: str | None = None,
        instrument: str | None = None,
        status: str | None = None,
        before: int | None = None,
        limit: int = 200,
    ) -> bytes:
        """Orders in their latest state."""
        values: Values = {
            "trading_day": trading_day,
            "strategy": strategy,
            "instrument": instrument,
            "status": status,
            "before": before,
        }
        return self._list("orders", _ORDER_COLUMNS, values, limit)

    def order_events(self, order_id: str, *, before: int | None = None, limit: int = 200) -> bytes:
        """What became of one order, step by step; ``detail`` holds the denials."""
        values: Values = {"order_id": order_id, "before": before}
        return self._list("order_events", _EVENT_COLUMNS, values, limit)

    def trades(
        self,
        *,
        trading_day: int | None = None,
        strategy: str | None = None,
        instrument: str | None = None,
        order_id: str | None = None,
        before: int | None = None,
        limit: int = 200,
    ) -> bytes:
        values: Values = {
            "trading_day": trading_day,
            "strategy": strategy,
            "instrument": instrument,
            "order_id": order_id,
            "before": before,
        }
        return self._list("trades", _TRADE_COLUMNS, values, limit)

    def audit(
        self, *, kind: str | None = None, before: int | None = None, limit: int = 200
    ) -> bytes:
        """Audit trail; ``kind`` is command, state, strategy, config, denial, alert, fault,
        connection or reconciliation."""
        return self._list("audit", _AUDIT_COLUMNS, {"kind": kind, "before": before}, limit)

    def statements(
        self, *, trading_day: int | None = None, before: int | None = None, limit: int = 200
    ) -> bytes:
        """Settlement statements, and what came of comparing them."""
        values: Values = {"trading_day": trading_day, "before": before}
        return self._list("statements", _STATEMENT_COLUMNS, values, limit)

    # ------------------------------------------------------------ now

    def positions(self) -> bytes:
        """Open positions of the last snapshot, in columns."""
        source = "SELECT * FROM positions_now ORDER BY instrument, direction"
        return self._query(_columnar(source, _POSITION_COLUMNS), {})

    def books(self) -> bytes:
        """Each strategy's book by contract as last stored, in columns."""
        source = "SELECT * FROM books_now ORDER BY strategy, instrument"
        return self._query(_columnar(source, _BOOK_COLUMNS), {})

    # ------------------------------------------------------------ curves, oldest first

    def bars(
        self,
        instrument: str,
        period: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1_000,
    ) -> bytes:
        """The newest ``limit`` bars that end in ``(start, end]``."""
        source = (
            "SELECT * FROM (SELECT * FROM bars WHERE instrument = :instrument"
            " AND period = :period AND ts_event > :start AND ts_event <= :end"
            " ORDER BY ts_event DESC LIMIT :limit) ORDER BY ts_event"
        )
        values = {"instrument": instrument, "period": period, **_span(start, end, limit)}
        return self._query(_columnar(source, _BAR_COLUMNS), values)

    def ticks(
        self,
        instrument: str,
        trading_day: int,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1_000,
    ) -> bytes:
        """The first ``limit`` ticks of one contract and day in ``(start, end]``."""
        source = (
            "SELECT * FROM ticks WHERE instrument = :instrument AND trading_day = :trading_day"
            " AND ts_event > :start AND ts_event <= :end ORDER BY ts_event, seq LIMIT :limit"
        )
        values = {"instrument": instrument, "trading_day": trading_day, **_span(start, end, limit)}
        return self._query(_columnar(source, ("seq", *TICK_COLUMNS)), values)

    def account_curve(
        self,
        account: str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 1_000,
    ) -> bytes:
        """The account in ``(start, end]``, at most ``limit`` points: the last of each of as many
        equal spans of time, so that a year fits a page."""
        source = (
            "WITH span AS (SELECT min(ts) AS first, max(ts) AS last FROM account"
            " WHERE account = :account AND ts > :start AND ts <= :end)"
            " SELECT account.*, max(ts) FROM account, span"
            " WHERE account = :account AND ts > :start AND ts <= :end"
            " GROUP BY (ts - first) / ((last - first) / :limit + 1) ORDER BY ts"
        )
        values = {"account": account, **_span(start, end, limit)}
        return self._query(_columnar(source, _ACCOUNT_COLUMNS), values)

    # ------------------------------------------------------------ what is there

    def tick_days(self) -> bytes:
        """Trading days that have ticks, oldest first, as an array: stepped over, not scanned."""
        return self._query(
            "WITH RECURSIVE day(d) AS (SELECT min(trading_day) FROM ticks UNION ALL"
            " SELECT (SELECT min(trading_day) FROM ticks WHERE trading_day > d) FROM day"
            " WHERE d IS NOT NULL)"
            " SELECT CAST(json_group_array(d) AS BLOB) FROM day WHERE d IS NOT NULL",
            {},
        )

    # ------------------------------------------------------------ inside

    def _list(self, table: str, columns: tuple[str, ...], values: Values, limit: int) -> bytes:
        query = _page(table, columns, _conditions(values))
        return self._query(query, {**values, "limit": _limited(limit)})

    def _query(self, query: str, values: Values) -> bytes:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("the reader is closed")
            connection = self._idle.pop() if self._idle else None
        connection = connection or connect_reader(self._path)
        try:
            document: bytes = connection.execute(query, values).fetchone()[0]
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return document

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            keep = not self._closed
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()


def _span(start: int | None, end: int | None, limit: int) -> Values:
    return {
        "start": -1 if start is None else start,
        "end": (1 << 63) - 1 if end is None else end,
        "limit": _limited(limit),
    }
