"""Session phases of every product, moved by the calendar through timers."""

from collections.abc import Callable
from typing import Protocol

from homalos.exchange.contract import Floor
from homalos.market.sessions import Segment, Sessions
from homalos.model.enums import Phase

OPEN = frozenset({Phase.AUCTION, Phase.AUCTION_MATCH, Phase.CONTINUOUS})


class Scheduler(Protocol):
    """Timers in event time, as ``kernel.timers`` has them."""

    def call_at(self, when: int, callback: Callable[[], None]) -> object: ...


class Phases:
    """Keeps the ``Floor`` of each product in its phase; ``changed`` hears every change."""

    def __init__(
        self, sessions: Sessions, scheduler: Scheduler, changed: Callable[[Floor, int], None]
    ) -> None:
        self._sessions = sessions
        self._scheduler = scheduler
        self._changed = changed
        self._floors: dict[tuple[str, str], Floor] = {}

    def floor(self, exchange: str, product: str) -> Floor:
        """The floor of a product; made, closed, when it is new: ``begin`` opens it."""
        key = (exchange, product)
        floor = self._floors.get(key)
        if floor is None:
            floor = self._floors[key] = Floor(exchange, product)
        return floor

    def floors(self) -> tuple[Floor, ...]:
        return tuple(self._floors.values())

    def begin(self, floor: Floor, now: int) -> None:
        """Put a floor into the phase of ``now`` and keep it moving; once per floor."""
        self._enter(floor, self._sessions.segment_at(floor.exchange, floor.product, now), now)

    def _enter(self, floor: Floor, segment: Segment, now: int) -> None:
        moved = floor.phase is not segment.phase
        floor.phase = segment.phase
        floor.trading_day = segment.trading_day
        self._scheduler.call_at(segment.end, lambda: self._next(floor, segment.end))
        if moved:
            self._changed(floor, now)

    def _next(self, floor: Floor, now: int) -> None:
        self._enter(floor, self._sessions.segment_at(floor.exchange, floor.product, now), now)

    def any_open(self) -> bool:
        """Whether anything can happen on any floor."""
        return any(floor.phase in OPEN for floor in self._floors.values())

    def trading_day(self, ts: int) -> int:
        """The earliest trading day that a product has at ``ts``."""
        return min(
            self._sessions.segment_at(f.exchange, f.product, ts).trading_day
            for f in self._floors.values()
        )

    def last_close(self, trading_day: int) -> int:
        """When the last product of ``trading_day`` closes."""
        return max(
            self._sessions.span(f.exchange, f.product, trading_day)[1]
            for f in self._floors.values()
        )
