"""Which days are trading days, and which of them begin with a night session."""

from datetime import timedelta

from homalos.config.sections.calendar import SATURDAY, CalendarFile
from homalos.model.times import add_days, to_date, to_day

_ONE = timedelta(days=1)
_KEPT_MAX = 20_000


class TradingCalendar:
    """Trading days of the Chinese futures exchanges, which open and close together.

    Beyond the years of calendar.yaml every weekday counts as open; ``known`` tells them apart.
    Days are ``yyyymmdd``; a number that is no day raises ``ValueError``.
    """

    def __init__(self, file: CalendarFile) -> None:
        self._closed = frozenset(to_day(day) for day in file.closed)
        self._no_night = frozenset(to_day(day) for day in file.no_night)
        self._spans = tuple((to_day(first), to_day(last)) for first, last in file.no_night_spans)
        self._known = to_day(file.known_from), to_day(file.known_until)
        self._next: dict[int, int] = {}
        self._previous: dict[int, int] = {}

    def known(self, day: int) -> bool:
        """Whether the exchanges have published if they are open on ``day``."""
        first, last = self._known
        return first <= day <= last

    def is_trading_day(self, day: int) -> bool:
        """Whether the exchanges are open on the natural day ``day``."""
        return day not in self._closed and to_date(day).weekday() < SATURDAY

    def next_day(self, day: int) -> int:
        """The first trading day after ``day``, which need not be one itself."""
        return self._step(day, _ONE, self._next)

    def previous_day(self, day: int) -> int:
        """The last trading day before ``day``, which need not be one itself."""
        return self._step(day, -_ONE, self._previous)

    def shift(self, day: int, count: int) -> int:
        """The trading day ``count`` trading days after ``day`` (before it, below zero); 0: ``day``
        itself, whatever it is."""
        for _ in range(abs(count)):
            day = self.next_day(day) if count > 0 else self.previous_day(day)
        return day

    def has_night(self, day: int) -> bool:
        """Whether the trading day ``day`` begins with a night session, on the evening of
        ``previous_day(day)``, for products that have one.

        There is none on the evening before a public holiday; a weekend alone does not cancel it
        (FACTS A15). A holiday that falls wholly on a weekend is named in ``no_night``.
        """
        if not self.is_trading_day(day) or day in self._no_night:
            return False
        if any(first <= day <= last for first, last in self._spans):
            return False
        return not self._holiday_between(self.previous_day(day), day)

    def trading_days(self, first: int, last: int) -> list[int]:
        """All trading days from ``first`` to ``last``, both included."""
        days = []
        day = first if self.is_trading_day(first) else self.next_day(first)
        while day <= last:
            days.append(day)
            day = self.next_day(day)
        return days

    def _holiday_between(self, first: int, last: int) -> bool:
        day = add_days(first, 1)
        while day < last:
            if day in self._closed:
                return True
            day = add_days(day, 1)
        return False

    def _step(self, day: int, step: timedelta, known: dict[int, int]) -> int:
        found = known.get(day)
        if found is not None:
            return found
        date = to_date(day) + step
        while date.weekday() >= SATURDAY or to_day(date) in self._closed:
            date += step
        if len(known) > _KEPT_MAX:
            known.clear()
        found = known[day] = to_day(date)
        return found
