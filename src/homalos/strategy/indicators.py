"""Incremental indicators: ``update`` with each new value, read ``value``; ``None`` until there are
enough values. Constant time and memory a value.

They hold floats only, so ``Sma(20)`` may be made again from history at any start.
"""

from collections import deque

from homalos.model.market import Bar


class Indicator:
    """``value`` is ``None`` until it is ``ready``."""

    __slots__ = ("period", "value")

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"{type(self).__name__}: period {period}; need 1 or more")
        self.period = period
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        return self.value is not None


class Sma(Indicator):
    """Simple moving average of the last ``period`` values."""

    __slots__ = ("_sum", "_values")

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._values: deque[float] = deque()
        self._sum = 0.0

    def update(self, value: float) -> float | None:
        values = self._values
        values.append(value)
        self._sum += value
        if len(values) > self.period:
            self._sum -= values.popleft()
        if len(values) == self.period:
            self.value = self._sum / self.period
        return self.value


class Ema(Indicator):
    """Exponential moving average, ``alpha = 2 / (period + 1)``, begun from the simple average of
    the first ``period`` values (the convention of TA-Lib)."""

    __slots__ = ("_alpha", "_seed")

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._alpha = 2.0 / (period + 1)
        self._seed = Sma(period)

    def update(self, value: float) -> float | None:
        if self.value is None:
            self.value = self._seed.update(value)
        else:
            self.value += self._alpha * (value - self.value)
        return self.value


class Atr(Indicator):
    """Average true range by Wilder's smoothing, begun from the simple average of the first
    ``period`` true ranges (the first bar's is its high less its low)."""

    __slots__ = ("_close", "_seed")

    def __init__(self, period: int) -> None:
        super().__init__(period)
        self._close: float | None = None
        self._seed = Sma(period)

    def update(self, bar: Bar) -> float | None:
        close = bar.close if self._close is None else self._close
        true_range = max(bar.high, close) - min(bar.low, close)
        self._close = bar.close
        if self.value is None:
            self.value = self._seed.update(true_range)
        else:
            self.value += (true_range - self.value) / self.period
        return self.value


class _Extreme(Indicator):
    """Monotonic queue of (index, value): the front is the extreme of the window."""

    __slots__ = ("_count", "_queue", "_sign")

    def __init__(self, period: int, sign: float) -> None:
        super().__init__(period)
        self._queue: deque[tuple[int, float]] = deque()
        self._count = 0
        self._sign = sign

    def update(self, value: float) -> float | None:
        queue = self._queue
        while queue and (value - queue[-1][1]) * self._sign >= 0:
            queue.pop()
        queue.append((self._count, value))
        self._count += 1
        if queue[0][0] <= self._count - 1 - self.period:
            queue.popleft()
        if self._count >= self.period:
            self.value = queue[0][1]
        return self.value


class Highest(_Extreme):
    """Highest of the last ``period`` values."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(period, 1.0)


class Lowest(_Extreme):
    """Lowest of the last ``period`` values."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        super().__init__(period, -1.0)
