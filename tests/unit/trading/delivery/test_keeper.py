"""Warnings ahead of delivery: each once, whoever holds the lots; and what the last day does."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.trading.delivery.floor import FLAT, LAST, MONTH, MONTH_BEFORE, SESSIONS, Near
from tests.unit.trading.desk import ACCOUNT, IF, RB, M, venue_state

from homalos.config.sections.risk import RiskSection
from homalos.model.delivering import DeliveryTold
from homalos.model.enums import Direction, KillScope, OrderStatus, Severity, Side, TradingState
from homalos.model.events import AlertRaised, OrderDenied, Reconciled, SetTradingState
from homalos.model.ids import UNATTRIBUTED
from homalos.model.times import HOUR, MINUTE, SECOND, china_midnight
from homalos.model.trading import Position
from homalos.trading.delivery import near as pure

CLOSE = china_midnight(FLAT) + 15 * HOUR


def told(desk: Near) -> list[tuple[str, int, int]]:
    return [(t.what, t.day, t.step) for t in desk.recorded if isinstance(t, DeliveryTold)]


def holding(lots: int = 30, **changes: object) -> Near:
    """rb2605, bought long before its delivery."""
    desk = Near(**changes)
    desk.trade(Side.BUY, lots)
    assert desk.warnings() == []
    return desk


# ------------------------------------------------------------------ warnings


def test_ten_five_three_and_one_days_ahead_and_on_the_day() -> None:
    desk = holding()
    found = {}
    day = 20260415
    while day <= FLAT:
        before = len(desk.warnings())
        desk.turn(day)
        new = desk.warnings()[before:]
        if new:
            found[day] = [alert.severity for alert in new]
        day = SESSIONS.calendar.next_day(day)
    warning, error, critical = Severity.WARNING, Severity.ERROR, Severity.CRITICAL
    assert found == {
        20260423: [warning],
        20260430: [warning],
        20260507: [warning],
        20260511: [error],
        20260512: [critical],
    }
    assert [step for _, _, step in told(desk)] == [10, 5, 3, 1, 0]
    text = desk.warnings()[0].text
    for part in ("30 long + 0 short", "10 trading days to 20260512", str(LAST), "自然人"):
        assert part in text


@pytest.mark.parametrize("client", ["person", "institution"])
@pytest.mark.parametrize(
    "junk",
    [{"last_trading_day": 20260230}, {"last_trading_day": 20261301}, {"delivery_month": 202613}],
)
def test_a_day_that_no_calendar_has_is_unknown_and_halts_nothing(
    junk: dict[str, int], client: Literal["person", "institution"]
) -> None:
    """An instrument table is the venue's: the actor lives on, and the holder is told once."""
    desk = holding(risk=RiskSection(client=client))
    desk.list_with(**junk)  # fails where the handler raises
    desk.turn(MONTH)
    (alert,) = desk.warnings()
    assert "unknown" in alert.text
    desk.list_with()
    desk.turn(FLAT)
    assert str(LAST) in desk.warnings()[-1].text, "the right day, when it comes"


def test_after_the_day_it_is_told_each_day() -> None:
    desk = holding()
    desk.turn(FLAT)
    for day in (20260513, 20260514):
        before = len(desk.warnings())
        desk.turn(day)
        (alert,) = desk.warnings()[before:]
        assert alert.severity is Severity.CRITICAL
        assert "is over" in alert.text


def test_a_position_that_comes_late_is_told_of_at_once_and_once() -> None:
    desk = Near(20260506)
    assert desk.warnings() == []
    desk.trade(Side.BUY, 30)
    assert told(desk) == [("must_flat", FLAT, 5)]
    desk.trade(Side.BUY, 30)
    desk.trade(Side.SELL, 60, price=3499.0)
    desk.trade(Side.BUY, 30)
    assert len(desk.warnings()) == 1


