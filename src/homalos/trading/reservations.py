"""What working orders bind: lots to be closed, margin, fees.

A reservation is set to a number of lots, never adjusted by a difference: whatever is reported twice
or in another order, the same order state gives the same reservation (FACTS B15).
"""

from homalos.market import money
from homalos.model.enums import Offset, Side
from homalos.model.ids import OrderId
from homalos.model.trading import Order
from homalos.trading.contract import Contract
from homalos.trading.offsets import closes_today
from homalos.trading.strategy_book import NetBook


def order_margin(contract: Contract, order: Order) -> float:
    """Margin that the open of ``order`` would freeze: at its price (FACTS A11); 0 for a close."""
    if order.offset is not Offset.OPEN:
        return 0.0
    instrument = contract.instrument
    buy = order.side is Side.BUY
    rate = instrument.long_margin if buy else instrument.short_margin
    return money.margin(order.price, order.lots, contract.multiplier, rate)


class _Held:
    __slots__ = ("book", "contract", "fee", "lots", "margin", "order")

    def __init__(self, order: Order, contract: Contract, book: NetBook) -> None:
        self.order = order
        self.contract = contract
        self.book = book
        self.lots = 0
        # Whole cents a lot, so that sums of them are exact.
        self.margin = round(order_margin(contract, order) / order.lots, 2)
        fee = contract.fee(order.side, order.offset, order.price, order.lots)
        self.fee = round(fee / order.lots, 2)


class Reservations:
    """All that is bound, by order. Only ``Books`` calls it."""

    def __init__(self) -> None:
        self.margin = 0.0
        self.fees = 0.0
        self.open_lots = 0
        """Lots of working opens over all contracts."""
        self._held: dict[OrderId, _Held] = {}

    def hold(self, order: Order, lots: int, contract: Contract, book: NetBook) -> None:
        """Bind ``lots`` of ``order`` (0: nothing any more)."""
        held = self._held.get(order.id)
        if held is None:
            if lots <= 0:
                return
            held = self._held[order.id] = _Held(order, contract, book)
        change = lots - held.lots
        if change:
            self._move(held, change)
        if lots <= 0:
            del self._held[order.id]

    def _move(self, held: _Held, change: int) -> None:
        held.lots += change
        order, contract = held.order, held.contract
        opens = order.offset is Offset.OPEN
        contract.working.add(order.side, opens, change)
        held.book.working.add(order.side, opens, change)
        if opens:
            self.open_lots += change
        else:
            today = closes_today(order.offset, contract.instrument.splits_today)
            contract.closing(order.side).freeze(change, today)
        self.margin = round(self.margin + change * held.margin, 2)
        self.fees = round(self.fees + change * held.fee, 2)

    def state(self) -> tuple[object, ...]:
        return tuple(sorted((id_, held.lots) for id_, held in self._held.items()))
