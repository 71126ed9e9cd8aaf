"""Hot reload: a valid edit holds between two events, an invalid one changes nothing and is told.

The watcher's thread reads and checks; it touches no state but what it posted last. The difference
travels as ``ConfigChanged`` (so it is in the journal), and its handler, on the thread that owns all
state, lays that difference on the running configuration: a replay does the same from the journal.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from homalos.config.changes import Change, at_once, difference, patched
from homalos.config.faults import ConfigError, Fault, Layer, Place, Words
from homalos.config.loader import Loaded
from homalos.config.schema import Config
from homalos.config.watcher import POLL_S, SETTLE_S, Watcher
from homalos.kernel.clock import Clock
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import AlertRaised, Audited, ConfigChanged, ConfigRefused

TRIES = 5
"""Readings of an invalid file, a pause apart, before it is refused: it may be half-written."""

_ROLE = "config"

E = TypeVar("E", bound=Event)
Apply = Callable[[Config, tuple[Change, ...]], None]


class EventBus(Protocol):
    """What the reloader needs of ``kernel.bus.Bus``."""

    clock: Clock

    def post(self, event: Event) -> None: ...
    def publish(self, event: Event) -> None: ...
    def subscribe(
        self, event_type: type[E], handler: Callable[[E], None], *, actor: str, role: str
    ) -> object: ...


class ConfigReloader:
    """Watches the files of ``loaded`` and keeps the running configuration, ``config``.

    ``apply`` gets the new configuration and those changes that hold at once, between two events.
    Keys that need a restart keep their old value in ``config``; ``pending`` names them.
    """

    def __init__(
        self,
        bus: EventBus,
        loaded: Loaded,
        apply: Apply,
        *,
        settle_s: float = SETTLE_S,
        poll_s: float = POLL_S,
    ) -> None:
        self.config = loaded.config
        self.pending: dict[str, Change] = {}
        self._owed: dict[str, Change] = {}
        self._bus = bus
        self._apply = apply
        self._reader = _Reader(bus, loaded)
        paths = loaded.watched().values()
        self._watcher = Watcher(paths, self._reader.read, settle_s=settle_s, poll_s=poll_s)

    def attach(self) -> None:
        self._bus.subscribe(ConfigChanged, self._on_changed, actor=_ROLE, role=_ROLE)
        self._bus.subscribe(ConfigRefused, self._on_refused, actor=_ROLE, role=_ROLE)

    def start(self) -> None:
        """Begin to watch."""
        self._watcher.start()

    def stop(self) -> None:
        """Return once the watching thread is gone; nothing is posted afterwards."""
        self._watcher.stop()

    def _on_changed(self, event: ConfigChanged) -> None:
        changes = [Change(*change) for change in event.changes]
        now = {change.key: change for change in changes if at_once(change.key)}
        if now:
            self._change(self._owed | now)
        for change in changes:
            if at_once(change.key):
                self._audit(change, "applied")
            else:
                self._postpone(change)

    def _change(self, wanted: dict[str, Change]) -> None:
        """All or nothing: if a component will not take it, all get the old values back, and what
        is owed is tried again with the next edit."""
        changes = tuple(wanted.values())
        before, after = self.config, patched(self.config, changes)
        self._owed = wanted
        try:
            self._apply(after, changes)
        except Exception:
            self._apply(before, tuple(Change(c.key, c.new, c.old) for c in changes))
            raise
        self.config = after
        self._owed = {}

    def _postpone(self, change: Change) -> None:
        running = self.pending.pop(change.key, change).old
        if change.new == running:
            self._audit(change, "back to what is running")
        else:
            self.pending[change.key] = change._replace(old=running)
            self._audit(change, "holds from the next start")

    def _on_refused(self, event: ConfigRefused) -> None:
        text = "Config refused, the old values stay: " + " | ".join(event.faults)
        self._bus.publish(AlertRaised(Severity.WARNING, _ROLE, text, self._bus.clock.now()))

    def _audit(self, change: Change, result: str) -> None:
        action = f"{change.old} -> {change.new}"
        self._bus.publish(Audited(_ROLE, action, change.key, result, self._bus.clock.now()))


class _Reader:
    """Reads the files again, in the watcher's thread. Owns the configuration posted last."""

    def __init__(self, bus: EventBus, loaded: Loaded) -> None:
        self._bus = bus
        self._loaded = loaded
        self._tries = 0
        self._told: tuple[Fault, ...] = ()

    def read(self) -> bool:
        """Read and post what came of it; False: it looks half-written, ask again."""
        try:
            loaded = self._loaded.again()
            if lost := _lost(self._loaded, loaded):
                raise ConfigError(lost)
        except ConfigError as error:
            self._tries += 1
            if self._tries < TRIES:
                return False
            self._refuse(error)
        else:
            self._accept(loaded)
        self._tries = 0
        return True

    def _accept(self, loaded: Loaded) -> None:
        changes = difference(self._loaded.config, loaded.config)
        self._loaded = loaded
        self._told = ()
        if changes:
            rows = tuple((c.key, c.old, c.new) for c in changes)
            self._bus.post(ConfigChanged(rows, self._bus.clock.now()))

    def _refuse(self, error: ConfigError) -> None:
        """Tell it once: a second save with the same faults is no news."""
        if error.faults == self._told:
            return
        self._told = error.faults
        faults = tuple(fault.render("en") for fault in error.faults)
        self._bus.post(ConfigRefused(faults, self._bus.clock.now()))


def _lost(before: Loaded, after: Loaded) -> list[Fault]:
    """Files that were emptied or taken away: never a silent return to the defaults."""
    faults = []
    for name, path in before.watched().items():
        old, new = before.documents[name], after.documents[name]
        if old.path != path or not (old.data or b"").strip():
            continue
        place = Place(Layer.FILE, str(path))
        cure = Words(
            "put it back, or restart to go by the defaults", "请恢复该文件，或重启以采用默认值"
        )
        if new.path != path:
            faults.append(Fault(place, "", Words("is gone", "文件不见了"), cure=cure))
        elif not (new.data or b"").strip():
            faults.append(Fault(place, "", Words("is empty now", "文件变空了"), cure=cure))
    return faults
