"""The folder in which daemons of an actual-control group (实际控制关系账户组) share counts.

Each daemon keeps one file, named after its account, and reads the others' every two seconds, in a
thread; what they say enters the core as an event. A file of another trading day or of the other
kind of venue (simulated, real) counts nothing; one that cannot be read is told, and what was last
read of that account holds on.
"""

import asyncio
import socket
from pathlib import Path
from typing import NamedTuple

import msgspec

from homalos.app.files import replace_file
from homalos.engine import Engine
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised
from homalos.model.ids import InstrumentId
from homalos.model.programme import (
    ContractShare,
    ExchangeShare,
    GroupCounted,
    SecondShare,
    TradeShare,
)

Signature = tuple[int, int]
EVERY_S = 2.0
VERSION = 1
_SOURCE = "programme"


class Share(msgspec.Struct, frozen=True):
    """One account's file."""

    version: int
    account: str
    owner: str
    """Machine and data folder of the daemon that writes it."""
    simulated: bool
    trading_day: int
    written: int
    """Event time, ns UTC."""
    contracts: tuple[ContractShare, ...]
    exchanges: tuple[ExchangeShare, ...]
    seconds: dict[str, dict[int, int]]
    """By exchange and second of the clock, how many messages."""
    trades: dict[InstrumentId, dict[str, int]]
    """By contract and the exchange's trade id, the sides (1 buy, 2 sell, 3 both)."""


class Found(NamedTuple):
    """What a look at the folder brought."""

    shares: tuple[Share, ...]
    faults: dict[str, str]
    """By file, what is wrong with it."""


