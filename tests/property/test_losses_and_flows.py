"""Money that is paid in or out, at any time and in any sum, is no gain and no loss."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.watch.floor import WatchFloor

from homalos.trading.watch.measures import Figure

OPENED = 1_000_000.0

moves = st.tuples(st.just("price"), st.integers(3_300, 3_700))
flows = st.tuples(st.just("paid"), st.integers(-400_000, 3_000_000))
days = st.tuples(st.just("day"), st.integers(3_300, 3_700))


def figures(floor: WatchFloor) -> dict[tuple[str, str], Figure]:
    rows = floor.watch.figures()
    return {(subject, what): figure for subject, what, figure in rows if what != "margin_use"}


def go(floor: WatchFloor, what: str, value: int, paid: float) -> float:
    """One step; what was paid in, net, since the day began."""
    if what == "price":
        floor.pass_by(float(value), ticks=4)
        return paid
    if what == "day":
        floor.next_day(settlement=float(value))
        return 0.0
    total = paid + value
    floor.flows(deposit=max(total, 0.0), withdraw=max(-total, 0.0))
    return total


@settings(max_examples=25, deadline=None)
@given(st.lists(moves | flows | flows | days, min_size=1, max_size=9))
def test_no_flow_moves_a_loss(steps: list[tuple[str, int]]) -> None:
    """Against a second account to which nothing is ever paid; and the moment before each flow."""
    paying, still = WatchFloor(), WatchFloor()
    for floor in (paying, still):
        floor.holding(20)
        floor.holding(10, "beta")
    paid = 0.0
    for what, value in steps:
        if what == "paid" and paying.watch.measures.capital.equity + value < 200_000:
            continue  # nobody can pay out what margin and losses take
        before = figures(paying)
        paid = go(paying, what, value, paid)
        after = figures(paying)
        if what == "paid":
            assert after.keys() == before.keys()
            for key, figure in after.items():
                assert figure.yuan == pytest.approx(before[key].yuan, abs=0.001)
                share = figure.percent
                if key[1] == "drawdown" and share is not None:
                    assert share == pytest.approx(before[key].percent, abs=1e-6)
        else:
            go(still, what, value, 0.0)
        unmoved = figures(still)
        assert {k: round(f.yuan, 2) for k, f in after.items()} == {
            k: round(f.yuan, 2) for k, f in unmoved.items()
        }


@settings(max_examples=25, deadline=None)
@given(st.integers(3_300, 3_499), st.integers(-500_000, int(OPENED)))
def test_the_days_percent_is_of_the_opening(price: int, value: int) -> None:
    """Of a day that opened with something, whatever comes (up to as much again) or goes."""
    floor = WatchFloor()
    floor.holding(20)
    floor.pass_by(float(price), ticks=4)
    before = floor.watch.measures.capital.day_loss()
    go(floor, "paid", value, 0.0)
    assert floor.watch.measures.capital.day_loss() == before
    assert before is not None
    assert before.percent == pytest.approx(100 * before.yuan / OPENED)


def test_an_account_that_is_funded_during_the_day_is_measured_by_what_came() -> None:
    floor = WatchFloor()
    floor.next_day(pre_balance=3.27, deposit=1_000_000.0)
    floor.holding(20)
    floor.pass_by(3450.0, ticks=4)
    loss = floor.watch.measures.capital.day_loss()
    assert loss is not None
    assert loss.yuan == 10_070.0
    assert loss.percent == pytest.approx(100 * 10_070 / 1_000_003.27)
    assert floor.drawdown() == pytest.approx(loss.percent, abs=1e-6)


def test_money_that_came_between_two_days_unseen_is_told_and_no_loss() -> None:
    floor = WatchFloor()
    floor.holding(20)
    floor.pass_by(3450.0, ticks=4)
    lost = floor.drawdown()
    floor.next_day(settlement=3460.0, pre_balance=700_000.0)
    assert floor.drawdown() == pytest.approx(lost, abs=1e-6)
    assert "taken for money paid in or out" in floor.alerts()[-1]
