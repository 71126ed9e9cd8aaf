"""The control door of a running front: JSON lines on a loopback port, for its own user alone.

A line is ``{"token": T, "command": C, "arguments": {…}}``, its answer ``{"ok": true, "result": …}``
or ``{"ok": false, "error": …}``. The token lies in the data folder, readable by its owner.
"""

import asyncio
import hmac
import json
import os
import secrets  # chance: the control door's token, never part of trading state
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
from loguru import logger

from homalos.config.faults import ConfigError, Layer, Place
from homalos.exchange.door.books import books, owner_of
from homalos.exchange.door.fault_spec import FaultSpec, parse_faults
from homalos.exchange.door.faults import FaultBoard
from homalos.exchange.door.ports import AccountBook, FrontPort
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import LedgerError
from homalos.kernel.bus import describe
from homalos.model.ids import OrderId

LOOPBACK = "127.0.0.1"
TOKEN_FILE = "control.token"  # noqa: S105  a file's name
PORTS_FILE = "ports.json"
_LINE_MAX = 1 << 20

NOW = {
    "cut": ("user", "line"),
    "stall": ("ms",),
    "clear-flows": (),
    "foreign-order": ("instrument", "side", "lots", "price", "account"),
    "force-close": ("instrument", "direction", "lots", "account"),
    "position": ("instrument", "direction", "lots", "price", "account"),
    "tick": ("instrument",),
}
"""Kinds of faults that a command does at once."""
WORDS: dict[str, tuple[str, ...]] = {
    "status": (),
    "go": (),
    "speed": ("speed",),
    "settle": (),
    "stop": (),
    "books": ("user",),
    "deposit": ("user", "amount"),
    "withdraw": ("user", "amount"),
    "cancel-foreign": ("account", "order"),
    "fault": ("action", "id"),
    **NOW,
}
"""Commands, and what their plain words mean: ``tell deposit sim 1000``."""
_NUMBERS = frozenset({"amount", "id", "lots", "ms", "price", "speed"})


class Run(Protocol):
    """What the process that runs the front lets the control door do. ``ValueError``: not now."""

    def status(self) -> dict[str, Any]: ...
    def go(self) -> None: ...
    def set_speed(self, speed: float | None) -> None: ...
    def settle(self) -> int:
        """The day ends at once; the new trading day."""
        ...

    def stop(self, why: str) -> None: ...


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """Of the commands that are no faults; each takes those that ``WORDS`` names, and ``faults``."""

    user: str = ""
    amount: float | None = None
    speed: int | float | str | None = None
    account: str = ""
    order: str = ""
    action: str = "list"
    id: int | None = None


class CommandError(Exception):
    """What was asked cannot be done; the message says why and what to do."""


