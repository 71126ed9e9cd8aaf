"""``risk``: all checks of one order by the real gate, books and registry full of life.

The real engine around the real simulated gateway on the generated market: lots of several contracts
are held, orders of each rest on both sides of its book. Then orders that open, one contract and
side after the other, are judged and none of them is sent; every one must be approved, so that no
rule is left out.
"""

from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from homalos import defaults_dir
from homalos.bench.measure import Row, latencies, quietest
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.sections.risk_rates import NO_RATES
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.gateway.protocol import Approved
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, monotonic_ns
from homalos.kernel.loop import settle
from homalos.kernel.timers import Timers
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce
from homalos.model.events import SubmitOrder
from homalos.model.ids import AccountId, OrderId, StrategyId
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order

CHECKS = 50_000
WARM = 2_000
RUNS = 5
DAY = 20261123
PRODUCTS = ("SHFE.rb", "SHFE.cu", "DCE.m", "DCE.i", "CZCE.SR", "CZCE.TA", "INE.sc")
HELD = 3
"""Lots of each contract."""
RESTING = 5
"""Orders of each contract and side; more lots than are held, so that a sell which opens is not
taken for one that reduces, for which fewer rules hold."""
AWAY = 30
"""Ticks from the market, at which the first of them rests."""


FEWER: dict[str, object] = {
    "before_close_minutes": 0, "limit_distance_percent": 0.0, "max_identical_orders": 0,
    "programme": (), "near_delivery": "warn", "cool_down_minutes": 0, "max_day_opens": 0,
    "max_drawdown_percent": 0.0, "max_day_loss_percent": 0.0, "max_order_value": 0.0,
    "max_notional": 0.0, "max_net_notional": 0.0, "max_leverage": 0.0,
}  # fmt: skip
"""Switched off, these leave 25 rules: the number for which the house has a target."""


def run() -> list[Row]:
    """``risk``: every rule; ``risk/25``: so many; ``risk/control``: the same loop around a call
    that does nothing."""
    rows = []
    for name, off in (("risk", {}), ("risk/25", FEWER)):
        desk = Desk(off)
        desk.fill()
        orders = desk.orders()
        settle()
        rows.append(quietest([desk.checks(orders, name) for _ in range(RUNS)]))
    return [*rows, quietest([_control(orders) for _ in range(RUNS)])]


