"""``homalos exchange``: the simulated exchange behind a CTP front, for any CTP program.

Assembles bus, timers, a generated or recorded market, the exchange, the front and its control
door; starts and stops them in order. One process, one loop, one thread that owns all state.
"""

import asyncio
import errno
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from loguru import logger

from homalos.app.daemon import language
from homalos.app.stopping import catch_signals
from homalos.app.venue import SimulatedVenue
from homalos.app.venues import VenueError
from homalos.config.faults import ConfigError
from homalos.config.loader import Loaded
from homalos.ctp.libraries import NativeMissingError, dropin_libraries
from homalos.engine import Market
from homalos.exchange.door.accounts import (
    KNOWN_PASSWORD,
    Accounts,
    OpeningPosition,
    known_account,
    read_accounts,
)
from homalos.exchange.door.control import PORTS_FILE, Control
from homalos.exchange.door.fault_spec import FaultSpec, read_faults
from homalos.exchange.door.faults import FaultBoard
from homalos.exchange.door.ports import Session
from homalos.exchange.door.server import Front
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import LedgerError
from homalos.kernel.bus import Bus
from homalos.kernel.lock import DataLock, DataLockError
from homalos.kernel.loop import loop_factory, settle
from homalos.kernel.pump import Pump
from homalos.kernel.timers import Timers
from homalos.model.ids import AccountId, InstrumentId
from homalos.model.times import china_text
from homalos.monitor.logs import Logs

DONE, FAILED, WRONG = 0, 1, 2
_LOOK_S = 0.5
_TAKEN = (
    ": another program has that port, perhaps another front; stop it, or take others with "
    "--md-port 0 --td-port 0 / 端口被占用，请停止占用者，或另选端口"
)


class ExchangeOptions(NamedTuple):
    """What the command line says. ``speed``: None as fast as possible."""

    loaded: Loaded
    data_dir: Path
    logs_dir: Path
    accounts: Path | None = None
    replay: str | None = None
    speed: float | None = 1.0
    md_port: int | None = None
    td_port: int | None = None
    control_port: int = 0
    faults: Path | None = None
    hold: bool = False
    seconds: float | None = None


