"""Junk on the market data line, before each tick of a session; and a line that falls silent.

Neither moves a strategy, a book or the exchange: junk is refused at the gate and counted.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace
from tests.faults import outcome
from tests.faults.core import Core, House
from tests.faults.market import MORNING, configured, ticks

from homalos.model.market import Tick
from homalos.model.times import HOUR, SECOND

BEATS = 12
SILENT_S = 45
"""Longer than the daemon waits between two looks at the venue."""
Spoil = Callable[[Tick], Any]

JUNK: dict[str, Spoil] = {
    "price unset (1.8e308)": lambda t: replace(t, last_price=1.797e308),
    "price not a number": lambda t: replace(t, last_price=float("nan")),
    "price infinite": lambda t: replace(t, bid_price=float("inf")),
    "price zero": lambda t: replace(t, last_price=0.0),
    "price negative": lambda t: replace(t, ask_price=-1.0),
    "price a text": lambda t: replace(t, last_price="3000"),
    "volume negative": lambda t: replace(t, volume=-1),
    "volume nothing": lambda t: replace(t, volume=None),
    "an hour ahead": lambda t: replace(t, ts_event=t.ts_event + HOUR),
    "an hour late": lambda t: replace(t, ts_event=t.ts_event - HOUR),
    "of no time": lambda t: replace(t, ts_event=0),
    "of another day": lambda t: replace(t, trading_day=t.trading_day + 7),
    "of an unknown contract": lambda t: replace(t, instrument="SHFE.xx9999"),
    "no contract": lambda t: replace(t, instrument=None),
    "no tick": lambda t: None,
}
SILENCE = "silence"


class Case(NamedTuple):
    kind: str
    """A key of ``JUNK``, or ``SILENCE``."""
    place: int
    """Before which tick, from 1."""


class Told(NamedTuple):
    refused: int
    trades: int


def cases(kinds: tuple[str, ...], step: int = 1) -> Iterator[Case]:
    """Each of them at every ``step``-th tick."""
    for kind in kinds:
        for place in range(1, 2 * BEATS + 1, step):
            yield Case(kind, place)


def run(data: Path, case: Case) -> Told:
    """One session with one fault. ``AssertionError``."""
    data.mkdir(parents=True)
    house = House(data, configured())
    core = Core(house).start()
    try:
        rows = list(ticks(MORNING + SECOND, 2 * BEATS))
        core.go(rows[: case.place - 1])
        if case.kind == SILENCE:
            core.quiet(SILENT_S)
            rows = list(ticks(core.clock.now() + SECOND, 2 * BEATS))
        else:
            _spoil(core, case, rows[case.place - 1])
        core.go(rows[case.place - 1 :])
        core.quiet(5)
        core.check(outcome.past_of(house.events()))
        before = core.trades
        core.go(ticks(core.clock.now() + SECOND, 4 * BEATS))
        core.check(outcome.past_of(house.events()))
        assert core.trades > before, "nobody trades any more"
        refused = sum(core.engine.gate.refused.values())
        assert refused == (case.kind != SILENCE), core.engine.gate.refused
        outcome.goes_on(core.state.value, core.watched(), core.fed)
        return Told(refused, core.trades)
    finally:
        core.die()
        shutil.rmtree(data)


def _spoil(core: Core, case: Case, coming: Tick) -> None:
    """The tick that comes next, spoilt, at its time and on the core's own line alone."""
    assert core.door._ears is not None
    core.quiet((coming.ts_event - core.clock.now()) / SECOND - 0.1)
    core.door._ears[1](JUNK[case.kind](coming))
    core.engine.bus.run_until_idle()
