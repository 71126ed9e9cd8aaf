"""Continuous matching: price, then time. The displayed market stands before our own orders at the
same price, because nobody knows a place in its queue.

An arriving order takes displayed size (levels one to five, where the source has them) and resting
orders of other accounts, each at the resting price. An order that rests fills

- against displayed size that has come to its price or through it (someone sold to it), at its own
  price, up to the size displayed;
- when the market traded *through* its price (and with ``touch`` also *at* it), up to the volume
  traded since the last snapshot, which all resting orders share.

With ``touch`` nothing fills at a locked limit: a queue at the limit price is as long as the day.
Each snapshot's size is given once. Volumes that a source counts two-sided (before 2020) are taken
as they are, so ``through`` and ``touch`` are then generous by a factor of two.
"""

from collections.abc import Iterator
from typing import NamedTuple

from homalos.exchange.contract import Contract, Level
from homalos.exchange.records import VenueOrder
from homalos.model.enums import Side
from homalos.model.market import Tick

_SLACK = 0.25
"""Of a tick: recorded prices carry float noise (3594.0000000000005)."""


class Match(NamedTuple):
    """``lots`` at ``price`` against ``maker``, or against the market (``None``)."""

    maker: VenueOrder | None
    price: float
    lots: int


def reaches(side: Side, limit: float, price: float, tick_size: float) -> bool:
    """Whether an order of ``side`` with ``limit`` may trade at ``price``."""
    return (price - limit) * side.sign <= tick_size * _SLACK


def _beyond(side: Side, limit: float, price: float, tick_size: float) -> bool:
    """Whether ``price`` is better than ``limit`` for the order by at least a tick: the market went
    through it."""
    return (limit - price) * side.sign >= tick_size * (1 - _SLACK)


def crosses_own(contract: Contract, order: VenueOrder) -> bool:
    """Whether an arriving order would meet a resting one of its own account."""
    size = contract.instrument.tick_size
    return any(
        other.account == order.account and reaches(order.side, order.price, other.price, size)
        for other in contract.opposite(order.side)
    )


def fillable(contract: Contract, order: VenueOrder) -> int:
    """Lots that an arriving order would get at once, at most its own (FOK asks first)."""
    size, wanted = contract.instrument.tick_size, order.remaining
    lots = sum(
        level.left
        for level in contract.displayed(order.side)
        if reaches(order.side, order.price, level.price, size)
    )
    lots += sum(
        other.remaining
        for other in contract.opposite(order.side)
        if reaches(order.side, order.price, other.price, size)
    )
    return min(lots, wanted)


def sweep(contract: Contract, order: VenueOrder) -> Iterator[Match]:
    """What an arriving order takes, best price first. Displayed size is consumed as it is given;
    the caller books each match before it asks for the next."""
    side, limit, size = order.side, order.price, contract.instrument.tick_size
    levels, makers = contract.displayed(side), contract.opposite(side)
    while order.remaining:
        level = next((entry for entry in levels if entry.left), None)
        maker = makers[0] if makers else None
        if level is not None and (
            maker is None or (level.price - maker.price) * side.sign <= size * _SLACK
        ):
            if not reaches(side, limit, level.price, size):
                return
            lots = min(level.left, order.remaining)
            level.left -= lots
            yield Match(None, level.price, lots)
        elif maker is not None and reaches(side, limit, maker.price, size):
            yield Match(maker, maker.price, min(maker.remaining, order.remaining))
        else:
            return


def out_of_reach(contract: Contract) -> bool:
    """Whether the new snapshot is nowhere near our best orders: the common case, told cheaply."""
    tick = contract.tick
    assert tick is not None
    slack = contract.instrument.tick_size * _SLACK
    ask, bid, last = tick.ask_price, tick.bid_price, tick.last_price
    if contract.buys:
        price = contract.buys[0].price + slack
        if (ask is not None and ask <= price) or (last is not None and last <= price):
            return False
    if contract.sells:
        price = contract.sells[0].price - slack
        if (bid is not None and bid >= price) or (last is not None and last >= price):
            return False
    return True


def market_moved(
    contract: Contract, before: Tick | None, touch: bool
) -> list[tuple[VenueOrder, int]]:
    """What a new snapshot gives to the resting orders: (order, lots), each at its own price."""
    tick = contract.tick
    assert tick is not None
    budget = max(0, tick.volume - before.volume) if before is not None else 0
    found: list[tuple[VenueOrder, int]] = []
    for orders in (contract.buys, contract.sells):
        for order in orders:
            lots = _displayed(contract, order)
            wanted = order.remaining - lots
            if wanted and budget and _traded(contract, order, tick, touch):
                taken = min(wanted, budget)
                budget -= taken
                lots += taken
            if lots:
                found.append((order, lots))
    return found


def _displayed(contract: Contract, order: VenueOrder) -> int:
    """Displayed size that has come to a resting order."""
    size, lots = contract.instrument.tick_size, 0
    level: Level
    for level in contract.displayed(order.side):
        if lots == order.remaining or not reaches(order.side, order.price, level.price, size):
            break
        taken = min(level.left, order.remaining - lots)
        level.left -= taken
        lots += taken
    return lots


def _traded(contract: Contract, order: VenueOrder, tick: Tick, touch: bool) -> bool:
    """Whether the last trade reached a resting order's place in the book."""
    last, size = tick.last_price, contract.instrument.tick_size
    if last is None:
        return False
    if _beyond(order.side, order.price, last, size):
        return True
    at = touch and reaches(order.side, order.price, last, size)
    return at and not _locked(order, tick, size)


def _locked(order: VenueOrder, tick: Tick, size: float) -> bool:
    """Whether the order queues at the limit price of a market that has nothing against it."""
    if order.side is Side.BUY:
        limit, against = tick.upper_limit, tick.ask_lots
    else:
        limit, against = tick.lower_limit, tick.bid_lots
    return limit is not None and not against and abs(order.price - limit) < size * _SLACK
