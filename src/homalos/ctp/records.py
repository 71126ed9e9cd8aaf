"""Rows of the private flow, as the binding builds them in C and queries give them as dicts.

Field for field what CTP sends (FACTS A6, A7), padding kept. Text is ``str``; a single character
that CTP left unset is ``"\\0"``; a price that there is not is ``None``. The binding passes the
fields by position: their order here is the order in ``src/native/binding/rows.cpp``, which a test
compares.
"""

from collections.abc import Mapping
from typing import Any, Self

from homalos.model.event import Record

__all__ = ["MdStats", "OrderRow", "TdStats", "TradeRow"]

_NONE_ABOVE = 1e300


class OrderRow(Record, frozen=True):
    """``CThostFtdcOrderField``. ``offset`` and ``hedge`` have one character a leg."""

    broker: str
    investor: str
    exchange: str
    instrument: str
    """The venue's spelling."""
    order_ref: str
    front: int
    session: int
    sys_id: str
    """Padded; empty until the exchange has accepted the order."""
    local_id: str
    trader: str
    direction: str
    offset: str
    hedge: str
    price_type: str
    price: float | None
    lots: int
    traded: int
    status: str
    submit_status: str
    time_condition: str
    volume_condition: str
    min_volume: int
    message: str
    insert_date: str
    insert_time: str
    update_time: str
    cancel_time: str
    trading_day: int
    """0: not sent."""
    user: str
    memo: str
    sequence: int
    force_close: str
    relative_sys_id: str
    request: int
    ts_native: int = 0
    """Monotonic time at which the library called; 0 for a row of a query."""

    @classmethod
    def of(cls, data: Mapping[str, Any], ts_native: int = 0) -> Self:
        """From the dict of ``OnRspQryOrder`` or ``OnRtnOrder``."""
        values = [*(data[name] for name in _ORDER), ts_native]
        values[_ORDER_PRICE] = _price(values[_ORDER_PRICE])
        values[_ORDER_DAY] = _day(values[_ORDER_DAY])
        return cls(*values)


class TradeRow(Record, frozen=True):
    """``CThostFtdcTradeField``."""

    broker: str
    investor: str
    exchange: str
    instrument: str
    order_ref: str
    sys_id: str
    local_id: str
    trader: str
    trade_id: str
    direction: str
    offset: str
    hedge: str
    price: float | None
    lots: int
    trade_date: str
    trade_time: str
    trading_day: int
    sequence: int
    ts_native: int = 0
    broker_sequence: int = 0

    @classmethod
    def of(cls, data: Mapping[str, Any], ts_native: int = 0) -> Self:
        """From the dict of ``OnRspQryTrade`` or ``OnRtnTrade``."""
        values = [*(data[name] for name in _TRADE), ts_native, data["BrokerOrderSeq"]]
        values[_TRADE_PRICE] = _price(values[_TRADE_PRICE])
        values[_TRADE_DAY] = _day(values[_TRADE_DAY])
        return cls(*values)


class MdStats(Record, frozen=True):
    """Counts since the port was made. ``received`` are callbacks of the library, ``delivered``
    those that reached the sink; the rest fell to one of the others."""

    received: int
    delivered: int
    dropped: int
    """Ticks for which the ring had no room."""
    junk: int
    """Ticks without a time of day."""
    stale: int
    """Ticks more than 30 minutes from now."""
    unknown: int
    """Ticks of contracts that are not listed."""
    wakes: int
    overflowed: int
    """Callbacks other than ticks that had to wait outside the ring; none is lost."""


class TdStats(Record, frozen=True):
    """As ``MdStats``; nothing of the trading side is ever dropped."""

    received: int
    delivered: int
    wakes: int
    overflowed: int


_ORDER = (
    "BrokerID", "InvestorID", "ExchangeID", "InstrumentID", "OrderRef", "FrontID", "SessionID",
    "OrderSysID", "OrderLocalID", "TraderID", "Direction", "CombOffsetFlag", "CombHedgeFlag",
    "OrderPriceType", "LimitPrice", "VolumeTotalOriginal", "VolumeTraded", "OrderStatus",
    "OrderSubmitStatus", "TimeCondition", "VolumeCondition", "MinVolume", "StatusMsg", "InsertDate",
    "InsertTime", "UpdateTime", "CancelTime", "TradingDay", "UserID", "OrderMemo", "SequenceNo",
    "ForceCloseReason", "RelativeOrderSysID", "RequestID",
)  # fmt: skip
_ORDER_PRICE = _ORDER.index("LimitPrice")
_ORDER_DAY = _ORDER.index("TradingDay")

_TRADE = (
    "BrokerID", "InvestorID", "ExchangeID", "InstrumentID", "OrderRef", "OrderSysID",
    "OrderLocalID", "TraderID", "TradeID", "Direction", "OffsetFlag", "HedgeFlag", "Price",
    "Volume", "TradeDate", "TradeTime", "TradingDay", "SequenceNo",
)  # fmt: skip
_TRADE_PRICE = _TRADE.index("Price")
_TRADE_DAY = _TRADE.index("TradingDay")


def _price(value: float) -> float | None:
    """As ``market.normalise.price``, which this room may not import."""
    return round(value, 6) if 0.0 < value < _NONE_ABOVE else None


def _day(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
