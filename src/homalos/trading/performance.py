"""How well strategies do: result, drawdown, Sharpe ratio. Told, never decided upon.

A strategy has no money of its own, so all is in yuan: its equity is what it has made since its
books began, fees paid. It is looked at with each snapshot of the account (a drawdown that comes and
goes between two of them is not seen) and once more when the trading day turns, which makes the
daily results that the ratio is computed from.
"""

from collections.abc import Iterable, Mapping
from math import sqrt

from homalos.model.ids import StrategyId
from homalos.model.trading import StrategyPerformance

TRADING_DAYS = 242
"""A year's, in China; for the ratio only."""


class Curve:
    """Of one strategy. Daily results are kept as their count, mean and sum of squared distances."""

    __slots__ = ("day_equity", "days", "deepest", "equity", "mean", "peak", "squares")

    def __init__(self) -> None:
        self.equity = self.peak = self.deepest = 0.0
        self.day_equity = 0.0
        """With which the trading day began."""
        self.days = 0
        self.mean = self.squares = 0.0

    def note(self, equity: float) -> None:
        self.equity = equity
        self.peak = max(self.peak, equity)
        self.deepest = max(self.deepest, self.peak - equity)

    def day_over(self) -> None:
        result = self.equity - self.day_equity
        self.day_equity = self.equity
        self.days += 1
        away = result - self.mean
        self.mean += away / self.days
        self.squares += away * (result - self.mean)

    def sharpe(self) -> float | None:
        """Mean of the daily results over their standard deviation, for a year, no riskless rate;
        ``None``: fewer than two days, or all the same."""
        if self.days < 2 or self.squares <= 0.0:
            return None
        return self.mean / sqrt(self.squares / (self.days - 1)) * sqrt(TRADING_DAYS)


class Performances:
    """Of all strategies. Only ``Books`` feeds it."""

    def __init__(self) -> None:
        self._curves: dict[StrategyId, Curve] = {}

    def note(self, results: Mapping[StrategyId, float]) -> None:
        """What each has made by now."""
        for strategy, equity in results.items():
            curve = self._curves.get(strategy)
            if curve is None:
                curve = self._curves[strategy] = Curve()
            curve.note(equity)

    def day_over(self, results: Mapping[StrategyId, float]) -> None:
        """The trading day turns; a day without a trade counts from the strategy's first one on."""
        self.note(results)
        for curve in self._curves.values():
            curve.day_over()

    def load(self, rows: Iterable[StrategyPerformance]) -> None:
        """Go on from a record."""
        for row in rows:
            curve = self._curves[row.strategy] = Curve()
            curve.equity, curve.peak, curve.deepest = row.equity, row.peak, row.max_drawdown
            curve.day_equity, curve.days = row.day_equity, row.days
            curve.mean, curve.squares = row.mean, row.squares

    def records(self) -> tuple[StrategyPerformance, ...]:
        return tuple(
            StrategyPerformance(
                strategy, curve.equity, curve.peak, curve.peak - curve.equity, curve.deepest,
                curve.day_equity, curve.days, curve.mean, curve.squares, curve.sharpe(),
            )
            for strategy, curve in sorted(self._curves.items())
        )  # fmt: skip
