"""The circuit breaker: what opens it, what it denies, who closes it, what a restart keeps."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, START, STOCK, Desk, M, instrument, venue_state

from homalos.config.sections.risk import RiskSection
from homalos.model.breaking import (
    WHOLE_ACCOUNT,
    BreakerCause,
    BreakerChanged,
    BreakersKept,
    BreakerState,
    CloseBreaker,
)
from homalos.model.enums import Offset, OnTimeout, OrderStatus, Severity, Side, TimeInForce
from homalos.model.events import (
    AlertRaised,
    Audited,
    InstrumentListed,
    OrderDenied,
    OrderReported,
    Reconciled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import MANUAL, OrderId, StrategyId, VenueOrderId
from homalos.model.reconciling import Reconcile
from homalos.model.times import MINUTE, SECOND
from homalos.model.trading import Order
from homalos.trading import recovery
from homalos.trading.breaker import TABLE, Breaker, Word
from homalos.trading.merge import part
from homalos.trading.streaks import Losses

A, B = StrategyId("alpha"), StrategyId("beta")
S = OrderStatus


def limits(**changes: object) -> RiskSection:
    base = {
        "max_consecutive_rejects": 3, "max_account_rejects": 0, "max_consecutive_losses": 0,
        "cool_down_minutes": 10, "max_identical_orders": 0, "max_quote_age_ms": 0,
    }  # fmt: skip
    return msgspec.convert({**base, **changes}, RiskSection)


class Floor(Desk):
    """A desk with a breaker, wired as the engine does it."""

    def __init__(self, *, ready: bool = True, **changes: object) -> None:
        super().__init__(ready=False, risk=limits(**changes))
        self.breaker = Breaker(self.bus, self.timers, self.gate._section)
        self.gate.view.breakers = self.breaker.open
        self.breaker.attach()
        if ready:
            self.open()

    def configure(self, **changes: object) -> None:
        section = limits(**changes)
        self.gate.configure(section)
        self.breaker.configure(section)
        self.bus.run_until_idle()

    def reject(self, count: int = 1, strategy: StrategyId = A, **changes: Any) -> None:
        """Sent, and refused by the venue."""
        for _ in range(count):
            self.advance(1)
            id_ = self.submit(strategy=strategy, **changes)
            assert self.manager.order(id_) is not None, "it did not leave"
            self.report(id_, S.REJECTED, code=31, message="资金不足")

    def passes(self, strategy: StrategyId = A, **changes: Any) -> bool:
        """Whether an order leaves now (it stays without an answer)."""
        before = len(self.venue.sent)
        self.submit(strategy=strategy, **changes)
        return len(self.venue.sent) > before

    def intent_order(self) -> Order:
        """As another terminal would send it."""
        return replace(part(self.intent(), 0, Offset.OPEN, 1, 3400.0), id=OrderId(""))

    def round_trip(self, gain: float, lots: int = 1, strategy: StrategyId = A) -> None:
        self.advance(1)
        self.trade(Side.BUY, lots, 3500.0, strategy=strategy)
        self.trade(Side.SELL, lots, 3500.0 + gain, strategy=strategy)

    def changes(self) -> list[BreakerChanged]:
        return self.seen(BreakerChanged)

    def close_breaker(self, strategy: StrategyId, who: str = "me") -> None:
        self.post(CloseBreaker(strategy, who, "mended", self.clock.now()))


@pytest.mark.fires("breaker")
def test_rejects_in_a_row_open_it_for_the_cool_down() -> None:
    desk = Floor()
    desk.reject(2)
    assert not desk.breaker.open
    desk.reject()
    (opened,) = desk.changes()
    now = desk.clock.now()
    assert (opened.strategy, opened.state, opened.count, opened.limit) == (A, "open", 3, 3)
    assert (opened.cause, opened.until) == (BreakerCause.REJECTS, now + 10 * MINUTE)
    assert not desk.passes()
    (denied,) = desk.seen(OrderDenied)[-1].denials
    assert (denied.rule, denied.value, denied.limit) == ("breaker", 3, 3)
    assert "until 20" in denied.message
    assert desk.passes(B), "another strategy goes on"
    (alert,) = [a for a in desk.seen(AlertRaised) if a.source == "breaker"]
    assert alert.severity is Severity.ERROR
    assert all(word in alert.text for word in ("alpha", "until 20", "资金不足", "熔断", "只许减仓"))
    desk.advance(599)
    assert not desk.passes()
    desk.advance(1)
    assert desk.changes()[-1].state is BreakerState.CLOSED
    desk.reject(2)
    assert desk.passes(), "the count begins anew"


def test_it_is_over_to_the_nanosecond_though_the_timer_be_late() -> None:
    desk = Floor()
    desk.reject(3)
    desk.clock.advance(desk.breaker.open[A].until - 1)
    assert not desk.passes()
    desk.clock.advance(desk.breaker.open[A].until)
    assert desk.passes()


def test_what_could_not_be_sent_is_rejected_too() -> None:
    desk = Floor()
    desk.venue.returns = -2
    for _ in range(3):
        desk.submit()
    assert desk.breaker.open[A].count == 3


@pytest.mark.parametrize("word", [S.ACCEPTED, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED])
def test_an_order_that_is_taken_ends_the_run(word: OrderStatus) -> None:
    desk = Floor()
    desk.reject(2)
    id_ = desk.submit(lots=2, tif=TimeInForce.FAK)
    traded = {S.PARTIALLY_FILLED: 1, S.FILLED: 2}.get(word, 0)
    if traded:
        desk.fill(id_, 3500.0, traded)
    else:
        desk.report(id_, word)
    desk.reject(2)
    assert not desk.breaker.open
    desk.reject()
    assert desk.breaker.open


def test_one_that_is_rejected_after_all_has_ended_nothing() -> None:
    """CTP takes an order over before the exchange refuses it; two at a time, too."""
    desk = Floor(max_consecutive_rejects=6)
    for _ in range(3):
        pair = [desk.submit(price=3400.0), desk.submit(instrument=M)]
        for id_ in pair:
            desk.report(id_, S.ACCEPTED)
        assert not desk.breaker.open
        for id_ in pair:
            desk.report(id_, S.REJECTED)
    assert desk.breaker.open[A].count == 6


def test_a_late_fill_of_an_old_order_ends_no_run_that_began_after_it() -> None:
    desk = Floor()
    old = desk.submit(lots=2)
    desk.report(old, S.ACCEPTED)
    desk.reject(2)
    desk.fill(old, 3500.0, 1)
    desk.fill(old, 3500.0, 1)
    desk.reject()
    assert desk.breaker.open


def test_denials_of_our_own_do_not_count_and_end_no_run() -> None:
    desk = Floor()
    desk.reject(2)
    for _ in range(5):
        assert not desk.passes(lots=100_000)
    assert not desk.breaker.open
    desk.reject()
    assert desk.breaker.open


@pytest.mark.fires("breaker")
def test_the_account_counts_all_that_the_daemon_sends() -> None:
    desk = Floor(max_account_rejects=4)
    desk.reject(2)
    desk.reject(1, B)
    assert not desk.breaker.open
    desk.reject(1, MANUAL)
    assert list(desk.breaker.open) == [WHOLE_ACCOUNT]
    for strategy in (A, B, MANUAL):
        assert not desk.passes(strategy)
    (alert,) = [a for a in desk.seen(AlertRaised) if a.source == "breaker"]
    assert alert.severity is Severity.CRITICAL
    assert "the account" in alert.text
    assert "账户" in alert.text


def test_orders_of_other_terminals_count_for_nobody() -> None:
    desk = Floor(max_account_rejects=1, max_consecutive_rejects=1)
    now = desk.clock.now()
    for number in range(5):
        desk.post(OrderReported(
            None, VenueOrderId(f"{number}"), M, S.REJECTED, 0, 31, "no money", now, now
        ))  # fmt: skip
    there = replace(desk.intent_order(), status=S.ACCEPTED, venue_order_id=VenueOrderId("f1"))
    desk.venue.snapshot = venue_state(orders=(there,))
    desk.post(Reconcile("me", now))
    assert desk.manager.live()
    desk.post(OrderReported(None, VenueOrderId("f1"), RB, S.REJECTED, 0, 31, "no", now, now))
    assert not desk.manager.live()
    assert desk.breaker.state() == ((), ())


def test_what_closes_and_what_is_cancelled_passes() -> None:
    desk = Floor()
    desk.trade(Side.BUY, 2)
    rests = desk.submit(price=3400.0)
    desk.report(rests, S.ACCEPTED)
    desk.reject(3)
    assert desk.passes(side=Side.SELL, lots=2)
    desk.cancel(rests)
    assert desk.venue.cancelled == [rests]
    assert not desk.passes(side=Side.SELL, lots=1, offset=Offset.OPEN)


@pytest.mark.parametrize(
    ("limits", "of_beta"), [({}, False), ({"max_account_rejects": 3}, True)],
    ids=["strategy", "account"],
)  # fmt: skip
def test_what_would_open_from_before_ends_with_it(limits: dict[str, int], of_beta: bool) -> None:
    desk = Floor(**limits)
    desk.trade(Side.BUY, 2)
    exit_ = desk.submit(side=Side.SELL, price=3600.0, lots=2)
    rests = desk.submit(price=3400.0, timeout_ms=60_000, on_timeout=OnTimeout.CHASE)
    other = desk.submit(price=3400.0, strategy=B)
    for id_ in (exit_, rests, other):
        desk.report(id_, S.ACCEPTED)
    desk.reject(3)
    assert desk.venue.cancelled == ([rests, other] if of_beta else [rests])
    assert desk.manager.working.plans == {}, "chased no more"


def test_a_start_ends_what_a_breaker_of_before_left_resting() -> None:
    desk = Floor()
    ingress = keep(desk)
    rests = desk.submit(price=3400.0)
    desk.report(rests, S.ACCEPTED)
    desk.reject(3)
    new = again(desk, ingress)
    assert set(new.breaker.open) == {A}
    assert new.venue.cancelled == []
    new.post(Reconciled("test", True, (), new.clock.now()))
    assert new.venue.cancelled == [rests]


@pytest.mark.fires("breaker")
def test_losing_closes_in_a_row_open_it() -> None:
    desk = Floor(max_consecutive_losses=3)
    desk.round_trip(-1)
    desk.round_trip(-1)
    desk.round_trip(20)
    assert not desk.breaker.open, "a win ends the run"
    for _ in range(3):
        assert not desk.breaker.open
        desk.round_trip(-1)
    (opened,) = desk.changes()
    assert (opened.strategy, opened.cause, opened.count) == (A, BreakerCause.LOSSES, 3)
    assert not desk.passes()
    assert desk.passes(B)


def test_fees_make_a_loss_of_it_those_of_the_opening_too() -> None:
    """3500 x 10 x 1e-4 = 3.50 to open, 3 times that to close a lot of today: 14.00 in all."""
    desk = Floor(max_consecutive_losses=1)
    desk.round_trip(2.0)
    assert not desk.breaker.open
    desk.round_trip(1.0)
    assert desk.breaker.open


def test_fills_and_orders_of_one_intent_are_one_close() -> None:
    desk = Floor(max_consecutive_losses=2)
    desk.trade(Side.BUY, 2)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    desk.trade(Side.BUY, 3)
    intent = desk.submit(side=Side.SELL, lots=5, price=3480.0)
    today, yesterday = desk.manager.registry.of_intent(intent)
    assert {today.lots, yesterday.lots} == {2, 3}, "split by day on SHFE"
    for order in (today, yesterday):
        for _ in range(order.lots):
            desk.fill(order.id, 3480.0, 1)
    assert desk.breaker._of(A).counts() == (0, 1)
    desk.round_trip(-1)
    assert desk.breaker.open


def test_a_close_is_looked_at_when_its_order_is_over() -> None:
    """Its first lots lose, its last lots win more."""
    desk = Floor(max_consecutive_losses=1)
    desk.trade(Side.BUY, 2)
    id_ = desk.submit(side=Side.SELL, lots=2, price=3490.0)
    desk.fill(id_, 3490.0, 1)
    assert not desk.breaker.open
    desk.fill(id_, 3530.0, 1)
    assert not desk.breaker.open
    desk.trade(Side.BUY, 2)
    id_ = desk.submit(side=Side.SELL, lots=2, price=3490.0)
    desk.fill(id_, 3490.0, 1)
    desk.report(id_, S.CANCELLED, 1)
    assert desk.breaker.open, "the rest was cancelled"


def test_a_close_that_the_trading_day_ends_counts() -> None:
    desk = Floor(max_consecutive_losses=1)
    desk.trade(Side.BUY, 2)
    desk.fill(desk.submit(side=Side.SELL, lots=2, price=3490.0), 3490.0, 1)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert desk.breaker.open


def test_what_was_made_when_the_day_ends_counts_once() -> None:
    """The word that its order is over may come after a checkpoint of the new day."""
    losses = Losses()
    losses.made(OrderId("1"), -5.0)
    losses.new_day()
    assert losses.count == 1
    losses.over(OrderId("1"), OrderId("1"))
    assert losses.count == 1


# ------------------------------------------------------------ limits


def test_a_strategys_own_limits_stand_for_the_general_ones() -> None:
    row = {"id": "beta", "max_consecutive_rejects": 1, "cool_down_minutes": 1}
    off = {"id": "manual", "max_consecutive_rejects": 0}
    desk = Floor(strategies=[row, off])
    desk.reject(1, B)
    assert desk.breaker.open[B].until == desk.clock.now() + MINUTE
    desk.reject(5, MANUAL)
    desk.reject(2)
    assert list(desk.breaker.open) == [B]
    desk.reject()
    assert set(desk.breaker.open) == {A, B}


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({}, True),
        ({"cool_down_minutes": 0}, False),
        ({"max_consecutive_rejects": 0}, False),
        ({"max_consecutive_rejects": 0, "max_account_rejects": 1}, True),
        ({"max_consecutive_rejects": 0, "max_consecutive_losses": 1}, True),
        ({"max_consecutive_rejects": 0, "strategies": [{"id": "b", "max_consecutive_losses": 2}]},
         True),
        ({"cool_down_minutes": 0, "strategies": [{"id": "b", "cool_down_minutes": 2}]}, True),
    ],
)  # fmt: skip
def test_the_rule_costs_nothing_where_no_breaker_can_open(
    changes: dict[str, Any], active: bool
) -> None:
    desk = Floor(**changes)
    assert ("breaker" in desk.gate.rules()) is active
    if not active:
        desk.reject(5)
        assert not desk.changes()


def test_limits_change_while_it_runs() -> None:
    desk = Floor()
    desk.reject(2)
    desk.configure(max_consecutive_rejects=5)
    desk.reject(2)
    assert not desk.breaker.open
    desk.configure(max_consecutive_rejects=4)
    desk.reject()
    assert desk.breaker.open[A].count == 5
    desk.configure(max_consecutive_rejects=9, cool_down_minutes=1)
    assert not desk.passes(), "one that is open keeps its time"
    desk.configure(max_consecutive_rejects=0, max_consecutive_losses=5)
    assert not desk.breaker.open
    assert desk.changes()[-1].who == "config"
    assert desk.passes()


# ------------------------------------------------------------ persons


def test_a_person_closes_it_and_the_audit_keeps_who() -> None:
    desk = Floor()
    desk.close_breaker(A, "early")
    desk.reject(3)
    until = desk.breaker.open[A].until
    desk.close_breaker(B)
    assert not desk.passes()
    desk.close_breaker(A)
    assert desk.passes()
    closed = desk.changes()[-1]
    assert (closed.state, closed.who, closed.why) == (BreakerState.CLOSED, "me", "mended")
    told = [(a.who, a.action, a.target, a.result[:7]) for a in desk.seen(Audited)]
    assert ("early", "circuit breaker close", "alpha", "refused") in told
    assert ("me", "circuit breaker close", "beta", "refused") in told
    assert ("me", "circuit breaker close", "alpha", "mended") in told
    desk.reject(3)
    assert desk.breaker.open[A].until > until
    desk.advance((until - desk.clock.now()) / SECOND)
    assert desk.breaker.open, "the timer of the first does not close the second"


def test_the_table_is_the_whole_of_it() -> None:
    closed, opened = BreakerState
    assert {word for state, word in TABLE if state is opened} == set(Word) - {Word.LIMIT}
    assert [word for state, word in TABLE if state is closed] == [Word.LIMIT]


# ------------------------------------------------------------ restarts


def again(old: Floor, ingress: list[Any], **changes: object) -> Floor:
    """The next run: what the old one recorded, and the venue's words in their places."""
    new = Floor(ready=False, **changes)
    new.clock.advance(old.clock.now())
    recovery.fold(ingress, new.books, new.manager, None, None, new.breaker)
    new.breaker.recovered()
    return new


def keep(desk: Floor) -> list[Any]:
    """What a journal would hold from now on: ingress before what follows from it."""
    journal: list[Any] = [InstrumentListed(instrument(id_), START) for id_ in STOCK]
    journal.append(TradingDayChanged("test", DAY, START))
    post, record = desk.post, desk.bus.record

    def posted(event: Any) -> None:
        if isinstance(event, OrderReported | TradeReported | TradingDayChanged):
            journal.append(event)
        post(event)

    def recorded(event: Any, *kind: Any) -> None:
        journal.append(event)
        record(event, *kind)

    desk.post = posted  # type: ignore[method-assign]
    desk.bus.record = recorded  # type: ignore[method-assign, assignment]
    return journal


def test_counts_and_open_breakers_outlast_a_restart() -> None:
    desk = Floor()
    journal = keep(desk)
    desk.reject(3)
    desk.reject(2, B)
    desk.advance(60)
    new = again(desk, journal)
    assert new.breaker.state() == desk.breaker.state()
    assert new.breaker.open[A] == desk.breaker.open[A]
    assert new.breaker._of(B).counts() == (2, 0)
    new.advance(537)
    assert A in new.breaker.open
    new.advance(1)
    assert A not in new.breaker.open
    assert [c.state for c in new.changes()] == [BreakerState.CLOSED]


