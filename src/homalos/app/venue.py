"""The simulated venue of a run: which market feeds it, and the exchange behind the gateway."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from homalos.config.schema import Config
from homalos.config.sections.exchange import ExchangeSection
from homalos.engine import Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources import Source
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.exchange.sources.replay import RecordedMarket
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock, wall_ns
from homalos.kernel.timers import Timers
from homalos.market.formats import RecordingError, open_recording
from homalos.model.ids import AccountId
from homalos.model.market import Tick
from homalos.model.times import china_day, to_date
from homalos.storage.schema import FILE_NAME, StorageError
from homalos.storage.ticks import TickReader

STORE_PREFIX = "store:"


class VenueError(Exception):
    """The market that was asked for cannot be had; the message names the cure."""


class Venue:
    """One run's exchange and market. ``gateway`` is the factory that the engine calls, once."""

    feed: Callable[[Tick], None]
    source: Source

    def __init__(
        self, config: Config, market: Market, data: Path, replay: str | None, journaled: int = 0
    ) -> None:
        """``journaled``: event time of the journal's last record; a generated market goes on
        behind it, so that time never runs backwards over a crash."""
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
        clock = bus.clock
        assert isinstance(clock, SimClock)
        market = self._market
        exchange = Exchange(
            self._config.exchange, market.products, market.sessions, clock, timers,
            Ledger(self._data / "exchange"),
        )  # fmt: skip
        self.exchange = exchange
        self.source = self._source(exchange)
        clock.advance(self.source.start)
        exchange.open(self.source.instruments, self.source.start)
        gateway = SimGateway(clock, exchange, AccountId(self._config.app.account))
        self.feed = gateway.feed
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

    def configure(self, section: ExchangeSection) -> None:
        """Apply the keys that hold at once."""
        if self.exchange is not None:
            self.exchange.configure(section)

    def close(self) -> None:
        if self.exchange is not None:
            self.exchange.close()
