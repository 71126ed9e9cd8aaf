"""A program with nothing but our binding: ``python -m homalos.bench.ctp_binding PLAN``.

``single``: an order at once for every tick, the floor under the daemon; ``burst``: the time at
which the handler is entered; ``flood``: it counts.
"""

import asyncio
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from homalos.bench.ctp_rig import Plan, Seen
from homalos.ctp.fast import FastMd, FastTd, wait
from homalos.ctp.records import OrderRow, TradeRow
from homalos.kernel.clock import monotonic_ns
from homalos.kernel.loop import loop_factory, settle
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick
from homalos.model.times import MILLISECOND

RING_BYTES = 1 << 27
"""A whole flood fits: what is measured is how fast ticks are made, not what a full ring does."""
LOGIN = {"BrokerID": "9999", "UserID": "sim", "Password": "sim"}
IDLE_NS = 1_000 * MILLISECOND


class _Quiet:
    """What is told beside ticks, orders and trades, up to the login."""

    def __init__(self, port: FastMd | FastTd, logged_in: Callable[[], None]) -> None:
        self._port = port
        self._logged_in = logged_in

    def on_connected(self) -> None:
        self._port.request("ReqUserLogin", LOGIN, 1)

    def on_disconnected(self, reason: int) -> None:
        raise RuntimeError(f"the front cut the line: {reason:#x}")

    def on_response(
        self, name: str, data: dict[str, Any] | None, error: int, message: str, request: int,
        last: bool,
    ) -> None:  # fmt: skip
        if error:
            raise RuntimeError(f"{name}: {error} {message}")
        if name == "OnRspUserLogin":
            self._logged_in()

    def on_notice(self, name: str, data: dict[str, Any] | None, error: int, message: str) -> None:
        pass


class _Td(_Quiet):
    def on_order(self, row: OrderRow) -> None:
        pass

    def on_trade(self, row: TradeRow) -> None:
        pass


class _Sender(_Quiet):
    """An order at once."""

    def __init__(self, port: FastMd, logged_in: Callable[[], None], td: FastTd, plan: Plan) -> None:
        super().__init__(port, logged_in)
        self._insert = td.insert
        self._wires = {name: (exchange, wire) for wire, exchange, name in plan.contracts}
        self.ticks = 0

    def on_tick(self, tick: Tick) -> None:
        self.ticks += 1
        exchange, wire = self._wires[tick.instrument]
        price = tick.ask_price
        assert price is not None
        self._insert(
            str(self.ticks), exchange, wire, "0", "0", "2", price, 1, "1", "1", 1, self.ticks
        )


class _Noter(_Quiet):
    """The time, first of all."""

    def __init__(self, port: FastMd, logged_in: Callable[[], None]) -> None:
        super().__init__(port, logged_in)
        self.stamps: list[tuple[InstrumentId, int]] = []

    def on_tick(self, tick: Tick) -> None:
        self.stamps.append((tick.instrument, monotonic_ns()))


class _Counter(_Quiet):
    def __init__(self, port: FastMd, logged_in: Callable[[], None]) -> None:
        super().__init__(port, logged_in)
        self.ticks = 0
        self.first = 0

    def on_tick(self, tick: Tick) -> None:
        if not self.ticks:
            self.first = monotonic_ns()
        self.ticks += 1


class Program:
    """Both ports, one thread that drains them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        folder, flow = Path(plan.libraries), Path(plan.flow)
        self.td = FastTd(folder, flow / "td")
        self.md = FastMd(folder, flow / "md", ring_bytes=RING_BYTES)
        self._logins = 0
        self._td_sink = _Td(self.td, self._logged_in)
        self.sink: _Sender | _Noter | _Counter = self._make_sink()
        self.last = 0

    def _make_sink(self) -> "_Sender | _Noter | _Counter":
        if self._plan.work == "single":
            return _Sender(self.md, self._logged_in, self.td, self._plan)
        if self._plan.work == "burst":
            return _Noter(self.md, self._logged_in)
        return _Counter(self.md, self._logged_in)

    def _logged_in(self) -> None:
        self._logins += 1
        if self._logins < 2:
            return
        self.td.set_account("9999", "sim", "sim")
        self.md.dates_by_day(0, 0)
        for wire, exchange, name in self._plan.contracts:
            self.md.list(wire, InstrumentId(name), 1.0, exchange == "CZCE")
        self.md.subscribe([wire for wire, _, _ in self._plan.contracts])
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    def drain_md(self) -> None:
        if self.md.drain(self.sink):
            self.last = monotonic_ns()

    def drain_td(self) -> None:
        self.td.drain(self._td_sink)

    def open(self) -> None:
        self.td.open([self._plan.td])
        self.md.open([self._plan.md])

    def seen(self) -> Seen:
        """What came, after the end."""
        sink, entries = self.sink, dict[str, list[int]]()
        if isinstance(sink, _Noter):
            wires = {name: wire for wire, _, name in self._plan.contracts}
            for name, stamp in sink.stamps:
                entries.setdefault(wires[name], []).append(stamp)
            return Seen(len(sink.stamps), entries=entries)
        first = sink.first if isinstance(sink, _Counter) else 0
        return Seen(sink.ticks, first, self.last, self.md.stats().dropped)

    def ended(self, since: int) -> bool:
        """All of a flood is in, or nothing has come for a while; ``since``: end of the input."""
        count = self.sink.ticks if isinstance(self.sink, _Counter) else self._plan.expect
        idle = monotonic_ns() - max(self.last, since)
        return count >= self._plan.expect or idle > IDLE_NS


def _spin(program: Program) -> None:
    """The thread that never sleeps; the end of the input is looked for when nothing comes."""
    since = 0
    while not since or not program.ended(since):
        if wait([program.md, program.td], 50 * MILLISECOND):
            program.drain_md()
            program.drain_td()
        elif not since and select.select([0], [], [], 0)[0]:
            since = monotonic_ns()


async def _event(program: Program) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(program.md.fileno(), program.drain_md)
    loop.add_reader(program.td.fileno(), program.drain_td)
    loop.add_reader(0, ended.set)
    await ended.wait()
    loop.remove_reader(0)
    since = monotonic_ns()
    while not program.ended(since):  # noqa: ASYNC110  the ring tells of ticks, not of their absence
        await asyncio.sleep(0.05)
    loop.remove_reader(program.md.fileno())
    loop.remove_reader(program.td.fileno())


def main(path: str) -> None:
    """Do what the plan says."""
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    program = Program(plan)
    settle()
    program.open()
    if plan.spin:
        _spin(program)
    else:
        with asyncio.Runner(loop_factory=loop_factory()[1]) as runner:
            runner.run(_event(program))
    seen = program.seen()
    program.md.close()
    program.td.close()
    Path(plan.out).write_bytes(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(sys.argv[1])
