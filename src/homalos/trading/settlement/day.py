"""The trades of the trading day, kept for the day's end."""

from collections.abc import Iterable

from homalos.model.trading import Trade


class DayTrades:
    """Part of ``Books``."""

    def __init__(self) -> None:
        self.booked: list[Trade] = []
        self._seen: tuple[Trade, ...] = ()

    def seen(self) -> tuple[Trade, ...]:
        """The venue's trades of the day that were never booked: they came with its positions."""
        known = {_key(trade) for trade in self.booked}
        return tuple(trade for trade in self._seen if _key(trade) not in known)

    def told(self, trades: tuple[Trade, ...]) -> None:
        """All that the venue has of the day."""
        self._seen = trades or self._seen

    def roll(self, trading_day: int) -> None:
        """A new day: what was booked for it already stays."""
        self.booked = [trade for trade in self.booked if trade.trading_day >= trading_day]
        self._seen = _since(self._seen, trading_day)


def _since(trades: Iterable[Trade], day: int) -> tuple[Trade, ...]:
    return tuple(trade for trade in trades if trade.trading_day >= day)


def _key(trade: Trade) -> tuple[str, str, str, int]:
    exchange = trade.instrument.partition(".")[0]
    return exchange, trade.id.strip(), trade.side.value, trade.trading_day
