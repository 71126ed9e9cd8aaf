"""What working orders bind: lots to be closed, margin, fees.

A reservation is set to a number of lots, never adjusted by a difference: whatever is reported twice
or in another order, the same order state gives the same reservation (FACTS B15).
"""

from homalos.market import lot_rules, money
from homalos.model.enums import Offset, Side
from homalos.model.ids import OrderId
from homalos.model.trading import Order
from homalos.trading.contract import Contract
from homalos.trading.strategy_book import NetBook

_BUY, _OPEN = Side.BUY, Offset.OPEN
_MICRO = 1_000_000


def order_cost(contract: Contract, order: Order) -> tuple[float, float]:
    """Margin and fee that ``order`` would freeze: an open's margin at its price (FACTS A11), none
    for a close."""
    price, lots, offset = order.price, order.lots, order.offset
    fee = contract.fee(order.side, offset, price, lots)
    if offset is not _OPEN:
        return 0.0, fee
    instrument = contract.instrument
    rate = instrument.long_margin if order.side is _BUY else instrument.short_margin
    return money.margin(price, lots, contract.multiplier, rate), fee


class _Held:
    __slots__ = ("book", "buys", "contract", "fee", "lots", "margin", "opens", "order", "value")

    def __init__(
        self, order: Order, contract: Contract, book: NetBook, cost: tuple[float, float]
    ) -> None:
        self.order = order
        self.contract = contract
        self.book = book
        self.lots = 0
        self.opens = order.offset is _OPEN
        self.buys = order.side is _BUY
        # Whole millionths of a yuan a lot, so that sums of them are exact. Cents were too coarse:
        # what is frozen is not rounded, and a hundred lots would be off by half a yuan.
        self.margin = int(cost[0] * _MICRO / order.lots + 0.5)
        self.fee = int(cost[1] * _MICRO / order.lots + 0.5)
        self.value = int(order.price * contract.multiplier * 100 + 0.5)


class Reservations:
    """All that is bound, by order. Only ``Books`` calls it."""

    def __init__(self) -> None:
        self.open_lots = 0
        """Lots of working opens over all contracts."""
        self._margin = 0
        self._fees = 0
        self.open_cents = 0
        """Price x multiplier x lots of working opens, in cents."""
        self.side_cents = [0, 0]
        """The same of all working orders, sells and buys."""
        self._held: dict[OrderId, _Held] = {}

    @property
    def margin(self) -> float:
        """Frozen margin, yuan."""
        return self._margin / _MICRO

    @property
    def fees(self) -> float:
        """Frozen fees, yuan."""
        return self._fees / _MICRO

    def hold(
        self, order: Order, lots: int, contract: Contract, book: NetBook, cost: tuple[float, float]
    ) -> None:
        """Begin to bind ``lots`` of an order that costs ``cost`` in all."""
        held = self._held[order.id] = _Held(order, contract, book, cost)
        self._move(held, lots)

    def keep(self, id_: OrderId, lots: int) -> bool:
        """Bind that many from now on, 0: none any more; ``False``: the order binds nothing."""
        held = self._held.get(id_)
        if held is None:
            return False
        if lots != held.lots:
            self._move(held, lots - held.lots)
        if lots <= 0:
            del self._held[id_]
        return True

    def _move(self, held: _Held, change: int) -> None:
        held.lots += change
        order, contract, opens = held.order, held.contract, held.opens
        contract.working.add(order.side, opens, change)
        held.book.working.add(order.side, opens, change)
        contract.place.work(held.buys, opens, change)
        self.side_cents[held.buys] += change * held.value
        if opens:
            self.open_lots += change
            self.open_cents += change * held.value
        else:
            today = lot_rules.takes_today(order.offset, contract.instrument.splits_today)
            contract.closing(order.side).freeze(change, today)
        self._margin += change * held.margin
        self._fees += change * held.fee

    def state(self) -> tuple[object, ...]:
        return tuple(sorted((id_, held.lots) for id_, held in self._held.items()))
