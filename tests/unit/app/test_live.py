"""The venue of a live run: the exchange's clock, and what a login must be able to carry."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.generators.markets import CONFIG

from homalos.app.live import LiveVenue
from homalos.app.past import Memory
from homalos.app.venues import VenueError
from homalos.config.loader import load
from homalos.engine import Engine, Market
from homalos.kernel.bus import Bus
from homalos.kernel.clock import LiveClock
from homalos.kernel.timers import Timers
from homalos.model.events import AlertRaised
from homalos.model.times import MINUTE, SECOND


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., LiveVenue]:
    def made(*overrides: str) -> LiveVenue:
        places = (
            "gateway.md=ctp", "gateway.td=ctp", "ctp.td_fronts=[tcp://127.0.0.1:1]",
            "ctp.md_fronts=[tcp://127.0.0.1:2]", "ctp.broker=9999", "strategies=[]",
        )  # fmt: skip
        config = load(CONFIG, overrides=(*places, *overrides), environ={}).config
        return LiveVenue(config, Market(config), tmp_path, Memory(tmp_path))

    return made


def test_a_clock_that_is_off_is_followed_and_a_human_is_told(
    make: Callable[..., LiveVenue],
) -> None:
    """At the first login it jumps; later it does not run backwards, and timers stay where they
    were."""
    venue = make()
    clock = cast(LiveClock, venue.clock)
    bus = Bus(clock)
    timers, alerts = Timers(bus), list[AlertRaised]()
    bus.subscribe(AlertRaised, alerts.append, actor="test", role="monitor")
    venue._engine = cast(Engine, SimpleNamespace(bus=bus, timers=timers))
    before = clock.now()
    timer = timers.call_at(before + MINUTE, bus.wake)
    venue._set_clock(-5 * MINUTE)
    assert before - 5 * MINUTE <= clock.now() < before - 4 * MINUTE
    assert abs(timer.when - before + 4 * MINUTE) < 10 * SECOND
    shown, due = clock.now(), timer.when
    venue._set_clock(-8 * MINUTE)
    assert clock.now() >= shown
    assert abs(timer.when - due) < 10 * SECOND
    venue._set_clock(-8 * MINUTE - SECOND)
    bus.run_until_idle()
    assert ["-300.0 s" in alerts[0].text, "-180.0 s" in alerts[1].text] == [True, True]
    assert len(alerts) == 2


def test_an_account_that_ctp_cannot_carry_is_told_with_the_cure(
    make: Callable[..., LiveVenue],
) -> None:
    with pytest.raises(VenueError, match=r"app\.account.*12"):
        make("app.account=abcdefghijklm")
    make("app.account=abcdefghijkl")
