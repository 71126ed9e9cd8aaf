"""Records that only the journal sees: what entered the core by another way than an event.

With them a replay makes every step again. They are ingress (or, ``GatewayReturned``, an outcome);
nothing subscribes to them.
"""

from homalos.model.event import Event
from homalos.model.ids import OrderId
from homalos.model.market import Bar, Instrument
from homalos.model.trading import Account, Order, Position, Trade


class RunStarted(Event, frozen=True):
    """The first record of a run: all that its outcome depends on beside what happens in it."""

    run: int
    version: str
    python: str
    code: str
    """SHA-256 over the program's own sources."""
    files: tuple[tuple[str, str], ...]
    """The trader's files (strategies, risk rules): path, SHA-256."""
    config: bytes
    """The whole configuration in force, as JSON."""
    gateway: str
    simulated: bool
    fold_from: int
    """Segment from which this start read the past."""
    control: bytes
    """What ``control.json`` said, as JSON; empty: there was none."""
    stuck: tuple[str, ...]
    """Strategies that had ended the process."""
    ts_init: int


class RunEnded(Event, frozen=True):
    """The last record of a run that stopped cleanly."""

    run: int
    state_hash: str
    parts: tuple[tuple[str, str], ...]
    """The same, by part of the state."""
    ts_init: int


class TimerRan(Event, frozen=True):
    """A timer of the core fired: the ``number``-th that it made."""

    number: int


class BarsLoaded(Event, frozen=True):
    """History before the first tick."""

    bars: tuple[Bar, ...]


class CoreTold(Event, frozen=True):
    """The daemon told the core to do something: ``start`` or ``stop`` the strategies, ``flush`` the
    bars."""

    what: str


class VenueAnswered(Event, frozen=True):
    """The venue's answer to a query, whole."""

    trading_day: int
    account: Account
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    trades: tuple[Trade, ...]
    instruments: tuple[Instrument, ...]
    """The contracts it has; empty: those of the answer before."""
    question: int
    """The number of the query, from 1."""
    at_once: bool
    """It came before the question had returned."""


class GatewayReturned(Event, frozen=True):
    """Outcome: what the gateway returned for an order (``send``, where not 0) or a ``cancel``."""

    order_id: OrderId
    action: str
    code: int
    ts_init: int
