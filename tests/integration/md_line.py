"""A market data line alone, over real libraries, against a front in another process.

python -m tests.integration.md_line BINDING ADDRESS FRONT_DATA FOLDER
"""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.exchange.bench import products, sessions

from homalos.config.sections.ctp import CtpSection
from homalos.config.sections.market import MarketSection
from homalos.exchange.door.control import tell
from homalos.gateway.ctp.link import Backoff
from homalos.gateway.ctp.md import MdLine
from homalos.gateway.ctp.ports import Ports
from homalos.kernel.clock import LiveClock, monotonic_ns
from homalos.kernel.follower import FollowingClock
from homalos.market.gate import ACCEPTED, TickGate
from homalos.model.event import Event
from homalos.model.events import AlertRaised, ConnectionChanged
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick

PATIENCE_S = 30


class Watched:
    """The line in a loop of its own, its ticks behind the quality gate."""

    def __init__(self, binding: str, address: str, front: Path, folder: Path) -> None:
        section = CtpSection(
            md_fronts=(address,), broker="9999", libraries="dropin", binding=binding,  # type: ignore[arg-type]
            clock="market", stale_feed_s=1.0,
        )  # fmt: skip
        self.loop = asyncio.get_running_loop()
        self.front = front
        self.posted: list[Event] = []
        self.ticks: list[Tick] = []
        self.clock = FollowingClock(LiveClock().now())
        self.gate = TickGate(
            sessions(), self.clock, MarketSection(), self.ticks.append, recorded=True
        )
        self.line = MdLine(
            section, "sim", None, clock=self.clock, call_later=self.loop.call_later,
            sessions=sessions(), open_port=Ports(section, folder).md, follows=False,
            backoff=Backoff(0.1, 1.0),
        )  # fmt: skip

    def start(self) -> None:
        self.line.start(self.posted.append, self._admit)
        descriptor = self.line.fileno()
        assert descriptor is not None
        self.loop.add_reader(descriptor, self.line.drain)

    def stop(self) -> None:
        descriptor = self.line.fileno()
        assert descriptor is not None
        self.loop.remove_reader(descriptor)
        self.line.stop("closed")

    def _admit(self, tick: Tick) -> None:
        self.clock.advance(tick.ts_event)
        self.gate.admit(tick)

    def list_all(self, trading_day: int) -> set[InstrumentId]:
        """Every month there may be: what the front does not have says nothing."""
        year = trading_day // 10_000
        names = [
            f"{product}{(year + ahead) % 100:02d}{month:02d}"
            for product in ("SHFE.rb", "DCE.m", "CZCE.TA")
            for ahead in range(3)
            for month in range(1, 13)
        ]
        found = [products().instrument(InstrumentId(name), trading_day) for name in names]
        known: list[Instrument] = [item for item in found if item is not None]
        for item in known:
            self.gate.listed(item)
        self.line.list(known)
        return {item.id for item in known}

    async def until(self, done: Callable[[], bool], what: str) -> None:
        end = monotonic_ns() + PATIENCE_S * 1_000_000_000
        while not done():
            assert monotonic_ns() < end, f"{what}; {self.line.health()} {self.gate.verdicts}"
            await asyncio.sleep(0.01)

    async def tell(self, command: str, **arguments: Any) -> Any:
        return await asyncio.to_thread(tell, self.front, command, arguments)

    def up(self) -> list[bool]:
        return [e.connected for e in self.posted if isinstance(e, ConnectionChanged)]

    def alerts(self) -> list[str]:
        return [e.text for e in self.posted if isinstance(e, AlertRaised)]

    async def more_ticks(self, count: int = 20) -> None:
        seen = len(self.ticks)
        await self.until(lambda: len(self.ticks) >= seen + count, "ticks")


async def scenario(watched: Watched) -> dict[str, Any]:
    status = await watched.tell("status")
    wanted = watched.list_all(status["trading_day"])
    watched.start()
    await watched.until(lambda: watched.up() == [True], "the login")
    await asyncio.sleep(0.2)
    before = len(watched.ticks)
    watched.line.subscribe(wanted)
    await watched.more_ticks()

    await watched.tell("cut", line="md")
    await watched.until(lambda: watched.up() == [True, False, True], "the line back")
    await watched.more_ticks()

    await watched.tell("stall", ms=2_500)
    await watched.until(lambda: any("no tick" in t for t in watched.alerts()), "the alert")
    silent = watched.line.health().message
    await watched.until(lambda: any("come again" in t for t in watched.alerts()), "the end of it")
    await watched.more_ticks()

    watched.stop()
    ended, posted = len(watched.ticks), len(watched.posted)
    await asyncio.sleep(0.3)
    quiet = (len(watched.ticks), len(watched.posted)) == (ended, posted)
    watched.start()
    await watched.until(lambda: watched.up()[-1], "the second start")
    await watched.more_ticks()
    watched.stop()
    verdicts = watched.gate.verdicts
    return {
        "before": before, "silent": silent, "quiet": quiet, "up": watched.up(),
        "alerts": watched.alerts(), "verdicts": {k: n for k, n in verdicts.items() if n},
        "accepted": verdicts[ACCEPTED] / sum(verdicts.values()),
        "products": sorted({t.instrument.rstrip("0123456789") for t in watched.ticks}),
        "native": all(t.ts_native > 0 for t in watched.ticks),
        "turnover": [
            t.turnover / (t.volume * t.last_price)
            for t in watched.ticks[-200:]
            if t.turnover and t.volume and t.last_price and t.instrument.startswith("CZCE")
        ][-1:],
    }  # fmt: skip


async def main() -> None:
    binding, address, front, folder = sys.argv[1:]
    print(json.dumps(await scenario(Watched(binding, address, Path(front), Path(folder)))))


if __name__ == "__main__":
    asyncio.run(main())
