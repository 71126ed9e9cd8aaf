"""Losses on the real core and the real daemon: a market that falls, a locked one, a kill -9."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.integration.daemon import Daemon, until
from tests.integration.trading_floor import Floor

from homalos.config.sections.risk_losses import WatchLevel
from homalos.config.sections.risk_rates import NO_RATES
from homalos.config.sections.strategy import StrategyEntry
from homalos.kernel.pump import Pump
from homalos.model.enums import TradingState
from homalos.model.events import AlertRaised, BeginFlatten, SetTradingState, TradingDayChanged
from homalos.model.market import Tick
from homalos.trading.watch.telling import told

ROOT = Path(__file__).resolve().parents[2]
STRATEGIES = Path(__file__).parent / "strategies"
FREE = (
    "exchange.generator_products=[SHFE.rb]", "exchange.generator_history_bars=240",
    "risk.max_drawdown_percent=0", "risk.max_day_loss_percent=0", "risk.max_identical_orders=0",
)  # fmt: skip
HOLD = StrategyEntry(id="hold-rb", file="hold.py", instruments=("SHFE.rb",), params={"lots": 100})


class Market(Floor):
    """``go_as``: ticks of the generated market, each as ``change`` would have it."""

    _all: Iterator[Tick] | None = None

    def go(self, ticks: int) -> None:
        self.go_as(ticks, lambda tick: tick)

    def go_as(self, ticks: int, change: Callable[[Tick], Tick]) -> None:
        if self._all is None:
            self._all = iter(self.source)
        source: Iterator[Tick] = map(change, islice(self._all, ticks))
        pump = Pump(
            self.engine.bus, self.clock, self.engine.timers, source, self._feed.feed, speed=None
        )
        pump.start(None)
        self.engine.bus.run_until_idle()


def market(tmp_path: Path, watches: str, *overrides: str) -> Market:
    made = Market(
        ROOT / "config", tmp_path, STRATEGIES, entries=(HOLD,),
        overrides=(*FREE, f"risk.watches={watches}", *overrides),
    )  # fmt: skip
    made.open()
    made.go(60)
    assert made.engine.books.positions()[0].lots == 100
    return made


def lower(by: float) -> Callable[[Tick], Tick]:
    def change(tick: Tick) -> Tick:
        return replace(
            tick, last_price=(tick.last_price or 0.0) - by, bid_price=(tick.bid_price or 0.0) - by,
            ask_price=(tick.ask_price or 0.0) - by,
        )  # fmt: skip

    return change


def states(floor: Market) -> list[str]:
    sets = [e for e in floor.events if isinstance(e, SetTradingState) and e.who != "test"]
    return [f"{e.state.value} {e.who}" for e in sets]


def test_a_market_that_falls_warns_reduces_and_flattens(tmp_path: Path) -> None:
    floor = market(
        tmp_path,
        "[{what: day_loss, percent: 1, action: warn}, {what: day_loss, percent: 3, action: reduce},"
        " {what: day_loss, percent: 6, action: flatten}]",
    )
    engine = floor.engine
    floor.go_as(40, lower(15.0))
    told_of = [e.text for e in floor.events if isinstance(e, AlertRaised) and e.source == "watch"]
    assert len(told_of) == 1
    assert "level 1.00 %" in told_of[0]
    assert states(floor) == []
    floor.go_as(40, lower(38.0))
    assert states(floor) == ["reducing watch:day_loss"]
    assert engine.control.state is TradingState.REDUCING
    floor.go_as(200, lower(75.0))
    begun = [e for e in floor.events if isinstance(e, BeginFlatten)]
    assert [(e.scope.value, e.who) for e in begun] == [("daemon", "watch:day_loss")]
    assert engine.books.positions() == ()
    assert floor.exchange.positions(engine.books.account_id) == ()
    assert engine.control.state is TradingState.HALTED
    figures = told(engine.losses)
    account = engine.books.account()
    floor.go(20)  # what is realised has held
    assert told(engine.losses)["account"]["result"] == pytest.approx(
        account.closed_profit - account.fees
    )
    assert {row["action"] for row in figures["acted"]} == {"warn", "reduce", "flatten"}
    floor.close()


def test_a_strategy_that_loses_is_closed_and_the_account_trades_on(tmp_path: Path) -> None:
    floor = market(tmp_path, "[{of: strategy, what: day_loss, yuan: 20000, action: flatten}]")
    floor.go_as(200, lower(40.0))
    engine = floor.engine
    assert engine.books.positions() == ()
    assert engine.control.state is TradingState.ACTIVE
    (info,) = engine.strategies.strategies()
    assert info.state.value == "stopped"
    floor.close()


def locked(last_above: float) -> Callable[[Tick], Tick]:
    """Nobody bids at the lower limit."""

    def change(tick: Tick) -> Tick:
        assert tick.lower_limit is not None
        return replace(
            tick, last_price=tick.lower_limit + last_above, bid_price=None, bid_lots=0,
            ask_price=tick.lower_limit, ask_lots=5_000,
        )  # fmt: skip

    return change


def edit(floor: Market, **limits: Any) -> None:
    """An edit of risk.yaml."""
    config = floor.config
    risk = msgspec.structs.replace(config.risk, **limits)
    floor.engine.configure(msgspec.structs.replace(config, risk=risk))


def test_a_contract_locked_at_its_limit_is_marked_there_and_flattens_there(tmp_path: Path) -> None:
    floor = market(tmp_path, "[]")
    engine = floor.engine
    floor.go_as(30, locked(60.0))
    (row,) = engine.books.positions()
    limit = engine.books.quotes[row.instrument].lower_limit
    assert limit is not None
    fees = engine.books.account().fees
    result = told(engine.losses)["account"]["result"]
    assert result == pytest.approx((limit - row.cost_price) * row.lots * 10 - fees)
    edit(floor, watches=(WatchLevel(what="day_loss", percent=15.0, action="flatten"),))
    floor.go_as(30, locked(0.0))
    assert [e.scope.value for e in floor.events if isinstance(e, BeginFlatten)] == ["daemon"]
    assert [o.price for o in engine.orders.live()] == [limit], "queued at the limit"
    floor.close()


def test_an_edit_of_the_limits_holds_at_once(tmp_path: Path) -> None:
    floor = market(tmp_path, "[]")
    floor.go_as(40, lower(15.0))
    engine = floor.engine
    assert engine.losses.standing.day is None
    edit(floor, max_day_loss=5_000.0)
    floor.go_as(10, lower(15.0))
    assert engine.losses.standing.day is not None
    assert "daily_loss" in engine.risk.rules()
    edit(floor)
    assert engine.losses.standing.day is None
    floor.close()


# ---------------------------------------------------------------- the daemon

ENTRIES = """strategies:
  - {id: churn-rb, file: churn.py, instruments: [SHFE.rb], params: {every: 2, lots: 9}}
