"""What becomes of a strategy that fails: counted, told, silenced, quarantined, restarted.

Two nets. An exception becomes text under the guard, by ``words``, since it may be a strategy's own
class. Should the handling of a failure fail all the same, ``give_up`` quarantines the strategy with
a plain text: nothing of one strategy reaches the others' handler.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from loguru import logger

from homalos.model.enums import Offset, Severity, StrategyState
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    CancelOrder,
    HandlerFailed,
    StrategyStateChanged,
    TimerFired,
)
from homalos.model.times import SECOND
from homalos.strategy import words
from homalos.strategy.context import Services
from homalos.strategy.isolation import TimeBudgetExceeded
from homalos.strategy.slot import TRANSITIONS, Slot

TIMER_OWNER = "strategies"
"""Owner of the timers that end a back-off; their name is the strategy's."""


class Faults:
    """Runs hooks under the guard, and knows what follows when one fails."""

    def __init__(self, core: Services) -> None:
        self._core = core

    def call(self, slot: Slot, hook: str, *args: Any) -> bool:
        """Run a hook of a strategy under the guard; whether it returned in peace."""
        fault = self._core.guard.call(slot.id, slot.hooks[hook], *args)
        if fault is None:
            return True
        self.failed(slot, hook, fault)
        return False

    def failed(self, slot: Slot, hook: str, fault: BaseException) -> None:
        """A hook raised: count, tell, and quarantine when a budget is spent. Raises nothing."""
        slot.errors += 1
        self.contain(slot, hook, self._failed, slot, hook, fault)

    def contain(self, slot: Slot, what: str, action: Callable[..., Any], *args: Any) -> None:
        """The second net, around the core's own work for one strategy: where that fails, this
        strategy is given up and the others never hear of it."""
        try:
            action(*args)
        except BaseException as error:  # noqa: BLE001  isolation: whatever it raises
            self.give_up(slot, what, error)

    def give_up(self, slot: Slot, what: str, error: BaseException) -> None:
        """Quarantine it in plain words, calling nothing of its code any more."""
        why = f"{what} failed, and so did its handling / 异常处理失败: {words.describe(error)}"
        self._log(slot, what, why, error)
        slot.waiting = False
        self.silence(slot)
        self.cancel_entries(slot)
        if (slot.state, "quarantine") in TRANSITIONS:
            self.move(slot, "quarantine", why)
        elif slot.state is StrategyState.LOADED:
            self.move(slot, "fail", why)
        self._core.bus.publish(ActorQuarantined(slot.actor, why, self._now()))
        self.alert(slot, Severity.CRITICAL, f"quarantined / 已隔离: {why}")

    def _failed(self, slot: Slot, hook: str, fault: BaseException) -> None:
        text = self.tell(slot, hook, fault)
        if slot.state is not StrategyState.RUNNING:
            return
        spent = slot.error_budget.spend(self._now())
        if issubclass(type(fault), TimeBudgetExceeded):  # it may lie about its ``__class__``
            self._quarantine(slot, f"{hook} did not return / 回调未返回: {text}", final=True)
        elif spent:
            self._quarantine(
                slot, f"error budget spent / 异常预算用尽, {hook}: {text}", final=False
            )

    def take_fields(self, slot: Slot) -> None:
        """Read the state fields of a strategy into its slot; what cannot be kept is told."""
        if slot.strategy is None or slot.loaded is None:
            return
        for name in slot.loaded.cls.state_fields:
            fault = self._core.guard.call(slot.id, _take_field, slot, name)
            if fault is not None:
                text = f"state field {name} cannot be kept / 状态字段无法保存"
                self.alert(slot, Severity.ERROR, f"{text}: {self.in_words(slot, fault)}")

    def alert(self, slot: Slot, severity: Severity, text: str) -> None:
        self._core.bus.publish(AlertRaised(severity, slot.actor, text, self._now()))

    def move(self, slot: Slot, action: str, why: str) -> None:
        """Go to the state that ``TRANSITIONS`` says; tell it."""
        slot.state, slot.why = TRANSITIONS[slot.state, action], why
        self._core.bus.publish(StrategyStateChanged(slot.id, slot.state, why, self._now()))

    def silence(self, slot: Slot) -> None:
        slot.acting = False
        slot.desk.targets.clear()
        self._core.router.clear(slot)
        for timer, _ in slot.timers.values():
            timer.cancel()
        slot.timers.clear()

    def tell(self, slot: Slot, hook: str, fault: BaseException) -> str:
        """Log the traceback, publish the failure; return it in one line."""
        text = self.in_words(slot, fault)
        self._log(slot, hook, text, fault)
        self._core.bus.publish(HandlerFailed(slot.actor, hook, text, self._now()))
        return text

    def told_on_import(self, slot: Slot, path: Path, fault: BaseException) -> str:
        """A file raised while it was run: log the traceback; return it in one line."""
        text = self.in_words(slot, fault, path)
        self._log(slot, f"importing {path.name}", text, fault)
        return text

    def in_words(self, slot: Slot, fault: BaseException, path: Path | None = None) -> str:
        """The fault in one line, with its place in ``path`` or the slot's file. Under the guard:
        its ``__str__`` may not return either."""
        if path is None and slot.loaded is not None:
            path = slot.loaded.path
        said: list[str] = []
        mute = self._core.guard.call(slot.id, lambda: said.append(words.describe(fault, path)))
        if mute is None and said:
            return said[0]
        return f"{words.class_name(fault)}: its text did not come in time / 异常文本超时未返回"

    def _log(self, slot: Slot, hook: str, text: str, fault: BaseException) -> None:
        """The log gets text alone: it would ask the exception for more, outside the guard."""
        stack: list[str] = []
        self._core.guard.call(slot.id, lambda: stack.append(words.stack_of(fault)))
        logger.warning("{}: {} raised {}\n{}", slot.actor, hook, text, "".join(stack))

    def _quarantine(self, slot: Slot, why: str, *, final: bool) -> None:
        """It gets nothing any more and its entries are cancelled; its position is a person's."""
        self.take_fields(slot)
        self.silence(slot)
        self.cancel_entries(slot)
        self.move(slot, "quarantine", why)
        self._core.bus.publish(ActorQuarantined(slot.actor, why, self._now()))
        held = ", ".join(f"{i} {n:+d}" for i, n in sorted(slot.desk.net.items()) if n)
        held_text = f"; holds / 持仓 {held}" if held else ""
        self.alert(slot, Severity.CRITICAL, f"quarantined / 已隔离: {why}{held_text}")
        if slot.entry.restart == "backoff" and not final:
            self._back_off(slot)

    def cancel_entries(self, slot: Slot) -> None:
        """Cancel what opens, and what no word was heard of; exits go on working, and so do
        conditional orders and what they have sent."""
        for intent in slot.desk.on(None):
            ids = [leg.id for leg in intent.legs.values() if leg.offset is Offset.OPEN]
            if intent.waiting_lots and intent.id not in slot.desk.conditionals:
                ids = [intent.id]
            for order_id in ids:
                self._core.bus.publish(CancelOrder(order_id, slot.actor, self._now()))

    def _back_off(self, slot: Slot) -> None:
        section = self._core.section
        now = self._now()
        if now - slot.started_at >= section.restart_max_s * SECOND:
            slot.restarts_in_row = 0
        if slot.restarts_in_row >= section.restart_tries:
            self.alert(slot, Severity.CRITICAL, "restarts are used up / 重启次数用尽")
            return
        delay = min(section.restart_first_s << slot.restarts_in_row, section.restart_max_s)
        slot.restarts_in_row += 1
        when = now + delay * SECOND
        event = TimerFired(TIMER_OWNER, slot.id, when, when)
        slot.restart_timer = self._core.timers.post_at(when, event)
        self.alert(slot, Severity.WARNING, f"starts again in {delay} s / {delay} 秒后重启")

    def drop_restart(self, slot: Slot) -> None:
        if slot.restart_timer is not None:
            slot.restart_timer.cancel()
            slot.restart_timer = None

    def _now(self) -> int:
        return self._core.bus.clock.now()


def _take_field(slot: Slot, name: str) -> None:
    """Strategy code, where the field is a property. What the journal cannot write is not taken."""
    value = msgspec.to_builtins(
        getattr(slot.strategy, name), builtin_types=(bytes,), str_keys=False
    )
    msgspec.msgpack.encode(value)
    slot.fields[name] = value
