"""Events of the circuit breaker."""

from enum import StrEnum

from homalos.model.event import Event, Record
from homalos.model.ids import StrategyId

WHOLE_ACCOUNT = StrategyId("")
"""In place of a strategy's name: the breaker of all that the daemon sends."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    """Opening orders are denied."""


class BreakerCause(StrEnum):
    REJECTS = "rejects"
    LOSSES = "losses"


class CloseBreaker(Event, frozen=True):
    """Command: let this strategy (empty: the account) open again before the cool-down is over."""

    strategy: StrategyId
    who: str
    why: str
    ts_init: int


class BreakerChanged(Event, frozen=True):
    """A breaker opened or closed. Also an outcome for the journal."""

    strategy: StrategyId
    """Empty: the account's."""
    state: BreakerState
    cause: BreakerCause
    """Of its opening."""
    count: int
    """In a row, when it opened."""
    limit: int
    until: int
    """Event time at which it closes by itself."""
    who: str
    why: str
    ts_init: int


class BreakerCount(Record, frozen=True):
    """How many there have been in a row."""

    strategy: StrategyId
    rejects: int
    losses: int


class BreakersKept(Event, frozen=True):
    """Outcome: a checkpoint for starts that begin to read at it."""

    counts: tuple[BreakerCount, ...]
    open: tuple[BreakerChanged, ...]
    ts_init: int
