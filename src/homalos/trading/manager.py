"""The order manager owns the step from an intent to an order that leaves.

In one handler call: offsets, risk gate, registration, reservation, journal, gateway. So a second
intent of the same tick is judged with the first one booked, and an intent is in the journal before
its order leaves. What the venue answers is merged by the table (``states``); facts are published
only when something changed, and fills are announced by trades alone: an order that the venue calls
finished is announced as finished when all its trades are booked (FACTS A7.3, case 8).
"""

from msgspec.structs import replace

from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import NOT_SENT, Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.cancelling import CancelOpens
from homalos.model.enums import (
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
    Severity,
    StrategyState,
    TimeInForce,
)
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    CancelOrder,
    CancelRejected,
    Denial,
    InstrumentListed,
    KillSwitch,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
    OrderReported,
    OrderSubmitted,
    OrderUnresolved,
    PhaseChanged,
    Reconciled,
    ReplaceOrder,
    StrategyStateChanged,
    SubmitOrder,
    TradeFilled,
    TradeReported,
)
from homalos.model.ids import UNATTRIBUTED, AccountId, InstrumentId, OrderId, StrategyId
from homalos.model.market import Instrument
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading import merge
from homalos.trading.auction_policy import AuctionStage
from homalos.trading.books import Books
from homalos.trading.cancel_budget import CancelBudget
from homalos.trading.cancels import Cancels
from homalos.trading.contract import Contract
from homalos.trading.crossing import CrossingStage
from homalos.trading.deadlines import Deadlines
from homalos.trading.openings import Openings
from homalos.trading.registry import OrderRegistry, VenueStatus, exchange_of, is_open
from homalos.trading.risk.gate import RiskGate
from homalos.trading.stages import Hold, Stage
from homalos.trading.states import LIVE, Word, next_status
from homalos.trading.strategy_book import NetBook
from homalos.trading.venue_sync import VenueSync
from homalos.trading.working.book import WorkingIntents
from homalos.trading.working.plan import Plan

_ENDS: dict[OrderStatus, type[OrderCancelled] | type[OrderRejected]] = {
    OrderStatus.CANCELLED: OrderCancelled,
    OrderStatus.REJECTED: OrderRejected,
}

# A member looked up on its class costs 80 ns.
_MARKET, _OPEN, _GFD = OrderKind.MARKET, Offset.OPEN, TimeInForce.GFD


