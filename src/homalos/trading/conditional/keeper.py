"""The actor of conditional orders: commands, ticks, what becomes of orders, time, restarts.

An order is looked at on ticks of continuous trading only (by the venue's phase and by the tick's
own time), and acts only while books and venue agree, the trading line is up and trading is not
halted; exits also while it is REDUCING. That it has fired is in the journal before its intent is
sent, and the intent bears the order's id, so it is sent once. Exits outlive their strategy's
quarantine; an exit ends with the position that it protects, an opening one with its strategy.
"""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timers
from homalos.market.delivery import is_over
from homalos.market.sessions import Sessions
from homalos.model.cancelling import CancelOpens
from homalos.model.conditional import (
    LOCAL,
    Conditional,
    ConditionalStatus,
    GapPolicy,
)
from homalos.model.enums import Channel, Severity, StrategyState
from homalos.model.events import (
    ORDER_FACTS,
    CancelConditional,
    CancelOrder,
    ConditionalChanged,
    ConnectionChanged,
    IntentChanged,
    KillSwitch,
    OrderFact,
    PlaceConditional,
    Reconciled,
    StrategyStateChanged,
    SubmitOrder,
    TradeFilled,
)
from homalos.model.ids import MANUAL, OrderId, StrategyId
from homalos.model.market import Tick
from homalos.model.trading import Order
from homalos.trading.books import Books
from homalos.trading.conditional import groups, placing
from homalos.trading.conditional.book import ConditionalBook, Watch
from homalos.trading.conditional.sending import Sending
from homalos.trading.conditional.telling import ACTOR, Telling
from homalos.trading.conditional.triggers import price_of, reached, trailed
from homalos.trading.control import TradingControl
from homalos.trading.manager import OrderManager

_S = ConditionalStatus
_ARMED, _TRIGGERED, _FIRED, _WAITING = _S.ARMED, _S.TRIGGERED, _S.FIRED, _S.WAITING
_UNFIRED = (_WAITING, _ARMED, _TRIGGERED)
_CLOSED = "the position is closed / 持仓已平"
_OTHER = "another leg has closed it / 另一腿已平仓"
_NO_ENTRY = "the entry ended without a fill / 开仓单未成交即结束"


