"""Gateway ``sim``: the first door of the simulated exchange, in process.

What the exchange says enters the bus by ``post`` alone, like any venue's word, so ``send`` returns
before anybody has handled its answer. The exchange acts at the instant that the bus clock shows.
"""

from collections.abc import Callable, Iterable

from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import LedgerError
from homalos.exchange.records import CancelRefused, Fill, NewOrder, OrderReport, VenueOrder
from homalos.gateway.protocol import (
    Approved,
    Gateway,
    LineHealth,
    OpaquePosition,
    VenueSnapshot,
)
from homalos.kernel.clock import Clock
from homalos.model.enums import Channel, Phase
from homalos.model.event import Event
from homalos.model.events import (
    CancelRejected,
    ConnectionChanged,
    InstrumentListed,
    OrderReported,
    PhaseChanged,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, AccountId, InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order, Trade

NOT_CONNECTED = -1
"""CTP's return code of a request that never left."""


class SimGateway(Gateway):
    """See the module. The exchange is opened (``Exchange.open``) before ``connect``."""

    name = "sim"
    simulated = True

    def __init__(self, clock: Clock, exchange: Exchange, account: AccountId) -> None:
        self._clock = clock
        self._exchange = exchange
        self._account = account
        self._post: Callable[[Event], None] | None = None
        self._admit: Callable[[Tick], None] | None = None
        self._wanted: set[InstrumentId] = set()
        self._since = clock.now()
        self._why = ""
        exchange.listen(self)

    # ------------------------------------------------------------ the line

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        """Log in: both lines up, the trading day, the contracts, the phases. A second call while
        connected changes nothing. Where the exchange is gone, both lines stay down."""
        if self._post is not None:
            return
        self._post, self._admit = post, admit
        try:
            self._exchange.open_account(self._account)
        except LedgerError:
            assert self._exchange.lost  # and it has told us so
        if self._exchange.lost:
            self._hang_up(self._exchange.lost)
            return
        now = self._since = self._clock.now()
        self._why = ""
        for channel in Channel:
            post(ConnectionChanged(self.name, channel, True, "", now))
        post(TradingDayChanged(self.name, self._exchange.trading_day, now))
        for item in self._exchange.instruments():
            post(InstrumentListed(item, now))
        for floor in self._exchange.floors():
            post(
                PhaseChanged(
                    floor.exchange, floor.product, floor.phase, floor.trading_day, now, now
                )
            )

    def close(self) -> None:
        """Hang up. Orders stay in the exchange, as they would at any."""
        self._hang_up("closed")

    def _hang_up(self, reason: str) -> None:
        """Both lines down, told once; nothing is taken or told after it."""
        post, self._post, self._admit = self._post, None, None
        if post is not None:
            now = self._since = self._clock.now()
            self._why = reason
            for channel in Channel:
                post(ConnectionChanged(self.name, channel, False, reason, now))

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self._wanted.update(instruments)

    def feed(self, tick: Tick) -> None:
        """A snapshot of the market: the exchange matches and reports, then we are told of it."""
        self._exchange.on_market(tick)
        if tick.instrument in self._wanted and self._admit is not None:
            self._admit(tick)

    # ------------------------------------------------------------ requests

    def send(self, order: Approved[Order]) -> int:
        if self._post is None:
            return NOT_CONNECTED
        value = order.value
        request = NewOrder(
            value.account, value.id, value.instrument, value.side, value.offset, value.kind,
            value.tif, value.price, value.lots,
        )  # fmt: skip
        self._exchange.insert(request)
        return 0

    def cancel(self, order: Order) -> int:
        if self._post is None:
            return NOT_CONNECTED
        self._exchange.cancel(order.account, order.id)
        return 0

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        """Answers at once; not at all without a line, or where there is no such account."""
        if self._post is None:
            return
        exchange = self._exchange
        try:
            money = exchange.account(account)
        except LookupError:
            return
        done(
            VenueSnapshot(
                exchange.trading_day,
                money,
                (*exchange.positions(account), *exchange.board.left(account)),
                tuple(_order(order) for order in exchange.orders(account)),
                tuple(_trade(fill) for fill in exchange.fills(account)),
            )
        )

    def instruments(self) -> tuple[Instrument, ...]:
        return self._exchange.instruments()

    def health(self) -> tuple[LineHealth, ...]:
        up = self._post is not None
        state = "ready" if up else "down"
        return tuple(
            LineHealth(channel, up, state, self._since, 0, self._why)
            for channel in (Channel.TRADING, Channel.MARKET_DATA)
        )

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        """None: this exchange lists futures alone."""
        return ()

    # ------------------------------------------------------------ the exchange speaks

    def on_order(self, report: OrderReport) -> None:
        if self._post is not None and report.account == self._account:
            self._post(
                OrderReported(
                    report.order_id,
                    report.venue_order_id,
                    report.instrument,
                    report.status,
                    report.traded_lots,
                    report.code,
                    report.message,
                    report.ts_event,
                    self._clock.now(),
                )
            )

    def on_trade(self, fill: Fill) -> None:
        if self._post is not None and fill.account == self._account:
            self._post(
                TradeReported(
                    fill.order_id,
                    fill.venue_order_id,
                    fill.trade_id,
                    fill.instrument,
                    fill.side,
                    fill.offset,
                    fill.price,
                    fill.lots,
                    fill.trading_day,
                    fill.ts_event,
                    self._clock.now(),
                )
            )

    def on_cancel_refused(self, refusal: CancelRefused) -> None:
        if self._post is not None and refusal.account == self._account:
            self._post(
                CancelRejected(refusal.order_id, refusal.code, refusal.message, self._clock.now())
            )

    def on_listed(self, instrument: Instrument) -> None:
        if self._post is not None:
            self._post(InstrumentListed(instrument, self._clock.now()))

    def on_delisted(self, instrument: Instrument) -> None:
        """The answer to the new day's question tells it: see ``query``."""

    def on_phase(
        self, exchange: str, product: str, phase: Phase, trading_day: int, ts: int
    ) -> None:
        if self._post is not None:
            self._post(PhaseChanged(exchange, product, phase, trading_day, ts, self._clock.now()))

    def on_trading_day(self, trading_day: int, ts: int) -> None:
        if self._post is not None:
            self._post(TradingDayChanged(self.name, trading_day, self._clock.now()))

    def on_lost(self, reason: str) -> None:
        self._hang_up(reason)


def _order(order: VenueOrder) -> Order:
    """As the venue knows it: whose strategy it was, only the core can tell."""
    return Order(
        id=order.id,
        intent_id=order.id,
        account=order.account,
        strategy=UNATTRIBUTED,
        instrument=order.instrument,
        side=order.side,
        offset=order.offset,
        kind=order.kind,
        tif=order.tif,
        price=order.price,
        lots=order.lots,
        ts_init=order.ts_init,
        status=order.status,
        traded_lots=order.traded,
        venue_order_id=order.venue_order_id,
        code=order.code,
        message=order.message,
        ts_event=order.ts_event,
    )


def _trade(fill: Fill) -> Trade:
    return Trade(
        id=fill.trade_id,
        order_id=fill.order_id,
        account=fill.account,
        strategy=UNATTRIBUTED,
        instrument=fill.instrument,
        side=fill.side,
        offset=fill.offset,
        price=fill.price,
        lots=fill.lots,
        fee=fill.fee,
        trading_day=fill.trading_day,
        ts_event=fill.ts_event,
        ts_init=fill.ts_event,
        venue_order_id=fill.venue_order_id,
        closed_profit=fill.closed_profit,
        closed_profit_by_trade=fill.closed_by_trade,
    )
