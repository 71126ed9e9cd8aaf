"""Callbacks of a venue, doubled, shuffled, late: the books end the same."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from msgspec.structs import replace
from tests.property.test_books_against_twin import WIDE
from tests.unit.trading.desk import RB, Desk

from homalos.model.enums import OrderStatus, Side
from homalos.model.event import Event
from homalos.model.events import OrderReported, TradeFilled
from homalos.model.ids import OrderId, StrategyId, VenueOrderId
from homalos.trading.registry import is_open
from homalos.trading.states import RANK

S = OrderStatus


class Callbacks(RuleBasedStateMachine):
    """A venue that knows what really happened, and delivers its words in any order, repeatedly."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(risk=WIDE)
        self.desk.venue.snapshot = None
        self.words: list[Event] = []
        self.truth: dict[OrderId, int] = {}
        self.done: dict[OrderId, OrderStatus] = {}
        self.rank: dict[OrderId, int] = {}
        self.heard: set[str] = set()
        self.fills = 0

    @rule(target=orders, side=st.sampled_from(Side), lots=st.integers(1, 8))
    def submit(self, side: Side, lots: int) -> Any:
        sent = len(self.desk.venue.sent)
        self.desk.submit(side=side, lots=lots)
        parts = [order.id for order in self.desk.venue.sent[sent:]]
        self.truth.update(dict.fromkeys(parts, 0))
        return multiple(*parts)

    def _word(self, id_: OrderId, status: OrderStatus) -> None:
        now = self.desk.clock.now()
        self.words.append(
            OrderReported(
                id_, VenueOrderId(f"{id_:>12}"), RB, status, self.truth[id_], 0, "", now, now
            )
        )

    @rule(id_=orders)
    def accepted(self, id_: OrderId) -> None:
        if id_ not in self.done:
            self._word(id_, S.ACCEPTED if not self.truth[id_] else S.PARTIALLY_FILLED)

    @rule(id_=orders, lots=st.integers(1, 8), price=st.integers(3400, 3600))
    def fills_at_the_venue(self, id_: OrderId, lots: int, price: int) -> None:
        order = self.desk.manager.order(id_)
        assert order is not None
        lots = min(lots, order.lots - self.truth[id_])
        if id_ in self.done or lots <= 0:
            return
        self.truth[id_] += lots
        self.fills += 1
        trade = self.desk.trade_report(id_, lots, float(price))
        self.words.append(replace(trade, trade_id=f"{self.fills:>12}"))
        full = self.truth[id_] == order.lots
        if full:
            self.done[id_] = S.FILLED
        self._word(id_, S.FILLED if full else S.PARTIALLY_FILLED)

    @rule(id_=orders)
    def dies_at_the_venue(self, id_: OrderId) -> None:
        if id_ not in self.done:
            self.done[id_] = S.CANCELLED
            self._word(id_, S.CANCELLED)

    @rule(index=st.integers(0, 10_000))
    def hear_any_word_again(self, index: int) -> None:
        if self.words:
            word = self.words[index % len(self.words)]
            self.heard.add(repr(word))
            self.desk.post(word)

    @rule(seconds=st.integers(1, 10))
    def time_passes(self, seconds: int) -> None:
        self.desk.advance(seconds)

    @invariant()
    def an_order_never_goes_back(self) -> None:
        for order in self.desk.manager.orders():
            assert RANK[order.status] >= self.rank.get(order.id, 0)
            self.rank[order.id] = RANK[order.status]
            assert order.booked_lots <= order.traded_lots <= order.lots

    @invariant()
    def books_are_the_sum_of_the_trades_heard(self) -> None:
        trades = [fact.trade for fact in self.desk.seen(TradeFilled)]
        assert len({trade.id for trade in trades}) == len(trades)
        net = sum(trade.side.sign * trade.lots for trade in trades)
        assert self.desk.books.book(StrategyId("alpha"), RB).net_lots == net

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        sent = [order.id for order in self.desk.venue.sent]
        assert len(set(sent)) == len(sent)

    def teardown(self) -> None:
        """When all has been heard, in whatever order, all is as it was at the venue."""
        for word in reversed(self.words):
            self.desk.post(word)
        for id_, traded in self.truth.items():
            order = self.desk.manager.order(id_)
            assert order is not None
            assert (order.traded_lots, order.booked_lots) == (traded, traded)
            if id_ in self.done:
                assert order.status is self.done[id_]
                assert not is_open(order)
        if set(self.done) == set(self.truth):
            assert self.desk.books.account().frozen_margin == 0
            assert self.desk.manager.registry.open_count == 0


Callbacks.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestCallbacks = Callbacks.TestCase
