"""``l1-csv``: one file a contract and trading day, no header, level one.

``time, bid, bid lots, ask, ask lots, last, cumulative volume, open interest``. The contract and the
trading day are in the file's name (``rb1801_20171113.csv``, ``CZCE.SR801_20171113.csv``). Time is
``HH:MM:SS.f`` with an UNPADDED integer of milliseconds: ``20:59:00.97`` is 97 ms. Night rows come
first. There is no turnover and there are no limits: those fields stay ``None``.
"""

import re
import warnings
from array import array
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from homalos.market.formats.recording import Problems, Series
from homalos.market.normalise import amounts, instants, prices
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.market import Instrument
from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND

NAME = "l1-csv"
COLUMNS = 8
_NAME = re.compile(r"(?:([A-Z]+)\.)?([A-Za-z]+[0-9]{3,4})[_.-]([0-9]{8})\.")
_LINE = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,3}(?:,[^,]*){7}\s*")
_TIME = re.compile(rb"([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{1,3})")
_BLOCK = 1 << 17
_DIGITS = (0, 1, 3, 4, 6, 7)

Table = NDArray[np.float64]
"""One row a tick: bid, bid lots, ask, ask lots, last, volume, open interest."""


def sniff(lines: list[str]) -> bool:
    """Whether a file that begins with these lines is of this format."""
    return any(_LINE.fullmatch(line) for line in lines)


def read(
    name: str, stream: BinaryIO, products: Products, sessions: Sessions, problems: Problems
) -> list[Series]:
    """The ticks of one file. Rows that cannot be read are noted in ``problems``."""
    instrument = _instrument(name, products, sessions, problems)
    if instrument is None:
        return []
    trading_day = int(_NAME.match(name)[3])  # type: ignore[index]  # it matched above
    data = stream.read()
    parsed = parse_fast(data)
    times, table = parse_slow(name, data, problems) if parsed is None else parsed
    volume = table[:, 5]
    whole = np.isfinite(table[:, (1, 3, 5)]).all(axis=1)
    if not whole.all():
        row = int(np.flatnonzero(~whole)[0])
        problems.note("bad_number", f"{name}: {table[row].tolist()}", int((~whole).sum()))
        times, table, volume = times[whole], table[whole], volume[whole]
    columns = {
        "last_price": prices(table[:, 4]),
        "volume": volume,
        "open_interest": amounts(table[:, 6]),
        "bid_price": prices(table[:, 0]),
        "bid_lots": table[:, 1],
        "ask_price": prices(table[:, 2]),
        "ask_lots": table[:, 3],
    }
    ts = instants(sessions.calendar, trading_day, times)
    return [Series(instrument, ts, np.full(len(ts), trading_day, np.int64), columns)]


def _instrument(
    name: str, products: Products, sessions: Sessions, problems: Problems
) -> Instrument | None:
    match = _NAME.match(name)
    if match is None:
        problems.note("file_name", f"{name}: expected CONTRACT_YYYYMMDD.csv")
        return None
    exchange, symbol, day = match[1] or products.exchange_of(match[2]), match[2], int(match[3])
    if not _is_trading_day(sessions, day):
        problems.note("not_a_trading_day", f"{name}: {day}")
        return None
    instrument = None
    if exchange is not None:
        instrument = products.instrument(products.canonical(exchange, symbol, day), day)
    if instrument is None:
        problems.note("unknown_product", f"{name}: {symbol} is not in products.yaml")
    return instrument


def _is_trading_day(sessions: Sessions, day: int) -> bool:
    try:
        return sessions.calendar.is_trading_day(day)
    except ValueError:
        return False


def parse_fast(data: bytes) -> tuple[NDArray[np.int64], Table] | None:
    """Time of day (ns) and values of a file in which every row is well formed; else ``None``."""
    parts = []
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin + _BLOCK) + 1 or len(data)
        part = _parse_block(data[begin:end])
        if part is None:
            return None
        parts.append(part)
        begin = end
    if not parts:
        return None
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _parse_block(data: bytes) -> tuple[NDArray[np.int64], Table] | None:
    data = data.replace(b"\r", b"")
    if not data.endswith(b"\n"):
        data += b"\n"
    chars = np.frombuffer(bytearray(data), dtype=np.uint8)
    ends = np.flatnonzero(chars == 10)
    commas = np.flatnonzero(chars == 44)
    if len(commas) != (COLUMNS - 1) * len(ends):
        return None
    starts = np.concatenate(([0], ends[:-1] + 1))
    first = commas[:: COLUMNS - 1]
    fraction = first - starts - 9
    if (
        (commas[COLUMNS - 2 :: COLUMNS - 1] > ends).any()
        or (fraction < 1).any()
        or (fraction > 3).any()
    ):
        return None
    times = _times(chars, starts, fraction)
    if times is None:
        return None
    chars[chars == 58] = 48  # the time becomes a number that nobody reads
    chars[ends] = 44
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            values = np.fromstring(chars.tobytes(), dtype=np.float64, sep=",")
    except (DeprecationWarning, ValueError):
        return None
    if len(values) != COLUMNS * len(ends):
        return None
    return times, values.reshape(-1, COLUMNS)[:, 1:]


def _times(
    chars: NDArray[np.uint8], starts: NDArray[np.intp], fraction: NDArray[np.intp]
) -> NDArray[np.int64] | None:
    if (chars[starts + 2] != 58).any() or (chars[starts + 5] != 58).any():
        return None
    if (chars[starts + 8] != 46).any():
        return None
    digits = {at: chars[starts + at].astype(np.int64) - 48 for at in _DIGITS}
    milliseconds = np.zeros(len(starts), np.int64)
    bad = np.zeros(len(starts), bool)
    for place in range(3):
        there = fraction > place
        digit = np.where(there, chars[starts + 9 + place].astype(np.int64) - 48, 0)
        bad |= (digit < 0) | (digit > 9)
        milliseconds = np.where(there, milliseconds * 10 + digit, milliseconds)
    for digit in digits.values():
        bad |= (digit < 0) | (digit > 9)
    hours = digits[0] * 10 + digits[1]
    minutes = digits[3] * 10 + digits[4]
    seconds = digits[6] * 10 + digits[7]
    bad |= (hours > 23) | (minutes > 59) | (seconds > 59)
    if bad.any():
        return None
    times: NDArray[np.int64]
    times = hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * MILLISECOND
    return times


def parse_slow(name: str, data: bytes, problems: Problems) -> tuple[NDArray[np.int64], Table]:
    """The same row by row, for a file with damage in it: the bad rows are noted and left out."""
    times = array("q")
    values = array("d")
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split(b",")
        where = f"{name}:{number}: {line[:80].decode('utf-8', 'replace')}"
        time = _time(fields[0])
        if len(fields) != COLUMNS:
            problems.note("wrong_columns", where)
        elif time is None:
            problems.note("junk_time", where)
        else:
            try:
                row = [float(field) for field in fields[1:]]
            except ValueError:
                problems.note("bad_number", where)
            else:
                times.append(time)
                values.extend(row)
    table = np.array(values, dtype=np.float64).reshape(-1, COLUMNS - 1)
    return np.array(times, dtype=np.int64), table


def _time(text: bytes) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, milliseconds = (int(group) for group in match.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds * MILLISECOND
