"""What a strategy's actions do: one context a strategy, all of them on the loop's thread.

Every action first checks what it is given (strategy code may hide in it), then disarms the guard:
the watchdog never stops the core in mid-work.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from homalos.config.sections.strategy import StrategySection
from homalos.kernel.bus import Bus
from homalos.kernel.ids import OrderIds
from homalos.kernel.timers import Timers
from homalos.model.conditional import Conditional
from homalos.model.enums import OrderKind, Phase, Severity, Side, TimeInForce
from homalos.model.events import (
    AlertRaised,
    CancelOrder,
    IntentChanged,
    ReplaceOrder,
    SubmitOrder,
    TimerFired,
)
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId
from homalos.model.market import Bar, Instrument, Tick
from homalos.model.times import MINUTE
from homalos.model.trading import Account, Order, StrategyBook
from homalos.strategy import checks
from homalos.strategy.base import StrategyError
from homalos.strategy.desk import Desk, Intent
from homalos.strategy.holding import Holding
from homalos.strategy.intent_view import IntentView
from homalos.strategy.isolation import Guard
from homalos.strategy.slot import Router, Slot
from homalos.strategy.terms import Terms
from homalos.strategy.words import safe_text

_PLAIN = Terms()


class TradingView(Protocol):
    """What strategies may read of the account; the engine gives it."""

    def account(self) -> Account: ...

    def book(self, strategy: StrategyId, instrument: InstrumentId) -> StrategyBook: ...

    def books(self) -> Sequence[StrategyBook]: ...

    def set_mode(self, strategy: StrategyId, mode: Literal["own", "net", "lock"], /) -> None:
        """Whose lots the strategy's orders may close."""
        ...

    def live(self) -> Iterable[Order]:
        """Orders that work at the venue, or whose fate is unknown."""
        ...

    def conditionals(self) -> Iterable[Conditional]:
        """Conditional orders that are held, or whose intent still works."""
        ...

    def intents(self) -> Iterable[IntentChanged]:
        """Intents that the core works on beyond their first orders, as they stand."""
        ...


class BarHistory(Protocol):
    """What strategies need of the bar aggregator."""

    def require(self, instrument: InstrumentId, period: str) -> None: ...

    def history(self, instrument: InstrumentId, period: str, count: int) -> list[Bar]: ...


class Services:
    """What all contexts share."""

    def __init__(
        self,
        bus: Bus,
        timers: Timers,
        ids: OrderIds,
        view: TradingView,
        bars: BarHistory,
        guard: Guard,
        router: Router,
        section: StrategySection,
        account: AccountId,
    ) -> None:
        self.bus = bus
        self.timers = timers
        self.ids = ids
        self.view = view
        self.bars = bars
        self.guard = guard
        self.router = router
        self.section = section
        self.account = account
        self.trigger = 0
        """``ts_native`` of the tick that is being handled, else 0."""
        self.last: dict[InstrumentId, Tick] = {}
        self.owners: dict[OrderId, Desk] = {}
        """Whose an intent or an order is."""

    def forget_day(self) -> None:
        """A new trading day: orders that are settled are heard of no more."""
        self.owners = {key: desk for key, desk in self.owners.items() if desk.find(key) is not None}


