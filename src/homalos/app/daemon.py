"""One run of the daemon: assemble, start in order, run, drain, stop."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from loguru import logger

from homalos import __version__
from homalos.app.face import Face
from homalos.app.keeper import JournalKeeper
from homalos.app.past import STUCK_FILE, Memory
from homalos.app.programme_group import GroupFolder
from homalos.app.risk_record import RiskVersions, RuleFolder
from homalos.app.stopping import KillFile, cancels_answered, catch_signals
from homalos.app.summary import Tally, summary, write
from homalos.app.venues import RunVenue, VenueError
from homalos.config.changes import Change
from homalos.config.faults import ConfigError
from homalos.config.loader import Loaded
from homalos.config.reload import ConfigReloader
from homalos.config.schema import Config
from homalos.console.server import Console, PortTakenError
from homalos.engine import Engine, Market
from homalos.exchange.ledger import LedgerError
from homalos.kernel.clock import monotonic_ns
from homalos.kernel.journal import Journal, JournalError
from homalos.kernel.lifecycle import Service, Services
from homalos.kernel.lock import DataLock, DataLockError
from homalos.kernel.loop import loop_factory, settle
from homalos.model.events import InstrumentListed, Reconciled
from homalos.monitor.logs import LogActor, Logs
from homalos.storage.reader import Reader
from homalos.storage.schema import FILE_NAME, StorageError
from homalos.storage.store import Store
from homalos.trading.settlement.reader import StatementReader

DONE, FAILED, WRONG = 0, 1, 2


class RunOptions(NamedTuple):
    """What the command line says. ``speed``: None as fast as possible, "default" as configured."""

    loaded: Loaded
    data_dir: Path
    logs_dir: Path
    strategies_dir: Path
    port: int | None = None
    replay: str | None = None
    speed: float | str | None = "default"
    seconds: float | None = None


class _Stop(Exception):  # noqa: N818  how a run ends, not an error
    """A reason to end with an exit code."""


def run_daemon(options: RunOptions) -> int:
    """Run until a signal, the end of the replay, or ``seconds``. Answers the exit code."""
    name, factory = loop_factory()
    data = options.data_dir
    try:
        if data.exists() and not data.is_dir():
            raise NotADirectoryError(f"--data-dir {data} is a file / 不是目录: choose a folder")
        data.mkdir(parents=True, exist_ok=True)
        lock = DataLock(data / "lock")
        lock.acquire()
    except (DataLockError, OSError) as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(Daemon(options, name).run())
    except (VenueError, ConfigError) as error:
        sys.stderr.write(f"homalos: {error}\n")
        return WRONG
    except (LedgerError, JournalError, StorageError, PortTakenError, OSError) as error:
        sys.stderr.write(f"homalos: {error}\n")
        return FAILED
    finally:
        lock.release()


class Daemon:
    """The parts of one run and their order."""

    def __init__(self, options: RunOptions, loop_name: str) -> None:
        self._options = options
        self._loop_name = loop_name
        self._config: Config = options.loaded.config
        self._data = options.data_dir
        self._stopping = asyncio.Event()
        self._why = ""
        self._failed: str | None = None
        self._services = Services()
        self._begin_ns = 0
        self._end_ns = 0
        self._logs = Logs(self._config.logging, options.logs_dir, language=language(self._config))
        self._logs.start()
        self._build()

    # ------------------------------------------------------------ assembling

    def _build(self) -> None:
        config, data, replay = self._config, self._data, self._options.replay
        market = Market(config)
        self._memory = Memory(data)
        self._venue = self._make_venue(market)
        self._journal = journal = self._open_journal()
        self.engine = Engine(
            config,
            market,
            self._venue.clock,
            self._venue.gateway,
            run=self._memory.run,
            strategies=self._options.strategies_dir,
            journal=journal,
            recorded=self._venue.recorded,
            watchdog=replay is None,
            stuck_file=data / STUCK_FILE,
            risk_rules=self._rules_dir,
        )
        engine = self.engine
        self._store = Store(
            engine.bus, data / "homalos.db", config.storage, store_ticks=not self._venue.from_store
        )
        self._history = Reader(data / FILE_NAME)
        engine.bus.on_fatal = self._core_failed
        self._face = Face(
            engine, self._services, replay=replay, run=self._memory.run, extra=self._extra
        )
        self._kill_file = KillFile(data, self._face.kill)
        self._tally = Tally(engine)
        self._log_actor = LogActor(engine.bus, self._logs)
        self._reloader = ConfigReloader(engine.bus, self._options.loaded, self._apply)
        limits = self._options.loaded.watched()["risk.yaml"]
        self._risk_versions = RiskVersions(data, engine, limits)
        self._rule_folder = RuleFolder(self._rules_dir, engine)
        self._group_folder = GroupFolder(data, engine)
        self._console = self._make_console()
        self._register(journal)

    @property
    def _rules_dir(self) -> Path:
        """The trader's own risk rules, beside the strategies."""
        return self._options.strategies_dir.parent / "risk_rules"

    def _open_journal(self) -> Journal | None:
        kernel = self._config.kernel
        if not kernel.journal:
            return None
        return Journal(
            self._data / "journal",
            segment_bytes=kernel.journal_segment_mib << 20,
            keep=kernel.journal_keep_segments,
        )

    def _make_venue(self, market: Market) -> RunVenue:
        config, options = self._config, self._options
        if options.replay is None and config.gateway.md != "sim":
            from homalos.app.live import LiveVenue

            return LiveVenue(config, market, self._data, self._memory)
        from homalos.app.venue import SimulatedVenue

        return SimulatedVenue(
            config, market, self._data, options.replay, options.speed, self._memory.last_ts
        )

    def _make_console(self) -> Console | None:
        section = self._config.console
        port = section.port if self._options.port is None else self._options.port
        if port == 0 or not section.enabled:
            return None
        section = msgspec.structs.replace(section, port=port)
        return Console(
            self.engine.bus, section, self._face, self._face, self._data, self._history
        )

    def _attach(self) -> None:
        """Everybody subscribes, then the catalogue is checked: nobody may talk to nobody."""
        engine = self.engine
        engine.attach()
        self._memory.attach(engine, self._journal)
        self._store.attach()
        StatementReader(engine.bus).attach()
        self._face.attach()
        if self._options.replay is not None:  # its summary alone tells them
            self._tally.attach()
        self._log_actor.attach()
        self._reloader.attach()
        self._risk_versions.attach()
        roles = ["store", "monitor", "config", "console"]
        if self._console is not None:
            self._console.attach()
        faults = engine.faults(*roles)
        if faults:
            raise RuntimeError("event catalogue:\n" + "\n".join(faults))

    def _register(self, journal: Journal | None) -> None:
        add = self._services.add
        if journal is not None:
            keeper = JournalKeeper(journal, lambda: self._config.kernel.journal_sync_ms)
            add(Service("journal", start=keeper.start, stop=keeper.stop, health=keeper.health))
        first = ("journal",) if journal is not None else ()
        add(Service("store", depends=first, start=self._store.start, stop=self._store.stop,
                    health=self._store.health, stop_timeout_s=60))  # fmt: skip
        add(Service("core", depends=("store", *first), start=self._start_core, stop=self._stop_core,
                    health=self._core_health))  # fmt: skip
        add(Service("kill file", depends=("core",), start=self._kill_file.start,
                    stop=self._kill_file.stop, health=self._kill_file.health))  # fmt: skip
        if self._options.replay is None:  # a replay has the rules with which it began
            folder = self._rule_folder
            add(Service("risk rules", depends=("core",), start=folder.start, stop=folder.stop,
                        health=folder.health))  # fmt: skip
            group = self._group_folder
            add(Service("programme group", depends=("core",), start=group.start, stop=group.stop,
                        health=group.health))  # fmt: skip
        add(Service("market", depends=("core",), start=self._start_market, stop=self._venue.end))
        add(
            Service(
                "config", depends=("core",), start=self._reloader.start, stop=self._reloader.stop
            )
        )
        if self._console is not None:
            add(Service("console", depends=("core",), start=self._console.start,
                        stop=self._console.stop, health=self._console.health))  # fmt: skip

    # ------------------------------------------------------------ starting and stopping

    async def _start_core(self) -> None:
        """Attach, connect, agree with the venue, then let the strategies in."""
        self._attach()
        self._risk_versions.start()
        engine = self.engine
        engine.bus.attach_loop(asyncio.get_running_loop())
        self._memory.restore(engine)
        await self._store.write_up(self._memory.facts)
        self._memory.facts.clear()
        self._kill_file.look()
        if self._venue.live:  # the world comes when it comes
            self._entry = engine.bus.subscribe(
                Reconciled, self._let_in, actor="daemon", role="orders"
            )
            return
        engine.bus.subscribe(InstrumentListed, self._watch, actor="daemon", role="market")
        engine.connect()
        engine.bus.run_until_idle()
        engine.bars.load(self._venue.warmup())
        engine.strategies.start()
        engine.bus.run_until_idle()

    def _watch(self, event: InstrumentListed) -> None:
        """A simulated market is stored whole, contracts that are listed later too."""
        self.engine.gateway.subscribe((event.instrument.id,))

    def _let_in(self, event: Reconciled) -> None:
        """Books and venue were compared for the first time: strategies may see the market."""
        self.engine.bus.unsubscribe(self._entry)
        self.engine.strategies.start()

    def _core_health(self) -> str | None:
        if self.engine.bus.fatal is not None:
            return self.engine.bus.fatal
        lines = self._face.status()
        if not lines["td_connected"]:
            return "the trading line is down"
        return None

    def _start_market(self) -> None:
        settle()
        self._begin_ns = monotonic_ns()
        loop = asyncio.get_running_loop()
        self._venue.begin(loop, self.engine, self._store, self._source_ended)

    async def _stop_core(self) -> None:
        """Strategies stop, what they still say is carried out, orders follow the policy."""
        engine = self.engine
        if self._failed is not None:
            engine.gateway.close()
            self._venue.close()
            return
        if self._end_ns == 0:
            engine.strategies.stop()
            engine.bus.run_until_idle()
        if self._venue.live:
            await cancels_answered(engine)
        self._memory.save(engine)
        engine.gateway.close()
        engine.bus.run_until_idle()
        self._memory.end(engine)
        engine.bus.stop()
        self._venue.close()

    async def run(self) -> int:
        """Start all services, wait for a reason to stop, stop them in the reverse order."""
        loop = asyncio.get_running_loop()
        catch_signals(loop, self._stop)
        try:
            await self._services.start()
        except BaseException:
            self._logs.stop()
            raise
        _tell(self._hello)
        if self._options.seconds is not None:
            loop.call_later(self._options.seconds, self._stop, "time is up")
        await self._stopping.wait()
        figures = await self._finish()
        logger.info("stopped: {}", self._why)
        self._logs.stop()
        for fault in self._services.faults:
            sys.stderr.write(f"homalos: {fault}\n")
        if self._options.replay is not None and figures is not None:
            _tell(lambda: write(figures, sys.stdout))
        if self._failed is not None:
            sys.stderr.write(f"homalos: {self._failed}\n")
        return FAILED if self._services.faults or self._failed is not None else DONE

    async def _finish(self) -> dict[str, Any] | None:
        """Stop everything; a replay's figures are taken when its last row is written."""
        replay = self._options.replay is not None and self._failed is None
        self._venue.end()
        if replay:
            self.engine.bus.run_until_idle()
            self.engine.bars.flush()
            self.engine.bus.publish(self.engine.books.snapshot())
            self.engine.bus.run_until_idle()
            await self._store.drain()
            self._end_ns = monotonic_ns()
        figures = None
        if replay:
            figures = summary(
                self.engine,
                self._tally,
                ticks=self._venue.pulled,
                took_ns=self._end_ns - self._begin_ns,
                rows=self._store.stats(),
                unreadable=self._venue.unreadable,
            )
            path = self._data / "summary.json"
            path.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
        await self._services.stop()
        self._history.close()
        return figures

    def _source_ended(self) -> None:
        self._stop("the recording is at its end")

    def _stop(self, why: str) -> None:
        if not self._stopping.is_set():
            self._why = why
            self._stopping.set()

    def _core_failed(self, error: Exception) -> None:
        """The bus stands still for ever: end, loudly, with what can still be saved."""
        logger.opt(exception=error).critical(
            "the core cannot go on; working orders stay at the venue / "
            "核心无法继续，在途委托仍在交易所"
        )
        self._failed = f"the core cannot go on: {error}"
        self._stop(self._failed)

    # ------------------------------------------------------------ while it runs

    def _apply(self, config: Config, changes: tuple[Change, ...]) -> None:
        """A reload, between two events: each part takes its own keys."""
        self._config = config
        self.engine.configure(config)
        self._store.configure(config.storage)
        self._logs.configure(config.logging)
        self._venue.configure(config)
        if self._console is not None:
            self._console.configure(config.console)

    def _extra(self) -> dict[str, Any]:
        return {
            "version": __version__,
            **self._venue.facts(),
            "loop": self._loop_name,
            "store_backlog": self._store.backlog(),
            "run": self._memory.run,
        }

    def _hello(self) -> None:
        """What a person at the terminal needs: where the page is, what it trades on."""
        out = sys.stdout
        out.write(
            f"\nHomalos {__version__}\n"
            f"  {self._venue.hello()}\n"
            f"  data / 数据        {self._data.absolute()}\n"
        )
        if self._console is not None:
            url = self._console.login_url()
            (self._data / "console" / "url").write_text(self._console.url())
            out.write(f"  page / 网页        {url}\n")
            out.write(
                "                     (good for two minutes / 两分钟内有效; "
                "later / 之后: start.py login)\n"
            )
            if self._opens_browser():
                webbrowser.open(url)
        out.write("  Ctrl-C stops / 停止\n\n")
        out.flush()

    def _opens_browser(self) -> bool:
        choice = self._config.console.open_browser
        if choice != "auto":
            return choice == "on"
        desktop = sys.platform in ("win32", "darwin") or "DISPLAY" in os.environ
        return desktop and sys.stdout.isatty() and self._options.replay is None


def _tell(write_words: Callable[[], None]) -> None:
    """Words for the terminal; when nobody reads them any more (a closed pipe), for nobody."""
    try:
        write_words()
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def language(config: Config) -> Any:
    """``zh`` or ``en``: as configured, else as the terminal speaks."""
    chosen = config.app.language
    if chosen in ("zh", "en"):
        return chosen
    words = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if words.startswith("zh") else "en"
