"""Recovery: fold journaled outcomes and account ingress into orders and books.

Runs no strategy, sends nothing, publishes nothing, skips market data. Afterwards the first
reconciliation explains what happened at the venue after the last record.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import OrderStatus, TimeInForce
from homalos.model.event import Event
from homalos.model.events import (
    AccountSnapshot,
    CancelRejected,
    ConditionalChanged,
    InstrumentListed,
    IntentChanged,
    OrderDenied,
    OrderRejected,
    OrderReported,
    OrderSubmitted,
    SettlementKnown,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.journaled import GatewayReturned
from homalos.model.reconciling import DayMarks, LossAssigned, PositionAdjusted, VenueTaken
from homalos.model.settlement import SettlementCorrected
from homalos.model.trading import StrategyBook
from homalos.trading.adjusting import expire
from homalos.trading.books import Books
from homalos.trading.breaker import Breaker
from homalos.trading.conditional.keeper import Conditionals
from homalos.trading.manager import OrderManager
from homalos.trading.settlement import keeper as settlement
from homalos.trading.shortages import assign
from homalos.trading.states import LIVE

_CANCELLED, _GFD = OrderStatus.CANCELLED, TimeInForce.GFD
_CENT = 0.01


def fold(
    events: Iterable[Event],
    books: Books,
    manager: OrderManager,
    facts: list[tuple[int, Event]] | None = None,
    conditionals: Conditionals | None = None,
    breaker: Breaker | None = None,
) -> int:
    """Fold the records of a journal, oldest first; the number of records that counted.

    ``facts`` gets what was published then about orders and trades, each with its trading day: for
    a store that had not written it when the process died.
    """
    past = tuple(events)
    marks = {event.trading_day: event.marks for event in past if isinstance(event, DayMarks)}
    told = [] if facts is None and breaker is not None else facts
    manager.muted, manager.past = True, told
    count = 0
    whole = False
    try:
        for event in past:
            if isinstance(event, TradingDayChanged):
                books.marks.update(marks.get(event.trading_day, ()))
            elif isinstance(event, VenueTaken):
                whole = True
            elif isinstance(event, AccountSnapshot) and whole:
                _checkpoint(event, books)
                continue
            before = len(told or ())
            count += _one(event, books, manager)
            if breaker is not None and told is not None:
                breaker.fold(event, (fact for _, fact in told[before:]))
            if conditionals is not None:
                _hold(event, conditionals)
    finally:
        manager.muted, manager.past = False, None
    if not any(isinstance(event, GatewayReturned) for event in past):
        _count_cancels(manager)
    manager.sync.history = count > 0
    return count


def _checkpoint(event: AccountSnapshot, books: Books) -> None:
    """The venue's word before it has the account. Strategies' books that were folded from their
    first trade on are the record's, and more exact; where the reading began later than they did,
    the record is all that there is of them."""
    folded = {(book.strategy, book.instrument): book for book in books.books()}
    written = {(book.strategy, book.instrument): book for book in event.books}
    if folded.keys() == written.keys() and all(
        _same(book, written[key]) for key, book in folded.items()
    ):
        return
    flat = (StrategyBook(*key, 0, 0.0, 0.0, 0.0, 0.0) for key in folded.keys() - written.keys())
    books.load((*written.values(), *flat), event.performances)


def _same(folded: StrategyBook, written: StrategyBook) -> bool:
    return (
        folded.net_lots == written.net_lots
        and abs(folded.fees - written.fees) < _CENT
        and abs(folded.closed_profit - written.closed_profit) < _CENT
    )


def _count_cancels(manager: OrderManager) -> None:
    """A journal of an earlier version does not know which cancels left; what was cancelled today
    stands for them. FAK and FOK end by themselves."""
    registry = manager.registry
    gone = [o for o in registry.all() if o.status is _CANCELLED and o.tif is _GFD]
    for order in sorted(gone, key=lambda o: o.ts_event):
        registry.sent.cancel(order, order.ts_event)


def _hold(event: Event, conditionals: Conditionals) -> None:
    """Conditional orders, and that what they sent has become an order or a denial."""
    match event:
        case ConditionalChanged(order=order):
            conditionals.fold(order)
        case OrderSubmitted(order=order) | OrderDenied(order=order):
            conditionals.fold_order(order.intent_id)
        case IntentChanged(intent=intent):  # held, so far
            conditionals.fold_order(intent.intent_id)


def _cancelled(event: GatewayReturned, manager: OrderManager) -> None:
    """A cancel was handed to the venue, or could not leave."""
    order = manager.registry.get(event.order_id)
    if order is None:
        return
    if event.code >= 0:
        manager.registry.sent.cancel(order, event.ts_init)
    if order.status in LIVE:
        manager.registry.put(replace(order, cancel_requested=True))


def _one(event: Event, books: Books, manager: OrderManager) -> bool:
    match event:
        case OrderSubmitted(order=order):
            if manager.registry.get(order.id) is None:
                manager.registry.sent.order(order, order.ts_init)
                manager.adopt(order)
                manager.publish(event)
        case OrderDenied():
            manager.publish(event)
            return False
        case OrderRejected(order=order):
            known = manager.registry.get(order.id)
            if known is not None:
                manager.store(known, order)
        case GatewayReturned(action="cancel"):
            _cancelled(event, manager)
        case IntentChanged():
            manager.working.recover(event)
        case OrderReported():
            manager.on_report(event)
        case TradeReported():
            manager.on_trade(event)
        case CancelRejected():
            manager.cancels.on_rejected(event)
        case InstrumentListed(instrument=instrument):
            books.listed(instrument)
            return False
        case TradingDayChanged(trading_day=day):
            if books.trading_day and day != books.trading_day:
                manager.expire(day)
            books.roll(day)
        case SettlementKnown(instrument=instrument, trading_day=day, price=price):
            if day == books.trading_day:
                books.settle(instrument, price)
        case PositionAdjusted():
            expire(books, event)
        case LossAssigned():
            assign(books, event)
        case SettlementCorrected():
            settlement.apply(books, event)
        case VenueTaken(trading_day=day, account=account, positions=positions, trades=trades):
            books.restore(VenueSnapshot(day, account, positions, (), trades))
        case AccountSnapshot(account=account, positions=positions):
            books.load(event.books, event.performances)
            books.restore(VenueSnapshot(account.trading_day, account, positions, (), ()))
        case _:
            return False
    return True
