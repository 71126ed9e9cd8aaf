"""Where only what reduces may leave, nothing turns or doubles a position: an open never reduces,
nor does the close of one leg of a pair; what a kill closes passes."""

from collections.abc import Callable

import pytest
from tests.unit.trading.delivery.floor import FLAT, Near
from tests.unit.trading.desk import RB, Desk
from tests.unit.trading.watch.floor import ALPHA, WatchFloor

from homalos.model.breaking import WHOLE_ACCOUNT, BreakerCause, BreakerChanged, BreakerState
from homalos.model.enums import KillScope, Offset, Side, TradingState
from homalos.model.events import SetTradingState


def a_day_loss(floor: WatchFloor) -> None:
    floor.reload(max_day_loss=1_500.0)
    floor.pass_by(3480.0)


def a_drawdown(floor: WatchFloor) -> None:
    floor.reload(max_drawdown_percent=0.1)
    floor.pass_by(3480.0)


def a_breaker(floor: WatchFloor) -> None:
    now = floor.clock.now()
    found = BreakerChanged(
        WHOLE_ACCOUNT, BreakerState.OPEN, BreakerCause.REJECTS, 9, 9, now * 2, "test", "", now
    )
    floor.gate.view.breakers = {WHOLE_ACCOUNT: found}


def a_state(floor: WatchFloor) -> None:
    floor.post(SetTradingState(TradingState.REDUCING, "me", "", floor.clock.now()))


Hold = Callable[[WatchFloor], None]
HELD: list[tuple[str, Hold]] = [
    ("daily_loss", a_day_loss), ("drawdown", a_drawdown), ("breaker", a_breaker),
    ("trading_state", a_state),
]  # fmt: skip
held_back = pytest.mark.parametrize(("rule", "hold"), HELD, ids=[rule for rule, _ in HELD])


def fill_all(desk: Desk, price: float = 3480.0) -> tuple[int, int]:
    """Long and short of the account when all that left is filled."""
    for order in desk.manager.live():
        desk.fill(order.id, price)
    contract = desk.books.contract(RB)
    assert contract is not None
    return contract.long.lots, contract.short.lots


@held_back
@pytest.mark.fires("daily_loss", "drawdown", "breaker", "trading_state")
def test_an_open_against_ones_own_lots_does_not_reduce(rule: str, hold: Hold) -> None:
    floor = WatchFloor()
    floor.holding(50)
    hold(floor)
    floor.submit(side=Side.SELL, lots=50, price=3480.0, offset=Offset.OPEN)
    assert floor.denials() == {rule}
    floor.submit(side=Side.SELL, lots=50, price=3480.0, offset=Offset.CLOSE)
    assert fill_all(floor) == (0, 0), "not short, though both were wanted in one tick"


@held_back
@pytest.mark.fires("daily_loss", "drawdown", "breaker", "trading_state")
def test_of_a_pair_only_what_lowers_the_net_is_closed_but_for_a_kill(rule: str, hold: Hold) -> None:
    floor = WatchFloor()
    floor.holding(50)
    floor.holding(-40, "beta")
    hold(floor)
    floor.submit(side=Side.SELL, lots=50, price=3480.0)
    assert floor.denials() == {rule}, "the account would be short 40"
    floor.gate.denied.clear()
    floor.submit(side=Side.SELL, lots=10, price=3480.0)
    assert fill_all(floor) == (40, 40)
    floor.runs()
    floor.kill(KillScope.STRATEGY, ALPHA)
    assert [(order.side, order.lots) for order in floor.rounds()] == [(Side.SELL, 40)]
    assert floor.denials() == set()


@held_back
@pytest.mark.fires("daily_loss", "drawdown", "breaker", "trading_state")
def test_an_exit_of_a_locking_book_is_an_open_and_waits_for_a_kill(rule: str, hold: Hold) -> None:
    floor = WatchFloor()
    floor.books.strategies.set_mode(ALPHA, "lock")
    floor.holding(50)
    hold(floor)
    floor.submit(side=Side.SELL, lots=50, price=3480.0, offset=Offset.CLOSE)
    assert floor.denials() == {rule}, "today's lots would be locked, not closed"
    floor.runs()
    floor.kill(KillScope.STRATEGY, ALPHA)
    assert fill_all(floor) == (0, 0)


@pytest.mark.fires("delivery_open")
@pytest.mark.parametrize("mode", ["own", "net", "lock"])
def test_nothing_is_locked_where_nothing_may_be_opened(mode: str) -> None:
    """Near delivery: the lots of the lock would have to be closed, too."""
    desk = Near()
    desk.books.strategies.set_mode(ALPHA, mode)  # type: ignore[arg-type]
    desk.trade(Side.BUY, 30)
    desk.turn(FLAT)
    desk.submit(side=Side.SELL, lots=30, offset=Offset.OPEN)
    assert desk.denials() == {"delivery_open"}
    assert fill_all(desk) == (30, 0)
