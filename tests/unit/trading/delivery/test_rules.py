"""What may not be opened or closed near delivery, on a real desk."""

import pytest
from tests.unit.trading.delivery.floor import (
    FLAT,
    LAST,
    LAST_OPEN,
    MONTH,
    MONTH_BEFORE,
    Near,
)
from tests.unit.trading.desk import IF, RB, M

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import KillScope, OrderStatus, Side, TradingState
from homalos.model.events import OrderDenied, SetTradingState

ANY = RiskSection(last_open_days=0)


def last_denial(desk: Near) -> str:
    return str(desk.seen(OrderDenied)[-1].denials[0].message)


# ------------------------------------------------------------------ entries


@pytest.mark.fires("delivery_open")
@pytest.mark.parametrize(
    ("day", "passes"), [(LAST_OPEN, True), (20260508, False), (FLAT, False), (LAST, False)]
)
def test_nothing_is_opened_after_the_last_open_day(day: int, passes: bool) -> None:
    desk = Near(day)
    desk.submit(lots=30)
    assert desk.denials() == (set() if passes else {"delivery_open"})
    assert len(desk.venue.sent) == passes
    if not passes:
        assert str(LAST_OPEN) in last_denial(desk)


def test_what_is_held_is_closed_on_any_day() -> None:
    desk = Near(LAST_OPEN)
    desk.trade(Side.BUY, 30)
    desk.turn(LAST)
    desk.submit(side=Side.SELL, lots=30)
    assert desk.denials() == set()


def test_until_the_close_of_the_must_be_flat_day_where_no_days_are_set() -> None:
    desk = Near(FLAT, risk=ANY)
    desk.submit(lots=30)
    assert desk.denials() == set()
    desk.turn(20260513)
    desk.submit(lots=30)
    assert desk.denials() == {"delivery_open"}


def test_an_institution_opens_until_the_last_trading_day() -> None:
    desk = Near(LAST, risk=RiskSection(client="institution"))
    desk.submit(lots=30)
    assert desk.denials() == set()
    desk.turn(20260518)
    desk.submit(lots=30)
    assert desk.denials() == {"delivery_open"}


def test_a_contract_settled_in_cash_is_opened_until_its_last_day() -> None:
    desk = Near()
    desk.turn(LAST)
    desk.tick(IF, 3500.0)
    desk.submit(instrument=IF, price=3500.0)
    assert desk.denials() == set()


def test_a_broker_that_asks_earlier() -> None:
    desk = Near(LAST_OPEN, risk=RiskSection(delivery_early_days=1))
    desk.submit(lots=30)
    assert desk.denials() == {"delivery_open"}


def test_a_new_word_holds_for_the_next_order() -> None:
    desk = Near(20260508)
    desk.submit(lots=30)
    assert desk.denials() == {"delivery_open"}
    desk.limit(RiskSection(last_open_days=1))
    desk.submit(lots=30)
    assert len(desk.venue.sent) == 1
    desk.limit(RiskSection(last_open_days=4))
    desk.submit(lots=30, price=3490.0)
    assert len(desk.venue.sent) == 1
    desk.limit(RiskSection(last_open_days=4, near_delivery="warn"))
    desk.submit(lots=30, price=3480.0)
    assert len(desk.venue.sent) == 2


def test_a_later_word_of_the_venue_on_the_last_day_holds() -> None:
    desk = Near(20260508)
    desk.list_with(last_trading_day=20260518)
    desk.submit(lots=30)
    assert desk.denials() == set()


@pytest.mark.parametrize(("simulated", "passes"), [(True, True), (False, False)])
def test_an_unknown_last_day_denies_live_and_is_counted_on_a_simulation(
    simulated: bool, passes: bool
) -> None:
    desk = Near(20260508, simulated=simulated)
    now = desk.clock.now()
    desk.post(SetTradingState(TradingState.ACTIVE, "trader", "test", now))
    desk.list_with(last_trading_day=0)
    desk.submit(lots=30)
    assert desk.denials() == (set() if passes else {"delivery_open"})
    assert desk.gate.skipped.get("delivery_open", 0) == passes


