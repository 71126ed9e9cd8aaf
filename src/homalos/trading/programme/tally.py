"""Facts about orders and trades become counts: each order once as an order, once as a cancel.

What is known of an order is joined so that neither the order of the facts nor their repetition
changes what comes out: the earliest time, the most lots traded, an end that stays; that an order
was filled wins over its cancel. From the whole of it follows what it counts for, and the counters
take the difference.
"""

from collections.abc import Iterable

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import OrderStatus, Side, TimeInForce
from homalos.model.events import OrderReported, TradeReported
from homalos.model.ids import InstrumentId, OrderId, VenueOrderId
from homalos.model.trading import Order, Trade
from homalos.trading.programme.counts import BUY, SELL, Bounds, ContractCount, Counts, Resolve
from homalos.trading.programme.terms import contract_terms, exchange_terms
from homalos.trading.registry import exchange_of, is_open

_CANCELLED, _GFD, _BUY = OrderStatus.CANCELLED, TimeInForce.GFD, Side.BUY


class Seen:
    """What is known of one order, and what it counts for now."""

    __slots__ = (
        "asked_at", "cancel_at", "cancels", "count", "ended_at", "gfd", "large", "lots", "named",
        "order_at", "placed_at", "traded", "trades",
    )  # fmt: skip

    def __init__(self, count: ContractCount) -> None:
        self.count = count
        self.lots = 0
        """0: only heard of; the venue's next whole answer says more."""
        self.gfd = True
        self.named = False
        """The venue has numbered it."""
        self.placed_at = 0
        self.asked_at = 0
        """When a cancel of it left, 0: none did."""
        self.ended_at = 0
        """When it was cancelled, 0: it was not."""
        self.traded = 0
        self.order_at = self.cancel_at = 0
        """Times at which its messages are counted, 0: it is not."""
        self.cancels = self.large = self.trades = False


