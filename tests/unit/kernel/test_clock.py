"""The live clock: shifted to the exchange's, never backwards."""

from homalos.kernel import clock as clocks
from homalos.kernel.clock import OTHER_TIME, LiveClock
from homalos.model.times import SECOND


def test_a_shifted_clock_shows_the_exchanges_time_and_never_runs_backwards() -> None:
    clock = LiveClock()
    before = clock.now()
    clock.shift(1_800 * SECOND)
    ahead = clock.now()
    assert 1_800 * SECOND <= ahead - before < 1_900 * SECOND
    clock.shift(0)
    assert clock.now() == clock.now() == ahead  # stands still until the machine has caught up
    assert clocks.wall_ns() < ahead
    clock.shift(7_200 * SECOND)
    assert clock.now() > ahead


def test_a_front_of_last_year_is_followed_there() -> None:
    clock = LiveClock()
    now = clock.now()
    clock.shift(-OTHER_TIME * 24 * 365)
    assert clock.now() < now - OTHER_TIME * 24 * 364
    assert clock.now() <= clock.now()
