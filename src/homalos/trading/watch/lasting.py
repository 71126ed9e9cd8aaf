"""A value as it has held: one bad tick is no loss."""

from collections.abc import Set as AbstractSet

from homalos.model.ids import InstrumentId
from homalos.model.times import SECOND

HOLD = SECOND
"""Event time for which a change has to hold, where no second tick confirms it."""


class Lasting:
    """Follows ``look``'s values only as far as they have held: for a second, or until every
    contract whose mark began the change was marked by another tick. Of the values met meanwhile the
    nearest to the old one counts; one look back at the old value, and the change begins anew."""

    __slots__ = ("_near", "_since", "_waits", "value")

    def __init__(self, value: float | None = None) -> None:
        self.value = value
        """``None``: nothing has held yet."""
        self._near: float | None = None
        self._since = 0
        self._waits: AbstractSet[InstrumentId] | None = None

    @property
    def waits(self) -> bool:
        """Whether a change has yet to hold."""
        return self._near is not None

    def shift(self, by: float) -> None:
        """It was so much more all along."""
        self.value = None if self.value is None else round(self.value + by, 4)
        self._near = None if self._near is None else round(self._near + by, 4)

    def look(self, value: float, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        """``fresh``: contracts with a new mark since the last look."""
        held, near = self.value, self._near
        if value == held:
            self._near = None
        elif near is None:
            self._begin(value, now, fresh)
        elif held is None:
            self._near = near = max(near, value)  # the first of all: only time tells, no bad tick
            if now - self._since >= HOLD:
                self.value, self._near = near, None
                self.look(value, now, fresh)
        elif (value > held) is not (near > held):
            self._begin(value, now, fresh)
        else:
            self._near = near = min(near, value) if value > held else max(near, value)
            if self._waits is not None:
                self._waits -= fresh
            if now - self._since >= HOLD or (self._waits is not None and not self._waits):
                self.value, self._near = near, None
                if value != near:
                    self._begin(value, now, fresh)

    def _begin(self, value: float, now: int, fresh: AbstractSet[InstrumentId]) -> None:
        self._near, self._since = value, now
        self._waits = frozenset(fresh) if fresh else None
