"""CTP's codes and ours (FACTS A7, A8, A15), and contracts from ``OnRspQryInstrument``.

An unknown code never raises and is never guessed: what it means here is said beside each table.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from homalos.exchange.listing import CAUTIOUS_MARGIN
from homalos.gateway.ctp.clocks import time_of_day
from homalos.market.calendar import TradingCalendar
from homalos.market.normalise import EVENING, MORNING, NONE_ABOVE
from homalos.market.products import SHORT_YEARS, Products, split_symbol
from homalos.model.enums import Offset, OrderKind, OrderStatus, Phase, Side, TimeInForce
from homalos.model.ids import InstrumentId
from homalos.model.market import Fees, Instrument, Rate
from homalos.model.times import DAY, HOUR, china_midnight, to_date, to_day
from homalos.model.trading import Order

SIDES = {"0": Side.BUY, "1": Side.SELL}
SIDE_CODES = {side: code for code, side in SIDES.items()}

OFFSETS = {
    "0": Offset.OPEN, "1": Offset.CLOSE, "3": Offset.CLOSE_TODAY, "4": Offset.CLOSE_YESTERDAY,
}  # fmt: skip
"""Of an order or a trade. The others (2, 5, 6: forced closes) close: see ``offset``."""
OFFSET_CODES = {offset: code for code, offset in OFFSETS.items()}

SPECULATION = "1"
_CLOSED = 16 * HOUR
"""All exchanges have closed: orders of later in the day are of the next trading day."""

STATUSES = {
    "0": OrderStatus.FILLED,
    "1": OrderStatus.PARTIALLY_FILLED,
    "2": OrderStatus.CANCELLED,  # part traded, not queueing
    "3": OrderStatus.ACCEPTED,
    "4": OrderStatus.CANCELLED,  # no trade, not queueing
    "5": OrderStatus.CANCELLED,
    "a": OrderStatus.SUBMITTED,
    "b": OrderStatus.ACCEPTED,  # conditional, not touched
    "c": OrderStatus.CANCELLED,  # touched: a new order takes its place
}
"""An unknown one says nothing: ``SUBMITTED``, from which no merge moves an order."""
INSERT_REJECTED, CANCEL_REJECTED = "4", "5"
REFUSED = "被拒绝"
EXCHANGE_RETURNED_ERROR = 91
"""Code of what the exchange refuses: it comes as a text, without a number of CTP's."""

PHASES = {
    "0": Phase.CLOSED,  # before trading; CZCE also says it in breaks and in the match minute
    "1": Phase.BREAK,
    "2": Phase.CONTINUOUS,
    "3": Phase.AUCTION,
    "4": Phase.AUCTION_MATCH,  # balance
    "5": Phase.AUCTION_MATCH,
    "6": Phase.CLOSED,
    "7": Phase.CLOSED,  # transaction processing, after the close
}
"""An unknown one changes no phase and is told to a human: whether orders are taken is then the
venue's to say, order by order."""

FUTURES, OPTIONS, COMBINATION = "1", frozenset("26"), "3"
_EXPIRED = "3"
_TODAY_SPLIT = "1"


class Terms(NamedTuple):
    """OrderPriceType, TimeCondition, VolumeCondition."""

    price_type: str
    time: str
    volume: str


LIMIT = "2"
_TERMS = {
    TimeInForce.GFD: Terms(LIMIT, "3", "1"),
    TimeInForce.FAK: Terms(LIMIT, "1", "1"),
    TimeInForce.FOK: Terms(LIMIT, "1", "3"),
}
"""Limit orders only: what each exchange takes as a market order differs, and most take none, so a
market order goes as a FAK limit at the price that it may go to (FACTS A8)."""
_TIFS = {("1", "3"): TimeInForce.FOK, ("1", "1"): TimeInForce.FAK, ("1", "2"): TimeInForce.FAK}


def terms(order: Order) -> Terms:
    """How this order goes over the wire."""
    return _TERMS[TimeInForce.FAK if order.kind is OrderKind.MARKET else order.tif]


def tif(time: str, volume: str) -> TimeInForce:
    """Of an order that somebody sent: IOC is FAK or FOK, all else lives through the day."""
    return _TIFS.get((time, volume), TimeInForce.GFD)


