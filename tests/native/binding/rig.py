"""A port on a stand-in library, with a sink that remembers."""

import selectors
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from tests.native.fake import Fake

from homalos.ctp.fast import FastMd, FastTd, OrderRow, TradeRow
from homalos.model.ids import InstrumentId
from homalos.model.market import Tick

PATIENCE = 20.0
"""Seconds; only a fault ever waits so long."""
DBL_MAX = 1.7976931348623157e308
FRONT = "tcp://127.0.0.1:1"


class Sink:
    """Remembers everything in order; ``on_each`` may do more."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []
        self.on_each: Callable[[str], None] = lambda _: None

    def _note(self, kind: str, what: Any) -> None:
        self.all.append((kind, what))
        self.on_each(kind)

    def on_connected(self) -> None:
        self._note("connected", None)

    def on_disconnected(self, reason: int) -> None:
        self._note("disconnected", reason)

    def on_tick(self, tick: Tick) -> None:
        self._note("tick", tick)

    def on_order(self, row: OrderRow) -> None:
        self._note("order", row)

    def on_trade(self, row: TradeRow) -> None:
        self._note("trade", row)

    def on_response(
        self, name: str, data: dict[str, Any] | None, error: int, message: str, request: int,
        last: bool,
    ) -> None:  # fmt: skip
        self._note("response", (name, data, error, message, request, last))

    def on_notice(self, name: str, data: dict[str, Any] | None, error: int, message: str) -> None:
        self._note("notice", (name, data, error, message))

    def of(self, kind: str) -> list[Any]:
        return [what for known, what in self.all if known == kind]


Port = TypeVar("Port", FastMd, FastTd)


class Rig(Generic[Port]):
    port: Port
    sink: Sink
    library: Fake

    def fill(self, count: int, kind: str | None = None) -> list[Any]:
        """Drains, sleeping on the descriptor between, until ``count`` callbacks (of a kind) have
        come."""
        end = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.port.fileno(), selectors.EVENT_READ)
            while True:
                got = self.sink.all if kind is None else self.sink.of(kind)
                if len(got) >= count:
                    return got
                assert selector.select(end - time.monotonic()), f"{len(got)} of {count} came"
                self.port.drain(self.sink)  # type: ignore[arg-type]

    def settle(self) -> None:
        """Until the library has done all that it was told to."""
        end = time.monotonic() + PATIENCE
        while not self.library.idle():
            assert time.monotonic() < end, "the library is still busy"
            time.sleep(0.001)

    def drained(self) -> list[tuple[str, Any]]:
        """All that came for what the library was told up to now."""
        self.settle()
        del self.sink.all[:]
        while self.port.drain(self.sink):  # type: ignore[arg-type]
            pass
        return self.sink.all

    def close(self) -> None:
        self.port.close()


class MdRig(Rig[FastMd]):
    def __init__(self, fakes: Path, flow: Path, ring_bytes: int = 1 << 20) -> None:
        self.port = FastMd(fakes, flow, ring_bytes=ring_bytes)
        self.library = Fake(fakes, "md")
        self.sink = Sink()
        self.port.open([FRONT])
        self.fill(1, "connected")

    def list(self, *wire_ids: str, factor: float = 1.0, half_second: bool = False) -> None:
        for wire_id in wire_ids:
            self.port.list(wire_id, InstrumentId(f"X.{wire_id}"), factor, half_second)


class TdRig(Rig[FastTd]):
    def __init__(self, fakes: Path, flow: Path, ring_bytes: int = 1 << 20) -> None:
        self.port = FastTd(fakes, flow, ring_bytes=ring_bytes)
        self.library = Fake(fakes, "td")
        self.sink = Sink()
        self.port.open([FRONT])
        self.fill(1, "connected")
