"""How the loop learns that a port has something: woken by its descriptor, or by asking all the
time, which costs a core and saves the wake-up."""

import asyncio
from collections.abc import Callable

from homalos.ctp.fast import FastMd, FastTd, wait
from homalos.gateway.ctp.seams import Port

SPIN_NS = 50_000
"""The longest stretch in which the loop serves nobody else while nothing comes."""


class Readers:
    """``serve`` runs a drain and then the bus. Spinning takes our own binding; other ports are
    waited for."""

    def __init__(
        self, serve: Callable[[Callable[[], object]], None], *, spin: bool = False
    ) -> None:
        self.serve = serve
        self.loop: asyncio.AbstractEventLoop | None = None
        self._spin = spin
        self._ports: list[tuple[Port, Callable[[], object]]] = []
        self._spinning: asyncio.Handle | None = None

    def add(self, port: Port, drain: Callable[[], object]) -> None:
        assert self.loop is not None
        self._ports.append((port, drain))
        self.loop.add_reader(port.fileno(), self.serve, drain)
        if self._spin and self._spinning is None and isinstance(port, FastMd | FastTd):
            self._spinning = self.loop.call_soon(self._look)

    def clear(self) -> None:
        """Before the ports are closed: a descriptor that is closed may be somebody else's."""
        for port, _ in self._ports:
            assert self.loop is not None
            self.loop.remove_reader(port.fileno())
        self._ports.clear()
        if self._spinning is not None:
            self._spinning.cancel()
            self._spinning = None

    def _look(self) -> None:
        assert self.loop is not None
        own = [port for port, _ in self._ports if isinstance(port, FastMd | FastTd)]
        if wait(own, SPIN_NS):
            self.serve(self._drain)
        if self._ports:
            self._spinning = self.loop.call_soon(self._look)

    def _drain(self) -> None:
        for _, drain in self._ports:
            drain()
