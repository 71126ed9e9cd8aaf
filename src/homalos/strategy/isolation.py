"""What keeps one strategy's fault from the rest: an error budget and a time budget.

Theory of operation. All strategy code runs inside ``Guard.call``, on the one thread that owns all
state. The guard is *armed* while that thread is in strategy code, and only then: calls that a
strategy makes into the core disarm it (``pause``) and arm it again (``resume``). A watchdog thread
looks at the guard a few times a budget; when several looks in a row find the same call, it raises
``TimeBudgetExceeded`` in the thread, by CPython's asynchronous exception. A shot that meets the
strategy inside a core call is only noted: the next core call of that hook raises it.

The rule that keeps the core whole: *no shot is pending when the guard is not armed*. The watchdog
announces a shot (``_firing``) before it looks whether the guard is armed; the loop's thread disarms
before it looks whether a shot is announced. So one of them sees the other, and where there was a
shot, ``_settle`` waits for it, takes it back, and raises the exception in the ordinary way.

Looks are counted, not milliseconds: where the whole process stood still (a debugger, a suspended
machine) the watchdog stood still too and accuses nobody. A hook that swallows the exception twice,
or is stuck in C, where none can be raised, ends the process: nothing less stops it.
"""

import ctypes
import faulthandler
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from homalos.kernel.clock import monotonic_ns
from homalos.model.times import MILLISECOND, SECOND

_LOOKS = 4
"""Looks of the watchdog in one budget: a hook is stopped between 1 and 1 + 1/_LOOKS budgets."""
_SHOTS = 2

_OUTSIDE, _ARMED, _PAUSED = range(3)
"""Where the loop's thread is: in no strategy, in strategy code, in a core call made from it."""

EXIT_STUCK = 1


class TimeBudgetExceeded(BaseException):
    """Raised inside a hook that does not return. Not an ``Exception``: let it pass."""


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    pending = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), pending)


class ErrorBudget:
    """``count`` errors within ``window_s`` seconds of event time spend it."""

    def __init__(self, count: int, window_s: int) -> None:
        self.count = count
        self.window_ns = window_s * SECOND
        self._errors: deque[int] = deque()

    def spend(self, now: int) -> bool:
        """Note an error; whether the budget is spent."""
        self._errors.append(now)
        while self._errors[0] <= now - self.window_ns:
            self._errors.popleft()
        return len(self._errors) >= self.count

    def resize(self, count: int, window_s: int) -> None:
        self.count = count
        self.window_ns = window_s * SECOND

    def refill(self) -> None:
        self._errors.clear()


def called(hook: Callable[..., Any]) -> str:
    """A hook's name: what stands in its place need not have one."""
    try:
        return str(hook.__name__)
    except BaseException:  # noqa: BLE001  strategy code
        return "hook"


