"""What products.yaml knows of products and contracts, on a given trading day."""

import re
from bisect import bisect_right

from homalos.config.sections.products import (
    DAY_SESSIONS,
    ProductEntry,
    ProductRow,
    ProductsFile,
)
from homalos.market.calendar import TradingCalendar
from homalos.market.delivery import Deliveries
from homalos.model.event import Record
from homalos.model.ids import InstrumentId
from homalos.model.market import Fees, Instrument, Rate
from homalos.model.times import to_day

MINUTES_OF_DAY = 24 * 60
NIGHT_BEGINS = 21 * 60
SPLITS_TODAY = frozenset({"SHFE", "INE"})
"""Exchanges that close today's and yesterday's lots by different offsets (FACTS A16)."""
SHORT_YEARS = "CZCE"
"""The exchange that writes one digit of the year (FACTS A1)."""
UNLISTED = 20100101
"""A first row from here says nothing about the listing day."""

_SYMBOL = re.compile(r"([A-Za-z]+(?:_[A-Za-z]+)?)(.*)", re.DOTALL)
_SHORT = re.compile(r"([A-Za-z]+)(\d)(\d\d)((?:[CP]\d+)?)")
_MONTH = re.compile(r"\d\d(0[1-9]|1[0-2])")


class Product(Record, frozen=True):
    """A product as it stands on one trading day."""

    exchange: str
    id: str
    """In the exchange's own spelling, without the exchange: ``rb``, ``SR``."""
    name: str
    name_en: str
    sector: str
    multiplier: float
    tick_size: float
    min_lots: int
    max_limit_lots: int
    max_market_lots: int
    margin: float
    fees: Fees
    limit_ratio: float
    day: str
    """Its kind of day session: a key of ``Products.day_sessions``."""
    night_end: int | None
    """Minutes after midnight of the evening (23:00 is 1380, 01:00 is 1500); None: no night."""
    listed: int
    """Listing day, which has no night session before it; 0: not known."""
    single_side: str = "never"
    """``always``, ``before_delivery_month`` or ``never``: whether the larger side alone pays."""


class Products:
    """The products of the six exchanges. What the venue itself says of a contract wins over it."""

    def __init__(self, file: ProductsFile, calendar: TradingCalendar) -> None:
        self.delivery = Deliveries(file.delivery, calendar)
        self.day_sessions = {
            name: tuple(_range(times) for times in ranges)
            for name, ranges in (DAY_SESSIONS | file.day_sessions).items()
        }
        self.day_auctions = {name: to_day(day) for name, day in file.day_auctions.items()}
        self._days: dict[tuple[str, str], list[int]] = {}
        self._rows: dict[tuple[str, str], list[Product]] = {}
        self._exchanges: dict[str, str] = {}
        self._sectors = {entry.id: entry.sector for entry in file.products}
        for entry in file.products:
            exchange, _, product = entry.id.partition(".")
            self._days[exchange, product] = [to_day(row.since) for row in entry.rows]
            self._rows[exchange, product] = _fold(entry)
            self._exchanges.setdefault(product, exchange)

    def all(self, trading_day: int) -> list[Product]:
        """Every product that is listed on ``trading_day``, in the order of the file."""
        found = (self.product(exchange, name, trading_day) for exchange, name in self._rows)
        return [product for product in found if product is not None]

    def product(self, exchange: str, product: str, trading_day: int) -> Product | None:
        """The product as it stands on ``trading_day``; None: unknown, or not listed yet."""
        rows = self._rows.get((exchange, product))
        if rows is None:
            return None
        index = bisect_right(self._days[exchange, product], trading_day) - 1
        return rows[index] if index >= 0 else None

    def instrument(self, id: InstrumentId, trading_day: int) -> Instrument | None:  # noqa: A002
        """The futures contract ``id`` from its product's row; None: not in products.yaml."""
        exchange, _, symbol = id.partition(".")
        name, month = split_symbol(symbol)
        product = self.product(exchange, name, trading_day)
        if product is None or not _MONTH.fullmatch(month):
            return None
        margin = Rate(by_money=product.margin)
        delivery = 200_000 + int(month)
        return Instrument(
            id=id,
            exchange=exchange,
            symbol=name + month[1:] if exchange == SHORT_YEARS else symbol,
            product=name,
            name=product.name + month,
            multiplier=product.multiplier,
            tick_size=product.tick_size,
            min_lots=product.min_lots,
            max_limit_lots=product.max_limit_lots,
            max_market_lots=product.max_market_lots,
            long_margin=margin,
            short_margin=margin,
            fees=product.fees,
            delivery_month=delivery,
            limit_ratio=product.limit_ratio,
            splits_today=exchange in SPLITS_TODAY,
            single_side=_single_side(product.single_side, delivery, trading_day),
            last_trading_day=self.delivery.last_trading_day(exchange, name, delivery),
        )

    def canonical(self, exchange: str, symbol: str, trading_day: int) -> InstrumentId:
        """Our id of the venue's ``symbol``: ``("CZCE", "SR605", d)`` is ``CZCE.SR2605``.

        CZCE writes the last digit of the year only. It is taken for the year from the one before
        ``trading_day`` to eight years after it that ends so (FACTS A14).
        """
        if exchange == SHORT_YEARS and (match := _SHORT.fullmatch(symbol)):
            name, digit, month, rest = match.groups()
            first = trading_day // 10_000 - 1
            year = first + (int(digit) - first) % 10
            return InstrumentId(f"{exchange}.{name}{year % 100:02d}{month}{rest}")
        return InstrumentId(f"{exchange}.{symbol}")

    def sector(self, exchange: str, product: str) -> str | None:
        """Its sector in products.yaml; None: unknown there."""
        return self._sectors.get(f"{exchange}.{product}")

    def exchange_of(self, symbol: str) -> str | None:
        """The exchange of a symbol, by its letters: ``rb1801`` is of ``SHFE``; None: unknown."""
        return self._exchanges.get(split_symbol(symbol)[0])


