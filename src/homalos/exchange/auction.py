"""Call auction: all orders at one price, the price of the largest volume."""

from collections.abc import Sequence
from typing import NamedTuple

from homalos.exchange.records import VenueOrder
from homalos.model.enums import Side


class _Wish:
    """An order and the lots that it still wants."""

    __slots__ = ("lots", "order")

    def __init__(self, order: VenueOrder) -> None:
        self.order = order
        self.lots = order.remaining


class Cross(NamedTuple):
    """``lots`` between two of our orders, or of one with the market (the other is ``None``)."""

    buy: VenueOrder | None
    sell: VenueOrder | None
    lots: int


def clearing_price(
    buys: Sequence[VenueOrder], sells: Sequence[VenueOrder], reference: float | None
) -> float | None:
    """The price at which most lots trade; of several the one that leaves the fewest lots over, then
    the nearest to ``reference`` (the previous settlement), then the higher. ``None``: none trade.
    """
    best: tuple[int, int, float, float] | None = None
    for price in sorted({order.price for order in (*buys, *sells)}):
        bid = sum(order.remaining for order in buys if order.price >= price)
        ask = sum(order.remaining for order in sells if order.price <= price)
        volume = min(bid, ask)
        if not volume:
            continue
        distance = 0.0 if reference is None else abs(price - reference)
        rank = (volume, -abs(bid - ask), -distance, price)
        if best is None or rank > best:
            best = rank
    return None if best is None else best[3]


def cross(
    buys: Sequence[VenueOrder],
    sells: Sequence[VenueOrder],
    price: float,
    tick_size: float,
    market_lots: int,
    touch: bool,
) -> list[Cross]:
    """Who trades at ``price``: our orders with each other, then those with a strictly better limit
    (with ``touch`` also at it) with the market, up to the lots that it traded in the auction."""
    slack = tick_size * 0.25
    demand = [_Wish(order) for order in buys if order.price >= price - slack]
    supply = [_Wish(order) for order in sells if order.price <= price + slack]
    found = _own(demand, supply)
    left = market_lots
    for wish in (*demand, *supply):
        order = wish.order
        better = (order.price - price) * order.side.sign > slack
        lots = min(wish.lots, left) if better or touch else 0
        if lots:
            left -= lots
            buys_it = order.side is Side.BUY
            found.append(Cross(order, None, lots) if buys_it else Cross(None, order, lots))
    return found


def _own(demand: list[_Wish], supply: list[_Wish]) -> list[Cross]:
    """Pair our own orders, best first; what is left stays wished for."""
    found: list[Cross] = []
    i = j = 0
    while i < len(demand) and j < len(supply):
        buy, sell = demand[i], supply[j]
        lots = min(buy.lots, sell.lots)
        found.append(Cross(buy.order, sell.order, lots))
        buy.lots -= lots
        sell.lots -= lots
        i += not buy.lots
        j += not sell.lots
    return found
