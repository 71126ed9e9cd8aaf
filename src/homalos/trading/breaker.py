"""The circuit breaker of each strategy, and of the account.

It opens when so many orders were rejected one after another (by the venue, or because nothing could
be sent: a strategy that answers a rejection with the same order would go on for ever), or so many
closes of a strategy lost, fees included. What opens and rests, waits or is chased ends with that,
and while it is open only what reduces passes (rule ``breaker``). It closes after the cool-down, by
a person, or when its limit is taken away; then the counts begin anew. What our own rules deny does
not count: such an order never left, the rules have done their work, and an open breaker's own
denials would keep it open. Orders of other terminals do not count: nobody here sends them again.

Counts follow from what the order manager tells, so a start has them from its fold of the journal;
that a breaker opened or closed is an outcome of its own, since limits may change in between.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from homalos.config.sections.risk import RiskSection
from homalos.kernel.bus import Bus
from homalos.kernel.records import Kind
from homalos.kernel.timers import Timer, Timers
from homalos.model.breaking import (
    WHOLE_ACCOUNT,
    BreakerCause,
    BreakerChanged,
    BreakerCount,
    BreakersKept,
    BreakerState,
    CloseBreaker,
)
from homalos.model.enums import Severity
from homalos.model.event import Event
from homalos.model.events import (
    AlertRaised,
    Audited,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    Reconciled,
    TradeFilled,
    TradingDayChanged,
)
from homalos.model.ids import UNATTRIBUTED, StrategyId
from homalos.model.times import MINUTE, china_text
from homalos.model.trading import Order, Trade
from homalos.trading.cancels import cancel_opens
from homalos.trading.registry import is_open
from homalos.trading.streaks import Streaks

ACTOR = "breaker"


class Word(Enum):
    """What a breaker can hear."""

    LIMIT = "limit"
    COOLED = "cooled"
    PERSON = "person"
    OFF = "off"
    """The limit that opened it is none any more."""


_CLOSED, _OPEN = BreakerState
TABLE: dict[tuple[BreakerState, Word], BreakerState] = {
    (_CLOSED, Word.LIMIT): _OPEN,
    (_OPEN, Word.COOLED): _CLOSED,
    (_OPEN, Word.PERSON): _CLOSED,
    (_OPEN, Word.OFF): _CLOSED,
}
"""A pair that is not here changes nothing."""

_WHAT = {
    BreakerCause.REJECTS: ("orders in a row were rejected", "笔委托连续被拒"),
    BreakerCause.LOSSES: ("closes in a row lost", "次连续亏损平仓"),
}


class Limits(NamedTuple):
    """Of one breaker; 0: off. The cool-down in ns."""

    rejects: int
    losses: int
    cool_down: int

    def of(self, cause: BreakerCause) -> int:
        most = self.rejects if cause is BreakerCause.REJECTS else self.losses
        return most if self.cool_down else 0


class Breaker:
    """See the module. The only writer of breakers."""

    def __init__(self, bus: Bus, timers: Timers, section: RiskSection) -> None:
        self._bus = bus
        self._timers = timers
        self.open: dict[StrategyId, BreakerChanged] = {}
        """Those that are open; the risk gate's view is bound to it."""
        self._streaks: dict[StrategyId, Streaks] = {}
        self._cooling: dict[StrategyId, Timer] = {}
        self._last: dict[StrategyId, str] = {}
        """What the venue said of the last rejected order: for the alert alone."""
        self.configure(section)

    def attach(self) -> None:
        """Subscribe: before the strategies, so that their answer to a rejection is judged by it."""
        for event, handler in (
            (OrderRejected, self._on_fact),
            (OrderAccepted, self._on_fact),
            (OrderFilled, self._on_fact),
            (OrderCancelled, self._on_fact),
            (TradeFilled, self._on_fact),
            (TradingDayChanged, self._on_day),
            (Reconciled, self._on_reconciled),
            (CloseBreaker, self._on_close),
        ):
            self._bus.subscribe(event, handler, actor=ACTOR, role="orders")  # type: ignore[arg-type]

    def configure(self, section: RiskSection) -> None:
        """Take new limits; a breaker whose limit is gone closes, the others keep their time."""
        each = Limits(
            section.max_consecutive_rejects, section.max_consecutive_losses,
            section.cool_down_minutes * MINUTE,
        )  # fmt: skip
        account = Limits(section.max_account_rejects, 0, each.cool_down)
        self._each = each
        self._own: dict[str, Limits] = {WHOLE_ACCOUNT: account}
        for row in section.strategies:
            minutes = row.cool_down_minutes
            self._own[row.id] = Limits(
                _given(row.max_consecutive_rejects, each.rejects),
                _given(row.max_consecutive_losses, each.losses),
                each.cool_down if minutes is None else minutes * MINUTE,
            )
        for name, found in list(self.open.items()):
            if not self._limits(name).of(found.cause):
                self._close(name, Word.OFF, "config", "its limit is off / 限额已关闭")

    def _limits(self, name: StrategyId) -> Limits:
        return self._own.get(name, self._each)

    # ------------------------------------------------------------ counting

    def _on_fact(self, fact: Event) -> None:
        for name in self._count(fact):
            self._judge(name)

    def _on_day(self, _: TradingDayChanged) -> None:
        for streaks in self._streaks.values():
            streaks.losses.new_day()
        self._judge_all()

    def _count(self, fact: Event) -> tuple[StrategyId, ...]:
        """Whose counts may have grown."""
        match fact:
            case TradeFilled(trade=trade):
                self._traded(trade)
            case OrderRejected(order=order) if order.strategy != UNATTRIBUTED:
                self._rejected(order)
                return order.strategy, WHOLE_ACCOUNT
            case (
                OrderAccepted(order=order) | OrderFilled(order=order) | OrderCancelled(order=order)
            ) if order.strategy != UNATTRIBUTED:
                return self._taken(order)
        return ()

    def _traded(self, trade: Trade) -> None:
        if trade.strategy == UNATTRIBUTED or trade.order_id is None or trade.book_result is None:
            return
        self._of(trade.strategy).losses.made(trade.order_id, trade.book_result)

    def _rejected(self, order: Order) -> None:
        for name in (order.strategy, WHOLE_ACCOUNT):
            streaks = self._of(name)
            streaks.rejects.rejected(order.id)
            self._last[name] = order.message
        self._of(order.strategy).losses.over(order.id, order.intent_id)

    def _taken(self, order: Order) -> tuple[StrategyId, ...]:
        over = not is_open(order)
        for name in (order.strategy, WHOLE_ACCOUNT):
            streaks = self._of(name)
            if over:
                streaks.over(order)
            else:
                streaks.rejects.taken(order.id)
        return (order.strategy,) if over else ()

    def _of(self, name: StrategyId) -> Streaks:
        streaks = self._streaks.get(name)
        if streaks is None:
            streaks = self._streaks[name] = Streaks()
        return streaks

    def _judge(self, name: StrategyId) -> None:
        limits, counts = self._limits(name), self._of(name).counts()
        for cause, count in zip(BreakerCause, counts, strict=True):
            most = limits.of(cause)
            if most and count >= most:
                self._trip(name, cause, count, most)
                return

    # ------------------------------------------------------------ opening and closing

    def _state(self, name: StrategyId) -> BreakerState:
        return _OPEN if name in self.open else _CLOSED

    def _trip(self, name: StrategyId, cause: BreakerCause, count: int, limit: int) -> None:
        if TABLE.get((self._state(name), Word.LIMIT)) is not _OPEN:
            return
        now = self._bus.clock.now()
        until = now + self._limits(name).cool_down
        en, zh = _WHAT[cause]
        last = self._last.get(name, "") if cause is BreakerCause.REJECTS else ""
        why = f"{count} {en}" + (f" (last: {last})" if last else "")
        changed = BreakerChanged(name, _OPEN, cause, count, limit, until, ACTOR, why, now)
        self._take(changed)
        self._cool(changed)
        self._tell(changed)
        at = china_text(until)[:19]
        self._alert(
            Severity.ERROR if name else Severity.CRITICAL,
            f"circuit breaker: {name or 'the account'} may only reduce until {at}: {why} / "
            f"熔断：{name or '账户'} 至 {at} 只许减仓：{count} {zh}",
        )
        self._end_opens(changed)

    def _end_opens(self, found: BreakerChanged) -> None:
        """What left, waits or is chased from before would open past it."""
        why = f"circuit breaker open: {found.why} / 熔断"
        cancel_opens(self._bus, found.strategy, ACTOR, why)

    def _on_reconciled(self, _: Reconciled) -> None:
        """A process that died between the opening and the cancels, or a cancel that came to
        nothing."""
        for found in self.open.values():
            self._end_opens(found)

    def _close(self, name: StrategyId, word: Word, who: str, why: str) -> None:
        found = self.open.get(name)
        if found is None or TABLE.get((_OPEN, word)) is not _CLOSED:
            return
        now = self._bus.clock.now()
        changed = BreakerChanged(
            name, _CLOSED, found.cause, found.count, found.limit, found.until, who, why, now
        )
        self._take(changed)
        if timer := self._cooling.pop(name, None):
            timer.cancel()
        self._tell(changed)
        self._alert(
            Severity.INFO,
            f"circuit breaker: {name or 'the account'} may open again: {why} ({who}) / "
            f"熔断解除：{name or '账户'}",
        )

    def _take(self, changed: BreakerChanged) -> None:
        """What a start takes from the journal, too."""
        if changed.state is _OPEN:
            self.open[changed.strategy] = changed
        else:
            self.open.pop(changed.strategy, None)
            self._of(changed.strategy).begin_anew()

    def _cool(self, found: BreakerChanged) -> None:
        name = found.strategy
        self._cooling[name] = self._timers.call_at(
            found.until,
            lambda: self._close(name, Word.COOLED, ACTOR, "the cool-down is over / 冷却期已过"),
        )

    def _on_close(self, event: CloseBreaker) -> None:
        """A person's word."""
        if event.strategy in self.open:
            self._close(event.strategy, Word.PERSON, event.who, event.why)
        else:
            self._audit(event.who, "close", event.strategy, "refused: it is not open / 未熔断")

    def _tell(self, changed: BreakerChanged) -> None:
        self._bus.record(changed)
        self._bus.publish(changed)
        action = "open" if changed.state is _OPEN else "close"
        self._audit(changed.who, action, changed.strategy, changed.why)

    def _audit(self, who: str, action: str, name: StrategyId, result: str) -> None:
        target, now = name or "account", self._bus.clock.now()
        self._bus.publish(Audited(who, f"circuit breaker {action}", target, result, now))

    def _alert(self, severity: Severity, text: str) -> None:
        self._bus.publish(AlertRaised(severity, ACTOR, text, self._bus.clock.now()))

    # ------------------------------------------------------------ restarts

    def fold(self, event: Event, told: Iterable[Event]) -> None:
        """One record of the journal, and what the order manager would have told of it."""
        match event:
            case BreakerChanged():
                self._take(event)
            case BreakersKept(counts=counts, open=found):
                self._streaks = {row.strategy: Streaks(row.rejects, row.losses) for row in counts}
                self.open.clear()
                self.open.update((row.strategy, row) for row in found)
        for fact in told:
            self._count(fact)

    def recovered(self) -> None:
        """The past is folded. A process that died between a rejection and the opening that followed
        from it opens now."""
        for found in self.open.values():
            self._cool(found)
        if self._streaks:
            self._timers.call_at(self._bus.clock.now(), self._judge_all)

    def _judge_all(self) -> None:
        for name in sorted(self._streaks):
            self._judge(name)

    def checkpoint(self) -> None:
        """Put all of it into the journal, for starts that begin to read here."""
        now = self._bus.clock.now()
        kept = BreakersKept(tuple(self._counts()), tuple(self.open.values()), now)
        self._bus.record(kept, Kind.CHECKPOINT)

    def _counts(self) -> Iterator[BreakerCount]:
        for name, streaks in sorted(self._streaks.items()):
            rejects, losses = streaks.counts()
            if rejects or losses:
                yield BreakerCount(name, rejects, losses)

    def state(self) -> tuple[object, ...]:
        """For the hash of all state."""
        found = sorted((b.strategy, b.cause.value, b.count, b.until) for b in self.open.values())
        return tuple(self._counts()), tuple(found)


def _given(own: int | None, general: int) -> int:
    return general if own is None else own
