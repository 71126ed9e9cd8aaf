"""The project's own products and calendar, for tests that need sessions."""

from functools import cache
from pathlib import Path

import msgspec
import yaml

from homalos.config.sections.calendar import CalendarFile
from homalos.config.sections.products import ProductsFile
from homalos.market.calendar import TradingCalendar
from homalos.market.products import Products
from homalos.market.sessions import Sessions

CONFIG = Path(__file__).resolve().parents[2] / "config"


@cache
def market_tables() -> tuple[Products, Sessions]:
    """Products and sessions of config/products.yaml and config/calendar.yaml."""
    calendar = TradingCalendar(msgspec.convert(_load("calendar.yaml"), CalendarFile))
    products = Products(msgspec.convert(_load("products.yaml"), ProductsFile), calendar)
    return products, Sessions(calendar, products)


def _load(name: str) -> object:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((CONFIG / name).read_text(encoding="utf-8"), loader)
