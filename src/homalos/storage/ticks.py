"""Stored ticks back out of the database, in time order, for a replay of ``store:DAY``."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from homalos.model.ids import InstrumentId
from homalos.model.market import Depth, Instrument, Tick
from homalos.storage.connection import connect_reader
from homalos.storage.schema import FILE_NAME, StorageError
from homalos.storage.tables import TICK_COLUMNS

_CHUNK = 8_192
_decode_depth = msgspec.json.Decoder(Depth).decode
_decode_instrument = msgspec.json.Decoder(Instrument).decode

_NEXT = (
    f"SELECT seq, {', '.join(TICK_COLUMNS)} FROM ticks"  # noqa: S608 - names of our own
    " WHERE trading_day = :day AND (ts_event, seq) > (:ts, :seq)"
    " ORDER BY ts_event, seq LIMIT :limit"
)
_INSTRUMENTS = (
    "SELECT detail FROM instruments AS i WHERE id IN (SELECT instrument FROM found)"
    " AND trading_day = coalesce("
    "  (SELECT max(trading_day) FROM instruments WHERE id = i.id AND trading_day <= :day),"
    "  (SELECT min(trading_day) FROM instruments WHERE id = i.id))"
    " ORDER BY id"
)
_FOUND = (  # the contracts of a day, stepped over rather than counted through
    "WITH RECURSIVE step(instrument) AS ("
    " SELECT min(instrument) FROM ticks UNION ALL"
    " SELECT (SELECT min(instrument) FROM ticks WHERE instrument > step.instrument) FROM step"
    " WHERE step.instrument IS NOT NULL),"
    " found AS (SELECT instrument FROM step WHERE EXISTS (SELECT 1 FROM ticks AS t"
    " WHERE t.instrument = step.instrument AND t.trading_day = :day)) "
)


class TickReader:
    """The ticks of one trading day, all contracts, in order of ``(ts_event, arrival)``.

    Read in chunks, each a statement of its own: memory stays small, and no long read keeps the
    write-ahead log from being folded. ``StorageError``: no such file, or no ticks of that day.
    May be iterated again.
    """

    def __init__(self, path: Path, day: int) -> None:
        self._path = path / FILE_NAME if path.is_dir() else path
        self.day = day
        with _open(self._path) as connection:
            rows = connection.execute(_FOUND + _INSTRUMENTS, {"day": day}).fetchall()
            first = connection.execute(
                "SELECT min(ts_event) FROM ticks WHERE trading_day = ?", (day,)
            ).fetchone()[0]
            if first is None:
                raise StorageError(f"{self._path} has no ticks of {day}; {_stored(connection)}")
        self.start: int = first
        self.instruments: tuple[Instrument, ...] = tuple(_decode_instrument(r[0]) for r in rows)
        """As listed on that day, else as known next to it; a contract never listed is missing."""

    def __iter__(self) -> Iterator[Tick]:
        names: dict[str, InstrumentId] = {}
        values = {"day": self.day, "ts": -1, "seq": -1, "limit": _CHUNK}
        with _open(self._path) as connection:
            while rows := connection.execute(_NEXT, values).fetchall():
                for _, instrument, *rest in rows:
                    if rest[-1] is not None:
                        rest[-1] = _decode_depth(rest[-1])
                    name = names.get(instrument)
                    if name is None:
                        name = names[instrument] = InstrumentId(instrument)
                    yield Tick(name, *rest)
                values["seq"], values["ts"] = rows[-1][0], rows[-1][2]


def _open(path: Path) -> closing[sqlite3.Connection]:
    if not path.is_file():
        raise StorageError(f"there is no database {path}: run or import something into it first")
    return closing(connect_reader(path))


def _stored(connection: sqlite3.Connection) -> str:
    days = [
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT trading_day FROM ticks ORDER BY trading_day DESC LIMIT 10"
        )
    ]
    return f"it has {', '.join(map(str, days))}" if days else "it has none at all"
