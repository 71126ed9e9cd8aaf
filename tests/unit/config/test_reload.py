"""Edits while it runs: taken whole, refused whole, and never caught half-written."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homalos.config.changes import Change
from homalos.config.loader import load
from homalos.config.reload import ConfigReloader
from homalos.config.schema import Config
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.event import Event
from homalos.model.events import AlertRaised, Audited, ConfigChanged, ConfigRefused, HandlerFailed

SETTLE_S = 0.02
PATIENCE_S = 10.0
"""Only a broken watcher lets a test wait so long."""


class Desk:
    """A bus, a reloader on a real folder, and everything that came of an edit."""

    def __init__(
        self, folder: Path, overrides: tuple[str, ...] = (), poll_s: float = 5 * SETTLE_S
    ) -> None:
        self.bus = Bus(SimClock(1))
        self.applied: list[tuple[Config, tuple[Change, ...]]] = []
        self.events: list[Event] = []
        self.fail_on = ""
        self._arrived = threading.Event()
        for event in (ConfigChanged, ConfigRefused):
            self.bus.subscribe(event, self._on_event, actor="test", role="store")
        for other in (Audited, AlertRaised, HandlerFailed):
            self.bus.subscribe(other, self.events.append, actor="test", role="store")
        post = self.bus.post

        def arrive(event: Event) -> None:
            post(event)
            self._arrived.set()

        self.bus.post = arrive  # type: ignore[method-assign]
        loaded = load(folder, overrides=overrides, environ={})
        self.reloader = ConfigReloader(
            self.bus, loaded, self._apply, settle_s=SETTLE_S, poll_s=poll_s
        )
        self.reloader.attach()

    def _on_event(self, event: Event) -> None:
        self.events.append(event)

    def _apply(self, config: Config, changes: tuple[Change, ...]) -> None:
        if self.fail_on and any(change.key == self.fail_on for change in changes):
            raise RuntimeError("will not take it")
        self.applied.append((config, changes))

    def wait(self) -> Event:
        """The next event that the watcher posts, after it was handled."""
        assert self._arrived.wait(PATIENCE_S), "nothing came of the edit"
        self._arrived.clear()
        assert not self.applied or self.applied[-1][0] == self.reloader.config
        before = len(self.events)
        self.bus.run_until_idle()
        return self.events[before]

    def quiet(self, seconds: float = 15 * SETTLE_S) -> bool:
        return not self._arrived.wait(seconds)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    (folder / "risk.yaml").write_text("max_order_lots: 10\n")
    desk = Desk(folder, overrides=("risk.max_open_orders=9",))
    desk.reloader.start()
    yield desk
    desk.reloader.stop()


def edit(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def replace(path: Path, text: str) -> None:
    """As careful editors save: a new file, moved over the old one."""
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def swap_link(path: Path, text: str) -> None:
    """As container platforms do it: the name is a link that is moved to another file."""
    target = path.parent / f"generation-{len(list(path.parent.iterdir()))}"
    target.mkdir()
    (target / path.name).write_text(text, encoding="utf-8")
    link = path.with_suffix(".link")
    link.symlink_to(target / path.name)
    link.replace(path)


def take_away_and_back(path: Path, text: str) -> None:
    path.unlink()
    threading.Event().wait(2 * SETTLE_S)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("save", [edit, replace, swap_link, take_away_and_back])
def test_an_edit_is_applied_between_two_events(
    desk: Desk, folder: Path, save: Callable[[Path, str], None]
) -> None:
    save(folder / "risk.yaml", "max_order_lots: 11\n")
    event = desk.wait()
    assert event == ConfigChanged((("risk.max_order_lots", "10", "11"),), 1)
    config, changes = desk.applied[-1]
    assert config.risk.max_order_lots == 11 == desk.reloader.config.risk.max_order_lots
    assert config.risk.max_open_orders == 9  # the override is still the last layer
    assert changes == (Change("risk.max_order_lots", "10", "11"),)
    assert [e.result for e in desk.of(Audited) if isinstance(e, Audited)] == ["applied"]


def test_nothing_holds_before_its_event_is_handled(desk: Desk, folder: Path) -> None:
    edit(folder / "risk.yaml", "max_order_lots: 11\n")
    assert desk._arrived.wait(PATIENCE_S)
    assert desk.reloader.config.risk.max_order_lots == 10
    assert desk.applied == []
    desk.wait()
    assert desk.reloader.config.risk.max_order_lots == 11


def test_an_invalid_edit_keeps_the_old_values_and_is_told_once(desk: Desk, folder: Path) -> None:
    edit(folder / "risk.yaml", "max_order_lots: 0\nmax_net_lots: x\n")
    event = desk.wait()
    assert isinstance(event, ConfigRefused)
    assert len(event.faults) == 2
    assert "risk.yaml:1:17: risk.max_order_lots: found 0" in event.faults[0]
    assert desk.applied == []
    assert desk.reloader.config.risk.max_order_lots == 10
    assert len(desk.of(AlertRaised)) == 1
    edit(folder / "risk.yaml", "max_order_lots: 0\nmax_net_lots: x\n\n")
    assert desk.quiet()
    edit(folder / "risk.yaml", "max_order_lots: 12\n")
    assert desk.wait() == ConfigChanged((("risk.max_order_lots", "10", "12"),), 1)


def test_a_half_written_file_is_survived(desk: Desk, folder: Path) -> None:
    for part in (
        "max_order_",
        "",
        "max_order_lots: 1",
        "max_order_lots: [",
        "max_order_lots: 15\n",
    ):
        edit(folder / "risk.yaml", part)
        threading.Event().wait(SETTLE_S / 4)
    assert desk.wait() == ConfigChanged((("risk.max_order_lots", "10", "15"),), 1)
    assert desk.of(ConfigRefused) == []


@pytest.mark.parametrize("gone", [True, False])
def test_a_lost_or_emptied_file_does_not_bring_the_defaults_back(
    desk: Desk, folder: Path, gone: bool
) -> None:
    if gone:
        (folder / "risk.yaml").unlink()
    else:
        edit(folder / "risk.yaml", "")
    event = desk.wait()
    assert isinstance(event, ConfigRefused)
    assert ("is gone" if gone else "is empty now") in event.faults[0]
    assert desk.reloader.config.risk.max_order_lots == 10


def test_a_save_that_changes_nothing_is_no_event(desk: Desk, folder: Path) -> None:
    edit(folder / "risk.yaml", "# a comment\nmax_order_lots: 10\n")
    edit(folder / "notes.txt", "not ours")
    assert desk.quiet()


def test_a_key_that_needs_a_restart_waits_for_it(desk: Desk, folder: Path) -> None:
    edit(folder / "system.yaml", "app: {account: other}\nkernel: {slice_us: 700}\n")
    desk.wait()
    assert desk.reloader.config.app.account == "sim"
    assert desk.reloader.config.kernel.slice_us == 700
    assert desk.reloader.pending == {"app.account": Change("app.account", '"sim"', '"other"')}
    assert [change.key for change in desk.applied[-1][1]] == ["kernel.slice_us"]
    edit(folder / "system.yaml", "app: {account: sim}\nkernel: {slice_us: 700}\n")
    desk.wait()
    assert desk.reloader.pending == {}


def test_what_a_component_will_not_take_is_taken_back_and_owed(desk: Desk, folder: Path) -> None:
    desk.fail_on = "kernel.slice_us"
    edit(folder / "system.yaml", "kernel: {slice_us: 700, error_budget: 3}\n")
    desk.wait()
    assert len(desk.of(HandlerFailed)) == 1
    assert desk.reloader.config.kernel.error_budget != 3
    desk.fail_on = ""
    edit(folder / "system.yaml", "kernel: {slice_us: 800, error_budget: 3}\n")
    desk.wait()
    kernel = desk.reloader.config.kernel
    assert (kernel.slice_us, kernel.error_budget) == (800, 3)


def test_an_edit_before_the_watch_began_is_not_missed(folder: Path) -> None:
    desk = Desk(folder)
    edit(folder / "risk.yaml", "max_order_lots: 11\n")
    desk.reloader.start()
    try:
        desk.wait()
    finally:
        desk.reloader.stop()
    assert desk.reloader.config.risk.max_order_lots == 11


def test_file_system_events_alone_suffice(folder: Path) -> None:
    desk = Desk(folder, poll_s=1_000.0)
    desk.reloader.start()
    try:
        for text in ("max_order_lots: 11\n", "max_order_lots: 12\n"):
            replace(folder / "risk.yaml", text)
            desk.wait()
    finally:
        desk.reloader.stop()
    assert desk.reloader.config.risk.max_order_lots == 12


def test_it_works_without_file_system_events(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise OSError("inotify instance limit reached")

    monkeypatch.setattr("homalos.config.watcher._observer", none_left)
    desk = Desk(folder)
    desk.reloader.start()
    try:
        edit(folder / "risk.yaml", "max_order_lots: 11\n")
        desk.wait()
    finally:
        desk.reloader.stop()
    assert desk.reloader.config.risk.max_order_lots == 11


def test_a_replay_applies_the_recorded_difference_without_a_file(folder: Path) -> None:
    desk = Desk(folder)
    default = desk.reloader.config.risk.max_order_lots
    recorded = ConfigChanged((("risk.max_order_lots", str(default), "23"),), 5)
    desk.bus.post(recorded)
    desk.bus.run_until_idle()
    assert desk.reloader.config.risk.max_order_lots == 23


def test_no_thread_is_left_behind(folder: Path) -> None:
    before = threading.active_count()
    for _ in range(3):
        desk = Desk(folder)
        desk.reloader.start()
        desk.reloader.stop()
    Desk(folder).reloader.stop()  # never started
    assert threading.active_count() == before
