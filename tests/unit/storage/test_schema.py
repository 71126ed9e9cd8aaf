"""Migrations: from version 1 to the newest, and what cannot be used is refused in a sentence."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from homalos.model.market import Bar, Instrument
from homalos.model.trading import Account, Order, Position, StrategyBook, Trade
from homalos.storage.schema import MIGRATIONS, Migration, StorageError, migrate, version_of
from homalos.storage.tables import STREAMS, TICK_COLUMNS

NEWEST = MIGRATIONS[-1].version
V1 = Path(__file__).with_name("schema_v1.sql")


def shape(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Columns, keys and views, as SQLite understands them."""
    connection = sqlite3.connect(path)
    try:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        return {
            name: connection.execute(f"SELECT * FROM pragma_table_xinfo('{name}')").fetchall()
            + connection.execute(f"SELECT * FROM pragma_index_xinfo('{name}')").fetchall()
            for (name,) in names
        }
    finally:
        connection.close()


def test_a_database_of_version_1_becomes_the_newest(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    connection = sqlite3.connect(old)
    connection.executescript(V1.read_text(encoding="utf-8"))
    connection.execute(
        "INSERT INTO audit (ts, kind, severity, who, action, target, result)"
        " VALUES (1, 'command', 'info', 'li', 'a', 'b', 'c')"
    )
    connection.commit()
    connection.close()
    assert migrate(old) == migrate(new) == NEWEST
    assert _without_views(shape(new)) == _without_views(shape(old))
    connection = sqlite3.connect(old)
    assert connection.execute("SELECT who FROM audit").fetchall() == [("li",)]
    connection.close()


def _without_views(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Views hold no data and are made again with each new version."""
    return {n: rows for n, rows in found.items() if not n.endswith(("_view", "_now"))}


def _add_column(db: Any) -> None:
    db["trades"].add_column("note", str)


def test_a_later_migration_runs_once_and_keeps_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path)
    more = (*MIGRATIONS, Migration(NEWEST + 1, "note", _add_column))
    assert migrate(path, more) == NEWEST + 1
    assert migrate(path, more) == NEWEST + 1
    connection = sqlite3.connect(path)
    assert version_of(connection) == NEWEST + 1
    assert connection.execute("SELECT note, time FROM trades_view").fetchall() == []
    connection.close()


def test_a_migration_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path)
    before = shape(path)

    def fails(db: Any) -> None:
        _add_column(db)
        db.execute("SELECT nonsense")

    with pytest.raises(StorageError, match="nonsense"):
        migrate(path, (*MIGRATIONS, Migration(NEWEST + 1, "bad", fails)))
    assert shape(path) == before
    assert migrate(path) == NEWEST


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, (*MIGRATIONS, Migration(NEWEST + 1, "note", _add_column)))
    with pytest.raises(StorageError, match="newer Homalos; update, or use another data folder"):
        migrate(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database, " * 500)
    with pytest.raises(StorageError, match="move it away"):
        migrate(path)
    assert path.read_bytes().startswith(b"this is no")


@pytest.mark.parametrize("attempt", range(10))
def test_several_at_once_make_one_database(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / f"{attempt}.db"
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(migrate(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [NEWEST] * 8


def test_a_folder_with_spaces_and_chinese_letters(tmp_path: Path) -> None:
    assert migrate(tmp_path / "我的 数据" / "a#1?.db") == NEWEST


def test_every_field_of_the_model_has_its_column(tmp_path: Path) -> None:
    """A field that is added to the model and forgotten here would be lost silently."""
    migrate(tmp_path / "a.db")
    columns = {t: {row[1] for row in rows} for t, rows in shape(tmp_path / "a.db").items()}
    assert set(TICK_COLUMNS) <= columns["ticks"]
    stored: dict[str, tuple[type[msgspec.Struct], set[str]]] = {
        "bars": (Bar, set()),
        "orders": (Order, set()),
        "trades": (Trade, set()),
        "positions": (Position, set()),
        "books": (StrategyBook, set()),
        "account": (Account, {"id", "ts_event"}),
        "instruments": (Instrument, {"long_margin", "short_margin", "fees"}),
    }
    for table, (struct, elsewhere) in stored.items():
        assert set(struct.__struct_fields__) - elsewhere <= columns[table], table


def test_every_statement_is_one_that_the_schema_takes(tmp_path: Path) -> None:
    migrate(tmp_path / "a.db")
    connection = sqlite3.connect(tmp_path / "a.db")
    for stream in STREAMS.values():
        for statement in stream.statements:
            connection.execute(statement, (b"[]",))
    connection.close()


def test_rows_of_before_have_no_profit_by_trade(tmp_path: Path) -> None:
    """A file of the first version goes on: unknown is NULL, not nothing."""
    path = tmp_path / "a.db"
    migrate(path, MIGRATIONS[:1])
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO trades (id, account, strategy, trading_day, instrument, side, offset, price,"
        " lots, fee, closed_profit, ts_event, ts_init) VALUES"
        " ('1', 'a', 's', 20260105, 'SHFE.rb2605', 'sell', 'close', 3500, 1, 3.5, 100, 1, 1)"
    )
    connection.commit()
    migrate(path)
    rows = connection.execute("SELECT closed_profit, closed_profit_by_trade FROM trades").fetchall()
    assert rows == [(100.0, None)]
    connection.close()
