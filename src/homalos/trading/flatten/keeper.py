"""The actor of flattens: a kill with a scope, a strategy's end of day, and what becomes of them.

A kill is in the journal before anything of it leaves and at each new stage, so a restart goes on
with it as soon as books and venue were compared. It ends when nothing of its scope is left (more
than one strategy's: when the venue says so too), or by a person: ``EndFlatten``; the word that
lifts the halt; for one strategy, its start. Options and combinations are never closed from here:
the gateway keeps them apart (``opaque_positions``).
"""

from collections.abc import Callable, Iterable

import msgspec

from homalos.config.sections.risk import RiskSection
from homalos.config.sections.strategy import StrategyEntry
from homalos.config.sections.trading import TradingSection
from homalos.gateway.protocol import OpaquePosition
from homalos.kernel.bus import Bus
from homalos.kernel.ids import OrderIds
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timer, Timers
from homalos.market.sessions import Sessions
from homalos.model.enums import (
    Channel,
    FlattenStage,
    KillScope,
    Severity,
    StrategyState,
    TradingState,
)
from homalos.model.events import (
    ORDER_FACTS,
    AlertRaised,
    Audited,
    BeginFlatten,
    ConnectionChanged,
    EndFlatten,
    FlattenChanged,
    KillSwitch,
    OrderDenied,
    OrderFact,
    OrderRejected,
    OrderSubmitted,
    PhaseChanged,
    Reconciled,
    SetTradingState,
    StrategyCommand,
    StrategyStateChanged,
)
from homalos.model.flatten import EVERYBODY, FlattenJob
from homalos.model.ids import InstrumentId, StrategyId
from homalos.model.times import MILLISECOND, SECOND
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.flatten.block import BlockStage
from homalos.trading.flatten.day import DayFlat
from homalos.trading.flatten.job import Job, restored
from homalos.trading.flatten.work import Worker
from homalos.trading.manager import OrderManager
from homalos.trading.registry import is_open

ACTOR = "flatten"
ASK_EVERY = 10 * SECOND
"""Between two questions to the venue whether all is flat."""
IDLE = 5 * SECOND
"""Between two looks while nothing can leave; what changes that is heard at once."""
_S = FlattenStage
_ALERTS = {_S.FLAT: Severity.WARNING, _S.WAITING: Severity.CRITICAL}


def _none() -> tuple[OpaquePosition, ...]:
    return ()


