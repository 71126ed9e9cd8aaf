"""How a conditional order is held, for ``stop``, ``take_profit``, ``trail``, ``oco``, ``bracket``.

self.stop(rb, Side.SELL, 2, 3480.0, when=When(source=TriggerSource.BID, gap=GapPolicy.LIMIT))
"""

from typing import NamedTuple

from homalos.model.conditional import GapPolicy, TriggerSource
from homalos.model.event import Record
from homalos.model.ids import OrderId


class When(Record, frozen=True):
    """Defaults: the last price triggers, a gap fires, until it is cancelled, an exit."""

    source: TriggerSource = TriggerSource.LAST
    gap: GapPolicy = GapPolicy.FIRE
    """What to do when the first price after an opening, a break, a restart, a lost line or a halt
    is beyond the trigger already."""
    ticks: int | None = None
    """How far its market order goes through the opposite price; None: ``trading.market_ticks``."""
    good_till: int = 0
    """Event time (ns, as ``Strategy.now``) from which it is over; 0: until it is cancelled."""
    opens: bool = False
    """Of a stop, a stop-limit or a take-profit: it opens a position. It waits for the strategy to
    run and trading to be ACTIVE, and ends when the strategy stops."""


class Oco(NamedTuple):
    """Ids of a pair."""

    stop: OrderId
    target: OrderId


class Bracket(NamedTuple):
    """Ids of an entry and of what protects it; ``None``: not asked for."""

    entry: OrderId
    stop: OrderId | None
    target: OrderId | None
