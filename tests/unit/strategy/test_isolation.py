"""A strategy's fault is its own: it raises, it does not return, it cannot be stopped."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.unit.strategy.desktop import HEAD, RB, Desktop, spy

from homalos.config.sections.strategy import StrategySection
from homalos.model.enums import Severity, StrategyState
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    CancelOrder,
    HandlerFailed,
    StrategyStateChanged,
)
from homalos.strategy.isolation import EXIT_STUCK, ErrorBudget, Guard, TimeBudgetExceeded, Watchdog

RAISES = """
class Raises(Strategy):
    hook: str = param("on_tick")
    def on_start(self):
        self.subscribe(self.instrument, "1m")
        self.schedule("t", 1, repeat=True)
        self.perhaps("on_start")
    def perhaps(self, hook):
        if hook == self.hook: raise ValueError(f"in {hook}")
    def on_stop(self): self.perhaps("on_stop")
    def on_tick(self, tick):
        if not self.orders(): self.buy(tick.instrument, 1, tick.ask_price)
        self.perhaps("on_tick")
    def on_bar(self, bar): self.perhaps("on_bar")
    def on_order(self, order): self.perhaps("on_order")
    def on_trade(self, trade): self.perhaps("on_trade")
    def on_timer(self, name): self.perhaps("on_timer")
    def on_parameters(self, changed): self.perhaps("on_parameters")
"""
HOOKS = ("on_tick", "on_bar", "on_order", "on_trade", "on_timer", "on_parameters", "on_stop")


def drive(desktop: Desktop) -> None:
    for n in range(12):
        desktop.tick(RB, 100 + n % 2)
        desktop.bar(RB, 100)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_raises_harms_nobody_else(tmp_path: Path, hook: str) -> None:
    section = StrategySection(error_budget=3, error_window_s=86_400)
    desktop = Desktop(tmp_path, section)
    desktop.manager.start()
    desktop.venue_lists(RB)
    desktop.write("raises.py", RAISES)
    desktop.write("spy.py", spy())
    desktop.run("bad", "raises.py", "SHFE.rb2601", params={"hook": hook})
    good = desktop.run("good", "spy.py", "SHFE.rb2601")
    drive(desktop)
    for n in range(3):
        desktop.command("bad", "set", f'{{"hook": "{hook}"}}')
        desktop.command("bad", "set", '{"hook": "on_parameters"}' if n % 2 else '{"hook": "x"}')
    if hook == "on_stop":
        desktop.command("bad", "set", '{"hook": "on_stop"}')
        desktop.command("bad", "stop")
    failed = desktop.of(HandlerFailed)
    assert failed
    assert {f.actor for f in failed} == {"strategy:bad"}
    assert f"ValueError: in {hook} at raises.py:12" in {f.error for f in failed}
    ticks = [x for x in good.got if type(x).__name__ == "Tick"]
    assert len(ticks) == 12
    assert desktop.state("good") is StrategyState.RUNNING
    if hook not in ("on_stop", "on_parameters"):
        assert desktop.state("bad") is StrategyState.QUARANTINED
        assert desktop.info("bad").errors == 3


def test_on_start_that_raises_fails_and_can_be_started_again(desktop: Desktop) -> None:
    desktop.write("raises.py", RAISES)
    desktop.run("bad", "raises.py", "SHFE.rb2601", params={"hook": "on_start"})
    assert desktop.state("bad") is StrategyState.FAILED
    assert "raises.py:12" in desktop.info("bad").why
    desktop.tick(RB, 100)
    assert desktop.info("bad").ticks == 0
    desktop.command("bad", "set", '{"hook": "no"}')
    desktop.command("bad", "start")
    assert desktop.state("bad") is StrategyState.RUNNING


def test_quarantine_cancels_entries_alarms_and_refuses_orders(desktop: Desktop) -> None:
    desktop.write("raises.py", RAISES)
    bad = desktop.run("bad", "raises.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    bad.buy(RB, 3, 50.0)
    desktop.bus.run_until_idle()
    for n in range(4):
        desktop.tick(RB, 100 + n)
    assert desktop.state("bad") is StrategyState.QUARANTINED
    assert [e.who for e in desktop.of(CancelOrder)] == ["strategy:bad"]
    assert desktop.venue.live() == []
    assert desktop.of(ActorQuarantined)[0].actor == "strategy:bad"
    alarm = desktop.of(AlertRaised)[-1]
    assert alarm.severity is Severity.CRITICAL
    assert "SHFE.rb2601 +1" in alarm.text
    with pytest.raises(RuntimeError, match="quarantined: it may not trade"):
        bad.buy(RB, 1)
    ticks = desktop.info("bad").ticks
    desktop.tick(RB, 100)
    assert desktop.info("bad").ticks == ticks


def test_the_error_budget_is_a_window_of_event_time(desktop: Desktop) -> None:
    desktop.write("raises.py", RAISES)
    desktop.run("bad", "raises.py", "SHFE.rb2601")
    for _ in range(20):  # five in 60 s would be too many, five in 80 s are not
        desktop.tick(RB, 100, after=16)
    assert desktop.state("bad") is StrategyState.RUNNING
    assert desktop.info("bad").errors == 20
    budget = ErrorBudget(2, 1)
    assert [budget.spend(t) for t in (0, 10**9, 10**9)] == [False, False, True]


def test_restart_with_back_off_doubles_and_gives_up(tmp_path: Path) -> None:
    section = StrategySection(error_budget=1, restart_first_s=5, restart_max_s=600, restart_tries=3)
    desktop = Desktop(tmp_path, section)
    desktop.manager.start()
    desktop.venue_lists(RB)
    desktop.write("raises.py", RAISES)
    desktop.run("bad", "raises.py", "SHFE.rb2601", restart="backoff")
    for delay in (5, 10, 20):
        desktop.tick(RB, 100)
        assert desktop.state("bad") is StrategyState.QUARANTINED
        desktop.advance(delay - 0.5)
        assert desktop.state("bad") is StrategyState.QUARANTINED
        desktop.advance(1)
        assert desktop.state("bad") is StrategyState.RUNNING
    desktop.tick(RB, 100)
    desktop.advance(10_000)
    assert desktop.state("bad") is StrategyState.QUARANTINED
    assert desktop.info("bad").restarts == 3
    desktop.command("bad", "start")
    assert desktop.state("bad") is StrategyState.RUNNING, "a person may"


def test_exit_in_a_strategy_is_a_fault_and_no_exit(desktop: Desktop) -> None:
    desktop.write("bye.py", "class Bye(Strategy):\n    def on_tick(self, t): raise SystemExit\n")
    desktop.run("bye", "bye.py", "SHFE.rb2601")
    desktop.tick(RB, 100)
    assert desktop.info("bye").errors == 1


# ---------------------------------------------------------------- time


@pytest.fixture
def watched(tmp_path: Path) -> Desktop:
    section = StrategySection(
        time_budget_ms=40, load_budget_ms=80, slow_ms=5, reload_on_edit=False, exit_after_ms=10_000
    )
    return Desktop(tmp_path, section, watchdog=True)


SPINS = """
class Spins(Strategy):
    swallow: int = param(0)
    on_what: str = param("on_tick")
    def spin(self):
        for _ in range(self.swallow):
            try:
                n = 0
                while True: n += 1
            except BaseException: pass
        while True: pass
    def on_start(self):
        if self.on_what == "on_start": self.spin()
    def on_tick(self, tick):
        if self.on_what == "on_tick": self.spin()
        if self.on_what == "core":
            while True: self.orders(); self.account(); self.log("x")
