"""The ways in which a person stops the daemon or its trading without the page."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple, Protocol

from loguru import logger

from homalos.engine import Engine
from homalos.kernel.clock import monotonic_ns
from homalos.model.enums import KillScope
from homalos.model.times import SECOND
from homalos.trading.states import LIVE

KILL_FILE = "KILL"
SCOPE = "scope:"
LOOK_S = 0.5
CANCELS_WAIT_S = 3.0


def catch_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[str], None]) -> None:
    """The first SIGINT, SIGTERM or SIGHUP drains; a second one ends the process at once.

    Plain handlers, not the loop's: they run even while the loop is held up (by a strategy that
    spins, say). The journal is on disk anyway.
    """
    seen: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        if seen:
            sys.stderr.write("homalos: forced / 强制退出\n")
            os._exit(128 + number)
        seen.append(number)
        loop.call_soon_threadsafe(stop, signal.Signals(number).name)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, handle)


class Kill(Protocol):
    """What carries a kill out."""

    def __call__(self, who: str, why: str, scope: KillScope, strategy: str) -> None: ...


class Words(NamedTuple):
    """What stands in a kill file."""

    why: str
    scope: KillScope
    strategy: str


def words(text: str) -> Words:
    """Of a kill file: its text is the reason. A first line ``scope: account``, ``scope: daemon`` or
    ``scope: strategy NAME`` closes positions too; one that means nothing halts and cancels."""
    first, _, rest = text.strip().partition("\n")
    if not first.lower().startswith(SCOPE):
        return Words(text.strip()[:200] or "kill file", KillScope.CANCEL, "")
    scope, _, strategy = first[len(SCOPE) :].strip().partition(" ")
    why, strategy = rest.strip()[:200] or "kill file", strategy.strip()
    one = scope == KillScope.STRATEGY
    if scope not in set(KillScope) or one != bool(strategy):
        return Words(f"{first[:100]}: no such scope / 范围无效; {why}", KillScope.CANCEL, "")
    return Words(why, KillScope(scope), strategy)


def kill_text(why: str, scope: KillScope, strategy: str) -> str:
    """The text of a kill file that says this."""
    return f"{SCOPE} {' '.join((scope.value, strategy)).strip()}\n{why}\n"


class KillFile:
    """``D/KILL`` is the kill switch that needs no web server (``words``)."""

    def __init__(self, data: Path, kill: Kill) -> None:
        self._path = data / KILL_FILE
        self._kill = kill
        self._task: asyncio.Task[None] | None = None
        self._troubled = False

    def look(self) -> None:
        """Obey the file if it is there. First the kill, then the file goes."""
        try:
            if not self._path.exists():
                return
            said = self._said()
            self._kill("file", said.why, said.scope, said.strategy)
            self._path.unlink()
            self._troubled = False
        except OSError as error:
            if not self._troubled:
                logger.error(
                    "{}: {} (obeyed, but it stays) / 已执行，但无法删除", self._path, error
                )
            self._troubled = True

    def _said(self) -> Words:
        try:
            return words(self._path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return words("")

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="kill file")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._troubled or not self._path.exists():
                self.look()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def health(self) -> str | None:
        if self._task is not None and self._task.done():
            return "nobody watches for the kill file"
        return None


async def cancels_answered(engine: Engine) -> None:
    """Wait until the venue has answered the cancels of a stop, for ``CANCELS_WAIT_S`` at the most:
    what it has not said by then, the next start asks."""
    end = monotonic_ns() + int(CANCELS_WAIT_S * SECOND)
    while monotonic_ns() < end:
        live = (order for order in engine.orders.live() if order.status in LIVE)
        if not any(order.cancel_requested for order in live):
            return
        await asyncio.sleep(0.02)
    logger.warning(
        "cancels are unanswered: orders may be alive at the venue / "
        "撤单未获回报，委托可能仍在交易所"
    )
