"""The state machine of one line to a front: the same table for trading and for market data.

CTP reconnects by itself and cannot be told not to; what is ours is to log in again after each
connection, to try again what may be tried again, and to leave alone what may not (FACTS A3, A18).
Retries run in machine time, on the scheduler that is passed in: a front's patience does not follow
the market's clock.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, Protocol

from loguru import logger

from homalos.gateway.ctp.errors import NO_ANSWER, Reaction, cause, dropped, explain
from homalos.gateway.protocol import LineHealth
from homalos.kernel.clock import Clock
from homalos.model.enums import Channel, Severity

__all__ = ["TABLE", "Backoff", "CallLater", "Handle", "Link", "Noise", "State"]


class Handle(Protocol):
    def cancel(self) -> object: ...


class CallLater(Protocol):
    """``loop.call_later``, or a test's own."""

    def __call__(self, delay: float, callback: Callable[[], None], /) -> Handle: ...


class State(StrEnum):
    DOWN = "down"
    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
    LOGGED_IN = "logged_in"
    CONFIRMED = "confirmed"
    """The settlement is confirmed."""
    QUERYING = "querying"
    READY = "ready"
    CLOSING = "closing"
    STOPPED = "stopped"
    """Closed, or given up until a human has mended something."""


_S = State
_ANY = frozenset({_S.DOWN, _S.CONNECTED, _S.CLOSING, _S.STOPPED})
"""A line may drop, connect anew, be closed or be given up in any state that is up."""

TABLE: dict[State, frozenset[State]] = {
    _S.DOWN: _ANY - {_S.DOWN},
    # Authentication falls away where the front asks for none, and for market data.
    _S.CONNECTED: _ANY | {_S.AUTHENTICATED, _S.LOGGED_IN},
    _S.AUTHENTICATED: _ANY | {_S.LOGGED_IN},
    # Market data are ready once logged in; a shadow confirms no settlement.
    _S.LOGGED_IN: _ANY | {_S.CONFIRMED, _S.QUERYING, _S.READY},
    _S.CONFIRMED: _ANY | {_S.QUERYING},
    _S.QUERYING: _ANY | {_S.READY},
    _S.READY: _ANY | {_S.QUERYING},
    _S.CLOSING: frozenset({_S.STOPPED}),
    _S.STOPPED: frozenset({_S.DOWN, _S.CLOSING}),
}
"""Which state may follow which. Out of STOPPED only a new start leads, or the way out."""

UP = frozenset(State) - {_S.DOWN, _S.CLOSING, _S.STOPPED}


class Backoff(NamedTuple):
    """Seconds before the first retry, doubled with each up to ``limit``."""

    first: float = 1.0
    limit: float = 60.0

    def wait(self, retries: int) -> float:
        """Before attempt ``retries`` (1, 2, ...)."""
        return float(min(self.limit, self.first * 2 ** min(retries - 1, 20)))


PATIENT = Backoff()


class Noise:
    """Lets the same kind of message through the 1st, 2nd, 3rd, 10th, 30th, 100th ... time: outside
    the service hours a front drops and takes lines without end."""

    def __init__(self) -> None:
        self.count = 0
        self._next = 1

    def heard(self) -> bool:
        """Count one; whether it is to be told."""
        self.count += 1
        if self.count < self._next:
            return False
        self._next = self.count + 1 if self.count < 3 else _next_step(self.count)
        return True

    def reset(self) -> None:
        self.count, self._next = 0, 1


