"""Limits of the event step, as the configuration states them (config.sections.kernel)."""

from typing import NamedTuple, Protocol


class Limits(Protocol):
    """What the bus asks of its settings; the meaning of each is told where the key is declared."""

    @property
    def slice_us(self) -> int: ...
    @property
    def execution_lane_max(self) -> int: ...
    @property
    def market_lane_max(self) -> int: ...
    @property
    def background_lane_max(self) -> int: ...
    @property
    def error_budget(self) -> int: ...
    @property
    def error_window_s(self) -> float: ...


class DefaultLimits(NamedTuple):
    slice_us: int = 1_000
    execution_lane_max: int = 100_000
    market_lane_max: int = 20_000
    background_lane_max: int = 200_000
    error_budget: int = 20
    error_window_s: float = 60.0


DEFAULTS = DefaultLimits()
