"""``start``: what a start has to do with the past after a full day that ended in a crash.

A made journal: five million records, nearly all of them ticks; twenty thousand orders, as many as
make an account a high-frequency one (FACTS A21), a quarter of them filled, the rest cancelled; the
process died, so the last segment has no index. Timed is all that a start does with it: reading what
it needs, and folding that into orders and books. The machine's page cache is warm, as it is when a
process is started again.
"""

import tempfile
from pathlib import Path

from msgspec.structs import replace

from homalos import defaults_dir
from homalos.app.past import Memory
from homalos.bench.measure import Row, latencies
from homalos.bench.ticks import sample_tick
from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.gateway.muted import MutedGateway
from homalos.kernel.clock import SimClock, cpu_ns, monotonic_ns
from homalos.kernel.journal import Journal, Kind
from homalos.kernel.replay import Cursor
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.event import Event
from homalos.model.events import (
    InstrumentListed,
    OrderReported,
    OrderSubmitted,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.journaled import GatewayReturned
from homalos.model.market import Instrument
from homalos.model.reconciling import VenueTaken
from homalos.model.times import MILLISECOND
from homalos.model.trading import Account, Order

EVENTS = 5_000_000
ORDERS = 20_000
RUNS = 3
DAY = 20171113
ACCOUNT = AccountId("sim")
SEGMENT = 16 << 20


def run() -> list[Row]:
    """Takes a gigabyte of disk and a minute or two: only when named."""
    config = load(defaults_dir(), environ={}).config
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _Day(folder, config).make()
        times = [_start(folder, config) for _ in range(RUNS)]
    note = f"{EVENTS} records, {ORDERS} orders"
    return [
        latencies("start", [wall for wall, _ in times], note=note),
        latencies("start/cpu", [cpu for _, cpu in times], note=f"{note}; processor time"),
    ]


def _start(folder: Path, config: Config) -> tuple[int, int]:
    clock = SimClock(1)
    gateway = MutedGateway("sim", True, clock, Cursor(iter(())))
    engine = Engine(
        config, Market(config), clock, lambda bus, timers: gateway, run=1,
        strategies=folder, watchdog=False,
    )  # fmt: skip
    begin, cpu = monotonic_ns(), cpu_ns()
    Memory(folder).restore(engine)
    took = monotonic_ns() - begin, cpu_ns() - cpu
    if len(engine.orders.orders()) != ORDERS:
        raise RuntimeError(f"{len(engine.orders.orders())} orders of {ORDERS} were found again")
    return took


class _Day:
    """The journal of one day, written as the daemon writes it."""

    def __init__(self, folder: Path, config: Config) -> None:
        self._journal = Journal(folder / "journal", segment_bytes=SEGMENT, keep=1_000_000)
        self._tick = sample_tick()
        self._ts = self._tick.ts_event
        self._step = 0
        self._contract = _contract(config, self._tick.instrument)

    def _in(self, event: Event) -> None:
        self._step += 1
        self._journal.append(Kind.INGRESS, self._step, self._ts, event, self._step)

    def _out(self, event: Event) -> None:
        self._journal.append(Kind.OUTCOME, self._step, self._ts, event, self._step)

    def make(self) -> None:
        money = Account(ACCOUNT, DAY, 1e9, 0, 0, 0, 0, 0, 0, 0, 0, 1e9, 1e9, 0)
        self._in(InstrumentListed(self._contract, self._ts))
        self._in(TradingDayChanged("sim", DAY, self._ts))
        self._out(VenueTaken(DAY, money, (), ()))
        ticks = EVENTS // ORDERS - 4
        for number in range(ORDERS):
            for _ in range(ticks):
                self._ts += MILLISECOND
                self._in(self._tick)
            self._order(number)
            if number % 500 == 0:
                self._journal.maintain()
        self._journal.maintain()  # and there it dies: nothing is closed

    def _order(self, number: int) -> None:
        """Every fourth trades: an open, then the close of it."""
        ts, trades = self._ts, number % 4 == 0
        close = trades and number % 8 == 4
        side, offset = (Side.SELL, Offset.CLOSE_TODAY) if close else (Side.BUY, Offset.OPEN)
        id_, venue_id = OrderId(f"1-{number:06d}"), VenueOrderId(f"{number:>12}")
        contract = self._contract.id
        order = Order(
            id_, id_, ACCOUNT, StrategyId("busy"), contract, side, offset, OrderKind.LIMIT,
            TimeInForce.GFD, 3_815.0, 1, ts,
        )  # fmt: skip
        told = OrderReported(id_, venue_id, contract, OrderStatus.ACCEPTED, 0, 0, "", ts, ts)
        self._out(OrderSubmitted(order))
        self._in(told)
        if trades:
            self._in(replace(told, status=OrderStatus.FILLED, traded_lots=1))
            self._in(
                TradeReported(
                    id_, venue_id, TradeId(f"{number:>12}"), contract, side, offset, 3_815.0, 1,
                    DAY, ts, ts,
                )
            )  # fmt: skip
        else:
            self._out(GatewayReturned(id_, "cancel", 0, ts))
            self._in(replace(told, status=OrderStatus.CANCELLED))


def _contract(config: Config, id_: InstrumentId) -> Instrument:
    found = Market(config).products.instrument(id_, DAY)
    if found is None:
        raise LookupError(f"{id_} is not in products.yaml")
    return found