class _Known:
    """What the core was told of one account."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.whole: tuple[tuple[ContractShare, ...], tuple[ExchangeShare, ...]] = ((), ())
        self.seconds: dict[tuple[str, int], int] = {}
        self.trades: dict[tuple[InstrumentId, str], int] = {}


class GroupFolder:
    """Of one daemon. ``data``: its data folder."""

    def __init__(self, data: Path, engine: Engine) -> None:
        self._data = data
        self._engine = engine
        self._owner = f"{socket.gethostname()}:{data.absolute()}"
        self._task: asyncio.Task[None] | None = None
        self._known: dict[str, _Known] = {}
        self._written: bytes = b""
        self._mine: Signature | None = None
        """Of our file as we left it."""
        self._signatures: dict[Path, Signature] = {}
        self._shares: dict[Path, Share] = {}
        self._faults: dict[str, str] = {}

    @property
    def folder(self) -> Path | None:
        """``None``: this account is alone."""
        name = self._engine.config.risk.programme_group_folder
        return self._data / Path(name).expanduser() if name else None

    def start(self) -> None:
        """What the others have counted holds from the first order on."""
        self.look()
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="programme group")

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            folder = self.folder
            if folder is None:
                self._leave()
                continue
            own = self._own()
            self._take(await asyncio.to_thread(self._exchange, folder, own))

    def look(self) -> None:
        """One round: write our file, read the others', tell the core what is new."""
        folder = self.folder
        if folder is None:
            self._leave()
        else:
            self._take(self._exchange(folder, self._own()))

    async def stop(self) -> None:
        """What was counted until the end is left for the others."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.look()

    def health(self) -> str | None:
        if self._task is not None and self._task.done() and not self._task.cancelled():
            return "nobody shares the counts of programme trading with the group"
        if self._faults:
            return "; ".join(f"{name}: {text}" for name, text in sorted(self._faults.items()))
        return None

    # ------------------------------------------------------------ our file

    def _own(self) -> Share | None:
        """What we have counted; ``None`` before the first trading day."""
        engine = self._engine
        day = engine.books.trading_day
        if not day:
            return None
        counts = engine.programme.counts
        # Venues of our own invent their trade ids: an equal one elsewhere says nothing.
        trades = {} if engine.gateway.simulated else {
            id_: dict(c.sides) for id_, c in counts.contracts.items() if c.sides
        }  # fmt: skip
        return Share(
            VERSION, engine.books.account_id, self._owner, engine.gateway.simulated, day,
            engine.clock.now(),
            tuple(
                ContractShare(id_, c.orders, c.cancels.own, c.large_cancels.own,
                              c.self_trades.own, c.messages.own)
                for id_, c in sorted(counts.contracts.items())
                if c.messages.own or c.sides
            ),
            tuple(
                ExchangeShare(name, e.messages.own, e.bursts.own)
                for name, e in sorted(counts.exchanges.items())
                if e.messages.own
            ),
            {
                name: dict(e.actions.seconds)
                for name, e in counts.exchanges.items() if e.actions.seconds
            },
            trades,
        )  # fmt: skip

    # ------------------------------------------------------------ the folder, in a thread

    def _exchange(self, folder: Path, own: Share | None) -> Found:
        faults: dict[str, str] = {}
        mine = folder / f"{self._engine.books.account_id}.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if own is not None:
                self._write(mine, own, faults)
            paths = sorted(path for path in folder.glob("*.json") if path != mine)
        except OSError as error:
            faults[str(folder)] = f"{error.strerror or error}"
            return Found(tuple(self._shares.values()), faults)
        for path in paths:
            self._read(path, faults)
        return Found(tuple(self._shares.values()), faults)

    def _write(self, path: Path, own: Share, faults: dict[str, str]) -> None:
        data = msgspec.json.encode(msgspec.structs.replace(own, written=0))
        there = _signature(path)
        if data == self._written and there == self._mine:
            return
        other = self._decoded(path) if there is not None and there != self._mine else None
        if self._written and isinstance(other, Share) and other.owner != own.owner:
            faults[path.name] = (
                f"another daemon ({other.owner}) counts the same account: give each account its "
                "own name (app.account) / 两个程序使用同一账户名"
            )
            if data == self._written:
                return
        replace_file(path, msgspec.json.encode(own))
        self._written, self._mine = data, _signature(path)

    def _read(self, path: Path, faults: dict[str, str]) -> None:
        try:
            signature = _signature(path)
            if signature is None:
                return  # gone between the two looks
            if self._signatures.get(path) == signature:
                if path.name in self._faults:
                    faults[path.name] = self._faults[path.name]
                return
            found = self._decoded(path)
        except OSError as error:
            faults[path.name] = f"{error.strerror or error}"
            return
        self._signatures[path] = signature
        if isinstance(found, Share):
            self._shares[path] = found
        else:
            faults[path.name] = found

    def _decoded(self, path: Path) -> Share | str:
        """The share, or why it is none."""
        try:
            share = msgspec.json.decode(path.read_bytes(), type=Share)
        except msgspec.MsgspecError as error:
            return f"no counts in it ({error}); what was last read holds / 文件无法解析"
        if share.version != VERSION:
            return f"of another version ({share.version}) / 版本不同"
        return share

    # ------------------------------------------------------------ into the core

    def _take(self, found: Found) -> None:
        for name, text in found.faults.items():
            if self._faults.get(name) != text:
                self._alert(f"programme group: {name}: {text}")
        self._faults = found.faults
        engine = self._engine
        day = engine.books.trading_day
        for share in found.shares:
            if share.trading_day == day and share.simulated == engine.gateway.simulated:
                self._tell(share)

    def _tell(self, share: Share) -> None:
        """Post what is new."""
        known = self._known.get(share.account)
        if known is None or known.day != share.trading_day:
            known = self._known[share.account] = _Known(share.trading_day)
        seconds = {
            (name, second): messages
            for name, rows in share.seconds.items() for second, messages in rows.items()
            if known.seconds.get((name, second)) != messages
        }  # fmt: skip
        trades = {
            (id_, trade): sides
            for id_, rows in share.trades.items() for trade, sides in rows.items()
            if known.trades.get((id_, trade)) != sides
        }  # fmt: skip
        whole = share.contracts, share.exchanges
        if not (seconds or trades or whole != known.whole):
            return
        known.seconds |= seconds
        known.trades |= trades
        known.whole = whole
        engine = self._engine
        engine.bus.post(
            GroupCounted(
                share.account, share.trading_day, *whole,
                tuple(SecondShare(name, at, count) for (name, at), count in seconds.items()),
                tuple(TradeShare(id_, trade, sides) for (id_, trade), sides in trades.items()),
                engine.clock.now(),
            )
        )  # fmt: skip

    def _leave(self) -> None:
        """The folder was taken out of the config."""
        now = self._engine.clock.now()
        for account in self._known:
            self._engine.bus.post(GroupCounted(account, 0, (), (), (), (), now))
        self._known.clear()
        self._shares.clear()
        self._signatures.clear()
        self._faults = {}
        self._written = b""

    def _alert(self, text: str) -> None:
        engine = self._engine
        engine.bus.post(AlertRaised(Severity.WARNING, _SOURCE, text, engine.clock.now()))


def _signature(path: Path) -> Signature | None:
    """``None``: it is not there."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_mtime_ns, about.st_size
