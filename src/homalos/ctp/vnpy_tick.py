"""A tick from the dict that vnpy-ctp makes of ``CThostFtdcDepthMarketDataField``."""

from typing import Any, Literal, NamedTuple

from homalos.model.ids import InstrumentId
from homalos.model.market import Depth, Tick
from homalos.model.times import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    china_time_of_day,
)

__all__ = ["TickMaker"]

STALE = 30 * MINUTE
EVENING = 18 * HOUR
MORNING = 8 * HOUR
_NONE_ABOVE = 1e300

Verdict = Literal["junk", "stale", "unknown"]


class _Listed(NamedTuple):
    id: InstrumentId
    factor: float
    half_second: bool


class TickMaker:
    """The rules of ``fast.FastMd`` (FACTS A13, A14), in Python."""

    def __init__(self) -> None:
        self.trading_day = 0
        self._offset = 0
        self._days: tuple[int, int] | None = None
        self._listed: dict[str, _Listed] = {}
        self._seconds: dict[str, str] = {}
        """Last time told by contracts whose two ticks of a second bear one time."""

    def list(self, wire_id: str, instrument: InstrumentId, factor: float, half: bool) -> None:
        self._listed[wire_id] = _Listed(instrument, factor, half)

    def dates_by_clock(self, offset_ns: int) -> None:
        self._offset, self._days = offset_ns, None

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None:
        self._days = evening_ns, day_ns

    def make(self, data: dict[str, Any], wall: int, native: int) -> Tick | Verdict:
        """A tick; or why there is none."""
        listed = self._listed.get(data["InstrumentID"])
        if listed is None:
            return "unknown"
        time = _time_of_day(data["UpdateTime"], data["UpdateMillisec"])
        if time is None:
            return "junk"
        ts = self._instant(time, wall + self._offset)
        if ts is None:
            return "stale"
        if listed.half_second:
            ts += self._second_half(data["InstrumentID"], data["UpdateTime"], time)
        return self._tick(data, listed, ts, wall + self._offset, native)

    # ------------------------------------------------------------ inside

    def _instant(self, time: int, now: int) -> int | None:
        if self._days is not None:
            evening, day = self._days
            if time >= EVENING:
                return evening + time
            return evening + DAY + time if time < MORNING else day + time
        away = (time - china_time_of_day(now)) % DAY
        away = away if away < DAY // 2 else away - DAY
        return now + away if abs(away) <= STALE else None

    def _second_half(self, wire_id: str, second: str, time: int) -> int:
        again = self._seconds.get(wire_id) == second and time % SECOND == 0
        self._seconds[wire_id] = second
        return SECOND // 2 if again else 0

    def _tick(self, data: dict[str, Any], listed: _Listed, ts: int, now: int, native: int) -> Tick:
        turnover = _amount(data["Turnover"])
        return Tick(
            instrument=listed.id,
            ts_event=ts,
            ts_init=now,
            trading_day=self.trading_day,
            last_price=_price(data["LastPrice"]),
            volume=data["Volume"],
            turnover=None if turnover is None else turnover * listed.factor,
            open_interest=_amount(data["OpenInterest"]),
            bid_price=_price(data["BidPrice1"]),
            bid_lots=data["BidVolume1"],
            ask_price=_price(data["AskPrice1"]),
            ask_lots=data["AskVolume1"],
            open_price=_price(data["OpenPrice"]),
            high_price=_price(data["HighestPrice"]),
            low_price=_price(data["LowestPrice"]),
            pre_settlement=_price(data["PreSettlementPrice"]),
            pre_close=_price(data["PreClosePrice"]),
            pre_open_interest=_amount(data["PreOpenInterest"]),
            upper_limit=_price(data["UpperLimitPrice"]),
            lower_limit=_price(data["LowerLimitPrice"]),
            settlement=_price(data["SettlementPrice"]),
            depth=_depth(data),
            ts_native=native,
        )


def _depth(data: dict[str, Any]) -> Depth | None:
    bids, asks = _levels(data, "Bid"), _levels(data, "Ask")
    return Depth(bids, asks) if bids or asks else None


def _levels(data: dict[str, Any], side: str) -> tuple[tuple[float, int], ...]:
    levels = []
    for level in "2345":
        price = _price(data[f"{side}Price{level}"])
        if price is not None:
            levels.append((price, int(data[f"{side}Volume{level}"])))
    return tuple(levels)


def _price(value: float) -> float | None:
    return round(value, 6) if 0.0 < value < _NONE_ABOVE else None


def _amount(value: float) -> float | None:
    return value if 0.0 <= value < _NONE_ABOVE else None


def _time_of_day(text: str, milliseconds: int) -> int | None:
    if len(text) != 8 or text[2] != ":" or text[5] != ":":
        return None
    hours, minutes, seconds = text[:2], text[3:5], text[6:]
    digits = hours + minutes + seconds
    if not (digits.isascii() and digits.isdigit()) or hours > "23" or minutes > "59":
        return None
    if seconds > "59" or not 0 <= milliseconds < 1000:
        return None
    return (
        int(hours) * HOUR + int(minutes) * MINUTE + int(seconds) * SECOND
        + milliseconds * MILLISECOND
    )  # fmt: skip
