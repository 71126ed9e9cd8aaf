"""Intents that are held, retried, chased, replaced, or that end at a time: part of the manager.

Time-outs and tries run in event time. Every step is an outcome in the journal (``IntentChanged``)
before anything leaves, so that a restart goes on from the last one: never two rounds at a time, and
none before all orders of the round before have ended with all their fills booked (FACTS B13). What
is recovered moves again when books and venue agree. A market order's tries are of one run: it means
now, not after a restart.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timers
from homalos.model.enums import IntentStage, OnTimeout, OrderKind, Phase, Severity
from homalos.model.events import (
    Denial,
    IntentChanged,
    Reconciled,
    ReplaceOrder,
    SubmitOrder,
)
from homalos.model.ids import UNATTRIBUTED, InstrumentId, OrderId, StrategyId
from homalos.model.times import MILLISECOND
from homalos.model.trading import Order
from homalos.trading import merge
from homalos.trading.cancels import PASS_IN
from homalos.trading.registry import is_open
from homalos.trading.states import LIVE
from homalos.trading.working.closing import Closing
from homalos.trading.working.plan import ROUND_IDS, Plan, restored, round_of

if TYPE_CHECKING:
    from homalos.trading.manager import OrderManager

_S = IntentStage
_MARKET, _CHASE = OrderKind.MARKET, OnTimeout.CHASE
_LATE = "its time is over / 已过有效时间"
_TRADES = frozenset({None, Phase.CONTINUOUS})
"""Phases in which what is held may leave."""


class WorkingIntents:
    """See the module."""

    def __init__(self, bus: Bus, timers: Timers, manager: "OrderManager") -> None:
        self._bus = bus
        self._timers = timers
        self._manager = manager
        self.plans: dict[OrderId, Plan] = {}
        """By intent, the oldest first."""

    # ------------------------------------------------------------ rounds

    def start(self, intent: SubmitOrder, price: float) -> None:
        """The first round of an intent that no stage has held."""
        plan = Plan(intent)
        if self._late(plan):
            self._manager.deny_intent(intent, 0, Denial("good_till", 0, 0, _LATE))
            return
        self.plans[intent.intent_id] = plan
        self._send(plan, (intent,), price)

    def hold(self, intent: SubmitOrder, plan: Plan | None, why: str) -> None:
        """Let it wait until ``release``; what waits already says only what is new."""
        if plan is None:
            plan = self.plans[intent.intent_id] = Plan(intent)
        elif plan.stage is _S.HELD and plan.why == why:
            return
        plan.stage, plan.why = _S.HELD, why
        self._wait(plan, 0)
        self._tell(plan, intent.lots)
        text = f"{intent.side.value} {intent.lots} {intent.instrument} of {intent.strategy}"
        self._manager.alert(Severity.INFO, f"{text} is held / 暂存: {why}")

    def release(self, id_: OrderId) -> None:
        """What held this intent may be over: ask the stages again."""
        plan = self.plans.get(id_)
        if plan is None or plan.stage is not _S.HELD or plan.recovered:
            return
        if self._manager.phase(plan.intent.instrument) in _TRADES:  # else: on_phase
            self._round(plan)

    def release_on(self, instrument: InstrumentId) -> None:
        """The same for all that is held in one contract."""
        for id_, plan in list(self.plans.items()):
            if plan.intent.instrument == instrument:
                self.release(id_)

    def _round(self, plan: Plan) -> None:
        """Send what is left, if the stages let it pass."""
        orders = self._manager.registry.of_intent(plan.intent.intent_id)
        now = self._bus.clock.now()  # an order is made when it leaves, whenever it was wished
        intent, parts = replace(plan.intent, ts_init=now), list[SubmitOrder]()
        if orders:
            closing, opening = plan.rest(orders)
            intent = replace(intent, lots=closing + opening, price=self._price(plan))
        if intent.lots <= 0:
            self._end(plan, "nothing is left of it")
            return
        if self._late(plan):
            self._drop(plan, _LATE, told=False)
            return
        asked = self._manager.ask(intent, plan)
        if asked is None:
            if plan.stage is not _S.HELD:
                self._drop(plan, "denied")
            return
        intent, price = asked
        if not orders:
            parts = [intent]
        else:
            if closing:
                parts.append(replace(intent, lots=closing, reduce_only=True))
            if opening:
                parts.append(replace(intent, lots=opening))
        self._send(plan, parts, price)

    def _price(self, plan: Plan) -> float | None:
        """A chase goes to the opposite price, but for its first order."""
        intent, manager = plan.intent, self._manager
        if intent.on_timeout is not _CHASE or intent.kind is _MARKET or not plan.tries:
            return intent.price
        ticks = manager.section.chase_ticks if intent.ticks is None else intent.ticks
        return manager.price_through(intent, ticks)

    def _send(self, plan: Plan, parts: Sequence[SubmitOrder], price: float) -> None:
        """On record before anything leaves."""
        manager, number = self._manager, plan.number
        plan.stage, plan.why, plan.placing = _S.WORKING, "", True
        plan.first = len(manager.registry.of_intent(plan.intent.intent_id))
        plan.tries += 1
        plan.rounds += 1
        plan.replaced = False
        self._wait(plan, plan.intent.timeout_ms)
        self._tell(plan, sum(part.lots for part in parts))
        for part in parts:
            number = manager.send(part, price, number)
        plan.placing = False
        if (step := self._over(plan)) is not None:
            self._round(step)

    def over(self, order: Order) -> Plan | None:
        """An order has changed. A plan whose next round is due at once; ``go_on`` sends it, when
        the end of the last one has been told."""
        plan = self.plans.get(order.intent_id)
        if plan is None or plan.placing or plan.recovered or self._manager.muted:
            return None
        return self._over(plan)

    def go_on(self, plan: Plan) -> None:
        if plan.stage is _S.RETRY:
            self._round(plan)

    def _over(self, plan: Plan) -> Plan | None:
        if plan.stage not in (_S.WORKING, _S.ENDING):
            return None
        orders = self._manager.registry.of_intent(plan.intent.intent_id)
        if any(is_open(order) for order in orders[plan.first :]):
            return None
        lots, market = sum(plan.rest(orders)), plan.intent.kind is _MARKET
        if plan.stage is _S.WORKING and not market:
            self._end(plan, "")
        elif lots <= 0 or plan.tries >= plan.cap(self._manager.section):
            self._end(plan, f"{lots} lots are not traded" if lots > 0 else "")
        else:
            at_once = plan.stage is _S.ENDING
            plan.stage = _S.RETRY
            self._wait(plan, 0 if at_once else self._manager.section.try_again_ms)
            self._tell(plan, lots)
            return plan if at_once else None
        return None

    # ------------------------------------------------------------ ends

    def _end(self, plan: Plan, why: str) -> None:
        """Nothing more will be sent; what may still work is no longer watched here."""
        self.plans.pop(plan.intent.intent_id, None)
        plan.stage, plan.why, plan.due = _S.ENDED, why, 0
        self._disarm(plan)
        self._tell(plan, 0)

    def _drop(self, plan: Plan, why: str, *, told: bool = True) -> None:
        """``_end``; ``told``: its strategy has been told by a denial."""
        if not told:
            self._manager.deny_intent(self._remaining(plan), plan.number, Denial("held", 0, 0, why))
        self._end(plan, why)

    def _remaining(self, plan: Plan) -> SubmitOrder:
        orders = self._manager.registry.of_intent(plan.intent.intent_id)
        lots = sum(plan.rest(orders)) if orders else plan.intent.lots
        return replace(plan.intent, lots=lots)

    def _to_send(self, plan: Plan) -> int:
        """Lots that wait, beside what works."""
        return self._remaining(plan).lots if plan.stage in (_S.HELD, _S.RETRY) else 0

    def stop(self, id_: OrderId, why: str) -> None:
        """A cancel: no further round. Its orders are the caller's to cancel."""
        order = self._manager.registry.get(id_)
        plan = self.plans.get(id_ if order is None else order.intent_id)
        if plan is not None:
            self._stop(plan, why)

    def stop_all(self, why: str) -> None:
        for plan in list(self.plans.values()):
            self._stop(plan, why)

    def _stop(self, plan: Plan, why: str) -> None:
        self._drop(plan, why, told=plan.stage not in (_S.HELD, _S.RETRY))

    def stop_opens(self, found: Closing, strategy: StrategyId, why: str) -> None:
        """No further round of what does not close, of one strategy or (empty) of all; of a reversal
        the lots that close go on. Orders that work are the caller's to cancel."""
        for plan in list(self.plans.values()):
            if strategy not in ("", plan.intent.strategy):
                continue
            closing, opening = found.of_plan(plan)
            if closing <= 0 < opening:
                self._stop(plan, why)
            elif opening > 0:
                self._cut(plan, closing, why)

    def _cut(self, plan: Plan, closing: int, why: str) -> None:
        """Go on with the lots that still close; where no order tells of the others, a denial."""
        intent, before = plan.intent, self._to_send(plan)
        orders = self._manager.registry.of_intent(intent.intent_id)
        lots = min(intent.lots, closing + sum(order.booked_lots for order in orders))
        if intent.reduce_only and lots == intent.lots:
            return  # this was said before
        plan.intent = replace(intent, lots=lots, reduce_only=True)
        if plan.stage is not _S.HELD:
            plan.why = why
        left = self._to_send(plan)
        self._tell(plan, left)
        if left < before:
            gone = replace(plan.intent, lots=before - left)
            number = plan.number + ROUND_IDS - 1  # none that its next round will use
            self._manager.deny_intent(gone, number, Denial("held", 0, 0, why))

    # ------------------------------------------------------------ time

    def _wait(self, plan: Plan, wait_ms: int) -> None:
        """Look again after ``wait_ms`` (0: no wait), or when its time is over."""
        due = self._bus.clock.now() + wait_ms * MILLISECOND if wait_ms else 0
        till = plan.intent.good_till
        plan.due = min(due, till) if due and till else due or till
        self._arm(plan)

    def _arm(self, plan: Plan) -> None:
        self._disarm(plan)
        if plan.due and not self._manager.muted:
            plan.timer = self._timers.call_at(plan.due, partial(self._look, plan))

    @staticmethod
    def _disarm(plan: Plan) -> None:
        if plan.timer is not None:
            plan.timer.cancel()
            plan.timer = None

    def _late(self, plan: Plan) -> bool:
        return 0 < plan.intent.good_till <= self._bus.clock.now()

    def _look(self, plan: Plan) -> None:
        """Its time has come."""
        plan.timer = None
        if plan.stage is _S.HELD:
            self._drop(plan, _LATE, told=False)
        elif plan.stage is _S.RETRY:
            if self._late(plan):
                self._drop(plan, _LATE, told=False)
            else:
                self._round(plan)
        elif self._manager.phase(plan.intent.instrument) in PASS_IN:  # else: on_phase
            self._time_out(plan)

    def _time_out(self, plan: Plan) -> None:
        intent, section = plan.intent, self._manager.section
        if plan.stage is _S.WORKING:
            chases = intent.on_timeout is _CHASE and plan.tries < plan.cap(section)
            if not chases or self._late(plan):
                plan.intent = replace(intent, max_tries=plan.tries)  # the last round
            elif not self._manager.budget.affords(intent.instrument):
                text = f"no cancel to spare in {intent.instrument}: {intent.intent_id} rests"
                self._manager.alert(Severity.WARNING, f"{text}, not chased / 撤单预算不足,不追单")
                plan.intent = replace(intent, max_tries=plan.tries, timeout_ms=0)
                self._wait(plan, 0)
                self._tell(plan, 0)
                return
        self._cancel(plan, _LATE)

    def _cancel(self, plan: Plan, why: str) -> None:
        """End the round; what is refused is asked for again."""
        news = plan.stage is not _S.ENDING or plan.why != why
        plan.stage, plan.why = _S.ENDING, why
        plan.due = self._bus.clock.now() + self._manager.section.cancel_retry_ms * MILLISECOND
        self._arm(plan)
        if news:
            self._tell(plan, 0)
        orders = self._manager.registry.of_intent(plan.intent.intent_id)
        for order in orders[plan.first :]:
            self._manager.cancels.request(order)

    def on_phase(self, exchange: str, product: str) -> None:
        """Held intents may leave, overdue orders may be cancelled."""
        now = self._bus.clock.now()
        for plan in list(self.plans.values()):
            contract = self._manager.contract(plan.intent.instrument)
            if plan.recovered or contract is None:
                continue
            if (contract.exchange, contract.product) != (exchange, product):
                continue
            if plan.stage is _S.HELD:
                self.release(plan.intent.intent_id)
            elif plan.timer is None and 0 < plan.due <= now:
                self._look(plan)

    # ------------------------------------------------------------ replace

    def on_replace(self, command: ReplaceOrder) -> None:
        """Cancel, wait for the end, send what is left of the new terms: never both at a time."""
        fault = self._replace(command)
        if fault:
            text = f"{command.order_id} is not replaced / 未改单: {fault}"
            self._manager.alert(Severity.WARNING, text)

    def _replace(self, command: ReplaceOrder) -> str:
        orders = self._manager.registry.of_intent(command.order_id)
        id_ = orders[0].intent_id if orders else command.order_id
        plan = self.plans.get(id_)
        if plan is None:
            orders = self._manager.registry.of_intent(id_)
            if not any(order.status in LIVE for order in orders):
                return "nothing of it works"
            if orders[0].strategy == UNATTRIBUTED:
                return "it is not an order of this daemon"
            plan = Plan(_intent(orders))
            plan.first = next(n for n, order in enumerate(orders) if is_open(order))
            plan.rounds = 1 + max(round_of(order) for order in orders)
        if plan.intent.kind is _MARKET:
            return "a market order has no terms to change"
        held = plan.stage is _S.HELD and id_ in self.plans
        if not held and not self._manager.budget.affords(plan.intent.instrument):
            return f"no cancel to spare in {plan.intent.instrument}"
        self._new_terms(plan, command, held=held)
        return ""

    def _new_terms(self, plan: Plan, command: ReplaceOrder, *, held: bool) -> None:
        intent = plan.intent
        plan.intent = replace(
            intent,
            price=intent.price if command.price is None else command.price,
            lots=intent.lots if command.lots is None else command.lots,
        )
        plan.tries, plan.replaced = 0, plan.rounds > 0
        self.plans[intent.intent_id] = plan
        if held:
            why, plan.why = plan.why, ""  # the terms are news, though the reason is not
            self.release(intent.intent_id)
            if plan.stage is _S.HELD and not plan.why:
                plan.why = why
                self._tell(plan, self._remaining(plan).lots)
        else:
            plan.stage = _S.WORKING  # the terms are news, though it may be ending already
            self._cancel(plan, f"replaced by / 改单: {command.who}")

    # ------------------------------------------------------------ restart

    def recover(self, event: IntentChanged) -> None:
        """From the journal: the last record of an intent holds."""
        id_ = event.intent.intent_id
        self.plans.pop(id_, None)
        if event.stage is not _S.ENDED:
            self.plans[id_] = restored(event)

    def forget(self) -> None:
        """A new trading day: nothing of the old one is sent any more."""
        if self._manager.muted:
            self.plans.clear()
        else:
            self.stop_all("the trading day is over / 交易日结束")

    def on_reconciled(self, event: Reconciled) -> None:
        """Books and venue agree: go on with what an earlier run left."""
        if not event.agreed:
            return
        if any(plan.recovered for plan in self.plans.values()):
            # Not within this event: strategies that it lets in must not hear of it twice.
            self._timers.call_at(self._bus.clock.now(), self._resume_all)

    def _resume_all(self) -> None:
        for plan in list(self.plans.values()):
            if plan.recovered:
                plan.recovered = False
                self._resume(plan)

    def _resume(self, plan: Plan) -> None:
        registry, id_ = self._manager.registry, plan.intent.intent_id
        if plan.intent.kind is _MARKET and plan.stage is not _S.HELD:
            over = not any(is_open(order) for order in registry.of_intent(id_)[plan.first :])
            self._drop(plan, "the daemon was restarted between two tries", told=not over)
        elif registry.get(merge.part_id(id_, plan.number)) is not None and plan.rounds:
            self._drop(plan, "its next orders are at the venue already")
        elif plan.stage is _S.HELD:
            self._arm(plan)
            self.release(id_)
        elif plan.stage is _S.RETRY:
            self._round(plan)
        elif (step := self._over(plan)) is not None:
            self._round(step)
        elif plan.stage is not _S.ENDED:
            self._arm(plan)

    # ------------------------------------------------------------ telling

    def _tell(self, plan: Plan, lots: int) -> None:
        """Outcome and fact in one."""
        event = plan.record(lots, self._bus.clock.now())
        if not self._manager.muted:
            self._bus.record(event)
        self._manager.publish(event)

    def checkpoint(self) -> None:
        """Put all of it into the journal anew: what stands before this is not read again."""
        for event in self.pending():
            self._bus.record(event, Kind.CHECKPOINT)

    def pending(self) -> tuple[IntentChanged, ...]:
        """All that is worked on, as it stands: for strategies at their start, and for the page."""
        now = self._bus.clock.now()
        return tuple(plan.record(self._to_send(plan), now) for plan in self.plans.values())

    def state(self) -> tuple[object, ...]:
        return tuple(self.plans[id_].state() for id_ in sorted(self.plans))


def _intent(orders: Sequence[Order]) -> SubmitOrder:
    """The wish that these orders of one intent still are: what works, and what has traded."""
    first = next(order for order in orders if is_open(order))
    return SubmitOrder(
        first.intent_id, first.account, first.strategy, first.instrument, first.side,
        sum(o.lots if is_open(o) else o.booked_lots for o in orders), first.price, first.kind,
        first.tif, None, first.ts_init, first.ts_trigger,
    )  # fmt: skip
