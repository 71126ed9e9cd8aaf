"""From a trigger to the one intent that it sends.

An exit closes lots of its own book. Where those lots are bound by other working closes of the
strategy (a resting target, another leg of its group), or where its bracket's entry still works,
these are cancelled first, their end is waited for, and what is then left is sent: never two orders
for the same lots (FACTS B13).
"""

from collections.abc import Sequence
from typing import NamedTuple

from homalos.kernel.bus import Bus
from homalos.market.sessions import Sessions
from homalos.model.conditional import Conditional
from homalos.model.enums import Offset, OrderKind, Phase, Side, TimeInForce, TradingState
from homalos.model.events import SubmitOrder
from homalos.model.ids import InstrumentId, OrderId
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.manager import OrderManager
from homalos.trading.registry import is_open
from homalos.trading.strategy_book import NetBook

_BUY, _GFD = Side.BUY, TimeInForce.GFD
_HALTED, _ACTIVE = TradingState.HALTED, TradingState.ACTIVE


class Blocker(NamedTuple):
    """An intent that has to end before an exit may leave."""

    intent: OrderId
    rests: bool
    """It does not end by itself."""


class Sending:
    """What of an order's surroundings decides whether and how much it sends."""

    def __init__(
        self,
        bus: Bus,
        books: Books,
        orders: OrderManager,
        control: TradingControl,
        sessions: Sessions,
    ) -> None:
        self._bus = bus
        self._books = books
        self._orders = orders
        self._control = control
        self._sessions = sessions
        self.ready = False
        """Books and venue agree, and the trading line is up since."""
        self.pending: dict[OrderId, SubmitOrder] = {}
        """Intents that are sent and not yet orders: they wait in their lane."""

    # ------------------------------------------------------------ may it leave

    def may_act(self, instrument: InstrumentId) -> bool:
        """Whether an exit could leave now."""
        return self.ready and self._control.state is not _HALTED and self.continuous(instrument)

    @property
    def hindrance(self) -> str:
        """Why no exit could leave now, the session aside; empty: it could."""
        if not self.ready:
            return "books and venue have not agreed yet / 尚未对账一致"
        return "trading is halted / 交易已停止" if self._control.state is _HALTED else ""

    def may_open(self) -> bool:
        return self._control.state is _ACTIVE

    def continuous(self, instrument: InstrumentId) -> bool:
        """As the venue says it; a venue that has said nothing yet does not hinder."""
        contract = self._books.instrument(instrument)
        if contract is None:
            return False
        phase = self._orders.venue.phases.get((contract.exchange, contract.product))
        return phase is None or phase is Phase.CONTINUOUS

    def stretch(self, instrument: InstrumentId, ts: int) -> int:
        """Start of the stretch of continuous trading that ``ts`` lies in; 0: in none."""
        contract = self._books.instrument(instrument)
        if contract is None:
            return 0
        segment = self._sessions.segment_at(contract.exchange, contract.product, ts)
        return segment.start if segment.phase is Phase.CONTINUOUS else 0

    # ------------------------------------------------------------ what it may close

    def _book(self, order: Conditional) -> NetBook | None:
        contract = self._books.contract(order.instrument)
        if contract is None:
            return None
        return self._books.net_book(order.strategy, order.instrument, contract.multiplier)

    def held(self, order: Conditional) -> int:
        """Lots of its own book that an exit protects; 0: flat, or on the other side."""
        book = self._book(order)
        return 0 if book is None else max(0, -order.side.sign * book.net)

    def room(self, order: Conditional) -> int:
        """Lots of its own book that no other working order would close."""
        book = self._book(order)
        if book is None:
            return 0
        coming = sum(wish.lots for wish in self.pending.values() if _same(wish, order))
        if book.mode == "own":
            return max(0, book.closable(order.side) - coming)
        working = book.working.buy if order.side is _BUY else book.working.sell
        return max(0, -order.side.sign * book.net - working - coming)

    # ------------------------------------------------------------ what has to end first

    def busy(self, intent: OrderId) -> bool:
        """Whether anything of it works, will be sent, or has fills on their way."""
        return (
            intent in self.pending
            or intent in self._orders.working.plans
            or any(is_open(order) for order in self._orders.registry.of_intent(intent))
        )

    def orders(self, intent: OrderId | None) -> tuple[Order, ...]:
        """All known orders of an intent."""
        return () if intent is None else self._orders.registry.of_intent(intent)

    def blockers(self, order: Conditional, legs: Sequence[Conditional], lots: int) -> list[Blocker]:
        """What has to end before ``order`` may send ``lots``."""
        ids = dict.fromkeys(leg.id for leg in legs if leg.id != order.id)
        if order.entry is not None:
            ids[order.entry] = None
        if self.room(order) < lots:
            ids.update(dict.fromkeys(self._own_closes(order)))
        return [Blocker(id_, self._rests(id_)) for id_ in ids if self.busy(id_)]

    def _own_closes(self, order: Conditional) -> list[OrderId]:
        """Intents of the same strategy that would trade the same lots."""
        book = self._book(order)
        own = book is None or book.mode == "own"
        found = [
            working.intent_id
            for working in self._orders.registry.working(order.instrument)
            if working.strategy == order.strategy
            and working.side is order.side
            and not (own and working.offset is Offset.OPEN)
        ]
        wishes = [plan.intent for plan in self._orders.working.plans.values()]
        wishes += self.pending.values()
        return found + [wish.intent_id for wish in wishes if _same(wish, order)]

    def _rests(self, intent: OrderId) -> bool:
        if intent in self._control.exits:
            return False  # a flatten's: it closes the same lots, in its own way
        plan = self._orders.working.plans.get(intent)
        wish = self.pending.get(intent) if plan is None else plan.intent
        if wish is not None:
            return wish.kind is not OrderKind.MARKET
        return any(order.tif is _GFD for order in self._orders.registry.of_intent(intent))

    # ------------------------------------------------------------ the intent

    def intent(self, order: Conditional, lots: int, ts_trigger: int) -> SubmitOrder:
        """A market order, or a limit order of the day; an exit closes only, unless its book's mode
        lets an exit open."""
        market = order.limit is None
        book = self._book(order)
        return SubmitOrder(
            order.id,
            order.account,
            order.strategy,
            order.instrument,
            order.side,
            lots,
            order.limit,
            OrderKind.MARKET if market else OrderKind.LIMIT,
            TimeInForce.FAK if market else _GFD,
            None,
            self._bus.clock.now(),
            ts_trigger,
            order.tag,
            ticks=order.ticks,
            reduce_only=not order.opens and (book is None or book.mode == "own"),
        )


def _same(wish: SubmitOrder, order: Conditional) -> bool:
    """Whether an intent trades the lots that an exit would close."""
    return (
        wish.side is order.side
        and wish.instrument == order.instrument
        and wish.strategy == order.strategy
    )
