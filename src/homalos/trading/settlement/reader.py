"""Reads the statements that the gateway has fetched, in slices, so that nobody waits for it."""

import asyncio
from pathlib import Path

from homalos.kernel.bus import Bus
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised
from homalos.model.settlement import StatementRead, StatementReceived
from homalos.trading.settlement.parse import Parser

SLICE = 10
"""Lines between which the loop may do something else: about 0.5 ms."""


class StatementReader:
    """Of a daemon. What it reads enters as ingress, so a replay needs no file."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def attach(self) -> None:
        """Subscribe."""
        self._bus.subscribe_async(
            StatementReceived, self._on_received, actor="statements", role="account"
        )

    async def _on_received(self, event: StatementReceived) -> None:
        try:
            raw = await asyncio.to_thread(Path(event.path).read_bytes)
        except OSError as error:
            text = f"the settlement statement cannot be read: {error} / 结算单文件无法读取"
            now = self._bus.clock.now()
            self._bus.post(AlertRaised(Severity.WARNING, "settlement", text, now))
            return
        parser = Parser()
        for number, line in enumerate(raw.decode("utf-8", "replace").split("\n")):
            parser.feed(line)
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        self._bus.post(
            StatementRead(
                event.account, event.trading_day, event.path, event.digest, parser.finish(),
                self._bus.clock.now(),
            )
        )  # fmt: skip
