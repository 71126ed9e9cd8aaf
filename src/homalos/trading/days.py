"""The trading day goes forward: a venue that tells an earlier one is not believed.

A front of the list may be a day behind. Its word would roll the books back, begin the day's loss,
the day's counts and the strategies' day anew, and expire orders that are alive.
"""

from collections.abc import Callable

from homalos.kernel.bus import Bus
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import AlertRaised, TradingDayChanged
from homalos.trading.books import Books


def forward(bus: Bus, books: Books) -> Callable[[Event], None]:
    """``bus.post`` for a gateway, but for a trading day before the books' own: an alert instead."""

    def post(event: Event) -> None:
        if isinstance(event, TradingDayChanged) and event.trading_day < books.trading_day:
            text = (
                f"{event.gateway} tells trading day {event.trading_day}, the books are at "
                f"{books.trading_day}: not believed, and nothing is traded until it tells this "
                "one; look at the front's address (a simulation: at its own data folder) / "
                f"柜台交易日 {event.trading_day} 早于账本 {books.trading_day}，"
                "已忽略，请检查前置地址"
            )
            event = AlertRaised(Severity.CRITICAL, "orders", text, event.ts_init)
        bus.post(event)

    return post
