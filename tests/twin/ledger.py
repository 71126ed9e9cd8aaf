"""The slow twin of the trader's books: Decimal, no state but the list of what happened.

It shares nothing with the daemon's code. Every figure is computed from the first trade on, each
time that somebody asks. Rules: profit by date, first in first out where the exchange picks the
lots, fees by trade rounded half up to the cent, closes at the close-today rate until today's opens
are used up (SHFE and INE: by offset), margin at one of four prices, of the larger side alone where
a product has that relief (FACTS A9-A12).
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Terms:
    """Of one contract: fee rates as (by money, by lot)."""

    multiplier: Decimal
    split: bool
    open_fee: tuple[Decimal, Decimal]
    close_fee: tuple[Decimal, Decimal]
    close_today_fee: tuple[Decimal, Decimal]
    long_margin: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0))
    short_margin: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0))
    relief: str = ""
    """Name of the product whose contracts share it; empty: none."""


@dataclass(frozen=True)
class Fill:
    contract: str
    owner: str
    buy: bool
    offset: str
    """open, close, close_today, close_yesterday"""
    price: Decimal
    lots: int


@dataclass(frozen=True)
class DayEnd:
    """Everything held is settled at these prices."""

    settlements: dict[str, Decimal]


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass
class Lot:
    """A single one."""

    basis: Decimal
    today: bool
    opened: Decimal


@dataclass
class Played:
    """Where the events lead: equity at the day's start, results of the day, lots oldest first."""

    start: Decimal
    closed: dict[str, Decimal] = field(default_factory=dict)
    closed_by_trade: dict[str, Decimal] = field(default_factory=dict)
    opens: dict[tuple[str, bool], list[Decimal]] = field(default_factory=dict)
    """Prices of all lots opened today, closed since or not."""
    settled: dict[str, Decimal] = field(default_factory=dict)
    """Previous settlement of each contract."""
    fees: dict[str, Decimal] = field(default_factory=dict)
    lots: dict[tuple[str, bool], list[Lot]] = field(default_factory=dict)
    fresh: dict[tuple[str, bool], int] = field(default_factory=dict)
    fee_of_each_fill: list[Decimal] = field(default_factory=list)
    closed_of_each_fill: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    """(by date, by trade); zero of an open."""


@dataclass
class Share:
    """What one owner has in one contract: net lots, sums of signed lots x price, fees.

    From the first fill on (逐笔), and from the settlement with which the day began (盯市).
    """

    net: int = 0
    paid: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    paid_today: Decimal = Decimal(0)

    def result(self, mark: Decimal, multiplier: Decimal) -> Decimal:
        """Made since the beginning, fees paid."""
        return (self.net * mark - self.paid) * multiplier - self.fees

    def result_today(self, mark: Decimal, multiplier: Decimal) -> Decimal:
        """Made since the settlement, before fees."""
        return (self.net * mark - self.paid_today) * multiplier


@dataclass(frozen=True)
class Resting:
    """An order that works, as the venue has it: the lots that are left, the price it freezes at.

    ``at_today_rate``: lots of the whole order that would have paid the close-today rate when it was
    entered; a lot of it freezes the average.
    """

    contract: str
    buy: bool
    opens: bool
    price: Decimal
    lots: int
    left: int
    at_today_rate: int = 0