def test_a_restart_on_the_same_day_tells_nothing_anew() -> None:
    desk = holding()
    desk.turn(MONTH)
    assert len(desk.warnings()) == 1
    kept = [event for event in desk.recorded if isinstance(event, DeliveryTold)]
    again = Near(keep=kept)
    again.trade(Side.BUY, 30)
    again.turn(MONTH)
    assert again.warnings() == []
    assert again.delivery.state() == desk.delivery.state()
    again.turn(20260507)
    assert len(again.warnings()) == 1


def test_the_checkpoint_bears_what_was_told_and_drops_what_is_over() -> None:
    desk = holding()
    desk.turn(MONTH)
    desk.recorded.clear()
    desk.delivery.checkpoint()
    assert told(desk) == [("must_flat", FLAT, 5)]
    desk.turn(20260513)
    desk.recorded.clear()
    desk.delivery.checkpoint()
    assert told(desk) == [("must_flat", FLAT, -20260513)]


def test_lots_of_another_terminal_are_told_of() -> None:
    desk = Near(MONTH_BEFORE)
    row = Position(ACCOUNT, RB, Direction.SHORT, 0, 31, 0, 0, 3500.0, 3500.0, 0.0, 0.0, None)
    desk.books.restore(venue_state((row,), day=MONTH_BEFORE))
    desk.post(Reconciled("test", True, (), desk.clock.now()))
    assert set(told(desk)) == {("must_flat", FLAT, 5), ("multiple", MONTH_BEFORE, 0)}
    assert all("0 long + 31 short" in alert.text for alert in desk.warnings())


def test_lots_that_are_no_multiple_are_told_of_before_the_delivery_month() -> None:
    desk = holding(31)
    desk.turn(20260427)
    assert told(desk)[-1] == ("multiple", MONTH_BEFORE, 3)
    assert "multiple of 30" in desk.warnings()[-1].text
    desk.turn(MONTH)
    assert [what for what, _, _ in told(desk)].count("multiple") == 1


def test_a_fill_that_leaves_no_multiple_is_told_of_on_a_day_that_was_quiet() -> None:
    desk = holding(30)
    desk.turn(20260427)
    desk.trade(Side.BUY, 30)
    assert {what for what, _, _ in told(desk)} == {"must_flat"}
    desk.trade(Side.SELL, 1, price=3499.0)
    assert told(desk)[-1] == ("multiple", MONTH_BEFORE, 3)


