"""Contracts whose last trading day is a short one.

CFFEX treasury bond futures (2, 5, 10 and 30 years: TS, TF, T, TL) trade 09:30 to 11:30 on their
last day, the second Friday of the delivery month or the next trading day (the contracts'
specification). All others keep their hours; FACTS A15 has the sessions of the other days.
"""

from datetime import date, timedelta

from homalos.market.calendar import TradingCalendar
from homalos.model.market import Instrument
from homalos.model.times import MINUTE, china_midnight, to_day

_BONDS = frozenset({"TS", "TF", "T", "TL"})
_CLOSE_MINUTES = 11 * 60 + 30
_FRIDAY = 4


def early_close(row: Instrument, trading_day: int, calendar: TradingCalendar) -> int | None:
    """When the contract closes for ever, if it does so on ``trading_day`` before the others of its
    product; else ``None``."""
    if row.exchange != "CFFEX" or row.product not in _BONDS or not row.delivery_month:
        return None
    first = date(row.delivery_month // 100, row.delivery_month % 100, 1)
    friday = first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 7)
    day = to_day(friday)
    if not calendar.is_trading_day(day):
        day = calendar.next_day(day)
    if day != trading_day:
        return None
    return china_midnight(day) + _CLOSE_MINUTES * MINUTE
