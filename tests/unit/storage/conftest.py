import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from homalos.config.sections.storage import StorageSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.storage.store import Store

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def bus() -> Bus:
    return Bus(SimClock(1_000))


@pytest.fixture
def store(bus: Bus, tmp_path: Path) -> Iterator[Store]:
    """Open and attached; ``close`` in the test writes to the last row."""
    made = Store(bus, tmp_path / "homalos.db", StorageSection())
    made.attach()
    made.open()
    yield made
    made.close()


@pytest.fixture
def query(tmp_path: Path) -> Query:
    """Ask the database of ``store``, from outside."""

    def ask(sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(tmp_path / "homalos.db")
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    return ask