class Tally:
    """Of one account. ``resolve``: the contract of an id, ``None`` while it is not listed."""

    def __init__(self, section: RiskSection, resolve: Resolve) -> None:
        self.counts = Counts()
        self._resolve = resolve
        self._orders: dict[OrderId, Seen] = {}
        self._venue: dict[tuple[str, VenueOrderId], Seen] = {}
        """Orders that were only heard of, by exchange and its number."""
        self.configure(section)

    def configure(self, section: RiskSection) -> None:
        """New thresholds: what was counted so far is judged by them."""
        self._rows = section.programme
        self._bounds: Bounds = section.programme_soft_percent, section.programme_warn_percent
        for exchange in self.counts.exchanges.values():
            exchange.settle(exchange_terms(self._rows, exchange.exchange), self._bounds)
        for contract in self.counts.contracts.values():
            contract.listed = None
            self._settle(contract)
        for seen in (*self._orders.values(), *self._venue.values()):
            self._count(seen)

    def contract(self, instrument: InstrumentId) -> ContractCount:
        """Its counters, with the limits of today."""
        count = self.counts.contracts.get(instrument)
        if count is None:
            count = self.counts.contract(instrument)
            exchange = count.exchange
            exchange.settle(exchange_terms(self._rows, exchange.exchange), self._bounds)
        if count.listed is None:
            self._settle(count)
        return count

    def _settle(self, count: ContractCount) -> None:
        count.listed = listed = self._resolve(count.instrument)
        if listed is not None:
            count.settle(contract_terms(self._rows, listed), self._bounds)

    # ------------------------------------------------------------ facts

    def order(self, order: Order) -> ContractCount:
        """An order as it is now."""
        seen = self._seen(order)
        seen.placed_at = _earliest(seen.placed_at, order.ts_init)
        seen.traded = max(seen.traded, order.traded_lots)
        if order.status is _CANCELLED and not is_open(order):
            seen.ended_at = _earliest(seen.ended_at, order.ts_event or order.ts_init)
        self._count(seen)
        return seen.count

    def cancel_left(self, order: Order, ts: int) -> ContractCount:
        """A cancel of it was handed to the venue; a second one is the same."""
        seen = self._seen(order)
        seen.placed_at = _earliest(seen.placed_at, order.ts_init)
        seen.asked_at = _earliest(seen.asked_at, ts)
        self._count(seen)
        return seen.count

    def heard(self, report: OrderReported) -> ContractCount | None:
        """Of an order of another terminal, before the venue has told what it is."""
        if report.venue_order_id is None:
            return None
        key = exchange_of(report.instrument), report.venue_order_id
        seen = self._venue.get(key)
        if seen is None:
            seen = self._venue[key] = Seen(self.contract(report.instrument))
        if not seen.lots:  # else it is known, and so is its time
            seen.placed_at = _earliest(seen.placed_at, report.ts_event or report.ts_init)
            self._count(seen)
        return seen.count

    def trade(self, trade: Trade | TradeReported) -> ContractCount:
        """One side of a trade. Blanks around its number are the venue's padding."""
        id_ = trade.trade_id if isinstance(trade, TradeReported) else trade.id
        count = self.contract(trade.instrument)
        count.trade(id_.strip(), BUY if trade.side is _BUY else SELL)
        return count

    def recount(self) -> Iterable[str]:
        """Exchanges of which something came late are counted anew; their names."""
        for name, exchange in self.counts.exchanges.items():
            if exchange.actions.disordered:
                exchange.actions.recount()
                exchange.note_bursts()
                yield name

    def clear(self) -> None:
        """A new trading day."""
        self._orders.clear()
        self._venue.clear()
        self.counts.clear()

    # ------------------------------------------------------------ one order

    def _seen(self, order: Order) -> Seen:
        seen = self._orders.get(order.id)
        if seen is None:
            seen = self._orders[order.id] = Seen(self.contract(order.instrument))
            seen.lots, seen.gfd = order.lots, order.tif is _GFD
        if order.venue_order_id is not None and not seen.named:
            seen.named = True
            self._name(seen, (exchange_of(order.instrument), order.venue_order_id))
        return seen

    def _name(self, seen: Seen, key: tuple[str, VenueOrderId]) -> None:
        """The venue has numbered it. What was heard under this number was of it."""
        heard = self._venue.get(key)
        self._venue[key] = seen
        if heard is not None and heard is not seen:
            heard.placed_at = 0
            self._count(heard)

    def _count(self, seen: Seen) -> None:
        """What it counts for, and the counters take the difference."""
        count, terms = seen.count, seen.count.terms
        if seen.order_at != seen.placed_at:
            count.orders += bool(seen.placed_at) - bool(seen.order_at)
            self._message(count, seen.order_at, seen.placed_at)
            seen.order_at = seen.placed_at
        left = seen.lots - seen.traded
        gone = bool(seen.ended_at) and left > 0
        cancel_at = _earliest(seen.asked_at, seen.ended_at if gone else 0)
        if cancel_at != seen.cancel_at:
            self._message(count, seen.cancel_at, cancel_at)
            seen.cancel_at = cancel_at
        cancels = gone and (seen.gfd or terms.fak_fok)
        if cancels != seen.cancels:
            count.cancels.add(cancels - seen.cancels)
            seen.cancels = cancels
        large = cancels and 0 < terms.large_lots <= left
        if large != seen.large:
            count.large_cancels.add(large - seen.large)
            seen.large = large
        if seen.traded and not seen.trades:
            count.traded += 1
            seen.trades = True

    def _message(self, count: ContractCount, before: int, after: int) -> None:
        """A message at ``after`` (0: none), which was counted at ``before`` (0: it was not)."""
        exchange = count.exchange
        if before:
            exchange.actions.remove(before)
        if after:
            exchange.actions.add(after)
        change = bool(after) - bool(before)
        if change:
            count.messages.add(change)
            exchange.messages.add(change)
        if not exchange.actions.disordered:
            exchange.note_bursts()


def _earliest(one: int, other: int) -> int:
    """Of two times of which 0 is none."""
    return min(one, other) if one and other else one or other
