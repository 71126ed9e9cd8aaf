"""The journal's helper: syncs and prepares its segments from a thread."""

import asyncio
from collections.abc import Callable

from loguru import logger

from homalos.kernel.journal import Journal


class JournalKeeper:
    """At most ``sync_ms`` between two syncs; ``stop`` waits for the thread before it closes."""

    def __init__(self, journal: Journal, sync_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._sync_ms = sync_ms
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        self._error: str | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="journal")

    async def _keep(self) -> None:
        while not self._ending.is_set():
            try:
                await asyncio.to_thread(self._journal.maintain)
                self._error = None
            except OSError as error:
                if self._error is None:
                    logger.error("the journal cannot be synced: {}", error)
                self._error = f"the journal cannot be synced: {error}"
            try:
                await asyncio.wait_for(self._ending.wait(), self._sync_ms() / 1_000)
            except TimeoutError:
                continue

    def health(self) -> str | None:
        if self._task is not None and self._task.done() and not self._ending.is_set():
            return "the journal is not synced any more"
        return self._error

    async def stop(self) -> None:
        self._ending.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._journal.close)
