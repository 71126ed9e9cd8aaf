"""Pure: which lots a flatten has to close, and in which orders.

Read anew before every order, so that nothing is closed twice. Closes name today's or yesterday's
lots where the exchange wants it (FACTS A9), so none of them can become an open.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import UNATTRIBUTED, InstrumentId, StrategyId
from homalos.model.trading import Position
from homalos.trading.contract import Contract
from homalos.trading.strategy_book import NetBook

_TODAY, _YESTERDAY = Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY


class Key(NamedTuple):
    """A book's lots in one contract and direction."""

    strategy: StrategyId
    instrument: InstrumentId
    direction: Direction

    @property
    def side(self) -> Side:
        """Of the orders that close them."""
        return Side.SELL if self.direction is Direction.LONG else Side.BUY


def of_books(books: Iterable[NetBook], has: Callable[[NetBook], bool]) -> dict[Key, int]:
    """What the books hold that are meant."""
    return {
        Key(book.strategy, book.instrument, _direction(book)): abs(book.net)
        for book in books
        if book.net and has(book)
    }


def of_account(positions: Iterable[Position], books: Iterable[NetBook]) -> dict[Key, int]:
    """Every lot of the account: each book closes its own; what no book claims (a locked pair of
    another terminal, say) is closed as nobody's."""
    held = {(p.instrument, p.direction): p.lots for p in positions}
    found: dict[Key, int] = {}
    for book in books:
        there = (book.instrument, _direction(book))
        lots = min(abs(book.net), held.get(there, 0))
        if lots:
            found[Key(book.strategy, *there)] = lots
            held[there] -= lots
    for (instrument, direction), lots in held.items():
        if lots:
            key = Key(UNATTRIBUTED, instrument, direction)
            found[key] = found.get(key, 0) + lots
    return found


def _direction(book: NetBook) -> Direction:
    return Direction.LONG if book.net > 0 else Direction.SHORT


def closes(
    contract: Contract, side: Side, lots: int, most: int, *, today_first: bool
) -> tuple[tuple[Offset, int], ...]:
    """Orders of one round for ``lots``: at most one for today's and one for yesterday's, none
    larger than ``most``; only of lots that no working close has bound."""
    closing = contract.closing(side)
    if contract.instrument.splits_today:
        buckets = [(_TODAY, closing.closable(True)), (_YESTERDAY, closing.closable(False))]
        if not today_first:
            buckets.reverse()
    else:
        buckets = [(_YESTERDAY, closing.closable(None))]
    found = []
    for offset, there in buckets:
        part = min(lots, there)
        if part > 0:
            lots -= part
            found.append((offset, min(part, most)))
    return tuple(found)
