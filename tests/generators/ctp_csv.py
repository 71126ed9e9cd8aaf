"""Writes ``ctp-csv``: the 44 quoted columns of CTP's market data, as exchanges fill them."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tests.generators.walk import Snap

from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND

_LEVELS = [
    f"{side}{what}{level}"
    for level in range(1, 6)
    for side in ("Bid", "Ask")
    for what in ("Price", "Volume")
]
_BEFORE = """TradingDay InstrumentID ExchangeID ExchangeInstID LastPrice PreSettlementPrice
    PreClosePrice PreOpenInterest OpenPrice HighestPrice LowestPrice Volume Turnover OpenInterest
    ClosePrice SettlementPrice UpperLimitPrice LowerLimitPrice PreDelta CurrDelta UpdateTime
    UpdateMillisec"""
HEADER = (*_BEFORE.split(), *_LEVELS, "AveragePrice", "ActionDay")
DBL_MAX = "1.7976931348623157e+308"

Row = dict[str, str]


def ctp_rows(
    snaps: Iterable[Snap],
    symbol: str,
    *,
    czce: bool = False,
    multiplier: float = 10.0,
    pre_settlement: float = 3790.0,
    none: str = "N/A",
) -> list[Row]:
    """One row a snapshot. ``czce``: milliseconds 0, absent prices 0.00, turnover without the
    multiplier. ``none``: what stands for no value elsewhere (``N/A``, or ``DBL_MAX``)."""
    empty = "0.00" if czce else none
    rows = []
    for snap in snaps:
        row = dict.fromkeys(HEADER, empty)
        row |= {name: "0" for name in HEADER if "Volume" in name}
        time = snap.time_of_day
        row |= {
            "TradingDay": str(snap.trading_day),
            "ActionDay": str(snap.action_day),
            "InstrumentID": symbol,
            "ExchangeID": "",
            "ExchangeInstID": "",
            "UpdateTime": f"{time // HOUR:02d}:{time % HOUR // MINUTE:02d}"
            f":{time % MINUTE // SECOND:02d}",
            "UpdateMillisec": "000" if czce else f"{time % SECOND // MILLISECOND:03d}",
            "LastPrice": f"{snap.last:.2f}",
            "OpenPrice": f"{snap.open:.2f}",
            "HighestPrice": f"{snap.high:.2f}",
            "LowestPrice": f"{snap.low:.2f}",
            "PreSettlementPrice": f"{pre_settlement:.2f}",
            "PreClosePrice": f"{pre_settlement:.2f}",
            "PreOpenInterest": "100000.00",
            "UpperLimitPrice": f"{pre_settlement * 1.07:.2f}",
            "LowerLimitPrice": f"{pre_settlement * 0.93:.2f}",
            "Volume": str(snap.volume),
            "Turnover": f"{snap.turnover / (multiplier if czce else 1.0):.2f}",
            "OpenInterest": f"{snap.open_interest:.2f}",
            "SettlementPrice": none,
            "BidPrice1": f"{snap.bid:.2f}",
            "BidVolume1": str(snap.bid_lots),
            "AskPrice1": f"{snap.ask:.2f}",
            "AskVolume1": str(snap.ask_lots),
            "AveragePrice": f"{snap.last:.4f}",
        }
        rows.append(row)
    return rows


def stale_first(row: Row, action_day: int, time: str = "19:29:00") -> Row:
    """The tick of the evening before, outside every session: no bid, no ask, no volume."""
    empty = {"BidPrice1": "0.00", "AskPrice1": "0.00", "BidVolume1": "0", "AskVolume1": "0"}
    none = {"Volume": "0", "Turnover": "0.00", "HighestPrice": "0.00", "LowestPrice": "0.00"}
    return row | empty | none | {"UpdateTime": time, "ActionDay": str(action_day)}


def natural_day(snaps: Iterable[Snap]) -> list[Snap]:
    """CZCE at night: the trading day that it writes is the natural one."""
    return [replace(snap, trading_day=snap.action_day) for snap in snaps]


def repeated_next_morning(row: Row, day: int, settlement: float) -> Row:
    """Last night's last row pushed again, under the next day's date, with the settlement."""
    return row | {
        "TradingDay": str(day),
        "ActionDay": str(day),
        "SettlementPrice": f"{settlement:.2f}",
    }


def write_ctp(folder: Path, name: str, rows: Iterable[Row], *, quoted: bool = True) -> Path:
    """A file of that name, header first."""
    quote = '"' if quoted else ""
    lines = [HEADER, *([row[column] for column in HEADER] for row in rows)]
    path = folder / name
    path.write_text("".join(",".join(f"{quote}{c}{quote}" for c in line) + "\n" for line in lines))
    return path