class Control:
    """Serves the commands; everything runs on the loop's thread, between two events."""

    def __init__(
        self,
        run: Run,
        exchange: Exchange,
        front: FrontPort,
        accounts: AccountBook,
        faults: FaultBoard,
        folder: Path,
    ) -> None:
        self._run = run
        self._exchange = exchange
        self._accounts = accounts
        self._faults = faults
        self._folder = folder
        self._token = secrets.token_urlsafe(32)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._commands: dict[str, Callable[[Arguments], Any]] = {
            "status": lambda _: self._status(),
            "go": lambda _: run.go(),
            "speed": self._speed,
            "settle": lambda _: {"trading_day": run.settle()},
            "stop": lambda _: run.stop("told to"),
            "books": lambda a: books(exchange, owner_of(accounts, exchange, a.user)),
            "deposit": self._deposit,
            "withdraw": self._withdraw,
            "cancel-foreign": lambda a: front.cancel_foreign(
                owner_of(accounts, exchange, a.account), OrderId(a.order)
            ),
            "fault": self._fault,
        }

    async def start(self, port: int) -> int:
        """Listen, write the token; the port. ``OSError``: it is taken, the disk refuses."""
        path = self._folder / TOKEN_FILE
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(self._token)
        self._server = await asyncio.start_server(self._serve, LOOPBACK, port, limit=_LINE_MAX)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            await self._server.wait_closed()
        (self._folder / TOKEN_FILE).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                answer, trusted = self.answer(line)
                writer.write(answer + b"\n")
                await writer.drain()
                if not trusted:
                    break
        except (OSError, ValueError):
            pass  # gone, or a line that never ends
        finally:
            self._writers.discard(writer)
            writer.close()

    def answer(self, line: bytes) -> tuple[bytes, bool]:
        """The answer to one line, and whether its token was right."""
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
            token = str(asked.get("token", "")).encode()
            if not hmac.compare_digest(token, self._token.encode()):
                return _no(
                    "the token is not this front's: read it anew / 令牌不符，请重新读取"
                ), False
            result = self.do(str(asked.get("command", "")), asked.get("arguments") or {})
            return msgspec.json.encode({"ok": True, "result": result}), True
        except (CommandError, ConfigError, LookupError, ValueError, LedgerError) as error:
            return _no(str(error.args[0] if isinstance(error, KeyError) else error)), True
        except Exception as error:  # noqa: BLE001  a command never ends the front
            logger.opt(exception=error).error("a control command failed")
            return _no(f"this command failed: {describe(error)}"), True

    # ------------------------------------------------------------ commands

    def do(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out one command; its result as plain values. ``CommandError``, ``ConfigError``,
        ``LookupError``, ``ValueError``: why not."""
        if command in NOW:
            return self._strike(command, arguments)
        if command == "fault" and arguments.get("action") == "add":
            specs = {k: v for k, v in arguments.items() if k != "action"}
            return {"ids": self._faults.add(_specs(specs.get("faults", specs)))}
        handler = self._commands.get(command)
        if handler is None:
            raise CommandError(
                f"there is no command {command!r}: there are {', '.join(WORDS)} / 没有该命令"
            )
        try:
            return handler(msgspec.convert(arguments, Arguments, strict=False))
        except msgspec.ValidationError as error:
            raise CommandError(f"{command}: {error}") from None

    def _strike(self, command: str, arguments: Mapping[str, Any]) -> Any:
        kind = command.replace("-", "_")
        (spec,) = _specs({**arguments, "kind": kind, "at": "+0"})
        return self._faults.do(spec)

    def _status(self) -> dict[str, Any]:
        return self._run.status() | {"faults": self._faults.rows()}

    def _speed(self, arguments: Arguments) -> None:
        speed = arguments.speed
        if speed == "max":
            self._run.set_speed(None)
        elif isinstance(speed, int | float) and 0 < speed <= 100_000:
            self._run.set_speed(speed)
        else:
            raise CommandError("speed: a number above 0, or max / 应为正数或 max")

    def _deposit(self, arguments: Arguments) -> dict[str, Any]:
        return self._move(arguments, self._exchange.deposit)

    def _withdraw(self, arguments: Arguments) -> dict[str, Any]:
        return self._move(arguments, self._exchange.withdraw)

    def _move(self, arguments: Arguments, move: Callable[..., None]) -> dict[str, Any]:
        if arguments.amount is None:
            raise CommandError("amount is missing / 缺少金额: tell deposit USER AMOUNT")
        owner = owner_of(self._accounts, self._exchange, arguments.user)
        move(owner, arguments.amount)
        return {"account": books(self._exchange, owner)["account"]}

    def _fault(self, arguments: Arguments) -> dict[str, Any]:
        if arguments.action == "clear":
            return {"cleared": self._faults.clear(arguments.id)}
        if arguments.action != "list":
            raise CommandError("fault add JSON, fault list, or fault clear [ID]")
        return {"faults": self._faults.rows()}


def _specs(value: Any) -> tuple[FaultSpec, ...]:
    """Faults out of plain values, read as those of a file are."""
    place = Place(Layer.OVERRIDE, "fault")
    return parse_faults(json.dumps(value, ensure_ascii=False), place)


def _no(error: str) -> bytes:
    return msgspec.json.encode({"ok": False, "error": error})


# ------------------------------------------------------------------ the asking side


def tell(data_dir: Path, command: str, arguments: Mapping[str, Any], seconds: float = 30) -> Any:
    """Ask the front of a data folder; its result. ``CommandError``: it refuses, or is not there."""
    try:
        port = json.loads((data_dir / PORTS_FILE).read_text())["control"]
        token = (data_dir / TOKEN_FILE).read_text()
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as line:
            asked = {"token": token, "command": command, "arguments": dict(arguments)}
            line.sendall(msgspec.json.encode(asked) + b"\n")
            with line.makefile("rb") as answers:
                answer = json.loads(answers.readline())
    except (OSError, ValueError, KeyError):
        raise CommandError(
            f"no homalos exchange answers for {data_dir.absolute()}: is it running, and is this "
            "its --data-dir? / 该数据目录没有正在运行的 homalos exchange"
        ) from None
    if not answer["ok"]:
        raise CommandError(answer["error"])
    return answer["result"]


def arguments_of(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Command and arguments of a command line: plain words by their place, JSON by name.
    ``CommandError``: too many words, JSON that is none."""
    command, *rest = words
    more: dict[str, Any] = {}
    if rest and rest[-1].lstrip().startswith(("{", "[")):
        try:
            found = json.loads(rest.pop())
        except ValueError as error:
            raise CommandError(f"this is not JSON: {error} / 不是合法 JSON") from None
        more = found if isinstance(found, dict) else {"faults": found}
    names = WORDS.get(command, ())
    if len(rest) > len(names) and command in WORDS:
        form = " ".join((command, *(name.upper() for name in names)))
        raise CommandError(f"too many words: {form} [JSON] / 参数过多")
    return command, {**{n: _plain(n, w) for n, w in zip(names, rest, strict=False)}, **more}


def _plain(name: str, word: str) -> str | int | float:
    """A word as the number that its argument is; as it stands where it is none."""
    if name in _NUMBERS:
        for kind in (int, float):
            try:
                return kind(word)
            except ValueError:
                continue
    return word
