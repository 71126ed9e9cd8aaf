"""What becomes of a strategy that fails: counted, told, silenced, quarantined, restarted."""

from collections.abc import Callable
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
from homalos.strategy import loader
from homalos.strategy.context import Services
from homalos.strategy.isolation import TimeBudgetExceeded
from homalos.strategy.slot import TRANSITIONS, Slot

TIMER_OWNER = "strategies"
"""Owner of the timers that end a back-off; their name is the strategy's."""


class Faults:
    """Runs hooks under the guard, and knows what follows when one fails."""

    def __init__(self, core: Services) -> None:
        self._core = core

    def call(self, slot: Slot, hook: Callable[..., Any], *args: Any) -> bool:
        """Run a hook of a strategy under the guard; whether it returned in peace."""
        fault = self._core.guard.call(slot.id, hook, *args)
        if fault is None:
            return True
        self.failed(slot, hook.__name__, fault)
        return False

    def failed(self, slot: Slot, hook: str, fault: BaseException) -> None:
        """A hook raised: count, tell, and quarantine when a budget is spent."""
        slot.errors += 1
        text = self.tell(slot, hook, fault)
        if slot.state is not StrategyState.RUNNING:
            return
        spent = slot.error_budget.spend(self._now())
        if isinstance(fault, TimeBudgetExceeded):
            self._quarantine(slot, f"{hook} did not return / 回调未返回: {text}", final=True)
        elif spent:
            self._quarantine(
                slot, f"error budget spent / 异常预算用尽, {hook}: {text}", final=False
            )

    def take_fields(self, slot: Slot) -> None:
        """Read the state fields of a strategy into its slot; what cannot be kept is told."""
        strategy = slot.strategy
        if strategy is None:
            return
        for name in strategy.state_fields:
            try:
                slot.fields[name] = msgspec.to_builtins(
                    getattr(strategy, name), builtin_types=(bytes,), str_keys=False
                )
            except (TypeError, AttributeError, ValueError) as error:
                self.alert(slot, Severity.ERROR, f"state field {name} cannot be kept: {error}")

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
        path = slot.loaded.path if slot.loaded is not None else None
        text = loader.describe(fault, path)
        logger.opt(exception=fault).warning("{}: {} raised", slot.actor, hook)
        self._core.bus.publish(HandlerFailed(slot.actor, hook, text, self._now()))
        return text

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
        """Cancel what opens, and what no word was heard of; exits go on working."""
        for intent in slot.desk.on(None):
            ids = [leg.id for leg in intent.legs.values() if leg.offset is Offset.OPEN]
            if intent.waiting_lots:
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
