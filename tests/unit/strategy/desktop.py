"""A bus, timers and a manager of strategies, with the smallest venue that answers orders."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from homalos.config.sections.strategy import StrategyEntry, StrategySection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.ids import OrderIds
from homalos.kernel.timers import Timers
from homalos.model.catalogue import CATALOGUE
from homalos.model.conditional import Conditional
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, StrategyState
from homalos.model.event import Event
from homalos.model.events import (
    CancelOrder,
    InstrumentListed,
    IntentChanged,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderSubmitted,
    StrategyCommand,
    SubmitOrder,
    TradeFilled,
)
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId, TradeId
from homalos.model.market import Bar, Fees, Instrument, Rate, Tick
from homalos.model.times import SECOND
from homalos.model.trading import Account, Order, StrategyBook, Trade
from homalos.strategy.manager import StrategyManager

RB = InstrumentId("SHFE.rb2601")
RB5 = InstrumentId("SHFE.rb2605")
M = InstrumentId("DCE.m2601")
START = 1_767_576_600 * SECOND
E = TypeVar("E", bound=Event)


def instrument(contract: InstrumentId, product: str) -> Instrument:
    exchange, symbol = contract.split(".")
    rate = Rate(0.1)
    return Instrument(
        contract, exchange, symbol, product, product, 10.0, 1.0, 1, 500, 0, rate, rate, Fees(),
        202601, 0.1, exchange == "SHFE",
    )  # fmt: skip


LISTED = {RB: instrument(RB, "rb"), RB5: instrument(RB5, "rb"), M: instrument(M, "m")}


class View:
    """Books of an account that begins flat, unless a test says otherwise."""

    def __init__(self) -> None:
        self.held: list[StrategyBook] = []
        self.working: list[Order] = []
        self.pending: list[IntentChanged] = []
        self.kept: list[Conditional] = []
        self.modes: dict[StrategyId, str] = {}

    def account(self) -> Account:
        return Account(AccountId("test"), 20260105, *[0.0] * 11, 0)

    def book(self, strategy: StrategyId, instrument: InstrumentId) -> StrategyBook:
        return StrategyBook(strategy, instrument, 0, 0.0, 0.0, 0.0, 0.0)

    def books(self) -> list[StrategyBook]:
        return self.held

    def set_mode(self, strategy: StrategyId, mode: str, /) -> None:
        self.modes[strategy] = mode

    def conditionals(self) -> list[Conditional]:
        return self.kept

    def intents(self) -> list[IntentChanged]:
        return self.pending

    def live(self) -> list[Order]:
        return self.working


class Bars:
    """History and wishes of bars."""

    def __init__(self) -> None:
        self.required: list[tuple[InstrumentId, str]] = []
        self.bars: list[Bar] = []

    def require(self, instrument: InstrumentId, period: str) -> None:
        self.required.append((instrument, period))

    def history(self, instrument: InstrumentId, period: str, count: int) -> list[Bar]:
        found = [b for b in self.bars if (b.instrument, b.period) == (instrument, period)]
        return found[-count:]


class Venue:
    """Takes every order. Market orders fill at the opposite quote, limit orders when it reaches
    them, at most ``chunk`` lots a tick. ``hold_cancels`` keeps cancels unanswered."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.orders: dict[OrderId, Order] = {}
        self.intents: list[SubmitOrder] = []
        self.cancels: list[CancelOrder] = []
        self.chunk = 10_000
        self.hold_cancels = False
        self.quotes: dict[InstrumentId, Tick] = {}
        self._trades = 0
        bus.subscribe(SubmitOrder, self.submit, actor="venue", role="orders")
        bus.subscribe(CancelOrder, self.cancel, actor="venue", role="orders")

    def attach_last(self) -> None:
        """Match after the strategies have seen the tick."""
        self.bus.subscribe(Tick, self.tick, actor="venue", role="account")

    def submit(self, event: SubmitOrder) -> None:
        self.intents.append(event)
        order = Order(
            OrderId(f"leg-{event.intent_id}"), event.intent_id, event.account, event.strategy,
            event.instrument, event.side, Offset.OPEN, event.kind, event.tif, event.price or 0.0,
            event.lots, event.ts_init, event.ts_trigger,
        )  # fmt: skip
        self.put(OrderSubmitted, order)
        self.put(OrderAccepted, msgspec.structs.replace(order, status=OrderStatus.ACCEPTED))
        if event.kind is OrderKind.MARKET and event.instrument in self.quotes:
            self.match(self.orders[order.id], self.quotes[event.instrument])
            rest = self.orders[order.id]
            if rest.status is not OrderStatus.FILLED:
                self.end(rest)

    def put(self, fact: Any, order: Order) -> None:
        self.orders[order.id] = order
        self.bus.publish(fact(order))

    def end(self, order: Order) -> None:
        self.put(OrderCancelled, msgspec.structs.replace(order, status=OrderStatus.CANCELLED))

    def cancel(self, event: CancelOrder) -> None:
        self.cancels.append(event)
        if not self.hold_cancels:
            for order in self.live():
                if event.order_id in (order.id, order.intent_id):
                    self.end(order)

    def live(self) -> list[Order]:
        over = (OrderStatus.FILLED, OrderStatus.CANCELLED)
        return [o for o in self.orders.values() if o.status not in over]

    def tick(self, tick: Tick) -> None:
        self.quotes[tick.instrument] = tick
        for order in self.live():
            if order.instrument == tick.instrument:
                self.match(order, tick)

    def match(self, order: Order, tick: Tick) -> None:
        quote = tick.ask_price if order.side is Side.BUY else tick.bid_price
        if quote is None:
            return
        if order.kind is OrderKind.LIMIT and order.side.sign * (quote - order.price) > 0:
            return
        self.fill(order, min(self.chunk, order.remaining_lots), quote)

    def fill(self, order: Order, lots: int, price: float) -> None:
        """The order's fact first, its trade after: as a real venue often has it."""
        traded = order.traded_lots + lots
        status = OrderStatus.FILLED if traded == order.lots else OrderStatus.PARTIALLY_FILLED
        self.put(OrderFilled, msgspec.structs.replace(order, traded_lots=traded, status=status))
        self._trades += 1
        now = self.bus.clock.now()
        self.bus.publish(
            TradeFilled(
                Trade(
                    TradeId(str(self._trades)), order.id, order.account, order.strategy,
                    order.instrument, order.side, order.offset, price, lots, 1.0, 20260105,
                    now, now,
                )
            )
        )  # fmt: skip


