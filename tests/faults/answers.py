"""The k-th answer of the venue lost, doubled, late, out of turn, for every k of a scripted session;
and the k-th request lost, or raised upon.

The daemon is told nothing of it. It has to find out by itself, within the minutes that its own
clock allows, what is so at the venue.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults import outcome
from tests.faults.core import Core, House
from tests.faults.door import KINDS, REQUESTS, Spoil
from tests.faults.market import MORNING, SCRIPTED, configured, ticks

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.events import OrderUnresolved
from homalos.model.times import SECOND

BEATS = 24
SETTLES = 90
"""Seconds within which the daemon has found out: its own look every 30, and the fault's delay."""
ONE = (SCRIPTED[0], SCRIPTED[2])


class Told(NamedTuple):
    """What one run came to."""

    answers: int
    requests: int
    trades: int
    unresolved: int
    """Orders whose fate was unknown for a while."""
    halts: int
    """Comparisons that did not agree."""


def run(data: Path, spoil: Spoil, entries: Sequence[StrategyEntry] = SCRIPTED) -> Told:
    """One session with one fault. ``AssertionError``."""
    data.mkdir(parents=True)
    house = House(data, configured(entries))
    core = Core(house, spoil=spoil).start()
    unresolved: list[OrderUnresolved] = []
    core.engine.bus.subscribe(OrderUnresolved, unresolved.append, actor="test", role="monitor")
    door = core.door
    try:
        core.go(ticks(MORNING, 2 * BEATS))
        core.quiet(SETTLES)
        counts = door.answers, door.requests
        if spoil.kind:
            assert counts[spoil.kind in REQUESTS] >= spoil.k, "the fault never struck"
        core.check(outcome.past_of(house.events()))
        before = core.trades
        core.go(ticks(core.clock.now() + SECOND, BEATS))
        core.quiet(5)
        core.check(outcome.past_of(house.events()))
        assert core.trades > before, "nobody trades any more"
        outcome.goes_on(core.state.value, core.watched(), core.fed)
        halts = sum(not event.agreed for event in core.reconciled)
        return Told(*counts, core.trades, len(unresolved), halts)
    finally:
        core.die()
        shutil.rmtree(data)


def spoils(plain: Told, kinds: Iterable[str] = (*KINDS, *REQUESTS)) -> Iterator[Spoil]:
    """Each of these kinds at every place of a session that went ``plain``."""
    for kind in kinds:
        for k in range(1, (plain.requests if kind in REQUESTS else plain.answers) + 1):
            yield Spoil(kind, k)