class OrderManager:
    """See the module. The only writer of orders."""

    def __init__(
        self,
        bus: Bus,
        timers: Timers,
        gateway: Gateway,
        books: Books,
        gate: RiskGate,
        section: TradingSection,
        account: AccountId,
    ) -> None:
        self._bus = bus
        self._gateway = gateway
        self._books = books
        self._gate = gate
        self._section = section
        self.account_id = account
        self.registry = OrderRegistry()
        self.venue = VenueStatus()
        self.muted = False
        """While recovery folds the journal: nothing is published, nothing leaves."""
        self.past: list[tuple[int, Event]] | None = None
        """What would have been published meanwhile, with its trading day; None: nobody asks."""
        self._trades: set[tuple[str, str, str, int]] = set()
        self.openings = gate.view.openings = Openings(books)
        self._early: list[TradeReported] = []
        """Fills of contracts that are not listed yet."""
        self.cancels = Cancels(bus, timers, gateway, self)
        self._deadlines = Deadlines(bus, timers, self._on_deadline)
        self.sync = VenueSync(bus, timers, gateway, books, self)
        self.working = WorkingIntents(bus, timers, self)
        self.budget = CancelBudget(self.registry, section)
        self._auction = AuctionStage(books, self.venue)
        self.stages: list[Stage] = [self._auction, CrossingStage(self.registry)]
        """Asked once an intent, in this order, before its orders are made."""

    def attach(self) -> None:
        """Subscribe. After ``Books``, so that prices are booked before orders are judged."""
        bus = self._bus
        bus.subscribe(SubmitOrder, self._on_submit, actor="orders", role="orders")
        bus.subscribe(CancelOrder, self._on_cancel, actor="orders", role="orders")
        bus.subscribe(CancelOpens, self.cancels.on_opens, actor="orders", role="orders")
        bus.subscribe(ReplaceOrder, self.working.on_replace, actor="orders", role="orders")
        bus.subscribe(Reconciled, self.working.on_reconciled, actor="orders", role="orders")
        bus.subscribe(OrderReported, self.on_report, actor="orders", role="orders")
        bus.subscribe(TradeReported, self.on_trade, actor="orders", role="orders")
        bus.subscribe(CancelRejected, self.cancels.on_rejected, actor="orders", role="orders")
        bus.subscribe(KillSwitch, self._on_kill, actor="orders", role="orders")
        bus.subscribe(PhaseChanged, self._on_phase, actor="orders", role="orders")
        bus.subscribe(InstrumentListed, self._on_listed, actor="orders", role="orders")
        bus.subscribe(StrategyStateChanged, self._on_strategy, actor="orders", role="orders")
        self.sync.attach()

    def configure(self, section: TradingSection) -> None:
        """Apply the keys that hold at once."""
        self._section = section
        self.budget.limit = section.cancel_budget

    @property
    def section(self) -> TradingSection:
        return self._section

    # ------------------------------------------------------------ intents

    def _on_submit(self, intent: SubmitOrder) -> None:
        if self.registry.knows_intent(intent.intent_id):
            self.alert(Severity.ERROR, f"intent {intent.intent_id} came twice: ignored")
            return
        asked = self.ask(intent, None)
        if asked is None:
            return
        intent, price = asked
        if intent.kind is _MARKET or intent.timeout_ms or intent.good_till:
            self.working.start(intent, price)
        else:
            self.send(intent, price, 0)

    def ask(self, intent: SubmitOrder, plan: Plan | None) -> tuple[SubmitOrder, float] | None:
        """What the stages make of an intent, and the price at which it would leave; ``None``: it is
        held or denied, and that is told. ``plan``: of which it is a round."""
        price = self._price(intent)
        for stage in self.stages:
            verdict = stage(intent, price)
            if verdict is None:
                continue
            if isinstance(verdict, SubmitOrder):
                intent, price = verdict, verdict.price
            elif isinstance(verdict, Hold):
                self.working.hold(intent, plan, verdict.why)
                return None
            else:
                self.deny_intent(intent, 0 if plan is None else plan.number, verdict)
                return None
        if price is not None:
            return intent, price
        text = f"no price for a {intent.kind.value} order of {intent.instrument}"
        number = 0 if plan is None else plan.number
        self.deny_intent(intent, number, Denial("price", 0.0, 0.0, text))
        return None

    def send(self, intent: SubmitOrder, price: float, number: int) -> int:
        """Make its orders, their ids from ``number`` on, and let them leave; the next number."""
        parts = self._offsets(intent, self._books.contract(intent.instrument))
        for offset, lots in parts:
            order = merge.part(intent, number, offset, lots, price)
            number += 1
            if offset is _OPEN and intent.reduce_only:
                text = f"{lots} lots of {intent.instrument} are not there to be closed"
                denial = Denial("reduce_only", float(lots), 0.0, text)
                self._deny(order, self._gate.deny((denial,)))
            else:
                self._place(order)
        return number

    def _price(self, intent: SubmitOrder) -> float | None:
        if intent.kind is not _MARKET:
            return intent.price
        if intent.to_limit:
            return merge.limit_price(intent.side, self._books.quotes.get(intent.instrument))
        ticks = self._section.market_ticks if intent.ticks is None else intent.ticks
        return self.price_through(intent, ticks)

    def price_through(self, intent: SubmitOrder, ticks: int) -> float | None:
        """``ticks`` through the opposite price, within the day's limits; ``None``: not known."""
        contract = self._books.contract(intent.instrument)
        if contract is None:
            return intent.price
        tick = self._books.quotes.get(intent.instrument)
        return merge.market_price(intent.side, contract.instrument, tick, ticks)

    def _offsets(
        self, intent: SubmitOrder, contract: Contract | None
    ) -> tuple[tuple[Offset, int], ...]:
        if contract is None:
            return ((intent.offset or Offset.OPEN, intent.lots),)
        return self._books.offsets(intent, contract)

    def deny_intent(self, intent: SubmitOrder, number: int, denial: Denial) -> None:
        """It does not leave, or not any more; ``number`` of the order that tells so."""
        offset, price = intent.offset or Offset.OPEN, intent.price or 0.0
        order = merge.part(intent, number, offset, intent.lots, price)
        self._deny(order, self._gate.deny((denial,)))

    def _place(self, order: Order) -> None:
        now = self._bus.clock.now()
        verdict = self._gate.check(order, self.registry, self.venue, now)
        if order.tif is _GFD and (denial := self.budget.check(order)) is not None:
            others = verdict if isinstance(verdict, tuple) else ()
            verdict = (*others, *self._gate.deny((denial,)))
        if isinstance(verdict, tuple):
            self._deny(order, verdict)
            return
        self.registry.add(order)
        self.registry.sent.order(order, now)
        self._books.hold(order, order.lots)
        # Before anything can raise: an order that is registered never waits for ever.
        self._deadlines.add(order.id, self._section.unresolved_after_ms * MILLISECOND)
        submitted = OrderSubmitted(order)
        self._bus.record(submitted)
        try:
            code = self._gateway.send(verdict)
        except Exception as error:  # noqa: BLE001  it may have left: silence resolves it
            code = 0
            text = f"fate of order {order.id} unknown, the venue will be asked: the gateway raised"
            self.alert(Severity.ERROR, f"{text} {type(error).__name__}: {error}")
        self._bus.publish(submitted)
        if code < 0:
            self._not_sent(order, code)

    def _deny(self, order: Order, denials: tuple[Denial, ...]) -> None:
        message = "; ".join(denial.message for denial in denials)
        denied = OrderDenied(replace(order, status=OrderStatus.DENIED, message=message), denials)
        self._bus.record(denied)
        self._bus.publish(denied)

    def _not_sent(self, order: Order, code: int) -> None:
        message = f"nothing was sent: {NOT_SENT.get(code, f'the gateway returned {code}')}"
        rejected = replace(order, status=OrderStatus.REJECTED, code=code, message=message)
        self._bus.record(OrderRejected(rejected))
        self.store(order, rejected)

    # ------------------------------------------------------------ what the venue says

    def on_report(self, report: OrderReported) -> None:
        """Merge the state of one order; a repeat changes nothing."""
        order = self.registry.find(report.order_id, report.instrument, report.venue_order_id)
        if order is None:
            if report.status in LIVE:
                self.sync.request(f"a foreign order {report.venue_order_id} is live")
            return
        merged = merge.after_report(order, report)
        if merged is not order:
            self.store(order, merged)
            self.cancels.on_news(merged)

    def on_trade(self, report: TradeReported) -> None:
        """Book one fill, once: by exchange, trade id, side and trading day."""
        key = trade_key(report)
        if key in self._trades:
            return
        order = self.registry.find(report.order_id, report.instrument, report.venue_order_id)
        strategy = UNATTRIBUTED if order is None else order.strategy
        if self._books.contract(report.instrument) is None:
            self._early.append(report)
            self.alert(Severity.ERROR, f"a fill of {report.instrument}, which is not listed: held")
            return
        self._trades.add(key)
        self.openings.note(report)
        missing = self._books.missing_lots
        after = None if order is None else merge.after_trade(order, report)
        trade = self._books.trade(report, strategy)
        if trade is not None:
            if order is not None:
                trade = replace(trade, order_id=order.id)
            self.publish(TradeFilled(trade))
        if order is not None and after is not None:
            self.store(order, after, traded=True)
        self.sync.traded()
        if self._books.missing_lots != missing:
            text = f"a trade closed lots of {report.instrument} that the books do not have"
            self.alert(Severity.ERROR, text)
            self.sync.request(text)

    def store(self, before: Order, after: Order, *, traded: bool = False) -> None:
        """Replace an order, adjust what it binds, and tell what changed."""
        self.registry.put(after)
        due = after.lots if after.status in LIVE else after.traded_lots
        self._books.hold(after, max(0, due - after.booked_lots))
        if after.status is not before.status:
            self.budget.note(before.status, after)
        plans = self.working.plans
        next_round = self.working.over(after) if plans else None
        self._tell(before, after, traded)
        if plans:
            if next_round is not None:
                self.working.go_on(next_round)
            if is_open(before) and not is_open(after):
                self.working.release_on(after.instrument)
        if is_open(after) and after.status not in LIVE:
            self._deadlines.add(after.id, self._section.unresolved_after_ms * MILLISECOND)

    def _tell(self, before: Order, after: Order, traded: bool) -> None:
        ended = is_open(before) and not is_open(after)
        if ended and (end := _ENDS.get(after.status)) is not None:
            self.publish(end(after))
        elif traded:
            self.publish(OrderFilled(after))
        elif after.status is OrderStatus.ACCEPTED and before.status is not after.status:
            self.publish(OrderAccepted(after))
        elif after.status is OrderStatus.UNRESOLVED and before.status is not after.status:
            self.publish(OrderUnresolved(after))

    def adopt(self, order: Order, strategy: StrategyId | None = None) -> Order:
        """Take an order into the books that this run did not send (recovery, other terminals)."""
        if strategy is not None:
            order = replace(order, strategy=strategy)
        self.budget.note(None, order)
        self.store(order, order)
        return order

    def knows(self, report: TradeReported) -> bool:
        """Whether this fill is booked, or was seen."""
        return trade_key(report) in self._trades

    def seen(self, report: TradeReported) -> None:
        """A fill that the books hold already: never book it again."""
        if not self.knows(report):
            self._trades.add(trade_key(report))
            self.openings.note(report)

    # ------------------------------------------------------------ silence

    def _on_deadline(self, id_: OrderId) -> None:
        order = self.registry.get(id_)
        if order is None or not is_open(order):
            return
        if order.status is OrderStatus.SUBMITTED and order.ts_event == 0:
            silent = replace(order, status=next_status(order.status, Word.SILENCE))
            self.store(order, silent)
            self.sync.suspect(id_, f"no answer to order {id_}")
        elif order.status is OrderStatus.UNRESOLVED or order.status not in LIVE:
            self.sync.suspect(id_, f"order {id_} is {order.status.value}, its trades are missing")

    def watch(self, id_: OrderId) -> None:
        """Look at this order again after ``unresolved_after_ms``."""
        self._deadlines.add(id_, self._section.unresolved_after_ms * MILLISECOND)

    # ------------------------------------------------------------ cancels, kill, the rest

    def _on_cancel(self, intent: CancelOrder) -> None:
        if self.working.plans:
            self.working.stop(intent.order_id, f"cancelled by / 撤单: {intent.who}")
        for order in self.registry.of_intent(intent.order_id):
            self.cancels.request(order)

    def _on_kill(self, event: KillSwitch) -> None:
        """The halt itself is the trading control's."""
        self.working.stop_all(f"kill switch / 紧急停止: {event.who}")
        for order in self.registry.open():
            self.cancels.insist(order)

    def _on_strategy(self, event: StrategyStateChanged) -> None:
        """A strategy that is out of control opens nothing more; its exits stay."""
        if event.state in (StrategyState.QUARANTINED, StrategyState.FAILED):
            self.cancels.opens(event.strategy, f"{event.strategy} is {event.state.value}")

    def _on_phase(self, event: PhaseChanged) -> None:
        self.venue.phases[event.exchange, event.product] = event.phase
        self._auction.on_phase()
        self.cancels.on_phase()
        if self.working.plans:
            self.working.on_phase(event.exchange, event.product)

    def _on_listed(self, event: InstrumentListed) -> None:
        if self._early:
            early, self._early = self._early, []
            for report in early:
                self.on_trade(report)

    def expire(self, trading_day: int) -> None:
        """A new trading day: no order of the old one is alive (FACTS A7.3, case 18)."""
        self.working.forget()
        for order in self.registry.open():
            gone = replace(order, status=OrderStatus.CANCELLED, traded_lots=order.booked_lots,
                           message="expired with the trading day")  # fmt: skip
            self.store(order, gone)
        self.registry.forget_finished()
        self.budget.forget_day()
        self._trades = {key for key in self._trades if key[3] >= trading_day}

    # ------------------------------------------------------------ questions

    def orders(self) -> tuple[Order, ...]:
        """Every order of the trading day that left, in order of registration."""
        return self.registry.all()

    def order(self, id_: OrderId) -> Order | None:
        return self.registry.get(id_)

    def live(self, strategy: StrategyId | None = None) -> tuple[Order, ...]:
        """Orders that may still trade, or whose fills are still on their way."""
        return self.registry.open(strategy)

    def contract(self, instrument: InstrumentId) -> Instrument | None:
        contract = self._books.contract(instrument)
        return None if contract is None else contract.instrument

    def phase(self, instrument: InstrumentId) -> Phase | None:
        """Of its product; ``None``: nobody has told."""
        row = self.contract(instrument)
        return None if row is None else self.venue.phases.get((row.exchange, row.product))

    def book(self, strategy: StrategyId, instrument: InstrumentId) -> NetBook | None:
        """A strategy's own book; ``None``: the contract is not listed."""
        contract = self._books.contract(instrument)
        if contract is None:
            return None
        return self._books.net_book(strategy, instrument, contract.multiplier)

    def publish(self, event: Event) -> None:
        if not self.muted:
            self._bus.publish(event)
        elif self.past is not None:
            self.past.append((self._books.trading_day, event))

    def alert(self, severity: Severity, text: str) -> None:
        self.publish(AlertRaised(severity, "orders", text, self._bus.clock.now()))

    def state(self) -> tuple[object, ...]:
        return (
            self.registry.state(), sorted(self._trades), self.working.state(), self.budget.state(),
        )  # fmt: skip


def trade_key(report: TradeReported) -> tuple[str, str, str, int]:
    """FACTS A6: a trade id is unique per exchange, trading day and side."""
    return exchange_of(report.instrument), report.trade_id, report.side.value, report.trading_day
