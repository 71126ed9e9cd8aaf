"""Services: registered with what they depend on, started in that order, stopped in the reverse."""

import asyncio
import graphlib
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from homalos.kernel.clock import monotonic_ns
from homalos.model.times import SECOND


class ServiceState(StrEnum):
    REGISTERED = "registered"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


Hook = Callable[[], Awaitable[None] | None]


class Service:
    """One part of the daemon as the operator sees it."""

    def __init__(
        self,
        name: str,
        *,
        depends: tuple[str, ...] = (),
        start: Hook | None = None,
        stop: Hook | None = None,
        health: Callable[[], str | None] = lambda: None,
        stop_timeout_s: float = 10.0,
    ) -> None:
        """``health`` answers ``None`` when well, else a sentence that says what is wrong."""
        self.name = name
        self.depends = depends
        self.state = ServiceState.REGISTERED
        self.error: str | None = None
        self.started_ns: int | None = None
        self.beat_ns: int | None = None
        self.start_hook = start
        self.stop_hook = stop
        self.health = health
        self.stop_timeout_s = stop_timeout_s

    def _ask(self) -> str | None:
        try:
            return self.health()
        except Exception as error:  # noqa: BLE001  isolation: whatever it raises
            return f"health: {type(error).__name__}"

    def row(self) -> dict[str, Any]:
        """For ``/api/v1/system/services``."""
        now = monotonic_ns()
        trouble = self.error or (self._ask() if self.state is ServiceState.RUNNING else None)
        return {
            "name": self.name,
            "depends": list(self.depends),
            "state": self.state.value,
            "healthy": trouble is None and self.state is ServiceState.RUNNING,
            "trouble": trouble,
            "uptime_s": None if self.started_ns is None else (now - self.started_ns) / SECOND,
            "heartbeat_age_s": None if self.beat_ns is None else (now - self.beat_ns) / SECOND,
        }


class Services:
    """The registry. Faults of a stop are kept, never in the way of the next stop."""

    def __init__(self, heartbeat_s: float = 1.0) -> None:
        self._services: dict[str, Service] = {}
        self._heartbeat_s = heartbeat_s
        self._beating: asyncio.Task[None] | None = None
        self.faults: list[str] = []

    def add(self, service: Service) -> Service:
        """Register; ``ValueError`` for a name used twice."""
        if service.name in self._services:
            raise ValueError(f"service {service.name} is registered twice")
        self._services[service.name] = service
        return service

    def order(self) -> list[Service]:
        """By dependencies, otherwise as registered. ``ValueError``: unknown or circular."""
        for service in self._services.values():
            for name in service.depends:
                if name not in self._services:
                    raise ValueError(
                        f"service {service.name} needs {name}, which nobody registered"
                    )
        graph = {s.name: s.depends for s in self._services.values()}
        try:
            names = list(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            raise ValueError(
                f"services depend on each other in a circle: {error.args[1]}"
            ) from None
        return [self._services[name] for name in names]

    async def start(self) -> None:
        """Start all; when one fails, those already started are stopped and its error is raised."""
        for service in self.order():
            service.state = ServiceState.STARTING
            try:
                await _call(service.start_hook)
            except BaseException as error:
                service.state = ServiceState.FAILED
                service.error = f"{type(error).__name__}: {error}"
                await self.stop()
                raise
            service.state = ServiceState.RUNNING
            service.started_ns = service.beat_ns = monotonic_ns()
        self._beating = asyncio.get_running_loop().create_task(self._beat(), name="heartbeats")

    async def stop(self) -> None:
        """Stop all that run, the last started first, each within its time."""
        if self._beating is not None:
            self._beating.cancel()
        for service in reversed(self.order()):
            if service.state is not ServiceState.RUNNING:
                continue
            service.state = ServiceState.STOPPING
            try:
                async with asyncio.timeout(service.stop_timeout_s):
                    await _call(service.stop_hook)
                service.state = ServiceState.STOPPED
            except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                service.state = ServiceState.FAILED
                service.error = f"stop: {type(error).__name__}: {error}"
                self.faults.append(f"{service.name}: {service.error}")

    async def _beat(self) -> None:
        """A service's heart beats while its health answers; one that raises stops beating."""
        while True:
            for service in self._services.values():
                if service.state is not ServiceState.RUNNING:
                    continue
                try:
                    service.health()
                    service.beat_ns = monotonic_ns()
                except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                    service.error = f"health: {type(error).__name__}: {error}"
            await asyncio.sleep(self._heartbeat_s)

    def table(self) -> list[dict[str, Any]]:
        """A row a service, in order of start."""
        return [service.row() for service in self.order()]


async def _call(hook: Hook | None) -> None:
    if hook is None:
        return
    result = hook()
    if result is not None:
        await result