"""


@pytest.mark.parametrize(("where", "swallow"), [("on_tick", 0), ("on_tick", 1), ("core", 0)])
def test_a_hook_that_does_not_return_is_stopped(watched: Desktop, where: str, swallow: int) -> None:
    watched.write("spins.py", SPINS)
    watched.write("spy.py", spy())
    watched.manager.start()
    try:
        watched.venue_lists(RB)
        params = {"on_what": where, "swallow": swallow}
        watched.run("bad", "spins.py", "SHFE.rb2601", params=params, restart="backoff")
        good = watched.run("good", "spy.py", "SHFE.rb2601")
        watched.tick(RB, 100)
        assert watched.state("bad") is StrategyState.QUARANTINED
        assert "did not return" in watched.info("bad").why
        assert len(good.got) == 1
        watched.advance(10_000)
        assert watched.state("bad") is StrategyState.QUARANTINED, "no restart by itself"
    finally:
        watched.manager.stop()


def test_on_start_and_import_have_a_longer_budget_and_end_too(watched: Desktop) -> None:
    watched.write("spins.py", SPINS)
    watched.write("top.py", "while True: pass\n")
    watched.manager.start()
    try:
        watched.venue_lists(RB)
        watched.run("a", "spins.py", "SHFE.rb2601", params={"on_what": "on_start"})
        watched.load("b", "top.py")
        assert watched.state("a") is watched.state("b") is StrategyState.FAILED
        assert "TimeBudgetExceeded" in watched.info("b").why
    finally:
        watched.manager.stop()


def test_a_slow_hook_is_counted_and_warned_of_once_in_ten(watched: Desktop) -> None:
    watched.write(
        "slow.py",
        "import time\nclass Slow(Strategy):\n    def on_tick(self, t): time.sleep(0.006)\n",
    )
    watched.manager.start()
    try:
        watched.venue_lists(RB)
        watched.run("slow", "slow.py", "SHFE.rb2601")
        for _ in range(11):
            watched.tick(RB, 100)
        assert watched.info("slow").slow == 11
        assert watched.info("slow").slowest_us >= 6_000
        texts = [e.text for e in watched.of(AlertRaised) if "on_tick took" in e.text]
        assert len(texts) == 2
        assert watched.state("slow") is StrategyState.RUNNING
    finally:
        watched.manager.stop()


def test_a_shot_in_a_core_call_waits_for_the_next_one() -> None:
    guard = Guard(False, 5.0, lambda *_: None)
    done: list[str] = []

    def core(name: str, *, shot: bool = False) -> None:
        where = guard.pause()
        if shot:
            guard.shoot(guard.serial)
        for _ in range(100):  # where CPython would deliver it
            pass
        done.append(name)
        guard.resume(where)

    def hook() -> None:
        core("first", shot=True)
        done.append("between")
        core("second")

    assert isinstance(guard.call("x", hook), TimeBudgetExceeded)
    assert done == ["first", "between"], "the core call ended, the next one did not begin"
    assert guard.call("x", core, "third") is None, "a shot belongs to one call"
    guard.shoot(guard.serial)
    for _ in range(100):
        pass  # outside: nothing to shoot at


def test_the_guard_never_shoots_the_core() -> None:
    """Thousands of hooks of about one budget, in and out of core calls: whatever is raised is
    raised inside the hook, and nothing is pending afterwards."""
    guard = Guard(False, 5.0, lambda *_: None)
    watchdog = Watchdog(guard, lambda _: None)
    watchdog._look_s, watchdog._exit_looks = 0.0002, 10**9
    core_calls = 0

    def core() -> None:
        nonlocal core_calls
        where = guard.pause()
        try:
            core_calls += 1
            sum(range(50))
        finally:
            guard.resume(where)

    def hook(until: float) -> None:
        while time.perf_counter() < until:
            core()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    watchdog.start()
    stopped = 0
    try:
        end = time.perf_counter() + 1.5
        while (now := time.perf_counter()) < end:
            fault = guard.call("x", hook, now + 0.0008 + guard.serial % 20 * 0.0001)
            assert fault is None or isinstance(fault, TimeBudgetExceeded)
            stopped += fault is not None
            sum(range(200))  # the core's own work: nothing may be raised here
    finally:
        watchdog.stop()
        sys.setswitchinterval(interval)
    sum(range(10_000))
    assert stopped > 10, "the race was not run"
    assert core_calls > 1_000


CHILD = """
import sys
from pathlib import Path
from homalos.config.sections.strategy import StrategySection
from tests.unit.strategy.desktop import RB, Desktop
folder = Path(sys.argv[1])
section = StrategySection(time_budget_ms=40, exit_after_ms=80, reload_on_edit=False)
d = Desktop(folder, section, watchdog=True, stuck_file=folder / "stuck")
d.manager.start(); d.venue_lists(RB)
d.run("bad", "stuck.py", "SHFE.rb2601"); print("running", flush=True)
d.tick(RB, 100); print("never", flush=True)
"""
SWALLOWS = """
class Stuck(Strategy):
    def on_tick(self, tick):
        while True:
            try:
                n = 0  # CPython raises at the instruction before the loop: inside the try
                while True: n += 1
            except BaseException: pass
