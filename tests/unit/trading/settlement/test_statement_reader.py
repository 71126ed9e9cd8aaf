"""The reader: from a file to what was read, in slices; a file that is not there is told."""

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.trading.desk import ACCOUNT, DAY
from tests.unit.trading.settlement.closing import SAMPLE

from homalos.config.sections.kernel import KernelSection
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.event import Event
from homalos.model.events import AlertRaised
from homalos.model.settlement import StatementRead, StatementReceived
from homalos.trading.settlement.parse import parse
from homalos.trading.settlement.reader import StatementReader


def read(path: Path) -> list[Event]:
    """What enters when the gateway has told of ``path``."""
    found: list[Any] = []

    async def scene() -> None:
        bus = Bus(SimClock(5), KernelSection())
        bus.attach_loop(asyncio.get_running_loop())
        StatementReader(bus).attach()
        for kind in (StatementRead, AlertRaised):
            bus.subscribe(kind, found.append, actor="test", role="account")
        bus.post(StatementReceived(ACCOUNT, DAY, str(path), "d", 5))
        bus.run_until_idle()
        await bus.drain_async()
        bus.run_until_idle()
        bus.stop()

    asyncio.run(scene())
    return found


def test_a_file_is_read_and_enters_as_ingress(tmp_path: Path) -> None:
    path = tmp_path / "demo.txt"
    path.write_text(SAMPLE, encoding="utf-8")
    (event,) = read(path)
    assert isinstance(event, StatementRead)
    assert (event.trading_day, event.digest, event.path) == (DAY, "d", str(path))
    assert event.statement == parse(SAMPLE)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (event,) = read(tmp_path / "none.txt")
    assert isinstance(event, AlertRaised)
    assert "cannot be read" in event.text


def test_bytes_that_are_no_text_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "demo.txt"
    path.write_bytes(bytes(range(256)) * 200)
    (event,) = read(path)
    assert isinstance(event, StatementRead)
    assert event.statement.trades == ()
