"""A trading desk for the tests: the real bus, books, gate and manager around a recording venue."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import Approved, LineHealth, OpaquePosition, VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timers
from homalos.model.catalogue import CATALOGUE, Lane
from homalos.model.enums import (
    Channel,
    Offset,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
)
from homalos.model.event import Event
from homalos.model.events import (
    CancelOrder,
    ConnectionChanged,
    HandlerFailed,
    InstrumentListed,
    OrderReported,
    PhaseChanged,
    SubmitOrder,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.market import Fees, Instrument, Rate, Tick
from homalos.model.times import MILLISECOND, MINUTE, SECOND
from homalos.model.trading import Account, Order, Position, Trade
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.manager import OrderManager
from homalos.trading.risk.gate import RiskGate

ACCOUNT = AccountId("demo")
DAY = 20260105
START = 1_767_576_600 * SECOND
RB = InstrumentId("SHFE.rb2605")
IF = InstrumentId("CFFEX.IF2603")
M = InstrumentId("DCE.m2605")
STOCK = (RB, IF, M)
_SECTORS = {("SHFE", "rb"): "ferrous", ("CFFEX", "IF"): "index", ("DCE", "m"): "oils"}


def _sector(exchange: str, product: str) -> str | None:
    return _SECTORS.get((exchange, product))


def instrument(id_: InstrumentId = RB, **changes: Any) -> Instrument:
    exchange, symbol = id_.split(".")
    rows = {
        "rb": (10.0, 1.0, Fees(Rate(1e-4), Rate(1e-4), Rate(3e-4))),
        "IF": (300.0, 0.2, Fees(Rate(2.3e-5), Rate(2.3e-5), Rate(2.3e-4))),
        "m": (10.0, 1.0, Fees(Rate(0, 1.5), Rate(0, 1.5), Rate(0, 0.75))),
    }
    product = symbol.rstrip("0123456789")
    multiplier, tick, fees = rows[product]
    made = Instrument(
        id_, exchange, symbol, product, symbol, multiplier, tick, 1, 500, 0,
        Rate(0.1), Rate(0.12), fees, 202605, 0.1, exchange in ("SHFE", "INE"),
        last_trading_day=20260515,
    )  # fmt: skip
    return replace(made, **changes)


class RecordingVenue:
    """Takes orders and cancels, answers queries with what the test put there."""

    name = "test"
    simulated = True

    def __init__(self) -> None:
        self.sent: list[Order] = []
        self.cancelled: list[OrderId] = []
        self.returns = 0
        self.cancel_returns = 0
        self.raises = ""
        """Text of what ``send`` and ``cancel`` raise after they have done their work."""
        self.snapshot: VenueSnapshot | None = None
        self.queries = 0
        self.post: Callable[[Event], None] | None = None

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        self.post = post

    def close(self) -> None:
        self.post = None

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        """Everything is subscribed."""

    def send(self, order: Approved[Order]) -> int:
        if self.returns == 0:
            self.sent.append(order.value)
        self._maybe_raise()
        return self.returns

    def _maybe_raise(self) -> None:
        if self.raises:
            raise OSError(self.raises)

    def cancel(self, order: Order) -> int:
        if self.cancel_returns == 0:
            self.cancelled.append(order.id)
        self._maybe_raise()
        return self.cancel_returns

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        self.queries += 1
        if self.snapshot is not None:
            done(self.snapshot)

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(instrument(id_) for id_ in STOCK)

    def health(self) -> tuple[LineHealth, ...]:
        return ()

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return ()


def account(balance: float = 1_000_000.0, day: int = DAY, **changes: float) -> Account:
    made = Account(ACCOUNT, day, balance, 0, 0, 0, 0, 0, 0, 0, 0, balance, balance, 0)
    return replace(made, **changes)


def venue_state(
    positions: tuple[Position, ...] = (), orders: tuple[Order, ...] = (),
    trades: tuple[Trade, ...] = (), balance: float = 1_000_000.0, day: int = DAY, **changes: float,
) -> VenueSnapshot:  # fmt: skip
    return VenueSnapshot(day, account(balance, day, **changes), positions, orders, trades)


class Desk:
    """``ready``: connected, reconciled, ACTIVE, one tick of every contract."""

    def __init__(
        self, *, ready: bool = True, risk: RiskSection | None = None,
        trading: TradingSection | None = None, simulated: bool = True,
    ) -> None:  # fmt: skip
        self.clock = SimClock(START)
        self.bus = Bus(self.clock)
        self.timers = Timers(self.bus)
        self.section = trading or TradingSection(reconcile_s=0)
        self.venue = RecordingVenue()
        self.venue.simulated = simulated
        self.venue.snapshot = venue_state()
        self.books = Books(self.bus, self.timers, self.section, ACCOUNT, _sector)
        self.control = TradingControl(self.bus, self.section, simulated=simulated)
        self.closes_at: int | None = START + 60 * MINUTE
        self.gate = RiskGate(
            risk or RiskSection(), self.books, self.control, simulated=simulated,
            closes=lambda exchange, product, ts: self.closes_at,
        )  # fmt: skip
        self.manager = OrderManager(
            self.bus, self.timers, self.venue, self.books, self.gate, self.section,
            ACCOUNT,
        )  # fmt: skip
        self.facts: list[Any] = []
        self.recorded: list[Event] = []
        self._intents = self._fills = 0
        for event, row in CATALOGUE.items():
            if row.lane is not Lane.MARKET:
                self.bus.subscribe(event, self.facts.append, actor="test", role="store")
        self.failures: list[HandlerFailed] = []
        """What handlers raised: the bus goes on without them, a test does not, unless ``lenient``.
        """
        self.lenient = False
        self.bus.subscribe(HandlerFailed, self.failures.append, actor="test", role="store")
        record = self.bus.record

        def keep(event: Event, *kind: Kind) -> None:
            self.recorded.append(event)
            record(event, *kind)

        self.bus.record = keep  # type: ignore[method-assign]
        for part in (self.books, self.control, self.manager):
            part.attach()
        if ready:
            self.open()

    def open(self) -> None:
        for id_ in STOCK:
            self.post(InstrumentListed(instrument(id_), START))
        self.post(TradingDayChanged("test", DAY, START))
        self.post(ConnectionChanged("test", Channel.TRADING, True, "", START))
        for id_ in STOCK:
            row = instrument(id_)
            self.post(PhaseChanged(row.exchange, row.product, Phase.CONTINUOUS, DAY, START, START))
        for id_ in STOCK:
            self.tick(id_, 3500.0)

    def post(self, event: Event) -> None:
        self.bus.post(event)
        self.bus.run_until_idle()
        assert self.lenient or not self.failures, self.failures

    def advance(self, seconds: float) -> None:
        """Event time goes on, timer by timer, as the pump does it."""
        end = self.clock.now() + int(seconds * SECOND)
        while (due := self.timers.due()) is not None and due <= end:
            self.clock.advance(due)
            self.timers.fire(due)
            self.bus.run_until_idle()
        self.clock.advance(end)
        assert self.lenient or not self.failures, self.failures

    def tick(self, id_: InstrumentId, price: float | None, **changes: Any) -> None:
        step = instrument(id_).tick_size
        now = self.clock.now()
        near = 3500.0 if price is None else price
        tick = Tick(
            id_, now, now, DAY, price, 1, None, None, near - step, 10, near + step, 10,
            upper_limit=round(near * 1.1, 1), lower_limit=round(near * 0.9, 1),
        )  # fmt: skip
        self.post(replace(tick, **changes))

    def intent(self, **changes: Any) -> SubmitOrder:
        self._intents += 1
        now = self.clock.now()
        made = SubmitOrder(
            OrderId(f"t-{self._intents}"), ACCOUNT, StrategyId("alpha"), RB, Side.BUY, 1, 3500.0,
            OrderKind.LIMIT, TimeInForce.GFD, None, now,
        )  # fmt: skip
        return replace(made, **changes)

    def submit(self, **changes: Any) -> OrderId:
        intent = self.intent(**changes)
        self.post(intent)
        return intent.intent_id

    def cancel(self, id_: OrderId) -> None:
        self.post(CancelOrder(id_, "test", self.clock.now()))

    def report(self, id_: OrderId, status: OrderStatus, traded: int = 0, **changes: Any) -> None:
        order = self.manager.order(id_)
        assert order is not None
        now = self.clock.now()
        made = OrderReported(
            id_, VenueOrderId(f"{id_:>12}"), order.instrument, status, traded, 0, "", now, now
        )
        self.post(replace(made, **changes))

    def trade_report(self, id_: OrderId, lots: int, price: float, **changes: Any) -> TradeReported:
        order = self.manager.order(id_)
        assert order is not None
        self._fills += 1
        now = self.clock.now()
        made = TradeReported(
            id_, None, TradeId(f"{self._fills:>12}"), order.instrument, order.side, order.offset,
            price, lots, self.books.trading_day, now, now,
        )  # fmt: skip
        return replace(made, **changes)

    def fill(self, id_: OrderId, price: float, lots: int | None = None) -> None:
        """The venue fills the order (by default all of it): report, then trade."""
        order = self.manager.order(id_)
        assert order is not None
        lots = order.remaining_lots if lots is None else lots
        done = order.traded_lots + lots
        full = done == order.lots
        status = OrderStatus.FILLED if full else OrderStatus.PARTIALLY_FILLED
        self.report(id_, status, done)
        self.post(self.trade_report(id_, lots, price))

    def trade(
        self, side: Side, lots: int, price: float = 3500.0, id_: InstrumentId = RB,
        strategy: str = "alpha", offset: Offset | None = None,
    ) -> OrderId:  # fmt: skip
        """An intent that the venue fills at once, all its parts."""
        intent = self.submit(
            side=side, lots=lots, price=price, instrument=id_, strategy=StrategyId(strategy),
            offset=offset,
        )  # fmt: skip
        for order in self.manager.registry.of_intent(intent):
            self.fill(order.id, price)
        return intent

    def seen(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if type(fact) is kind]

    def denials(self) -> set[str]:
        """Rules that denied anything so far."""
        return set(self.gate.denied)


__all__ = ["MILLISECOND", "Desk", "RecordingVenue", "account", "instrument", "venue_state"]
