"""The machine's clock is set forward or back, or the machine sleeps, while orders work and timers
run, at every second of a session.

The daemon runs on its live clock and live timers; the exchange has a clock of its own, which nobody
touches. What the machine's two clocks show is made here, and time passes as fast as it can.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from tests.faults import outcome
from tests.faults.core import Core, House
from tests.faults.door import WELL, FaultDoor
from tests.faults.market import MORNING, configured, instruments, ticks

from homalos.app.live import CLOCK_TOLERANCE, LiveVenue
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.gateway.sim import SimGateway
from homalos.kernel import clock as clocks
from homalos.kernel.bus import Bus
from homalos.kernel.clock import LiveClock, SimClock
from homalos.kernel.pump import LiveTimers
from homalos.kernel.timers import Timers
from homalos.model.ids import AccountId
from homalos.model.market import Tick
from homalos.model.times import HOUR, MINUTE, SECOND

BEATS = 24
JUMPS = {
    "an hour forward": (HOUR, 0),
    "an hour back": (-HOUR, 0),
    "five seconds forward": (5 * SECOND, 0),
    "five seconds back": (-5 * SECOND, 0),
    "asleep for 3 s": (0, 3 * SECOND),
    "asleep for 10 min": (0, 10 * MINUTE),
}
"""By how much the machine's clock is set, or for how long the machine sleeps."""
SLEEPS_THROUGH = MINUTE
"""A line outlives a shorter sleep."""
LOGIN_AFTER = 15 * SECOND
"""The next login after the fault: it tells the exchange's clock."""


class Machine:
    """True time, and what this machine's clocks make of it."""

    def __init__(self, patch: pytest.MonkeyPatch, true: int) -> None:
        self.true = true
        self.set_by = 0
        self._slept = 0
        self._begin = true
        patch.setattr(clocks, "wall_ns", lambda: self.true + self.set_by)
        patch.setattr(clocks, "steady_ns", lambda: self.true - self._begin)

    @property
    def awake(self) -> int:
        """The loop's clock: it stands while the machine sleeps."""
        return self.true - self._begin - self._slept

    def sleep(self, ns: int) -> None:
        """Until then the loop's clock stands."""
        self._slept += ns


