"""The ways in which a person stops the daemon or its trading without the page."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from loguru import logger

from homalos.engine import Engine
from homalos.kernel.clock import monotonic_ns
from homalos.model.times import SECOND
from homalos.trading.states import LIVE

KILL_FILE = "KILL"
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


class KillFile:
    """``D/KILL`` is the kill switch that needs no web server: its text is the reason."""

    def __init__(self, data: Path, kill: Callable[[str, str], None]) -> None:
        self._path = data / KILL_FILE
        self._kill = kill
        self._task: asyncio.Task[None] | None = None
        self._troubled = False

    def look(self) -> None:
        """Obey the file if it is there. First the kill, then the file goes."""
        try:
            if not self._path.exists():
                return
            self._kill("file", self._reason())
            self._path.unlink()
            self._troubled = False
        except OSError as error:
            if not self._troubled:
                logger.error(
                    "{}: {} (obeyed, but it stays) / 已执行，但无法删除", self._path, error
                )
            self._troubled = True

    def _reason(self) -> str:
        try:
            return self._path.read_text(errors="replace").strip()[:200] or "kill file"
        except OSError:
            return "kill file"

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
