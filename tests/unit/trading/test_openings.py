"""Lots opened today: every open of the account counts once, whoever made it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import (
    ACCOUNT,
    DAY,
    IF,
    RB,
    START,
    STOCK,
    Desk,
    M,
    instrument,
    venue_state,
)

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_rates import NO_RATES
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import InstrumentListed, OrderDenied, TradeReported, TradingDayChanged
from homalos.model.ids import MANUAL, InstrumentId, OrderId, StrategyId, TradeId, VenueOrderId
from homalos.model.reconciling import Reconcile
from homalos.model.trading import Order, Trade
from homalos.trading import recovery

RB2 = InstrumentId("SHFE.rb2610")


def R(**limits: object) -> RiskSection:
    return msgspec.convert({**NO_RATES, "max_identical_orders": 0, **limits}, RiskSection)


def foreign(number: int, lots: int, day: int = DAY, **changes: Any) -> TradeReported:
    """A fill of another terminal's order."""
    made = TradeReported(
        None, VenueOrderId(f"f{number}"), TradeId(f"f{number}"), RB, Side.BUY, Offset.OPEN, 3500.0,
        lots, day, START, START,
    )  # fmt: skip
    return replace(made, **changes)


def opened(desk: Desk) -> tuple[int, int]:
    """Of the contract, of the product."""
    return desk.manager.openings.lots(RB), desk.manager.openings.lots("SHFE.rb")


def second_month(desk: Desk) -> None:
    desk.post(InstrumentListed(replace(instrument(), id=RB2, symbol="rb2610"), START))
    desk.tick(RB2, 3500.0)


# ------------------------------------------------------------ the rule


def ours(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)


def a_persons(desk: Desk) -> None:
    desk.trade(Side.SELL, 3, strategy=MANUAL)


def another_terminals(desk: Desk) -> None:
    desk.post(foreign(1, 3))


def both_sides(desk: Desk) -> None:
    desk.trade(Side.BUY, 2)
    desk.trade(Side.SELL, 1, offset=Offset.OPEN)


def working(desk: Desk) -> None:
    desk.trade(Side.BUY, 1)
    desk.submit(price=3499.0)
    desk.submit(price=3509.0, side=Side.SELL, strategy=StrategyId("beta"))


