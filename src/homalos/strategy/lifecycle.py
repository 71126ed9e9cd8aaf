"""The life of a strategy: loaded, running, stopped, failed, quarantined.

``slot.TRANSITIONS`` is the whole of it. All here runs between two events, on the loop's thread.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.enums import Severity, StrategyState
from homalos.model.events import StrategyParametersChanged
from homalos.model.ids import InstrumentId, StrategyId
from homalos.strategy import loader
from homalos.strategy.base import Strategy
from homalos.strategy.context import Context, Services
from homalos.strategy.desk import Desk
from homalos.strategy.faults import Faults
from homalos.strategy.isolation import ErrorBudget, looks_for
from homalos.strategy.last_day import LastDays
from homalos.strategy.loader import Loaded, LoadError
from homalos.strategy.params import ParameterError, check_all
from homalos.strategy.slot import TRANSITIONS, Slot
from homalos.strategy.words import safe_text


class CommandRefused(Exception):  # noqa: N818  the command is refused, nothing has gone wrong
    """A command that cannot be done; nothing has changed. The message says why."""


class Lifecycle:
    """Loads, starts, stops, reloads, changes and isolates strategies."""

    def __init__(
        self,
        core: Services,
        slots: dict[StrategyId, Slot],
        folder: Path,
        resolve: Callable[[str], InstrumentId | None],
        faults: Faults,
        last_days: LastDays,
    ) -> None:
        self._core = core
        self._last_days = last_days
        self._faults = faults
        self._slots = slots
        self._folder = folder
        self._resolve = resolve
        self._desks: dict[StrategyId, Desk] = {}
        self.saved_fields: dict[StrategyId, dict[str, Any]] = {}
        """State fields of the last run, for strategies that are not loaded yet."""

    # ------------------------------------------------------------ commands

    def load(self, entry: StrategyEntry) -> Slot:
        """Bring a strategy in; it does not run. What cannot be loaded is ``FAILED``, not absent,
        so that it can be mended and started. ``CommandRefused``: the id is taken."""
        if StrategyId(entry.id) in self._slots:
            raise CommandRefused(f"{entry.id} is loaded already / 策略已加载")
        section = self._core.section
        budget = ErrorBudget(section.error_budget, section.error_window_s)
        slot = Slot(entry, self.desk(StrategyId(entry.id)), budget)
        slot.fields = self.saved_fields.pop(slot.id, {})
        self._slots[slot.id] = slot
        self._core.view.set_mode(slot.id, entry.book_mode)
        try:
            slot.loaded = self._load_code(slot)
            slot.values = self._checked(slot, slot.loaded, {}, entry.params)
        except (LoadError, ParameterError) as error:
            self._fail(slot, f"cannot be loaded / 无法加载: {error}")
        else:
            self._faults.move(slot, "load", "loaded / 已加载")
        return slot

    def start(self, slot: Slot) -> None:
        """Run it, or wait for its contracts. ``CommandRefused``: it runs already."""
        self._must(slot, "start")
        self._faults.drop_restart(slot)
        try:
            if slot.loaded is None:
                slot.loaded = self._load_code(slot)
            slot.values = self._checked(slot, slot.loaded, slot.entry.params, slot.values)
        except (LoadError, ParameterError) as error:
            self._fail(slot, f"cannot be loaded / 无法加载: {error}")
            return
        missing = self._resolve_instruments(slot)
        slot.waiting = bool(missing)
        if missing:
            names = ", ".join(missing)
            self._faults.move(slot, "wait", f"waits for {names} to be listed / 等待合约上市")
        else:
            self._begin(slot, "started / 已启动")

    def stop(self, slot: Slot, why: str) -> None:
        """``on_stop``, then silence. ``CommandRefused``: it does not run."""
        self._must(slot, "stop")
        self._faults.drop_restart(slot)
        slot.waiting = False
        if slot.state is StrategyState.RUNNING:
            self._end(slot)
        self._faults.move(slot, "stop", why)

    def unload(self, slot: Slot) -> None:
        """Stop and forget the code; its book and its orders stay with its name."""
        if (slot.state, "stop") in TRANSITIONS:
            self.stop(slot, "unloaded / 已卸载")
        self._core.router.clear(slot)
        del self._slots[slot.id]
        self.saved_fields[slot.id] = slot.fields
        if slot.loaded is not None:
            slot.loaded.drop()

    def reload(self, slot: Slot, *, if_changed: bool = False) -> str:
        """New code from the file; parameters, state fields and position carry over.

        ``CommandRefused``: the file cannot be used; the old code goes on as if nothing had been.
        A running strategy is stopped (``on_stop``) and the new one started between two events.
        """
        old = slot.loaded
        try:
            source = loader.read(self._folder, slot.entry.file)
            if if_changed and old is not None and source.sha256 == old.sha256:
                return ""
            new = self._run_source(slot, source)
            try:
                kept = _set_by_hand(slot, old, new)
                values = self._checked(slot, new, slot.entry.params, kept)
            except ParameterError as error:
                new.drop()
                raise LoadError(str(error)) from None
        except LoadError as error:
            kept_text = (
                "the old code goes on / 旧代码继续运行" if old else "still no code / 仍无代码"
            )
            raise CommandRefused(f"not reloaded, {kept_text}: {error}") from None
        self._replace(slot, old, new, values)
        return f"reloaded {new.sha256[:12]} / 已重新加载"

    def set_parameters(self, slot: Slot, given: dict[str, Any], who: str) -> str:
        """Change parameters, running or not. ``CommandRefused``: nothing has changed."""
        if slot.loaded is None:
            raise CommandRefused(f"{slot.id} has no code / 策略未加载成功")
        try:
            values = self._checked(slot, slot.loaded, slot.values, given)
        except ParameterError as error:
            raise CommandRefused(f"parameters not changed / 参数未改: {error}") from None
        old = {name: slot.values[name] for name in given if slot.values[name] != values[name]}
        if not old:
            return "nothing to change / 无变化"
        slot.values = values
        changes = tuple((n, json.dumps(old[n]), json.dumps(values[n])) for n in sorted(old))
        self._core.bus.publish(
            StrategyParametersChanged(slot.id, who, changes, self._core.bus.clock.now())
        )
        if slot.strategy is not None and slot.state is StrategyState.RUNNING:
            fault = self._core.guard.call(slot.id, _set_all, slot.strategy, old, values)
            if fault is not None:
                self._faults.failed(slot, "on_parameters", fault)
            else:
                self._faults.call(slot, "on_parameters", dict(old))
        return ", ".join(f"{n}: {a} -> {b}" for n, a, b in changes)

    # ------------------------------------------------------------ running

    def desk(self, strategy: StrategyId) -> Desk:
        """The desk of a strategy, begun from the books and from the orders that still work."""
        desk = self._desks.get(strategy)
        if desk is None:
            desk = self._desks[strategy] = Desk(strategy)
            view = self._core.view
            for book in view.books():
                if book.strategy == strategy and book.net_lots:
                    desk.net[book.instrument] = book.net_lots
            for order in view.live():
                if order.strategy == strategy:
                    desk.recover(order)
                    self._core.owners[order.id] = self._core.owners[order.intent_id] = desk
            for held in view.conditionals():
                if held.strategy == strategy:
                    desk.on_conditional(held)
            for event in view.intents():
                if event.intent.strategy == strategy:
                    desk.on_intent(event)
                    self._core.owners[event.intent.intent_id] = desk
        return desk

    def desks(self) -> dict[StrategyId, Desk]:
        return self._desks

    def retry_waiting(self) -> None:
        """A contract was listed: start whoever waited for it."""
        for slot in list(self._slots.values()):
            if slot.waiting:
                missing = self._resolve_instruments(slot)
                if not missing:
                    slot.waiting = False
                    self._faults.contain(slot, "on_start", self._begin, slot, "started / 已启动")

    # ------------------------------------------------------------ inside

    def _must(self, slot: Slot, action: str) -> None:
        if (slot.state, action) not in TRANSITIONS:
            raise CommandRefused(f"{slot.id} is {slot.state}: cannot {action} / 当前状态不允许")

    def _load_code(self, slot: Slot) -> Loaded:
        return self._run_source(slot, loader.read(self._folder, slot.entry.file))

    def _run_source(self, slot: Slot, source: loader.Source) -> Loaded:
        """``LoadError``: it raised, or has no single strategy."""
        module = loader.make_module(source)
        found: list[Loaded] = []

        def run_file() -> None:
            found.append(loader.run_module(source, module))

        with _Patience(self._core):
            fault = self._core.guard.call(slot.id, run_file)
        if fault is None:
            return found[0]
        loader.forget(module)
        if type(fault) is LoadError:
            raise LoadError(safe_text(fault))
        raise LoadError(self._faults.told_on_import(slot, source.path, fault))

    def _checked(
        self, slot: Slot, loaded: Loaded, base: dict[str, Any], given: dict[str, Any]
    ) -> dict[str, Any]:
        """Defaults, ``base`` over them, ``given`` over both; checked one by one and together."""
        cls = loaded.cls
        values: dict[str, Any] = {name: p.default for name, p in cls.parameters.items()}
        values |= check_all(cls.parameters, base) | check_all(cls.parameters, given)
        faults: list[str] = []

        def check_parameters() -> None:
            try:
                cls.check_parameters(dict(values))
            except ValueError as error:
                faults.append(safe_text(error) or "check_parameters raised ValueError")

        fault = self._core.guard.call(slot.id, check_parameters)
        if fault is not None:
            raise ParameterError(self._faults.in_words(slot, fault, loaded.path))
        if faults:
            raise ParameterError(faults[0])
        return values

    def _resolve_instruments(self, slot: Slot) -> list[str]:
        """Fix the slot's contracts; the patterns that mean nothing yet. Once resolved they stay,
        a strategy does not change its contract behind the trader's back; but for a start after
        one of them may not be opened any more."""
        closed = any(map(self._last_days.closed, slot.instruments))
        if not slot.entry.instruments or (slot.instruments and not closed):
            return []
        found = [
            (pattern, self._held(slot, pattern) or self._resolve(pattern))
            for pattern in slot.entry.instruments
        ]
        missing = [pattern for pattern, instrument in found if instrument is None]
        if not missing:
            slot.instruments = tuple(instrument for _, instrument in found if instrument)
        return missing

    def _held(self, slot: Slot, pattern: str) -> InstrumentId | None:
        """The contract of a product in which the strategy still has a position, if it has one."""
        for instrument, lots in sorted(slot.desk.net.items()):
            contract = self._core.router.listed.get(instrument)
            if lots and contract and pattern == f"{contract.exchange}.{contract.product}":
                return instrument
        return None

    def _begin(self, slot: Slot, why: str) -> bool:
        """A fresh strategy of the slot's code starts; whether it did."""
        slot.error_budget.refill()
        slot.acting = True
        slot.started_at = self._core.bus.clock.now()
        with _Patience(self._core):
            fault = self._core.guard.call(slot.id, self._enter, slot)
        if fault is None:
            self._faults.move(slot, "start", why)
            self._last_days.look(slot)
            return True
        slot.errors += 1
        text = self._faults.tell(slot, "on_start", fault)
        self._faults.silence(slot)
        self._faults.cancel_entries(slot)
        self._fail(slot, f"on_start: {text}")
        return False

    def _enter(self, slot: Slot) -> None:
        """Make the strategy and start it: runs under the guard, like all strategy code."""
        assert slot.loaded is not None
        cls = slot.loaded.cls
        strategy = cls(Context(self._core, slot), slot.values)
        for name in cls.state_fields:
            if name in slot.fields:
                setattr(strategy, name, slot.fields[name])
        slot.install(strategy)
        for instrument in slot.instruments:
            strategy.subscribe(instrument)
        strategy.on_start()

    def _end(self, slot: Slot) -> None:
        """``on_stop``, orders still allowed; then nothing reaches it any more."""
        assert slot.strategy is not None
        fault = self._core.guard.call(slot.id, slot.hooks["on_stop"])
        self._faults.take_fields(slot)
        self._faults.silence(slot)
        if fault is not None:
            slot.errors += 1
            self._faults.tell(slot, "on_stop", fault)
            self._faults.cancel_entries(slot)

    def _replace(self, slot: Slot, old: Loaded | None, new: Loaded, values: dict[str, Any]) -> None:
        old_values = slot.values
        running = slot.state is StrategyState.RUNNING
        if running:
            self.stop(slot, "reloading / 重新加载中")
        slot.loaded, slot.values = new, values
        if running and not self._begin(slot, "reloaded / 已重新加载") and old is not None:
            why = slot.why
            new.drop()
            slot.loaded, slot.values = old, old_values
            self._begin(slot, "the old code goes on / 旧代码继续运行")
            raise CommandRefused(f"not reloaded, the old code goes on / 旧代码继续运行: {why}")
        if old is not None:
            old.drop()
        if slot.state is StrategyState.FAILED and not running:
            self._faults.move(slot, "load", "reloaded / 已重新加载")

    def _fail(self, slot: Slot, why: str) -> None:
        slot.waiting = False
        self._faults.move(slot, "fail", why)
        self._faults.alert(slot, Severity.ERROR, why)


def _set_all(strategy: Strategy, names: dict[str, Any], values: dict[str, Any]) -> None:
    """Under the guard: to set an attribute may be strategy code."""
    for name in names:
        setattr(strategy, name, values[name])


def _set_by_hand(slot: Slot, old: Loaded | None, new: Loaded) -> dict[str, Any]:
    """Parameters that somebody has set: the others follow the defaults of the new code."""
    declared = old.cls.parameters if old is not None else {}
    return {
        name: value
        for name, value in slot.values.items()
        if name in new.cls.parameters and (name not in declared or value != declared[name].default)
    }


class _Patience:
    """A longer time budget while a file is imported or ``on_start`` warms up."""

    def __init__(self, core: Services) -> None:
        self._core = core

    def __enter__(self) -> None:
        section = self._core.section
        self._core.guard.looks_allowed = looks_for(section.load_budget_ms, section.time_budget_ms)

    def __exit__(self, *_: object) -> None:
        self._core.guard.looks_allowed = looks_for(0, 1)
