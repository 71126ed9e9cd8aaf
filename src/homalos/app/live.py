"""The venue of a run with lines to the world: a broker's CTP fronts, or an installed gateway."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loguru import logger

from homalos.app.past import Memory
from homalos.app.venues import VenueError
from homalos.config.schema import Config
from homalos.config.secrets import Secret, SecretError, secret
from homalos.ctp.errors import LibraryError
from homalos.ctp.libraries import NativeMissingError
from homalos.engine import Engine, Market
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.gateway.ctp.gateway import CtpGateway
from homalos.gateway.ctp.paper import PaperGateway
from homalos.gateway.ctp.ports import Ports
from homalos.gateway.ctp.shadow import SHADOW_FILE
from homalos.gateway.ctp.terms import BrokerTerms
from homalos.gateway.protocol import Gateway
from homalos.gateway.registry import Driven, GatewayError, GatewayKit, make_gateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import Clock, LiveClock, wall_ns
from homalos.kernel.follower import FollowingClock
from homalos.kernel.pump import LiveTimers
from homalos.kernel.timers import Timers
from homalos.market.products import split_symbol
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.market import Bar
from homalos.model.times import SECOND
from homalos.storage.bars import last_bars
from homalos.storage.schema import FILE_NAME
from homalos.storage.store import Store

CLOCK_TOLERANCE = 2 * SECOND
"""The exchange's clock is told in whole seconds, and late: less than this is no difference."""

INVESTOR = 12
"""Characters of CTP's InvestorID, a char[13]."""

KINDS = {
    "live": "LIVE / 实盘",
    "rehearsal": "REHEARSAL / 演练 (simulated front / 模拟前置)",
    "shadow": "SHADOW / 影子模式 (sends nothing / 不发报单)",
    "paper": "PAPER / 模拟交易 (live quotes, simulated orders / 实时行情，模拟报单)",
}