# ------------------------------------------------------------------ multiples


@pytest.mark.fires("delivery_multiple")
@pytest.mark.parametrize(
    ("day", "lots", "passes"),
    [(MONTH_BEFORE, 29, True), (MONTH, 29, False), (MONTH, 30, True), (MONTH, 60, True)],
)
def test_in_the_delivery_month_lots_come_in_multiples(day: int, lots: int, passes: bool) -> None:
    desk = Near(day)
    desk.submit(lots=lots)
    assert desk.denials() == (set() if passes else {"delivery_multiple"})


def test_an_open_may_fill_up_to_a_multiple() -> None:
    desk = Near(MONTH_BEFORE)
    desk.trade(Side.BUY, 17)
    desk.turn(MONTH)
    desk.submit(lots=13)
    assert desk.denials() == set()
    desk.submit(lots=13, price=3490.0)
    assert desk.denials() == {"delivery_multiple"}


def test_a_close_leaves_a_multiple_or_nothing() -> None:
    desk = Near(MONTH_BEFORE)
    desk.trade(Side.BUY, 70)
    desk.turn(MONTH)
    desk.submit(side=Side.SELL, lots=11)
    assert desk.denials() == {"delivery_multiple"}
    assert desk.venue.sent[-1].side is Side.BUY
    desk.trade(Side.SELL, 10)
    desk.trade(Side.SELL, 60, price=3499.0)
    assert desk.books.positions() == ()


def test_a_close_of_today_and_yesterday_leaves_in_two_orders() -> None:
    desk = Near(MONTH_BEFORE)
    desk.trade(Side.BUY, 17)
    desk.turn(MONTH)
    desk.trade(Side.BUY, 13)
    desk.trade(Side.SELL, 30, price=3499.0)
    assert desk.denials() == set()
    assert desk.books.positions() == ()


def test_a_book_is_closed_whole_whatever_the_others_hold() -> None:
    desk = Near(MONTH_BEFORE)
    desk.trade(Side.BUY, 7)
    desk.trade(Side.BUY, 53, strategy="beta")
    desk.turn(MONTH)
    desk.submit(side=Side.SELL, lots=6)
    assert desk.denials() == {"delivery_multiple"}
    desk.trade(Side.SELL, 7)
    assert [p.lots for p in desk.books.positions()] == [53]


def test_a_kill_closes_in_the_sizes_that_it_wants() -> None:
    section = RiskSection(max_order_lots=7)
    desk = Near(MONTH_BEFORE, risk=RiskSection(max_order_lots=100))
    desk.trade(Side.BUY, 60)
    desk.turn(MONTH)
    desk.limit(section)
    desk.flatten.configure(desk.section, section)
    desk.flatten._worker.ready = True
    desk.kill(KillScope.STRATEGY, "alpha")
    assert desk.rounds()[-1].lots == 7
    assert "delivery_multiple" not in desk.denials()


def test_a_product_without_multiples() -> None:
    desk = Near(MONTH)
    desk.tick(IF, 3500.0)
    desk.submit(instrument=IF, lots=7)
    assert desk.denials() == set()


def test_a_working_open_counts_as_filled() -> None:
    desk = Near(MONTH)
    desk.submit(lots=30)
    desk.report(desk.venue.sent[-1].id, OrderStatus.ACCEPTED)
    desk.submit(lots=30, price=3490.0)
    assert desk.denials() == set()
    desk.submit(lots=15, price=3480.0)
    assert desk.denials() == {"delivery_multiple"}


def test_far_contracts_cost_a_look_and_no_more() -> None:
    desk = Near(20260427)
    assert dict(desk.delivery.near) == {}
    desk.turn(MONTH_BEFORE)
    assert set(desk.delivery.near) == {M}
    desk.turn(MONTH)
    assert set(desk.delivery.near) == {M, RB}
    desk.turn(20260518)
    assert set(desk.delivery.near) == {M, RB, IF}
