"""What a level owes stays owed until it is seen done; and what it closes nothing passes that rests
or waits already."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import RB
from tests.unit.trading.watch.floor import ALPHA, BETA, WatchFloor, section

from homalos.config.sections.risk_losses import WatchLevel
from homalos.model.enums import FlattenStage, OnTimeout, OrderStatus, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    BeginFlatten,
    FlattenChanged,
    Reconciled,
    SetTradingState,
    StrategyCommand,
)
from homalos.model.ids import MANUAL, OrderId
from homalos.model.watching import LossesNoted


def level(what: str, action: str, of: str = "account", **amount: Any) -> WatchLevel:
    return WatchLevel(of=of, what=what, action=action, **amount)  # type: ignore[arg-type]


def first_note(floor: WatchFloor, action: str) -> LossesNoted:
    """Of the level, before anything of it was seen."""
    return next(n for n in floor.notes() if any(row.action == action for row in n.fired))


def after(
    note: LossesNoted, floor: WatchFloor, price: float, strategy: str = "alpha"
) -> WatchFloor:
    """Another run, over a journal that ends with ``note``."""
    again = WatchFloor(floor.limits)
    again.watch.fold(note)
    again.trade(Side.BUY, 50, 3500.0, RB, strategy)
    again.prime(price=price)
    return again


# ---------------------------------------------------------------- owed


@pytest.mark.parametrize(
    "row",
    [
        level("day_loss", "flatten", percent=1.0),
        level("drawdown", "flatten", percent=1.0),
        level("day_loss", "flatten", "strategy", yuan=5_000.0),
    ],
)
@pytest.mark.parametrize("price", [3470.0, 3500.0])
def test_a_flatten_that_a_crash_lost_is_done_by_the_next_run(row: WatchLevel, price: float) -> None:
    """Also when the loss is gone by then: the level was reached, and had not acted."""
    floor = WatchFloor(section(row))
    floor.holding(50)
    floor.pass_by(3470.0)
    note = first_note(floor, "flatten")
    assert [r.owed for r in note.fired] == [True]
    assert [r.owed for r in floor.watch.fired()] == [False], "seen"
    again = after(note, floor, price)
    assert len(again.seen(BeginFlatten)) == 1
    assert sum(order.lots for order in again.rounds()) == 50
    assert any("still owed" in text for text in again.alerts())
    again.pass_by(price, ticks=40)
    assert len(again.seen(BeginFlatten)) == 1
    third = after(again.notes()[-1], again, price)
    assert third.seen(BeginFlatten) == [], "it was seen: another run does not do it again"


def test_a_flatten_that_nobody_takes_up_is_asked_for_again() -> None:
    floor = WatchFloor(section(level("day_loss", "flatten", percent=1.0)))
    floor.holding(50)
    took = floor.flatten._on_begin
    for subscription in list(floor.bus.routes()[BeginFlatten].subscriptions):
        if subscription.handler == took:
            floor.bus.unsubscribe(subscription)
    floor.pass_by(3470.0)
    assert len(floor.seen(BeginFlatten)) == 1
    floor.advance(25)
    assert len(floor.seen(BeginFlatten)) == 3
    assert floor.watch.fired()[0].owed


def test_the_end_of_day_of_a_contract_is_not_the_flatten_that_is_owed() -> None:
    floor = WatchFloor(section(level("day_loss", "flatten", "strategy", yuan=5_000.0)))
    floor.holding(50)
    floor.pass_by(3470.0)
    job = floor.told()[-1]
    duties = floor.watch._duties
    for key, row in list(duties.fired.items()):
        duties.fired[key] = replace(row, owed=True)
    for other in (
        replace(job, until=floor.clock.now()), replace(job, instrument=RB),
        replace(job, strategy=BETA), replace(job, stage=FlattenStage.ENDED),
    ):  # fmt: skip
        floor.post(FlattenChanged(other, floor.clock.now()))
        assert floor.watch.fired()[0].owed
    floor.post(FlattenChanged(job, floor.clock.now()))
    assert not floor.watch.fired()[0].owed


def test_a_reduce_that_a_crash_lost_is_done_by_the_next_run() -> None:
    floor = WatchFloor(section(level("day_loss", "reduce", percent=1.0)))
    floor.holding(50)
    floor.pass_by(3470.0)
    note = first_note(floor, "reduce")
    assert note.fired[0].owed
    again = after(note, floor, 3500.0)
    assert again.control.state is TradingState.REDUCING
    assert not again.watch.fired()[0].owed
    now = again.clock.now()
    again.post(SetTradingState(TradingState.ACTIVE, "me", "I know", now))
    again.pass_by(3490.0, ticks=8)
    assert again.control.state is TradingState.ACTIVE, "a person's word holds"


# ---------------------------------------------------------------- what rests and waits


def rest(floor: WatchFloor, strategy: str = "alpha", **changes: Any) -> OrderId:
    id_ = floor.submit(price=3400.0, lots=5, strategy=strategy, **changes)
    floor.report(id_, OrderStatus.ACCEPTED)
    return id_


LATCHES = [
    ({"max_day_loss": 5_000.0}, True),
    ({"max_drawdown_percent": 0.5}, True),
    ({"max_strategy_day_loss": 5_000.0}, False),
    ({"max_strategy_drawdown": 5_000.0}, False),
]


@pytest.mark.parametrize(("limits", "whole"), LATCHES)
def test_a_limit_that_is_reached_ends_what_would_open(
    limits: dict[str, float], whole: bool
) -> None:
    floor = WatchFloor(section(**limits))
    floor.holding(50)
    rests, chased = rest(floor), rest(floor, timeout_ms=60_000, on_timeout=OnTimeout.CHASE)
    other = rest(floor, "beta")
    floor.pass_by(3480.0)
    assert {rests, chased} <= set(floor.venue.cancelled)
    assert (other in floor.venue.cancelled) is whole
    assert floor.manager.working.plans == {}


def test_a_level_that_reduces_or_stops_ends_what_would_open() -> None:
    for row, whole in (
        (level("day_loss", "reduce", yuan=5_000.0), True),
        (level("day_loss", "stop", "strategy", yuan=5_000.0), False),
    ):
        floor = WatchFloor(section(row))
        floor.runs(ALPHA)
        floor.holding(50)
        own, other = rest(floor), rest(floor, "beta")
        closing = floor.submit(side=Side.SELL, lots=1, price=3520.0)
        floor.report(closing, OrderStatus.ACCEPTED)
        floor.pass_by(3480.0)
        assert own in floor.venue.cancelled
        assert (other in floor.venue.cancelled) is whole
        assert closing not in floor.venue.cancelled


@pytest.mark.parametrize("how", ["latch", "stop", "reduce"])
def test_what_rests_from_before_a_crash_ends_at_the_start(how: str) -> None:
    """The journal ends behind the note: the cancels were never asked for."""
    rows = {
        "latch": section(max_day_loss=5_000.0),
        "stop": section(level("day_loss", "stop", "strategy", yuan=5_000.0)),
        "reduce": section(level("day_loss", "reduce", yuan=5_000.0)),
    }
    floor = WatchFloor(rows[how])
    floor.holding(50)
    floor.pass_by(3480.0)
    again = WatchFloor(rows[how])
    id_ = rest(again)
    again.watch.fold(floor.notes()[-1])
    if how == "reduce":
        again.control.state, again.control.who = TradingState.REDUCING, "watch:day_loss"
    again.post(Reconciled("test", True, (), again.clock.now()))
    assert again.venue.cancelled == [id_]


# ---------------------------------------------------------------- a person's own book


@pytest.mark.parametrize("action", ["flatten", "stop", "warn"])
def test_a_level_of_each_strategy_leaves_a_persons_own_book_alone(action: str) -> None:
    row = level("day_loss", action, "strategy", yuan=5_000.0)
    floor = WatchFloor(section(row))
    floor.holding(50, MANUAL)
    floor.pass_by(3470.0)
    assert floor.seen(BeginFlatten) == []
    assert [c for c in floor.seen(StrategyCommand) if c.action == "stop"] == []
    assert floor.alerts() == []


def test_it_acts_on_it_where_it_is_named() -> None:
    row = level("day_loss", "flatten", "strategy", yuan=5_000.0, strategies=("manual",))
    floor = WatchFloor(section(row))
    floor.holding(50, MANUAL)
    floor.pass_by(3470.0)
    assert [b.strategy for b in floor.seen(BeginFlatten)] == [MANUAL]
    assert [a.text for a in floor.seen(AlertRaised) if a.source == "watch"]


def test_a_days_turn_lifts_its_own_stop_and_no_other() -> None:
    rows = [
        WatchLevel(of="strategy", what="drawdown", yuan=3000.0, action="stop"),
        WatchLevel(of="strategy", what="day_loss", yuan=5000.0, action="stop"),
    ]
    floor = WatchFloor(section(*rows))
    floor.holding(50)
    floor.runs()
    floor.pass_by(3492.0)
    floor.pass_by(3480.0)
    floor.next_day(3480.0)
    before = len(floor.seen(StrategyCommand))
    floor.runs()
    assert [c.action for c in floor.seen(StrategyCommand)[before:]] == ["stop"]


def test_a_person_who_had_it_reducing_already_says_active_once() -> None:
    floor = WatchFloor(section(WatchLevel(what="day_loss", yuan=5000.0, action="reduce")))
    floor.holding(50)
    floor.post(SetTradingState(TradingState.REDUCING, "me", "care", floor.clock.now()))
    floor.pass_by(3480.0)
    floor.advance(60)
    assert [row.owed for row in floor.notes()[-1].fired] == [False]
    floor.post(SetTradingState(TradingState.ACTIVE, "me", "I know", floor.clock.now()))
    floor.advance(10)
    assert floor.control.state is TradingState.ACTIVE
