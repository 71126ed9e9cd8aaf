"""The real trading core on a recorded market, without an event loop."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.exchange.day import DayEnd
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.model.enums import Severity
from homalos.model.events import (
    AlertRaised,
    ConditionalChanged,
    OrderDenied,
    OrderSubmitted,
    ReplaceOrder,
    SubmitOrder,
    TradeFilled,
)
from homalos.model.ids import AccountId
from homalos.model.market import Bar, Instrument, Tick
from homalos.model.trading import Trade


class Source(Protocol):
    """A market to be pulled."""

    start: int
    instruments: tuple[Instrument, ...]
    warmup: tuple[Bar, ...]

    def __iter__(self) -> Iterator[Tick]: ...


class Floor:
    """One run; trades, and what was used and denied, are kept."""

    def __init__(
        self, config: Config, market: Market, source: Source, data: Path, strategies: Path
    ) -> None:  # fmt: skip
        self.config = config
        self.source = source
        self.market = market
        self.clock = SimClock()
        self._data = data
        self.used: Counter[str] = Counter()
        """Kinds of orders that left, and of conditional ones that fired."""
        self.denied: Counter[str] = Counter()
        """Denied orders by rule, each counted once a rule."""
        self.trades: list[Trade] = []
        self.alerts: list[str] = []
        self.ends: list[DayEnd] = []
        """What the exchange had before each of its settlements."""
        self.settling: Callable[[DayEnd], None] = lambda end: None
        self.engine = Engine(
            config, market, self.clock, self._gateway, run=1, strategies=strategies,
            recorded=True, watchdog=False,
        )  # fmt: skip
        self.engine.attach()
        self._listen()

    def _gateway(self, bus: Bus, timers: Timers) -> SimGateway:
        market, section = self.market, self.config.exchange
        self.exchange = exchange = Exchange(
            section, market.products, market.sessions, self.clock, timers,
            Ledger(self._data / "exchange"),
        )  # fmt: skip
        self.clock.advance(self.source.start)
        exchange.open(self.source.instruments, self.source.start)
        exchange.settling = self._settling
        self.gateway = SimGateway(self.clock, exchange, self.account)
        return self.gateway

    @property
    def account(self) -> AccountId:
        return AccountId(self.config.app.account)

    def _settling(self, end: DayEnd) -> None:
        self.ends.append(end)
        self.settling(end)

    # ------------------------------------------------------------ what happened

    def _listen(self) -> None:
        bus = self.engine.bus
        for event, handler in (
            (TradeFilled, self._on_trade), (OrderSubmitted, self._on_order),
            (OrderDenied, self._on_denied), (ConditionalChanged, self._on_conditional),
            (AlertRaised, self._on_alert), (SubmitOrder, self._on_intent),
            (ReplaceOrder, self._on_replace),
        ):  # fmt: skip
            bus.subscribe(event, handler, actor="seen", role="store")  # type: ignore[arg-type]

    def _on_trade(self, event: TradeFilled) -> None:
        self.trades.append(event.trade)

    def _on_intent(self, intent: SubmitOrder) -> None:
        words = [f"{intent.kind.value} intent"]
        if intent.timeout_ms:
            words.append(f"time-out, {intent.on_timeout.value}")
        words += [n for n in ("good_till", "to_limit", "reduce_only") if getattr(intent, n)]
        self.used.update(words)

    def _on_replace(self, event: ReplaceOrder) -> None:
        self.used["replaced"] += 1

    def _on_order(self, event: OrderSubmitted) -> None:
        order = event.order
        self.used[f"{order.kind.value} {order.tif.value}"] += 1
        self.used[order.offset.value] += 1

    def _on_denied(self, event: OrderDenied) -> None:
        self.denied.update({denial.rule for denial in event.denials})

    def _on_conditional(self, event: ConditionalChanged) -> None:
        order = event.order
        if order.status.value == "fired":
            self.used[order.kind.value] += 1
            if order.entry is not None:
                self.used["bracket"] += 1
            elif order.group != order.id:
                self.used["pair"] += 1

    def _on_alert(self, event: AlertRaised) -> None:
        if event.severity is not Severity.INFO:
            self.alerts.append(f"{event.source}: {event.text}")

    # ------------------------------------------------------------ running

    def at(self, when: int, act: Callable[[], None]) -> None:
        """Do something of another than the core at an event time: posts, questions."""
        self.engine.timers.outside().call_at(when, act)

    def open(self) -> None:
        """Connect, agree with the exchange, let the strategies in."""
        engine = self.engine
        engine.connect()
        engine.gateway.subscribe(i.id for i in engine.gateway.instruments())
        engine.bus.run_until_idle()
        engine.bars.load(self.source.warmup)
        engine.strategies.start()
        engine.bus.run_until_idle()

    def run(self, ticks: Iterable[Tick]) -> int:
        """Pull all of them, as fast as possible; how many there were."""
        engine = self.engine
        pump = Pump(
            engine.bus, self.clock, engine.timers, iter(ticks), self.gateway.feed, speed=None
        )
        pump.start(None)
        engine.bus.run_until_idle()
        return pump.pulled

    def run_on(self, until: int) -> None:
        """Let time pass after the last tick: timers alone, the settlement among them."""
        timers, bus = self.engine.timers, self.engine.bus
        while (due := timers.due()) is not None and due <= until:
            self.clock.advance(due)
            timers.fire_next()
            bus.run_until_idle()

    def close(self) -> None:
        self.engine.strategies.stop()
        self.engine.bus.run_until_idle()
        self.exchange.close()
