"""The real trading core on the generated market, without an event loop."""

from collections import Counter
from itertools import islice
from pathlib import Path

from homalos.config.loader import load
from homalos.config.sections.strategy import StrategyEntry
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.model.catalogue import CATALOGUE
from homalos.model.enums import TradingState
from homalos.model.event import Event
from homalos.model.events import SetTradingState
from homalos.model.ids import AccountId
from homalos.model.market import Tick

DAY = 20260105


class Floor:
    """One run: ``go`` pulls ticks, ``seen`` counts what happened by (event, strategy or "")."""

    def __init__(
        self,
        config_folder: Path,
        data: Path,
        strategies: Path,
        *,
        entries: tuple[StrategyEntry, ...] | None = None,
        watchdog: bool = False,
        overrides: tuple[str, ...] = (),
    ) -> None:
        import msgspec

        config = load(config_folder, overrides=overrides, environ={}).config
        if entries is not None:
            config = msgspec.structs.replace(config, strategies=entries)
        self.config = config
        market = Market(config)
        self.clock = SimClock()
        self._data = data
        self._market = market
        self.engine = Engine(
            config, market, self.clock, self._gateway, run=1, strategies=strategies,
            watchdog=watchdog,
        )  # fmt: skip
        self.seen: Counter[tuple[str, str]] = Counter()
        self.events: list[Event] = []
        self.ticks: Counter[str] = Counter()
        for event in CATALOGUE:
            self.engine.bus.subscribe(event, self._see, actor="seen", role="store")

    def _gateway(self, bus: Bus, timers: Timers) -> SimGateway:
        section, market = self.config.exchange, self._market
        exchange = Exchange(
            section, market.products, market.sessions, self.clock, timers,
            Ledger(self._data / "exchange"),
        )  # fmt: skip
        self.source = GeneratedMarket(section, market.products, market.sessions, DAY)
        self.clock.advance(self.source.start)
        exchange.open(self.source.instruments, self.source.start)
        self.exchange = exchange
        self._feed = SimGateway(self.clock, exchange, AccountId(self.config.app.account))
        return self._feed

    def _see(self, event: Event) -> None:
        if isinstance(event, Tick):
            self.ticks[event.instrument] += 1
            return
        self.events.append(event)
        inner = getattr(event, "order", None) or getattr(event, "trade", None) or event
        self.seen[type(event).__name__, getattr(inner, "strategy", "")] += 1

    def open(self) -> None:
        """Connect, arm, let the strategies in."""
        engine = self.engine
        engine.attach()
        engine.connect()
        engine.gateway.subscribe(i.id for i in engine.gateway.instruments())
        engine.bus.run_until_idle()
        engine.bars.load(self.source.warmup)
        now = self.clock.now()
        engine.bus.post(SetTradingState(TradingState.ACTIVE, "test", "test", now))
        engine.strategies.start()
        engine.bus.run_until_idle()

    def go(self, ticks: int) -> None:
        """Pull so many ticks of the market, as fast as possible."""
        pump = Pump(
            self.engine.bus, self.clock, self.engine.timers, islice(iter(self.source), ticks),
            self._feed.feed, speed=None,
        )  # fmt: skip
        pump.start(None)
        self.engine.bus.run_until_idle()

    def close(self) -> None:
        self.engine.strategies.stop()
        self.engine.bus.run_until_idle()
        self.exchange.close()
