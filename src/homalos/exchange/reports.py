"""Callback sequences (FACTS A7.3): which states of an order are told, in which order, by exchange.

CTP repeats the previous state before a new one; DCE and GFEX do not, and always tell the queued
state first; a FAK that was partly filled ends before its trades on SHFE, INE and CFFEX.
"""

from collections.abc import Sequence

from homalos.exchange import codes
from homalos.exchange.records import Fill, OrderReport, VenueOrder
from homalos.model.enums import OrderStatus

Report = OrderReport | Fill

SYNTHESISED = frozenset({"DCE", "GFEX"})
"""CTP makes the filled state itself: no repeat before it, the queued state always first."""
ENDS_FIRST = frozenset({"SHFE", "INE", "CFFEX"})
"""A killed remainder is told before the trades."""

_MESSAGES = {
    OrderStatus.SUBMITTED: codes.SUBMITTED,
    OrderStatus.ACCEPTED: codes.QUEUED,
    OrderStatus.PARTIALLY_FILLED: codes.PARTLY,
    OrderStatus.FILLED: codes.FILLED,
    OrderStatus.CANCELLED: codes.CANCELLED,
}


def state(
    order: VenueOrder, status: OrderStatus, traded: int, ts: int, *,
    known: bool = True, message: str = "", code: int = 0,
) -> OrderReport:  # fmt: skip
    """One ``OnRtnOrder``; ``known``: the exchange has numbered the order."""
    return OrderReport(
        order.account,
        order.id,
        order.venue_order_id if known else None,
        order.instrument,
        status,
        traded,
        code,
        message or _MESSAGES[status],
        ts,
    )


def submitted(order: VenueOrder, ts: int) -> OrderReport:
    """O(a): CTP has it, the exchange not yet."""
    return state(order, OrderStatus.SUBMITTED, 0, ts, known=False)


def rejected(order: VenueOrder, ts: int) -> list[Report]:
    """Case 14: the exchange refused; the order never got a number."""
    return [
        submitted(order, ts),
        state(
            order, OrderStatus.REJECTED, 0, ts, known=False, message=order.message, code=order.code
        ),
    ]


def arrived(order: VenueOrder, fills: Sequence[Fill], ts: int) -> list[Report]:
    """An order was taken: cases 1, 2, 4, 8 to 11. ``order`` is as it stands afterwards."""
    told: list[Report] = [submitted(order, ts)]
    killed = order.status is OrderStatus.CANCELLED
    if killed and (order.exchange in ENDS_FIRST or not fills):
        end = state(order, OrderStatus.CANCELLED, order.traded, ts, message=order.message)
        told.append(end)
        for fill in fills:
            told += (end, fill)
        return told
    first = OrderStatus.SUBMITTED
    if order.exchange in SYNTHESISED or not fills or (killed and order.exchange == "CZCE"):
        first = OrderStatus.ACCEPTED
        told.append(state(order, first, 0, ts))
    traded = 0
    for fill in fills:
        told += filled(order, first if not traded else OrderStatus.PARTIALLY_FILLED, traded, fill)
        traded += fill.lots
    if killed:
        told.append(state(order, OrderStatus.CANCELLED, order.traded, ts, message=order.message))
    return told


def filled(order: VenueOrder, before: OrderStatus, traded: int, fill: Fill) -> list[Report]:
    """A fill: the state before it again (not on DCE and GFEX), the new state, the trade."""
    after = traded + fill.lots
    status = OrderStatus.FILLED if after == order.lots else OrderStatus.PARTIALLY_FILLED
    told: list[Report] = []
    if order.exchange not in SYNTHESISED:
        told.append(state(order, before, traded, fill.ts_event))
    told.append(state(order, status, after, fill.ts_event))
    told.append(fill)
    return told


def cancelled(order: VenueOrder, before: OrderStatus, ts: int) -> list[Report]:
    """Cases 3 and 5: the state before, then the end."""
    return [
        state(order, before, order.traded, ts),
        state(order, OrderStatus.CANCELLED, order.traded, ts, message=order.message),
    ]
