"""Equity, drawdown and Sharpe ratio of strategies."""

from statistics import mean, stdev

import pytest
from tests.unit.trading.desk import RB, Desk

from homalos.model.enums import Side
from homalos.model.events import AccountSnapshot, TradingDayChanged
from homalos.model.ids import StrategyId
from homalos.trading.performance import TRADING_DAYS, Performances

A = StrategyId("alpha")


def test_drawdown_is_from_the_peak_and_the_deepest_is_kept() -> None:
    them = Performances()
    for equity in (100.0, 300.0, 50.0, 200.0):
        them.note({A: equity})
    (row,) = them.records()
    assert (row.equity, row.peak, row.drawdown, row.max_drawdown) == (200.0, 300.0, 100.0, 250.0)


def test_a_loss_from_the_start_is_a_drawdown() -> None:
    them = Performances()
    them.note({A: -40.0})
    assert them.records()[0].drawdown == 40.0


def test_the_ratio_is_of_daily_results() -> None:
    them, results, equity = Performances(), (100.0, -30.0, 250.0, 0.0), 0.0
    assert them.records() == ()
    for number, result in enumerate(results):
        equity += result
        them.day_over({A: equity})
        if number == 0:
            assert them.records()[0].sharpe is None, "one day says nothing"
    (row,) = them.records()
    assert row.days == 4
    assert row.sharpe == pytest.approx(mean(results) / stdev(results) * TRADING_DAYS**0.5)
    again = Performances()
    again.load(them.records())
    again.day_over({A: equity + 10.0})
    them.day_over({A: equity + 10.0})
    assert again.records() == them.records(), "a restart goes on from the record"


def test_days_that_are_all_alike_have_no_ratio() -> None:
    them = Performances()
    for _ in range(3):
        them.day_over({A: 0.0})
    assert them.records()[0].sharpe is None


def test_books_feed_it_with_snapshots_and_days() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1, 3500.0)
    for price in (3520.0, 3490.0, 3505.0):
        desk.tick(RB, price)
        desk.advance(6)
    (row,) = desk.seen(AccountSnapshot)[-1].performances
    assert row.strategy == A
    assert row.equity == pytest.approx(50 - 3.5)
    assert row.peak == pytest.approx(200 - 3.5)
    assert row.max_drawdown == pytest.approx(300)
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", desk.books.trading_day + 1, desk.clock.now()))
    assert desk.books.performances.records()[0].days == 1
    assert desk.books.performances.records()[0].day_equity == pytest.approx(50 - 3.5)