class Alarm:
    """What ``call_later`` gives."""

    def __init__(self, when: int, callback: Callable[[], Any]) -> None:
        self.when = when
        self.callback: Callable[[], Any] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """The part of an event loop that live timers need."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._alarms: list[Alarm] = []

    def call_later(self, delay: float, callback: Callable[[], Any]) -> Alarm:
        alarm = Alarm(self._machine.awake + round(delay * SECOND), callback)
        self._alarms = [a for a in self._alarms if a.callback is not None]
        self._alarms.append(alarm)
        return alarm

    def next(self) -> Alarm | None:
        live = [alarm for alarm in self._alarms if alarm.callback is not None]
        return min(live, key=lambda alarm: alarm.when, default=None)


class LiveCore(Core):
    """The core on the live clock, the exchange on its own."""

    def __init__(self, house: House, machine: Machine) -> None:
        self.machine = machine
        self.floor_clock = SimClock()
        self.floor_timers = Timers(Bus(self.floor_clock))
        super().__init__(house)
        self.loop = Loop(machine)
        timers = self.engine.timers
        self.live = LiveTimers(self.engine.bus, timers, self.loop)  # type: ignore[arg-type]

    def _make_clock(self) -> LiveClock:
        return LiveClock()

    def _gateway(self, bus: Bus, timers: Timers) -> FaultDoor:
        house, market = self.house, self.house.market
        self.exchange = exchange = Exchange(
            house.config.exchange, market.products, market.sessions, self.floor_clock,
            self.floor_timers, Ledger(house.data / "exchange"),
        )  # fmt: skip
        self.floor_clock.advance(self.machine.true)
        exchange.open(instruments(market.products), self.machine.true)
        self.inner = SimGateway(self.clock, exchange, AccountId(house.config.app.account))
        self._feed = self.inner.feed
        self.door = FaultDoor(self.inner, timers, WELL, simulated=False)
        return self.door

    # ------------------------------------------------------------ time

    def show(self, rows: Iterable[Tick]) -> None:
        """Time passes from tick to tick."""
        for tick in rows:
            self.pass_to(tick.ts_event)
            self._shown(tick)
            self.engine.bus.run_until_idle()

    def pass_to(self, true: int) -> None:
        """Everything that is due until then happens at its time, here and at the exchange."""
        machine = self.machine
        while True:
            alarm, due = self.loop.next(), self.floor_timers.due()
            rings = true + 1 if alarm is None else machine.true + alarm.when - machine.awake
            if min(rings, true + 1 if due is None else due) > true:
                break
            if due is not None and due <= rings:
                self._turn(due)
                self.floor_timers.fire_next()
            else:
                assert alarm is not None
                self._turn(max(rings, machine.true))
                ring, alarm.callback = alarm.callback, None
                assert ring is not None
                ring()
            self.engine.bus.run_until_idle()
        self._turn(true)

    def _turn(self, true: int) -> None:
        self.machine.true = true
        self.floor_clock.advance(true)

    def sleep(self, rows: list[Tick], until: int) -> None:
        """The exchange goes on; nothing here does, and no line outlives a long sleep."""
        if until - self.machine.true > SLEEPS_THROUGH:
            self.inner.close()
        self.machine.sleep(until - self.machine.true)
        for tick in rows:
            while (due := self.floor_timers.due()) is not None and due <= tick.ts_event:
                self._turn(due)
                self.floor_timers.fire_next()
            self._turn(tick.ts_event)
            self._shown(tick)  # what it tells waits in the socket, and so in the bus
        self._turn(until)
        self.engine.bus.run_until_idle()

    def login(self) -> None:
        """Anew; it tells the exchange's clock, by the machine's own."""
        self.inner.close()
        assert self.door._ears is not None
        self.door.connect(self.engine.bus.post, self.engine.gate.admit)
        told = SimpleNamespace(clock=self.clock, _engine=self.engine, _followed=True)
        LiveVenue._set_clock(cast(LiveVenue, told), -self.machine.set_by)
        self.engine.bus.run_until_idle()


class Told(NamedTuple):
    trades: int
    alerts: int
    """That told of the clock."""


def run(data: Path, jump: str, beat: int) -> Told:
    """One session with one jump before its ``beat``-th second. ``AssertionError``."""
    data.mkdir(parents=True)
    step, sleep = JUMPS[jump]
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(patch, MORNING)
        core = LiveCore(House(data, configured()), machine)
        try:
            core.start()
            rows = list(ticks(MORNING + SECOND, 2 * BEATS + 2 * sleep // SECOND))
            asleep = 2 * sleep // SECOND
            core.show(rows[: 2 * beat])
            machine.set_by += step
            if sleep:
                core.sleep(rows[2 * beat : 2 * beat + asleep], machine.true + sleep)
            core.show(rows[2 * beat + asleep :])
            core.pass_to(machine.true + LOGIN_AFTER)
            core.login()
            core.pass_to(machine.true + 35 * SECOND)
            _judge(core)
            before = core.trades
            core.show(ticks(machine.true + SECOND, 2 * BEATS))
            core.pass_to(machine.true + 5 * SECOND)
            _judge(core)
            assert core.trades > before, "nobody trades any more"
            alerts = sum(alert.source == "clock" for alert in core.alerts)
            assert alerts == bool(step), "a machine whose clock is wrong is told of"
            return Told(core.trades, alerts)
        finally:
            core.die()
            shutil.rmtree(data)


def _judge(core: LiveCore) -> None:
    """The books, every tick, and that no timer ran wild."""
    core.check(outcome.past_of(core.house.events()))
    assert core.engine.gate.refused == {}, core.engine.gate.refused
    outcome.goes_on(core.state.value, core.watched(), core.fed)
    passed = (core.machine.true - MORNING) // SECOND
    assert len(core.reconciled) <= passed // 30 + 5, "timers ran wild"
    assert abs(core.clock.now() - core.machine.true) <= CLOCK_TOLERANCE


def jumps() -> Iterator[tuple[str, int]]:
    """Each of them at each second."""
    for jump in JUMPS:
        for beat in range(1, BEATS + 1):
            yield jump, beat
