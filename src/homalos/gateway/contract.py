"""What every gateway keeps, whatever the venue: one abstract test class, for pytest.

A subclass gives ``Venue``: a gateway whose market shows a bid and an ask of the contract, that
takes orders now, and ``idle`` to let everything that was posted arrive. Needs pytest, and so is
imported by tests alone; see ``docs/gateways.md``.
"""

from abc import ABC, abstractmethod
from typing import Any

import pytest

from homalos.gateway.protocol import Approved, Gateway, VenueSnapshot
from homalos.model.enums import Channel, Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.event import Event
from homalos.model.events import (
    CancelRejected,
    ConnectionChanged,
    InstrumentListed,
    OrderReported,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import MANUAL, AccountId, InstrumentId, OrderId
from homalos.model.market import Tick
from homalos.model.trading import Order

__all__ = ["GatewayContract", "Venue"]


class Venue(ABC):
    """A gateway under test with its market in hand."""

    gateway: Gateway
    account: AccountId
    """With money, and without positions or orders."""
    instrument: InstrumentId
    """A contract in continuous trading."""
    bid: float
    """What ``market`` shows; on the contract's tick grid, one tick below ``ask``."""
    ask: float

    def __init__(self) -> None:
        self.posted: list[Event] = []
        self.admitted: list[Tick] = []

    def connect(self) -> None:
        self.gateway.connect(self.posted.append, self.admitted.append)
        self.idle()

    @abstractmethod
    def market(self) -> None:
        """Show a snapshot with ``bid`` and ``ask``, ten lots each."""

    @abstractmethod
    def idle(self) -> None:
        """Let all that is under way arrive."""

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.posted if isinstance(event, kind)]


