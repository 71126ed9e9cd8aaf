"""Losses that stand above their limit: what the rules ``daily_loss`` and ``drawdown`` read.

Only the watch (``keeper``) writes it; bound to the risk gate's view once.
"""

from typing import NamedTuple

from homalos.model.ids import StrategyId


class Stand(NamedTuple):
    """One of them: its worst value, the limit, a sentence with the figures."""

    value: float
    limit: float
    text: str


class Standing:
    """Of the account, or ``None``; of strategies, by name."""

    __slots__ = ("day", "day_of", "drawdown", "drawdown_of")

    def __init__(self) -> None:
        self.day: Stand | None = None
        self.day_of: dict[StrategyId, Stand] = {}
        self.drawdown: Stand | None = None
        self.drawdown_of: dict[StrategyId, Stand] = {}