def closed_again(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.trade(Side.SELL, 3)


def partly_filled(desk: Desk) -> None:
    id_ = desk.submit(lots=3)
    desk.fill(id_, 3500.0, 2)


def another_months(desk: Desk) -> None:
    second_month(desk)
    desk.trade(Side.BUY, 3, id_=RB2)


def cancelled(desk: Desk) -> None:
    id_ = desk.submit(lots=3)
    desk.fill(id_, 3500.0, 1)
    desk.report(id_, OrderStatus.CANCELLED, 1)


def another_products(desk: Desk) -> None:
    desk.trade(Side.BUY, 3, id_=M)


def yesterdays(desk: Desk) -> None:
    desk.trade(Side.BUY, 3)
    desk.post(TradingDayChanged("test", DAY + 1, START))


USED = [ours, a_persons, another_terminals, both_sides, working, closed_again, partly_filled]


@pytest.mark.fires("daily_opens")
@pytest.mark.parametrize("act", USED)
@pytest.mark.parametrize(
    "limits",
    [
        {"max_day_opens": 4},
        {"max_product_day_opens": 4},
        {"day_opens_of": {"SHFE.rb2605": 4}, "max_day_opens": 1},
        {"day_opens_of": {"SHFE.rb": 4}, "max_product_day_opens": 1},
    ],
)
def test_three_of_four_are_used(act: Callable[[Desk], None], limits: dict[str, Any]) -> None:
    desk = Desk(risk=R())
    act(desk)
    desk.gate.configure(R(**limits))
    before = len(desk.venue.sent)
    desk.submit(lots=2, price=3499.0, strategy=StrategyId("gamma"))
    (denial,) = desk.seen(OrderDenied)[-1].denials
    assert (denial.rule, denial.value, denial.limit) == ("daily_opens", 5, 4)
    assert len(desk.venue.sent) == before
    desk.submit(lots=1, price=3499.0, strategy=StrategyId("gamma"))
    assert len(desk.venue.sent) == before + 1


@pytest.mark.fires("daily_opens")
def test_a_product_is_the_sum_of_its_contracts() -> None:
    desk = Desk(risk=R(max_product_day_opens=4))
    another_months(desk)
    desk.submit(lots=2)
    assert desk.denials() == {"daily_opens"}
    desk.submit(lots=1)
    assert len(desk.venue.sent) == 2


@pytest.mark.parametrize(
    ("act", "limits"),
    [
        (another_months, {"max_day_opens": 4}),
        (another_products, {"max_day_opens": 4, "max_product_day_opens": 4}),
        (cancelled, {"max_day_opens": 3}),
        (yesterdays, {"max_day_opens": 3}),
        (ours, {"max_day_opens": 3, "day_opens_of": {"SHFE.rb2605": 0}}),
        (ours, {"max_product_day_opens": 3, "day_opens_of": {"SHFE.rb": 9}}),
        (ours, {"day_opens_of": {"DCE.m": 1, "SHFE.hc": 1}}),
    ],
)
def test_passes(act: Callable[[Desk], None], limits: dict[str, Any]) -> None:
    desk = Desk(risk=R(**limits))
    act(desk)
    desk.submit(lots=2)
    assert desk.denials() == set()


def test_closes_pass_and_a_lock_is_an_open() -> None:
    desk = Desk(risk=R(max_day_opens=3))
    desk.trade(Side.BUY, 3)
    desk.submit(side=Side.SELL, lots=1, offset=Offset.OPEN)
    assert desk.denials() == {"daily_opens"}
    desk.submit(side=Side.SELL, lots=3)
    assert len(desk.venue.sent) == 2


def test_without_a_limit_the_rule_is_not_asked() -> None:
    assert "daily_opens" not in Desk(risk=R()).gate.rules()
    assert "daily_opens" not in Desk(risk=R(day_opens_of={"SHFE.rb": 0})).gate.rules()


# ------------------------------------------------------------ counting


def test_a_fill_counts_once_however_often_it_is_told() -> None:
    desk = Desk(risk=R())
    for _ in range(2):
        desk.post(foreign(1, 3))
        desk.post(foreign(2, 2, side=Side.SELL))
        desk.post(foreign(2, 2, offset=Offset.CLOSE_TODAY))
    assert opened(desk) == (5, 5)


def of_venue(fill: TradeReported) -> Trade:
    return Trade(
        fill.trade_id, None, ACCOUNT, StrategyId(""), fill.instrument, fill.side, fill.offset,
        fill.price, fill.lots, 0.0, fill.trading_day, START, START, fill.venue_order_id,
    )  # fmt: skip


def test_what_the_venue_knows_when_nothing_is_known_here_counts() -> None:
    """The first start in the middle of a day: its trades come with the positions."""
    desk = Desk(ready=False, risk=R())
    desk.venue.snapshot = venue_state(trades=(of_venue(foreign(1, 3)), of_venue(foreign(2, 2))))
    desk.open()
    assert opened(desk) == (5, 5)
    desk.post(foreign(1, 3))
    desk.post(Reconcile("me", START))
    desk.post(foreign(3, 1))
    assert opened(desk) == (6, 6)


def test_a_fill_that_came_before_the_first_answer_counts_once() -> None:
    desk = Desk(ready=False, risk=R())
    desk.post(InstrumentListed(instrument(RB), START))
    desk.post(TradingDayChanged("test", DAY, START))
    desk.post(foreign(1, 3))
    desk.venue.snapshot = venue_state(trades=(of_venue(foreign(1, 3)),))
    desk.open()
    assert opened(desk) == (3, 3)


def test_another_terminals_working_open_counts_until_it_is_gone() -> None:
    desk = Desk(risk=R(max_day_opens=4))
    row = Order(
        OrderId(""), OrderId(""), ACCOUNT, StrategyId(""), RB, Side.BUY, Offset.OPEN,
        OrderKind.LIMIT, TimeInForce.GFD, 3400.0, 3, START, status=OrderStatus.ACCEPTED,
        venue_order_id=VenueOrderId("f1"),
    )  # fmt: skip
    desk.venue.snapshot = venue_state(orders=(row,))
    desk.post(Reconcile("me", START))
    desk.submit(lots=2)
    assert desk.denials() == {"daily_opens"}
    desk.post(foreign(1, 3))
    assert opened(desk) == (3, 3)
    desk.submit(lots=2)
    assert desk.gate.denied["daily_opens"] == 2, "filled it counts as before, not twice"
    desk.submit(lots=1)
    assert len(desk.venue.sent) == 1


def test_the_next_trading_days_fills_wait_for_its_turn() -> None:
    desk = Desk(risk=R())
    desk.post(foreign(1, 3))
    desk.post(foreign(2, 2, DAY + 1))
    assert opened(desk) == (3, 3)
    desk.post(TradingDayChanged("test", DAY + 1, START))
    assert opened(desk) == (2, 2)
    desk.post(foreign(3, 7))
    assert opened(desk) == (2, 2), "a fill of the day before"


def test_a_restart_counts_what_the_journal_and_the_venue_know() -> None:
    old = Desk(risk=R())
    old.post(foreign(1, 3))
    listed = [InstrumentListed(instrument(id_), START) for id_ in STOCK]
    journal = [*listed, TradingDayChanged("test", DAY, START), foreign(1, 3)]
    new = Desk(ready=False, risk=R())
    recovery.fold(journal, new.books, new.manager)
    assert opened(new) == opened(old) == (3, 3)
    assert new.manager.openings.state() == old.manager.openings.state()
    missed = (of_venue(foreign(1, 3)), of_venue(foreign(2, 4)))
    new.venue.snapshot = venue_state(trades=missed)
    new.open()
    assert opened(new) == (7, 7), "the venue tells what was opened meanwhile"
    assert new.manager.openings.lots(IF) == 0
