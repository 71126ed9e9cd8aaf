"""Lots of one account in one contract and direction, as the clearing house keeps them (FACTS A10).

Profit by date (盯市) runs from the *basis*: the opening price of today's lots, the previous
settlement of older ones. Within what an offset allows lots go first in, first out.
"""

from typing import Literal

import msgspec

from homalos.market.money import MarginPrice
from homalos.model.enums import Offset
from homalos.model.market import Rate

Bucket = Literal["any", "today", "yesterday"]


def bucket(offset: Offset, splits_today: bool) -> Bucket:
    """Which lots a close takes: strict where today's and yesterday's are split (FACTS A9)."""
    if not splits_today:
        return "any"
    return "today" if offset is Offset.CLOSE_TODAY else "yesterday"


def echoed(offset: Offset, splits_today: bool) -> Offset:
    """The offset as a trade bears it: elsewhere than SHFE and INE a close is a close."""
    if offset is Offset.OPEN:
        return offset
    if not splits_today:
        return Offset.CLOSE
    return Offset.CLOSE_TODAY if offset is Offset.CLOSE_TODAY else Offset.CLOSE_YESTERDAY


class Part(msgspec.Struct, array_like=True):
    """Lots opened at one price."""

    lots: int
    open_price: float
    basis: float
    today: bool
    day: int = 0
    """Trading day of the opening; 0: not known."""