"""
IN_C = """
import time
class Stuck(Strategy):
    def on_tick(self, tick): time.sleep(60)
"""


@pytest.mark.parametrize("code", [SWALLOWS, IN_C], ids=["swallows", "in_c"])
def test_what_cannot_be_stopped_ends_the_process_with_its_stack(
    tmp_path: Path, project_root: Path, code: str
) -> None:
    (tmp_path / "stuck.py").write_text(HEAD + code)
    path = os.pathsep.join([str(project_root / "src"), str(project_root)])
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == EXIT_STUCK
    assert done.stdout == "running\n"
    assert "strategy bad does not return" in done.stderr
    assert "in on_tick" in done.stderr
    assert (tmp_path / "stuck").read_text() == "bad\n"


def test_the_next_start_leaves_a_stuck_strategy_stopped(tmp_path: Path) -> None:
    stuck = tmp_path / "stuck"
    stuck.write_text("bad\n")
    from homalos.config.sections.strategy import StrategyEntry

    entries = [StrategyEntry(id="bad", file="spy.py"), StrategyEntry(id="good", file="spy.py")]
    desktop = Desktop(tmp_path, StrategySection(), entries=entries, stuck_file=stuck)
    desktop.write("spy.py", spy())
    desktop.manager.start()
    desktop.bus.run_until_idle()
    assert desktop.state("bad") is StrategyState.STOPPED
    assert desktop.state("good") is StrategyState.RUNNING
    assert desktop.of(AlertRaised)[-1].severity is Severity.CRITICAL
    desktop.command("bad", "start")
    assert desktop.state("bad") is StrategyState.RUNNING
    assert not stuck.exists()
    states = [e.state for e in desktop.of(StrategyStateChanged) if e.strategy == "bad"]
    assert states == [StrategyState.LOADED, StrategyState.STOPPED, StrategyState.RUNNING]
