"""The live clock: shifted to the exchange's, never backwards."""

from homalos.kernel import clock as clocks
from homalos.kernel.clock import LiveClock
from homalos.model.times import SECOND


def test_a_shifted_clock_shows_the_exchanges_time_and_never_runs_backwards() -> None:
    clock = LiveClock()
    before = clock.now()
    clock.shift(3_600 * SECOND)
    ahead = clock.now()
    assert 3_600 * SECOND <= ahead - before < 3_700 * SECOND
    clock.shift(0)
    assert clock.now() == clock.now() == ahead  # stands still until the machine has caught up
    assert clocks.wall_ns() < ahead
    clock.shift(7_200 * SECOND)
    assert clock.now() > ahead
