"""A data folder in which a generated market has run up to a chosen moment."""

from pathlib import Path

from homalos.config.schema import Config
from homalos.engine import Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers


def keep_market(config: Config, data: Path, day: int, until: int) -> None:
    """Run the exchange alone from ``day`` on, and leave its ledger in ``data``."""
    market, clock = Market(config), SimClock()
    timers = Timers(Bus(clock))
    exchange = Exchange(
        config.exchange, market.products, market.sessions, clock, timers, Ledger(data / "exchange")
    )
    source = GeneratedMarket(config.exchange, market.products, market.sessions, day)
    clock.advance(source.start)
    exchange.open(source.instruments, source.start, source.listed)
    for tick in source:
        if tick.ts_event > until:
            break
        while (due := timers.due()) is not None and due <= tick.ts_event:
            clock.advance(due)
            timers.fire_next()
        clock.advance(tick.ts_event)
        exchange.on_market(tick)
    exchange.close()