class LiveVenue:
    """See the module; ``RunVenue``."""

    live = True
    from_store = False
    pulled = 0

    def __init__(self, config: Config, market: Market, data: Path, memory: Memory) -> None:
        """``VenueError``: a strategy names a product where a contract is wanted, or the account is
        none that CTP can carry."""
        self.unreadable: dict[str, int] = {}
        self._config = config
        self._market = market
        self._data = data
        self._memory = memory
        self.clock: Clock = LiveClock()
        if config.gateway.md == "ctp" and config.ctp.clock == "market":
            self.clock = FollowingClock(memory.last_ts)
        self.recorded = isinstance(self.clock, FollowingClock)
        self._timers: LiveTimers | None = None
        self._gateway: Gateway | None = None
        self._exchange: Exchange | None = None
        self._engine: Engine | None = None
        self._followed = False
        """A login has told the exchange's clock."""
        self._check_contracts()
        self._check_account()

    @property
    def name(self) -> str:
        venues = self._config.gateway
        return venues.td if venues.td == venues.md else f"{venues.md} -> {venues.td}"

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

    def _check_account(self) -> None:
        """Before a port is made of it: CTP's InvestorID holds no more."""
        account = self._config.app.account
        if self._config.gateway.td == "ctp" and len(account) > INVESTOR:
            raise VenueError(
                f"system.yaml: app.account: {account} has {len(account)} characters, an investor "
                f"id at CTP at most {INVESTOR}; name the one that the broker gave you / "
                f"投资者代码最多 {INVESTOR} 个字符，请填写期货公司给您的代码"
            )

    # ------------------------------------------------------------ the gateway

    def gateway(self, bus: Bus, timers: Timers) -> Gateway:
        venues = self._config.gateway
        try:
            if venues.td == "ctp":
                self._gateway = self._ctp(bus, timers)
            elif venues.md == "ctp":
                self._gateway = self._paper(bus, timers)
            else:
                self._gateway = self._installed(venues.td, bus, timers)
        except (GatewayError, SecretError, LibraryError, NativeMissingError) as error:
            raise VenueError(str(error)) from error
        return self._gateway

    def _ctp(self, bus: Bus, timers: Timers) -> CtpGateway:
        config, market = self._config, self._market
        ports, trading = Ports(config.ctp, self._data / "gateway"), config.trading
        return CtpGateway(
            self.clock, timers, config.ctp, AccountId(config.app.account), _secret,
            market.products, market.sessions, self._data, self._memory.run,
            open_md=ports.md, open_td=ports.td, serve=bus.serve, on_clock=self._set_clock,
            wanted_terms=BrokerTerms(
                trading.margin_price, trading.available_counts,
                trading.available_includes_closed_profit,
            ),
        )  # fmt: skip

    def _paper(self, bus: Bus, timers: Timers) -> PaperGateway:
        config, market = self._config, self._market
        self._exchange = exchange = Exchange(
            config.exchange, market.products, market.sessions, self.clock, timers,
            Ledger(self._data / "exchange"),
        )  # fmt: skip
        ports = Ports(config.ctp, self._data / "gateway")
        wanted = {name for entry in config.strategies for name in entry.instruments}
        named = {name for name in config.ctp.subscribe if split_symbol(name.rpartition(".")[2])[1]}
        return PaperGateway(
            self.clock, exchange, config.ctp, AccountId(config.app.account), _secret,
            market.products, market.sessions, map(InstrumentId, sorted(wanted | named)),
            open_md=ports.md, serve=bus.serve, on_clock=self._set_clock,
        )  # fmt: skip

    def _installed(self, name: str, bus: Bus, timers: Timers) -> Gateway:
        config, market = self._config, self._market
        kit = GatewayKit(
            clock=self.clock,
            timers=timers,
            account=AccountId(config.app.account),
            folder=self._data / "gateway" / name,
            products=market.products,
            sessions=market.sessions,
            secret=_secret,
            step=lambda: bus.serve(_nothing),
        )
        return make_gateway(name, kit)

    def _set_clock(self, offset: int) -> None:
        """The exchange's clock less the machine's, told at a login."""
        clock, engine = self.clock, self._engine
        assert engine is not None
        before = clock.now()
        if isinstance(clock, FollowingClock):
            clock.advance(wall_ns() + offset)
            if not before:
                engine.timers.shift(clock.now())
        elif isinstance(clock, LiveClock):
            first, self._followed = not self._followed, True
            moved = offset - clock.offset  # told anew: the machine's clock was set, or is wrong
            if abs(moved) <= CLOCK_TOLERANCE:
                moved = clock.off(offset)  # it stood still while the machine slept
            if abs(moved) <= CLOCK_TOLERANCE:
                return
            # Before the first login nothing was dated but the start itself: it may jump back.
            engine.timers.shift(clock.shift(offset, jump=first))
            engine.bus.post(AlertRaised(Severity.WARNING, "clock", _clock_text(moved), clock.now()))

    # ------------------------------------------------------------ running

    def warmup(self) -> tuple[Bar, ...]:
        """What the store has of the contracts that strategies trade."""
        wanted = {name for entry in self._config.strategies for name in entry.instruments}
        assert self._engine is not None
        listed = [item.id for item in self._engine.gateway.instruments() if item.id in wanted]
        count = self._config.market.history_bars
        return tuple(last_bars(self._data / FILE_NAME, listed, count))

    def begin(
        self, loop: asyncio.AbstractEventLoop, engine: Engine, store: Store,
        ended: Callable[[], None],
    ) -> None:  # fmt: skip
        self._engine = engine
        if isinstance(self.clock, LiveClock):
            self._timers = LiveTimers(engine.bus, engine.timers, loop)
        gateway: object = self._gateway  # the engine's may stand behind a journal
        if isinstance(gateway, Driven):
            gateway.drive(loop)
        try:
            engine.connect()
        except (GatewayError, LibraryError, NativeMissingError) as error:
            raise VenueError(str(error)) from error

    def end(self) -> None:
        if self._timers is not None:
            self._timers.stop()

    def configure(self, config: Config) -> None:
        self._config = config
        if self._exchange is not None:
            self._exchange.configure(config.exchange)

    def close(self) -> None:
        """The gateway was closed by the core's stop; paper trading has an exchange, too."""
        if self.kind == "shadow":
            path = self._data / "gateway" / SHADOW_FILE
            logger.info("what would have been sent stands in / 本应发出的请求见 {}", path)
        if self._exchange is not None:
            self._exchange.close()

    @property
    def kind(self) -> str:
        """What this run is to its user: ``live``; ``rehearsal``, at our own simulated front;
        ``shadow``; ``paper``."""
        if self._config.gateway.td == "sim":
            return "paper"
        if self._config.ctp.shadow and self._config.gateway.td == "ctp":
            return "shadow"
        return "rehearsal" if self._config.ctp.libraries == "dropin" else "live"

    def facts(self) -> dict[str, Any]:
        return {"source": self.name, "speed": 1.0, "kind": self.kind}

    def hello(self) -> str:
        config = self._config
        fronts = ", ".join(config.ctp.td_fronts) if config.gateway.td == "ctp" else ""
        return f"{KINDS[self.kind]}   {self.name} {fronts} account / 账户 {config.app.account}"


def _clock_text(moved: int) -> str:
    seconds = moved / SECOND
    return (
        f"the exchange's clock is {seconds:+.1f} s off ours: it is followed; set the machine's "
        f"clock (NTP) / 交易所时钟与系统时间相差 {seconds:+.1f} 秒，以交易所为准；请校准系统时钟"
    )


def _nothing() -> None:
    """It was posted already."""


def _secret(name: str) -> Secret | None:
    return secret(name, os.environ)