class Holding(msgspec.Struct, array_like=True):
    """The lots of one direction; sums are rebuilt at each close, so nothing drifts."""

    parts: list[Part] = msgspec.field(default_factory=list)
    today: int = 0
    yesterday: int = 0
    frozen: int = 0
    """Lots bound by working closes, all of them."""
    frozen_today: int = 0
    """Of these, bound as today's (SHFE, INE)."""
    today_rate_lots: int = 0
    """Lots opened today for which no close has paid the close-today rate yet (FACTS A9)."""
    open_sum: float = 0.0
    basis_sum: float = 0.0
    today_sum: float = 0.0
    """Sum of lots x opening price: of all, on the basis, of today's."""
    opens_lots: int = 0
    opens_sum: float = 0.0
    """Lots, and lots x price, of all that was opened today; closes leave them (FACTS A10)."""
    closed_profit: float = 0.0
    closed_by_trade: float = 0.0
    """Realised today, yuan: by date, and from the original opening prices."""

    @property
    def lots(self) -> int:
        return self.today + self.yesterday

    def closable(self, which: Bucket) -> int:
        """Lots that no working close has bound."""
        if which == "any":
            return self.lots - self.frozen
        if which == "today":
            return self.today - self.frozen_today
        return self.yesterday - (self.frozen - self.frozen_today)

    def freeze(self, lots: int, which: Bucket) -> None:
        """Bind lots to a working close; negative sets them free."""
        self.frozen += lots
        if which == "today":
            self.frozen_today += lots

    def frozen_split(self, splits_today: bool) -> tuple[int, int]:
        """Bound lots of (today, yesterday); without a split the oldest would go first."""
        if splits_today:
            return self.frozen_today, self.frozen - self.frozen_today
        old = min(self.frozen, self.yesterday)
        return self.frozen - old, old

    def close_today_lots(self, lots: int, which: Bucket) -> int:
        """How many of a coming close pay the close-today rate. Where the offset names the lots it
        names the rate; elsewhere the lots opened today are charged first (FACTS A9)."""
        if which == "any":
            return min(lots, self.today_rate_lots)
        return lots if which == "today" else 0

    def worth_of(self, lots: int, which: Bucket) -> tuple[float, float]:
        """Sums of lots x basis and of lots x opening price of those that a close would take."""
        basis, opened, wanted = 0.0, 0.0, lots
        for part in self.parts:
            if wanted and (which == "any" or part.today is (which == "today")):
                taken = min(wanted, part.lots)
                wanted -= taken
                basis += taken * part.basis
                opened += taken * part.open_price
        return basis, opened

    def open(self, lots: int, price: float, day: int = 0) -> None:
        """Add today's lots; those of one price that follow each other are one part."""
        last = self.parts[-1] if self.parts else None
        if last is not None and last.today and last.open_price == price:
            last.lots += lots
        else:
            self.parts.append(Part(lots, price, price, True, day))
        self.today_rate_lots += lots
        self.today += lots
        amount = lots * price
        self.open_sum += amount
        self.basis_sum += amount
        self.today_sum += amount
        self.opens_lots += lots
        self.opens_sum += amount

    def adjust(self, lots: int, price: float, day: int, *, today: bool) -> None:
        """Lots that came without a trade; negative ones went: today's or yesterday's that no close
        has bound (``ValueError``: there are fewer)."""
        if lots >= 0:
            place = len(self.parts) if today else self.yesterday_parts()
            self.parts.insert(place, Part(lots, price, price, today, day))
            self.today_rate_lots += lots if today else 0
        else:
            which: Bucket = "today" if today else "yesterday"
            self._take(-lots, which)
            self.today_rate_lots = min(self.today_rate_lots, self.today)
        self._sum()

    def yesterday_parts(self) -> int:
        """How many parts are older than today; they stand first."""
        return sum(not part.today for part in self.parts)

    def of_day(self, *, today: bool) -> "Holding":
        """Today's or yesterday's lots alone, as CTP shows them on SHFE and INE."""
        found = Holding([part for part in self.parts if part.today is today])
        found.frozen = self.frozen_today if today else self.frozen - self.frozen_today
        found._sum()
        return found

    def close(self, lots: int, which: Bucket) -> None:
        """Take lots away; there must be enough of them (``ValueError``)."""
        if lots > self.lots:
            raise ValueError(f"a close of {lots} lots, and {self.lots} are there")
        self.today_rate_lots -= min(self.today_rate_lots, self.close_today_lots(lots, which))
        self._take(lots, which)
        self._sum()

    def _take(self, lots: int, which: Bucket) -> None:
        """``ValueError``: there are not so many that it may take; nothing is taken."""
        there = sum(p.lots for p in self.parts if which == "any" or p.today is (which == "today"))
        if there < lots:
            raise ValueError(f"a close of {lots} lots found {there} that it may take")
        wanted = lots
        for part in self.parts:
            if wanted and (which == "any" or part.today is (which == "today")):
                taken = min(wanted, part.lots)
                wanted -= taken
                part.lots -= taken
        self.parts = [part for part in self.parts if part.lots]

    def settle(self, price: float | None) -> None:
        """The day is over: every lot is yesterday's, marked at the settlement where it is known."""
        for part in self.parts:
            part.today = False
            if price is not None:
                part.basis = price
        self.frozen = self.frozen_today = self.today_rate_lots = self.opens_lots = 0
        self.opens_sum = self.closed_profit = self.closed_by_trade = 0.0
        self._sum()

    def margin(
        self,
        multiplier: float,
        rate: Rate,
        rule: MarginPrice,
        last: float | None,
        pre_settlement: float | None,
    ) -> float:
        """FACTS A11: yesterday's lots at the previous settlement, today's by ``rule``; by their
        opening prices where the price that it asks for is not known."""
        amount = self.basis_sum
        price = last if rule == "last" else pre_settlement if rule == "pre_settlement" else None
        if rule == "average" and self.opens_lots:
            price = self.opens_sum / self.opens_lots
        if price is not None:
            amount += price * self.today - self.today_sum
        return amount * multiplier * rate.by_money + self.lots * rate.by_lot

    def _sum(self) -> None:
        self.today = self.yesterday = 0
        self.open_sum = self.basis_sum = self.today_sum = 0.0
        for part in self.parts:
            self.open_sum += part.lots * part.open_price
            self.basis_sum += part.lots * part.basis
            if part.today:
                self.today += part.lots
                self.today_sum += part.lots * part.open_price
            else:
                self.yesterday += part.lots


class Holdings(msgspec.Struct, array_like=True):
    """Both directions of one contract."""

    long: Holding = msgspec.field(default_factory=Holding)
    short: Holding = msgspec.field(default_factory=Holding)
