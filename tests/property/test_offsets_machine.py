"""Three books in any modes and the trader's share one account, on each kind of exchange: at every
moment that an order leaves, what it closes is there, is free, and is nobody else's."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.property.test_books_against_twin import WIDE
from tests.unit.trading.desk import IF, RB, Desk, M, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import Approved
from homalos.market.lot_rules import takes_today
from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.events import OrderDenied, TradeReported, TradingDayChanged
from homalos.model.ids import MANUAL, UNATTRIBUTED, InstrumentId, StrategyId, TradeId
from homalos.model.trading import Order
from homalos.trading.contract import Contract
from homalos.trading.offsets import BookMode
from homalos.trading.states import LIVE
from homalos.trading.strategy_book import NetBook

S = OrderStatus
NAMES = tuple(map(StrategyId, "abc"))
OWNERS = (*NAMES, MANUAL)
MODES = st.sampled_from(["own", "own", "net", "lock"])
INDEX = st.integers(0, 10_000)


class Offsets(RuleBasedStateMachine):
    """``id_``: the contract, of an exchange of its kind."""

    id_: InstrumentId

    def __init__(self) -> None:
        super().__init__()
        section = TradingSection(reconcile_s=0)
        self.desk = desk = Desk(ready=False, risk=WIDE, trading=section)
        desk.venue.snapshot = venue_state(balance=1e9)
        desk.open()
        desk.venue.snapshot = None
        self.exits: set[str] = set()
        self.foreign = 0
        send = desk.venue.send

        def watched(order: Approved[Order]) -> int:
            self.is_free(order.value)
            return send(order)

        desk.venue.send = watched  # type: ignore[method-assign]

    @initialize(modes=st.tuples(MODES, MODES, MODES))
    def chosen(self, modes: tuple[BookMode, ...]) -> None:
        for name, mode in zip(NAMES, modes, strict=True):
            self.desk.books.strategies.set_mode(name, mode)

    @property
    def contract(self) -> Contract:
        contract = self.desk.books.contract(self.id_)
        assert contract is not None
        return contract

    def book(self, owner: StrategyId) -> NetBook:
        return self.desk.books.net_book(owner, self.id_, self.contract.multiplier)

    # ------------------------------------------------------------ what is done

    @rule(
        owner=st.sampled_from(OWNERS), side=st.sampled_from(Side), lots=st.integers(1, 9),
        fills=st.booleans(),
    )  # fmt: skip
    def submit(self, owner: StrategyId, side: Side, lots: int, fills: bool) -> None:
        denied = len(self.desk.seen(OrderDenied))
        id_ = self.desk.submit(instrument=self.id_, strategy=owner, side=side, lots=lots)
        new = self.desk.seen(OrderDenied)[denied:]
        assert not new, f"it closes what it may and opens the rest: {new[0].denials}"
        if fills:
            for order in self.desk.manager.registry.of_intent(id_):
                self.desk.fill(order.id, 3500.0)

    @rule(owner=st.sampled_from(OWNERS), lots=st.integers(1, 9), wrong=st.booleans())
    def exits_by(self, owner: StrategyId, lots: int, wrong: bool) -> None:
        """``wrong``: by the side that would add to the book."""
        side = Side.SELL if (self.book(owner).net > 0) is not wrong else Side.BUY
        book = self.book(owner)
        can = book.closable(side)
        id_ = self.desk.submit(
            instrument=self.id_, strategy=owner, side=side, lots=lots, offset=Offset.CLOSE
        )
        sent = self.desk.manager.registry.of_intent(id_)
        if book.mode == "own":
            assert all(order.offset is not Offset.OPEN for order in sent), "an exit never opens"
            assert sum(order.lots for order in sent) == min(lots, can), "all of it that is there"

    @precondition(lambda self: self._live())
    @rule(index=INDEX, lots=st.integers(1, 9), all_=st.booleans())
    def fill(self, index: int, lots: int, all_: bool) -> None:
        live = self._live()
        order = live[index % len(live)]
        left = order.remaining_lots
        self.desk.fill(order.id, 3500.0, left if all_ else min(lots, left))

    @precondition(lambda self: self._live())
    @rule(index=INDEX, rejects=st.booleans())
    def end(self, index: int, rejects: bool) -> None:
        live = self._live()
        order = live[index % len(live)]
        rejects = rejects and not order.traded_lots
        self.desk.report(order.id, S.REJECTED if rejects else S.CANCELLED, order.traded_lots)

    @rule(side=st.sampled_from(Side), lots=st.integers(1, 5), closes=st.booleans())
    def another_terminal(self, side: Side, lots: int, closes: bool) -> None:
        """It opens, or closes lots that are free and nobody's here."""
        offset = Offset.OPEN
        if closes:
            lots = min(lots, self._nobodys(side))
            offset = Offset.CLOSE_TODAY if self.contract.instrument.splits_today else Offset.CLOSE
        if lots <= 0:
            return
        self.foreign += 1
        desk, now = self.desk, self.desk.clock.now()
        desk.post(
            TradeReported(
                None, None, TradeId(f"x{self.foreign}"), self.id_, side, offset, 3500.0, lots,
                desk.books.trading_day, now, now,
            )
        )  # fmt: skip

    def _nobodys(self, side: Side) -> int:
        """Lots that no book claims: what the account has free, less what the books may close."""
        closing = self.contract.closing(side)
        today = True if self.contract.instrument.splits_today else None
        claimed = sum(self.book(owner).claim(side) for owner in OWNERS)
        return min(closing.closable(today), closing.closable(None) - claimed)

    @rule()
    def day(self) -> None:
        day = self.desk.books.trading_day + 1
        self.desk.post(TradingDayChanged("test", day, self.desk.clock.now()))
        assert self.desk.manager.live() == ()

    def _live(self) -> list[Order]:
        return [order for order in self.desk.manager.live() if order.status in LIVE]

    # ------------------------------------------------------------ as an order leaves

    def is_free(self, order: Order) -> None:
        """Asked when the order is booked already and has not left."""
        if order.offset is Offset.OPEN:
            return
        splits = self.contract.instrument.splits_today
        closing, book = self.contract.closing(order.side), self.book(order.strategy)
        today = takes_today(order.offset, splits)
        assert (today is None) is not splits, "the offset is one of this exchange's"
        if today is None:
            have, bound = closing.lots, closing.frozen
        elif today:
            have, bound = closing.today, closing.frozen_today
        else:
            have, bound = closing.yesterday, closing.frozen_yesterday
        assert bound <= have, "never more closed than held"
        mine = book.net if order.side is Side.SELL else -book.net
        working = book.working.close_sell if order.side is Side.SELL else book.working.close_buy
        if book.mode == "own":
            assert working <= mine, "its own lots alone"
        if book.mode == "lock":
            assert today is False or not closing.charged_today, "it would pay the close-today fee"
        claimed = sum(
            other.claim(order.side)
            for other in map(self.book, OWNERS)
            if other is not book and other.mode != "net"
        )
        if book.mode != "own":
            assert claimed <= closing.lots - closing.frozen, "and never another's"

    # ------------------------------------------------------------ what always holds

    @invariant()
    def books_and_account_are_equal(self) -> None:
        nets = [self.book(owner).net for owner in (*OWNERS, UNATTRIBUTED)]
        assert sum(nets) == self.contract.net
        assert self.desk.books.missing_lots == 0

    @invariant()
    def what_is_bound_is_what_works(self) -> None:
        due: Counter[tuple[Side, bool | None]] = Counter()
        splits = self.contract.instrument.splits_today
        for order in self.desk.manager.live():
            if order.offset is not Offset.OPEN:
                left = order.lots - order.booked_lots
                due[order.side, takes_today(order.offset, splits)] += left
        for side in Side:
            closing = self.contract.closing(side)
            by_day = (closing.frozen_today, closing.frozen_yesterday)
            assert by_day == (due[side, True], due[side, False])
            assert closing.frozen == sum(by_day) + due[side, None]
            assert 0 <= closing.frozen <= closing.lots
            assert 0 <= closing.frozen_today <= closing.today
            assert 0 <= closing.frozen_yesterday <= closing.yesterday

    @invariant()
    def own_lots_are_there(self) -> None:
        """Of every book that claims its own, whatever the others close and net."""
        books = [book for book in map(self.book, OWNERS) if book.mode == "own"]
        assert self.contract.long.lots >= sum(max(0, book.net) for book in books)
        assert self.contract.short.lots >= sum(max(0, -book.net) for book in books)

    def teardown(self) -> None:
        for order in self._live():
            self.desk.report(order.id, S.CANCELLED, order.traded_lots)
        self.what_is_bound_is_what_works()
        assert self.desk.manager.live() == ()
        assert self.desk.books.reservations.state() == ()


@pytest.mark.parametrize("id_", [RB, IF, M])
def test_offsets(id_: InstrumentId) -> None:
    class Here(Offsets):
        pass

    Here.id_ = id_
    run_state_machine_as_test(
        Here, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )
