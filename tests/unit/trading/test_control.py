"""The trading state: who may raise it, what lowers it, what a restart keeps."""

import pytest
from tests.unit.trading.desk import Desk

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Severity, StrategyState, TradingState
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    Audited,
    KillSwitch,
    LaneOverflowed,
    Reconciled,
    SetTradingState,
    StrategyStateChanged,
    TradingStateChanged,
)
from homalos.model.ids import StrategyId
from homalos.trading import breaker
from homalos.trading.control import CORE
from homalos.trading.delivery import keeper as delivery
from homalos.trading.flatten import keeper as flatten
from homalos.trading.programme import keeper as programme
from homalos.trading.watch import keeper as watch

T = TradingState


def _reconciled(desk: Desk, agreed: bool = True) -> None:
    text = () if agreed else ("SHFE.rb2605 long: books 1, venue 2",)
    desk.post(Reconciled("test", agreed, text, desk.clock.now()))


def _set(desk: Desk, state: TradingState, who: str = "trader") -> None:
    desk.post(SetTradingState(state, who, "because", desk.clock.now()))


@pytest.mark.parametrize(
    ("choice", "simulated", "state"),
    [
        ("auto", True, T.ACTIVE), ("auto", False, T.REDUCING), ("on", False, T.ACTIVE),
        ("off", True, T.REDUCING),
    ],
)  # fmt: skip
def test_start(choice: str, simulated: bool, state: TradingState) -> None:
    section = TradingSection(auto_arm=choice, reconcile_s=0)  # type: ignore[arg-type]
    desk = Desk(ready=False, trading=section, simulated=simulated)
    assert desk.control.state is T.HALTED
    desk.open()
    assert desk.control.state is state
    assert desk.seen(TradingStateChanged)[-1].why == "books and venue agree"


def test_a_difference_halts_and_only_a_person_arms_again() -> None:
    desk = Desk()
    _reconciled(desk, agreed=False)
    assert desk.control.state is T.HALTED
    assert "books 1, venue 2" in desk.control.why
    _reconciled(desk)
    assert desk.control.state is T.REDUCING
    _set(desk, T.ACTIVE)
    assert desk.control.state is T.ACTIVE


def test_agreement_does_not_lift_a_persons_halt() -> None:
    desk = Desk()
    _set(desk, T.HALTED)
    _reconciled(desk)
    assert (desk.control.state, desk.control.who) == (T.HALTED, "trader")


def test_an_overflow_halts_until_a_person_lifts_it() -> None:
    desk = Desk()
    desk.post(LaneOverflowed("EXECUTION", 100_000, desk.clock.now()))
    _reconciled(desk)
    assert desk.control.state is T.HALTED
    assert "EXECUTION" in desk.control.why


def test_the_kill_switch_halts_though_orders_and_control_are_out_of_order() -> None:
    desk = Desk()
    for actor in ("orders", "control"):
        desk.bus.quarantine(actor, "test")
    desk.control.state = T.ACTIVE
    desk.post(KillSwitch("li", "fire", desk.clock.now()))
    assert (desk.control.state, desk.control.who, desk.control.why) == (T.HALTED, "li", "fire")
    assert desk.control.ceiling is T.HALTED


RULES_GO_BY = {keeper.ACTOR for keeper in (breaker, delivery, flatten, programme, watch)}
"""What these say holds orders back; a rule that reads it cannot see that nobody writes it."""


@pytest.mark.parametrize("actor", sorted(CORE | RULES_GO_BY))
def test_a_core_actor_out_of_order_halts_until_a_person_lifts_it(actor: str) -> None:
    desk = Desk()
    desk.post(ActorQuarantined(actor, "error budget spent", desk.clock.now()))
    _reconciled(desk)
    assert (desk.control.state, desk.control.ceiling) == (T.HALTED, T.HALTED)
    (alert,) = desk.seen(AlertRaised)
    assert alert.severity is Severity.CRITICAL
    assert alert.text.startswith(f"{actor} is quarantined")
    assert "error budget spent" in alert.text
    assert "restart" in alert.text
    _set(desk, T.ACTIVE)
    assert desk.control.state is T.ACTIVE


def test_orders_that_spend_their_error_budget_halt_trading() -> None:
    desk = Desk()
    desk.lenient = True
    desk.books.contract = None  # type: ignore[method-assign, assignment]
    while not desk.seen(ActorQuarantined):
        desk.submit()
    assert (desk.control.state, desk.control.who) == (T.HALTED, "kernel")
    assert desk.control.why.startswith("orders is quarantined")


def test_a_strategy_out_of_order_does_not_halt_the_account() -> None:
    desk = Desk()
    now = desk.clock.now()
    desk.post(ActorQuarantined("strategy:orders", "test", now))
    desk.post(StrategyStateChanged(StrategyId("orders"), StrategyState.QUARANTINED, "test", now))
    desk.post(ActorQuarantined("console", "test", now))
    assert desk.control.state is T.ACTIVE
    assert desk.seen(AlertRaised) == []


def test_a_watch_may_lower_but_not_raise() -> None:
    desk = Desk()
    _set(desk, T.REDUCING, "watch:drawdown")
    assert desk.control.state is T.REDUCING
    _set(desk, T.ACTIVE, "watch:drawdown")
    assert desk.control.state is T.REDUCING
    assert "refused" in desk.seen(Audited)[-1].result


def _told(desk: Desk) -> list[tuple[T, T, str, str, T]]:
    return [(e.state, e.previous, e.who, e.why, e.ceiling) for e in desk.seen(TradingStateChanged)]


def test_a_halt_of_what_is_halted_already_is_told_to_whoever_keeps_it() -> None:
    """Before the books agree the state is HALTED: a crash must not lose the person's halt."""
    desk = Desk(ready=False)
    desk.post(KillSwitch("li", "lunch", desk.clock.now()))
    assert _told(desk) == [(T.HALTED, T.HALTED, "li", "lunch", T.HALTED)]
    kept = desk.control.snapshot()
    assert (kept.who, kept.why, kept.ceiling) == ("li", "lunch", T.HALTED)
    desk.post(KillSwitch("wang", "again", desk.clock.now()))
    assert _told(desk)[1:] == [(T.HALTED, T.HALTED, "wang", "again", T.HALTED)]
    desk.post(KillSwitch("wang", "again", desk.clock.now()))
    assert len(_told(desk)) == 2, "the same word once more is no news"
    assert len(desk.seen(Audited)) == 3, "but it was said"


def test_a_lower_ceiling_is_told_though_the_state_stays() -> None:
    desk = Desk(ready=False)
    for _ in range(2):
        _reconciled(desk, agreed=False)
    difference = "SHFE.rb2605 long: books 1, venue 2"
    assert _told(desk) == [(T.HALTED, T.HALTED, "reconcile", difference, T.REDUCING)]
    assert len(desk.seen(Audited)) == 1
    assert desk.control.ceiling is T.REDUCING


def test_a_difference_does_not_put_its_words_into_a_persons_mouth() -> None:
    desk = Desk()
    _set(desk, T.HALTED)
    _reconciled(desk, agreed=False)
    assert (desk.control.who, desk.control.why) == ("trader", "because")
    assert desk.control.ceiling is T.HALTED


@pytest.mark.parametrize(
    ("before", "after"), [(T.HALTED, T.HALTED), (T.REDUCING, T.REDUCING), (T.ACTIVE, T.ACTIVE)]
)
def test_a_restart_keeps_what_a_person_set(before: TradingState, after: TradingState) -> None:
    old = Desk()
    _set(old, before)
    new = Desk(ready=False)
    new.control.restore(old.control.snapshot())
    assert new.control.state is T.HALTED, "until reconciled"
    new.open()
    assert new.control.state is after


def test_who_why_and_when_of_a_persons_word_are_kept_too() -> None:
    old = Desk()
    old.advance(60)
    when = old.clock.now()
    old.post(SetTradingState(T.REDUCING, "anna", "lunch", when))
    new = Desk(ready=False)
    new.control.restore(old.control.snapshot())
    new.clock.advance(when + 1)
    new.open()
    control = new.control
    assert (control.state, control.who, control.why) == (T.REDUCING, "anna", "lunch")
    assert control.when == when
    new.post(SetTradingState(T.ACTIVE, "bo", "back", new.clock.now()))
    assert (control.state, control.who) == (T.ACTIVE, "bo")
