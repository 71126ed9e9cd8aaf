"""One step of one flatten: cancel, wait for the ends, read the lots again, send the next round.

Nothing is remembered that could be read: every step looks at the working orders and at the books as
they are, so a step that is made twice, or by the next run after a crash, sends nothing twice. A
round is sent for a leg when none of its orders is open any more, their fills booked, and no other
order of the scope works in its contract. Every order takes the usual way: stages, risk gate,
journal, gateway.
"""

from collections.abc import Callable, Iterable

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.trading import TradingSection
from homalos.kernel.bus import Bus
from homalos.kernel.ids import OrderIds
from homalos.market.lot_rules import today_goes_first
from homalos.model.enums import (
    AuctionPolicy,
    FlattenStage,
    KillScope,
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
)
from homalos.model.events import SubmitOrder
from homalos.model.ids import UNATTRIBUTED, InstrumentId
from homalos.model.market import Instrument
from homalos.model.times import MILLISECOND, SECOND
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.flatten import ladder, lots
from homalos.trading.flatten.job import Job, Leg
from homalos.trading.manager import OrderManager
from homalos.trading.registry import is_open
from homalos.trading.states import LIVE

GENTLE_EVERY = 10 * SECOND
"""Between two tries of a day-flat at the opposite price: orders are counted (FACTS A21)."""
REFUSED_WAIT = 5 * SECOND
"""After risk or venue refused the last step of the ladder."""
PASSING_WAIT = SECOND
TAG = "flatten"
NOT_COMPARED = "books and venue are being compared / 正在对账"
CANCELLING = "its orders are being cancelled / 正在撤单"
OPPOSED = "the other direction is closed first / 先平另一方向"
BOUND = "the account has no free lots for it / 账户无可平手数"

_S = FlattenStage
_PASSING = frozenset({"stale_data", "phase", "connection", "duplicate", "self_trade"})
"""Rules whose word no other price changes, but a moment may: the same step is tried again."""
_REFUSED = (OrderStatus.REJECTED, OrderStatus.DENIED)


