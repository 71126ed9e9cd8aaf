"""How an order is worked after it has left, for ``buy``, ``sell``, ``target``, ``close``.

    self.buy(rb, 5, 3500.0, terms=Terms(timeout_ms=3_000, on_timeout=OnTimeout.CHASE, max_tries=4))

Time is event time; everything below goes on when the daemon was restarted, but for the tries of a
market order, and nothing works while it is off (an order at the venue rests there).
"""

from homalos.model.enums import OnTimeout
from homalos.model.event import Record


class Terms(Record, frozen=True):
    """Defaults: a limit order works until it ends by itself, a market order as configured."""

    timeout_ms: int = 0
    """Each order works at most so long; 0: no time-out."""
    on_timeout: OnTimeout = OnTimeout.CANCEL
    """``CHASE``: cancel, wait for the end, send what is left at the opposite price, and so on."""
    max_tries: int = 0
    """Times that a market order or a chase is sent in all; 0: ``trading.market_tries``,
    ``trading.chase_tries``."""
    good_till: int = 0
    """Event time (ns, as ``Strategy.now``) from which nothing of it works; 0: the trading day."""
    ticks: int | None = None
    """How far through the opposite price a market order or a chase goes; None:
    ``trading.market_ticks``, ``trading.chase_ticks``."""
    to_limit: bool = False
    """A market order goes to the day's price limit: it takes whatever stands there."""
    reduce_only: bool = False
    """Only closes lots of the own book; those that are not there are denied, never opened."""
