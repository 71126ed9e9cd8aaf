"""A strategy that raises, or never returns, in each of its hooks; that sends ten thousand orders in
a second; that changes what it was given. It alone is stopped, and the others miss nothing.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.faults import outcome
from tests.faults.core import Core, House
from tests.faults.cuts import go_on
from tests.faults.market import CLOSE, LATE, RB, M, configured, entry, ticks

from homalos.config.sections.risk import RiskSection
from homalos.model.enums import Offset, StrategyState
from homalos.model.events import StrategyCommand
from homalos.model.ids import StrategyId
from homalos.model.times import SECOND
from homalos.strategy.base import hooks
from homalos.trading.states import LIVE

ROGUE, OTHER = StrategyId("rogue"), StrategyId("m")
DEEDS = ("raise", "spin", "mutate", "storm")
STOPPED = ("raise", "spin")
"""Deeds for which a strategy is stopped; the others come to nothing."""
AFTER_CLOSE = ("on_phase", "on_trading_day")
"""Hooks that are called when the session is over, and with it every order."""
QUICK = (
    "strategy.error_budget=1", "strategy.time_budget_ms=40", "strategy.load_budget_ms=80",
    "strategy.exit_after_ms=60000",
)  # fmt: skip

PATIENT = ("strategy.time_budget_ms=60000",)
"""The storm is left to the limits; as shipped it is stopped for its time besides."""


class Misdeed(NamedTuple):
    deed: str
    hook: str


class Told(NamedTuple):
    state: str
    errors: int
    wishes: int
    """Intents of the rogue."""
    orders: int
    """Of these, that reached the venue."""


def misdeeds(deeds: tuple[str, ...] = DEEDS) -> Iterator[Misdeed]:
    """Each deed in each hook; the storm breaks loose once."""
    for deed in deeds:
        for hook in ("on_tick",) if deed == "storm" else sorted(hooks()):
            yield Misdeed(deed, hook)


def run(data: Path, misdeed: Misdeed) -> Told:
    """From before a session's end over the turn of the day: every hook is called.
    ``AssertionError``."""
    data.mkdir(parents=True)
    entries = (
        entry(ROGUE, "rogue.py", RB, deed=misdeed.deed, hook=misdeed.hook),
        entry(OTHER, "script.py", M), entry("watch", "watch.py", RB, M),
    )  # fmt: skip
    rates = () if misdeed.deed != "storm" else (*_shipped_rates(), *PATIENT)
    core = Core(House(data, configured(entries, *QUICK, *rates), begin=LATE), watchdog=True)
    try:
        core.start()
        core.go(ticks(core.clock.now() + SECOND, 70))
        _command(core, "set", '{"mood": 1}')
        if misdeed.hook == "on_stop":
            _command(core, "stop")
        if misdeed.deed in STOPPED and misdeed.hook not in AFTER_CLOSE:
            _entries_gone(core)
        core.quiet((CLOSE - core.clock.now()) / SECOND + 70)
        go_on(core, 24)
        return _judge(core, misdeed)
    finally:
        core.engine.strategies.stop()
        core.die()
        shutil.rmtree(data)


def _entries_gone(core: Core) -> None:
    """What it had working to open a position was cancelled, and it had something."""
    orders = [o for o in core.engine.orders.orders() if o.strategy == ROGUE]
    live = [o.id for o in orders if o.status in LIVE and o.offset is Offset.OPEN]
    assert not live, f"entries of a stopped strategy still work: {live}"


def _shipped_rates() -> tuple[str, ...]:
    names = [n for n in RiskSection.__struct_fields__ if n.startswith("max_") and "_per_" in n]
    usual = RiskSection()
    return tuple(f"risk.{name}={getattr(usual, name)}" for name in names)


def _command(core: Core, action: str, payload: str = "") -> None:
    now = core.clock.now()
    core.engine.bus.post(StrategyCommand(ROGUE, action, "test", now, payload))
    core.engine.bus.run_until_idle()


def _judge(core: Core, misdeed: Misdeed) -> Told:
    engine = core.engine
    rows = {info.id: info for info in engine.strategies.strategies()}
    rogue = rows[ROGUE]
    wanted = {"on_start": StrategyState.FAILED, "on_stop": StrategyState.STOPPED}
    if misdeed.deed in STOPPED:
        assert rogue.state is wanted.get(misdeed.hook, StrategyState.QUARANTINED), rogue.state
        assert rogue.errors >= 1
    assert rows[OTHER].state is rows[StrategyId("watch")].state is StrategyState.RUNNING
    assert rows[OTHER].errors == rows[StrategyId("watch")].errors == 0
    assert rows[OTHER].trades > 5
    core.check(outcome.past_of(core.house.events()))
    outcome.goes_on(core.state.value, core.watched(), core.fed)
    if misdeed.deed == "storm":
        assert rogue.orders < 100, "the limits let the storm through"
    return Told(rogue.state.value, rogue.errors, core.wishes[ROGUE], rogue.orders)
