"""Pure: what a group of legs is for, what it has traded, what is left of it.

One order alone is a group of one leg. A group's size is its lots, of a bracket what its entry has
traded so far; each of its legs would trade all that is left.
"""

from collections.abc import Iterable, Sequence

from homalos.model.conditional import Conditional
from homalos.model.trading import Order


def booked(orders: Iterable[Order]) -> int:
    """Lots of the fills of some orders."""
    return sum(order.booked_lots for order in orders)


def size(legs: Sequence[Conditional], entry: Iterable[Order]) -> int:
    """Lots that the group is for. ``entry``: the orders of a bracket's entry that are known; those
    of earlier days are forgotten, so it never falls."""
    recorded = max(leg.lots for leg in legs)
    return recorded if legs[0].entry is None else max(recorded, booked(entry))


def left(legs: Sequence[Conditional]) -> int:
    """Lots that are still to be traded, once ``lots`` and ``traded_lots`` are up to date."""
    return max(leg.lots for leg in legs) - sum(leg.traded_lots for leg in legs)