def test_one_that_cooled_while_nothing_ran_closes_at_the_start() -> None:
    desk = Floor()
    journal = keep(desk)
    desk.reject(3)
    desk.clock.advance(desk.clock.now() + 3_600 * SECOND)
    new = again(desk, journal)
    new.advance(0)
    assert not new.breaker.open


def test_a_process_that_died_before_it_opened_opens_at_the_next_start() -> None:
    desk = Floor()
    journal = keep(desk)
    desk.reject(3)
    died = [event for event in journal if not isinstance(event, BreakerChanged)]
    new = again(desk, died)
    assert not new.breaker.open
    new.advance(0)
    assert new.breaker.open[A].count == 3


def test_losses_outlast_a_restart_and_a_persons_word_does() -> None:
    desk = Floor(max_consecutive_losses=3)
    journal = keep(desk)
    desk.round_trip(-1)
    desk.round_trip(-1)
    desk.reject(3)
    desk.close_breaker(A)
    desk.round_trip(-1)
    new = again(desk, journal, max_consecutive_losses=3)
    new.advance(0)
    assert not new.breaker.open, "all counts begin anew where it closes"
    assert new.breaker._of(A).counts() == desk.breaker._of(A).counts() == (0, 1)


def test_a_checkpoint_stands_for_all_that_was_before_it() -> None:
    desk = Floor(max_consecutive_losses=5)
    journal = keep(desk)
    desk.round_trip(-1)
    desk.reject(2)
    desk.reject(3, B)
    desk.submit()
    listed = [event for event in journal if isinstance(event, InstrumentListed)]
    desk.breaker.checkpoint()
    kept = journal[-1]
    assert isinstance(kept, BreakersKept)
    new = again(desk, [*listed, kept], max_consecutive_losses=5)
    assert new.breaker.state() == desk.breaker.state()
    partly = again(desk, [*journal[len(journal) // 2 :]], max_consecutive_losses=5)
    assert partly.breaker.state() == desk.breaker.state()


def test_an_unknown_order_says_nothing() -> None:
    desk = Floor()
    now = desk.clock.now()
    desk.post(OrderReported(OrderId("x"), None, M, S.REJECTED, 0, 1, "", now, now))
    assert desk.breaker.state() == ((), ())