class Link:
    """See the module. ``alarm`` is told what a human must know of; everything runs on the loop's
    thread. ``patient``: codes that are tried again and again here although they stop a line
    elsewhere (market data: 3, until trading is logged in).
    """

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        call_later: CallLater,
        alarm: Callable[[Severity, str], None],
        *,
        backoff: Backoff = PATIENT,
        patient: frozenset[int] = frozenset(),
    ) -> None:
        self.state = State.DOWN
        self.patient = patient
        self._channel = channel
        self._clock = clock
        self._call_later = call_later
        self._alarm = alarm
        self._backoff = backoff
        self._since = clock.now()
        self._code = 0
        self._message = ""
        self._retries = 0
        self._tries: dict[int, int] = {}
        self._timers: list[Handle] = []
        self._not_before = 0
        self._drops = Noise()
        self._failures = Noise()

    @property
    def up(self) -> bool:
        """Connected and not given up: what the library tells is of use."""
        return self.state in UP

    # ------------------------------------------------------------ events

    def enter(self, state: State) -> None:
        """Go on to ``state``; what was waited for in the old one is forgotten.

        Raises:
            ValueError: not a transition of the table.
        """
        if state not in TABLE[self.state]:
            raise ValueError(f"ctp {self._channel}: {self.state} cannot become {state}")
        self._move(state)
        if state is State.READY:
            self._code, self._message, self._retries, self._not_before = 0, "", 0, 0
            self._tries.clear()
            self._drops.reset()
            self._failures.reset()

    def begin(self, attempt: Callable[[], None]) -> None:
        """Connected: run ``attempt`` now; or, where the wait after an earlier failure is not over,
        when it is, unless the line drops before. A front that drops the line with each refusal
        is so not asked once a second."""
        left = (self._not_before - self._clock.monotonic()) / 1e9
        if left > 0:
            self.later(left, attempt)
        else:
            attempt()

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back, unless the state is another by then (or a step failed)."""
        self._timers.append(self._call_later(seconds, callback))

    def instead(self, seconds: float, callback: Callable[[], None]) -> None:
        """As ``later``, and what was waited for in this state is forgotten."""
        self._cancel_timers()
        self.later(seconds, callback)

    def expect(self, what: str, seconds: float, retry: Callable[[], None]) -> None:
        """A request was sent: without an answer (``enter`` or ``fail``) in time it has failed."""
        self.later(seconds, lambda: self._no_answer(what, seconds, retry))

    def fail(self, what: str, code: int, message: str, retry: Callable[[], None]) -> bool:
        """A step failed: ``code`` of CTP, a request's return code, or 0 (no answer).

        ``True``: ``retry`` is called after the back-off, unless the line drops or goes on before;
        ``False``: nothing will be tried, the line is STOPPED (or was not up).
        """
        if not self.up:
            return False
        self._cancel_timers()
        self._code, self._message = code, message
        self._retries += 1
        tries = self._tries[code] = self._tries.get(code, 0) + 1
        text = f"ctp {self._channel}: {explain(what, code, message)}"
        if self._gives_up(code, tries):
            self._move(State.STOPPED)
            logger.error("{}", text)
            self._alarm(Severity.CRITICAL, text)
            return False
        wait = self._backoff.wait(self._retries)
        self._not_before = self._clock.monotonic() + round(wait * 1e9)
        self.later(wait, retry)
        if self._failures.heard():
            logger.warning("{} ({} x, next in {:g} s)", text, self._failures.count, wait)
            self._alarm(Severity.WARNING, text)
        return True

    def give_up(self, what: str, message: str) -> None:
        """A step that cannot even be tried until a human has mended something: STOPPED."""
        if not self.up:
            return
        self._code, self._message = 0, message
        self._move(State.STOPPED)
        text = f"ctp {self._channel}: {what}: {message}"
        logger.error("{}", text)
        self._alarm(Severity.CRITICAL, text)

    def dead(self, what: str, code: int, message: str, renew: Callable[[], None]) -> None:
        """The front stands, and knows our session no more: DOWN, and ``renew`` after the wait."""
        if not self.up:
            return
        self._move(State.DOWN)
        self._code, self._message = code, message
        self._retries += 1
        wait = self._backoff.wait(self._retries)
        self._not_before = self._clock.monotonic() + round(wait * 1e9)
        self.later(wait, renew)
        self._alarm(Severity.ERROR, f"ctp {self._channel}: {explain(what, code, message)}")

    def lost(self, reason: int) -> None:
        """``OnFrontDisconnected``: DOWN, or what it was where nothing was wanted of the line any
        more; pending retries are forgotten."""
        if not self.up:
            return
        self._move(State.DOWN)
        self._message = dropped(reason)
        if self._drops.heard():
            logger.warning(
                "ctp {}: disconnected: {} ({} x)", self._channel, self._message, self._drops.count
            )

    def health(self) -> LineHealth:
        return LineHealth(
            self._channel,
            self.state is State.READY,
            self.state.value,
            self._since,
            self._code,
            self._message,
            self._retries,
        )

    # ------------------------------------------------------------ inside

    def _gives_up(self, code: int, tries: int) -> bool:
        if code in self.patient:
            return False
        reaction = cause(code).reaction
        return reaction is Reaction.STOP or (reaction is not Reaction.RETRY and tries > 1)

    def _no_answer(self, what: str, seconds: float, retry: Callable[[], None]) -> None:
        self.fail(what, NO_ANSWER, f"no answer for {seconds:g} s / 无应答", retry)

    def _move(self, state: State) -> None:
        self._cancel_timers()
        self.state = state
        self._since = self._clock.now()

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _next_step(count: int) -> int:
    """1, 3, 10, 30, 100 ...: the first above ``count``."""
    step = 10
    while step <= count:
        step = step * 3 if str(step)[0] == "1" else step // 3 * 10
    return step
