"""The live clock: shifted to the exchange's, never backwards, never standing."""

import asyncio

import pytest

from homalos.kernel import clock as clocks
from homalos.kernel.bus import Bus
from homalos.kernel.clock import OTHER_TIME, LiveClock
from homalos.kernel.pump import LiveTimers
from homalos.kernel.timers import Timers
from homalos.model.times import MILLISECOND, MINUTE, SECOND

NOON = 1_700_000_000 * SECOND


class Machine:
    """Its two clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.monotonic = NOON, 5
        monkeypatch.setattr(clocks, "wall_ns", lambda: self.wall)
        monkeypatch.setattr(clocks, "steady_ns", lambda: self.monotonic)
        self.clock = LiveClock()
        self.clock.monotonic = lambda: self.monotonic
        assert self.clock.now() == NOON

    def go(self, ns: int) -> int:
        self.wall += ns
        self.monotonic += ns
        return self.clock.now()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_a_shifted_clock_shows_the_exchanges_time(machine: Machine) -> None:
    assert machine.clock.shift(30 * MINUTE) == 30 * MINUTE
    assert machine.go(SECOND) == NOON + 30 * MINUTE + SECOND


def test_a_machine_that_ran_fast_is_waited_for_at_half_the_pace(machine: Machine) -> None:
    """It never runs backwards and never stands; at the end it shows the exchange's time."""
    assert machine.clock.shift(-5 * MINUTE) == 0
    assert machine.clock.now() == NOON
    assert machine.go(SECOND) == NOON + SECOND // 2
    assert machine.go(SECOND) == NOON + SECOND
    for _ in range(16):
        shown = machine.go(30 * SECOND)
    assert shown == NOON + SECOND + 4 * MINUTE
    assert machine.go(2 * MINUTE) == machine.wall - 5 * MINUTE
    assert machine.go(SECOND) == machine.wall - 5 * MINUTE
    assert machine.clock.shift(-6 * MINUTE) == 0
    assert machine.go(SECOND) == machine.wall - 5 * MINUTE - SECOND // 2


@pytest.mark.parametrize("step", [-10 * SECOND, 10 * SECOND, -60 * MINUTE, 60 * MINUTE])
def test_a_step_of_the_machines_clock_is_not_followed(machine: Machine, step: int) -> None:
    """Nor when a login says, by the machine's new time, that the exchange's is the old one."""
    machine.wall += step
    assert machine.go(SECOND) == NOON + SECOND
    assert machine.clock.off(0) == step
    assert machine.clock.off(-step) == 0
    assert machine.clock.shift(-step) == 0
    assert machine.go(SECOND) == NOON + 2 * SECOND


def test_before_anything_is_dated_it_jumps(machine: Machine) -> None:
    assert machine.clock.shift(-5 * MINUTE, jump=True) == -5 * MINUTE
    assert machine.go(SECOND) == NOON - 5 * MINUTE + SECOND


def test_a_front_of_last_year_is_followed_there(machine: Machine) -> None:
    year = OTHER_TIME * 24 * 365
    assert machine.clock.shift(-year) == -year
    assert machine.go(SECOND) == NOON - year + SECOND


def test_timers_fire_while_a_fast_machine_is_waited_for() -> None:
    asyncio.run(_a_timer_fires())


async def _a_timer_fires() -> None:
    loop, clock = asyncio.get_running_loop(), LiveClock()
    bus = Bus(clock)
    bus.attach_loop(loop)
    timers = Timers(bus)
    live = LiveTimers(bus, timers, loop)
    fired = asyncio.Event()
    timers.shift(clock.shift(-5 * MINUTE))
    timers.call_at(clock.now() + 5 * MILLISECOND, fired.set)
    await asyncio.wait_for(fired.wait(), 10)
    live.stop()
