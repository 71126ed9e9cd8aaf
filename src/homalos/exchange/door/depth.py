"""``OnRtnDepthMarketData`` from a snapshot, with the conventions of each exchange (FACTS A13, A14).

A snapshot is encoded once, header and all, in one call of ``struct``; whoever subscribed gets the
same bytes.
"""

import struct
from collections.abc import Mapping
from typing import Any

from homalos.ctp.abi import ENCODING, Layout, Value
from homalos.ctp.wire import HEADER, SIZE_FIELD, Flag
from homalos.exchange.door import dates
from homalos.exchange.door.speech import DBL_MAX, Speech
from homalos.model.market import Depth, Instrument, Tick
from homalos.model.times import SECOND

NAME = "OnRtnDepthMarketData"
_NONE = (DBL_MAX, 0)
_NO_DEPTH = (DBL_MAX, 0, DBL_MAX, 0) * 4
_HALF = SECOND // 2


class Quoted:
    """A contract as the encoder needs it, and the lines that hear it."""

    __slots__ = (
        "average",
        "day_dates",
        "exchange",
        "halves",
        "item",
        "lines",
        "symbol",
        "turnover",
    )

    def __init__(self, item: Instrument, czce_turnover: str) -> None:
        czce = item.exchange == "CZCE"
        self.item = item
        self.exchange = item.exchange
        self.symbol = item.symbol.encode(ENCODING)
        self.day_dates = item.exchange in dates.DAY_DATES
        self.halves = item.exchange in dates.HALVES
        self.average = item.multiplier if czce else 1.0
        """What Turnover / Volume is divided by: CZCE alone shows a price."""
        self.turnover = item.multiplier if czce and czce_turnover == "price" else 1.0
        self.lines: dict[int, Any] = {}


class DepthEncoder:
    """See the module."""

    def __init__(self, speech: Speech) -> None:
        layout = speech.layout(NAME)
        assert layout is not None
        self._layout = layout
        body = _format(layout)
        self._struct = struct.Struct(HEADER.format + body)
        self._size = self._struct.size - SIZE_FIELD
        self._method = speech.number[NAME]
        self._second = -1
        self._hms = self._natural = b""
        self._days: dict[int, bytes] = {}

    def frame(self, quoted: Quoted, tick: Tick) -> bytes:
        """The callback's frame. What the snapshot does not have is DBL_MAX, an empty side 0."""
        ts, exchange = tick.ts_event, quoted.exchange
        if ts // SECOND != self._second:
            self._clock(ts)
        day = self._days.get(tick.trading_day) or self._day(tick.trading_day)
        natural = self._natural
        czce = exchange == "CZCE"
        rest = ts % SECOND
        if czce:
            milliseconds = 0
        elif quoted.halves:
            milliseconds = 500 if rest >= _HALF else 0
        else:
            milliseconds = rest // 1_000_000
        last, pre_settlement, pre_close = tick.last_price, tick.pre_settlement, tick.pre_close
        opened, high, low, interest = (
            tick.open_price, tick.high_price, tick.low_price, tick.pre_open_interest,
        )  # fmt: skip
        upper, lower, bid, ask = tick.upper_limit, tick.lower_limit, tick.bid_price, tick.ask_price
        turnover, volume, settled = tick.turnover, tick.volume, tick.settlement
        held = tick.open_interest
        return self._struct.pack(
            self._size, self._method, 3, 0, 0, 0,
            natural if czce else day, b"", b"", b"",
            DBL_MAX if last is None else last,
            DBL_MAX if pre_settlement is None else pre_settlement,
            DBL_MAX if pre_close is None else pre_close,
            DBL_MAX if interest is None else interest,
            DBL_MAX if opened is None else opened,
            DBL_MAX if high is None else high,
            DBL_MAX if low is None else low,
            volume,
            DBL_MAX if turnover is None else turnover / quoted.turnover,
            DBL_MAX if held is None else held,
            DBL_MAX,
            DBL_MAX if settled is None else settled,
            DBL_MAX if upper is None else upper,
            DBL_MAX if lower is None else lower,
            0.0, DBL_MAX, self._hms, milliseconds,
            DBL_MAX if bid is None else bid, 0 if bid is None else tick.bid_lots,
            DBL_MAX if ask is None else ask, 0 if ask is None else tick.ask_lots,
            *(_NO_DEPTH if tick.depth is None else _levels(tick.depth)),
            turnover / volume / quoted.average if turnover and volume else 0.0,
            day if quoted.day_dates else natural,
            quoted.symbol, quoted.symbol, 0.0, 0.0,
        )  # fmt: skip

    def changed(self, quoted: Quoted, tick: Tick, fields: Mapping[str, Value]) -> bytes:
        """The struct's bytes, with ``fields`` laid over them. ``FieldError``: they do not fit."""
        body = self.frame(quoted, tick)[HEADER.size :]
        return self._layout.encode(self._layout.decode(body) | dict(fields))

    def _clock(self, ts: int) -> None:
        self._second = ts // SECOND
        self._hms = dates.hms(ts).encode()
        self._natural = dates.natural(ts).encode()

    def _day(self, trading_day: int) -> bytes:
        text = self._days[trading_day] = str(trading_day).encode()
        return text


assert Flag.LAST | Flag.BODY == 3


def _levels(depth: Depth) -> tuple[float, ...]:
    """Levels two to five, bid and ask by turns."""
    found: list[float] = []
    for level in range(4):
        found += depth.bids[level] if level < len(depth.bids) else _NONE
        found += depth.asks[level] if level < len(depth.asks) else _NONE
    return tuple(found)


def _format(layout: Layout) -> str:
    """Fields in order with the padding that C puts between them."""
    parts, at = [], 0
    for field in layout.fields:
        parts.append(f"{field.offset - at}x" if field.offset > at else "")
        parts.append(f"{field.size}s" if field.c == "char" else field.c[0])
        at = field.offset + field.size
    parts.append(f"{layout.size - at}x")
    return "".join(parts)
