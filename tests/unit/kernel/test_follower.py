"""Event time that follows the market's own ticks."""

from homalos.kernel.bus import Bus
from homalos.kernel.follower import FollowingClock, MarketFollower
from homalos.kernel.timers import Timers
from homalos.model.events import BarsDue
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import SECOND

START = 1_000 * SECOND


def tick(s: float) -> Tick:
    ts = START + int(s * SECOND)
    return Tick(InstrumentId("SHFE.rb2601"), ts, ts, 20260105, 1.0, 1, None, None, 1.0, 1, 2.0, 1)


def test_timers_fire_at_their_own_time_before_the_tick_that_comes_after_them() -> None:
    clock = FollowingClock()
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
    follower = MarketFollower(bus, clock, timers)
    for s in (2, 5, 1):
        timers.post_at(START + s * SECOND, BarsDue(s, s))
    for s in (0.5, 0.5, 3.0, 2.5):
        follower.accept(tick(s))
    bus.run_until_idle()
    assert seen == [
        ("Tick", 0.5), ("Tick", 0.5), ("BarsDue", 1), ("BarsDue", 2), ("Tick", 3.0), ("Tick", 3.0),
    ]  # fmt: skip
    assert clock.now() == START + 3 * SECOND  # a late tick does not turn time back
    assert timers.due() == START + 5 * SECOND