"""
LIMITS = (
    "".join(f"{name}: 0\n" for name in (*NO_RATES, "max_identical_orders"))
    + """
max_day_loss: 150
watches:
  - {of: account, what: day_loss, yuan: 160, action: reduce}
  - {of: strategy, what: day_loss, yuan: 170, action: stop}
"""
)


def acted(daemon: Daemon) -> list[tuple[str, str]]:
    rows = daemon.ask("/api/v1/risk/losses")["acted"]
    return sorted((row["subject"], row["action"]) for row in rows)


def levels_told(daemon: Daemon) -> list[Any]:
    return daemon.rows("SELECT action FROM audit WHERE who LIKE 'watch:%' AND action LIKE 'level%'")


def test_kill_9_forgets_no_latch_and_fires_nothing_twice(tmp_path: Path) -> None:
    """It pays fees and the spread, again and again: soon the day has lost too much."""
    daemon = Daemon(tmp_path, ENTRIES)
    daemon.risk(LIMITS)
    both = [("account", "reduce"), ("churn-rb", "stop")]
    try:
        daemon.start("--speed", "20")
        until(lambda: acted(daemon) == both, 40, "both levels")
        until(lambda: daemon.status()["trading_state"] == "reducing", 5, "reducing")
        until(lambda: daemon.strategy("churn-rb")["state"] == "stopped", 5, "stopped")
        until(lambda: len(levels_told(daemon)) == 2, 5, "the audit")
        daemon.kill()
        daemon.start("--speed", "20")
        until(
            lambda: daemon.ask("/api/v1/risk/losses")["account"]["result"] is not None, 10, "known"
        )
        row = daemon.ask("/api/v1/risk/losses")
        assert acted(daemon) == both
        assert "150.00 yuan" in row["account"]["day_loss"]["stands"]
        assert daemon.status()["trading_state"] == "reducing"
        assert daemon.status()["trading_state_who"] == "watch:day_loss"
        until(lambda: daemon.strategy("churn-rb")["state"] == "stopped", 5, "stopped again")
        assert daemon.stop() == 0
        assert len(levels_told(daemon)) == 2, "nothing acted twice"
        code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
        assert code == 0, out + err
    finally:
        daemon.kill()


def test_a_day_before_the_books_own_does_not_come_in(tmp_path: Path) -> None:
    floor = market(tmp_path, "[]")
    engine = floor.engine
    day, gateway = engine.books.trading_day, engine.gateway
    inner: Any = getattr(gateway, "_inner", gateway)
    inner._post(TradingDayChanged("sim", day - 1, engine.clock.now()))
    floor.go(10)
    assert engine.books.trading_day == day
    assert engine.books.positions()[0].today_lots == 100
    told = [e.text for e in floor.events if isinstance(e, AlertRaised) and "not believed" in e.text]
    assert len(told) == 1