class Flatten:
    """See the module. The only writer of flattens, and of ``TradingControl.exits``."""

    def __init__(
        self,
        bus: Bus,
        timers: Timers,
        books: Books,
        orders: OrderManager,
        control: TradingControl,
        sessions: Sessions,
        ids: OrderIds,
        *,
        subscribe: Callable[[Iterable[InstrumentId]], None],
        entries: Iterable[StrategyEntry] = (),
        opaque: Callable[[], tuple[OpaquePosition, ...]] = _none,
    ) -> None:
        self._bus = bus
        self._timers = timers
        self._orders = orders
        self._opaque = opaque
        self._ids = ids
        self._jobs: dict[str, Job] = {}
        self._running: set[StrategyId] = set()
        self._timer: Timer | None = None
        self._worker = Worker(bus, books, orders, control, ids, subscribe)
        self._day = DayFlat(bus, timers, books, orders.registry, sessions, self._begin_day)
        self._block = BlockStage(control.exits, self._day.closing)
        orders.stages.insert(0, self._block)
        for entry in entries:
            self._learn(entry)

    def attach(self) -> None:
        """Subscribe: after the orders, before the strategies."""
        for event, handler in (
            (BeginFlatten, self._on_begin),
            (EndFlatten, self._on_end),
            (SetTradingState, self._on_set),
            (KillSwitch, self._on_kill),
            (StrategyCommand, self._on_command),
            (StrategyStateChanged, self._on_strategy),
            (ConnectionChanged, self._on_connection),
            (Reconciled, self._on_reconciled),
            (PhaseChanged, self._on_phase),
            *((fact, self._on_order) for fact in ORDER_FACTS),
        ):
            self._bus.subscribe(event, handler, actor=ACTOR, role="orders")  # type: ignore[arg-type]

    def configure(self, trading: TradingSection, risk: RiskSection) -> None:
        """Apply the keys that hold at once."""
        self._worker.section, self._worker.risk = trading, risk

    def _learn(self, entry: StrategyEntry) -> None:
        strategy = StrategyId(entry.id)
        if self._day.learn(entry):
            self._block.daily.add(strategy)
        else:
            self._block.daily.discard(strategy)

    # ------------------------------------------------------------ beginnings

    def _on_begin(self, event: BeginFlatten) -> None:
        self.begin(event.scope, event.strategy, event.who, event.why)

    def begin(self, scope: KillScope, strategy: StrategyId, who: str, why: str) -> None:
        """A kill: block, cancel, close. Who calls this halts trading himself; the event does both.
        A second one of the same scope changes nothing."""
        now = self._bus.clock.now()
        if scope is KillScope.CANCEL:
            self._bus.publish(KillSwitch(who, why, now))
            return
        strategy = strategy if scope is KillScope.STRATEGY else EVERYBODY
        for job in self._jobs.values():
            if (job.scope, job.strategy, job.until) == (scope, strategy, 0) and job.works:
                self._audit(who, job, "goes on already / 已在进行")
                return
        self._start(Job(self._ids.next(), scope, strategy, who, why, now))
        if strategy in self._running:
            self._stop(strategy, who)

    def _begin_day(
        self, strategy: StrategyId, instrument: InstrumentId, end: int, escalates_at: int
    ) -> None:
        why = "flat before the session ends / 收盘前清仓"
        self._begin_until(strategy, instrument, end, escalates_at, "day-flat", why)

    def close_contract(
        self, instrument: InstrumentId, until: int, escalates_at: int, who: str, why: str
    ) -> None:
        """Close every lot of the account in one contract, whoever's, before ``until``; gently
        before ``escalates_at``. Not on record: whoever asks for it asks anew after a restart."""
        self._begin_until(EVERYBODY, instrument, until, escalates_at, who, why)

    def _begin_until(
        self, strategy: StrategyId, instrument: InstrumentId, until: int, escalates_at: int,
        who: str, why: str,
    ) -> None:  # fmt: skip
        where = strategy, instrument, until
        for job in self._jobs.values():
            if (job.strategy, job.instrument, job.until) == where:
                if not job.works:
                    self._again(job, escalates_at)
                return
        scope = KillScope.ACCOUNT if strategy == EVERYBODY else KillScope.STRATEGY
        self._start(
            Job(
                self._ids.next(), scope, strategy, who, why, self._bus.clock.now(),
                instrument=instrument, until=until, escalates_at=escalates_at,
            )
        )  # fmt: skip

    def _again(self, job: Job, escalates_at: int) -> None:
        """It was flat, and lots have come since: another terminal's, say."""
        job.stage, job.text, job.escalates_at = _S.CANCELLING, "", escalates_at
        self._tell(job)
        self._alert(Severity.WARNING, job, "lots have come since, goes on / 又有持仓，继续平仓")
        self._worker.cancel_all(job)
        self._soon()

    def _start(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._blocks()
        self._tell(job)
        severity = Severity.INFO if job.until else Severity.CRITICAL
        self._alert(severity, job, f"begins / 开始: {job.who}: {job.why}")
        self._audit(job.who, job, f"begins / 开始: {job.why}")
        self._worker.cancel_all(job)
        self._soon()

    def _stop(self, strategy: StrategyId, who: str) -> None:
        now = self._bus.clock.now()
        self._bus.publish(StrategyCommand(strategy, "stop", f"{ACTOR}:{who}", now))

    def _blocks(self) -> None:
        """What is blocked, anew: more than one strategy's is the halt's affair."""
        self._block.blocked.clear()
        self._block.contracts.clear()
        for job in self._jobs.values():
            if job.until and job.scope is KillScope.ACCOUNT and job.blocks:
                self._block.contracts[job.instrument] = f"{job.who}: {job.why}"
            if job.blocks and not job.whole and not job.until:
                why = f"{job.strategy} was killed by {job.who}: {job.why} / 策略已被强平并停止"
                self._block.blocked[job.strategy] = why

    # ------------------------------------------------------------ ends by a person

    def _on_end(self, event: EndFlatten) -> None:
        for job in list(self._jobs.values()):
            if event.strategy in (EVERYBODY, job.strategy):
                self._end(job, f"ended by / 终止: {event.who}: {event.why}", event.who)

    def _on_set(self, event: SetTradingState) -> None:
        """A person who lets orders pass again ends what closes them all."""
        if event.state is TradingState.HALTED or event.who.startswith("watch:"):
            return
        for job in list(self._jobs.values()):
            if job.whole:
                self._end(job, f"ended by / 终止: {event.who}: {event.why}", event.who)

    def _on_command(self, event: StrategyCommand) -> None:
        """A start by a person lifts the block; a load may bring new words on its end of day."""
        if event.action == "load" and event.payload:
            try:
                self._learn(msgspec.json.decode(event.payload, type=StrategyEntry))
            except msgspec.MsgspecError:
                return  # the strategies' manager refuses it and says so
        if event.action == "start" and not event.who.startswith(ACTOR):
            for job in list(self._jobs.values()):
                if job.strategy == event.strategy and not job.until:
                    self._end(job, f"started by / 启动: {event.who}", event.who)

    def _end(self, job: Job, why: str, who: str) -> None:
        self._worker.release(job)
        job.stage, job.text = _S.ENDED, why
        self._close(job)
        self._audit(who, job, why)

    def _close(self, job: Job) -> None:
        """Forget it, and tell."""
        self._jobs.pop(job.id, None)
        self._blocks()
        self._tell(job)

    # ------------------------------------------------------------ the world

    def _on_kill(self, event: KillSwitch) -> None:
        """It cancels all by itself; where it cannot, a person has to know."""
        if text := self._worker.line_down():
            now = self._bus.clock.now()
            self._bus.publish(AlertRaised(Severity.CRITICAL, ACTOR, text, now))

    def _on_strategy(self, event: StrategyStateChanged) -> None:
        """What was killed does not run again by itself: by a restart, a reload, a back-off."""
        if event.state is not StrategyState.RUNNING:
            self._running.discard(event.strategy)
            return
        self._running.add(event.strategy)
        if event.strategy in self._block.blocked:
            self._stop(event.strategy, "kill")

    def _on_connection(self, event: ConnectionChanged) -> None:
        if event.channel is Channel.TRADING:
            self._worker.ready = False
            self._soon()

    def _on_reconciled(self, event: Reconciled) -> None:
        first, self._worker.ready = not self._worker.ready, True
        if first:
            self._day.watch_all()
        for job in list(self._jobs.values()):
            if job.stage is not _S.CHECKING or not job.asked_at:
                continue
            if event.agreed:
                self._flat(job)
            else:
                job.text = f"flat by our books, but the venue differs: {event.differences[0]}"
                self._tell(job)
        self._soon()

    def _on_phase(self, _: PhaseChanged) -> None:
        self._soon()

    def _on_order(self, event: OrderFact) -> None:
        if event.__class__ is OrderSubmitted:
            if event.order.strategy in self._block.daily:
                self._day.watch(event.order.strategy, event.order.instrument)
            return
        if not self._jobs:
            return
        if isinstance(event, OrderDenied | OrderRejected):
            denials = event.denials if isinstance(event, OrderDenied) else ()
            for job in self._jobs.values():
                self._worker.refused(job, event.order, [denial.rule for denial in denials])
        if not is_open(event.order):
            self._soon()

    # ------------------------------------------------------------ steps

    def _soon(self) -> None:
        """A step at the end of this event's work."""
        if any(job.works for job in self._jobs.values()):
            self._at(self._bus.clock.now())

    def _at(self, when: int) -> None:
        timer = self._timer
        if timer is not None and timer.callback is not None:
            if timer.when <= when:
                return
            timer.cancel()
        self._timer = self._timers.call_at(when, self._step)

    def _step(self) -> None:
        self._timer = None
        now = self._bus.clock.now()
        for job in list(self._jobs.values()):
            if job.until and now >= job.until:
                self._session_over(job)
            elif job.works:
                self._work(job, now)
        waits = [job for job in self._jobs.values() if job.works or job.until]
        if waits:
            idle = all(job.idle for job in waits if job.works)
            step = IDLE if idle else self._worker.section.flatten_step_ms * MILLISECOND
            ends = [job.until for job in waits if not job.works]
            works = len(ends) < len(waits)
            self._at(min([*ends, now + step] if works else ends))

    def _work(self, job: Job, now: int) -> None:
        checking = job.stage is _S.CHECKING
        text = job.text
        self._worker.work(job, now)
        if job.stage is not _S.CHECKING:
            job.asked_at = 0
        elif not job.whole:
            self._flat(job)
            return
        elif not checking or now - job.asked_at >= ASK_EVERY:
            job.asked_at = now
            self._tell(job)
            self._orders.sync.request("is all flat?")
            return
        else:
            job.text = text
        self._tell(job)

    def _flat(self, job: Job) -> None:
        job.stage, job.text = _S.FLAT, "flat / 已全部平仓"
        kept = self._opaque() if job.scope is KillScope.ACCOUNT and job.whole else ()
        if kept:
            job.text += (
                f"; {len(kept)} option, combination or hedge positions are not closed from here / "
                f"{len(kept)} 笔期权、组合或套保持仓不由此处平仓"
            )
        self._tell(job)
        self._audit(job.who, job, job.text)

    def _session_over(self, job: Job) -> None:
        """A day-flat's time is over, whatever it came to."""
        lots = sum(leg.lots for leg in job.legs.values())
        if job.works and (lots or job.orders):
            waits = "; ".join(dict.fromkeys(leg.waits for leg in job.legs.values() if leg.waits))
            text = f"NOT FLAT at the session's end: {lots} lots / 收盘时未平仓: {lots} 手"
            job.text = f"{text}: {job.text or waits}"
            self._alert(Severity.CRITICAL, job, job.text)
        job.stage = _S.ENDED
        self._close(job)
        self._day.watch_all()

    # ------------------------------------------------------------ telling, keeping

    def _tell(self, job: Job) -> None:
        """Progress; on record where its stage is a new one. A day-flat is the clock's to begin
        anew after a restart."""
        row, before = job.record(), job.told
        if row == before:
            return
        job.told = row
        changed = FlattenChanged(row, self._bus.clock.now())
        new_stage = before is None or before.stage is not row.stage
        if new_stage and not job.until:
            self._bus.record(changed)
        self._bus.publish(changed)
        severity = _ALERTS.get(row.stage)
        if severity is not None and (new_stage or (before is not None and before.text != row.text)):
            waits = "; ".join(dict.fromkeys(leg.waits for leg in row.legs if leg.waits))
            self._alert(severity, job, row.text or waits)

    def _audit(self, who: str, job: Job, result: str) -> None:
        target = job.strategy or "account"
        action = f"flatten {job.scope.value}"
        self._bus.publish(Audited(who, action, target, result, self._bus.clock.now()))

    def _alert(self, severity: Severity, job: Job, text: str) -> None:
        what = " ".join(("flatten / 平仓", job.scope.value, job.strategy, job.instrument)).strip()
        now = self._bus.clock.now()
        self._bus.publish(AlertRaised(severity, ACTOR, f"{what}: {text}", now))

    def fold(self, row: FlattenJob) -> None:
        """From the journal: the last record of a kill holds."""
        self._jobs.pop(row.id, None)
        if row.stage is not _S.ENDED:
            self._jobs[row.id] = restored(row)
        self._blocks()

    def checkpoint(self) -> None:
        """Put every kill into the journal anew: what stands before this is not read again."""
        for job in self._jobs.values():
            if not job.until:
                changed = FlattenChanged(job.record(), self._bus.clock.now())
                self._bus.record(changed, Kind.CHECKPOINT)

    # ------------------------------------------------------------ questions

    def jobs(self) -> tuple[FlattenJob, ...]:
        """All that works or blocks, the oldest first."""
        return tuple(job.record() for job in self._jobs.values())

    def state(self) -> tuple[object, ...]:
        return tuple(job.state() for job in self._jobs.values() if not job.until)
