"""A watch that sees nothing says so."""

from tests.unit.trading.desk import RB
from tests.unit.trading.watch.floor import WatchFloor, section

from homalos.model.enums import Phase
from homalos.model.times import SECOND
from homalos.trading.watch import marks as m
from homalos.trading.watch.telling import told


def blind(floor: WatchFloor) -> list[tuple[str, str]]:
    return [(row["instrument"], row["why"]) for row in told(floor.watch)["blind"]]


def test_quotes_that_are_all_too_old_are_told_after_a_minute_and_once() -> None:
    floor = WatchFloor(section(max_day_loss=5_000.0))
    floor.holding(50)
    for _ in range(110):
        floor.pass_by(3400.0, ticks=1, ts_event=floor.clock.now() - 11 * SECOND)
    assert floor.alerts() == []
    for _ in range(60):
        floor.pass_by(3400.0, ticks=1, ts_event=floor.clock.now() - 11 * SECOND)
    assert len([text for text in floor.alerts() if "not seen" in text]) == 1
    assert blind(floor) == [(RB, m.STALE)]
    floor.pass_by(3500.0)
    assert "seen again" in floor.alerts()[-1]
    assert blind(floor) == []


def test_a_phase_that_nobody_told_is_told_here() -> None:
    floor = WatchFloor()
    floor.holding(50)
    del floor.manager.venue.phases["SHFE", "rb"]
    floor.pass_by(3400.0, ticks=200)
    assert blind(floor) == [(RB, m.PHASE_UNKNOWN)]
    floor.phase(Phase.CONTINUOUS)
    floor.pass_by(3500.0, ticks=4)
    assert blind(floor) == []


def test_a_quiet_market_is_told_later_and_a_closed_one_never() -> None:
    floor = WatchFloor()
    floor.holding(50)
    floor.advance(9 * 60)
    assert blind(floor) == []
    floor.advance(2 * 60)
    assert blind(floor) == [(RB, m.QUIET)]
    for phase in (Phase.AUCTION, Phase.BREAK, Phase.CLOSED):
        other = WatchFloor()
        other.holding(50)
        other.phase(phase)
        other.pass_by(3400.0, ticks=200)
        other.advance(3600)
        other.watch._on_change(None)
        other.advance(2)
        assert blind(other) == []


def test_nobody_looks_while_the_market_is_closed_or_nothing_is_held() -> None:
    floor = WatchFloor()
    floor.holding(50)
    floor.advance(60)
    for phase in (Phase.BREAK, Phase.CLOSED):
        floor.phase(phase)
        floor.advance(2)
        assert floor.watch._timer is None
        floor.advance(3600)
        assert floor.watch._timer is None
    floor.phase(Phase.CONTINUOUS)
    assert floor.watch._timer is not None
    floor.pass_by(3480.0, ticks=4)
    assert floor.loss() == 10_175.0, "nothing was missed"