@pytest.mark.parametrize("day", [20260105, MONTH], ids=["far", "near"])
def test_what_is_told_today_is_not_looked_at_with_every_fill(
    day: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Near(day)
    desk.trade(Side.BUY, 30)
    looks: list[object] = []
    monkeypatch.setattr(desk.delivery, "_look", looks.append)
    desk.trade(Side.BUY, 30)
    assert looks == []
    desk.turn(SESSIONS.calendar.next_day(day))
    desk.trade(Side.SELL, 30, price=3499.0)
    assert len(looks) == 2, "the new day, and its first fill"


def test_nobody_is_told_of_multiples_who_has_to_be_flat_before() -> None:
    desk = holding(31, risk=RiskSection(delivery_early_days=8))
    desk.turn(20260424)
    assert told(desk) == [("must_flat", 20260427, 1)]


def test_an_institution_hears_of_the_last_trading_day() -> None:
    desk = holding(risk=RiskSection(client="institution"))
    desk.turn(LAST)
    assert told(desk) == [("last_day", LAST, 0)]
    assert desk.warnings()[-1].severity is Severity.ERROR


def test_contracts_settled_in_cash_and_those_of_other_exchanges() -> None:
    desk = Near()
    desk.trade(Side.BUY, 1, id_=IF)
    desk.trade(Side.BUY, 1, id_=M)
    desk.turn(MONTH_BEFORE)
    assert set(told(desk)) == {("last_day", LAST, 10), ("must_flat", MONTH_BEFORE, 0)}


def test_other_steps_hold_at_once() -> None:
    desk = holding()
    desk.turn(20260421)
    assert desk.warnings() == []
    desk.limit(RiskSection(delivery_warn_days=(20,)))
    assert told(desk) == [("must_flat", FLAT, 20)]
    desk.limit(RiskSection(delivery_warn_days=()))
    desk.turn(20260511)
    assert len(desk.warnings()) == 1


def test_an_unknown_last_day_is_told_once() -> None:
    desk = Near()
    desk.list_with(last_trading_day=0)
    desk.trade(Side.BUY, 1)
    desk.trade(Side.BUY, 1)
    desk.turn(MONTH)
    assert told(desk) == [("unknown", 0, 0)]
    assert "unknown" in desk.warnings()[0].text


# ------------------------------------------------------------------ the last day


def to(desk: Near, when: int) -> None:
    """Event time goes on to ``when``, with a fresh price."""
    desk.advance(max(0, when - SECOND - desk.clock.now()) / SECOND)
    desk.tick(RB, 3500.0, trading_day=FLAT)
    desk.advance((when - desk.clock.now()) / SECOND)


def last_day(action: str, **changes: object) -> Near:
    section = RiskSection(must_flat_action=action, **changes)  # type: ignore[arg-type]
    desk = holding(40, risk=section)
    desk.trade(Side.BUY, 20, strategy="beta")
    desk.flatten._worker.ready = True
    desk.turn(FLAT)
    return desk


def test_to_warn_is_to_warn() -> None:
    desk = last_day("warn")
    to(desk, CLOSE)
    assert desk.flatten.jobs() == ()
    assert desk.control.state is TradingState.ACTIVE
    assert desk.rounds() == []


def test_to_reduce_is_the_trading_state() -> None:
    desk = last_day("reduce")
    to(desk, CLOSE - 60 * MINUTE - SECOND)
    assert desk.control.state is TradingState.ACTIVE
    to(desk, CLOSE - 60 * MINUTE)
    assert desk.control.state is TradingState.REDUCING
    assert (desk.control.who, RB in desk.control.why) == ("watch:delivery", True)


def test_to_flatten_is_to_close_everybodys_lots_gently_then_through_the_ladder() -> None:
    desk = last_day("flatten", must_flat_minutes=30)
    desk.tick(IF, 3500.0)
    desk.trade(Side.BUY, 1, id_=IF)
    to(desk, CLOSE - 30 * MINUTE - SECOND)
    assert desk.flatten.jobs() == ()
    to(desk, CLOSE - 30 * MINUTE)
    job = desk.job()
    assert (job.scope, job.instrument, job.until) == (KillScope.ACCOUNT, RB, CLOSE)
    assert {leg.instrument for leg in job.legs} == {RB}
    assert desk.control.state is TradingState.ACTIVE
    first = desk.rounds()
    assert {(order.strategy, order.lots) for order in first} == {("alpha", 40), ("beta", 20)}
    assert {order.price for order in first} == {3499.0}
    desk.submit(side=Side.SELL, lots=30, strategy="alpha")
    assert desk.seen(OrderDenied)[-1].denials[0].rule == "flatten"
    for order in first:
        desk.report(order.id, OrderStatus.CANCELLED)
    to(desk, CLOSE - 15 * MINUTE)
    late = desk.rounds()[len(first) :]
    for order in late:
        desk.report(order.id, OrderStatus.CANCELLED)
    to(desk, CLOSE - 14 * MINUTE)
    assert desk.rounds()[-1].price < 3499.0
    for order in desk.manager.registry.open():
        desk.kill_rest(order, order.lots)
    desk.settle()
    assert [(p.instrument, p.lots) for p in desk.books.positions()] == [(IF, 1)]


def test_a_locked_pair_of_another_terminal_is_closed_too() -> None:
    desk = Near(FLAT, risk=RiskSection(must_flat_action="flatten", max_quote_age_ms=0))
    rows = tuple(
        Position(ACCOUNT, RB, direction, 0, 30, 0, 0, 3500.0, 3500.0, 0.0, 0.0, None)
        for direction in Direction
    )
    desk.books.restore(venue_state(rows, day=FLAT))
    desk.flatten._worker.ready = True
    desk.post(Reconciled("test", True, (), desk.clock.now()))
    to(desk, CLOSE - 60 * MINUTE)
    assert {leg.strategy for leg in desk.job().legs} == {UNATTRIBUTED}
    (order,) = desk.rounds()
    desk.report(order.id, OrderStatus.FILLED, 30)
    desk.post(desk.trade_report(order.id, 30, order.price))
    desk.settle()
    assert {order.side for order in desk.rounds()} == set(Side)


def test_what_is_flat_is_left_alone() -> None:
    desk = last_day("flatten")
    desk.trade(Side.SELL, 40, price=3499.0)
    desk.trade(Side.SELL, 20, price=3499.0, strategy="beta")
    to(desk, CLOSE)
    assert desk.flatten.jobs() == ()


def test_a_late_start_begins_at_once_and_the_end_is_told() -> None:
    desk = holding(30, risk=RiskSection(must_flat_action="flatten"))
    desk.flatten._worker.ready = True
    desk.turn(FLAT, 14 * 60 + 50)
    desk.settle()
    assert len(desk.rounds()) == 1
    to(desk, CLOSE)
    assert any("NOT FLAT" in alert.text for alert in desk.seen(AlertRaised))
    assert desk.flatten.jobs() == ()


def test_nothing_is_opened_on_the_day_of_a_flatten() -> None:
    desk = Near(FLAT, risk=RiskSection(must_flat_action="flatten", last_open_days=0))
    desk.submit(lots=30)
    assert desk.denials() == {"delivery_open"}


def test_a_person_may_call_it_off() -> None:
    desk = last_day("flatten")
    desk.limit(RiskSection(must_flat_action="warn"))
    to(desk, CLOSE)
    assert desk.rounds() == []


@pytest.mark.parametrize(("before", "after"), [(60, 30), (30, 60)])
def test_another_time_of_acting_holds_at_once(before: int, after: int) -> None:
    desk = last_day("reduce", must_flat_minutes=before)
    to(desk, CLOSE - 90 * MINUTE)
    desk.limit(RiskSection(must_flat_action="reduce", must_flat_minutes=after))
    to(desk, CLOSE - after * MINUTE - SECOND)
    assert desk.control.state is TradingState.ACTIVE
    to(desk, CLOSE - after * MINUTE)
    assert desk.control.state is TradingState.REDUCING
    to(desk, CLOSE)
    assert len([c for c in desk.seen(SetTradingState) if c.who == "watch:delivery"]) == 1


def test_another_action_takes_the_place_of_the_one_that_is_due() -> None:
    desk = last_day("reduce")
    to(desk, CLOSE - 90 * MINUTE)
    desk.limit(RiskSection(must_flat_action="flatten", must_flat_minutes=20))
    to(desk, CLOSE - 20 * MINUTE - SECOND)
    assert (desk.rounds(), desk.control.state) == ([], TradingState.ACTIVE)
    to(desk, CLOSE - 20 * MINUTE)
    assert len(desk.rounds()) == 2


def test_an_institution_is_not_flattened() -> None:
    desk = holding(30, risk=RiskSection(must_flat_action="flatten", client="institution"))
    desk.turn(LAST)
    to(desk, china_midnight(LAST) + 15 * HOUR)
    assert desk.flatten.jobs() == ()


def test_a_watch_never_raises_the_state() -> None:
    desk = last_day("reduce")
    desk.post(SetTradingState(TradingState.HALTED, "trader", "lunch", desk.clock.now()))
    to(desk, CLOSE)
    assert desk.control.state is TradingState.HALTED


# ------------------------------------------------------------------ pure


@given(st.lists(st.integers(1, 60), max_size=5), st.integers(0, 80))
def test_each_step_is_due_from_its_day_on_until_the_next(steps: list[int], count: int) -> None:
    found = pure.step(count, steps)
    if found is None:
        assert all(step < count for step in steps)
        assert count > 0
    else:
        assert found >= count
        assert not any(count <= step < found for step in (*steps, 0))


@pytest.mark.parametrize(
    ("today", "wanted"), [(20260511, 1), (20260512, 0), (20260513, pure.LATE), (20260301, 11)]
)
def test_trading_days_that_are_left(today: int, wanted: int) -> None:
    assert pure.left(SESSIONS.calendar, today, FLAT, 10) == wanted
