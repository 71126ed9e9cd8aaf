"""Keeping books and venue in step: start, reconnect, the clock, orders whose fate is unknown.

A snapshot of the venue is first *explained* (its orders merged, fills that we missed booked as the
fills they are), then compared. Where the books know nothing yet a start takes the venue's account
and positions over. Where they do, a difference is told: a simulated venue's word is then taken all
the same (at a start and at a new day), any other venue's difference halts until it is settled
(``adjusting``).
"""

from collections.abc import Callable, Container
from typing import TYPE_CHECKING

from msgspec.structs import replace

from homalos.gateway.protocol import Gateway, VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.enums import Channel, Offset, OrderStatus, Severity
from homalos.model.events import (
    ConnectionChanged,
    OrderReported,
    OrderSubmitted,
    Reconciled,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, OrderId
from homalos.model.reconciling import DayMarks, Reconcile
from homalos.model.times import SECOND
from homalos.model.trading import Order, Trade
from homalos.trading.adjusting import Adjusting, take
from homalos.trading.books import Books
from homalos.trading.reconcile import Differences, compare
from homalos.trading.registry import exchange_of
from homalos.trading.states import LIVE

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

ANSWER_LOST = 30 * SECOND
"""A question without an answer for so long may be asked again."""
ABSENT_TWICE = 2
"""An unresolved order that two complete answers of the venue do not know never arrived."""
SKIPS_MAX = 3
"""Comparisons in a row that orders on their way may put off."""
_UNHEARD = (OrderStatus.SUBMITTED, OrderStatus.UNRESOLVED)
"""The venue has not said a word about these."""


class VenueSync:
    """Part of the order manager."""

    def __init__(
        self, bus: Bus, timers: Timers, gateway: Gateway, books: Books, manager: "OrderManager"
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._gateway = gateway
        self._books = books
        self._manager = manager
        self._asking = False
        self._again = False
        self._question = 0
        self._asked_at = 0
        self._trades = 0
        self._asked_at_trade = 0
        self._takes_over = True
        """The next snapshot is taken for the truth (start, a new day on a simulated venue)."""
        self.history = False
        """Recovery has folded something: the books know more than nothing."""
        self._started = False
        """The first snapshot has been dealt with."""
        self._suspects: dict[OrderId, int] = {}
        self._skipped = 0
        """Answers in a row that were not compared."""
        self._asked_after: frozenset[OrderId] = frozenset()
        """Suspects when the question was asked: an older question says nothing against the rest."""
        self._moving: frozenset[OrderId] = frozenset()
        """Orders that came or changed while the venue answered: it may tell of them as they were,
        which is no difference."""
        self.adjusting = Adjusting(bus, timers, gateway, books, manager)
        self.closing: Callable[[int], None] = _nobody
        """Told the next trading day before the books roll to it."""
        self.witnesses: list[Callable[[VenueSnapshot], None]] = []
        """Told of each whole answer when its orders and trades are merged."""

    def attach(self) -> None:
        self._bus.subscribe(ConnectionChanged, self._on_connection, actor="orders", role="orders")
        self._bus.subscribe(TradingDayChanged, self._on_day, actor="orders", role="orders")
        self._bus.subscribe(Reconcile, self._on_demand, actor="orders", role="orders")
        self._bus.subscribe(TradeFilled, self._on_fill, actor="orders", role="account")
        self.adjusting.attach()
        self._next()

    # ------------------------------------------------------------ asking

    def request(self, why: str) -> None:
        """Ask the venue what is so; one question at a time. ``why`` is for the reader."""
        if not self._manager.venue.connected:
            return
        now = self._bus.clock.now()
        if self._asking and now - self._asked_at < ANSWER_LOST:
            self._again = True
            return
        if not self._asking:  # else the answer that comes may be to the question before
            self._asked_after = frozenset(self._suspects)
            self._manager.registry.touched.clear()
        self._asking, self._asked_at, self._asked_at_trade = True, now, self._trades
        self._question += 1
        question = self._question
        self._gateway.query(self._manager.account_id, lambda venue: self._answered(venue, question))

    def suspect(self, id_: OrderId, why: str) -> None:
        """The fate of this order is unknown: ask, until it is known."""
        self._suspects.setdefault(id_, 0)
        self.request(why)

    def traded(self) -> None:
        """A fill was booked: an answer asked for before it may be older than the books."""
        self._trades += 1

    def _on_demand(self, event: Reconcile) -> None:
        self.request(f"{event.who} asks")

    def _on_fill(self, event: TradeFilled) -> None:
        """Somebody else closed lots: perhaps a strategy's."""
        trade = event.trade
        if trade.strategy == UNATTRIBUTED and trade.offset is not Offset.OPEN:
            self.adjusting.look_for_shortages()

    def _next(self) -> None:
        if self._manager.section.reconcile_s:
            when = self._bus.clock.now() + self._manager.section.reconcile_s * SECOND
            self._timers.call_at(when, self._by_clock)

    def _by_clock(self) -> None:
        self._next()
        self.request("the clock")

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.channel is not Channel.TRADING:
            return
        self._manager.venue.connected = event.connected
        self._asking = self._again = False
        if event.connected:
            self._manager.cancels.resend()
            self.request("the trading line is up")

    def _on_day(self, event: TradingDayChanged) -> None:
        if event.trading_day <= self._books.trading_day:
            return  # never back: see ``trading.days``
        self._turn(event.trading_day)
        self.request("a new trading day")

    def _turn(self, trading_day: int) -> None:
        """The old orders are over, the books roll, the venue's settlement corrects them."""
        self.closing(trading_day)
        if self._books.trading_day:
            self._manager.expire(trading_day)
            self._bus.record(DayMarks(trading_day, self._books.settlements()))
            self.adjusting.new_day()
        self._books.roll(trading_day)
        self._takes_over = self._takes_over or self._gateway.simulated

    # ------------------------------------------------------------ the answer

    def _answered(self, venue: VenueSnapshot, question: int) -> None:
        if question != self._question or not self._asking:
            return  # it was asked once more, and that one is answered, too
        self._asking = False
        if self._asked_at_trade != self._trades:
            self.request("a fill came while the venue answered")
            return
        if venue.trading_day < self._books.trading_day:
            return  # an answer from before the day turned: its successor is on its way
        self._moving = frozenset(self._manager.registry.touched)
        fresh = not self._started and not self.history
        if venue.trading_day > self._books.trading_day:
            self._turn(venue.trading_day)
        known = len(self._manager.registry.all())
        if self._takes_over:
            # Their listing is on its way on a lower lane; positions cannot be booked without.
            for instrument in self._gateway.instruments():
                self._books.listed(instrument)
        self._explain(venue, fresh)
        self._books.set_cash(venue.account.deposit, venue.account.withdraw)
        found = self._take_over(venue, fresh) if self._takes_over else ()
        self._books.note_margin(venue.account.margin)
        if self._resolve(venue) or self._skipped >= SKIPS_MAX:
            self._skipped = 0
            # What left while the answer was dealt with (the next round of an order that it ended).
            self._moving |= {order.id for order in self._manager.registry.all()[known:]}
            self._compare(venue, found)
        else:
            self._skipped += 1  # orders are on their way: soon there is an answer that knows them
        self._manager.cancels.on_answer()
        if self._again:
            self._again = False
            self.request("asked again meanwhile")

    def _explain(self, venue: VenueSnapshot, fresh: bool) -> None:
        manager = self._manager
        for row in venue.orders:
            order = manager.registry.find(row.id, row.instrument, row.venue_order_id)
            if order is None:
                self._adopt(row, venue, fresh)
            else:
                manager.on_report(_report(order, row))
        for trade in venue.trades:
            report = _fill(trade)
            if not manager.knows(report):
                self._bus.record(report)  # or a later start would book it a second time
            if fresh:
                manager.seen(report)
            else:
                manager.on_trade(report)
        for told in self.witnesses:
            told(venue)

    def _adopt(self, row: Order, venue: VenueSnapshot, fresh: bool) -> None:
        """An order that we did not send. Its fills so far come with the positions (``fresh``), were
        booked when they were told, or are booked from the venue's trades."""
        exchange = exchange_of(row.instrument)
        id_ = row.id or OrderId(f"{exchange}:{row.venue_order_id}:{self._books.trading_day}")
        foreign = replace(
            row,
            id=id_,
            intent_id=id_,
            account=self._manager.account_id,
            strategy=UNATTRIBUTED,
            booked_lots=row.traded_lots if fresh else self._booked(row, venue),
            average_price=row.average_price if fresh else None,
            cancel_requested=False,
        )
        self._bus.record(OrderSubmitted(foreign))
        self._manager.publish(OrderSubmitted(foreign))
        self._manager.adopt(foreign)

    def _booked(self, row: Order, venue: VenueSnapshot) -> int:
        """Lots of its trades that came before the order was known."""
        exchange = exchange_of(row.instrument)
        return sum(
            trade.lots
            for trade in venue.trades
            if trade.venue_order_id == row.venue_order_id
            and exchange_of(trade.instrument) == exchange
            and self._manager.knows(_fill(trade))
        )

    def _take_over(self, venue: VenueSnapshot, fresh: bool) -> tuple[str, ...]:
        """What differed of books that knew something, before the venue's word was taken."""
        starts = self.history and not self._started
        self._takes_over, self._started = False, True
        if starts:
            self._end_absent(venue, _UNHEARD, OrderStatus.REJECTED)
        differences = Differences() if fresh else compare(*self._both(venue))
        found, settles = differences.all, not fresh and self.adjusting.settles(differences)
        if settles or not (self._gateway.simulated or differences.holdings):
            found = ()  # money alone: it is taken when the books are compared
        if starts:
            self._end_absent(venue, LIVE, OrderStatus.CANCELLED)
        if fresh or (self._gateway.simulated and not settles):
            if found:
                self.adjusting.told(*self._both(venue))
            take(self._bus, self._books, venue)
            self._tell(found)
        return found

    def _tell(self, found: tuple[str, ...]) -> None:
        if found:
            text = f"the word of {self._gateway.name} was taken where books and venue differed: "
            self._manager.alert(Severity.WARNING, text + "; ".join(found))

    def _end_absent(
        self, venue: VenueSnapshot, statuses: Container[OrderStatus], end: OrderStatus
    ) -> None:
        """At a start nothing is in flight: what the venue does not hold is over."""
        known = _names(venue)
        for order in self._manager.registry.open():
            if order.status in statuses and not _named(order, known):
                self._end(order, end)

    def _end(self, order: Order, status: OrderStatus) -> None:
        self._suspects.pop(order.id, None)
        text = "the venue does not know this order"
        ended = replace(order, status=status, message=text, traded_lots=order.booked_lots)
        self._manager.store(order, ended)

    def _resolve(self, venue: VenueSnapshot) -> bool:
        """Settle the suspects that the answer speaks of; ``False``: orders are still in flight."""
        known = _names(venue)
        for id_, absences in list(self._suspects.items()):
            order = self._manager.registry.get(id_)
            if order is None or order.status is not OrderStatus.UNRESOLVED:
                del self._suspects[id_]
            elif not _named(order, known) and id_ in self._asked_after:
                self._suspects[id_] = absences + 1
                if absences + 1 >= ABSENT_TWICE:
                    self._end(order, OrderStatus.REJECTED)
                else:
                    self._manager.watch(id_)
        return all(
            _named(order, known) or order.status not in LIVE
            for order in self._manager.registry.open()
            if order.status in _UNHEARD
        )

    def _compare(self, venue: VenueSnapshot, found: tuple[str, ...]) -> None:
        """``found``: what differed before orders were ended or the venue's word was taken."""
        local, theirs = self._both(venue)
        left, now = compare(local, theirs), self._bus.clock.now()
        taken = self.adjusting.settle(local, venue, left, self._trades)
        self.adjusting.look_for_shortages()
        agreed = (taken or not left.all) and (self._gateway.simulated or not found)
        every = tuple(dict.fromkeys((*left.all, *found)))
        self._manager.publish(Reconciled(self._gateway.name, agreed, every, now))

    def _both(self, venue: VenueSnapshot) -> tuple[VenueSnapshot, VenueSnapshot]:
        """Books and venue, without orders that moved while it answered."""
        books, find = self._books, self._manager.registry.find
        ours = tuple(order for order in self._manager.live() if order.id not in self._moving)
        theirs = tuple(
            row
            for row in venue.orders
            if (order := find(row.id, row.instrument, row.venue_order_id)) is None
            or order.id not in self._moving
        )
        return (
            VenueSnapshot(books.trading_day, books.account(), books.positions(), ours, ()),
            VenueSnapshot(venue.trading_day, venue.account, venue.positions, theirs, venue.trades),
        )


def _nobody(trading_day: int) -> None:
    """Nobody looks at the day's end."""


def _names(venue: VenueSnapshot) -> set[object]:
    named: set[object] = {row.id for row in venue.orders if row.id}
    named.update((exchange_of(r.instrument), r.venue_order_id) for r in venue.orders)
    return named


def _named(order: Order, known: set[object]) -> bool:
    return order.id in known or (
        order.venue_order_id is not None
        and (exchange_of(order.instrument), order.venue_order_id) in known
    )


def _report(order: Order, row: Order) -> OrderReported:
    return OrderReported(
        order.id, row.venue_order_id, row.instrument, row.status, row.traded_lots, row.code,
        row.message, row.ts_event, row.ts_init,
    )  # fmt: skip


def _fill(trade: Trade) -> TradeReported:
    return TradeReported(
        trade.order_id, trade.venue_order_id, trade.id, trade.instrument, trade.side, trade.offset,
        trade.price, trade.lots, trade.trading_day, trade.ts_event, trade.ts_init,
    )  # fmt: skip
