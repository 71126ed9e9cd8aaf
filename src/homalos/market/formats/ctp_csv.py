"""``ctp-csv``: the fields of ``CThostFtdcDepthMarketDataField`` as CSV with a header.

``N/A``, an empty cell, DBL_MAX and (for prices) 0 mean that there is no value. A file may hold
several trading days and several contracts. Dates follow (TradingDay, session calendar), never
ActionDay, which is another thing on each exchange; CZCE's night rows, which bear the natural day,
are set right. Turnover is turned into yuan where the multiplier lacks.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from homalos.market.formats.recording import PRICES, Problems, Series
from homalos.market.normalise import (
    Floats,
    Ints,
    amounts,
    czce_nights,
    instants,
    prices,
    turnover_factor,
)
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.market import Instrument
from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND

NAME = "ctp-csv"
_NUMBERS = {
    "LastPrice": "last_price",
    "PreSettlementPrice": "pre_settlement",
    "PreClosePrice": "pre_close",
    "PreOpenInterest": "pre_open_interest",
    "OpenPrice": "open_price",
    "HighestPrice": "high_price",
    "LowestPrice": "low_price",
    "Volume": "volume",
    "Turnover": "turnover",
    "OpenInterest": "open_interest",
    "SettlementPrice": "settlement",
    "UpperLimitPrice": "upper_limit",
    "LowerLimitPrice": "lower_limit",
    "BidPrice1": "bid_price",
    "BidVolume1": "bid_lots",
    "AskPrice1": "ask_price",
    "AskVolume1": "ask_lots",
}
_LEVELS = tuple(
    f"{side}{what}{level}"
    for level in range(2, 6)
    for side in ("Bid", "Ask")
    for what in ("Price", "Volume")
)
_NEEDED = ("TradingDay", "InstrumentID", "UpdateTime", "LastPrice", "Volume")
_BLOCK = 4_096
_NONE = frozenset(("", "N/A", "n/a", "None", "null"))
_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})")
_EXCHANGE = re.compile(r"([A-Z]{3,5})\.")

Cells = dict[str, tuple[str, ...]]


def sniff(lines: list[str]) -> bool:
    """Whether a file that begins with these lines is of this format."""
    header = lines[0].replace('"', "").split(",") if lines else []
    return all(name in header for name in _NEEDED)


class _Contract:
    """The columns of one contract of one file, in the making."""

    def __init__(self) -> None:
        self.dates: list[Ints] = []
        """Trading day, action day, time of day."""
        self.numbers: dict[str, list[Floats]] = {}

    def add(self, dates: Ints, numbers: dict[str, Floats]) -> None:
        self.dates.append(dates)
        for name, column in numbers.items():
            self.numbers.setdefault(name, []).append(column)


def read(
    name: str, stream: BinaryIO, products: Products, sessions: Sessions, problems: Problems
) -> list[Series]:
    """The ticks of one file. Rows that cannot be read are noted in ``problems``."""
    contracts: dict[tuple[str, str], _Contract] = {}
    for first_line, cells in _blocks(name, stream, problems):
        _take_block(name, first_line, cells, contracts, problems)
    series = []
    for (told, symbol), contract in contracts.items():
        dates = np.concatenate(contract.dates, axis=1)
        numbers = {field: np.concatenate(parts) for field, parts in contract.numbers.items()}
        exchange = told or _exchange_in(name) or products.exchange_of(symbol) or ""
        instrument = _instrument(exchange, symbol, dates, products)
        if instrument is None:
            where = f"{name}: {symbol} is not in products.yaml"
            problems.note("unknown_product", where, dates.shape[1])
            continue
        made = _series(name, instrument, dates, numbers, sessions, problems)
        if made is not None:
            series.append(made)
    return series


def _exchange_in(name: str) -> str | None:
    match = _EXCHANGE.match(name)
    return match[1] if match else None


def _instrument(exchange: str, symbol: str, dates: Ints, products: Products) -> Instrument | None:
    if not exchange:
        return None
    day = int(dates[0, 0])
    try:
        return products.instrument(products.canonical(exchange, symbol, day), day)
    except ValueError:
        return None


def _blocks(name: str, stream: BinaryIO, problems: Problems) -> Iterator[tuple[int, Cells]]:
    """Some thousand rows at a time as columns by name, and the line of the first."""
    text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
    try:
        rows = csv.reader(_without_nul(text))
        header = next(rows, [])
        block: list[list[str]] = []
        begin = 2
        for row in rows:
            if len(row) == len(header):
                block.append(row)
            elif row:
                what = ",".join(row)[:80]
                problems.note("wrong_columns", f"{name}:{rows.line_num}: {what}")
            if len(block) == _BLOCK:
                yield begin, dict(zip(header, zip(*block, strict=True), strict=False))
                block = []
                begin = rows.line_num + 1
        if block:
            yield begin, dict(zip(header, zip(*block, strict=True), strict=False))
    finally:
        text.detach()


def _without_nul(lines: io.TextIOWrapper) -> Iterator[str]:
    """The csv module ends a file at a NUL, which a torn disk block leaves behind."""
    for line in lines:
        yield line.replace("\0", "")


def _take_block(
    name: str,
    first_line: int,
    cells: Cells,
    contracts: dict[tuple[str, str], _Contract],
    problems: Problems,
) -> None:
    count = len(cells["InstrumentID"])
    bad: dict[int, str] = {}
    dates = np.array(
        [
            _days(cells["TradingDay"], bad),
            _days(cells.get("ActionDay", cells["TradingDay"]), {}),
            _times(cells["UpdateTime"], cells.get("UpdateMillisec"), bad),
        ],
        dtype=np.int64,
    )
    numbers = {
        field: _numbers(cells[source], bad) for source, field in _NUMBERS.items() if source in cells
    }
    numbers |= {level: _numbers(cells[level], bad) for level in _LEVELS if level in cells}
    for lots in ("volume", "bid_lots", "ask_lots"):
        column = numbers.setdefault(lots, np.zeros(count))
        numbers[lots] = np.where(np.isnan(column), 0.0, column)
    for row, reason in sorted(bad.items()):
        what = ",".join(cells[c][row] for c in _NEEDED)
        problems.note(reason, f"{name}:{first_line + row}: {what}")
    good = np.ones(count, bool)
    good[list(bad)] = False
    for key, rows in _by_contract(cells, good):
        contract = contracts.setdefault(key, _Contract())
        contract.add(dates[:, rows], {field: column[rows] for field, column in numbers.items()})


def _by_contract(
    cells: Cells, good: NDArray[np.bool_]
) -> Iterator[tuple[tuple[str, str], NDArray[np.intp]]]:
    symbols = cells["InstrumentID"]
    exchanges = cells.get("ExchangeID", ("",) * len(symbols))
    keys = list(zip(exchanges, symbols, strict=True))
    for key in dict.fromkeys(keys):
        rows = np.array([i for i, k in enumerate(keys) if k == key and good[i]], np.intp)
        if len(rows):
            yield key, rows


def _days(cells: tuple[str, ...], bad: dict[int, str]) -> list[int]:
    known: dict[str, int] = {}
    days = []
    for row, cell in enumerate(cells):
        day = known.get(cell)
        if day is None:
            text = cell.replace("-", "").strip()
            day = known[cell] = int(text) if len(text) == 8 and text.isdigit() else 0
        if day == 0:
            bad.setdefault(row, "junk_date")
        days.append(day)
    return days


def _times(
    cells: tuple[str, ...], milliseconds: tuple[str, ...] | None, bad: dict[int, str]
) -> list[int]:
    times = []
    for row, cell in enumerate(cells):
        match = _TIME.fullmatch(cell)
        fraction = "0" if milliseconds is None else milliseconds[row].strip() or "0"
        if match is None or not fraction.isdigit() or len(fraction) > 3:
            bad.setdefault(row, "junk_time")
            times.append(0)
            continue
        hour, minute, second = int(match[1]), int(match[2]), int(match[3])
        if hour > 23 or minute > 59 or second > 59:
            bad.setdefault(row, "junk_time")
        time = hour * HOUR + minute * MINUTE + second * SECOND + int(fraction) * MILLISECOND
        times.append(time)
    return times


def _numbers(cells: tuple[str, ...], bad: dict[int, str]) -> Floats:
    try:
        if cells.count(cells[0]) == len(cells):
            return np.full(len(cells), np.nan if cells[0] in _NONE else float(cells[0]))
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return np.array([_number(cell, row, bad) for row, cell in enumerate(cells)])


def _number(cell: str, row: int, bad: dict[int, str]) -> float:
    if cell.strip() in _NONE:
        return np.nan
    try:
        return float(cell)
    except ValueError:
        bad.setdefault(row, "bad_number")
        return np.nan


def _series(
    name: str,
    instrument: Instrument,
    dates: Ints,
    numbers: dict[str, Floats],
    sessions: Sessions,
    problems: Problems,
) -> Series | None:
    """One contract's rows, dated and normalised; ``None`` when no row is left."""
    days, actions, times = dates
    ts = np.zeros(len(days), np.int64)
    known = np.ones(len(days), bool)
    for day in np.unique(days):
        rows = days == day
        try:
            ts[rows] = instants(sessions.calendar, int(day), times[rows])
        except ValueError:
            known &= ~rows
            problems.note("junk_date", f"{name}: TradingDay {day}", int(rows.sum()))
    if instrument.exchange == "CZCE":
        czce_nights(ts, days, actions, times, sessions.calendar)
    columns = {field: numbers[field][known] for field in _NUMBERS.values() if field in numbers}
    depth = [numbers[level][known] for level in _LEVELS if level in numbers]
    if not known.any():
        return None
    for field in PRICES:
        if field in columns:
            columns[field] = prices(columns[field])
    for field in ("turnover", "open_interest", "pre_open_interest"):
        if field in columns:
            columns[field] = amounts(columns[field])
    if "turnover" in columns:
        volume = columns["volume"].astype(np.int64)
        columns["turnover"] *= turnover_factor(
            columns["turnover"], volume, columns["last_price"], instrument.multiplier
        )
    return Series(instrument, ts[known], days[known], columns, _depth(depth))


def _depth(columns: list[Floats]) -> list[Floats]:
    """Levels 2 to 5, or nothing where no level ever had a price."""
    if len(columns) != len(_LEVELS):
        return []
    cleaned = [prices(c) if i % 2 == 0 else np.nan_to_num(c) for i, c in enumerate(columns)]
    if all(np.isnan(c).all() for c in cleaned[::2]):
        return []
    return cleaned
