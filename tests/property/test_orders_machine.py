"""Orders against a venue that loses, doubles, delays and reorders its words, refuses cancels, is
cut off and comes back, and at which others trade too.

Whatever it does, no reconciliation may see a difference: all that differs has an explanation, late
or lost words. Everything trades at one price, so the venue's figures need no ledger.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.property.test_books_against_twin import WIDE
from tests.property.venue_model import OPENING, PRICE, Held, ModelVenue
from tests.unit.trading.desk import RB, START, Desk, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import (
    Channel,
    Direction,
    Offset,
    OrderKind,
    OrderStatus,
    Side,
    TimeInForce,
    TradingState,
)
from homalos.model.events import (
    CancelOrder,
    ConnectionChanged,
    Reconciled,
    ReplaceOrder,
    SetTradingState,
    TradeFilled,
)
from homalos.model.ids import UNATTRIBUTED, OrderId, StrategyId
from homalos.model.trading import Order
from homalos.trading.registry import is_open
from homalos.trading.states import LIVE, TABLE

S = OrderStatus
OWNERS = (StrategyId("alpha"), StrategyId("beta"))
MOVES = {(before, after) for (before, _), after in TABLE.items()}
INDEX = st.integers(0, 10_000)
PRICES = st.integers(3495, 3505).map(float)
FATES = ("arrives", "arrives", "arrives", "refused", "lost", "raises")


class Orders(RuleBasedStateMachine):
    """The real desk before ``ModelVenue``."""

    def __init__(self) -> None:
        super().__init__()
        section = TradingSection(reconcile_s=20, unresolved_after_ms=3_000, auto_arm="on")
        self.desk = Desk(ready=False, risk=WIDE, trading=section, simulated=False)
        self.venue = ModelVenue()
        self._put_in()
        self.desk.open()
        self._answer_all()
        self.desk.post(SetTradingState(TradingState.ACTIVE, "test", "test", START))
        self.wish: dict[OrderId, int] = {}
        self.numbers = 0
        self.moves: list[tuple[OrderStatus, OrderStatus]] = []
        self._watch()

    def _put_in(self) -> None:
        """The model for the desk's recording venue, in every part that holds it."""
        desk, venue = self.desk, self.venue
        venue.now = desk.clock.now
        manager = desk.manager
        for part in (manager, manager.cancels, manager.sync, manager.sync.adjusting):
            part._gateway = venue
        desk.venue = venue
        self.venue.snapshot = venue_state(balance=OPENING)

    def _watch(self) -> None:
        manager, store = self.desk.manager, self.desk.manager.store

        def watched(before: Order, after: Order, **words: Any) -> None:
            known = manager.registry.get(before.id)
            if known is not None:
                self.moves.append((known.status, after.status))
            store(before, after, **words)

        manager.store = watched  # type: ignore[method-assign]

    # ------------------------------------------------------------ wishes

    @rule(
        owner=st.sampled_from(OWNERS), side=st.sampled_from(Side), lots=st.integers(1, 6),
        price=PRICES, fate=st.sampled_from(FATES),
        tif=st.sampled_from([TimeInForce.GFD, TimeInForce.GFD, TimeInForce.FAK]),
        seconds=st.sampled_from([0, 0, 4]), ready=st.sampled_from([True, True, True, False]),
    )  # fmt: skip
    def submit(
        self, owner: StrategyId, side: Side, lots: int, price: float, fate: str, tif: TimeInForce,
        seconds: int, ready: bool,
    ) -> None:  # fmt: skip
        """``ready``: nothing keeps it from leaving."""
        if ready:
            self._be_ready()
        self.venue.fate = fate
        intent = self.desk.intent(
            strategy=owner, side=side, lots=lots, price=price, tif=tif, timeout_ms=seconds * 1000
        )
        self.wish[intent.intent_id] = lots
        self.desk.post(intent)
        self.venue.fate = "arrives"
        self.desk.post(intent)  # the same one again is nothing

    @precondition(lambda self: self.wish)
    @rule(index=INDEX, price=PRICES, lots=st.none() | st.integers(1, 8))
    def replace(self, index: int, price: float, lots: int | None) -> None:
        id_ = [*self.wish][index % len(self.wish)]
        self.wish[id_] = max(self.wish[id_], lots or 0)
        self.desk.post(ReplaceOrder(id_, price, lots, "test", self.desk.clock.now()))

    @precondition(lambda self: self.wish)
    @rule(index=INDEX)
    def cancel(self, index: int) -> None:
        """Nothing holds it, whatever the trading state: it leaves where the venue can name it."""
        works = [order.intent_id for order in self.desk.manager.live() if order.venue_order_id]
        ids = works or [*self.wish]
        id_ = ids[index % len(ids)]
        before = list(self.venue.cancelled)
        due = [
            order.id
            for order in self.desk.manager.registry.of_intent(id_)
            if order.status in LIVE and not order.cancel_requested and order.venue_order_id
        ]
        self.desk.post(CancelOrder(id_, "test", self.desk.clock.now()))
        if self.venue.up:
            assert self.venue.cancelled == before + due

    # ------------------------------------------------------------ the venue

    @rule(
        what=st.sampled_from(
            ["accepts", "dies", "rejects", "cancels", "cancels", "fills", "fills", "fills"]
        ),
        index=INDEX, lots=st.integers(1, 6), refused=st.sampled_from([0, 0, 0, 116]),
    )  # fmt: skip
    def the_venue(self, what: str, index: int, lots: int, refused: int) -> None:
        """Something happens to one of the orders that work there; nothing of it is heard yet."""
        venue = self.venue
        if what == "cancels":
            if venue.cancels:
                venue.take_cancel(venue.cancels.pop(index % len(venue.cancels)), refused)
            return
        alive = [held for held in venue.held.values() if not held.over]
        if not alive:
            return
        held = alive[index % len(alive)]
        if what == "fills":
            venue.fill(held, min(lots, held.left))
        elif what == "accepts" and held.status is S.SUBMITTED:
            venue.say(held, S.ACCEPTED)
        elif what == "dies":
            venue.say(held, S.CANCELLED)
        elif what == "rejects" and not held.traded:
            venue.say(held, S.REJECTED)

    @rule(side=st.sampled_from(Side), lots=st.integers(1, 4), rests=st.booleans())
    def another_terminal(self, side: Side, lots: int, rests: bool) -> None:
        """It opens, or closes lots that nobody of ours holds."""
        nobodys = -side.sign * self.desk.books.book(UNATTRIBUTED, RB).net_lots
        closes = not rests and lots <= min(nobodys, self.venue.closable(side))
        self.numbers += 1
        order = Order(
            OrderId(f"f{self.numbers}"), OrderId(""), self.desk.manager.account_id, UNATTRIBUTED,
            RB, side, Offset.CLOSE_TODAY if closes else Offset.OPEN, OrderKind.LIMIT,
            TimeInForce.GFD, PRICE, lots, self.desk.clock.now(),
        )  # fmt: skip
        held = self.venue.held[order.id] = Held(order, foreign=True)
        self.venue.say(held, S.ACCEPTED)
        if not rests:
            self.venue.fill(held, lots)

    # ------------------------------------------------------------ what is heard, and when

    @rule(how=st.sampled_from(["in order", "in order", "any", "again"]), index=INDEX)
    def hears(self, how: str, index: int) -> None:
        words = self.venue.words
        if not (words and self.venue.up):
            return
        if how == "in order":
            for _ in range(min(len(words), 1 + index % 6)):
                self.desk.post(words.pop(0))
        else:
            place = index % len(words)
            self.desk.post(words[place] if how == "again" else words.pop(place))

    def _hear_all(self) -> None:
        while self.venue.words:
            self.desk.post(self.venue.words.pop(0))

    @rule(ask=st.booleans(), makes=st.booleans(), hears=st.booleans(), index=INDEX)
    def an_answer(self, ask: bool, makes: bool, hears: bool, index: int) -> None:
        """Of what is so when it is made; it may be heard much later."""
        if ask:
            self.desk.manager.sync.request("test")
        if makes:
            self._make_answer()
        if hears:
            self._hear_answer(index)

    def _make_answer(self) -> None:
        if self.venue.questions:
            done = self.venue.questions.pop(0)
            self.venue.answers.append((done, self.venue.snapshot_now()))

    def _hear_answer(self, index: int) -> None:
        if self.venue.answers:
            done, answer = self.venue.answers.pop(index % len(self.venue.answers))
            done(answer)
            self.desk.bus.run_until_idle()

    def _answer_all(self) -> None:
        for _ in range(20):
            self._make_answer()
            self._hear_answer(0)

    @rule(what=st.sampled_from(["line", "line", "line forgets", *TradingState]))
    def trouble(self, what: str) -> None:
        """The line goes, or comes back; a person halts trading, or lets it go on."""
        now = self.desk.clock.now()
        if isinstance(what, TradingState):
            self.desk.post(SetTradingState(what, "test", "test", now))
        elif not self.venue.up:
            self._line_comes()
        else:
            self.venue.cut(what == "line forgets")
            self.desk.post(ConnectionChanged("test", Channel.TRADING, False, "", now))

    def _line_comes(self) -> None:
        self.venue.up = True
        now = self.desk.clock.now()
        self.desk.post(ConnectionChanged("test", Channel.TRADING, True, "", now))

    def _be_ready(self) -> None:
        if not self.venue.up:
            self._line_comes()
        if self.desk.control.state is not TradingState.ACTIVE:
            now = self.desk.clock.now()
            self.desk.post(SetTradingState(TradingState.ACTIVE, "test", "test", now))
        self.desk.tick(RB, PRICE)

    @rule(seconds=st.sampled_from([0.1, 1, 5, 40]))
    def time_passes(self, seconds: float) -> None:
        self.desk.advance(seconds)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def states_change_by_the_table_alone(self) -> None:
        assert {move for move in self.moves if move[0] is not move[1]} <= MOVES
        self.moves.clear()

    @invariant()
    def no_more_is_filled_than_was_ordered(self) -> None:
        for order in self.desk.manager.orders():
            assert 0 <= order.booked_lots <= order.traded_lots <= order.lots

    @invariant()
    def never_a_lot_more_than_was_wished(self) -> None:
        for id_, lots in self.wish.items():
            orders = self.desk.manager.registry.of_intent(id_)
            assert sum(_bound(order) for order in orders) <= lots

    @invariant()
    def what_works_is_reserved_and_nothing_else(self) -> None:
        """In each count that a reservation has; nothing works, nothing is reserved."""
        books, working = self.desk.books, [o for o in self.desk.manager.orders() if is_open(o)]
        assert self.desk.manager.registry.open_count == len(working)
        contract, held = books.contract(RB), books.reservations
        assert contract is not None
        due = {(side, opens): 0 for side in Side for opens in (True, False)}
        for order in working:
            alive = order.lots if order.status in LIVE else order.traded_lots
            due[order.side, order.offset is Offset.OPEN] += alive - order.booked_lots
        opens = due[Side.BUY, True] + due[Side.SELL, True]
        assert held.open_lots == opens
        assert contract.working.state() == (
            due[Side.BUY, True], due[Side.SELL, True], due[Side.BUY, False], due[Side.SELL, False],
        )  # fmt: skip
        assert (contract.long.frozen, contract.short.frozen) == (
            due[Side.SELL, False], due[Side.BUY, False],
        )  # fmt: skip
        for value in (held.margin, held.fees, held.open_cents, *held.side_cents):
            assert value >= 0
        if not any(due.values()):
            assert (held.margin, held.fees, held.open_cents) == (0, 0, 0)
            assert held.side_cents == [0, 0]

    @invariant()
    def positions_are_the_sum_of_the_fills(self) -> None:
        trades = [fact.trade for fact in self.desk.seen(TradeFilled)]
        assert len({trade.id for trade in trades}) == len(trades)
        for owner in (*OWNERS, UNATTRIBUTED):
            net = sum(t.side.sign * t.lots for t in trades if t.strategy == owner)
            assert self.desk.books.book(owner, RB).net_lots == net
        contract = self.desk.books.contract(RB)
        assert contract is not None
        assert contract.net == sum(t.side.sign * t.lots for t in trades)
        assert self.desk.books.missing_lots == 0

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        sent = [order.id for order in self.venue.sent]
        assert len(set(sent)) == len(sent)

    @invariant()
    def no_difference_is_seen(self) -> None:
        """But that an order which never arrived is live in the books only, before it is given up:
        then trading stands still."""
        found = {text for fact in self.desk.seen(Reconciled) for text in fact.differences}
        lost = [order.id for order in self.venue.sent if order.id not in self.venue.held]
        known = {f"order {id_} (SHFE {id_}) is live in the books only" for id_ in lost}
        assert found - known == set(), found - known

    @invariant()
    def nothing_failed(self) -> None:
        assert [f for f in self.desk.facts if type(f).__name__ == "HandlerFailed"] == []

    def teardown(self) -> None:
        """The line is up, everything ends, is told and asked after: all is as at the venue."""
        self._line_comes()
        for _ in range(12):
            for held in self.venue.held.values():
                if not held.over:
                    self.venue.say(held, S.CANCELLED)
            self._hear_all()
            self._answer_all()
            self.desk.advance(10)
        for held in self.venue.held.values():
            id_, name = held.order.id, held.name
            order = self.desk.manager.registry.find(None if held.foreign else id_, RB, name)
            assert order is not None, held
            assert (order.status, order.traded_lots) == (held.status, held.traded)
        for order in self.venue.sent:
            known = self.desk.manager.order(order.id)
            assert known is not None
            assert not is_open(known)
            assert order.id in self.venue.held or known.status is S.REJECTED, "it never arrived"
        contract = self.desk.books.contract(RB)
        assert contract is not None
        there = (self.venue.lots(Direction.LONG), self.venue.lots(Direction.SHORT))
        assert (contract.long.lots, contract.short.lots) == there
        self.what_works_is_reserved_and_nothing_else()
        self.positions_are_the_sum_of_the_fills()
        self.no_difference_is_seen()
        assert self.desk.seen(Reconciled)[-1].agreed


def _bound(order: Order) -> int:
    if order.status in LIVE:
        return order.lots
    return order.traded_lots


Orders.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestOrders = Orders.TestCase
