"""What the daemon asks of the venue of a run: simulated in process, or lines to the world."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from homalos.config.schema import Config
from homalos.engine import Engine
from homalos.gateway.protocol import Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import Clock
from homalos.kernel.timers import Timers
from homalos.model.market import Bar
from homalos.storage.store import Store


class VenueError(Exception):
    """The market that was asked for cannot be had; the message names the cure."""


class RunVenue(Protocol):
    """One run's venue. ``gateway`` is the factory that the engine calls, once."""

    live: bool
    """Lines to a front outside this process: strategies wait until books and venue agree, and
    contracts must be named."""
    recorded: bool
    """The times of the market are not compared with the clock."""
    unreadable: dict[str, int]
    """Rows of a recording that could not be read, by reason."""

    @property
    def clock(self) -> Clock: ...

    @property
    def name(self) -> str: ...

    @property
    def from_store(self) -> bool:
        """The ticks come out of this very database: they are not stored again."""

    @property
    def pulled(self) -> int:
        """Ticks taken from a pulled source so far."""

    def gateway(self, bus: Bus, timers: Timers) -> Gateway:
        """``VenueError`` and what else keeps a run from beginning."""

    def warmup(self) -> tuple[Bar, ...]:
        """One-minute history before the first tick."""

    def begin(
        self, loop: asyncio.AbstractEventLoop, engine: Engine, store: Store,
        ended: Callable[[], None],
    ) -> None:  # fmt: skip
        """Let the market in, from here on, on ``loop``."""

    def end(self) -> None:
        """Let nothing in any more. Harmless twice, or before ``begin``."""

    def configure(self, config: Config) -> None:
        """Apply the keys that hold at once."""

    def close(self) -> None: ...

    def facts(self) -> dict[str, Any]:
        """For the page: ``source``, ``speed`` and what else is this venue's own."""

    def hello(self) -> str:
        """One line for the terminal: what is traded on, in both languages."""
