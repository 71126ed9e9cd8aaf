"""The trading desk of the tests with conditional orders held on it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, RB, START, STOCK, Desk, instrument

from homalos.config.loader import load
from homalos.gateway.protocol import VenueSnapshot
from homalos.market.calendar import TradingCalendar
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.conditional import (
    Conditional,
    ConditionalKind,
    ConditionalStatus,
)
from homalos.model.enums import Channel, Phase, Side, StrategyState
from homalos.model.event import Event
from homalos.model.events import (
    ConditionalChanged,
    ConnectionChanged,
    InstrumentListed,
    PhaseChanged,
    PlaceConditional,
    StrategyStateChanged,
    SubmitOrder,
)
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.times import SECOND
from homalos.trading import recovery
from homalos.trading.conditional.keeper import Conditionals

ALPHA = StrategyId("alpha")
STATES = ConditionalStatus
"""The words, at hand."""


def sessions() -> Sessions:
    config = load(Path(__file__).parents[4] / "config", environ={}).config
    calendar = TradingCalendar(config.calendar)
    return Sessions(calendar, Products(config.products, calendar))


SESSIONS = sessions()


class Floor(Desk):
    """``alpha`` runs, and is long of two rb at 3500 where ``long`` says so."""

    def __init__(self, *, long: int = 0, open_: bool = True, **changes: Any) -> None:
        super().__init__(ready=False, **changes)
        self.kept = Conditionals(
            self.bus, self.timers, self.books, self.manager, self.control, SESSIONS
        )
        self.kept.attach()
        self.written: list[Event] = []
        """What a journal of this run would hold, in order: ingress and outcomes."""
        for name in ("post", "record"):
            setattr(self.bus, name, self._noted(getattr(self.bus, name)))
        self.expected: list[SubmitOrder] = []
        self.kept.expect = self.expected.append
        self._placed = 0
        if open_:
            self.open()
            self.runs()
        if long:
            self.trade(Side.BUY, long)

    def runs(self, state: StrategyState = StrategyState.RUNNING) -> None:
        self.post(StrategyStateChanged(ALPHA, state, "", self.clock.now()))

    def conditional(self, **changes: Any) -> Conditional:
        """A stop that would sell one rb at 3480 or below."""
        self._placed += 1
        id_ = OrderId(f"c-{self._placed}")
        made = Conditional(
            id_, changes.get("group", id_), ACCOUNT, ALPHA, RB, Side.SELL, ConditionalKind.STOP,
            1, 3480.0, self.clock.now(),
        )  # fmt: skip
        return replace(made, **changes)

    def place(self, *orders: Conditional, **changes: Any) -> OrderId:
        """These, or the one that ``changes`` describe; the id of the first."""
        orders = orders or (self.conditional(**changes),)
        self.post(PlaceConditional(orders, "strategy:alpha", self.clock.now()))
        return orders[0].id

    def pair(self, **target_has: Any) -> tuple[OrderId, OrderId]:
        """An OCO pair around a long of two: stop at 3480, target at 3520."""
        stop = self.conditional(lots=2)
        target = self.conditional(
            lots=2, group=stop.id, kind=ConditionalKind.TAKE_PROFIT, trigger=3520.0, **target_has
        )
        self.place(stop, target)
        return stop.id, target.id

    def bracket(self, lots: int = 2, price: float = 3500.0) -> tuple[OrderId, OrderId, OrderId]:
        """A resting entry with its stop at 3480 and its target at 3520; all ids."""
        entry = self.intent(lots=lots, price=price)
        rows = [
            self.conditional(group=entry.intent_id, entry=entry.intent_id, lots=0, **row)
            for row in (
                {"trigger": 3480.0},
                {"trigger": 3520.0, "kind": ConditionalKind.TAKE_PROFIT, "limit": 3520.0},
            )
        ]
        self.place(*rows)
        self.post(entry)
        return entry.intent_id, rows[0].id, rows[1].id

    def status(self, id_: OrderId) -> ConditionalStatus | None:
        """As it was told last; ``None``: never heard of."""
        told = [e.order.status for e in self.seen(ConditionalChanged) if e.order.id == id_]
        return told[-1] if told else None

    def fired(self) -> list[SubmitOrder]:
        """Intents that conditional orders have sent."""
        return [e for e in self.seen(SubmitOrder) if e.intent_id.startswith("c-")]

    def last(self, price: float, **changes: Any) -> None:
        """Half a second later, a tick of rb."""
        self.advance(0.5)
        self.tick(RB, price, **changes)

    def phase(self, phase: Phase, id_: InstrumentId = RB) -> None:
        row, now = instrument(id_), self.clock.now()
        self.post(PhaseChanged(row.exchange, row.product, phase, DAY, now, now))

    def agrees(self, *, orders: bool = True) -> VenueSnapshot:
        """What a venue says that has what these books have; without ``orders`` it knows none."""
        account = self.books.account()
        rows = self.manager.orders() if orders else ()
        return VenueSnapshot(DAY, account, self.books.positions(), rows, ())

    def line(self, up: bool) -> None:
        """The trading line; up again it is reconciled at once with what the books say."""
        if up:
            self.venue.snapshot = self.agrees()
        self.post(ConnectionChanged("test", Channel.TRADING, up, "", self.clock.now()))

    def market(self) -> None:
        """Contracts, phases and prices, without a word of the trading line."""
        for id_ in STOCK:
            self.post(InstrumentListed(instrument(id_), self.clock.now()))
            self.phase(Phase.CONTINUOUS, id_)
            self.tick(id_, 3500.0)

    def _noted(self, take: Callable[..., None]) -> Callable[..., None]:
        def note(event: Event, *kind: object) -> None:
            self.written.append(event)
            take(event)

        return note

    def go_to(self, hour: int, minute: int, second: float = 0.0, day: int = 0) -> None:
        """To this time of the trading day, as China's clocks say it; ``day`` days later."""
        midnight = START - (9 * 60 + 30) * 60 * SECOND
        target = midnight + ((day * 24 + hour) * 60 + minute) * 60 * SECOND + int(second * SECOND)
        self.advance((target - self.clock.now()) / SECOND)


class Next(Floor):
    """The next run on what the journal of the last one holds, the line still down."""

    def __init__(self, before: Floor, records: list[Event] | None = None) -> None:
        super().__init__(open_=False)
        self.clock.advance(before.clock.now())
        self._fills = 1000
        records = before.written if records is None else records
        recovery.fold(records, self.books, self.manager, None, self.kept)
        self.market()

    def go_on(self, venue: VenueSnapshot) -> None:
        """The line comes up; what the venue says."""
        self.venue.snapshot = venue
        self.post(ConnectionChanged("test", Channel.TRADING, True, "", self.clock.now()))
        self.runs()