class Desktop:
    """The parts together. ``seen`` holds every event that was dispatched, in order."""

    def __init__(self, folder: Path, section: StrategySection, **options: Any) -> None:
        self.folder = folder
        self.clock = SimClock(START)
        self.bus = Bus(self.clock)
        self.timers = Timers(self.bus)
        self.view, self.bars = View(), Bars()
        self.subscribed: list[InstrumentId] = []
        self.venue = Venue(self.bus)
        self.seen: list[Event] = []
        entries = options.pop("entries", ())
        options.setdefault("watchdog", False)
        self.manager = StrategyManager(
            self.bus, self.timers, OrderIds(1), self.view, self.bars, self._subscribe, section,
            entries, folder, account=AccountId("test"), **options,
        )  # fmt: skip
        self.manager.attach()
        self.venue.attach_last()
        for event in CATALOGUE:
            self.bus.subscribe(event, self.seen.append, actor="seen", role="store")

    def _subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self.subscribed.extend(instruments)

    def venue_lists(self, *ids: InstrumentId) -> None:
        for contract in ids:
            self.bus.post(InstrumentListed(LISTED[contract], self.clock.now()))
        self.bus.run_until_idle()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(HEAD + text, encoding="utf-8")
        return path

    def load(self, name: str, file: str, *instruments: str, **row: Any) -> Any:
        """Load a strategy by command; returns the instance once it is started."""
        entry = StrategyEntry(id=name, file=file, instruments=instruments, **row)
        self.command(name, "load", msgspec.json.encode(entry).decode())

    def run(self, name: str, file: str, *instruments: str, **row: Any) -> Any:
        self.load(name, file, *instruments, **row)
        self.command(name, "start")
        return self.strategy(name)

    def strategy(self, name: str) -> Any:
        return self.manager._slots[StrategyId(name)].strategy

    def state(self, name: str) -> StrategyState:
        return next(s.state for s in self.manager.strategies() if s.id == name)

    def info(self, name: str) -> Any:
        return next(s for s in self.manager.strategies() if s.id == name)

    def command(self, name: str, action: str, payload: str = "") -> None:
        self.bus.post(
            StrategyCommand(StrategyId(name), action, "trader", self.clock.now(), payload)
        )
        self.bus.run_until_idle()

    def tick(
        self, instrument: InstrumentId, price: float, *, after: float = 0.5, native: int = 0
    ) -> Tick:
        """Half a second later: a quote one tick around ``price``."""
        self.advance(after)
        now = self.clock.now()
        tick = Tick(
            instrument, now, now, 20260105, price, now // SECOND, None, 1.0,
            price - 1, 50, price + 1, 50, ts_native=native,
        )  # fmt: skip
        self.bus.post(tick)
        self.bus.run_until_idle()
        return tick

    def bar(self, instrument: InstrumentId, close: float, period: str = "1m") -> None:
        self.advance(60)
        now = self.clock.now()
        self.bus.post(
            Bar(
                instrument, period, now - 60 * SECOND, now, now, 20260105,
                close, close, close, close, 1, None, None, None, 1,
            )
        )  # fmt: skip
        self.bus.run_until_idle()

    def advance(self, seconds: float) -> None:
        until = self.clock.now() + round(seconds * SECOND)
        while (due := self.timers.due()) is not None and due <= until:
            self.clock.advance(due)
            self.timers.fire_next()
            self.bus.run_until_idle()
        self.clock.advance(until)

    def of(self, event: type[E]) -> list[E]:
        return [e for e in self.seen if isinstance(e, event)]


HEAD = """
from homalos.model.enums import *
from homalos.strategy import Strategy, param, indicators
"""
SPY = """
class Spy(Strategy):
    {extra}
    def on_start(self): self.got = []
    def on_tick(self, tick): self.got.append(tick)
    def on_bar(self, bar): self.got.append(bar)
    def on_order(self, order): self.got.append(order)
    def on_trade(self, trade): self.got.append(trade)
    def on_timer(self, name): self.got.append(name)
    def on_phase(self, event): self.got.append(event)
    def on_parameters(self, changed): self.got.append(changed)
"""


def spy(extra: str = "pass") -> str:
    """A strategy that keeps whatever it gets."""
    return SPY.format(extra=extra)
