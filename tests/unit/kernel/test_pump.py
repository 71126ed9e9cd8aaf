"""A pulled source: time moves by events, timers come before the tick they precede."""

import asyncio
from collections.abc import Iterator

import pytest

from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, monotonic_ns
from homalos.kernel.pump import LiveTimers, Pump
from homalos.kernel.timers import Timers
from homalos.model.events import BarsDue
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import HOUR, MILLISECOND, SECOND

START = 1_000 * SECOND


def ticks(*seconds: float) -> Iterator[Tick]:
    for s in seconds:
        ts = START + int(s * SECOND)
        yield Tick(
            InstrumentId("SHFE.rb2601"), ts, ts, 20260105, 1.0, 1, None, None, 1.0, 1, 2.0, 1
        )


def rig() -> tuple[Bus, SimClock, Timers, list[tuple[str, float]]]:
    clock = SimClock()
    bus = Bus(clock)
    timers = Timers(bus)
    seen: list[tuple[str, float]] = []
    for event in (Tick, BarsDue):
        bus.subscribe(
            event,
            lambda e: seen.append((type(e).__name__, (clock.now() - START) / SECOND)),
            actor="a",
            role="r",
        )
    return bus, clock, timers, seen


def test_timers_are_merged_by_time_before_the_next_tick() -> None:
    bus, clock, timers, seen = rig()
    for s in (2, 1, 5):
        timers.post_at(START + s * SECOND, BarsDue(s, s))
    cancelled = timers.post_at(START + SECOND, BarsDue(9, 9))
    cancelled.cancel()
    ended: list[bool] = []
    pump = Pump(
        bus, clock, timers, ticks(0, 2, 3), bus.post, speed=None, ended=lambda: ended.append(True)
    )
    pump.start(None)
    bus.run_until_idle()
    assert seen == [("Tick", 0), ("BarsDue", 1), ("BarsDue", 2), ("Tick", 2), ("Tick", 3)]
    assert ended == [True]
    assert timers.due() == START + 5 * SECOND


def test_a_timer_made_by_a_handler_is_in_time() -> None:
    bus, clock, timers, seen = rig()
    bus.subscribe(
        Tick, lambda e: timers.post_at(e.ts_event + SECOND // 2, BarsDue(0, 0)), actor="b", role="r"
    )
    pump = Pump(bus, clock, timers, ticks(0, 1), bus.post, speed=None)
    pump.start(None)
    bus.run_until_idle()
    assert seen[:3] == [("Tick", 0), ("BarsDue", 0.5), ("Tick", 1)]


def test_nothing_is_pulled_while_the_store_is_behind() -> None:
    async def main() -> tuple[int, int]:
        bus, clock, timers, seen = rig()
        behind = [True]
        pump = Pump(
            bus, clock, timers, ticks(0, 1), bus.post, speed=None, congested=lambda: behind[0]
        )
        bus.attach_loop(asyncio.get_running_loop())
        pump.start(asyncio.get_running_loop())
        await asyncio.sleep(0.02)
        before = len(seen)
        behind[0] = False
        await asyncio.sleep(0.05)
        return before, len(seen)

    assert asyncio.run(main()) == (0, 2)


def test_a_paced_run_takes_its_time_but_jumps_over_the_night() -> None:
    async def main() -> float:
        bus, clock, timers, seen = rig()
        night = HOUR / SECOND
        pump = Pump(bus, clock, timers, ticks(0, 1, night, night + 1), bus.post, speed=20.0)
        loop = asyncio.get_running_loop()
        bus.attach_loop(loop)
        begin = monotonic_ns()
        pump.start(loop)
        async with asyncio.timeout(5):
            while len(seen) < 4:
                await asyncio.sleep(0.001)
        return (monotonic_ns() - begin) / SECOND

    assert 0.09 < asyncio.run(main()) < 4


def test_timers_in_a_gap_are_not_waited_for_either() -> None:
    """A timer every few seconds must not turn the night into real time."""

    async def main() -> tuple[float, int]:
        bus, clock, timers, seen = rig()
        night = HOUR // SECOND

        def again() -> None:
            timers.call_at(clock.now() + 5 * SECOND, again)

        timers.call_at(START, again)
        pump = Pump(bus, clock, timers, ticks(0, night, night + 1), bus.post, speed=20.0)
        loop = asyncio.get_running_loop()
        bus.attach_loop(loop)
        begin = monotonic_ns()
        pump.start(loop)
        async with asyncio.timeout(5):
            while len(seen) < 3:
                await asyncio.sleep(0.001)
        return (monotonic_ns() - begin) / SECOND, len(seen)

    took, count = asyncio.run(main())
    assert took < 4
    assert count == 3


def test_paced_without_a_loop_is_refused() -> None:
    bus, clock, timers, _ = rig()
    with pytest.raises(ValueError, match="event loop"):
        Pump(bus, clock, timers, ticks(0), bus.post, speed=1.0).start(None)


def test_live_timers_fire_from_the_loop() -> None:
    from homalos.kernel.clock import LiveClock

    async def main() -> list[int]:
        bus = Bus(LiveClock())
        timers = Timers(bus)
        seen: list[int] = []
        bus.subscribe(BarsDue, lambda e: seen.append(e.ts_event), actor="a", role="r")
        bus.attach_loop(asyncio.get_running_loop())
        LiveTimers(bus, timers, asyncio.get_running_loop())
        now = bus.clock.now()
        timers.post_at(now + 20 * MILLISECOND, BarsDue(2, 0))
        timers.post_at(now + 5 * MILLISECOND, BarsDue(1, 0))
        async with asyncio.timeout(5):
            while len(seen) < 2:
                await asyncio.sleep(0.001)
        return seen

    assert asyncio.run(main()) == [1, 2]


def test_a_source_that_posts_nothing_still_lets_the_loop_breathe() -> None:
    async def run() -> int:
        bus, clock, timers, _ = rig()
        fed: list[Tick] = []
        pump = Pump(bus, clock, timers, ticks(*range(200_000)), fed.append, speed=None)
        bus.attach_loop(asyncio.get_running_loop())
        pump.start(asyncio.get_running_loop())
        await asyncio.sleep(0.005)
        pump.stop()
        bus.stop()
        return len(fed)

    assert 0 < asyncio.run(run()) < 200_000


def test_timers_go_with_a_clock_that_is_moved() -> None:
    _, _, timers, _ = rig()
    fired: list[str] = []
    timers.call_at(START + 2 * SECOND, lambda: fired.append("b"))
    timers.call_at(START + SECOND, lambda: fired.append("a"))
    told: list[bool] = []
    timers.earlier = lambda: told.append(True)
    timers.shift(-100 * SECOND)
    assert timers.due() == START - 99 * SECOND
    assert told == [True]
    timers.fire(START - 98 * SECOND)
    assert fired == ["a", "b"]
