"""Gateway ``ctp`` over real CTP libraries (the drop-in ones) and the front process of a test."""

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contract.ctp_floor import USERS
from tests.generators.markets import market_tables
from tests.integration.daemon import Daemon
from tests.unit.exchange.bench import RB

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.gateway.contract import Venue
from homalos.gateway.ctp.gateway import CtpGateway
from homalos.gateway.ctp.ports import Ports
from homalos.gateway.protocol import LineHealth
from homalos.kernel.bus import Bus
from homalos.kernel.clock import LiveClock, monotonic_ns
from homalos.kernel.loop import loop_factory
from homalos.kernel.timers import Timers
from homalos.model.events import ConnectionChanged
from homalos.model.ids import AccountId
from homalos.model.times import SECOND

PATIENCE_S = 20
QUIET_S = 0.03
"""Nothing more is under way, once the line has answered and this has passed without a word."""


class FloorProcess:
    """``ctp_floor`` as a child."""

    def __init__(self, folder: Path) -> None:
        self._users = itertools.count()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.ctp_floor", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=Daemon.environment(),
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        self.ports: dict[str, int] = self._read()

    def tell(self, command: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def user(self) -> str:
        """One that nobody has used."""
        number = next(self._users)
        assert number < USERS
        return f"u{number}"

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the front process has ended"
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE_S) == 0
        self._process.stdout.close()


class CtpVenue(Venue):
    """An account of its own on a floor that several tests share."""

    instrument = RB.id
    bid = 3000.0
    ask = 3001.0

    def __init__(self, floor: FloorProcess, folder: Path, **section: Any) -> None:
        super().__init__()
        self.floor = floor
        self.account = AccountId(floor.user())
        self.loop = loop_factory()[1]()
        self.gateway: CtpGateway = self.make(folder, **section)
        self._open = False

    def make(self, folder: Path, *, run: int = 3, **section: Any) -> CtpGateway:
        """The gateway on a data folder; a second one is the same daemon, restarted."""
        products, sessions = market_tables()
        clock = LiveClock()
        ports = self.floor.ports
        values: dict[str, Any] = {
            "td_fronts": (f"tcp://127.0.0.1:{ports['td']}",),
            "md_fronts": (f"tcp://127.0.0.1:{ports['md']}",), "broker": "9999",
            "app_id": "homalos_1", "libraries": "dropin", "binding": "native", "clock": "market",
            "query_interval_ms": 0, "quiet_ms": 30,
        }  # fmt: skip
        settings = CtpSection(**(values | section))
        made = Ports(settings, folder / "gateway")
        gateway = CtpGateway(
            clock, Timers(Bus(clock)), settings, self.account, {"ctp_password": Secret("sim")}.get,
            products, sessions, folder, run, open_md=made.md, open_td=made.td,
        )  # fmt: skip
        gateway.drive(self.loop)
        return gateway

    def connect(self) -> None:
        self._open = True
        self.gateway.connect(self.posted.append, self.admitted.append)
        self.until(lambda: all(line.ready for line in self.lines()), "both lines ready")
        self.idle()

    def lines(self) -> tuple[LineHealth, ...]:
        return self.gateway.health()

    def market(self) -> None:
        self.floor.tell("market", self.bid, self.ask)

    def idle(self) -> None:
        """All that the front has said before it answers a question comes before the answer."""
        td = self.gateway._td
        if td.is_ready:
            answers: list[Any] = []
            fields = {"BrokerID": "9999", "InvestorID": self.account}
            td.queries.ask("ReqQryTradingAccount", fields, answers.append, _refused)
            self.until(lambda: bool(answers), "an answer")
        while True:
            before = len(self.posted) + len(self.admitted)
            self.loop.run_until_complete(asyncio.sleep(QUIET_S))
            if len(self.posted) + len(self.admitted) == before:
                return

    def until(self, done: Callable[[], bool], what: str) -> None:
        give_up = monotonic_ns() + PATIENCE_S * SECOND
        while not done():
            assert monotonic_ns() < give_up, f"{what} did not come; {self.lines()}"
            self.loop.run_until_complete(asyncio.sleep(0.005))

    def up(self) -> list[bool]:
        """What was told of the trading line."""
        return [e.connected for e in self.of(ConnectionChanged) if e.channel == "td"]

    def dispose(self) -> None:
        self.gateway.close()
        self.loop.close()


def _refused(code: int, text: str) -> None:
    raise AssertionError(f"{code} {text}")
