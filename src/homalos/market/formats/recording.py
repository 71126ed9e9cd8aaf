"""What every reader of recorded ticks gives: a market of many contracts, merged in time order."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homalos.model.event import Record
from homalos.model.market import Bar, Depth, Instrument, Tick
from homalos.model.times import MINUTE

PRICES = (
    "last_price",
    "bid_price",
    "ask_price",
    "open_price",
    "high_price",
    "low_price",
    "pre_settlement",
    "pre_close",
    "upper_limit",
    "lower_limit",
    "settlement",
)
AMOUNTS = ("turnover", "open_interest", "pre_open_interest")
LOTS = ("volume", "bid_lots", "ask_lots")
_ORDER = tuple(
    name for name in Tick.__struct_fields__ if name in (*PRICES, *AMOUNTS, *LOTS) or name == "depth"
)
_WINDOW = 5 * MINUTE


class RecordingError(Exception):
    """A recording that cannot be read as it is; the message names the file and the cure."""


class Problem(Record, frozen=True):
    """Rows that were left out for one reason."""

    count: int
    example: str
    """``file:line: what`` of the first."""


class Problems(dict[str, Problem]):
    """By reason."""

    def note(self, reason: str, example: str, count: int = 1) -> None:
        known = self.get(reason)
        if known is None:
            self[reason] = Problem(count, example)
        else:
            self[reason] = Problem(known.count + count, known.example)


def pack(column: NDArray[Any]) -> NDArray[Any]:
    """The same values in the smallest array that holds them: one value, 32-bit integers, or as
    they are. A recorded day of a whole market stays within some tens of megabytes so."""
    if not len(column):
        return column
    first = column[0]
    if bool((column == first).all()) or bool(np.isnan(column).all()):
        return np.broadcast_to(np.array(first), column.shape)
    if bool((np.abs(column) < 2**31).all()) and bool((column == np.floor(column)).all()):
        return column.astype(np.int32)
    return column


class Series:
    """The ticks of one contract, as columns in order of time. A field that is not in ``columns``
    is one that the source does not have; NaN is a value that it did not send."""

    __slots__ = ("columns", "depth", "instrument", "trading_day", "ts")

    def __init__(
        self,
        instrument: Instrument,
        ts: NDArray[np.int64],
        trading_day: NDArray[np.int64],
        columns: dict[str, NDArray[Any]],
        depth: Sequence[NDArray[Any]] = (),
    ) -> None:
        """``depth``: for levels 2 to 5, each bid price, bid lots, ask price, ask lots."""
        order = None
        if len(ts) > 1 and bool((ts[1:] < ts[:-1]).any()):
            order = np.argsort(ts, kind="stable")

        def sort(column: NDArray[Any]) -> NDArray[Any]:
            return pack(column if order is None else column[order])

        self.instrument = instrument
        self.ts = ts if order is None else ts[order]
        self.trading_day = sort(trading_day)
        self.columns = {name: sort(column) for name, column in columns.items()}
        self.depth = tuple(sort(column) for column in depth)

    def levels(self, low: int, high: int) -> list[Depth | None]:
        """The deeper levels of the rows [low, high)."""
        if not self.depth:
            return [None] * (high - low)
        rows = zip(*(column[low:high].tolist() for column in self.depth), strict=True)
        return [_depth(row) for row in rows]


def _depth(row: tuple[float, ...]) -> Depth | None:
    bids = tuple((row[i], int(row[i + 1])) for i in range(0, len(row), 4) if row[i] > 0)
    asks = tuple((row[i + 2], int(row[i + 3])) for i in range(0, len(row), 4) if row[i + 2] > 0)
    return Depth(bids, asks) if bids or asks else None


class Recording:
    """Recorded ticks of many contracts. Iterating gives them in order of time; rows of one time in
    order of contract, then as they stood in the file. May be iterated again."""

    simulated = True
    warmup: tuple[Bar, ...] = ()

    def __init__(
        self, name: str, format_name: str, series: list[Series], problems: Problems
    ) -> None:
        """``RecordingError``: there is not one tick."""
        series = sorted((s for s in series if len(s.ts)), key=lambda s: s.instrument.id)
        if not series:
            told = "; ".join(f"{why}: {p.count} ({p.example})" for why, p in problems.items())
            raise RecordingError(
                f"{name} holds no readable tick. {told} / 没有可读的行情。{told}".strip()
            )
        self.name = name
        self.format = format_name
        self.problems = problems
        self.instruments: tuple[Instrument, ...] = tuple(
            {s.instrument.id: s.instrument for s in series}.values()
        )
        self.days: tuple[int, ...] = tuple(
            sorted({int(day) for s in series for day in np.unique(s.trading_day)})
        )
        self.first_day = self.days[0]
        self.start = min(int(s.ts[0]) for s in series)
        self.end = max(int(s.ts[-1]) for s in series)
        self.rows = sum(len(s.ts) for s in series)
        self._series = series
        present = {field for s in series for field in s.columns}
        if any(s.depth for s in series):
            present.add("depth")
        last = max(_ORDER.index(field) for field in present)
        self._fields = tuple(field if field in present else None for field in _ORDER[: last + 1])

    def __iter__(self) -> Iterator[Tick]:
        at = [0] * len(self._series)
        while True:
            starts = [int(s.ts[i]) for s, i in zip(self._series, at, strict=True) if i < len(s.ts)]
            if not starts:
                return
            limit = min(starts) + _WINDOW
            parts = []
            for number, series in enumerate(self._series):
                low = at[number]
                high = at[number] = int(np.searchsorted(series.ts, limit, side="left"))
                if high > low:
                    parts.append((series, low, high))
            yield from self._merged(parts)

    def _merged(self, parts: list[tuple[Series, int, int]]) -> Iterator[Tick]:
        """The rows of one window of time, in order."""
        ts = np.concatenate([s.ts[low:high] for s, low, high in parts])
        order = np.argsort(ts, kind="stable")
        number = np.repeat(np.arange(len(parts)), [high - low for _, low, high in parts])[order]
        names = [s.instrument.id for s, _, _ in parts]
        days = np.concatenate([s.trading_day[low:high] for s, low, high in parts])
        times = ts[order].tolist()
        return map(
            Tick,
            [names[n] for n in number.tolist()],
            times,
            times,
            days[order].tolist(),
            *(self._column(field, parts, order) for field in self._fields),
        )

    def _column(
        self, field: str | None, parts: list[tuple[Series, int, int]], order: NDArray[np.intp]
    ) -> Any:
        if field is None:
            return repeat(None)
        if field == "depth":
            rows = [level for s, low, high in parts for level in s.levels(low, high)]
            return [rows[i] for i in order.tolist()]
        if field in LOTS:
            lots = [s.columns[field][low:high].astype(np.int64) for s, low, high in parts]
            return np.concatenate(lots)[order].tolist()
        values = [
            s.columns[field][low:high].astype(np.float64)
            if field in s.columns
            else np.full(high - low, np.nan)
            for s, low, high in parts
        ]
        column = np.concatenate(values)[order]
        listed = column.tolist()
        if np.isnan(column).any():
            return [None if value != value else value for value in listed]
        return listed