def _single_side(rule: str, delivery_month: int, trading_day: int) -> bool:
    """FACTS A11: bond futures of CFFEX lose the relief in their delivery month."""
    if rule == "before_delivery_month":
        return trading_day // 100 < delivery_month
    return rule == "always"


def split_symbol(symbol: str) -> tuple[str, str]:
    """Letters and the rest: ``("rb", "1801")``; a symbol without letters before has no product."""
    match = _SYMBOL.fullmatch(symbol)
    return (match[1], match[2]) if match else ("", symbol)


def _fold(entry: ProductEntry) -> list[Product]:
    """Each row laid over the ones before it."""
    exchange, _, name = entry.id.partition(".")
    first = to_day(entry.rows[0].since)
    listed = first if first > UNLISTED else 0
    known: dict[str, object] = {}
    products = []
    for row in entry.rows:
        for field in row.__struct_fields__:
            if getattr(row, field) is not None:
                known[field] = getattr(row, field)
        whole = ProductRow(**known)  # type: ignore[arg-type]
        products.append(_product(entry, exchange, name, whole, listed))
    return products


def _product(
    entry: ProductEntry, exchange: str, name: str, row: ProductRow, listed: int
) -> Product:
    if (
        row.multiplier is None
        or row.tick_size is None
        or row.lots is None
        or row.margin is None
        or row.limit_ratio is None
        or row.day is None
    ):
        raise ValueError(f"products.yaml: the first row of {entry.id} is not whole")
    rates = row.fee_rate or (0.0, 0.0, 0.0)
    lots = row.fee_lot or (0.0, 0.0, 0.0)
    opened, closed, closed_today = (Rate(*pair) for pair in zip(rates, lots, strict=True))
    return Product(
        exchange=exchange,
        id=name,
        name=entry.zh,
        name_en=entry.en,
        sector=entry.sector,
        multiplier=row.multiplier,
        tick_size=row.tick_size,
        min_lots=row.lots[0],
        max_limit_lots=row.lots[1],
        max_market_lots=row.lots[2],
        margin=row.margin,
        fees=Fees(opened, closed, closed_today),
        limit_ratio=row.limit_ratio,
        day=row.day,
        night_end=_night_end(row.night_end),
        listed=listed,
        single_side=row.single_side or "never",
    )


def _night_end(text: str | None) -> int | None:
    if text is None or text == "none":
        return None
    minutes = _minutes(text)
    return minutes if minutes > NIGHT_BEGINS else minutes + MINUTES_OF_DAY


def _range(times: str) -> tuple[int, int]:
    begin, end = times.split("-")
    return _minutes(begin), _minutes(end)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
