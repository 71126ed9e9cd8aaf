"""Stored one-minute bars back out of the database: a live start's history."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from homalos.model.ids import InstrumentId
from homalos.model.market import Bar
from homalos.storage.connection import connect_reader

_LAST = (
    f"SELECT {', '.join(Bar.__struct_fields__)} FROM bars"  # noqa: S608 - names of our own
    " WHERE instrument = ? AND period = '1m' ORDER BY ts_event DESC LIMIT ?"
)


def last_bars(path: Path, instruments: Iterable[InstrumentId], count: int) -> list[Bar]:
    """The last ``count`` one-minute bars of each contract, oldest first; none where there is no
    database yet."""
    if not path.is_file():
        return []
    bars: list[Bar] = []
    with closing(connect_reader(path)) as connection:
        for instrument in instruments:
            rows = connection.execute(_LAST, (instrument, count)).fetchall()
            bars += (Bar(instrument, *row[1:]) for row in reversed(rows))
    return bars