class Desk:
    """An engine with positions and working orders. ``off``: keys of risk.yaml beside the rest."""

    def __init__(self, off: Mapping[str, object] = MappingProxyType({})) -> None:
        config = _config(off)
        market, self._clock = Market(config), SimClock()
        made: list[tuple[SimGateway, GeneratedMarket]] = []

        def gateway(bus: Bus, timers: Timers) -> SimGateway:
            exchange = Exchange(
                config.exchange, market.products, market.sessions, self._clock, timers
            )
            source = GeneratedMarket(config.exchange, market.products, market.sessions, DAY)
            self._clock.advance(source.start)
            exchange.open(source.instruments, source.start)
            made.append((SimGateway(self._clock, exchange, AccountId("sim")), source))
            return made[0][0]

        self.engine = Engine(config, market, self._clock, gateway, run=1, strategies=Path())
        self._gateway, source = made[0]
        self._ticks: Iterator[Tick] = iter(source)
        self._contracts: tuple[Instrument, ...] = source.instruments
        self._sent = 0
        self.engine.attach()
        self.engine.connect()
        self._gateway.subscribe(row.id for row in self._contracts)
        self.engine.bus.run_until_idle()

    def fill(self) -> None:
        """Buy the lots that are held, then rest the orders. ``RuntimeError``: it did not work."""
        self._feed(100)
        for row in self._contracts:
            self._submit(row, Side.BUY, HELD, self._price(row) + 5 * row.tick_size)
        self._feed(100)
        for row, side in self._sides():
            for step in range(AWAY, AWAY + RESTING):
                away = -step if side is Side.BUY else step
                self._submit(row, side, 1, self._price(row) + away * row.tick_size)
        held, working = len(self.engine.books.positions()), self.engine.orders.registry.open_count
        if held < len(PRODUCTS) or working < 2 * RESTING * len(PRODUCTS):
            denied = self.engine.risk.denied
            raise RuntimeError(f"risk: {held} positions, {working} orders, denied: {denied}")

    def _feed(self, count: int) -> None:
        engine = self.engine
        for tick in islice(self._ticks, count):
            while (due := engine.timers.due()) is not None and due <= tick.ts_event:
                self._clock.advance(due)
                engine.timers.fire_next()
            self._clock.advance(tick.ts_event)
            engine.bus.run_until_idle()
            self._gateway.feed(tick)
            engine.bus.run_until_idle()

    def _price(self, row: Instrument) -> float:
        return self.engine.books.marks[row.id]

    def _sides(self) -> Iterator[tuple[Instrument, Side]]:
        return ((row, side) for row in self._contracts for side in Side)

    def _submit(self, row: Instrument, side: Side, lots: int, price: float) -> None:
        self._sent += 1
        self.engine.bus.post(
            SubmitOrder(
                OrderId(f"b-{self._sent}"), AccountId("sim"), StrategyId("bench"), row.id, side,
                lots, round(price / row.tick_size) * row.tick_size, OrderKind.LIMIT,
                TimeInForce.GFD, None, self._clock.now(),
            )
        )  # fmt: skip
        self.engine.bus.run_until_idle()

    def orders(self) -> list[Order]:
        """One that opens, of each contract and side, at the last price."""
        return [
            Order(
                OrderId("b-0"), OrderId("b-0"), AccountId("sim"), StrategyId("bench"), row.id,
                side, Offset.OPEN, OrderKind.LIMIT, TimeInForce.GFD, self._price(row), 1,
                self._clock.now(),
            )
            for row, side in self._sides()
        ]  # fmt: skip

    def checks(self, orders: list[Order], name: str = "risk") -> Row:
        """Time them. ``RuntimeError``: one was denied, so that what was timed is not all rules."""
        engine = self.engine
        check, registry, venue = engine.risk.check, engine.orders.registry, engine.orders.venue
        now, samples = self._clock.now(), []
        for order in islice(cycle(orders), CHECKS + WARM):
            begin = monotonic_ns()
            verdict = check(order, registry, venue, now)
            samples.append(monotonic_ns() - begin)
            if not isinstance(verdict, Approved):
                raise RuntimeError(f"risk: {order.instrument} {order.side}: {verdict}")
        if engine.risk.skipped:
            raise RuntimeError(f"risk: rules were skipped: {engine.risk.skipped}")
        held = len(engine.books.positions())
        rules = len(engine.risk.rules()) - 1  # "instrument" is the gate's own
        note = f"{rules} rules, {held} held, {registry.open_count} working"
        return latencies(name, samples[WARM:], note=note)


def _config(off: Mapping[str, object]) -> Config:
    config = load(defaults_dir(), environ={}).config
    # Rates that the desk does not exceed: windows of 0 would be no limit, and so no work.
    wide = dict.fromkeys(NO_RATES, 1_000_000)
    all_on = {
        "before_close_minutes": 1,
        "limit_distance_percent": 0.1,
        "max_identical_orders": 1_000,
        "max_day_opens": 1_000_000,
    }
    return replace(
        config,
        risk=replace(config.risk, **(wide | all_on | dict(off))),
        exchange=replace(config.exchange, generator_products=PRODUCTS, opening_cash=1e9),
        strategies=(),
    )


def _control(orders: list[Order]) -> Row:
    def check(order: Order) -> None:
        pass

    samples = []
    for order in islice(cycle(orders), CHECKS):
        begin = monotonic_ns()
        check(order)
        samples.append(monotonic_ns() - begin)
    return latencies("risk/control", samples, note="a call that does nothing")
