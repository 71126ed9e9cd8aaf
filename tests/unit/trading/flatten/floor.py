"""The trading desk of the tests with flattens on it."""

from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, RB, Desk, instrument, venue_state

from homalos.config.loader import load
from homalos.config.sections.strategy import StrategyEntry
from homalos.gateway.protocol import OpaquePosition
from homalos.kernel.ids import OrderIds
from homalos.market.calendar import TradingCalendar
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.enums import Channel, KillScope, OrderStatus, Phase, Side, StrategyState
from homalos.model.events import (
    BeginFlatten,
    ConnectionChanged,
    FlattenChanged,
    PhaseChanged,
    StrategyStateChanged,
)
from homalos.model.flatten import FlattenJob
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.trading import Order
from homalos.trading.flatten.keeper import Flatten

ALPHA, BETA = StrategyId("alpha"), StrategyId("beta")


@cache
def sessions() -> Sessions:
    config = load(Path(__file__).parents[4] / "config", environ={}).config
    calendar = TradingCalendar(config.calendar)
    return Sessions(calendar, Products(config.products, calendar))


class Floor(Desk):
    """``kill`` begins a flatten; ``rounds`` are the orders that it sent."""

    def __init__(
        self, *, entries: tuple[StrategyEntry, ...] = (), run: int = 9,
        opaque: tuple[OpaquePosition, ...] = (), open_: bool = True, **changes: Any,
    ) -> None:  # fmt: skip
        super().__init__(ready=False, **changes)
        self.subscribed: list[InstrumentId] = []
        self.flatten = Flatten(
            self.bus, self.timers, self.books, self.manager, self.control, sessions(),
            OrderIds(run), subscribe=self.subscribed.extend, entries=entries,
            opaque=lambda: opaque,
        )  # fmt: skip
        self.flatten.configure(self.section, self.gate._section)
        self.flatten.attach()
        if open_:
            self.open()

    def kill(self, scope: KillScope, strategy: str = "", why: str = "enough") -> None:
        now = self.clock.now()
        self.post(BeginFlatten(scope, StrategyId(strategy), "me", why, now))
        self.settle()

    def settle(self) -> None:
        """What is due now."""
        self.advance(0)

    def line(self, *, up: bool) -> None:
        self.post(ConnectionChanged("test", Channel.TRADING, up, "", self.clock.now()))
        self.settle()

    def phase(self, phase: Phase, id_: InstrumentId = RB) -> None:
        row, now = instrument(id_), self.clock.now()
        self.post(PhaseChanged(row.exchange, row.product, phase, DAY, now, now))
        self.settle()

    def runs(self, strategy: StrategyId = ALPHA) -> None:
        now = self.clock.now()
        self.post(StrategyStateChanged(strategy, StrategyState.RUNNING, "", now))

    def hold(self, lots: int, strategy: str = "alpha", id_: InstrumentId = RB) -> None:
        """The strategy buys (sells, below zero)."""
        self.trade(Side.BUY if lots > 0 else Side.SELL, abs(lots), id_=id_, strategy=strategy)

    def rounds(self) -> list[Order]:
        """Orders of flattens, oldest first."""
        return [order for order in self.venue.sent if order.id.startswith("9-")]

    def last(self) -> Order:
        """The newest of them, as it is now."""
        order = self.manager.order(self.rounds()[-1].id)
        assert order is not None
        return order

    def kill_rest(self, order: Order | None = None, traded: int = 0) -> None:
        """The venue ends an order (the newest) with ``traded`` lots filled."""
        order = order or self.last()
        self.report(order.id, OrderStatus.CANCELLED, traded)
        if traded:
            self.post(self.trade_report(order.id, traded, order.price))
        self.settle()

    def told(self) -> list[FlattenJob]:
        return [fact.job for fact in self.seen(FlattenChanged)]

    def job(self) -> FlattenJob:
        """The only one."""
        (job,) = self.flatten.jobs()
        return job

    def step(self) -> None:
        """Time for the next step of the ladder."""
        self.advance(self.section.flatten_step_ms / 1000)


def account_of(floor: Floor) -> None:
    """The venue says what the books say."""
    rows = tuple(replace(p, margin=0.0) for p in floor.books.positions())
    account = floor.books.account()
    floor.venue.snapshot = venue_state(rows)
    floor.venue.snapshot.account = account


def again(floor: Floor, **changes: Any) -> Floor:
    """The next run on the same journal: orders, lots and kills as they were."""
    new = Floor(run=10, open_=False, **changes)
    new.books.listed(instrument(RB))
    for order in floor.manager.orders():
        new.manager.registry.put(order)
        new.books.hold(order, order.lots - order.booked_lots if order.status.value in (
            "submitted", "accepted", "partially_filled") else 0)  # fmt: skip
    for fact in floor.recorded:
        if isinstance(fact, FlattenChanged):
            new.flatten.fold(fact.job)
    for book in floor.books.strategies.all():
        new.books.net_book(book.strategy, book.instrument, book.multiplier).load(book.record(None))
    new.control.restore(floor.control.snapshot())
    new.manager.sync.history = True
    new.venue.snapshot = venue_state(
        floor.books.positions(), tuple(o for o in floor.manager.orders() if o.venue_order_id)
    )
    new.venue.snapshot.account = floor.books.account()
    return new


__all__ = ["ACCOUNT", "ALPHA", "BETA", "DAY", "RB", "Floor", "account_of", "again", "sessions"]
