"""Event time of a live bus: what follows from one ingress has its time, whenever it is done."""

import pytest

from homalos.kernel import clock as clocks
from homalos.kernel.bus import Bus
from homalos.kernel.clock import LiveClock
from homalos.kernel.timers import Timers
from homalos.model.events import BarsDue, CancelOrder
from homalos.model.ids import OrderId


class Wall:
    """A machine whose clock moves at every look."""

    def __init__(self) -> None:
        self.time = 1_000

    def __call__(self) -> int:
        self.time += 10
        return self.time


def live(monkeypatch: pytest.MonkeyPatch) -> LiveClock:
    monkeypatch.setattr(clocks, "wall_ns", Wall())
    return LiveClock()


def test_a_handler_and_what_it_leads_to_see_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = live(monkeypatch)
    bus = Bus(clock)
    seen: list[int] = []

    def first(event: BarsDue) -> None:
        seen.append(clock.now())
        bus.publish(CancelOrder(OrderId("x"), "me", clock.now()))

    bus.subscribe(BarsDue, first, actor="a", role="market")
    bus.subscribe(CancelOrder, lambda _: seen.append(clock.now()), actor="a", role="orders")
    bus.post(BarsDue(1, 1))
    bus.run_until_idle()
    assert len(set(seen)) == 1
    assert clock.now() > seen[0], "and then it goes on"
    bus.post(BarsDue(2, 2))
    bus.run_until_idle()
    assert seen[2] > seen[0], "another ingress, another time"


def test_a_timer_of_the_core_sees_one_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = live(monkeypatch)
    bus = Bus(clock)
    timers = Timers(bus)
    seen: list[int] = []
    timers.call_at(0, lambda: seen.extend([clock.now(), clock.now()]))
    seq = bus.seq
    timers.fire(clock.now())
    assert seen[0] == seen[1]
    assert bus.seq == seq + 1, "that it fired is ingress"
    assert clock.now() > seen[0]


def test_timers_of_others_are_no_ingress_of_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = Bus(live(monkeypatch))
    timers = Timers(bus)
    called: list[int] = []
    timers.outside().call_at(0, lambda: called.append(1))
    timers.fire(bus.clock.now())
    assert called == [1]
    assert bus.seq == 0


def test_the_clock_never_runs_backwards_over_a_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = live(monkeypatch)
    stamp = clock.stamp()
    assert (clock.now(), clock.now()) == (stamp, stamp)
    clock.release()
    later = clock.now()
    clock.hold(stamp)
    assert clock.now() == stamp
    clock.release()
    assert clock.now() > later > stamp
