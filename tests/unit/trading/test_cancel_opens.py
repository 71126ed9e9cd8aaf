"""``cancel_opens``: nothing that rests, waits or is chased opens any more; what closes goes on."""

from typing import Any

import pytest
from tests.unit.trading.conditional.floor import Floor as Held
from tests.unit.trading.desk import Desk, M

from homalos.model.conditional import ConditionalStatus
from homalos.model.enums import (
    AuctionPolicy,
    Offset,
    OnTimeout,
    OrderStatus,
    Phase,
    Side,
    TimeInForce,
)
from homalos.model.events import PhaseChanged
from homalos.model.ids import UNATTRIBUTED, OrderId, StrategyId
from homalos.trading.cancels import cancel_opens

ALPHA, BETA, ALL = StrategyId("alpha"), StrategyId("beta"), StrategyId("")


def rested(desk: Desk, **changes: Any) -> OrderId:
    id_ = desk.submit(**({"price": 3400.0} | changes))
    desk.report(id_, OrderStatus.ACCEPTED)
    return id_


def opens_end(desk: Desk, strategy: StrategyId = ALL) -> None:
    cancel_opens(desk.bus, strategy, "watch:day_loss", "enough")
    desk.bus.run_until_idle()


def test_what_opens_is_cancelled_of_all_or_of_one_strategy() -> None:
    desk = Desk()
    one, other = rested(desk), rested(desk, strategy=BETA)
    opens_end(desk, BETA)
    assert desk.venue.cancelled == [other]
    opens_end(desk)
    assert desk.venue.cancelled == [other, one]


def test_what_closes_goes_on_and_what_locks_does_not() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 5)
    rested(desk, side=Side.SELL, price=3600.0, lots=2)
    lock = rested(desk, side=Side.SELL, price=3600.0, lots=3, offset=Offset.OPEN)
    opens_end(desk)
    assert desk.venue.cancelled == [lock]


def test_orders_of_other_terminals_stay() -> None:
    desk = Desk()
    id_ = rested(desk)
    order = desk.manager.order(id_)
    assert order is not None
    desk.manager.adopt(order, UNATTRIBUTED)
    opens_end(desk)
    assert desk.venue.cancelled == []


def test_a_chase_and_what_an_auction_holds_open_no_more() -> None:
    desk = Desk()
    chased = desk.submit(price=3400.0, timeout_ms=1000, on_timeout=OnTimeout.CHASE)
    desk.report(chased, OrderStatus.ACCEPTED)
    now = desk.clock.now()
    desk.post(PhaseChanged("DCE", "m", Phase.AUCTION, 20260105, now, now))
    desk.submit(instrument=M, auction=AuctionPolicy.HOLD, tif=TimeInForce.GFD)
    assert len(desk.manager.working.plans) == 2
    opens_end(desk)
    assert desk.venue.cancelled == [chased]
    assert desk.manager.working.plans == {}
    desk.report(chased, OrderStatus.CANCELLED)
    sent = len(desk.venue.sent)
    desk.advance(5)
    desk.post(PhaseChanged("DCE", "m", Phase.CONTINUOUS, 20260105, now, now))
    assert len(desk.venue.sent) == sent


def test_a_phase_that_takes_no_cancels_is_waited_for() -> None:
    desk = Desk()
    id_ = rested(desk)
    now = desk.clock.now()
    desk.post(PhaseChanged("SHFE", "rb", Phase.BREAK, 20260105, now, now))
    opens_end(desk)
    assert desk.venue.cancelled == []
    desk.post(PhaseChanged("SHFE", "rb", Phase.CONTINUOUS, 20260105, now, now))
    assert desk.venue.cancelled == [id_]


@pytest.mark.parametrize("strategy", [ALL, ALPHA])
def test_conditional_orders_that_open_end_and_exits_stay(strategy: StrategyId) -> None:
    desk = Held(long=2)
    opening = desk.place(opens=True, trigger=3470.0)
    exit_ = desk.place(trigger=3480.0)
    opens_end(desk, strategy)
    assert desk.status(opening) is ConditionalStatus.CANCELLED
    assert desk.status(exit_) is ConditionalStatus.ARMED
