"""When a contract trades for the last time, and what holds for its holders as delivery nears.

By the rows of products.yaml (``delivery``), for contracts whose venue does not say it, and for what
no venue says at all: the day on whose close a natural person has to be flat, and lot multiples in
the delivery month. Sources stand beside the rows. Nothing is guessed: where no row says how, the
day is 0.

A contract's last trading day may lie beyond ``calendar.known_until``; until that year's holidays
are published it is provisional, as the exchange's own list is.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from homalos.config.sections.delivery import DeliveryRow
from homalos.market.calendar import TradingCalendar
from homalos.model.event import Record
from homalos.model.market import Instrument
from homalos.model.times import to_date, to_day

Client = Literal["person", "institution"]

_WEEKDAYS = {"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4}
_MONTH_BEFORE, _TO_THE_END = "month before", "last day"
_ANY = DeliveryRow(of=())


def is_over(item: Instrument, trading_day: int) -> bool:
    """Whether the contract's last trading day is behind it; never where nobody tells that day."""
    return 0 < item.last_trading_day < trading_day


class DeliveryDays(Record, frozen=True):
    """Days of one contract, ``yyyymmdd`` of trading days."""

    last_trading_day: int
    must_flat: int
    """On its close nothing may be held; 0: the contract may be held to its end."""
    last_open: int
    """The last day on which lots may be opened."""
    multiple: int
    """Lots come in multiples of it from ``multiple_from`` on; 1: any number."""
    multiple_by: int
    """On its close what is held has to be a multiple; 0: no such rule."""
    multiple_from: int
    """The first trading day of the delivery month; 0: no such rule."""


class Deliveries:
    """Rows of products.yaml by product: the later row wins, field by field."""

    def __init__(self, rows: Iterable[DeliveryRow], calendar: TradingCalendar) -> None:
        self._calendar = calendar
        self._rows: dict[str, DeliveryRow] = {}
        self._known: dict[tuple[str, str, int], int] = {}
        for row in rows:
            for name in row.of:
                self._rows[name] = _over(self._rows.get(name, _ANY), row)

    def row(self, exchange: str, product: str) -> DeliveryRow:
        """The product's own row over its exchange's."""
        whole = self._rows.get(exchange, _ANY)
        own = self._rows.get(f"{exchange}.{product}")
        return whole if own is None else _over(whole, own)

    def last_trading_day(self, exchange: str, product: str, month: int) -> int:
        """Of the contract that is delivered in ``month`` (yyyymm); 0: no row says how."""
        key = exchange, product, month
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._last(self.row(exchange, product), month)
        return found

    def _last(self, row: DeliveryRow, month: int) -> int:
        if row.last_day is None or not month or month < (row.from_month or 0):
            return 0
        return _last_day(row.last_day, month, self._calendar)

    def days(
        self, item: Instrument, client: Client, early_days: int, last_open_days: int
    ) -> DeliveryDays | None:
        """What the days of a contract are for ``client``; ``None``: its last one is unknown.
        ``early_days``: trading days by which a broker asks for it earlier than the exchange."""
        last, calendar = item.last_trading_day, self._calendar
        if not last:
            return None
        row = self.row(item.exchange, item.product)
        flat = self._must_flat(row, item, client)
        if flat:
            flat = calendar.shift(flat, -early_days)
        closed = calendar.shift(flat, -last_open_days) if flat else last
        multiple, by, since = row.multiple or 1, 0, 0
        if multiple > 1 and item.delivery_month:
            by, since = _turn(item.delivery_month, calendar)
        return DeliveryDays(last, flat, closed, multiple, by, since)

    def _must_flat(self, row: DeliveryRow, item: Instrument, client: Client) -> int:
        """A person without a row about persons is out before the delivery month, the strictest of
        the exchanges' rules."""
        rule, last = row.person_flat or _MONTH_BEFORE, item.last_trading_day
        if client == "institution" or rule == _TO_THE_END:
            return 0
        if rule != _MONTH_BEFORE:
            return self._calendar.shift(last, -int(rule.split()[0]))
        month = item.delivery_month or last // 100
        return min(last, _turn(month, self._calendar)[0])

    def last_close(self, exchange: str, product: str) -> int | None:
        """Minutes after midnight at which a contract closes on its last day, where that is not its
        product's usual close."""
        text = self.row(exchange, product).last_close
        return None if text is None else int(text[:2]) * 60 + int(text[3:])


def _over(low: DeliveryRow, high: DeliveryRow) -> DeliveryRow:
    known: dict[str, object] = {}
    for row in (low, high):
        for field in row.__struct_fields__:
            if getattr(row, field) is not None:
                known[field] = getattr(row, field)
    return DeliveryRow(**known)  # type: ignore[arg-type]


def _turn(month: int, calendar: TradingCalendar) -> tuple[int, int]:
    """(last trading day before ``month``, first one in it)."""
    first = month * 100 + 1
    before = calendar.previous_day(first)
    return before, calendar.next_day(before)


def _last_day(rule: str, month: int, calendar: TradingCalendar) -> int:
    """``day 15``: that day or the next trading day. ``trading day 10``, ``trading day -4``: counted
    from the month's beginning or end. ``friday 3``: the third, or the next trading day. ``monday
    -1``: the last Monday on which there is trading. ``month before``: the last trading day of the
    month before.

    The day that a holiday falls on is never one of the days counted; 0: the month has no such day.
    """
    before, first = _turn(month, calendar)
    if rule == _MONTH_BEFORE:
        return before
    *words, text = rule.split()
    number = int(text)
    if words == ["day"]:
        return _open_on(month * 100 + number, calendar)
    if words == ["trading", "day"]:
        days = calendar.trading_days(first, month * 100 + _length(month))
        place = number - 1 if number > 0 else number
        return days[place] if -len(days) <= place < len(days) else 0
    return _weekday(_WEEKDAYS[words[0]], number, month, calendar)


def _weekday(weekday: int, number: int, month: int, calendar: TradingCalendar) -> int:
    first = to_date(month * 100 + 1)
    ahead = timedelta(days=(weekday - first.weekday()) % 7)
    days = [to_day(first + ahead + timedelta(weeks=week)) for week in range(5)]
    days = [day for day in days if day // 100 == month]
    if number > 0:
        return _open_on(days[number - 1], calendar) if number <= len(days) else 0
    days = [day for day in days if calendar.is_trading_day(day)]
    return days[number] if -number <= len(days) else 0


def _open_on(day: int, calendar: TradingCalendar) -> int:
    return day if calendar.is_trading_day(day) else calendar.next_day(day)


def _length(month: int) -> int:
    """Days of a month."""
    year, number = divmod(month, 100)
    following = (year + 1) * 100 + 1 if number == 12 else month + 1
    return (to_date(following * 100 + 1) - timedelta(days=1)).day