class Guard:
    """Around every call into strategy code. ``timed`` False (replays): no clock is read."""

    __slots__ = (
        "_firing",
        "_lock",
        "_shots",
        "_slow",
        "_thread",
        "_where",
        "looks_allowed",
        "owner",
        "serial",
        "slow_ns",
        "timed",
    )

    def __init__(self, timed: bool, slow_ms: float, slow: Callable[[str, str, int], None]) -> None:
        self.timed = timed
        self.slow_ns = int(slow_ms * MILLISECOND)
        self.owner = ""
        """Whose code runs, or ran last."""
        self.serial = 0
        """Grows by one a call, so that the watchdog knows one from the next."""
        self.looks_allowed = _LOOKS
        self._slow = slow
        self._where = _OUTSIDE
        self._firing = False
        self._shots = 0
        self._lock = threading.Lock()
        self._thread = threading.get_ident()

    def here(self) -> None:
        """The calling thread is the one that runs strategies."""
        self._thread = threading.get_ident()

    def call(self, owner: str, hook: Callable[..., Any], *args: Any) -> BaseException | None:
        """Run ``hook``; return what it raised, whatever that is. A ``KeyboardInterrupt`` too: the
        daemon takes SIGINT by a handler, so this one is the strategy's own."""
        fault: BaseException | None = None
        self.owner = owner
        self.serial += 1
        begin = monotonic_ns() if self.timed else 0
        try:
            self._where = _ARMED
            hook(*args)
            self._where = _OUTSIDE
            if self._firing or self._shots:
                self._settle()
        except BaseException as error:  # noqa: BLE001  isolation: whatever it raises
            self._where = _OUTSIDE
            fault = error
            if self._firing or self._shots:
                # Not in a function of its own: a shot may be delivered on entry to one.
                try:
                    self._settle()
                except TimeBudgetExceeded as late:
                    fault = late
                with self._lock:
                    self._shots = 0
        if begin and monotonic_ns() - begin > self.slow_ns:
            self._slow(owner, called(hook), monotonic_ns() - begin)
        return fault

    def pause(self) -> int:
        """Strategy code calls into the core: disarm; returns what ``resume`` wants. Raises what
        the watchdog has shot, so that the core does nothing for a hook whose time is over."""
        where = self._where
        if where == _OUTSIDE:
            return where
        self._where = _PAUSED
        if self._firing or self._shots:
            try:
                self._settle()
            except TimeBudgetExceeded:
                self._where = where
                raise
        return where

    def resume(self, where: int) -> None:
        """Back to where ``pause`` was called from."""
        self._where = where

    def _settle(self) -> None:
        """Wait for a shot under way, take it back, raise it in the ordinary way. Where it was
        delivered first, that was on entry: it is the same exception."""
        with self._lock:
            _raise_in(self._thread, None)
            shot = self._shots > 0
        if shot:
            raise TimeBudgetExceeded

    def inside(self, seen: int) -> bool:
        """Watchdog: whether the call ``seen`` still runs."""
        return self._where != _OUTSIDE and self.serial == seen

    def shoot(self, seen: int) -> None:
        """Watchdog: raise in the call ``seen``, if it still runs."""
        with self._lock:
            self._firing = True
            where = self._where
            if where != _OUTSIDE and self.serial == seen:
                if where == _ARMED:
                    _raise_in(self._thread, TimeBudgetExceeded)
                self._shots += 1
            self._firing = False


class Watchdog:
    """The thread that looks. ``stuck`` is called on it before the process ends."""

    def __init__(self, guard: Guard, stuck: Callable[[str], None]) -> None:
        self._guard = guard
        self._stuck = stuck
        self._look_s = 0.1
        self._exit_looks = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def configure(self, time_budget_ms: int, exit_after_ms: int) -> None:
        """Budget of a plain hook; grace between the last shot and the end of the process."""
        self._look_s = time_budget_ms / _LOOKS / 1_000
        self._exit_looks = round(exit_after_ms / 1_000 / self._look_s)

    def start(self) -> None:
        """Begin to look; call it on the thread that runs the strategies."""
        self._guard.here()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="strategy-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        guard = self._guard
        seen, looks, shots = -1, 0, 0
        while not self._stop.wait(self._look_s):
            if guard.serial != seen:
                seen, looks, shots = guard.serial, 0, 0
                continue
            if not guard.inside(seen):
                continue
            looks += 1
            if shots == _SHOTS:
                if looks >= self._exit_looks:
                    self._end_process()
            elif looks >= guard.looks_allowed:
                guard.shoot(seen)
                looks, shots = 0, shots + 1

    def _end_process(self) -> None:
        owner = self._guard.owner
        text = f"strategy {owner} does not return and cannot be stopped; ending the process.\n"
        sys.stderr.write(f"{text}策略 {owner} 无法返回也无法中止,进程退出。\n")
        try:
            self._stuck(owner)
        finally:
            sys.stderr.flush()
            faulthandler.dump_traceback(all_threads=True)
            os._exit(EXIT_STUCK)


def looks_for(budget_ms: int, time_budget_ms: int) -> int:
    """Looks that a call with a budget of its own may take."""
    return max(_LOOKS, round(budget_ms * _LOOKS / time_budget_ms))
