"""Lots that come when a contract, or a strategy's end of day, was flat are closed as well."""

import pytest
from tests.unit.trading.flatten.floor import ALPHA, DAY, RB, Floor

from homalos.model.enums import FlattenStage, Offset, Side
from homalos.model.events import TradeReported
from homalos.model.flatten import EVERYBODY
from homalos.model.ids import StrategyId, TradeId, VenueOrderId
from homalos.model.times import MINUTE


@pytest.mark.parametrize("strategy", [EVERYBODY, ALPHA])
def test_lots_that_come_after_it_was_flat_are_closed_too(strategy: StrategyId) -> None:
    desk = Floor()
    end = desk.clock.now() + 30 * MINUTE

    def ask() -> None:
        desk.flatten._begin_until(strategy, RB, end, end, "watch:delivery", "must be flat")
        desk.settle()

    desk.hold(3)
    ask()
    assert sum(order.lots for order in desk.rounds()) == 3
    ask()
    assert len(desk.rounds()) == 1, "it works already"
    desk.fill(desk.last().id, 3500.0)
    desk.settle()
    assert desk.job().stage is FlattenStage.FLAT
    if strategy == EVERYBODY:  # another terminal's
        now = desk.clock.now()
        desk.post(
            TradeReported(None, VenueOrderId("f1"), TradeId("F1"), RB, Side.BUY, Offset.OPEN,
                          3500.0, 2, DAY, now, now)
        )  # fmt: skip
    else:  # assigned to it, say
        desk.books.net_book(ALPHA, RB, 10.0).carry(2, 3500.0)
        contract = desk.books.contract(RB)
        assert contract is not None
        contract.long.open(2, 3500.0, DAY)
        desk.books._refresh(contract)
    ask()
    assert desk.job().stage is FlattenStage.CLOSING
    assert [order.lots for order in desk.rounds()] == [3, 2]
    desk.advance(31 * 60)
    assert desk.flatten.jobs() == ()
