"""Time-outs, chases, tries, replacements and holds against a venue that answers late and in any
order: never two rounds at a time, never a lot too many, never an exit that opens; a strategy's own
count is the core's; and the journal knows it all."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.property.test_books_against_twin import WIDE
from tests.unit.trading.desk import DAY, RB, Desk

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import (
    CrossingPolicy,
    IntentStage,
    Offset,
    OnTimeout,
    OrderKind,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
)
from homalos.model.events import (
    ORDER_FACTS,
    IntentChanged,
    OrderSubmitted,
    PhaseChanged,
    ReplaceOrder,
    TradeFilled,
)
from homalos.model.ids import OrderId, StrategyId
from homalos.model.trading import Order
from homalos.strategy.desk import Desk as StrategyDesk
from homalos.trading.recovery import fold
from homalos.trading.registry import is_open
from homalos.trading.states import LIVE
from homalos.trading.working.plan import ROUND_IDS

S = OrderStatus
OWNERS = (StrategyId("alpha"), StrategyId("beta"))
PRICES = st.integers(3495, 3505).map(float)


class WorkedIntents(RuleBasedStateMachine):
    """The venue fills, kills and refuses as the search likes."""

    def __init__(self) -> None:
        super().__init__()
        section = TradingSection(reconcile_s=0, unresolved_after_ms=600_000, cancel_budget=40)
        self.desk = Desk(risk=WIDE, trading=section)
        self.desk.venue.snapshot = None
        self.written: list[Any] = []
        bus = self.desk.bus
        record, post = bus.record, bus.post
        bus.record = lambda e, *k: (self.written.append(e), record(e, *k))[1]  # type: ignore[method-assign]
        bus.post = lambda e: (self.written.append(e), post(e))[1]  # type: ignore[method-assign]
        self.wish: dict[OrderId, int] = {}
        """The most lots that each intent was ever to trade."""
        self.exits: set[OrderId] = set()
        self.desks = {owner: StrategyDesk(owner) for owner in OWNERS}
        self.told = len(self.desk.facts)

    # ------------------------------------------------------------ wishes

    @rule(
        owner=st.sampled_from(OWNERS), side=st.sampled_from(Side), lots=st.integers(1, 6),
        price=st.none() | PRICES, seconds=st.sampled_from([0, 2, 5]),
        on_timeout=st.sampled_from(OnTimeout), tries=st.integers(0, 4),
        tif=st.sampled_from([TimeInForce.GFD, TimeInForce.GFD, TimeInForce.FAK]),
        reduce_only=st.booleans(), crossing=st.sampled_from(CrossingPolicy),
    )  # fmt: skip
    def submit(
        self, owner: StrategyId, side: Side, lots: int, price: float | None, seconds: int,
        on_timeout: OnTimeout, tries: int, tif: TimeInForce, reduce_only: bool,
        crossing: CrossingPolicy,
    ) -> None:  # fmt: skip
        kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
        intent = self.desk.intent(
            strategy=owner, side=side, lots=lots, price=price, kind=kind, tif=tif,
            timeout_ms=seconds * 1000, on_timeout=on_timeout, max_tries=tries,
            reduce_only=reduce_only, crossing=crossing,
        )  # fmt: skip
        self.wish[intent.intent_id] = lots
        if reduce_only:
            self.exits.add(intent.intent_id)
        self.desks[owner].open(intent.intent_id, RB, side, lots, price, "")
        self.desk.post(intent)

    @rule(
        index=st.integers(0, 10_000), price=st.none() | PRICES, lots=st.none() | st.integers(1, 8)
    )
    def replace(self, index: int, price: float | None, lots: int | None) -> None:
        if self.wish:
            id_ = [*self.wish][index % len(self.wish)]
            self.wish[id_] = max(self.wish[id_], lots or 0)
            self.desk.post(ReplaceOrder(id_, price, lots, "test", self.desk.clock.now()))

    @rule(index=st.integers(0, 10_000))
    def cancel(self, index: int) -> None:
        if self.wish:
            self.desk.cancel([*self.wish][index % len(self.wish)])

    # ------------------------------------------------------------ the venue

    def _order(self, index: int) -> Order | None:
        live = [o for o in self.desk.manager.orders() if o.status in LIVE]
        return live[index % len(live)] if live else None

    @rule(index=st.integers(0, 10_000))
    def accepts(self, index: int) -> None:
        order = self._order(index)
        if order is not None and order.tif is TimeInForce.GFD and order.traded_lots == 0:
            self.desk.report(order.id, S.ACCEPTED)

    @rule(index=st.integers(0, 10_000), lots=st.integers(1, 6))
    def fills(self, index: int, lots: int) -> None:
        order = self._order(index)
        if order is not None:
            self.desk.fill(order.id, order.price, min(lots, order.remaining_lots))

    @rule(index=st.integers(0, 10_000), late=st.integers(0, 6))
    def ends(self, index: int, late: int) -> None:
        """Cancelled or killed; its last fills are heard of first, or after it."""
        order = self._order(index)
        if order is None:
            return
        late = min(late, order.remaining_lots - 1)
        self.desk.report(order.id, S.CANCELLED, order.traded_lots + late)
        if late:
            self.desk.post(self.desk.trade_report(order.id, late, order.price))

    @rule(index=st.integers(0, 10_000))
    def rejects(self, index: int) -> None:
        order = self._order(index)
        if order is not None and order.traded_lots == 0:
            self.desk.report(order.id, S.REJECTED, code=31)

    @rule(phase=st.sampled_from(Phase))
    def phase(self, phase: Phase) -> None:
        now = self.desk.clock.now()
        self.desk.post(PhaseChanged("SHFE", "rb", phase, DAY, now, now))

    @rule(price=PRICES)
    def quote(self, price: float) -> None:
        self.desk.tick(RB, price)

    @rule(seconds=st.sampled_from([0.5, 1, 3]))
    def time_passes(self, seconds: float) -> None:
        self.desk.advance(seconds)

    @precondition(lambda self: self.wish)
    @rule()
    def a_restart_would_know_the_same(self) -> None:
        new = Desk(ready=False, risk=WIDE)
        fold(list(self.written), new.books, new.manager)
        assert new.manager.working.state() == self.desk.manager.working.state()
        assert new.manager.budget.state() == self.desk.manager.budget.state()
        assert new.venue.sent == []

    # ------------------------------------------------------------ what always holds

    @invariant()
    def one_round_at_a_time(self) -> None:
        rounds: dict[OrderId, set[int]] = {}
        for order in self.desk.manager.orders():
            if is_open(order):
                number = order.id[len(order.intent_id) + 1 :]
                rounds.setdefault(order.intent_id, set()).add(int(number or 0) // ROUND_IDS)
        assert all(len(found) == 1 for found in rounds.values()), rounds

    @invariant()
    def never_a_lot_too_many(self) -> None:
        for id_, lots in self.wish.items():
            orders = self.desk.manager.registry.of_intent(id_)
            bound = sum(o.booked_lots + (o.remaining_lots if is_open(o) else 0) for o in orders)
            assert bound <= lots, (id_, bound, lots)

    @invariant()
    def an_exit_never_opens(self) -> None:
        for order in self.desk.venue.sent:
            assert order.intent_id not in self.exits or order.offset is not Offset.OPEN

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        sent = [order.id for order in self.desk.venue.sent]
        assert len(set(sent)) == len(sent)

    @invariant()
    def a_strategy_counts_what_the_core_counts(self) -> None:
        for fact in self.desk.facts[self.told :]:
            if isinstance(fact, ORDER_FACTS):
                self.desks[fact.order.strategy].on_order(fact.order)
            elif isinstance(fact, TradeFilled):
                self.desks[fact.trade.strategy].on_trade(fact.trade)
            elif isinstance(fact, IntentChanged):
                self.desks[fact.intent.strategy].on_intent(fact)
        self.told = len(self.desk.facts)
        for owner, desk in self.desks.items():
            due = self.desk.books.book(owner, RB).net_lots
            for order in self.desk.manager.live(owner):
                due += order.side.sign * (order.lots - order.booked_lots)
            for event in self.desk.manager.working.pending():
                if event.intent.strategy == owner:
                    due += event.intent.side.sign * event.lots
            assert desk.expected(RB) == due

    @invariant()
    def what_is_over_is_forgotten(self) -> None:
        for plan in self.desk.manager.working.plans.values():
            works = any(
                is_open(o) for o in self.desk.manager.registry.of_intent(plan.intent.intent_id)
            )
            assert works is (plan.stage in (IntentStage.WORKING, IntentStage.ENDING))

    @invariant()
    def nothing_failed(self) -> None:
        failed = [fact for fact in self.desk.facts if type(fact).__name__ == "HandlerFailed"]
        assert failed == []

    def teardown(self) -> None:
        """When every order has ended and time has passed, nothing is worked on but holds."""
        for _ in range(30):
            for order in [o for o in self.desk.manager.orders() if o.status in LIVE]:
                self.desk.report(order.id, S.CANCELLED, order.traded_lots)
            self.desk.advance(5)
        stages = {plan.stage for plan in self.desk.manager.working.plans.values()}
        assert stages <= {IntentStage.HELD}
        submitted = [f.order.id for f in self.desk.seen(OrderSubmitted)]
        assert len(submitted) == len(self.desk.venue.sent)


WorkedIntents.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestWorkedIntents = WorkedIntents.TestCase