class Twin:
    def __init__(self, terms: dict[str, Terms], opening: Decimal) -> None:
        self.terms = terms
        self.opening = opening
        self.events: list[Fill | DayEnd] = []

    def _fee(
        self, rate: tuple[Decimal, Decimal], price: Decimal, lots: int, contract: str
    ) -> Decimal:
        return lots * (price * self.terms[contract].multiplier * rate[0] + rate[1])

    def play(self, count: int | None = None) -> "Played":
        """Everything, from the first event; or the first ``count`` of them."""
        played = Played(self.opening)
        for event in self.events if count is None else self.events[:count]:
            if isinstance(event, DayEnd):
                self._settle(event, played)
            else:
                self._fill(event, played)
        return played

    def _settle(self, day: DayEnd, played: "Played") -> None:
        for (contract, long), held in played.lots.items():
            for lot in held:
                price = day.settlements[contract]
                move = (price - lot.basis) * self.terms[contract].multiplier
                played.start += move if long else -move
                lot.basis, lot.today = price, False
        played.start += sum(played.closed.values(), Decimal(0))
        played.start -= sum(played.fees.values(), Decimal(0))
        played.closed, played.fees, played.fresh = {}, {}, {}
        played.closed_by_trade, played.opens = {}, {}
        played.settled = dict(day.settlements)

    def _fill(self, fill: Fill, played: "Played") -> None:
        terms, opens = self.terms[fill.contract], fill.offset == "open"
        key = (fill.contract, fill.buy is opens)
        held = played.lots.setdefault(key, [])
        if opens:
            held.extend(Lot(fill.price, True, fill.price) for _ in range(fill.lots))
            played.opens.setdefault(key, []).extend([fill.price] * fill.lots)
            played.fresh[key] = played.fresh.get(key, 0) + fill.lots
            fee = self._fee(terms.open_fee, fill.price, fill.lots, fill.contract)
            played.closed_of_each_fill.append((Decimal(0), Decimal(0)))
        else:
            before = self._closed(fill, played)
            today = sum(self._close_one(fill, held, key, played) for _ in range(fill.lots))
            fee = self._fee(terms.close_today_fee, fill.price, today, fill.contract)
            fee += self._fee(terms.close_fee, fill.price, fill.lots - today, fill.contract)
            after = self._closed(fill, played)
            played.closed_of_each_fill.append((after[0] - before[0], after[1] - before[1]))
        fee = cents(fee)
        played.fee_of_each_fill.append(fee)
        played.fees[fill.contract] = played.fees.get(fill.contract, Decimal(0)) + fee

    @staticmethod
    def _closed(fill: Fill, played: "Played") -> tuple[Decimal, Decimal]:
        none = Decimal(0)
        made = played.closed, played.closed_by_trade
        return made[0].get(fill.contract, none), made[1].get(fill.contract, none)

    def _close_one(
        self, fill: Fill, held: list["Lot"], key: tuple[str, bool], played: "Played"
    ) -> bool:
        """Take one lot; whether it pays the close-today rate."""
        if self.terms[fill.contract].split:
            at_today = fill.offset == "close_today"
            index = next(i for i, lot in enumerate(held) if lot.today is at_today)
        else:
            index, at_today = 0, played.fresh.get(key, 0) > 0
            played.fresh[key] = played.fresh.get(key, 0) - at_today
        lot = held.pop(index)
        sign = (-1 if fill.buy else 1) * self.terms[fill.contract].multiplier
        for made, since in (
            (played.closed, lot.basis), (played.closed_by_trade, lot.opened),
        ):  # fmt: skip
            before = made.get(fill.contract, Decimal(0))
            made[fill.contract] = before + (fill.price - since) * sign
        return at_today

    def equity(self, marks: dict[str, Decimal], played: Played | None = None) -> Decimal:
        """All the account is worth at these prices. ``played``: here as below, what ``play`` has
        just answered."""
        played = played or self.play()
        total = played.start + sum(played.closed.values(), Decimal(0))
        total -= sum(played.fees.values(), Decimal(0))
        for (contract, long), held in played.lots.items():
            for lot in held:
                move = (marks[contract] - lot.basis) * self.terms[contract].multiplier
                total += move if long else -move
        return total

    def floating(
        self, marks: dict[str, Decimal], played: Played | None = None
    ) -> tuple[Decimal, Decimal]:
        """Position profit by date and by trade."""
        by_date = by_trade = Decimal(0)
        for (contract, long), held in (played or self.play()).lots.items():
            sign = (1 if long else -1) * self.terms[contract].multiplier
            by_date += sum((marks[contract] - lot.basis) * sign for lot in held)
            by_trade += sum((marks[contract] - lot.opened) * sign for lot in held)
        return by_date, by_trade

    def margin(self, rule: str, marks: dict[str, Decimal], played: Played | None = None) -> Decimal:
        """Of the whole account; ``rule``: open, pre_settlement, last, average."""
        played, total = played or self.play(), Decimal(0)
        groups: dict[str, list[Decimal]] = {}
        for (contract, long), held in played.lots.items():
            terms = self.terms[contract]
            rate = terms.long_margin if long else terms.short_margin
            opens = played.opens.get((contract, long), [])
            side = Decimal(0)
            for lot in held:
                price = lot.basis  # of older ones
                if lot.today and rule == "pre_settlement":
                    price = played.settled.get(contract, lot.basis)
                elif lot.today and rule == "last":
                    price = marks[contract]
                elif lot.today and rule == "average":
                    price = sum(opens, Decimal(0)) / len(opens)
                side += price * terms.multiplier * rate[0] + rate[1]
            if terms.relief:
                groups.setdefault(terms.relief, [Decimal(0), Decimal(0)])[long] += side
            else:
                total += side
        return total + sum((max(pair) for pair in groups.values()), Decimal(0))

    def result(self, owner: str, contract: str, mark: Decimal) -> Decimal:
        """What one owner has made in one contract since the beginning, fees paid."""
        played = self.play()
        multiplier = self.terms[contract].multiplier
        total, net = Decimal(0), 0
        fills = [event for event in self.events if isinstance(event, Fill)]
        for fill, fee in zip(fills, played.fee_of_each_fill, strict=True):
            if (fill.owner, fill.contract) == (owner, contract):
                signed = fill.lots if fill.buy else -fill.lots
                net += signed
                total -= signed * fill.price * multiplier + fee
        return total + net * mark * multiplier

    def net(self, owner: str, contract: str) -> int:
        return sum(
            event.lots if event.buy else -event.lots
            for event in self.events
            if isinstance(event, Fill) and (event.owner, event.contract) == (owner, contract)
        )

    def shares(self, played: Played | None = None) -> dict[tuple[str, str], Share]:
        """Of every owner in every contract that it has traded."""
        fees = iter((played or self.play()).fee_of_each_fill)
        shares = dict[tuple[str, str], Share]()
        for event in self.events:
            if isinstance(event, DayEnd):
                for (_, contract), share in shares.items():
                    if share.net:
                        share.paid_today = share.net * event.settlements[contract]
                    else:
                        share.paid_today = Decimal(0)
                continue
            share = shares.setdefault((event.owner, event.contract), Share())
            signed = event.lots if event.buy else -event.lots
            share.net += signed
            share.paid += signed * event.price
            share.paid_today += signed * event.price
            share.fees += next(fees)
        return shares

    def frozen(self, orders: list[Resting]) -> tuple[Decimal, Decimal]:
        """Margin and fees that working orders bind (FACTS A11): an open's margin at its price; the
        fee that each would pay, not rounded."""
        margin = fees = Decimal(0)
        for order in orders:
            terms = self.terms[order.contract]
            if order.opens:
                rate = terms.long_margin if order.buy else terms.short_margin
                margin += order.left * (order.price * terms.multiplier * rate[0] + rate[1])
                fees += self._fee(terms.open_fee, order.price, order.left, order.contract)
                continue
            old = order.lots - order.at_today_rate
            whole = self._fee(
                terms.close_today_fee, order.price, order.at_today_rate, order.contract
            ) + self._fee(terms.close_fee, order.price, old, order.contract)
            fees += whole * order.left / order.lots
        return margin, fees