class Worker:
    """See the module. ``subscribe``: ask for a contract's ticks."""

    def __init__(
        self,
        bus: Bus,
        books: Books,
        orders: OrderManager,
        control: TradingControl,
        ids: OrderIds,
        subscribe: Callable[[Iterable[InstrumentId]], None],
    ) -> None:
        self._bus = bus
        self._books = books
        self._orders = orders
        self._exits = control.exits
        self._ids = ids
        self._subscribe = subscribe
        self.section = TradingSection()
        self.risk = RiskSection()
        self.ready = False
        """Books and venue were compared since the trading line is up."""

    # ------------------------------------------------------------ what hinders everything

    def line_down(self) -> str:
        """What a person has to know while the trading line is down; empty: it is up."""
        if self._orders.venue.connected:
            return ""
        live = sum(order.status in LIVE for order in self._orders.registry.open())
        phone = self.section.broker_phone or "trading.broker_phone is not set / 未设置"
        return (
            f"the trading line is down: {live} orders may be LIVE at the exchange and nothing can "
            f"be cancelled or closed from here; phone the broker: {phone} / "
            f"交易线路中断：{live} 笔委托可能仍在交易所，无法撤单或平仓，请致电期货公司：{phone}"
        )

    def hindrance(self) -> str:
        return self.line_down() or ("" if self.ready else NOT_COMPARED)

    # ------------------------------------------------------------ a step

    def cancel_all(self, job: Job) -> None:
        """At its beginning: whatever was asked for before."""
        self._stop_plans(job)
        for order in self._others(job):
            self._orders.cancels.insist(order)

    def work(self, job: Job, now: int) -> None:
        """Bring it one step further."""
        self._read(job, now)
        others = self._others(job)
        job.orders = len(others)
        job.text = self.hindrance()
        if job.text:
            job.stage = _S.WAITING
            return
        self._stop_plans(job)
        for order in others:
            if self._orders.phase(order.instrument) in ladder.OPEN_PHASES:
                self._orders.cancels.request(order)
        busy = {order.instrument for order in others}
        for leg in job.legs.values():
            self._advance(job, leg, now, busy)
        job.stage = _stage(job)

    def release(self, job: Job) -> None:
        """It is over: what of it still works is cancelled."""
        for leg in job.legs.values():
            self._drop(leg)
        job.legs.clear()

    def _stop_plans(self, job: Job) -> None:
        working = self._orders.working
        for id_, plan in list(working.plans.items()):
            intent = plan.intent
            if id_ not in self._exits and job.has(intent.strategy, intent.instrument):
                working.stop(id_, f"flatten / 平仓: {job.who}")

    def _others(self, job: Job) -> list[Order]:
        """Open orders of its scope that no flatten has sent."""
        return [
            order
            for order in self._orders.registry.open()
            if order.intent_id not in self._exits and job.has(order.strategy, order.instrument)
        ]

    def _read(self, job: Job, now: int) -> None:
        """What is to be closed now."""
        books = self._books.strategies.all()
        if job.scope is KillScope.ACCOUNT:
            held = self._books.positions()
            found = lots.of_account(
                (row for row in held if job.has(UNATTRIBUTED, row.instrument)),
                (book for book in books if job.has(book.strategy, book.instrument)),
            )
        else:
            found = lots.of_books(books, lambda book: job.has(book.strategy, book.instrument))
        for key in [key for key in job.legs if key not in found]:
            self._drop(job.legs.pop(key))
        for key, count in found.items():
            leg = job.legs.get(key)
            if leg is None:
                leg = job.legs[key] = Leg(key, job.first_step(now))
            leg.lots = count
        total = sum(found.values())
        job.lots_at_start = max(job.lots_at_start, total)

    def _drop(self, leg: Leg) -> None:
        for order in self._sent(leg):
            if is_open(order):
                self._orders.cancels.request(order)
        self._forget(leg)

    # ------------------------------------------------------------ a leg

    def _sent(self, leg: Leg) -> list[Order]:
        registry = self._orders.registry
        return [order for id_ in leg.intents for order in registry.of_intent(id_)]

    def _forget(self, leg: Leg) -> None:
        for id_ in leg.intents:
            self._exits.pop(id_, None)
        leg.intents.clear()

    def _advance(self, job: Job, leg: Leg, now: int, busy: set[InstrumentId]) -> None:
        sent = self._sent(leg)
        if any(is_open(order) for order in sent):
            return
        if leg.intents:
            self._round_over(job, leg, sent, now)
        instrument = leg.key.instrument
        phase = self._orders.phase(instrument)
        if why := ladder.closed(phase):
            leg.waits, leg.step = why, job.first_step(now)
        elif instrument in busy:
            leg.waits = CANCELLING
        elif self._opposed(leg):
            leg.waits = OPPOSED
        elif now >= leg.next_at:
            self._send(job, leg, phase, now)

    def _opposed(self, leg: Leg) -> bool:
        """Exits of both directions of a contract would meet each other."""
        side = leg.key.side
        return any(
            order.side is not side and order.intent_id in self._exits
            for order in self._orders.registry.working(leg.key.instrument)
        )

    def _round_over(self, job: Job, leg: Leg, sent: list[Order], now: int) -> None:
        """All its orders have ended, all their fills are booked: what follows, and when."""
        refused = len(sent) < len(leg.intents) or any(o.status in _REFUSED for o in sent)
        full = not refused and all(order.booked_lots == order.lots for order in sent)
        self._forget(leg)
        leg.next_at = now + self.section.flatten_step_ms * MILLISECOND
        if full:
            leg.next_at = now  # only the size of an order held the rest back
        elif leg.passing:
            leg.next_at = now + PASSING_WAIT
        elif now < job.escalates_at:
            leg.next_at = min(now + GENTLE_EVERY, job.escalates_at)
        elif leg.step < ladder.LAST:
            leg.step += 1
        elif refused:
            leg.next_at = now + REFUSED_WAIT

    def _send(self, job: Job, leg: Leg, phase: Phase | None, now: int) -> None:
        key = leg.key
        contract = self._books.contract(key.instrument)
        tick = self._books.quotes.get(key.instrument)
        if contract is None:
            return
        quote = ladder.quote(leg.step, key.side, contract.instrument, tick, phase)
        if quote is None:
            leg.waits = ladder.NO_PRICE
            self._subscribe([key.instrument])
            return
        order, row = self.section.close_order, contract.instrument
        parts = lots.closes(
            contract, key.side, leg.lots - self._bound(leg), self._most(row),
            today_first=today_goes_first(order, row, quote.price),
        )  # fmt: skip
        leg.step, leg.waits = quote.step, quote.note if parts else BOUND
        for offset, count in parts:
            self._submit(job, leg, quote, offset, count, now)

    def _submit(
        self, job: Job, leg: Leg, quote: ladder.Quote, offset: Offset, count: int, now: int
    ) -> None:
        key = leg.key
        intent = SubmitOrder(
            self._ids.next(), self._orders.account_id, key.strategy, key.instrument, key.side,
            count, quote.price, OrderKind.LIMIT, quote.tif, offset, now, 0, TAG,
            to_limit=quote.step >= ladder.LAST, auction=AuctionPolicy.LIMIT,
        )  # fmt: skip
        leg.passing = False
        leg.intents.append(intent.intent_id)
        self._exits[intent.intent_id] = not job.until
        asked = self._orders.ask(intent, None)
        if asked is not None:
            self._orders.send(*asked, 0)

    def _bound(self, leg: Leg) -> int:
        """Lots of this leg that working closes take already, whoever sent them."""
        key = leg.key
        return sum(
            order.lots - order.booked_lots
            for order in self._orders.registry.working(key.instrument)
            if order.strategy == key.strategy
            and order.side is key.side
            and order.offset is not Offset.OPEN
        )

    def _most(self, row: Instrument) -> int:
        """Lots of one order."""
        most = self.risk.max_order_lots
        return min(most, row.max_limit_lots) if row.max_limit_lots else most

    def refused(self, job: Job, order: Order, rules: Iterable[str]) -> None:
        """Show why risk (``rules``) or venue took an order not."""
        for leg in job.legs.values():
            if order.intent_id in leg.intents:
                leg.waits = order.message
                leg.passing = leg.passing or not _PASSING.isdisjoint(rules)


def _stage(job: Job) -> FlattenStage:
    legs = job.legs.values()
    if job.orders:
        return _S.CANCELLING
    if not legs:
        return _S.CHECKING
    waits = all(leg.waits and not leg.intents for leg in legs)
    return _S.WAITING if waits else _S.CLOSING
