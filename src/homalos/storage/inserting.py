"""Batches into tables: one statement for many rows, and the culprits found where one is refused."""

import sqlite3
from collections.abc import Callable

from homalos.storage.connection import is_poison
from homalos.storage.tables import Batch, Stream

STATEMENT_ROWS = 3_000
_LITERAL_ROWS = 300
"""From here on literals pay; below, JSON keeps the interpreter's lock for less."""

Refuse = Callable[[str, bytes, sqlite3.Error], None]
"""Told of each row that the schema refuses: (statement, row, error)."""


def insert_batch(connection: sqlite3.Connection, batch: Batch, refuse: Refuse) -> int:
    """Insert ``batch`` inside the open transaction; returns the rows that the schema refused.

    ``sqlite3.Error``: the database is to blame, nothing of the batch counts (roll back).
    """
    refused = 0
    for stream, rows in batch:
        for start in range(0, len(rows), STATEMENT_ROWS):
            refused += _insert_stream(
                connection, stream, rows[start : start + STATEMENT_ROWS], refuse
            )
    return refused


def _insert_stream(
    connection: sqlite3.Connection, stream: Stream, rows: list[bytes], refuse: Refuse
) -> int:
    if stream.literal is not None and len(rows) >= _LITERAL_ROWS:
        literal = stream.literal(rows)
        if literal is not None and _try(connection, literal, ()) is None:
            return 0
    return max(_insert(connection, sql, rows, refuse) for sql in stream.statements)


def _insert(
    connection: sqlite3.Connection, statement: str, rows: list[bytes], refuse: Refuse
) -> int:
    """Insert ``rows``; where the schema refuses some, halve until the culprits are alone."""
    error = _try(connection, statement, (b"[" + b",".join(rows) + b"]",))
    if error is None:
        return 0
    if len(rows) == 1:
        refuse(statement, rows[0], error)
        return 1
    half = len(rows) // 2
    return _insert(connection, statement, rows[:half], refuse) + _insert(
        connection, statement, rows[half:], refuse
    )


def _try(
    connection: sqlite3.Connection, statement: str, values: tuple[bytes, ...]
) -> sqlite3.Error | None:
    """Run a statement; an error that a row is to blame for is returned, any other raised."""
    try:
        connection.execute(statement, values)
    except sqlite3.Error as error:
        if not is_poison(error):
            raise
        return error
    return None