def run_exchange(options: ExchangeOptions) -> int:
    """Serve until a signal, ``tell stop`` or ``seconds``; the exit code. The end of a recording
    stops only the market: its clients are served on."""
    _, factory = loop_factory()
    data = options.data_dir
    try:
        accounts = known_account() if options.accounts is None else read_accounts(options.accounts)
        faults = () if options.faults is None else read_faults(options.faults)
        data.mkdir(parents=True, exist_ok=True)
        lock = DataLock(data / "lock", "homalos exchange")
        lock.acquire()
    except ConfigError as error:
        lang = language(options.loaded.config)
        sys.stderr.write(f"homalos: {error.render(lang)}\n")
        return WRONG
    except (DataLockError, OSError) as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(ExchangeRun(options, accounts, faults).run())
    except VenueError as error:
        sys.stderr.write(f"homalos: {error}\n")
        return WRONG
    except (LedgerError, OSError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        sys.stderr.write(f"homalos: {error}{_TAKEN if taken else ''}\n")
        return FAILED
    finally:
        lock.release()


class ExchangeRun:
    """The parts of one run and their order; what the control door may do with it."""

    def __init__(
        self, options: ExchangeOptions, accounts: Accounts, faults: tuple[FaultSpec, ...]
    ) -> None:
        self._options = options
        self._accounts = accounts
        self._faults = faults
        self._stopping = asyncio.Event()
        self._why = ""
        self._failed = ""
        self._going = False
        self._ended = False
        self._ports: dict[str, int] = {}
        config = options.loaded.config
        self._logs = Logs(config.logging, options.logs_dir, language=language(config))

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        catch_signals(loop, self.stop)
        self._logs.start()
        try:
            self._build(loop)
            try:
                await self._start(loop)
                await self._stopping.wait()
            finally:
                await self._end()
        finally:
            if self._why:
                logger.info("stopped: {}", self._why)
            self._logs.stop()
        if self._failed:
            sys.stderr.write(f"homalos: {self._failed}\n")
        return FAILED if self._failed else DONE

    # ------------------------------------------------------------ assembling

    def _build(self, loop: asyncio.AbstractEventLoop) -> None:
        options, config = self._options, self._options.loaded.config
        venue = SimulatedVenue(
            config, Market(config), options.data_dir, options.replay, options.speed
        )
        self._venue = venue
        self.bus = bus = Bus(venue.clock, config.kernel)
        self.timers = timers = Timers(bus)
        bus.on_fatal = self._core_failed
        venue.gateway(bus, timers)  # opens the exchange; its door in process stays shut
        assert venue.exchange is not None
        self.exchange: Exchange = venue.exchange
        first = self._accounts.clients()[0].investor
        self.board = FaultBoard(venue.clock, timers, loop.call_soon, loop.call_later, first)
        self.front = Front(
            self.exchange, self._accounts, config.front, venue.clock, timers, self.board
        )
        self.board.bind(self.front)
        self._pump = Pump(
            bus, venue.clock, timers, iter(venue.source), self.front.feed,
            speed=options.speed, congested=self._congested, ended=self._source_ended,
        )  # fmt: skip
        self.control = Control(
            self, self.exchange, self.front, self._accounts, self.board, options.data_dir
        )
        self.board.add(self._faults)

    def _check(self, openings: Iterable[OpeningPosition]) -> None:
        """``VenueError``: a position in a contract that this market does not have."""
        known = {item.id for item in self.exchange.instruments()}
        strange = sorted({lots.instrument for lots in openings} - known)
        if strange:
            raise VenueError(
                f"{self._options.accounts}: positions in {', '.join(strange)}, which this market "
                f"does not have: it has {', '.join(sorted(known))} / 持仓合约不在本行情中"
            )

    def _hold(self, account: AccountId, lots: OpeningPosition) -> None:
        """Lots that an investor has from the first start on."""
        id_ = InstrumentId(lots.instrument)
        for count, today in ((lots.yesterday, False), (lots.today, True)):
            if count:
                self.front.change_position(
                    account, id_, lots.direction, count, lots.price, today=today
                )

    async def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        options, section = self._options, self._options.loaded.config.front
        md = section.md_port if options.md_port is None else options.md_port
        td = section.td_port if options.td_port is None else options.td_port
        openings = self._accounts.openings()
        fresh = [account for account in openings if not self.exchange.has_account(account)]
        self._check(lots for account in fresh for lots in openings[account])
        found = await self.front.start(md, td)  # opens the accounts, too
        for account in fresh:
            for lots in openings[account]:
                self._hold(account, lots)
        self._ports = {
            "md": found[0],
            "td": found[1],
            "control": await self.control.start(options.control_port),
        }
        path = options.data_dir / PORTS_FILE
        path.write_bytes(msgspec.json.encode(self._ports))
        self.bus.attach_loop(loop)
        settle()
        if not options.hold:
            self.go()
        if options.seconds is not None:
            loop.call_later(options.seconds, self.stop, "time is up")
        self._look(loop)
        self._hello()

    async def _end(self) -> None:
        self._pump.stop()
        self.bus.stop()
        (self._options.data_dir / PORTS_FILE).unlink(missing_ok=True)
        await self.control.stop()
        await self.front.stop()
        self._venue.close()

    # ------------------------------------------------------------ what the control door may do

    def status(self) -> dict[str, Any]:
        clock, pump = self._venue.clock, self._pump
        market = "held" if not self._going else "ended" if self._ended else "running"
        return {
            "market": market,
            "source": self._venue.name,
            "trading_day": self.exchange.trading_day,
            "time": china_text(clock.now()),
            "speed": "max" if pump.speed is None else pump.speed,
            "ticks": pump.pulled,
            "ports": self._ports,
            "instruments": len(self.exchange.instruments()),
            "phases": {f"{f.exchange}.{f.product}": f.phase for f in self.exchange.floors()},
            "sessions": [_session(session) for session in self.front.sessions()],
        }

    def go(self) -> None:
        """Let a held market begin; harmless afterwards."""
        if not self._going:
            self._going = True
            self._pump.start(asyncio.get_running_loop())

    def set_speed(self, speed: float | None) -> None:
        self._pump.set_speed(speed)

    def settle(self) -> int:
        """End the day of a recording that has ended: every timer up to the settlement, at once."""
        if not self._ended:
            raise ValueError("the market has not ended: settlement comes by itself / 行情尚未结束")
        day = self.exchange.trading_day
        while self.exchange.trading_day == day and (due := self.timers.due()) is not None:
            self._venue.clock.advance(due)
            self.timers.fire_next()
        return self.exchange.trading_day

    def stop(self, why: str) -> None:
        if not self._stopping.is_set():
            self._why = why
            self._stopping.set()

    # ------------------------------------------------------------ while it runs

    def _congested(self) -> bool:
        """As fast as possible means as fast as the clients read. At a pace nobody is waited for: a
        client that does not keep up is cut."""
        return self._pump.speed is None and self.front.congested()

    def _source_ended(self) -> None:
        self._ended = True
        logger.info("the recording is at its end; clients are served on / 回放结束，继续服务")

    def _core_failed(self, error: Exception) -> None:
        logger.opt(exception=error).critical("the exchange cannot go on / 模拟交易所无法继续")
        self._failed = f"the exchange cannot go on: {error}"
        self.stop(self._failed)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """An exchange whose disk refuses is gone: say so and end."""
        if self.exchange.lost:
            self._failed = f"the exchange is gone: {self.exchange.lost}"
            self.stop(self._failed)
        else:
            loop.call_later(_LOOK_S, self._look, loop)

    def _hello(self) -> None:
        options, ports, host = self._options, self._ports, self._options.loaded.config.front.host
        speed = "max" if options.speed is None else f"{options.speed:g}x"
        users = " ".join(f"{client.broker}/{client.user}" for client in self._accounts.clients())
        known = f"  (password / 密码 {KNOWN_PASSWORD})" if options.accounts is None else ""
        day = self.exchange.trading_day
        lines = (
            f"homalos exchange: SIMULATED / 模拟   {self._venue.name}, {speed}, day / 交易日 {day}",
            f"  md        tcp://{host}:{ports['md']}",
            f"  td        tcp://{host}:{ports['td']}",
            f"  users     {users}{known}",
            f"  libraries {_libraries()}",
            f"  control   homalos exchange tell status --data-dir {options.data_dir}",
            "  held: tell go starts the market / 等待 tell go 开始行情" if options.hold else
            "  Ctrl-C stops / Ctrl-C 停止",
        )  # fmt: skip
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _libraries() -> str:
    try:
        return str(dropin_libraries())
    except NativeMissingError as error:
        return str(error)


def _session(session: Session) -> dict[str, Any]:
    return {
        "number": session.number,
        "line": session.side,
        "user": session.user,
        "account": session.account,
        "front": session.front_id,
        "session": session.session_id,
    }
