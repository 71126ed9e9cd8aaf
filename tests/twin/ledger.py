"""The slow twin of the trader's books: Decimal, no state but the list of what happened.

It shares nothing with the daemon's code. Every figure is computed from the first trade on, each time
that somebody asks. Rules: profit by date, first in first out where the exchange picks the lots, fees
by trade rounded half up to the cent, closes at the close-today rate until today's opens are used up
(SHFE and INE: by offset).
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Terms:
    """Of one contract: fee rates as (by money, by lot)."""

    multiplier: Decimal
    split: bool
    open_fee: tuple[Decimal, Decimal]
    close_fee: tuple[Decimal, Decimal]
    close_today_fee: tuple[Decimal, Decimal]


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


class Twin:
    def __init__(self, terms: dict[str, Terms], opening: Decimal) -> None:
        self.terms = terms
        self.opening = opening
        self.events: list[Fill | DayEnd] = []

    def _fee(
        self, rate: tuple[Decimal, Decimal], price: Decimal, lots: int, contract: str
    ) -> Decimal:
        return lots * (price * self.terms[contract].multiplier * rate[0] + rate[1])

    def play(
        self,
    ) -> tuple[
        Decimal, dict[str, Decimal], dict[str, Decimal], dict[object, list[list[Decimal | bool]]]
    ]:
        """Settled equity at the last day's start; closed profit and fees of the day by contract;
        single lots held, oldest first, as [basis, is today's]."""
        equity = self.opening
        closed: dict[str, Decimal] = {}
        fees: dict[str, Decimal] = {}
        lots: dict[object, list[list[Decimal | bool]]] = {}
        fresh: dict[object, int] = {}
        self.fees_by_fill: list[Decimal] = []
        for event in self.events:
            if isinstance(event, DayEnd):
                for (contract, long), held in lots.items():  # type: ignore[misc]
                    for lot in held:
                        settle = event.settlements[contract]  # type: ignore[has-type]
                        move = (settle - lot[0]) * self.terms[contract].multiplier  # type: ignore[has-type,operator]
                        equity += move if long else -move  # type: ignore[has-type]
                        lot[0], lot[1] = settle, False
                equity += sum(closed.values(), Decimal(0)) - sum(fees.values(), Decimal(0))
                closed, fees, fresh = {}, {}, {}
                continue
            terms = self.terms[event.contract]
            if event.offset == "open":
                key = (event.contract, event.buy)
                lots.setdefault(key, []).extend([event.price, True] for _ in range(event.lots))
                fresh[key] = fresh.get(key, 0) + event.lots
                fee = self._fee(terms.open_fee, event.price, event.lots, event.contract)
            else:
                key = (event.contract, not event.buy)
                held = lots.setdefault(key, [])
                at_today_rate = 0
                for _ in range(event.lots):
                    if terms.split:
                        today = event.offset == "close_today"
                        lot = next(x for x in held if x[1] is today)
                        at_today_rate += today
                    else:
                        lot = held[0]
                        if fresh.get(key, 0) > 0:
                            at_today_rate += 1
                            fresh[key] -= 1
                    held.remove(lot) if held[0] is lot else held.pop(
                        next(i for i, x in enumerate(held) if x is lot)
                    )
                    gain = (event.price - lot[0]) * terms.multiplier  # type: ignore[operator]
                    closed[event.contract] = closed.get(event.contract, Decimal(0)) + (
                        -gain if event.buy else gain
                    )
                fee = self._fee(terms.close_today_fee, event.price, at_today_rate, event.contract)
                fee += self._fee(
                    terms.close_fee, event.price, event.lots - at_today_rate, event.contract
                )
            fee = cents(fee)
            self.fees_by_fill.append(fee)
            fees[event.contract] = fees.get(event.contract, Decimal(0)) + fee
        return equity, closed, fees, lots

    def equity(self, marks: dict[str, Decimal]) -> Decimal:
        """All the account is worth at these prices."""
        start, closed, fees, lots = self.play()
        total = start + sum(closed.values(), Decimal(0)) - sum(fees.values(), Decimal(0))
        for (contract, long), held in lots.items():  # type: ignore[misc]
            for basis, _ in held:
                move = (marks[contract] - basis) * self.terms[contract].multiplier  # type: ignore[has-type]
                total += move if long else -move  # type: ignore[has-type]
        return total

    def result(self, owner: str, contract: str, mark: Decimal) -> Decimal:
        """What one owner has made in one contract since the beginning, fees paid."""
        self.play()
        total, net = Decimal(0), 0
        fills = [event for event in self.events if isinstance(event, Fill)]
        for fill, fee in zip(fills, self.fees_by_fill, strict=True):
            if (fill.owner, fill.contract) == (owner, contract):
                signed = fill.lots if fill.buy else -fill.lots
                net += signed
                total -= signed * fill.price * self.terms[contract].multiplier + fee
        return total + net * mark * self.terms[contract].multiplier

    def net(self, owner: str, contract: str) -> int:
        return sum(
            event.lots if event.buy else -event.lots
            for event in self.events
            if isinstance(event, Fill) and (event.owner, event.contract) == (owner, contract)
        )
