"""The venue of a run with lines to the world: a broker's CTP fronts, or an installed gateway."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homalos.app.past import Memory
from homalos.app.venues import VenueError
from homalos.config.schema import Config
from homalos.config.secrets import SecretError, secret
from homalos.engine import Engine, Market
from homalos.gateway.protocol import Gateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import Clock, LiveClock
from homalos.kernel.follower import FollowingClock
from homalos.kernel.pump import LiveTimers
from homalos.kernel.timers import Timers
from homalos.market.products import split_symbol
from homalos.model.ids import InstrumentId
from homalos.model.market import Bar
from homalos.storage.bars import last_bars
from homalos.storage.schema import FILE_NAME
from homalos.storage.store import Store

CLOCK_TOLERANCE_NS = 2_000_000_000
"""The exchange's clock is told in whole seconds and late: less than this is no difference."""


class LiveVenue:
    """See the module; ``RunVenue``."""

    live = True
    from_store = False
    pulled = 0

    def __init__(self, config: Config, market: Market, data: Path, memory: Memory) -> None:
        self.unreadable: dict[str, int] = {}
        self._config = config
        self._market = market
        self._data = data
        self._memory = memory
        self.clock: Clock = LiveClock()
        if config.ctp.clock == "market" and config.gateway.md == "ctp":
            self.clock = FollowingClock(memory.last_ts)
        self.recorded = isinstance(self.clock, FollowingClock)
        self._timers: LiveTimers | None = None
        self._check_contracts()

    def _check_contracts(self) -> None:
        """With real money nobody guesses which month a product stands for."""
        faults = [
            f"strategies.yaml: {entry.id} trades {name}, which is a product; on a live venue name "
            f"the contract, like {name}2605 / 实盘须写明合约，如 {name}2605"
            for entry in self._config.strategies
            if entry.enabled
            for name in entry.instruments
            if not split_symbol(name.rpartition(".")[2])[1]
        ]
        if faults:
            raise VenueError("\n".join(faults))
