"""Lots that are missing where books of several modes hold against each other: what a book in mode
``lock`` has against one in mode ``net`` is at no exchange, and nobody has lost it."""

import pytest
from tests.unit.trading.desk import RB, Desk

from homalos.model.enums import Direction
from homalos.model.ids import StrategyId
from homalos.trading.lots import Lot
from homalos.trading.shortages import Shortage, shortages

LOCK, NET, OWN, OTHER = (StrategyId(name) for name in ("lock", "net", "own", "other"))
_MODES = {LOCK: "lock", NET: "net", OWN: "own", OTHER: "lock"}


def _missing(sign: int, *, there: tuple[int, int], lock: int = 3, net: int = 0,
             own: int = 0, other: int = 0) -> dict[Direction, int]:  # fmt: skip
    """Lots missing by direction. ``there``: the account's, of the direction of the book in mode
    lock and of the other one, in which the other books hold (``other``: in mode lock, too)."""
    desk = Desk()
    for strategy, lots in ((LOCK, lock), (NET, -net), (OWN, -own), (OTHER, -other)):
        book = desk.books.net_book(strategy, RB, 10.0)
        book.mode = _MODES[strategy]  # type: ignore[assignment]
        book.carry(sign * lots, 3500.0)
    contract = desk.books.contract(RB)
    assert contract is not None
    sides = (contract.long, contract.short)[::sign]
    for side, lots in zip(sides, there, strict=True):
        side.replace([Lot(lots, 3500.0, 3500.0, 1, False)])
    return {row.direction: row.lots for row in shortages(desk.books)}


@pytest.mark.parametrize("sign", [1, -1])
def test_what_they_hold_against_each_other(sign: int) -> None:
    long, short = (Direction.LONG, Direction.SHORT)[::sign]
    assert _missing(sign, there=(3, 2), net=2) == {}, "all of it is at the exchange"
    assert _missing(sign, there=(1, 0), net=2) == {}, "none of it is"
    assert _missing(sign, there=(1, 1), net=2) == {long: 1}, "one is: so one is lost"
    assert _missing(sign, there=(0, 0), net=2) == {long: 1}
    assert _missing(sign, there=(2, 0), net=2) == {}, "one lot"
    assert _missing(sign, there=(1, 1), net=2, other=1) == {}, "that one is the other book's"
    assert _missing(sign, there=(0, 0), net=5) == {}, "not more than the book holds"
    assert _missing(sign, there=(1, 3), net=1) == {long: 2}
    assert _missing(sign, there=(1, 1), net=2, own=1) == {}, "that one is another's own"
    assert _missing(sign, there=(0, 0), net=2, own=1) == {long: 1, short: 1}
    assert _missing(sign, there=(3, 0), own=1) == {short: 1}
    assert _missing(sign, there=(3, 1), own=1) == {}


def test_who_claims_what_is_missing() -> None:
    desk = Desk()
    desk.books.net_book(LOCK, RB, 10.0).carry(-2, 3500.0)
    desk.books.net_book(OWN, RB, 10.0).carry(-1, 3500.0)
    owners = ((LOCK, 2), (OWN, 1))
    assert shortages(desk.books) == (Shortage(RB, Direction.SHORT, 3, owners),)
