"""Lots of one contract and direction: who was opened when, at what price, on what basis.

Profit by date (盯市) is measured from the *basis*: the opening price of today's lots, the last
settlement of older ones (FACTS A10); profit by trade (逐笔) from the opening price. Lots go first
in, first out within what the offset allows (``market.lot_rules``).
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from homalos.market import lot_rules
from homalos.market.money import MarginPrice
from homalos.model.market import Rate


class Lot:
    """Lots opened at one price; only ``LotSide`` touches them."""

    __slots__ = ("basis", "lots", "open_price", "opened", "today")

    def __init__(
        self, lots: int, open_price: float, basis: float, opened: int, today: bool
    ) -> None:
        self.lots = lots
        self.open_price = open_price
        self.basis = basis
        self.opened = opened
        """Trading day of the open, 0 where the venue did not say."""
        self.today = today


class Closed(NamedTuple):
    """What a close took away."""

    basis: float
    """Sum of lots x basis of the lots taken."""
    opened: float
    """Sum of lots x opening price of the lots taken."""
    fee_today_lots: int
    """Lots that pay the close-today rate."""
    missing: int
    """Lots that the books do not have: they have missed something."""


class LotSide:
    """The ledger of one direction. Sums are rebuilt at each change, so nothing drifts."""

    __slots__ = (
        "basis_sum",
        "charged_today",
        "closed_by_trade",
        "closed_profit",
        "frozen",
        "frozen_today",
        "frozen_yesterday",
        "open_sum",
        "opens_lots",
        "opens_sum",
        "parts",
        "rolled",
        "rolled_sum",
        "today",
        "today_sum",
        "yesterday",
    )

    def __init__(self) -> None:
        self.parts: deque[Lot] = deque()
        self.today = 0
        self.yesterday = 0
        self.basis_sum = 0.0
        self.open_sum = 0.0
        self.today_sum = 0.0
        """Sum of lots x opening price of today's lots."""
        self.opens_lots = 0
        self.opens_sum = 0.0
        """Lots, and lots x price, of all that was opened today: no close makes them less."""
        self.charged_today = 0
        """Lots opened today that no close has paid the close-today rate for yet."""
        self.closed_profit = 0.0
        self.closed_by_trade = 0.0
        """Realised today, yuan, before fees: by date, by trade."""
        self.rolled = 0
        self.rolled_sum = 0.0
        """Lots, and lots x basis, with which the trading day began."""
        self.frozen = 0
        self.frozen_today = 0
        self.frozen_yesterday = 0

    @property
    def lots(self) -> int:
        return self.today + self.yesterday

    def open(self, lots: int, price: float, day: int) -> None:
        self.parts.append(Lot(lots, price, price, day, True))
        self.charged_today += lots
        self.opens_lots += lots
        self.opens_sum += lots * price
        self._sum()

    def close(self, lots: int, today: bool | None) -> Closed:
        """Take ``lots`` away: today's, yesterday's, or (``None``) first in, first out."""
        wanted, basis, opened, kept = lots, 0.0, 0.0, deque[Lot]()
        for part in self.parts:
            if wanted and (today is None or part.today is today):
                taken = min(wanted, part.lots)
                wanted -= taken
                part.lots -= taken
                basis += taken * part.basis
                opened += taken * part.open_price
            if part.lots:
                kept.append(part)
        self.parts = kept
        self._sum()
        charged = self.fee_today_lots(lots, today)
        self.charged_today -= min(charged, self.charged_today)
        return Closed(basis, opened, charged, wanted)

    def fee_today_lots(self, lots: int, today: bool | None) -> int:
        """Lots of a coming close that would pay the close-today rate."""
        return lot_rules.today_rate_lots(lots, today, self.charged_today)

    def roll(self, settlement: float | None) -> None:
        """A new trading day: everything is yesterday's, at the settlement where it is known."""
        for part in self.parts:
            part.today = False
            if settlement is not None:
                part.basis = settlement
        self._begin_day()

    def _begin_day(self) -> None:
        self.charged_today = self.opens_lots = 0
        self.opens_sum = self.closed_profit = self.closed_by_trade = 0.0
        self._sum()
        self.rolled, self.rolled_sum = self.yesterday, self.basis_sum

    def settle(self, settlement: float) -> tuple[float, float]:
        """The settlement with which the day should have begun is known at last: (sum by which the
        lots of that moment are worth more, sum by which those of them that were closed since have
        gained less), in price x lots."""
        gone = self.rolled - self.yesterday
        left = sum(part.lots * part.basis for part in self.parts if not part.today)
        worth = settlement * self.rolled - self.rolled_sum
        less = settlement * gone - (self.rolled_sum - left)
        for part in self.parts:
            if not part.today:
                part.basis = settlement
        self.rolled_sum = settlement * self.rolled
        self._sum()
        return worth, less

    def replace(self, parts: Iterable[Lot]) -> None:
        """What the venue says there is. Frozen lots stay: they belong to working orders."""
        self.parts = deque(part for part in parts if part.lots > 0)
        self._sum()
        self.charged_today = self.opens_lots = self.today
        self.opens_sum = self.today_sum
        self.rolled = self.yesterday
        self.rolled_sum = self.basis_sum - self.today_sum

    def closable(self, today: bool | None) -> int:
        """Lots that no working close has bound."""
        if today is None:
            return max(0, self.lots - self.frozen)
        bucket = self.today - self.frozen_today if today else self.yesterday - self.frozen_yesterday
        return max(0, bucket)

    def freeze(self, lots: int, today: bool | None) -> None:
        """Bind lots to a working close; negative sets them free."""
        self.frozen += lots
        if today is True:
            self.frozen_today += lots
        elif today is False:
            self.frozen_yesterday += lots

    def frozen_split(self, splits: bool) -> tuple[int, int]:
        """Bound lots of (today, yesterday); without a split the oldest go first."""
        if splits:
            return self.frozen_today, self.frozen_yesterday
        old = min(self.frozen, self.yesterday)
        return self.frozen - old, old

    def margin(
        self, multiplier: float, rate: Rate, rule: MarginPrice, pre_settlement: float | None,
        last: float | None,
    ) -> float:  # fmt: skip
        """FACTS A11: yesterday's lots at the previous settlement, today's by ``rule``; at their
        opening prices where the price that it asks for is not known.

        ``average``: of all that was opened today, whatever was closed since (unverified: CTP says
        成交均价 and not more; it does not move with the market, FACTS A12).
        """
        money, price = self.basis_sum, None
        if rule == "last":
            price = last
        elif rule == "pre_settlement":
            price = pre_settlement
        elif rule == "average" and self.opens_lots:
            price = self.opens_sum / self.opens_lots
        if price is not None:
            money += price * self.today - self.today_sum
        return rate.by_money * multiplier * money + rate.by_lot * self.lots

    def _sum(self) -> None:
        today = yesterday = 0
        basis = opened = today_sum = 0.0
        for part in self.parts:
            basis += part.lots * part.basis
            opened += part.lots * part.open_price
            if part.today:
                today += part.lots
                today_sum += part.lots * part.open_price
            else:
                yesterday += part.lots
        self.today, self.yesterday = today, yesterday
        self.basis_sum, self.open_sum, self.today_sum = basis, opened, today_sum

    def state(self) -> tuple[object, ...]:
        return (
            tuple((p.lots, p.open_price, p.basis, p.opened, p.today) for p in self.parts),
            self.charged_today,
            self.opens_lots,
            self.opens_sum,
            self.frozen,
            self.frozen_today,
            self.frozen_yesterday,
        )
