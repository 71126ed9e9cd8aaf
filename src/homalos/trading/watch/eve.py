"""The opening equity at the last marks of the eve.

A trading day opens at the settlement. What its opening equity, valued as the eve was, has more or
less than the eve's last equity came or went unseen; and so does whatever the opening is corrected
by later in the day, when the venue's answer comes late: but for a settlement that our own guess
stood in for, which moves the opening and the lots' basis against each other.
"""

from homalos.model.enums import Direction
from homalos.model.ids import InstrumentId
from homalos.trading.books import Books
from homalos.trading.contract import Contract
from homalos.trading.watch.marks import Marks


class _Side:
    """Lots of one direction with which the day began; what a restore forgets of them because they
    were closed since still counts."""

    __slots__ = ("basis", "lots", "price")

    def __init__(self, price: float) -> None:
        self.price = price
        self.lots = 0
        self.basis = price

    @property
    def gained(self) -> float:
        """Points x lots, of a long."""
        return (self.price - self.basis) * self.lots


class Eve:
    """Part of the measures."""

    def __init__(self, books: Books, marks: Marks) -> None:
        self._books = books
        self._marks = marks
        self._sides: dict[InstrumentId, dict[Direction, _Side]] = {}
        self._unshown = 0.0
        """Of what was traded after the eve's last marks."""

    def begin(self) -> None:
        """Another trading day, before anything is marked in it."""
        self._sides = {}
        self._unshown = sum(map(self._marks.unshown, self._marks.known()))
        for id_ in self._marks.known():
            contract = self._books.contract(id_)
            for direction, side in () if contract is None else contract.sides():
                price = self._marks.price(id_, 1 if direction is Direction.LONG else -1)
                if side.rolled and price is not None:
                    self._sides.setdefault(id_, {})[direction] = _Side(price)

    def carried(self) -> float:
        """Yuan by which the lots with which the day began are worth more at the eve's last marks
        than at the settlement (0 where there was none)."""
        for held in self._books.held():
            self._note(held)
        total = -self._unshown
        for id_, sides in self._sides.items():
            contract = self._books.contract(id_)
            if contract is not None:
                self._note(contract)
                points = sum(
                    side.gained if direction is Direction.LONG else -side.gained
                    for direction, side in sides.items()
                )
                total += points * contract.multiplier
        return total

    def _note(self, contract: Contract) -> None:
        """As the books have them now."""
        for direction, side in contract.sides():
            if not side.rolled:
                continue
            basis = side.rolled_sum / side.rolled
            kept = self._sides.setdefault(contract.instrument.id, {}).setdefault(
                direction, _Side(basis)
            )
            kept.basis, kept.lots = basis, max(kept.lots, side.rolled)
