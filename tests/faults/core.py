"""The real trading core on a data folder, run after run, in this process and in virtual time.

Assembled as the daemon does it, without loop, page and logs. Around the venue stands a
``FaultDoor``, and ``Witness`` notes what happens outside of the core's own books.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from loguru import logger
from tests.faults import outcome
from tests.faults.door import WELL, FaultDoor, Spoil
from tests.faults.market import MORNING, STRATEGIES, instruments

from homalos.app import identity
from homalos.app.past import Memory, decoded
from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.state import AccountState
from homalos.gateway.sim import SimGateway
from homalos.kernel import journal as journals
from homalos.kernel import journal_index
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.journal import Journal
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.model.enums import TradingState
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    OrderSubmitted,
    Reconciled,
    SubmitOrder,
    TradeFilled,
)
from homalos.model.ids import AccountId, StrategyId
from homalos.model.market import Tick
from homalos.model.times import SECOND

SEGMENT = 1 << 18
MakeJournal = Callable[[Path], Journal]


class Witness(NamedTuple):
    """Seen from outside, over all runs of a folder."""

    sent: list[str]
    """Orders that reached the venue."""
    wishes: dict[str, int]
    """Lots of each intent that a strategy had."""
    intents: dict[str, str]
    """The intent of each order."""
    fills: outcome.Fills
    """Every fill of the exchange."""


def witness() -> Witness:
    return Witness([], {}, {}, {})


@contextmanager
def hurried() -> Iterator[None]:
    """For thousands of short runs: nothing waits for the disk (what the kernel has outlives a
    process; how far a power cut reaches back is given here), and the sources are hashed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _nothing)
        patch.setattr(os, "fdatasync", _nothing)
        patch.setattr(identity, "code_hash", cache(identity.code_hash))
        logger.disable("homalos")
        yield
        logger.enable("homalos")


def _nothing(fd: int) -> None:
    """The disk has it, says the disk."""


class House:
    """A data folder, its configuration, and what was seen of its runs."""

    def __init__(
        self, data: Path, config: Config, seen: Witness | None = None,
        begin: int = MORNING, strategies: Path = STRATEGIES,
    ) -> None:  # fmt: skip
        self.data = data
        self.begin = begin
        """Exchange time of the first start."""
        self.config = config
        self.market = Market(config)
        self.seen = seen or witness()
        self.strategies = strategies

    def events(self) -> list[Event]:
        """What the journal says, but for ticks and other records that no start needs."""
        records = journals.read(self.data / "journal")
        return [decoded(r) for r in records if not journal_index.is_skipped(r.payload)]


def open_journal(folder: Path) -> Journal:
    return Journal(folder, segment_bytes=SEGMENT, keep=100)