def offset(code: str) -> Offset:
    """Of the first leg. What is neither an opening nor one of the three closes is a forced close
    (强平、强减、本地强平): ``CLOSE``."""
    return OFFSETS.get(code[:1], Offset.CLOSE)


def status(code: str, submit: str, message: str) -> OrderStatus:
    """Status of an order. The exchange's refusal looks like a cancel but for ``submit``, or, where
    a back end does not set that, the text."""
    found = STATUSES.get(code, OrderStatus.SUBMITTED)
    if found is OrderStatus.CANCELLED and (submit == INSERT_REJECTED or REFUSED in message):
        return OrderStatus.REJECTED
    return found


def number(value: object) -> float | None:
    """A number as CTP sends it; ``None`` for DBL_MAX, NaN and what is no number."""
    if not isinstance(value, (int, float)):
        return None
    return float(value) if -NONE_ABOVE < value < NONE_ABOVE else None


def amount(row: Mapping[str, Any], name: str) -> float:
    """Money of a row; 0 where CTP has none."""
    return number(row.get(name)) or 0.0


class DayClock:
    """Times of day of a trading day's orders and trades as instants: from 18:00 the evening of the
    trading day before, before 08:00 the night after it, else the day (FACTS A14). The dates that
    CTP gives differ between exchanges; this rule holds for all and for a replayed flow."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._calendar = calendar
        self._day = self._evening = self._midnight = 0

    def set(self, trading_day: int) -> None:
        self._day = trading_day
        self._evening = china_midnight(self._calendar.previous_day(trading_day))
        self._midnight = china_midnight(trading_day)

    def over(self, ts: int) -> bool:
        """Whether ``ts`` is of an earlier trading day."""
        return ts < self._evening + _CLOSED

    def at(self, *texts: str) -> int:
        """The instant of the first of ``texts`` that is a time; 0: none is."""
        for text in texts:
            time = time_of_day(text)
            if time is not None:
                return self.instant(time)
        return 0

    def instant(self, time: int) -> int:
        """The same of a time of day in nanoseconds."""
        if time >= EVENING:
            return self._evening + time
        return (self._evening + DAY if time < MORNING else self._midnight) + time


class Contracts:
    """The futures contracts that the venue lists, by its spelling and by ours."""

    def __init__(self, products: Products) -> None:
        self._products = products
        self._wire: dict[tuple[str, str], Instrument] = {}
        self._known: dict[InstrumentId, Instrument] = {}
        self._classes: dict[tuple[str, str], str] = {}
        self._day = 0

    def set_day(self, trading_day: int) -> None:
        self._day = trading_day

    def add(self, row: Mapping[str, Any]) -> Instrument | None:
        """A row of ``OnRspQryInstrument``: the contract where it is one of futures and is new or
        changed, else ``None``. The account's own rates, once known, stay."""
        exchange, symbol = str(row["ExchangeID"]), str(row["InstrumentID"])
        kind = str(row.get("ProductClass", ""))
        self._classes[exchange, symbol] = kind
        if kind != FUTURES or row.get("InstLifePhase") == _EXPIRED or not symbol:
            return None
        made = self._make(exchange, symbol, row)
        if made is None:
            return None
        before = self._known.get(made.id)
        if before is not None and before.symbol == made.symbol:
            made = replace(
                made, long_margin=before.long_margin, short_margin=before.short_margin,
                fees=before.fees,
            )  # fmt: skip
            if made == before:
                return None
        self._put(made)
        return made

    def rates(
        self, id_: InstrumentId, long: Rate | None, short: Rate | None, fees: Fees | None
    ) -> Instrument | None:
        """What the broker charges; the contract where that is news."""
        before = self._known.get(id_)
        if before is None:
            return None
        made = replace(
            before,
            long_margin=before.long_margin if long is None else long,
            short_margin=before.short_margin if short is None else short,
            fees=before.fees if fees is None else fees,
        )
        if made == before:
            return None
        self._put(made)
        return made

    def _put(self, item: Instrument) -> None:
        self._known[item.id] = item
        self._wire[item.exchange, item.symbol] = item

    def wire(self, exchange: str, symbol: str) -> Instrument | None:
        """By the venue's own spelling."""
        return self._wire.get((exchange, symbol))

    def get(self, id_: InstrumentId) -> Instrument | None:
        return self._known.get(id_)

    def all(self) -> tuple[Instrument, ...]:
        return tuple(self._known.values())

    def product_class(self, exchange: str, symbol: str) -> str:
        """The venue's code; empty: it does not list this symbol."""
        return self._classes.get((exchange, symbol), "")

    def _make(self, exchange: str, symbol: str, row: Mapping[str, Any]) -> Instrument | None:
        """The venue's word over the product's row; ``None`` where neither tells the multiplier or
        the tick."""
        id_ = self._canonical(exchange, symbol, row)
        known = self._products.instrument(id_, self._day)
        multiplier = _positive(row, "VolumeMultiple") or (known.multiplier if known else None)
        tick = _positive(row, "PriceTick") or (known.tick_size if known else None)
        if multiplier is None or tick is None:
            return None
        month = _month(row)
        margins = (known.long_margin, known.short_margin) if known else (CAUTIOUS_MARGIN,) * 2
        lots = (known.min_lots, known.max_limit_lots) if known else (1, 1)
        return Instrument(
            id=id_,
            exchange=exchange,
            symbol=symbol,
            product=str(row.get("ProductID", "")) or split_symbol(symbol)[0],
            name=str(row.get("InstrumentName", "")).strip() or (known.name if known else symbol),
            multiplier=multiplier,
            tick_size=round(tick, 8),
            min_lots=_count(row, "MinLimitOrderVolume", lots[0]),
            max_limit_lots=_count(row, "MaxLimitOrderVolume", lots[1]),
            max_market_lots=max(0, int(row.get("MaxMarketOrderVolume", 0))),
            long_margin=_margin(row, "LongMarginRatio", margins[0]),
            short_margin=_margin(row, "ShortMarginRatio", margins[1]),
            fees=known.fees if known else Fees(),
            delivery_month=month or (known.delivery_month if known else 0),
            limit_ratio=known.limit_ratio if known else 0.0,
            splits_today=row.get("PositionDateType") == _TODAY_SPLIT,
            single_side=_single_side(row, known),
            last_trading_day=_expires(row) or (known.last_trading_day if known else 0),
        )

    def _canonical(self, exchange: str, symbol: str, row: Mapping[str, Any]) -> InstrumentId:
        """CZCE writes one digit of the year: the row's delivery month tells the others."""
        month = _month(row)
        name, digits = split_symbol(symbol)
        tail = f"{month % 10_000:04d}" if month else ""
        if exchange == SHORT_YEARS and len(digits) == 3 and tail.endswith(digits):
            return InstrumentId(f"{exchange}.{name}{tail}")
        return self._products.canonical(exchange, symbol, self._day)


