"""Notices that a file of the configuration has changed, and waits until it is whole again.

Truth is what ``stat`` says of the files; the file-system events only make the look come at once.
So a replaced file, a swapped link, a folder that went and came back and a share without events are
all seen, at worst a second later.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from loguru import logger

POLL_S = 1.0
SETTLE_S = 0.2
"""Files are read once nothing has changed for this long; editors save in steps."""

Signature = tuple[tuple[int, int, int] | None, ...]


class Stoppable(Protocol):
    def stop(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...


class Watcher:
    """A thread that calls ``settled`` after a change of ``paths`` has come to rest.

    ``settled`` runs in this thread; while it returns False, it is called again after the same
    pause (the file was caught half-written), until it returns True.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        settled: Callable[[], bool],
        *,
        settle_s: float = SETTLE_S,
        poll_s: float = POLL_S,
    ) -> None:
        self._paths = tuple(paths)
        self._settled = settled
        self._settle_s = settle_s
        self._poll_s = poll_s
        self._stirred = threading.Event()
        self._stopping = threading.Event()
        self._observers: list[Stoppable] = []
        self._thread = threading.Thread(target=self._run, name="config-watcher", daemon=True)
        self._seen: Signature = ()  # so that an edit since the files were read is seen at once

    def start(self) -> None:
        self._observe()
        self._thread.start()

    def stop(self) -> None:
        """Return once the threads are gone."""
        self._stopping.set()
        self._stirred.set()
        for observer in self._observers:
            observer.stop()
            observer.join()
        if self._thread.is_alive():
            self._thread.join()

    def _observe(self) -> None:
        """Without file-system events (no more watches left, a network share) polling goes on."""
        folders = {path.parent for path in self._paths}
        folders |= {path.resolve().parent for path in self._paths if path.is_symlink()}
        try:
            self._observers.append(_observer(folders, self._stirred.set))
        except OSError as error:
            logger.warning("No file-system events ({}); config files are polled", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stirred.wait(self._poll_s)
            self._stirred.clear()
            now = self._signature()
            if now != self._seen and not self._stopping.is_set():
                self._settle(now)

    def _settle(self, now: Signature) -> None:
        """Wait for rest, then hand over; again while it is told that the files are not whole."""
        while not self._stopping.wait(self._settle_s):
            before, now = now, self._signature()
            if now != before:
                continue
            self._seen = now
            if self._settled():
                return

    def _signature(self) -> Signature:
        return tuple(_stat(path) for path in self._paths)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _observer(folders: Iterable[Path], stir: Callable[[], None]) -> Stoppable:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Stir(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            stir()

    observer = Observer()
    observer.daemon = True
    for folder in folders:
        observer.schedule(Stir(), str(folder), recursive=False)
    observer.start()
    return observer
