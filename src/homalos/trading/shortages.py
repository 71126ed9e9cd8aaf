"""Lots that strategies claim and the account has no more: closed by force, by hand elsewhere, or
adjusted away. Which strategy's they were only a person can say, lot by lot.

A shortage is not kept, it is seen: the claims of the books that hold lots of their own (``own`` and
``lock``, FACTS A9) against the account's lots of that direction. So it survives a restart.
"""

from typing import NamedTuple

from homalos.model.enums import Direction, Side
from homalos.model.ids import MANUAL, UNATTRIBUTED, InstrumentId, StrategyId
from homalos.model.reconciling import AssignLoss, LossAssigned
from homalos.trading.books import Books
from homalos.trading.strategy_book import NetBook

_LONG, _SHORT = Direction.LONG, Direction.SHORT


class Shortage(NamedTuple):
    """Of one contract and direction."""

    instrument: InstrumentId
    direction: Direction
    lots: int
    """That are missing."""
    owners: tuple[tuple[StrategyId, int], ...]
    """Who claims lots, and how many."""

    def text(self) -> str:
        claims = ", ".join(f"{strategy} {lots}" for strategy, lots in self.owners)
        return f"{self.instrument} {self.direction.value}: {self.lots} lots ({claims})"


def shortages(books: Books) -> tuple[Shortage, ...]:
    """All shortages, in order of contract."""
    claims: dict[tuple[InstrumentId, Direction], list[tuple[StrategyId, int]]] = {}
    for (strategy, instrument), book in books.strategies.books.items():
        if strategy != UNATTRIBUTED and book.mode != "net" and book.net:
            key = instrument, _LONG if book.net > 0 else _SHORT
            claims.setdefault(key, []).append((strategy, abs(book.net)))
    found = []
    for (instrument, direction), owners in sorted(claims.items()):
        contract = books.contract(instrument)
        if contract is None:
            continue
        have = (contract.long if direction is _LONG else contract.short).lots
        missing = sum(lots for _, lots in owners) - have
        if missing > 0:
            found.append(Shortage(instrument, direction, missing, tuple(sorted(owners))))
    return tuple(found)


def blocked(found: tuple[Shortage, ...]) -> frozenset[StrategyId]:
    """Whoever may open nothing until it is known whose lots are gone."""
    return frozenset(strategy for row in found for strategy, _ in row.owners)


def stopped(found: tuple[Shortage, ...]) -> frozenset[StrategyId]:
    """Those of them that are programs."""
    return blocked(found) - {MANUAL}


def refusal(books: Books, wanted: AssignLoss) -> str | None:
    """Why the lots cannot be assigned so; ``None``: they can."""
    for row in shortages(books):
        if (row.instrument, row.direction) == (wanted.instrument, wanted.direction):
            most = min(row.lots, dict(row.owners).get(wanted.strategy, 0))
            if 1 <= wanted.lots <= most:
                return None
            return f"{wanted.strategy} can lose 1 to {most} of the {row.lots} lots that are missing"
    return f"no lots of {wanted.instrument} {wanted.direction.value} are missing"


def price_of(books: Books, wanted: AssignLoss) -> float:
    """At which the lots left: what nobody's book got for them, where it was it that lost them (a
    real trade, or an adjustment at cost); else at their own average, without a result."""
    book = _book(books, wanted.strategy, wanted.instrument)
    nobody = _book(books, UNATTRIBUTED, wanted.instrument)
    taken = nobody if nobody.net * book.net < 0 else book
    return taken.cost / taken.net


def assign(books: Books, event: LossAssigned) -> None:
    """Book it: the lots leave the strategy's book at the price, and nobody's book is owed them no
    more. The sum of the books stays, and so does their result."""
    long = event.direction is _LONG
    lots = event.lots if long else -event.lots
    book = _book(books, event.strategy, event.instrument)
    book.trade(Side.SELL if long else Side.BUY, event.lots, event.price, 0.0)
    _book(books, UNATTRIBUTED, event.instrument).carry(lots, event.price)


def _book(books: Books, strategy: StrategyId, instrument: InstrumentId) -> NetBook:
    contract = books.contract(instrument)
    if contract is None:
        raise LookupError(f"{instrument} is not a listed contract")
    return books.net_book(strategy, instrument, contract.multiplier)