def _single_side(row: Mapping[str, Any], known: Instrument | None) -> bool:
    """Whether the larger side alone pays margin, over the product (FACTS A11)."""
    told = row.get("MaxMarginSideAlgorithm")
    if told in ("0", "1"):
        return bool(told == "1")
    return known is not None and known.single_side


def _expires(row: Mapping[str, Any]) -> int:
    """``ExpireDate``, the last trading day; 0: not told (brokers' tables have empty ones)."""
    text = str(row.get("ExpireDate", ""))
    try:
        return to_day(to_date(int(text))) if len(text) == 8 else 0
    except ValueError:
        return 0


def _positive(row: Mapping[str, Any], name: str) -> float | None:
    value = number(row.get(name))
    return value if value is not None and value > 0 else None


def _count(row: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = int(row.get(name, 0))
    return value if value > 0 else otherwise


def _margin(row: Mapping[str, Any], name: str, otherwise: Rate) -> Rate:
    """The exchange's base ratio: the account's own comes later."""
    ratio = _positive(row, name)
    return otherwise if ratio is None else Rate(by_money=ratio)


def _month(row: Mapping[str, Any]) -> int:
    """``yyyymm``; 0: not told."""
    year, month = int(row.get("DeliveryYear", 0)), int(row.get("DeliveryMonth", 0))
    return year * 100 + month if 2000 <= year < 2100 and 1 <= month <= 12 else 0
