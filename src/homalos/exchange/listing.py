"""Contracts that a source brings: by products.yaml, by the source's own word, or guardedly."""

from msgspec.structs import replace

from homalos.market.delivery import is_over
from homalos.market.products import Products, split_symbol
from homalos.model.ids import InstrumentId
from homalos.model.market import Fees, Instrument, Rate

CAUTIOUS_MARGIN = Rate(by_money=0.2)
"""For a contract of which nothing is known: dearer than any exchange's usual rate."""


def instrument_of(products: Products, id_: InstrumentId, trading_day: int) -> Instrument:
    """The contract on that day. One that products.yaml does not have is traded by the lot of one
    unit with a fine grid and a dear margin, so that its ticks pass and nobody is flattered."""
    known = products.instrument(id_, trading_day)
    return known if known is not None else unknown(id_)


def at_its_word(item: Instrument, trading_day: int) -> Instrument:
    """A contract that trades on ``trading_day``: no rule says that it is over."""
    return replace(item, last_trading_day=0) if is_over(item, trading_day) else item


def unknown(id_: InstrumentId) -> Instrument:
    """The cautious description of a contract that nobody describes."""
    exchange, _, symbol = id_.rpartition(".")
    product, month = split_symbol(symbol)
    digits = month if month.isdigit() and len(month) == 4 else ""
    return Instrument(
        id=id_,
        exchange=exchange,
        symbol=symbol,
        product=product,
        name=symbol,
        multiplier=1.0,
        tick_size=0.001,
        min_lots=1,
        max_limit_lots=100,
        max_market_lots=0,
        long_margin=CAUTIOUS_MARGIN,
        short_margin=CAUTIOUS_MARGIN,
        fees=Fees(),
        delivery_month=200_000 + int(digits) if digits else 0,
        limit_ratio=0.0,
        splits_today=exchange in ("SHFE", "INE"),
    )
