"""A day's words about orders, made again from the ledger: what a restarted front tells."""

from collections.abc import Iterable, Sequence

import msgspec

from homalos.exchange import reports
from homalos.exchange.records import Fill, OrderReport, VenueOrder
from homalos.model.enums import OrderStatus

Word = OrderReport | Fill


def words(orders: Iterable[VenueOrder], fills: Sequence[Fill]) -> list[Word]:
    """The callbacks of A7.3 for the orders and fills of one account, in order of time. What CTP
    itself refused left no order, and is not told again."""
    of: dict[str, list[Fill]] = {}
    for fill in fills:
        of.setdefault(fill.order_id, []).append(fill)
    told: list[Word] = []
    for order in orders:
        told += _life(order, of.get(order.id, []))
    return sorted(told, key=lambda word: word.ts_event)


def _life(order: VenueOrder, fills: list[Fill]) -> list[Word]:
    start = order.ts_init
    if order.status is OrderStatus.REJECTED:
        return [*reports.rejected(order, start)]
    cancelled = order.status is OrderStatus.CANCELLED
    at_once = [fill for fill in fills if fill.ts_event == start]
    killed = cancelled and order.ts_event == start
    traded = sum(fill.lots for fill in at_once)
    told: list[Word] = [*reports.arrived(_at(order, traded, killed=killed), at_once, start)]
    for fill in fills[len(at_once) :]:
        told += reports.filled(order, _resting(traded), traded, fill)
        traded += fill.lots
    if cancelled and not killed:
        told += reports.cancelled(order, _resting(traded), order.ts_event)
    return told


def _at(order: VenueOrder, traded: int, *, killed: bool) -> VenueOrder:
    """The order as it stood when it had arrived."""
    status = _resting(traded)
    if killed:
        status = OrderStatus.CANCELLED
    elif traded == order.lots:
        status = OrderStatus.FILLED
    return msgspec.structs.replace(order, traded=traded, status=status)


def _resting(traded: int) -> OrderStatus:
    return OrderStatus.PARTIALLY_FILLED if traded else OrderStatus.ACCEPTED
