"""Which date and time stands in which field, by exchange (FACTS A14)."""

from functools import lru_cache

from homalos.model.times import DAY, MILLISECOND, SECOND, china_day, china_time_of_day

DAY_DATES = frozenset({"DCE", "GFEX"})
"""Put the trading day where others put the natural one (GFEX: as DCE, unverified)."""
TRADE_DAY = DAY_DATES | {"CZCE"}
"""TradeDate is the trading day."""
HALVES = frozenset({"SHFE", "INE", "CFFEX"})
"""UpdateMillisec is 0 or 500."""


@lru_cache(maxsize=4096)
def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def hms(ts: int) -> str:
    """``HH:MM:SS`` in China."""
    return _clock(china_time_of_day(ts) // SECOND)


def milliseconds(exchange: str, ts: int) -> int:
    if exchange == "CZCE":
        return 0
    value = ts % SECOND // MILLISECOND
    return (500 if value >= 500 else 0) if exchange in HALVES else value


@lru_cache(maxsize=256)
def _day(number: int) -> str:
    return str(china_day(number * DAY))


def natural(ts: int) -> str:
    """The natural day in China, ``yyyymmdd``."""
    return _day((ts + 8 * 3600 * SECOND) // DAY)


def action_day(exchange: str, ts: int, trading_day: int) -> str:
    return str(trading_day) if exchange in DAY_DATES else natural(ts)


def tick_day(exchange: str, ts: int, trading_day: int) -> str:
    """``TradingDay`` of a snapshot: CZCE's is the natural day."""
    return natural(ts) if exchange == "CZCE" else str(trading_day)


def insert_date(exchange: str, ts: int, trading_day: int, *, known: bool) -> str:
    """``known``: the exchange has the order."""
    return str(trading_day) if known and exchange in DAY_DATES else natural(ts)


def trade_date(exchange: str, ts: int, trading_day: int) -> str:
    return str(trading_day) if exchange in TRADE_DAY else natural(ts)