class GatewayContract(ABC):
    """Derive, and give a fixture ``venue``: not connected yet."""

    @pytest.fixture
    @abstractmethod
    def venue(self, tmp_path: Any) -> Venue:
        """A venue in its trading hours."""

    def _order(self, venue: Venue, number: int = 1, **changes: Any) -> Order:
        values: dict[str, Any] = {
            "id": OrderId(f"9-{number:06d}"), "intent_id": OrderId(f"9-{number:06d}"),
            "account": venue.account, "strategy": MANUAL, "instrument": venue.instrument,
            "side": Side.BUY, "offset": Offset.OPEN, "kind": OrderKind.LIMIT,
            "tif": TimeInForce.GFD, "price": venue.bid, "lots": 2, "ts_init": 0,
        }  # fmt: skip
        return Order(**(values | changes))

    def _send(self, venue: Venue, order: Order) -> list[Any]:
        """Reports of the order, after all has arrived."""
        assert venue.gateway.send(Approved(order)) == 0
        venue.idle()
        return [r for r in venue.of(OrderReported) if r.order_id == order.id]

    # ------------------------------------------------------------ the line

    def test_connecting_tells_lines_day_and_contracts(self, venue: Venue) -> None:
        venue.connect()
        up = {event.channel: event.connected for event in venue.of(ConnectionChanged)}
        assert up == dict.fromkeys(Channel, True)
        assert len(venue.of(TradingDayChanged)) == 1
        listed = {event.instrument.id for event in venue.of(InstrumentListed)}
        assert venue.instrument in listed
        assert {item.id for item in venue.gateway.instruments()} >= listed
        order = [type(event) for event in venue.posted]
        assert order.index(ConnectionChanged) < order.index(TradingDayChanged)

    def test_nothing_leaves_without_a_line(self, venue: Venue) -> None:
        order = self._order(venue)
        assert venue.gateway.send(Approved(order)) < 0
        assert venue.gateway.cancel(order) < 0
        asked: list[VenueSnapshot] = []
        venue.gateway.query(venue.account, asked.append)
        venue.idle()
        assert asked == []
        assert venue.posted == []

    def test_closing_tells_both_lines_and_then_nothing(self, venue: Venue) -> None:
        venue.connect()
        venue.gateway.subscribe([venue.instrument])
        venue.gateway.close()
        down = [e for e in venue.of(ConnectionChanged) if not e.connected]
        assert {event.channel for event in down} == set(Channel)
        count, seen = len(venue.posted), len(venue.admitted)
        venue.market()
        assert venue.gateway.send(Approved(self._order(venue))) < 0
        venue.idle()
        assert (len(venue.posted), len(venue.admitted)) == (count, seen)

    def test_ticks_come_for_what_was_asked_and_once(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        assert venue.admitted == []
        venue.gateway.subscribe([venue.instrument])
        venue.gateway.subscribe([venue.instrument])
        venue.idle()
        venue.admitted.clear()
        venue.market()
        venue.idle()
        assert [tick.instrument for tick in venue.admitted] == [venue.instrument]

    def test_the_health_of_both_lines_is_told(self, venue: Venue) -> None:
        both = (Channel.TRADING, Channel.MARKET_DATA)
        assert tuple(line.channel for line in venue.gateway.health()) == both
        assert not any(line.ready for line in venue.gateway.health())
        venue.connect()
        assert all(line.ready and line.state for line in venue.gateway.health())
        assert venue.gateway.opaque_positions() == ()
        venue.gateway.close()
        assert not any(line.ready for line in venue.gateway.health())

    # ------------------------------------------------------------ orders

    def test_an_order_rests_and_is_cancelled(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue)
        reports = self._send(venue, order)
        assert reports[-1].status is OrderStatus.ACCEPTED
        assert reports[-1].venue_order_id
        assert venue.gateway.cancel(order) == 0
        venue.idle()
        last = venue.of(OrderReported)[-1]
        assert (last.order_id, last.status, last.traded_lots) == (
            order.id, OrderStatus.CANCELLED, 0,
        )  # fmt: skip

    def test_send_returns_before_anything_is_dispatched(self, venue: Venue) -> None:
        """An answer is posted, which queues it; it never calls back into the caller's stack with
        anything but ``post``."""
        venue.connect()
        venue.market()
        depth: list[int] = []
        venue.gateway.send(Approved(self._order(venue)))
        depth.append(len(venue.posted))
        venue.idle()
        assert depth

    def test_a_crossing_order_fills_and_its_trade_follows_the_state(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue, price=venue.ask)
        reports = self._send(venue, order)
        assert reports[-1].status is OrderStatus.FILLED
        assert reports[-1].traded_lots == 2
        (trade,) = venue.of(TradeReported)
        assert (trade.order_id, trade.side, trade.lots) == (order.id, Side.BUY, 2)
        assert trade.price == venue.ask
        assert trade.trading_day == venue.of(TradingDayChanged)[-1].trading_day
        assert venue.posted.index(trade) > venue.posted.index(reports[-1])

    def test_a_killed_order_ends_and_tells_its_trades(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue, price=venue.ask, lots=15, tif=TimeInForce.FAK)
        reports = self._send(venue, order)
        assert reports[-1].status is OrderStatus.CANCELLED
        lots = sum(t.lots for t in venue.of(TradeReported) if t.order_id == order.id)
        assert 0 < lots == reports[-1].traded_lots < 15

    def test_a_refused_order_says_why(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue, offset=Offset.CLOSE, side=Side.SELL, price=venue.ask)
        reports = self._send(venue, order)
        assert reports[-1].status is OrderStatus.REJECTED
        assert reports[-1].code != 0
        assert reports[-1].message
        assert venue.of(TradeReported) == []

    def test_reports_of_one_order_never_run_backwards(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        rank = {
            OrderStatus.SUBMITTED: 0, OrderStatus.ACCEPTED: 1, OrderStatus.PARTIALLY_FILLED: 2,
        }  # fmt: skip
        reports = self._send(venue, self._order(venue, price=venue.ask, lots=15))
        ranks = [rank.get(report.status, 3) for report in reports]
        traded = [report.traded_lots for report in reports]
        assert ranks == sorted(ranks)
        assert traded == sorted(traded)

    def test_a_cancel_that_comes_too_late_is_refused(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue, price=venue.ask)
        self._send(venue, order)
        assert venue.gateway.cancel(order) == 0
        venue.idle()
        (refusal,) = venue.of(CancelRejected)
        assert refusal.order_id == order.id
        assert refusal.code
        assert refusal.message

    # ------------------------------------------------------------ questions

    def test_a_query_tells_the_whole_state(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        filled, resting = self._order(venue, price=venue.ask), self._order(venue, 2)
        self._send(venue, filled)
        self._send(venue, resting)
        answers: list[VenueSnapshot] = []
        venue.gateway.query(venue.account, answers.append)
        venue.idle()
        (answer,) = answers
        assert answer.trading_day == venue.of(TradingDayChanged)[-1].trading_day
        assert {(o.id, o.status) for o in answer.orders} == {
            (filled.id, OrderStatus.FILLED),
            (resting.id, OrderStatus.ACCEPTED),
        }
        assert [(t.order_id, t.lots, t.price) for t in answer.trades] == [(filled.id, 2, venue.ask)]
        assert [(p.instrument, p.lots) for p in answer.positions] == [(venue.instrument, 2)]
        money = answer.account
        assert money.id == venue.account
        assert money.margin > 0
        assert money.frozen_margin > 0
        assert money.balance == pytest.approx(
            money.pre_balance + money.deposit - money.withdraw + money.closed_profit
            + money.position_profit - money.fees
        )  # fmt: skip
        nobody: list[VenueSnapshot] = []
        venue.gateway.query(AccountId("nobody"), nobody.append)
        assert nobody == []

    def test_orders_stay_at_the_venue_when_the_line_drops(self, venue: Venue) -> None:
        venue.connect()
        venue.market()
        order = self._order(venue)
        self._send(venue, order)
        venue.gateway.close()
        venue.connect()
        answers: list[VenueSnapshot] = []
        venue.gateway.query(venue.account, answers.append)
        venue.idle()
        assert [o.status for o in answers[0].orders] == [OrderStatus.ACCEPTED]
        assert venue.gateway.cancel(order) == 0
        venue.idle()
        assert venue.of(OrderReported)[-1].status is OrderStatus.CANCELLED
