"""Lots that strategies claim and the account has no more: closed by force, by hand elsewhere, or
adjusted away. Which strategy's they were only a person can say, lot by lot.

A shortage is not kept, it is seen: the claims of the books that hold lots of their own (``own`` and
``lock``, FACTS A9) against the account's lots of that direction. So it survives a restart. A book
in mode ``lock`` may close lots of one in mode ``net``; what both then hold against each other is at
no exchange, and is not missing.
"""

from collections import Counter
from typing import NamedTuple

from homalos.model.enums import Direction, Side
from homalos.model.ids import MANUAL, UNATTRIBUTED, InstrumentId, StrategyId
from homalos.model.reconciling import AssignLoss, LossAssigned
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.offsets import BookMode
from homalos.trading.strategy_book import NetBook

_LONG, _SHORT = Direction.LONG, Direction.SHORT
_Key = tuple[InstrumentId, Direction]
_Held = Counter[tuple[InstrumentId, Direction, BookMode]]


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
    claims: dict[_Key, list[tuple[StrategyId, int]]] = {}
    held: _Held = Counter()
    for (strategy, instrument), book in books.strategies.books.items():
        if strategy != UNATTRIBUTED and book.net:
            key = instrument, _LONG if book.net > 0 else _SHORT
            held[*key, book.mode] += abs(book.net)
            if book.mode != "net":
                claims.setdefault(key, []).append((strategy, abs(book.net)))
    found = []
    for (instrument, direction), owners in sorted(claims.items()):
        contract = books.contract(instrument)
        if contract is None:
            continue
        missing = sum(lots for _, lots in owners) - _lots(contract, direction)
        if missing > 0:
            missing -= min(missing, _netted(contract, direction, held))
        if missing > 0:
            found.append(Shortage(instrument, direction, missing, tuple(sorted(owners))))
    return tuple(found)


def _netted(contract: Contract, direction: Direction, held: _Held) -> int:
    """Lots that books in mode ``lock`` hold in this direction against books in mode ``net``, and
    nobody at the exchange."""
    id_, other = contract.instrument.id, _SHORT if direction is _LONG else _LONG
    claimed = held[id_, other, "own"] + held[id_, other, "lock"]
    there = max(0, _lots(contract, other) - claimed)
    return min(held[id_, direction, "lock"], max(0, held[id_, other, "net"] - there))


def _lots(contract: Contract, direction: Direction) -> int:
    return (contract.long if direction is _LONG else contract.short).lots


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
