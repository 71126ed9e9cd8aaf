"""``tick-to-order``: a tick enters the quality gate, a strategy answers, the order leaves.

The real engine around the real simulated gateway on the generated market: gate, journal, bus,
strategy (with its guard), offset resolver, all risk rules, reservation, journal of the intent. The
clock stops when the gateway's ``send`` is entered. One order a tick, alternately buying and selling
at the opposite price, so books, reservations and the exchange are at work all the while.
"""

import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from homalos import defaults_dir
from homalos.bench.measure import Row, latencies, quietest
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.sections.risk_programme import UNREACHED
from homalos.config.sections.risk_rates import NO_RATES
from homalos.config.sections.strategy import StrategyEntry
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.gateway.protocol import Approved
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, monotonic_ns
from homalos.kernel.journal import Journal
from homalos.kernel.loop import settle
from homalos.kernel.timers import Timers
from homalos.model.enums import OrderStatus
from homalos.model.events import OrderReported
from homalos.model.ids import AccountId
from homalos.model.market import Tick
from homalos.model.trading import Order

TICKS = 20_000
WARM = 2_000
RUNS = 5
DAY = 20261123
STRATEGY = """
from homalos.model.enums import TimeInForce
from homalos.strategy import Strategy


class Answer(Strategy):
    def on_start(self):
        self.long = False

    def on_tick(self, tick):
        if self.long and tick.bid_price is not None:
            self.sell(tick.instrument, 1, tick.bid_price, tif=TimeInForce.FAK)
        elif tick.ask_price is not None:
            self.buy(tick.instrument, 1, tick.ask_price, tif=TimeInForce.FAK)

    def on_trade(self, trade):
        self.long = not self.long
"""


class _Stamped(SimGateway):
    """Notes when an order reaches it; then it is sent as ever."""

    def __init__(self, clock: SimClock, exchange: Exchange, samples: list[int]) -> None:
        super().__init__(clock, exchange, AccountId("sim"))
        self.entered = 0
        self._samples = samples

    def send(self, order: Approved[Order]) -> int:
        self._samples.append(monotonic_ns() - self.entered)
        return super().send(order)


class _Mute(_Stamped):
    """A venue whose work is elsewhere: it kills every order without matching it."""

    def send(self, order: Approved[Order]) -> int:
        self._samples.append(monotonic_ns() - self.entered)
        value, now = order.value, self._clock.now()
        if self._post is not None:
            self._post(
                OrderReported(
                    value.id, None, value.instrument, OrderStatus.CANCELLED, 0, 0, "", now, now
                )
            )
        return 0


def run() -> list[Row]:
    """``tick-to-order`` with the journal, ``…/no-journal`` without it, ``…/mute-venue`` with a
    venue that does no work between two ticks (what the exchange leaves of the processor's caches is
    the difference), ``…/control`` with no work at all."""
    kinds = (
        ("tick-to-order", _Stamped, True),
        ("tick-to-order/no-journal", _Stamped, False),
        ("tick-to-order/mute-venue", _Mute, True),
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, journaled in kinds:
            place = Path(folder) / name.replace("/", "-")
            runs = [_run(name, Path(f"{place}-{n}"), kind, journaled) for n in range(RUNS)]
            rows.append(quietest(runs))
    return [*rows, quietest([_control() for _ in range(RUNS)])]


def _config() -> Config:
    config = load(defaults_dir(), environ={}).config
    entry = StrategyEntry(id="answer", file="answer.py", instruments=("SHFE.rb",))
    return replace(
        config,
        risk=replace(config.risk, max_identical_orders=0, programme=UNREACHED, **NO_RATES),
        exchange=replace(config.exchange, generator_products=("SHFE.rb",), opening_cash=1e9),
        strategies=(entry,),
    )


def _run(name: str, folder: Path, kind: type[_Stamped], journaled: bool) -> Row:
    folder.mkdir()
    (folder / "answer.py").write_text(STRATEGY)
    journal = Journal(folder / "journal", segment_bytes=64 << 20, keep=1) if journaled else None
    config = _config()
    samples: list[int] = []
    market, clock = Market(config), SimClock()
    engine, gateway, source = _assemble(
        config, market, clock, folder, journal, lambda exchange: kind(clock, exchange, samples)
    )
    ticks = list(islice(iter(source), TICKS + WARM))
    _drive(engine, gateway, clock, ticks)
    if journal is not None:
        journal.close()
    if len(samples) < TICKS // 2:
        denied = engine.risk.denied
        raise RuntimeError(f"{name}: {len(samples)} orders for {TICKS} ticks, denied: {denied}")
    rules = len(engine.risk.rules())
    return latencies(name, samples[WARM:], note=f"{rules} risk rules")


def _assemble(
    config: Config,
    market: Market,
    clock: SimClock,
    folder: Path,
    journal: Journal | None,
    make: Callable[[Exchange], _Stamped],
) -> tuple[Engine, _Stamped, GeneratedMarket]:
    made: list[tuple[_Stamped, GeneratedMarket]] = []

    def gateway(bus: Bus, timers: Timers) -> SimGateway:
        exchange = Exchange(config.exchange, market.products, market.sessions, clock, timers)
        source = GeneratedMarket(config.exchange, market.products, market.sessions, DAY)
        clock.advance(source.start)
        exchange.open(source.instruments, source.start)
        made.append((make(exchange), source))
        return made[0][0]

    engine = Engine(config, market, clock, gateway, run=1, strategies=folder, journal=journal)
    engine.attach()
    stamped, source = made[0]
    admit = _stamping(stamped, engine.gate.admit)
    stamped.connect(engine.bus.post, admit)
    engine.bus.run_until_idle()
    engine.strategies.start()
    engine.bus.run_until_idle()
    return engine, stamped, source


def _stamping(gateway: _Stamped, admit: Callable[[Tick], None]) -> Callable[[Tick], None]:
    def entered(tick: Tick) -> None:
        gateway.entered = monotonic_ns()
        admit(tick)

    return entered


def _drive(engine: Engine, gateway: _Stamped, clock: SimClock, ticks: list[Tick]) -> None:
    settle()
    for tick in ticks:
        while (due := engine.timers.due()) is not None and due <= tick.ts_event:
            clock.advance(due)
            engine.timers.fire_next()
        clock.advance(tick.ts_event)
        engine.bus.run_until_idle()
        gateway.feed(tick)
        engine.bus.run_until_idle()
    engine.strategies.stop()
    engine.bus.run_until_idle()


def _control() -> Row:
    samples: list[int] = []
    entered = 0
    for _ in range(TICKS):
        entered = monotonic_ns()
        samples.append(monotonic_ns() - entered)
    return latencies("tick-to-order/control", samples, note="two readings of the clock")
