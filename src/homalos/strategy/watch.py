"""Sees that a strategy file was saved, and says so once it has been quiet. Only says: the thread
calls ``edited`` with the path and touches nothing else."""

import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_KINDS = ("modified", "created", "moved", "closed")


class FolderWatch(FileSystemEventHandler):
    """Watches a folder and its subfolders for saved ``.py`` files."""

    def __init__(self, folder: Path, settle_ms: int, edited: Callable[[Path], None]) -> None:
        self._folder = folder.resolve()
        self._settle_s = settle_ms / 1_000
        self._edited = edited
        self._observer = Observer()
        self._lock = threading.Lock()
        self._pending: dict[str, threading.Timer] = {}

    def start(self) -> None:
        """Begin. ``OSError`` where the system has no watches left."""
        self._observer.schedule(self, str(self._folder), recursive=True)
        self._observer.start()

    def stop(self) -> None:
        self._observer.stop()
        self._observer.join()
        with self._lock:
            for timer in self._pending.values():
                timer.cancel()
            self._pending.clear()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.is_directory or event.event_type not in _KINDS:
            return
        # An editor saves by writing another file and moving it over this one.
        for path in (event.src_path, event.dest_path):
            name = str(path)
            if name.endswith(".py"):
                self._later(name)

    def _later(self, name: str) -> None:
        with self._lock:
            if name in self._pending:
                self._pending[name].cancel()
            timer = threading.Timer(self._settle_s, self._settled, (name,))
            timer.daemon = True
            self._pending[name] = timer
            timer.start()

    def _settled(self, name: str) -> None:
        with self._lock:
            self._pending.pop(name, None)
        self._edited(Path(name))
