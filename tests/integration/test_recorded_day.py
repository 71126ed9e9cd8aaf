"""Whole days at full speed with ten strategies, a trader by hand and every risk rule: books equal
the twin's and the exchange's, to the last cent, at every look.

``python tests/soak/recorded_day.py`` prints what happened on them.
"""

from collections import Counter
from pathlib import Path

import pytest
from tests.integration.ten import made
from tests.integration.ten.days import (
    KINDS,
    MADE,
    MARKET_DAY,
    RUBBER,
    Run,
    market_day,
    recorded,
)

from homalos.model.enums import StrategyState
from homalos.model.ids import MANUAL, UNATTRIBUTED
from homalos.trading.risk.rules import RULES

USED = {
    "limit intent", "market intent", "limit gfd", "limit fak", "limit fok", "time-out, cancel",
    "time-out, chase", "good_till", "to_limit", "reduce_only", "replaced", "stop", "take_profit",
    "trailing", "pair", "bracket", "open",
}  # fmt: skip
"""Of every day; ``stop_limit`` and the offsets of SHFE are not met on each."""

FIRED = {
    "before_close", "breaker", "closable", "collar", "collar_opposite", "connection",
    "duplicate", "instrument", "leverage", "lots", "margin_available", "margin_use", "notional",
    "order_rate", "order_size", "order_value", "phase", "position", "position_product",
    "position_sector", "position_total", "price_tick", "reduce_only", "self_trade", "stale_data",
    "trading_state",
}  # fmt: skip
"""Rules that deny something on every day (``reduce_only``, and below ``cancel_budget``, are the
order manager's own)."""
MARKETWIDE = {
    "cancel_budget", "daily_opens", "instrument_list", "programme_bursts", "programme_cancels",
    "strategy_cancel_rate", "strategy_order_rate",
}  # fmt: skip
"""Where many contracts of all exchanges trade, these, too."""


def check(run: Run, trades: int) -> None:
    """It was not compared in vain. ``trades``: of each strategy, at least."""
    floor = run.floor
    off = {rule.name for rule in RULES if not rule(floor.config.risk).active}
    assert not off, "every rule is on"
    made_by = Counter(str(trade.strategy) for trade in floor.trades)
    owners = (*KINDS, MANUAL, UNATTRIBUTED)
    few = {name: made_by[name] for name in owners if made_by[name] < trades}
    assert not few
    for info in floor.engine.strategies.strategies():
        assert (info.errors, info.state) == (0, StrategyState.STOPPED), info.id
    assert not USED.difference(floor.used)
    assert floor.used["close"] or floor.used["close_today"]
    assert not FIRED.difference(floor.denied)
    wrong = ("fewer lots", "quarantined", "Traceback", "not listed", "came twice")
    assert not [text for text in floor.alerts if any(word in text for word in wrong)]
    assert run.audit.fills == len(floor.trades) or not run.plan.settles
    print(run.summary())


@pytest.mark.timeout(600)
def test_two_days_made_to_order(tmp_path: Path) -> None:
    """The same twice, too."""
    made.write(tmp_path / "days", 20_000)
    one = Run(MADE, tmp_path / "days", tmp_path / "one").go()
    check(one, 4)
    two = Run(MADE, tmp_path / "days", tmp_path / "two").go(look=False)
    assert len(one.floor.trades) > 600
    assert one.audit.looks > 30
    assert {"close_today", "close_yesterday"} <= one.floor.used.keys()
    assert not {*MARKETWIDE, "price_limits", "limit_distance"}.difference(one.floor.denied)
    assert (one.state_hash, one.floor.trades) == (two.state_hash, two.floor.trades)


def recordings(tmp_path: Path, shared_data: Path, pattern: str) -> Path:
    """A folder with those files of the recordings."""
    folder = tmp_path / "days"
    folder.mkdir()
    found = sorted((shared_data / "ticks").glob(pattern))
    if not found:
        pytest.skip(f"no ../shared/data/ticks/{pattern} here")
    for path in found:
        (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_day_of_36_contracts_and_the_day_after(tmp_path: Path, shared_data: Path) -> None:
    """Night session included, over the settlement and into the next trading day."""
    folder = recordings(tmp_path, shared_data, "l1_20171113/*")
    one = Run(MARKET_DAY, folder, tmp_path / "one", market_day).go()
    check(one, 8)
    assert one.ticks == 2 * 910_909
    assert len(one.floor.trades) > 1_500
    assert [end.trading_day for end in one.floor.ends] == [20171113, 20171114]
    assert one.floor.used["close_yesterday"]
    assert not MARKETWIDE.difference(one.floor.denied)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_days_with_their_own_settlements(tmp_path: Path, shared_data: Path) -> None:
    """Every field of CTP's: limits, turnover, settlement prices as the exchange made them. Five
    days of apples: ``tests/soak/recorded_day.py``."""
    folder = recordings(tmp_path, shared_data, "ctp_full/SHFE.ru*")
    run = Run(RUBBER, folder, tmp_path / "data", recorded).go()
    check(run, 2)
    assert len(run.floor.ends) == 2
    assert len(run.floor.trades) > 1_000
    assert {"price_limits", "limit_distance"} <= run.floor.denied.keys()
