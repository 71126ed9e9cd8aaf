"""The simulated venue of a run: which market feeds it, and the exchange behind the gateway."""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homalos.app.venues import VenueError
from homalos.config.schema import Config
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources import Source
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.exchange.sources.replay import RecordedMarket
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, wall_ns
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.market.formats import RecordingError, open_recording
from homalos.model.ids import AccountId
from homalos.model.market import Bar, Tick
from homalos.model.times import china_day, china_text, to_date
from homalos.storage.schema import FILE_NAME, StorageError
from homalos.storage.store import Store
from homalos.storage.ticks import TickReader

STORE_PREFIX = "store:"


class SimulatedVenue:
    """One run's exchange and market, pulled: ``RunVenue``."""

    live = False
    source: Source

    def __init__(
        self,
        config: Config,
        market: Market,
        data: Path,
        replay: str | None,
        speed: float | str | None,
        journaled: int = 0,
    ) -> None:
        """``speed``: None as fast as possible, "default" as configured. ``journaled``: event time
        of the journal's last record; a generated market goes on behind it, so that time never runs
        backwards over a crash."""
        self.clock = SimClock()
        self.recorded = replay is not None
        self._speed = speed
        self._feed: Callable[[Tick], None] = _nowhere
        self._pump: Pump | None = None
        self._config = config
        self._market = market
        self._data = data
        self._replay = replay
        self._journaled = journaled
        self.unreadable: dict[str, int] = {}
        """Rows of a recording that could not be read, by reason."""
        self.exchange: Exchange | None = None

    @property
    def from_store(self) -> bool:
        """Whether the ticks come out of this very database: then they are not stored again."""
        return self._replay is not None and self._replay.startswith(STORE_PREFIX)

    def gateway(self, bus: Bus, timers: Timers) -> SimGateway:
        """Read the exchange's ledger, open its market, and the door to it. ``VenueError``,
        ``LedgerError``."""
        clock, market = self.clock, self._market
        exchange = Exchange(
            self._config.exchange, market.products, market.sessions, clock, timers,
            Ledger(self._data / "exchange"),
        )  # fmt: skip
        self.exchange = exchange
        self.source = self._source(exchange)
        clock.advance(self.source.start)
        exchange.open(self.source.instruments, self.source.start, self.source.listed)
        gateway = SimGateway(clock, exchange, AccountId(self._config.app.account))
        self._feed = gateway.feed
        return gateway

    def _source(self, exchange: Exchange) -> Source:
        products, sessions = self._market.products, self._market.sessions
        try:
            if self._replay is None:
                day = china_day(wall_ns())
                resume = exchange.resume()
                if resume is not None and resume.ts < self._journaled:
                    resume = dataclasses.replace(resume, ts=self._journaled)
                return GeneratedMarket(self._config.exchange, products, sessions, day, resume)
            if self.from_store:
                return self._stored(self._replay.removeprefix(STORE_PREFIX))
            path = Path(self._replay).expanduser()
            if not path.exists():
                raise VenueError(
                    f"--replay {self._replay}: there is no such file; or use store:YYYYMMDD"
                    " / 没有该文件；也可用 store:YYYYMMDD"
                )
            recording = open_recording(path, products, sessions)
            self.unreadable = {name: found.count for name, found in recording.problems.items()}
            return RecordedMarket(recording, products, name=f"replay {path.name}")
        except (RecordingError, StorageError, ValueError) as error:
            raise VenueError(str(error)) from error

    def _stored(self, text: str) -> Source:
        try:
            day = int(text)
            to_date(day)
        except ValueError:
            raise VenueError(
                f"--replay store:{text}: a trading day is wanted, like store:20171113"
                " / 需要交易日，如 store:20171113"
            ) from None
        ticks = TickReader(self._data / FILE_NAME, day)
        return RecordedMarket(ticks, self._market.products, name=f"replay store:{day}")

    @property
    def name(self) -> str:
        return self.source.name

    def warmup(self) -> tuple[Bar, ...]:
        return self.source.warmup

    @property
    def pulled(self) -> int:
        """Ticks taken from the source so far."""
        return 0 if self._pump is None else self._pump.pulled

    def begin(
        self, loop: asyncio.AbstractEventLoop, engine: Engine, store: Store,
        ended: Callable[[], None],
    ) -> None:  # fmt: skip
        limit = self._config.storage.backlog_max_rows
        self._pump = Pump(
            engine.bus,
            self.clock,
            engine.timers,
            iter(self.source),
            self._feed,
            speed=self._pace(self._speed),
            congested=lambda: store.backlog() > limit,
            ended=ended,
        )
        self._pump.start(loop)

    def end(self) -> None:
        if self._pump is not None:
            self._pump.stop()

    def configure(self, config: Config) -> None:
        before, self._config = self._config, config
        if self.exchange is not None:
            self.exchange.configure(config.exchange)
        if self._pump is not None and config.exchange.speed != before.exchange.speed:
            self._pump.set_speed(self._pace("default"))

    def _pace(self, chosen: float | str | None) -> float | None:
        return (self._config.exchange.speed or None) if isinstance(chosen, str) else chosen

    def facts(self) -> dict[str, Any]:
        return {"source": self.name, "speed": self._now_pace()}

    def _now_pace(self) -> float | None:
        return self._pace(self._speed) if self._pump is None else self._pump.speed

    def hello(self) -> str:
        speed = self._now_pace()
        pace = "max" if speed is None else f"{speed:g}x"
        since = china_text(self.source.start)[:19]
        return f"SIMULATED / 模拟   {self.name}, {pace}, from / 自 {since}"

    def close(self) -> None:
        if self.exchange is not None:
            self.exchange.close()


def _nowhere(tick: Tick) -> None:
    """Before there is a gateway."""
