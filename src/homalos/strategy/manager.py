"""The strategies' door to the bus: routes events to those who asked for them, and takes commands.

One subscription a class of event. A tick costs one look-up and one guarded call a listener; order
facts and trades go by the id of the order, never by its contract.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from homalos.config.sections.strategy import StrategyEntry, StrategySection
from homalos.kernel.bus import Bus
from homalos.kernel.ids import OrderIds
from homalos.kernel.timers import Timers
from homalos.model.enums import Severity, StrategyState
from homalos.model.events import (
    ORDER_FACTS,
    AlertRaised,
    Audited,
    ConditionalChanged,
    InstrumentListed,
    IntentChanged,
    OrderFact,
    OrderSubmitted,
    PhaseChanged,
    StrategyCommand,
    SubmitOrder,
    TimerFired,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, InstrumentId, StrategyId
from homalos.model.journaled import CoreTold
from homalos.model.market import Bar, Tick
from homalos.model.reconciling import PositionAdjusted
from homalos.strategy.context import BarHistory, Context, Services, TradingView
from homalos.strategy.faults import TIMER_OWNER, Faults
from homalos.strategy.isolation import Guard, Watchdog
from homalos.strategy.last_day import LastDays
from homalos.strategy.lifecycle import CommandRefused, Lifecycle
from homalos.strategy.slot import Router, Slot, StrategyInfo
from homalos.strategy.stuck import StuckFile
from homalos.strategy.watch import FolderWatch
from homalos.strategy.words import describe, plain, safe_text
from homalos.trading.delivery.near import Near

_ACTOR = "strategies"
_ROLE = "strategy"
NOTHING_NEAR: Mapping[InstrumentId, Near] = {}


class StrategyManager:
    """See the module.

    ``watchdog`` False: no time budget, no file watch, no clock read; for replays and backtests,
    whose results must not depend on how fast the machine is. ``resolve`` overrides how a pattern
    of strategies.yaml becomes a contract; ``near`` tells which may not be opened any more (the
    delivery's). ``stuck_file`` remembers over the end of the process
    which strategy ended it. Attach it after the books, so that a fill is booked when it is told.
    """

    def __init__(
        self,
        bus: Bus,
        timers: Timers,
        ids: OrderIds,
        view: TradingView,
        bars: BarHistory,
        subscribe: Callable[[Iterable[InstrumentId]], None],
        section: StrategySection,
        entries: Sequence[StrategyEntry],
        folder: Path,
        *,
        account: AccountId,
        resolve: Callable[[str], InstrumentId | None] | None = None,
        near: Mapping[InstrumentId, Near] = NOTHING_NEAR,
        watchdog: bool = True,
        stuck_file: Path | None = None,
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._section = section
        self._entries = {StrategyId(entry.id): entry for entry in entries}
        self.folder = folder
        self._slots: dict[StrategyId, Slot] = {}
        self._actors: dict[str, Slot] = {}
        self._guard = Guard(watchdog, section.slow_ms, self._slow)
        self._router = Router(self._slots, subscribe, bars.require)
        self._core = Services(
            bus, timers, ids, view, bars, self._guard, self._router, section, account
        )
        self._faults = Faults(self._core)
        self._last_days = LastDays(self._core, near)
        self._life = Lifecycle(
            self._core, self._slots, folder, resolve or self._router.resolve, self._faults,
            self._last_days,
        )  # fmt: skip
        self._stuck = StuckFile(stuck_file)
        self._watchdog = Watchdog(self._guard, self._stuck.add) if watchdog else None
        self._watch: FolderWatch | None = None
        self._watched: dict[Path, tuple[StrategyId, ...]] = {}
        self._ticks = self._router.ticks
        self._last = self._core.last
        self.configure(section)

    def attach(self) -> None:
        """Subscribe, before the gateway connects: listings are heard here."""
        subscribe = self._bus.subscribe
        subscribe(Tick, self._on_tick, actor=_ACTOR, role=_ROLE)
        subscribe(Bar, self._on_bar, actor=_ACTOR, role=_ROLE)
        for fact in ORDER_FACTS:
            self._bus.subscribe(fact, self._on_order, actor=_ACTOR, role=_ROLE)
        subscribe(IntentChanged, self._on_intent, actor=_ACTOR, role=_ROLE)
        subscribe(ConditionalChanged, self._on_conditional, actor=_ACTOR, role=_ROLE)
        subscribe(TradeFilled, self._on_trade, actor=_ACTOR, role=_ROLE)
        subscribe(PhaseChanged, self._on_phase, actor=_ACTOR, role=_ROLE)
        subscribe(TimerFired, self._on_timer, actor=_ACTOR, role=_ROLE)
        subscribe(InstrumentListed, self._on_listed, actor=_ACTOR, role=_ROLE)
        subscribe(TradingDayChanged, self._on_trading_day, actor=_ACTOR, role=_ROLE)
        subscribe(PositionAdjusted, self._on_adjusted, actor=_ACTOR, role=_ROLE)
        subscribe(StrategyCommand, self._on_command, actor=_ACTOR, role=_ROLE)

    def start(self) -> None:
        """Load all entries and start the enabled ones; begin to watch. On the loop's thread, once
        books and venue agree."""
        self._guard.here()
        self._bus.note(CoreTold("start"))
        if self._watchdog is not None:
            self._watchdog.start()
        for entry in self._entries.values():
            slot = self._load(entry)
            if self._stuck.has(slot.id):
                self._warn_stuck(slot)
            elif entry.enabled and slot.state is StrategyState.LOADED:
                self._faults.contain(slot, "start", self._life.start, slot)
        if self._watchdog is not None and self._section.reload_on_edit and self.folder.is_dir():
            self._watch = FolderWatch(
                self.folder, self._section.reload_settle_ms, self._file_edited
            )
            self._watch.start()

    def stop(self) -> None:
        """``on_stop`` for all that run; the threads end. Their cancels are on the bus: drain it."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        self._bus.note(CoreTold("stop"))
        for slot in self._slots.values():
            if slot.state is StrategyState.RUNNING:
                self._faults.contain(
                    slot, "stop", self._life.stop, slot, "the daemon stops / 系统停止"
                )
        if self._watchdog is not None:
            self._watchdog.stop()

    def configure(self, section: StrategySection) -> None:
        """Apply the keys that hold at once."""
        self._core.section = section
        self._guard.slow_ns = int(section.slow_ms * 1_000_000)
        if self._watchdog is not None:
            self._watchdog.configure(section.time_budget_ms, section.exit_after_ms)
        for slot in self._slots.values():
            slot.error_budget.resize(section.error_budget, section.error_window_s)

    def guarded(
        self, owner: str, function: Callable[..., Any], *args: Any
    ) -> BaseException | None:
        """Call other code of the trader's (a risk rule) under the same watch over its time; what
        it raised. Not from within a hook."""
        return self._guard.call(owner, function, *args)

    # ------------------------------------------------------------ reading

    def strategies(self) -> tuple[StrategyInfo, ...]:
        """All strategies, in the order in which they were loaded."""
        return tuple(slot.info() for slot in self._slots.values())

    def state(self) -> tuple[Any, ...]:
        """State for the hash and for ``restore``: of each strategy, sorted, (id, state, contracts,
        parameters, state fields, desk)."""
        rows = []
        for slot in sorted(self._slots.values(), key=lambda slot: slot.id):
            if slot.state is StrategyState.RUNNING:
                self._faults.take_fields(slot)
            values = tuple(sorted(slot.values.items()))
            fields = tuple(sorted(slot.fields.items()))
            desk = slot.desk.state()
            rows.append((slot.id, slot.state.value, slot.instruments, values, fields, desk))
        return tuple(rows)

    def restore(self, state: Iterable[Sequence[Any]]) -> None:
        """Give back what ``state`` gave in an earlier run, before ``start``: the state fields.
        Parameters are strategies.yaml's word, positions the books'."""
        for strategy, _, _, _, fields, *_ in state:
            self._life.saved_fields[StrategyId(strategy)] = dict(fields)

    # ------------------------------------------------------------ market

    def _on_tick(self, tick: Tick) -> None:
        self._last[tick.instrument] = tick
        slots = self._ticks.get(tick.instrument)
        if not slots:
            return
        self._core.trigger = tick.ts_native
        for slot in slots:
            slot.ticks += 1
            fault = self._guard.call(slot.id, slot.on_tick, tick)
            if fault is not None:
                self._faults.failed(slot, "on_tick", fault)
        self._core.trigger = 0

    def _on_bar(self, bar: Bar) -> None:
        for slot in self._router.bars.get((bar.instrument, bar.period), ()):
            slot.bars += 1
            self._faults.call(slot, "on_bar", bar)

    def _on_phase(self, event: PhaseChanged) -> None:
        product = (event.exchange, event.product)
        self._router.phase[product] = event.phase
        for slot in self._router.phases.get(product, ()):
            self._faults.call(slot, "on_phase", event)

    def _on_listed(self, event: InstrumentListed) -> None:
        self._router.list(event.instrument)
        self._life.retry_waiting()

    def _on_trading_day(self, event: TradingDayChanged) -> None:
        self._core.forget_day()
        self._router.trading_day = event.trading_day
        for slot in list(self._slots.values()):
            slot.desk.forget_day()
            if slot.strategy is not None and slot.acting and "on_trading_day" in slot.hears:
                self._faults.call(slot, "on_trading_day", event)
            self._last_days.look(slot)

    def _on_adjusted(self, event: PositionAdjusted) -> None:
        if event.cause == "expired":
            for desk in self._life.desks().values():
                desk.expire(event.instrument, event.direction)

    def _on_timer(self, event: TimerFired) -> None:
        if event.owner == TIMER_OWNER:
            self._restart(StrategyId(event.name))
            return
        slot = self._actors.get(event.owner)
        timer = slot.timers.get(event.name) if slot is not None else None
        now = self._bus.clock.now()
        if slot is None or timer is None or timer[0].when > now or slot.strategy is None:
            return  # dropped, or set anew, while it waited in its lane
        del slot.timers[event.name]
        when, period = timer[0].when, timer[1]
        if period:  # those that were missed are not made up for
            when += period * (1 + (now - when) // period)
            Context(self._core, slot).set_timer(event.name, when, period)
        self._faults.call(slot, "on_timer", event.name)

    # ------------------------------------------------------------ orders

    def _on_order(self, event: OrderFact) -> None:
        order = event.order
        owners = self._core.owners
        desk = owners.get(order.intent_id)
        if desk is None:
            desk = self._life.desks().get(order.strategy)  # sent in its name by a person
            if desk is None:
                return
            owners[order.intent_id] = desk
        owners[order.id] = desk
        desk.on_order(order)
        slot = self._slots.get(desk.strategy)
        if slot is None:
            return
        slot.orders += event.__class__ is OrderSubmitted
        if slot.strategy is None or not slot.acting:
            return
        if "on_order" in slot.hears:
            self._faults.call(slot, "on_order", order)
        if desk.targets:
            go_on = Context(self._core, slot).go_on
            self._faults.contain(slot, "target", go_on, order.instrument)

    def _on_intent(self, event: IntentChanged) -> None:
        id_, strategy = event.intent.intent_id, event.intent.strategy
        desk = self._core.owners.get(id_) or self._life.desks().get(strategy)
        if desk is None:
            return
        self._core.owners[id_] = desk
        desk.on_intent(event)
        slot = self._slots.get(desk.strategy)
        if desk.targets and slot is not None and slot.strategy is not None and slot.acting:
            go_on = Context(self._core, slot).go_on
            self._faults.contain(slot, "target", go_on, event.intent.instrument)

    def expect(self, intent: SubmitOrder) -> None:
        """A conditional order has fired: its strategy counts on the intent from now on, not only
        when its orders come, or it might close the same lots a second time on this tick."""
        desk = self._life.desks().get(intent.strategy)
        if desk is not None:
            self._core.owners[intent.intent_id] = desk
            desk.open(
                intent.intent_id, intent.instrument, intent.side, intent.lots, intent.price,
                intent.tag,
            )  # fmt: skip

    def _on_conditional(self, event: ConditionalChanged) -> None:
        order = event.order
        desk = self._life.desks().get(order.strategy)
        if desk is None:
            return
        desk.on_conditional(order)
        slot = self._slots.get(order.strategy)
        if slot is not None and slot.acting and "on_conditional" in slot.hears:
            self._faults.call(slot, "on_conditional", order)

    def _on_trade(self, event: TradeFilled) -> None:
        trade = event.trade
        desk = self._core.owners.get(trade.order_id) if trade.order_id is not None else None
        if desk is None:
            return
        desk.on_trade(trade)
        slot = self._slots.get(desk.strategy)
        if slot is None:
            return
        slot.trades += 1
        if slot.strategy is None or not slot.acting:
            return
        if "on_trade" in slot.hears:
            self._faults.call(slot, "on_trade", trade)
        if desk.targets:
            go_on = Context(self._core, slot).go_on
            self._faults.contain(slot, "target", go_on, trade.instrument)

    # ------------------------------------------------------------ commands

    def _on_command(self, command: StrategyCommand) -> None:
        now = self._bus.clock.now()
        try:
            result = self._obey(command)
        except CommandRefused as error:
            why = safe_text(error)
            result = f"refused / 拒绝: {why}"
            source = f"strategy:{command.strategy}"
            self._bus.publish(AlertRaised(Severity.WARNING, source, why, now))
        except Exception as error:
            slot = self._slots.get(command.strategy)
            if slot is None:
                raise
            result = f"failed / 失败: {describe(error)}"
            self._faults.give_up(slot, command.action, error)
        if result:
            self._bus.publish(
                Audited(command.who, f"strategy {command.action}", command.strategy, result, now)
            )

    def _obey(self, command: StrategyCommand) -> str:
        if command.action == "load":
            slot = self._load(self._entry(command))
            return f"{slot.state}: {slot.why}"
        slot_or_none = self._slots.get(command.strategy)
        if slot_or_none is None:
            raise CommandRefused(f"{command.strategy}: no such strategy / 无此策略")
        slot = slot_or_none
        if command.action == "start":
            self._stuck.remove(slot.id)
            slot.restarts_in_row = 0
            self._life.start(slot)
        elif command.action == "stop":
            self._life.stop(slot, f"stopped by / 停止: {command.who}")
        elif command.action == "unload":
            self._life.unload(slot)
            self._actors.pop(slot.actor, None)
            self._note_files()
            return "unloaded / 已卸载"
        elif command.action == "reload":
            return self._life.reload(slot, if_changed=command.who == "file")
        elif command.action == "set":
            return self._life.set_parameters(slot, _parameters(command.payload), command.who)
        else:
            raise CommandRefused(f"{command.action}: no such action / 无此操作")
        return f"{slot.state}: {slot.why}"

    def _entry(self, command: StrategyCommand) -> StrategyEntry:
        if not command.payload:
            entry = self._entries.get(command.strategy)
            if entry is None:
                raise CommandRefused(f"{command.strategy} is not in strategies.yaml / 未配置")
            return entry
        try:
            entry = msgspec.json.decode(command.payload, type=StrategyEntry)
        except msgspec.MsgspecError as error:
            raise CommandRefused(f"{command.strategy}: {error}") from None
        if entry.id != command.strategy:
            raise CommandRefused(f"{command.strategy}: the entry's id is {entry.id}")
        return entry

    def _load(self, entry: StrategyEntry) -> Slot:
        slot = self._life.load(entry)
        self._actors[slot.actor] = slot
        self._note_files()
        return slot

    def _note_files(self) -> None:
        """Which strategies a file is for, replaced whole: the watching thread reads it."""
        watched: dict[Path, tuple[StrategyId, ...]] = {}
        for slot in self._slots.values():
            path = (self.folder / slot.entry.file.partition(":")[0]).resolve()
            watched[path] = (*watched.get(path, ()), slot.id)
        self._watched = watched

    def _file_edited(self, path: Path) -> None:
        """On the watching thread: ask for a reload, no more."""
        for strategy in self._watched.get(path, ()):
            self._bus.post(StrategyCommand(strategy, "reload", "file", self._bus.clock.now()))

    def _restart(self, strategy: StrategyId) -> None:
        slot = self._slots.get(strategy)
        if slot is None or slot.state is not StrategyState.QUARANTINED:
            return
        slot.restarts += 1
        self._faults.contain(slot, "restart", self._life.start, slot)

    def _warn_stuck(self, slot: Slot) -> None:
        why = "it did not return and ended the last run; start it by hand / 上次卡死,请手动启动"
        self._faults.move(slot, "stop", why) if slot.state is StrategyState.LOADED else None
        self._faults.alert(slot, Severity.CRITICAL, why)

    def _slow(self, strategy: str, hook: str, ns: int) -> None:
        slot = self._slots.get(StrategyId(strategy))
        if slot is None:
            return
        slot.slow += 1
        slot.slowest_ns = max(slot.slowest_ns, ns)
        if str(slot.slow).strip("0") == "1":  # the 1st, 10th, 100th ...
            text = f"{plain(hook)} took {ns / 1e6:.1f} ms (slow call {slot.slow}) / 回调过慢"
            self._faults.alert(slot, Severity.WARNING, text)


def _parameters(payload: str) -> dict[str, Any]:
    try:
        given = json.loads(payload)
    except ValueError as error:
        raise CommandRefused(f"parameters are not JSON: {error}") from None
    if not isinstance(given, dict):
        raise CommandRefused("parameters must be a JSON object of names and values")
    return given
