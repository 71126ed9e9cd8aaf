"""A gateway of an imagined venue: one contract, one price level, fills at once or rests.

Everything that the venue says goes through ``post`` (ticks: ``admit``); what is asked returns
before it is answered. A real one would send over its line here, and post what comes back.
"""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from homalos.gateway.protocol import (
    Approved,
    LineHealth,
    OpaquePosition,
    VenueSnapshot,
)
from homalos.gateway.registry import GatewayKit
from homalos.model.enums import Channel, Direction, Offset, OrderStatus, Side, TimeInForce
from homalos.model.event import Event
from homalos.model.events import (
    CancelRejected,
    ConnectionChanged,
    InstrumentListed,
    OrderReported,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, InstrumentId, OrderId, TradeId, VenueOrderId
from homalos.model.market import Fees, Instrument, Rate, Tick
from homalos.model.trading import Account, Order, Position, Trade

DAY = 20260901
CASH = 1_000_000.0
MARGIN = 0.1
NOT_CONNECTED = -1
NOTHING_TO_CLOSE = 30
TOO_LATE = 26

CONTRACT = Instrument(
    id=InstrumentId("SHFE.rb2610"), exchange="SHFE", symbol="rb2610", product="rb",
    name="rb2610", multiplier=10.0, tick_size=1.0, min_lots=1, max_limit_lots=500,
    max_market_lots=30, long_margin=Rate(MARGIN), short_margin=Rate(MARGIN), fees=Fees(),
    delivery_month=202610, limit_ratio=0.1, splits_today=True, last_trading_day=20261015,
)  # fmt: skip


class ExampleGateway:
    """The factory of the entry point is the class itself."""

    name = "example"
    simulated = True

    def __init__(self, kit: GatewayKit) -> None:
        self._clock = kit.clock
        self._account = kit.account
        self._post: Callable[[Event], None] | None = None
        self._admit: Callable[[Tick], None] | None = None
        self._since = kit.clock.now()
        self._wanted: set[InstrumentId] = set()
        self._market: Tick | None = None
        # The venue's own books: they outlive the line.
        self._orders: dict[OrderId, Order] = {}
        self._trades: list[Trade] = []

    # ------------------------------------------------------------ the line

    def connect(self, post: Callable[[Event], None], admit: Callable[[Tick], None]) -> None:
        if self._post is not None:
            return
        self._post, self._admit, self._since = post, admit, self._clock.now()
        for channel in Channel:
            post(ConnectionChanged(self.name, channel, True, "", self._since))
        post(TradingDayChanged(self.name, DAY, self._since))
        post(InstrumentListed(CONTRACT, self._since))

    def close(self) -> None:
        post, self._post, self._admit = self._post, None, None
        if post is not None:
            self._since = self._clock.now()
            for channel in Channel:
                post(ConnectionChanged(self.name, channel, False, "closed", self._since))

    def subscribe(self, instruments: Iterable[InstrumentId]) -> None:
        self._wanted.update(instruments)

    def instruments(self) -> tuple[Instrument, ...]:
        return (CONTRACT,)

    def health(self) -> tuple[LineHealth, ...]:
        up = self._post is not None
        state = "ready" if up else "down"
        both = (Channel.TRADING, Channel.MARKET_DATA)
        return tuple(LineHealth(channel, up, state, self._since) for channel in both)

    def opaque_positions(self) -> tuple[OpaquePosition, ...]:
        return ()

    # ------------------------------------------------------------ requests

    def send(self, order: Approved[Order]) -> int:
        if self._post is None or self._market is None:
            return NOT_CONNECTED
        value = replace(
            order.value, status=OrderStatus.ACCEPTED, ts_event=self._clock.now(),
            venue_order_id=VenueOrderId(f"{len(self._orders) + 1:>12}"),
        )  # fmt: skip
        if value.offset is not Offset.OPEN:
            self._report(replace(
                value, status=OrderStatus.REJECTED, code=NOTHING_TO_CLOSE,
                message="nothing to close", venue_order_id=None,
            ))  # fmt: skip
            return 0
        self._report(value)
        self._match(value, self._market)
        return 0

    def cancel(self, order: Order) -> int:
        if self._post is None:
            return NOT_CONNECTED
        known = self._orders.get(order.id)
        alive = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
        if known is None or known.status not in alive:
            refusal = CancelRejected(order.id, TOO_LATE, "no live order", self._clock.now())
            self._post(refusal)
        else:
            self._report(replace(known, status=OrderStatus.CANCELLED))
        return 0

    def query(self, account: AccountId, done: Callable[[VenueSnapshot], None]) -> None:
        if self._post is not None and account == self._account:
            orders = tuple(self._orders.values())
            done(VenueSnapshot(DAY, self._money(), self._held(), orders, tuple(self._trades)))

    # ------------------------------------------------------------ the imagined venue

    def show(self, tick: Tick) -> None:
        """The venue's market moves; a real gateway reads this from its line."""
        self._market = tick
        if tick.instrument in self._wanted and self._admit is not None:
            self._admit(tick)

    def _match(self, order: Order, market: Tick) -> None:
        buys = order.side is Side.BUY
        price, size = (market.ask_price, market.ask_lots) if buys else (
            market.bid_price, market.bid_lots
        )  # fmt: skip
        lots = 0
        if price is not None and (order.price >= price if buys else order.price <= price):
            lots = min(size, order.lots)
        if order.tif is TimeInForce.FOK and lots < order.lots:
            lots = 0
        left = order.lots - lots
        status = OrderStatus.PARTIALLY_FILLED if lots else OrderStatus.ACCEPTED
        if not left:
            status = OrderStatus.FILLED
        elif order.tif is not TimeInForce.GFD:
            status = OrderStatus.CANCELLED
        if status is not order.status:
            self._report(replace(order, status=status, traded_lots=lots))
        if lots and price is not None:
            self._fill(order, lots, price)

    def _report(self, order: Order) -> None:
        """The state of an order always comes before the trade that made it."""
        self._orders[order.id] = order
        assert self._post is not None
        self._post(
            OrderReported(
                order.id, order.venue_order_id, order.instrument, order.status,
                order.traded_lots, order.code, order.message, order.ts_event, self._clock.now(),
            )
        )  # fmt: skip

    def _fill(self, order: Order, lots: int, price: float) -> None:
        now = self._clock.now()
        trade = Trade(
            TradeId(f"{len(self._trades) + 1:>12}"), order.id, order.account, order.strategy,
            order.instrument, order.side, order.offset, price, lots, 0.0, DAY, now, now,
            order.venue_order_id,
        )  # fmt: skip
        self._trades.append(trade)
        assert self._post is not None
        self._post(
            TradeReported(
                order.id, order.venue_order_id, trade.id, order.instrument, order.side,
                order.offset, price, lots, DAY, now, now,
            )
        )  # fmt: skip

    def _held(self) -> tuple[Position, ...]:
        rows = []
        for side, direction in ((Side.BUY, Direction.LONG), (Side.SELL, Direction.SHORT)):
            trades = [trade for trade in self._trades if trade.side is side]
            lots = sum(trade.lots for trade in trades)
            if not lots:
                continue
            cost = sum(trade.price * trade.lots for trade in trades) / lots
            margin = self._margin(cost, lots)
            rows.append(
                Position(
                    self._account, CONTRACT.id, direction, lots, 0, 0, 0, cost, cost, margin,
                    0.0, cost,
                )
            )  # fmt: skip
        return tuple(rows)

    def _money(self) -> Account:
        margin = sum(position.margin for position in self._held())
        frozen = sum(
            self._margin(order.price, order.remaining_lots)
            for order in self._orders.values()
            if order.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
        )
        free = CASH - margin - frozen
        return Account(
            self._account, DAY, CASH, 0.0, 0.0, 0.0, 0.0, 0.0, margin, frozen, 0.0, CASH, free,
            self._clock.now(),
        )  # fmt: skip

    @staticmethod
    def _margin(price: float, lots: int) -> float:
        return price * CONTRACT.multiplier * MARGIN * lots
