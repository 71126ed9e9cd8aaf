"""What the watch over losses has come to: an outcome for the journal, so that a restart goes on."""

from homalos.model.event import Event, Record
from homalos.model.ids import InstrumentId, StrategyId

ACCOUNT = StrategyId("")
"""Where a strategy's name could stand: the account itself."""


class MarkNote(Record, frozen=True):
    """The last valid mark of a contract; ``None``: never one."""

    instrument: InstrumentId
    trading_day: int
    long: float | None
    short: float | None
    ts: int
    fills: tuple[tuple[StrategyId, int, float], ...] = ()
    """Traded since: whose, lots (less than 0: sold), price."""


class CapitalNote(Record, frozen=True):
    """The account's curve, money that was paid in or out left aside. Yuan."""

    trading_day: int
    equity: float
    """At the last marks."""
    paid: float
    """Deposits less withdrawals of that trading day."""
    flows: float
    """The same since the curve began."""
    units: float
    gained: float
    """Since the curve began, as it has held."""
    peak: float
    """The most of ``gained``."""
    peak_unit: float
    """The most of what a unit was worth."""


class CourseNote(Record, frozen=True):
    """A strategy's curve: what it has made, as it has held, the most of it. Yuan."""

    strategy: StrategyId
    made: float
    peak: float
    opened: float
    """``made`` when the trading day began."""


class Fired(Record, frozen=True):
    """A level that has acted. Further ones of the same kind act only above ``at``."""

    subject: StrategyId
    what: str
    unit: str
    action: str
    at: float
    text: str
    owed: bool
    """The trading state was below REDUCING already: it is set when that is over."""
    ts: int


class Latched(Record, frozen=True):
    """A loss that stands above its limit, at its worst."""

    subject: StrategyId
    what: str
    yuan: float
    percent: float | None


class LossesNoted(Event, frozen=True):
    """Outcome: the state of the watch over losses. The last of them holds."""

    trading_day: int
    drawdown_since: int
    """The key as it was: another value begins the curves anew."""
    capital: CapitalNote | None
    courses: tuple[CourseNote, ...]
    fired: tuple[Fired, ...]
    latched: tuple[Latched, ...]
    stopped: tuple[tuple[StrategyId, str], ...]
    """Strategies that a level has stopped, and which: ``day_loss`` or ``drawdown``."""
    marks: tuple[MarkNote, ...]
    ts_init: int
