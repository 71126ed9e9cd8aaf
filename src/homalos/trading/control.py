"""The one trading state: HALTED, REDUCING or ACTIVE, with who set it, why and when.

After a start it is HALTED until books and venue agree, then REDUCING, or ACTIVE where the config
arms by itself. What lowers risk may act by itself; what raises it is a person's word, kept over
restarts: a halt that a person, the kill switch, an overflow or the loss of a core actor set stays
until a person lifts it. While it is HALTED nothing leaves but what a person's flatten sends.
"""

from homalos.config.sections.trading import TradingSection
from homalos.kernel.bus import Bus
from homalos.model.enums import KillScope, Severity, TradingState
from homalos.model.event import Record
from homalos.model.events import (
    ActorQuarantined,
    AlertRaised,
    Audited,
    BeginFlatten,
    KillSwitch,
    LaneOverflowed,
    Reconciled,
    SetTradingState,
    TradingStateChanged,
)
from homalos.model.ids import OrderId

_RANK = {TradingState.HALTED: 0, TradingState.REDUCING: 1, TradingState.ACTIVE: 2}

CORE = frozenset({"orders", "books", "control", "bars", "strategies", "gate", "memory",
                  "conditional", "flatten", "breaker", "watch", "delivery",
                  "programme"})  # fmt: skip
"""Actors without which nobody may trade. A strategy is an actor of its own: its quarantine is its
own affair."""


class ControlState(Record, frozen=True):
    """What a restart needs to know."""

    state: TradingState
    who: str
    why: str
    when: int
    ceiling: TradingState
    """Nothing but a person raises the state above it."""


class TradingControl:
    """See the module. ``simulated``: the gateway's word on itself."""

    def __init__(self, bus: Bus, section: TradingSection, *, simulated: bool) -> None:
        self._bus = bus
        self._section = section
        self._simulated = simulated
        self.state = TradingState.HALTED
        self.who = "system"
        self.why = "not reconciled yet"
        self.when = bus.clock.now()
        self.ceiling = TradingState.ACTIVE
        """Nothing but a person raises the state above it."""
        self.exits: dict[OrderId, bool] = {}
        """Intents of a flatten that works, which only the flatten writes: their closes count as
        reducing; True: they leave while trading is HALTED too."""
        self._kept: ControlState | None = None
        """Of an earlier run: a person's word that the state is to stay as low as it is."""

    def attach(self) -> None:
        bus = self._bus
        bus.subscribe(SetTradingState, self._on_set, actor="control", role="risk")
        bus.subscribe(Reconciled, self._on_reconciled, actor="control", role="risk")
        # An actor of their own: faults elsewhere in here must not cost us the kill switch.
        bus.subscribe(KillSwitch, self._on_kill, actor="halt", role="risk")
        bus.subscribe(BeginFlatten, self._on_flatten, actor="halt", role="risk")
        bus.subscribe(LaneOverflowed, self._on_overflow, actor="halt", role="risk")
        bus.subscribe(ActorQuarantined, self._on_quarantined, actor="halt", role="risk")

    def configure(self, section: TradingSection) -> None:
        """Apply ``auto_arm`` at the next reconciliation."""
        self._section = section

    @property
    def auto_arms(self) -> bool:
        choice = self._section.auto_arm
        return self._simulated if choice == "auto" else choice == "on"

    def _halt(self, who: str, why: str) -> None:
        """Halt until a person lifts it."""
        self._set(TradingState.HALTED, who, why, TradingState.HALTED)
        self._audit(who, TradingState.HALTED, why)

    def _on_set(self, event: SetTradingState) -> None:
        """A person's word, or a watch's: the first may raise, the second may only lower."""
        if event.who.startswith("watch:") and _RANK[event.state] >= _RANK[self.state]:
            self._audit(event.who, event.state, "refused: a watch may only lower the state")
            return
        self._kept = None
        self._set(event.state, event.who, event.why, event.state)
        self._audit(event.who, event.state, event.why)

    def _on_kill(self, event: KillSwitch) -> None:
        self._halt(event.who, event.why)

    def _on_flatten(self, event: BeginFlatten) -> None:
        """One strategy's kill leaves the others alone."""
        if event.scope in (KillScope.DAEMON, KillScope.ACCOUNT):
            self._halt(event.who, event.why)

    def _on_quarantined(self, event: ActorQuarantined) -> None:
        if event.actor not in CORE:
            return
        text = f"{event.actor} is quarantined and does nothing any more: {event.why}"
        self._halt("kernel", text)
        text += "; trading is halted: restart, check the working orders, then lift the halt"
        self._bus.publish(AlertRaised(Severity.CRITICAL, "control", text, self._bus.clock.now()))

    def _on_overflow(self, event: LaneOverflowed) -> None:
        self._halt("kernel", f"lane {event.lane} is full: {event.length} events wait")

    def _on_reconciled(self, event: Reconciled) -> None:
        if self.ceiling is TradingState.HALTED:
            return  # until a person lifts it, whatever the books say
        if not event.agreed:
            ceiling = self._lower_of(self.ceiling, TradingState.REDUCING)
            self._reconcile(TradingState.HALTED, event.differences[0], ceiling)
        elif self.state is TradingState.HALTED:
            wanted = TradingState.ACTIVE if self.auto_arms else TradingState.REDUCING
            state, kept = self._lower_of(wanted, self.ceiling), self._kept
            self._reconcile(state, "books and venue agree", self.ceiling)
            if kept is not None and state is kept.ceiling is not TradingState.ACTIVE:
                self.who, self.why, self.when = kept.who, kept.why, kept.when

    def _reconcile(self, state: TradingState, why: str, ceiling: TradingState) -> None:
        """Repeats of one outcome are no news."""
        if self._set(state, "reconcile", why, ceiling):
            self._audit("reconcile", state, why)

    @staticmethod
    def _lower_of(one: TradingState, other: TradingState) -> TradingState:
        return min(one, other, key=_RANK.__getitem__)

    def _set(self, state: TradingState, who: str, why: str, ceiling: TradingState) -> bool:
        """Tell every change, not of the state alone: a person's halt of what is halted already
        must reach whoever keeps it for the next start. Whether there was one."""
        previous, now = self.state, self._bus.clock.now()
        before = previous, self.who, self.why, self.ceiling
        self.state, self.who, self.why, self.ceiling, self.when = state, who, why, ceiling, now
        if before == (state, who, why, ceiling):
            return False
        self._bus.publish(TradingStateChanged(state, previous, who, why, ceiling, now))
        return True

    def _audit(self, who: str, state: TradingState, result: str) -> None:
        now = self._bus.clock.now()
        self._bus.publish(Audited(who, f"trading state {state.value}", "account", result, now))

    def snapshot(self) -> ControlState:
        """For the page and for the next start."""
        return ControlState(self.state, self.who, self.why, self.when, self.ceiling)

    def restore(self, saved: ControlState) -> None:
        """After a restart: HALTED again until reconciled, a person's limit still in force."""
        self.ceiling = saved.ceiling
        self._kept = saved if saved.state is saved.ceiling else None
        if saved.ceiling is TradingState.HALTED:
            self.who, self.why, self.when = saved.who, saved.why, saved.when

    def state_record(self) -> tuple[object, ...]:
        """For the hash of all state."""
        return self.state.value, self.who, self.why, self.ceiling.value
