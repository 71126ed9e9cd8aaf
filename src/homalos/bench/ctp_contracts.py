"""The contracts that the CTP benchmarks trade, and the moment at which their market stands."""

import os
from collections.abc import Iterator
from functools import cache

from homalos import defaults_dir
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.kernel.clock import wall_ns
from homalos.market.calendar import TradingCalendar
from homalos.market.products import Products
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument
from homalos.model.times import add_days, china_day

AHEAD_DAYS = 60
"""The front is so far ahead that its day is clearly another one, and the program follows its clock:
so it is in the middle of a session whenever the benchmark is run."""
BEGINS_MS = (9 * 60 + 35) * 60_000
"""09:35:00, when every product trades, and 40 minutes before the first break."""
ALL = 600
"""What a front lists, roughly, of live futures contracts."""
SINGLE = 20
"""Contracts that take turns in the single ticks: at 500 a second each has 40 ms to itself, so that
an order is never taken for the answer to a later tick of its contract."""


DAY = "HOMALOS_BENCH_DAY"


@cache
def trading_day() -> int:
    """The front's; in its own process as its starter says, who may have begun before midnight."""
    if DAY in os.environ:
        return int(os.environ[DAY])
    calendar = TradingCalendar(_shipped().calendar)
    return calendar.next_day(add_days(china_day(wall_ns()), AHEAD_DAYS))


def contracts(count: int = ALL) -> tuple[Instrument, ...]:
    """The first ``count`` contracts of products.yaml, one month of all products after the other."""
    products = Products(_shipped().products, TradingCalendar(_shipped().calendar))
    found: list[Instrument] = []
    for instrument in _listed(products, trading_day()):
        found.append(instrument)
        if len(found) == count:
            return tuple(found)
    raise ValueError(f"products.yaml makes {len(found)} contracts, {count} are wanted")


@cache
def _shipped() -> Config:
    return load(defaults_dir(), environ={}).config


def _listed(products: Products, day: int) -> Iterator[Instrument]:
    for month in _months(day):
        for product in products.all(day):
            name = InstrumentId(f"{product.exchange}.{product.id}{month}")
            instrument = products.instrument(name, day)
            if instrument is not None:
                yield instrument


def _months(day: int) -> Iterator[str]:
    """Two to twelve months ahead: ``2602``."""
    first = day // 10_000 * 12 + day // 100 % 100 - 1
    for number in range(first + 2, first + 13):
        years, month = divmod(number, 12)
        yield f"{years % 100:02d}{month + 1:02d}"
