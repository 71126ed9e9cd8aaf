"""Connections to ``homalos.db`` and the meaning of their errors."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from homalos.config.sections.storage import StorageSection

MIB = 1 << 20

Connect = Callable[[Path, StorageSection], sqlite3.Connection]

_CAUSES = {
    sqlite3.SQLITE_FULL: "the disk is full, make room",
    sqlite3.SQLITE_BUSY: "another program holds the database locked, close it",
    sqlite3.SQLITE_LOCKED: "another connection holds the table locked",
    sqlite3.SQLITE_IOERR: "input/output error, look at the disk",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened, look at the folder and its rights",
    sqlite3.SQLITE_READONLY: "the file may not be written, look at its rights",
    sqlite3.SQLITE_PERM: "the file may not be written, look at its rights",
    sqlite3.SQLITE_CORRUPT: "the file is damaged, restore a copy or move it away",
    sqlite3.SQLITE_NOTADB: "the file is no database, restore a copy or move it away",
}


def connect_writer(path: Path, section: StorageSection) -> sqlite3.Connection:
    """The one writing connection: WAL, NORMAL (synced at checkpoints), checkpoints by our hand."""
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        timeout=section.busy_timeout_ms / 1_000,
        cached_statements=4,  # some are 100 KiB long and never come again
    )
    try:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 0",
            "journal_size_limit = 0",  # after a full checkpoint the WAL shrinks, so its size tells
            f"cache_size = -{section.cache_mib * 1024}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Read-only, of any thread (one at a time). ``sqlite3.OperationalError``: no such file."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=5.0,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


def is_poison(error: sqlite3.Error) -> bool:
    """Whether a row is to blame rather than the disk, the lock or the file."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return True
    return isinstance(error, sqlite3.OperationalError) and "malformed JSON" in str(error)


def cause_of(error: BaseException) -> str:
    """The error in a person's words, with the cure where there is one."""
    code = getattr(error, "sqlite_errorcode", None)
    known = _CAUSES.get(code & 0xFF) if isinstance(code, int) else None
    return f"{known} ({error})" if known else f"{type(error).__name__}: {error}"
