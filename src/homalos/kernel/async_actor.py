"""Asynchronous handlers: a task of their own, in order, with a declared policy of retries."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from homalos.model.event import Event, Record

if TYPE_CHECKING:
    from homalos.kernel.bus import Bus

E = TypeVar("E", bound=Event)


class Retry(Record, frozen=True):
    """How often and how patiently a failed call is tried again; then it is reported and left."""

    attempts: int = 1
    first_delay_s: float = 0.1
    factor: float = 2.0
    max_delay_s: float = 30.0

    def delay_s(self, attempt: int) -> float:
        """Pause before try number ``attempt`` + 1, counted from 1."""
        return float(min(self.first_delay_s * self.factor ** (attempt - 1), self.max_delay_s))


class AsyncRunner(Generic[E]):
    """The queue and the task of one asynchronous subscription."""

    def __init__(
        self,
        bus: "Bus",
        handler: Callable[[E], Awaitable[None]],
        actor: str,
        retry: Retry,
        queue_max: int,
    ) -> None:
        self._bus = bus
        self._handler = handler
        self._actor = actor
        self._retry = retry
        self._queue: deque[E] = deque(maxlen=queue_max)
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0
        self.retried = 0
        self.failed = 0

    def put(self, event: E) -> None:
        """Take one event; starts the task when it is not at work. Loop thread only."""
        if len(self._queue) == self._queue.maxlen:
            self.dropped += 1
        self._queue.append(event)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(
                self._work(), name=f"actor {self._actor}"
            )

    def figures(self) -> dict[str, int]:
        """For the statistics of its subscription."""
        return {
            "waiting": len(self._queue),
            "dropped": self.dropped,
            "retried": self.retried,
            "given_up": self.failed,
        }

    async def drain(self) -> None:
        """Wait until all that was taken has been handled or given up."""
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._queue:
            await self._deliver(self._queue.popleft())

    async def _deliver(self, event: E) -> None:
        for attempt in range(1, self._retry.attempts + 1):
            try:
                await self._handler(event)
                return
            except Exception as error:  # noqa: BLE001  isolation: whatever it raises
                if attempt == self._retry.attempts:
                    self.failed += 1
                    if attempt > 1:
                        error.args = (f"{error} (after {attempt} tries)",)
                    self._bus.failed(self._actor, type(event).__name__, error)
                    return
                self.retried += 1
                await asyncio.sleep(self._retry.delay_s(attempt))
