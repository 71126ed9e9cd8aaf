"""Whose row of the statement is which trade, and which contract: pure."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from homalos.model.enums import Offset
from homalos.model.ids import InstrumentId
from homalos.model.settlement import StatementTrade
from homalos.model.trading import Trade
from homalos.trading.settlement.words import is_future

_SHORT = 3
"""Digits of a contract of CZCE, whose year has one (SR605)."""
_WORTH = 1e-6
ROUNDED = 0.0005


class Pair(NamedTuple):
    """The same trade, or trades that the statement (or the venue) has put together."""

    ours: tuple[Trade, ...]
    theirs: tuple[StatementTrade, ...]


class Matched(NamedTuple):
    pairs: tuple[Pair, ...]
    only_ours: tuple[Trade, ...]
    only_theirs: tuple[StatementTrade, ...]


class Contracts:
    """The contracts of a day, found by a statement's spelling."""

    def __init__(self, known: Iterable[InstrumentId]) -> None:
        self._known = sorted(set(known))
        self._found: dict[tuple[str, str], InstrumentId] = {}

    def identify(self, exchange: str, symbol: str) -> InstrumentId:
        """Ours where exactly one fits; else as the statement has it, ``?`` for its exchange."""
        key = exchange, symbol
        if key not in self._found:
            fits = [id_ for id_ in self._known if _fits(id_, exchange, symbol)]
            other = InstrumentId(f"{exchange or '?'}.{symbol}")
            self._found[key] = fits[0] if len(fits) == 1 else other
        return self._found[key]


def _fits(id_: InstrumentId, exchange: str, symbol: str) -> bool:
    where, _, name = id_.partition(".")
    if (exchange and exchange != where) or not is_future(symbol):
        return False
    letters, digits = _split(symbol)
    our_letters, our_digits = _split(name)
    if letters.lower() != our_letters.lower():
        return False
    if len(digits) == _SHORT and where == "CZCE":
        return our_digits[-_SHORT:] == digits
    return digits == our_digits


def _split(symbol: str) -> tuple[str, str]:
    letters = symbol.rstrip("0123456789")
    return letters.strip(), symbol[len(letters) :]


Key = tuple[object, ...]


def match(ours: Iterable[Trade], theirs: Iterable[StatementTrade], contracts: Contracts) -> Matched:
    """By number; then by side, offset, lots and price; then the sums of a contract, side and
    offset, where lots and turnover are the same: some statements put trades together."""
    here, there, pairs = list(ours), list(theirs), list[Pair]()

    def of(row: StatementTrade) -> InstrumentId:
        return contracts.identify(row.exchange, row.symbol)

    _pair_off(
        pairs, here, there,
        lambda t: (t.instrument, t.side, _number(t.id), t.lots, t.price),
        lambda r: (of(r), r.side, _number(r.number), r.lots, r.price),
    )  # fmt: skip
    _pair_off(
        pairs, here, there,
        lambda t: (t.instrument, t.side, _opens(t), t.lots, t.price),
        lambda r: (of(r), r.side, r.opens, r.lots, r.price),
    )  # fmt: skip
    _put_together(
        pairs, here, there,
        lambda t: (t.instrument, t.side, _opens(t)), lambda r: (of(r), r.side, r.opens),
    )  # fmt: skip
    return Matched(tuple(pairs), tuple(here), tuple(there))


def _pair_off(
    pairs: list[Pair], ours: list[Trade], theirs: list[StatementTrade],
    key: Callable[[Trade], Key], key_there: Callable[[StatementTrade], Key],
) -> None:  # fmt: skip
    """Take those with equal keys out of both lists, one by one, in order."""
    waiting: dict[Key, deque[StatementTrade]] = {}
    for row in theirs:
        waiting.setdefault(key_there(row), deque()).append(row)
    left = []
    for trade in ours:
        rows = waiting.get(key(trade))
        if rows:
            pairs.append(Pair((trade,), (rows.popleft(),)))
        else:
            left.append(trade)
    ours[:] = left
    theirs[:] = sorted((row for rows in waiting.values() for row in rows), key=lambda r: r.line)


def _put_together(
    pairs: list[Pair], ours: list[Trade], theirs: list[StatementTrade],
    key: Callable[[Trade], Key], key_there: Callable[[StatementTrade], Key],
) -> None:  # fmt: skip
    here: dict[Key, list[Trade]] = {}
    there: dict[Key, list[StatementTrade]] = {}
    for trade in ours:
        here.setdefault(key(trade), []).append(trade)
    for row in theirs:
        there.setdefault(key_there(row), []).append(row)
    for wanted, mine in here.items():
        rows = there.get(wanted, [])
        lots = _lots(mine)
        # Fewer rows than trades: their price is an average, printed with three decimals.
        apart = _WORTH + (ROUNDED * lots if len(rows) < len(mine) else 0.0)
        if lots == _lots(rows) and abs(_turnover(mine) - _turnover(rows)) < apart:
            pairs.append(Pair(tuple(mine), tuple(rows)))
            taken = {id(row) for row in (*mine, *rows)}
            ours[:] = [trade for trade in ours if id(trade) not in taken]
            theirs[:] = [row for row in theirs if id(row) not in taken]


def _lots(rows: Iterable[Trade | StatementTrade]) -> int:
    return sum(row.lots for row in rows)


def _turnover(rows: Iterable[Trade | StatementTrade]) -> float:
    return sum(row.lots * row.price for row in rows)


def _opens(trade: Trade) -> bool:
    return trade.offset is Offset.OPEN


def _number(text: str) -> str:
    return text.strip().lstrip("0")