class Core:
    """One run."""

    def __init__(
        self, house: House, *, spoil: Spoil = WELL, strict: bool = True,
        journal: MakeJournal = open_journal, watchdog: bool = False,
    ) -> None:  # fmt: skip
        """``strict``: the venue is believed as little as a broker's."""
        self.house = house
        self.memory = Memory(house.data)
        self.clock = self._make_clock()
        self._spoil, self._strict = spoil, strict
        self.journal = journal(house.data / "journal")
        self.engine = Engine(
            house.config, house.market, self.clock, self._gateway, run=self.memory.run,
            strategies=house.strategies, journal=self.journal, watchdog=watchdog,
        )  # fmt: skip
        self.fed = 0
        """Ticks that the venue showed while its line was up."""
        self.alerts: list[AlertRaised] = []
        self.reconciled: list[Reconciled] = []
        self.trades = 0
        self.wishes: Counter[str] = Counter()
        """Intents, by strategy."""
        self._folded = False
        self._noted = (0, 0)

    def _make_clock(self) -> Any:
        return SimClock()

    def _gateway(self, bus: Bus, timers: Timers) -> FaultDoor:
        house, market = self.house, self.house.market
        ledger = Ledger(house.data / "exchange")
        self.exchange = exchange = Exchange(
            house.config.exchange, market.products, market.sessions, self.clock, timers, ledger
        )
        resume = exchange.resume()
        start = max(house.begin, self.memory.last_ts, resume.ts if resume else 0)
        self.clock.advance(start)
        exchange.open(instruments(market.products), start)
        inner = SimGateway(self.clock, exchange, AccountId(house.config.app.account))
        self._feed = inner.feed
        self.door = FaultDoor(inner, timers, self._spoil, simulated=not self._strict)
        return self.door

    # ------------------------------------------------------------ life

    def fold(self) -> "Core":
        """The first half of a start: everybody subscribes, the past is folded."""
        engine, bus = self.engine, self.engine.bus
        bus.subscribe(SubmitOrder, self._wish, actor="test", role="monitor")
        bus.subscribe(OrderSubmitted, self._left, actor="test", role="monitor")
        bus.subscribe(AlertRaised, self.alerts.append, actor="test", role="monitor")
        bus.subscribe(Reconciled, self.reconciled.append, actor="test", role="monitor")
        bus.subscribe(TradeFilled, self._filled, actor="test", role="monitor")
        engine.attach()
        self.memory.attach(engine, self.journal)
        self.memory.restore(engine)
        self._folded = True
        return self

    def start(self, *, strategies: bool = True) -> "Core":
        """As ``app/daemon.py`` does it."""
        if not self._folded:
            self.fold()
        engine, bus = self.engine, self.engine.bus
        engine.connect()
        engine.gateway.subscribe(i.id for i in engine.gateway.instruments())
        bus.run_until_idle()
        if strategies:
            self.let_in()
        return self

    def let_in(self) -> None:
        self.engine.strategies.start()
        self.engine.bus.run_until_idle()

    def _wish(self, intent: SubmitOrder) -> None:
        self.house.seen.wishes[intent.intent_id] = intent.lots
        self.wishes[intent.strategy] += 1

    def _left(self, event: OrderSubmitted) -> None:
        self.house.seen.intents.setdefault(event.order.id, event.order.intent_id)

    def _filled(self, _: TradeFilled) -> None:
        self.trades += 1

    def go(self, ticks: Iterable[Tick], each: Callable[[], None] | None = None) -> None:
        """Let these ticks happen, and every timer before each of them."""
        bus = self.engine.bus
        pump = Pump(bus, self.clock, self.engine.timers, iter(ticks), self._shown, speed=None)
        pump.start(None)
        if each is None:
            bus.run_until_idle()
        else:
            bus.pull = None
            while not pump._done:
                each()
                pump.pull()
                bus.run_until_idle()
            each()
        bus.pull = None
        bus.run_until_idle()

    def _shown(self, tick: Tick) -> None:
        self._feed(tick)
        self.fed += self.door.up
        self._note_fills()

    def _note_fills(self) -> None:
        """The exchange forgets a day's fills at its settlement; we do not."""
        if not self.exchange.has_account(AccountId(self.house.config.app.account)):
            return  # the first start did not come so far
        account = self.account()
        if (found := (self.exchange.trading_day, len(account.fills))) != self._noted:
            self._noted = found
            self.house.seen.fills.update(outcome.venue_fills(account))

    def stop(self) -> None:
        """As the daemon stops."""
        engine = self.engine
        engine.strategies.stop()
        engine.bus.run_until_idle()
        self._note_fills()
        self.memory.save(engine)
        engine.gateway.close()
        engine.bus.run_until_idle()
        self.memory.end(engine)
        self.die(close=True)

    def die(self, *, close: bool = False) -> None:
        """Nothing is said or written any more; ``close``: the exchange notes its prices."""
        self._note_fills()
        self.house.seen.sent.extend(self.door.sent)
        self.door.sent = []
        if close:
            self.exchange.close()
        else:
            self.exchange._desk.close()
        self.journal.close()

    # ------------------------------------------------------------ facts

    def account(self) -> AccountState:
        return self.exchange._state.accounts[AccountId(self.house.config.app.account)]

    def ours(self) -> outcome.Side:
        engine = self.engine
        return outcome.side_of(
            engine.books.trading_day, engine.books.positions(), engine.orders.orders(),
            engine.books.account(),
        )  # fmt: skip

    def venue(self) -> outcome.Side:
        return outcome.venue_side(self.account(), self.exchange.trading_day)

    def keys(self) -> list[outcome.TradeKey]:
        """Fills of the day that the books have booked."""
        state = self.engine.orders.state()
        day = self.engine.books.trading_day
        return [key for key in state[1] if key[3] == day]  # type: ignore[attr-defined]

    def nets(self) -> outcome.Nets:
        rows = self.engine.books.books()
        return {(r.strategy, r.instrument): r.net_lots for r in rows if r.net_lots}

    def watched(self) -> int:
        slot = self.engine.strategies._slots[StrategyId("watch")]
        return int(slot.strategy.seen)  # type: ignore[union-attr]

    @property
    def state(self) -> TradingState:
        return self.engine.control.state

    def quiet(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        """Time passes, and no tick comes."""
        until = self.clock.now() + int(seconds * SECOND)
        while (due := self.engine.timers.due()) is not None and due <= until:
            self.clock.advance(due)
            self.engine.timers.fire_next()
            self.engine.bus.run_until_idle()
            self._note_fills()
            each()
        self.clock.advance(until)

    # ------------------------------------------------------------ the promises

    def check(self, past: outcome.Past | None = None) -> None:
        """Books, fills, strategies' books, orders once, wishes once, nothing lost."""
        seen, venue, account = self.house.seen, self.venue(), self.account()
        self._note_fills()
        owners = {o.id: o.strategy for o in self.engine.orders.orders()}
        if past is not None:
            owners = past.owners | owners
        outcome.books_equal(self.ours(), venue)
        outcome.fills_equal(self.keys(), outcome.venue_fills(account))
        outcome.books_add_up(self.nets(), outcome.nets_of(seen.fills, owners), venue.lots)
        outcome.sent_once([*seen.sent, *self.door.sent])
        left = {o.id: o.remaining for o in account.orders.values() if o.id in venue.live}
        outcome.within_intents(seen.wishes, seen.intents, seen.fills, left)
        orders = self.engine.orders.orders()
        outcome.orders_known(account.orders, orders)
        if past is not None:
            outcome.nothing_lost(past, orders, self.keys(), venue.day)