class Context:
    """The actions of one strategy."""

    def __init__(self, services: Services, slot: Slot) -> None:
        self._core = services
        self._slot = slot
        self._desk = slot.desk
        self._guard = services.guard
        self.strategy = slot.id
        self.holding = Holding(services, slot, self)

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        return self._slot.instruments

    def now(self) -> int:
        return self._core.bus.clock.now()

    # ------------------------------------------------------------ orders

    def order(
        self,
        side: Side,
        instrument: InstrumentId,
        lots: int,
        price: float | None,
        kind: OrderKind | None,
        tif: TimeInForce | None,
        tag: str,
        terms: Terms | None,
    ) -> OrderId:
        lots, price, tag = checks.lots(lots, 1), checks.price(price), checks.name(tag, "tag")
        kind, tif = checks.kind(kind), checks.tif(tif)
        terms = checks.terms(terms)
        where = self._guard.pause()
        try:
            return self._send(side, instrument, lots, price, kind, tif, tag, terms)
        finally:
            self._guard.resume(where)

    def target(
        self, instrument: InstrumentId, lots: int, price: float | None, terms: Terms | None
    ) -> OrderId | None:
        instrument = InstrumentId(checks.name(instrument, "instrument"))
        lots, price = checks.lots(lots, -checks.MAX_LOTS), checks.price(price)
        terms = checks.terms(terms)
        where = self._guard.pause()
        try:
            return self._aim(instrument, lots, price, terms)
        finally:
            self._guard.resume(where)

    def replace(self, order_id: OrderId, price: float | None, lots: int | None) -> bool:
        price = checks.price(price)
        lots = None if lots is None else checks.lots(lots, 1)
        where = self._guard.pause()
        try:
            return self._replace(order_id, price, lots)
        finally:
            self._guard.resume(where)

    def _replace(self, order_id: OrderId, price: float | None, lots: int | None) -> bool:
        self.must_act()
        intent = self._own(order_id)
        if intent is None or not intent.live or intent.cancelled:
            return False
        if price is not None:
            step = self.contract(intent.instrument).tick_size
            price = to_grid(price, step, intent.side)
        now, bus = self.now(), self._core.bus
        bus.publish(ReplaceOrder(intent.id, price, lots, self._slot.actor, now))
        return True

    def _own(self, order_id: OrderId) -> Intent | None:
        if self._core.owners.get(order_id) is not self._desk:
            raise StrategyError(f"{order_id}: no order of {self.strategy} / 不是本策略的委托")
        return self._desk.find(order_id)

    def cancel(self, order_id: OrderId) -> bool:
        where = self._guard.pause()
        try:
            if self.holding.cancel(order_id):
                return True
            intent = self._own(order_id)
            return intent is not None and self._cancel(intent)
        finally:
            self._guard.resume(where)

    def cancel_all(self, instrument: InstrumentId | None) -> int:
        where = self._guard.pause()
        try:
            self._forget_targets(instrument)
            exits = self._desk.conditionals  # what one of them has sent protects, and goes on
            rows = [i for i in self._desk.on(instrument) if i.id not in exits]
            return sum(self._cancel(intent) for intent in rows)
        finally:
            self._guard.resume(where)

    def go_on(self, instrument: InstrumentId) -> None:
        """A target that waited for this contract's orders to end: send what is missing now."""
        target = self._desk.targets.get(instrument)
        if target is None or self._desk.on(instrument):
            return
        try:
            self._aim(instrument, *target)
        except StrategyError as error:
            self._alert(Severity.WARNING, f"target given up / 目标仓位放弃: {safe_text(error)}")

    def _forget_targets(self, instrument: InstrumentId | None) -> None:
        if instrument is None:
            self._desk.targets.clear()
        else:
            self._desk.targets.pop(instrument, None)

    def _aim(
        self, instrument: InstrumentId, lots: int, price: float | None, terms: Terms | None
    ) -> OrderId | None:
        desk = self._desk
        self.must_act()
        desk.targets.pop(instrument, None)
        unsettled = desk.on(instrument)
        if unsettled:
            if desk.expected(instrument) == lots and not any(i.cancelled for i in unsettled):
                return None
            for intent in unsettled:
                self._cancel(intent)
            desk.targets[instrument] = (lots, price, terms)
            return None
        missing = lots - desk.net.get(instrument, 0)
        if missing == 0:
            return None
        side = Side.BUY if missing > 0 else Side.SELL
        return self._send(side, instrument, abs(missing), price, None, None, "", terms)

    def _cancel(self, intent: Intent) -> bool:
        """Ask, if it still works. Asking again is harmless, and needed where the venue refused."""
        if not intent.live:
            return False
        intent.cancelled = True
        self._core.bus.publish(CancelOrder(intent.id, self._slot.actor, self.now()))
        return True

    def enter(
        self,
        intent_id: OrderId,
        side: Side,
        instrument: InstrumentId,
        lots: int,
        price: float | None,
        tag: str,
    ) -> None:
        """The entry of a bracket."""
        self._send(side, instrument, lots, price, None, None, tag, None, intent_id)

    def must_act(self) -> None:
        if not self._slot.acting:
            raise StrategyError(
                f"{self.strategy} is {self._slot.state}: it may not trade "
                f"({self._slot.why}) / 策略未运行,不能下单"
            )

    def _send(
        self,
        side: Side,
        instrument: InstrumentId,
        lots: int,
        price: float | None,
        kind: OrderKind | None,
        tif: TimeInForce | None,
        tag: str,
        terms: Terms | None,
        intent_id: OrderId | None = None,
    ) -> OrderId:
        self.must_act()
        contract = self.contract(instrument)
        instrument = contract.id
        if price is None:
            if kind is OrderKind.LIMIT:
                raise StrategyError(f"{instrument}: a limit order needs a price / 限价单需要价格")
            kind, tif = OrderKind.MARKET, TimeInForce.FAK if tif is None else tif
        else:
            if kind is OrderKind.MARKET:
                raise StrategyError(f"{instrument}: a market order takes no price / 市价单不带价格")
            kind, price = OrderKind.LIMIT, to_grid(price, contract.tick_size, side)
        core = self._core
        if intent_id is None:
            intent_id = core.ids.next()
        self._desk.open(intent_id, instrument, side, lots, price, tag)
        core.owners[intent_id] = self._desk
        terms, now = terms or _PLAIN, core.bus.clock.now()
        core.bus.publish(
            SubmitOrder(
                intent_id,
                core.account,
                self.strategy,
                instrument,
                side,
                lots,
                price,
                kind,
                TimeInForce.GFD if tif is None else tif,
                None,
                now,
                core.trigger,
                tag,
                terms.timeout_ms,
                terms.on_timeout,
                terms.max_tries,
                terms.good_till,
                terms.ticks,
                terms.to_limit,
                terms.reduce_only,
                self._slot.auction,
                self._slot.crossing,
            )
        )
        return intent_id

    # ------------------------------------------------------------ market

    def subscribe(self, instrument: InstrumentId, periods: tuple[str, ...]) -> None:
        instrument = InstrumentId(checks.name(instrument, "instrument"))
        periods = checks.periods(periods)
        where = self._guard.pause()
        try:
            self._core.router.add(self._slot, instrument, periods)
        finally:
            self._guard.resume(where)

    def unsubscribe(self, instrument: InstrumentId, periods: Iterable[str]) -> None:
        where = self._guard.pause()
        try:
            self._core.router.remove(self._slot, instrument, periods)
        finally:
            self._guard.resume(where)

    def history(self, instrument: InstrumentId, period: str, count: int) -> list[Bar]:
        where = self._guard.pause()
        try:
            return self._core.bars.history(instrument, period, count)
        finally:
            self._guard.resume(where)

    def last_tick(self, instrument: InstrumentId) -> Tick | None:
        return self._core.last.get(instrument)

    # ------------------------------------------------------------ reading

    def position(self, instrument: InstrumentId) -> int:
        return self._desk.net.get(instrument, 0)

    def expected(self, instrument: InstrumentId) -> int:
        return self._desk.expected(instrument)

    def orders(self, instrument: InstrumentId | None) -> tuple[IntentView, ...]:
        return tuple(IntentView(intent) for intent in self._desk.on(instrument))

    def book(self, instrument: InstrumentId) -> StrategyBook:
        where = self._guard.pause()
        try:
            return self._core.view.book(self.strategy, instrument)
        finally:
            self._guard.resume(where)

    def account(self) -> Account:
        where = self._guard.pause()
        try:
            return self._core.view.account()
        finally:
            self._guard.resume(where)

    def contract(self, instrument: InstrumentId) -> Instrument:
        contract = self._core.router.listed.get(instrument)
        if contract is None:
            raise StrategyError(f"{instrument}: not listed today / 今日无此合约")
        return contract

    def is_open(self, instrument: InstrumentId) -> bool:
        contract = self.contract(instrument)
        phase = self._core.router.phase.get((contract.exchange, contract.product))
        return phase is None or phase is Phase.CONTINUOUS

    # ------------------------------------------------------------ time, words

    def schedule(self, name: str, seconds: float, repeat: bool) -> None:
        name = checks.name(name, "timer")
        period = checks.nanoseconds(seconds, name)
        where = self._guard.pause()
        try:
            self.unschedule(name)
            self.set_timer(name, self.now() + period, period if repeat else 0)
        finally:
            self._guard.resume(where)

    def set_timer(self, name: str, when: int, period: int) -> None:
        event = TimerFired(self._slot.actor, name, when, when)
        self._slot.timers[name] = (self._core.timers.post_at(when, event), period)

    def unschedule(self, name: str) -> None:
        timer = self._slot.timers.pop(name, None)
        if timer is not None:
            timer[0].cancel()

    def log(self, text: str) -> None:
        text = checks.line(text)
        where = self._guard.pause()
        try:
            self._log(text)
        finally:
            self._guard.resume(where)

    def _log(self, text: str) -> None:
        slot, limit = self._slot, self._core.section.logs_per_minute
        minute = self.now() // MINUTE
        if minute != slot.log_minute:
            dropped = slot.log_lines - limit
            slot.log_minute, slot.log_lines = minute, 0
            if dropped > 0:
                self._alert(Severity.WARNING, f"{dropped} log lines dropped / 丢弃日志行")
        slot.log_lines += 1
        if slot.log_lines <= limit:
            self._alert(Severity.INFO, text)

    def _alert(self, severity: Severity, text: str) -> None:
        self._core.bus.publish(AlertRaised(severity, self._slot.actor, text, self.now()))


def to_grid(price: float, tick_size: float, side: Side) -> float:
    """``price`` on the tick grid: a buy no higher, a sell no lower, but for the noise of floats.

    ``price`` has passed ``checks.price``.
    """
    steps = price / tick_size
    whole = math.floor(steps + 1e-6) if side is Side.BUY else math.ceil(steps - 1e-6)
    on_grid = whole * tick_size
    return on_grid if tick_size.is_integer() else round(on_grid, 8)