class Conditionals:
    """See the module. The only writer of conditional orders.

    ``expect`` is called with each intent before it is published, so that the strategy's own desk
    knows of it at once, not only when its orders come.
    """

    def __init__(
        self,
        bus: Bus,
        timers: Timers,
        books: Books,
        orders: OrderManager,
        control: TradingControl,
        sessions: Sessions,
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._books = books
        self.book = ConditionalBook()
        self._telling = Telling(bus)
        self._watched = self.book.watched
        self._sending = Sending(bus, books, orders, control, sessions)
        self._running: set[StrategyId] = {MANUAL}
        self._recovered: set[OrderId] = set()
        """Of an earlier run, until books and venue agree."""
        self.expect: Callable[[SubmitOrder], None] = _nobody

    def attach(self) -> None:
        """Subscribe: after the orders, before the strategies, so that on a tick protection comes
        first."""
        subscribe = self._bus.subscribe
        subscribe(PlaceConditional, self._on_place, actor=ACTOR, role="orders")
        subscribe(CancelConditional, self._on_cancel, actor=ACTOR, role="orders")
        subscribe(Tick, self._on_tick, actor=ACTOR, role="orders")
        for fact in ORDER_FACTS:
            self._bus.subscribe(fact, self._on_order, actor=ACTOR, role="orders")
        subscribe(IntentChanged, self._on_intent, actor=ACTOR, role="orders")
        subscribe(TradeFilled, self._on_trade, actor=ACTOR, role="orders")
        subscribe(Reconciled, self._on_reconciled, actor=ACTOR, role="orders")
        subscribe(ConnectionChanged, self._on_connection, actor=ACTOR, role="orders")
        subscribe(StrategyStateChanged, self._on_strategy, actor=ACTOR, role="orders")
        subscribe(KillSwitch, self._on_kill, actor=ACTOR, role="orders")
        subscribe(CancelOpens, self._on_cancel_opens, actor=ACTOR, role="orders")

    # ------------------------------------------------------------ commands

    def _on_place(self, command: PlaceConditional) -> None:
        fault = placing.fault(command.orders, self.book, self._books, self._bus.clock.now())
        for order in command.orders:
            if fault:
                refused = replace(order, status=_S.REFUSED, why=fault)
                self._telling.tell(refused)
                self._telling.alert(Severity.WARNING, refused, f"refused / 拒绝: {fault}")
                continue
            waits = order.entry is not None and order.lots == 0
            self._put(replace(order, status=_WAITING if waits else _ARMED))
            self._begin(order)
            self._telling.audit(command.who, order, LOCAL)

    def _begin(self, order: Conditional) -> None:
        """Its clock runs; what trades now is watched from now, so the next price is no gap."""
        if order.good_till:
            self._timers.call_at(order.good_till, partial(self._expire, order.id))
        watch = self._watched.get(order.instrument, {}).get(order.id)
        if watch is None:
            return
        if self._sending.ready:
            watch.seen = self._sending.stretch(order.instrument, self._bus.clock.now())
        tick = self._books.quotes.get(order.instrument)
        if tick is not None and watch.seen and tick.ts_event >= watch.seen:
            price = price_of(order.source, tick)
            if price is not None:
                self._trail(watch, price)

    def _on_cancel(self, command: CancelConditional) -> None:
        for order in self.book.named(command.order_id):
            if order.status in _UNFIRED:
                self._end(order, _S.CANCELLED, f"cancelled by / 撤销: {command.who}", command.who)

    def _on_strategy(self, event: StrategyStateChanged) -> None:
        """What opens ends with its strategy; exits go on without it."""
        if event.state is StrategyState.RUNNING:
            self._running.add(event.strategy)
            return
        self._running.discard(event.strategy)
        if event.state is not StrategyState.LOADED:
            self._end_opening(f"{event.strategy} is {event.state.value}", event.strategy)

    def _on_kill(self, event: KillSwitch) -> None:
        self._end_opening(f"kill switch / 紧急停止: {event.who}", None)

    def _on_cancel_opens(self, event: CancelOpens) -> None:
        self._end_opening(f"{event.who}: {event.why}", event.strategy or None)

    def _end_opening(self, why: str, strategy: StrategyId | None) -> None:
        for order in tuple(self.book.live(strategy)):
            if order.opens and order.status in _UNFIRED:
                self._end(order, _S.CANCELLED, why)

    def _expire(self, id_: OrderId) -> None:
        order = self.book.orders.get(id_)
        if order is not None and order.status in (_WAITING, _ARMED):
            self._end(order, _S.EXPIRED, "its good-till time is over / 已过有效时间")

    # ------------------------------------------------------------ ticks

    def _on_tick(self, tick: Tick) -> None:
        rows = self._watched.get(tick.instrument)
        if rows is not None:
            self._look(tick, tuple(rows.values()))

    def _look(self, tick: Tick, rows: tuple[Watch, ...]) -> None:
        stretch = self._sending.stretch(tick.instrument, tick.ts_event)
        if not stretch or not self._sending.continuous(tick.instrument):
            return  # an auction, its match, a closing push: no price to act on
        can = self._sending.may_act(tick.instrument)
        for watch in rows:
            if self.book.orders.get(watch.order.id) is watch.order:  # an earlier one may end it
                self._judge(watch, tick, stretch, can)

    def _judge(self, watch: Watch, tick: Tick, stretch: int, can: bool) -> None:
        order = watch.order
        if order.status is _TRIGGERED:
            if can:
                self._send(order, tick.ts_native)
            return
        price = price_of(order.source, tick)
        if price is None:
            return
        if watch.trails:
            order = self._trail(watch, price)
        if order.opens and not self._may_open(order):
            can = False
        gap, watch.seen = watch.seen != stretch, stretch if can else 0
        if not can or not reached(order.trigger, watch.falls, price):
            return
        if not 0 < order.good_till <= self._bus.clock.now():
            self._trigger(order, gap, tick.ts_native)

    def _may_open(self, order: Conditional) -> bool:
        return order.strategy in self._running and self._sending.may_open()

    def _trail(self, watch: Watch, price: float) -> Conditional:
        order = watch.order
        if watch.trails:
            contract = self._books.instrument(order.instrument)
            assert contract is not None
            moved = trailed(order, price, contract.tick_size)
            if moved is not order:
                self._put(moved)
        return watch.order

    # ------------------------------------------------------------ firing

    def _trigger(self, order: Conditional, gap: bool, ts_trigger: int) -> None:
        if gap and order.gap is GapPolicy.CANCEL:
            why = "the first price after an opening was beyond the trigger / 跳空越过触发价"
            self._telling.alert(Severity.WARNING, order, why)
            self._end(order, _S.CANCELLED, why)
            return
        if gap and order.gap is GapPolicy.LIMIT:
            order = replace(order, limit=order.trigger)
        self._send(order, ts_trigger)

    def _send(self, order: Conditional, ts_trigger: int = 0) -> None:
        """Once: on record first. Where something has to end before it, that is cancelled."""
        legs, lots = self.book.legs(order.group), order.lots
        if not order.opens:
            lots = groups.left(legs)
            blockers = self._sending.blockers(order, legs, lots)
            if blockers:
                for id_ in (blocker.intent for blocker in blockers if blocker.rests):
                    self._bus.publish(CancelOrder(id_, ACTOR, self._bus.clock.now()))
                if order.status is not _TRIGGERED:
                    ids = " ".join(blocker.intent for blocker in blockers)
                    self._put(replace(order, status=_TRIGGERED, why=f"waits for the end of {ids}"))
                return
            lots = min(lots, self._sending.room(order))
        if lots <= 0:
            self._end(order, _S.CANCELLED, "nothing is left to close / 无可平手数")
            return
        fired = self._put(replace(order, status=_FIRED, sent_lots=lots, why="", left=False))
        intent = self._sending.intent(fired, lots, ts_trigger)
        self._sending.pending[intent.intent_id] = intent
        self.expect(intent)
        self._bus.publish(intent)
        self._telling.alert(Severity.INFO, fired, f"fired / 触发: {lots} lots")
        self._telling.audit(ACTOR, fired, f"fired {lots} lots / 触发")

    # ------------------------------------------------------------ what becomes of orders

    def _on_order(self, event: OrderFact) -> None:
        order = event.order
        group = self.book.group_of(order.intent_id)
        if group is not None:
            self._note_left(order.intent_id)
            self._progress(group)
        if self._watched:
            self._go_on(order)

    def _on_intent(self, event: IntentChanged) -> None:
        group = self.book.group_of(event.intent.intent_id)
        if group is not None:
            self._note_left(event.intent.intent_id)
            self._progress(group)

    def _note_left(self, intent: OrderId) -> None:
        self._sending.pending.pop(intent, None)
        leg = self.book.orders.get(intent)
        if leg is not None and leg.status is _FIRED and not leg.left:
            self.book.put(replace(leg, left=True))

    def _go_on(self, order: Order) -> None:
        """A triggered exit may have waited for this order."""
        for watch in tuple(self._watched.get(order.instrument, {}).values()):
            held = watch.order
            if held.status is _TRIGGERED and held.strategy == order.strategy:
                self._retry(held)

    def _retry(self, order: Conditional) -> None:
        if self.book.orders.get(order.id) is order and self._sending.may_act(order.instrument):
            self._send(order)

    def _on_trade(self, event: TradeFilled) -> None:
        trade = event.trade
        for watch in tuple(self._watched.get(trade.instrument, {}).values()):
            order = watch.order
            if order.strategy == trade.strategy and order.status is _ARMED:
                self._end_with_position(order)

    def _end_with_position(self, order: Conditional) -> None:
        if order.opens or self._sending.held(order):
            return
        if order.entry is None or not self._sending.busy(order.entry):
            self._end(order, _S.CANCELLED, _CLOSED)

    def _progress(self, group: OrderId) -> None:
        """Bring a group up to date with what its entry and its exits have traded."""
        for leg in self._counted(group):
            if leg.status is _FIRED and leg.left and not self._sending.busy(leg.id):
                self._finish(leg)
        legs = self.book.legs(group)
        if not legs:
            return
        entry = legs[0].entry
        if entry is not None and legs[0].lots == 0 and not self._sending.busy(entry):
            self._end_rest(group, _NO_ENTRY)
        elif legs[0].lots and groups.left(legs) <= 0:
            self._end_rest(group, _OTHER)

    def _counted(self, group: OrderId) -> tuple[Conditional, ...]:
        """The legs of a group, with its size and their trades as they are now."""
        legs = self.book.legs(group)
        if not legs:
            return ()
        size = groups.size(legs, self._sending.orders(legs[0].entry))
        for leg in legs:
            traded = max(leg.traded_lots, groups.booked(self._sending.orders(leg.id)))
            status = _ARMED if leg.status is _WAITING and size else leg.status
            if leg.live and (size, traded, status) != (leg.lots, leg.traded_lots, leg.status):
                self._put(replace(leg, lots=size, traded_lots=traded, status=status))
                if status is not leg.status:
                    self._begin(replace(leg, good_till=0))  # its clock runs since it was placed
        return self.book.legs(group)

    def _finish(self, leg: Conditional) -> None:
        """Nothing of its intent works any more."""
        rest = leg.sent_lots - leg.traded_lots
        if rest <= 0:
            self._end(leg, _S.DONE, "")
            return
        others = [o for o in self.book.legs(leg.group) if o.status in (_ARMED, _TRIGGERED)]
        why = f"its order ended with {rest} lots left / 委托结束仍余 {rest} 手"
        if not leg.opens and not others:
            why += ", the position has no protection / 持仓无保护"
        severity = Severity.WARNING if leg.opens or others else Severity.CRITICAL
        self._telling.alert(severity, leg, why)
        self._end(leg, _S.FAILED, why)

    def _end_rest(self, group: OrderId, why: str) -> None:
        for leg in self.book.legs(group):
            if leg.status in _UNFIRED:
                self._end(leg, _S.CANCELLED, why)

    # ------------------------------------------------------------ line, venue, restart

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.channel is Channel.TRADING:
            self._pause()

    def _on_reconciled(self, event: Reconciled) -> None:
        if not event.agreed:
            self._pause()
            return
        self._end_over()
        recovered, self._recovered = self._recovered, set()
        for group in self.book.groups():
            self._progress(group)
        for id_ in sorted(recovered):
            self._resume(id_)
        self._sending.ready = True

    def _end_over(self) -> None:
        """What waits in a contract that is no more."""
        for order in tuple(self.book.live()):
            item = self._books.instrument(order.instrument)
            over = item is not None and is_over(item, self._books.trading_day)
            if over and order.status in _UNFIRED:
                self._end(order, _S.EXPIRED, "its contract has expired / 合约已到期")

    def _pause(self) -> None:
        """Nothing acts until books and venue agree; what is passed meanwhile is a gap."""
        self._sending.ready = False
        for rows in self._watched.values():
            for watch in rows.values():
                watch.seen = 0

    def _resume(self, id_: OrderId) -> None:
        """An order of an earlier run: what did not reach the journal then is made up for."""
        order = self.book.orders.get(id_)
        if order is None or not order.live:
            return
        sent = order.left or self._sending.orders(id_) or self._sending.busy(id_)
        if order.status is _FIRED and not sent:
            why = "its order had not left before the restart / 重启前委托未发出"
            order = self._put(replace(order, status=_ARMED, sent_lots=0, why=why))
            self._telling.alert(Severity.WARNING, order, f"{why}: armed again / 重新生效")
        if order.status is _ARMED:
            self._end_with_position(order)
        if order.good_till and self.book.orders.get(id_) is not None:
            self._timers.call_at(order.good_till, partial(self._expire, id_))

    def fold(self, order: Conditional) -> None:
        """From the journal: the last record of an order holds."""
        if order.live or self.book.legs(order.group):
            self.book.put(order)
        if order.live:
            self._recovered.add(order.id)

    def fold_order(self, intent: OrderId) -> None:
        """From the journal: an intent became an order, or was denied."""
        self._note_left(intent)

    def checkpoint(self) -> None:
        """Put everything into the journal anew: what stands before this is not read again."""
        for order in sorted(self.book.orders.values(), key=lambda order: not order.live):
            changed = ConditionalChanged(order, self._bus.clock.now())
            self._bus.record(changed, Kind.CHECKPOINT)

    # ------------------------------------------------------------ telling

    def _put(self, order: Conditional) -> Conditional:
        """On record, in the book, told."""
        order = replace(order, ts_event=self._bus.clock.now())
        self._telling.tell(order)
        self.book.put(order)
        return order

    def _end(self, order: Conditional, status: _S, why: str, who: str = ACTOR) -> None:
        self._put(replace(order, status=status, why=why))
        self._telling.audit(who, order, f"{status.value}: {why}" if why else status.value)

    # ------------------------------------------------------------ questions

    def live(self, strategy: StrategyId | None = None) -> tuple[Conditional, ...]:
        """All that may still act or trade, in the order in which they were placed."""
        return tuple(self.book.live(strategy))

    @property
    def suspended(self) -> str:
        """Why nothing fires now, whatever the price; empty: it would in continuous trading."""
        return self._sending.hindrance

    def state(self) -> tuple[object, ...]:
        return self.book.state()


def _nobody(intent: SubmitOrder) -> None:
    """Before the strategies are there."""
