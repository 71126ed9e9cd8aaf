"""Faults that strike: counts frames, answers verdicts, and does the rest to the front itself.

Deterministic: each fault counts the frames that it matches from the moment it is set. Where several
would strike one frame, the one that was set first does; all count it. What changes the front (a
cut by time, a stall, cleared flows, foreign orders) happens after the frame, never inside it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from loguru import logger

from homalos.ctp.abi import Value
from homalos.exchange.door.fault_spec import RULES, FaultSpec, moment
from homalos.exchange.door.foreign import MARKET_SIDE, strike
from homalos.exchange.door.ports import PASS, Act, FrontPort, Session, Verdict
from homalos.exchange.ledger import LedgerError
from homalos.exchange.phases import Scheduler
from homalos.kernel.clock import Clock
from homalos.model.ids import AccountId
from homalos.model.times import china_text

Soon = Callable[[Callable[[], None]], object]
Later = Callable[[float, Callable[[], None]], object]


class FaultState(msgspec.Struct):
    """One fault that is set. ``seen``: frames that matched; ``struck``: how often it happened."""

    id: int
    spec: FaultSpec
    when: int | None = None
    """Exchange time of a fault that has one."""
    seen: int = 0
    struck: int = 0
    failed: str = ""
    """Why it could not be done the last time."""
    cleared: bool = False

    @property
    def over(self) -> bool:
        spec = self.spec
        return self.cleared or (bool(spec.times) and self.struck >= spec.times)

    def row(self) -> dict[str, Any]:
        """For the control door."""
        given = {
            field.name: value
            for field in msgspec.structs.fields(FaultSpec)
            if (value := getattr(self.spec, field.name)) != field.default and value != {}
        }
        row: dict[str, Any] = {"id": self.id, **given, "seen": self.seen, "struck": self.struck}
        if self.when is not None:
            row["when"] = china_text(self.when)
        if self.failed:
            row["failed"] = self.failed
        return row


class FaultBoard:
    """All faults of a front; its ``Faults``.

    ``bind`` it to the front before the first frame. ``soon`` and ``later`` are the loop's
    ``call_soon`` and ``call_later``.
    """

    def __init__(
        self, clock: Clock, timers: Scheduler, soon: Soon, later: Later, account: AccountId
    ) -> None:
        """``account``: whom market-side faults strike that name nobody."""
        self.active = False
        self._clock = clock
        self._timers = timers
        self._soon = soon
        self._later = later
        self._account = account
        self._front: FrontPort | None = None
        self._all: dict[int, FaultState] = {}
        self._frames: tuple[FaultState, ...] = ()
        self._count = 0
        self._stalls = 0

    def bind(self, front: FrontPort) -> None:
        self._front = front

    # ------------------------------------------------------------ setting and asking

    def add(self, specs: Iterable[FaultSpec]) -> list[int]:
        """Set faults, in force at once; their numbers."""
        made = []
        for spec in specs:
            self._count += 1
            state = FaultState(self._count, spec)
            self._all[state.id] = state
            made.append(state.id)
            if spec.at:
                state.when = moment(spec.at, self._clock.now())
                self._timers.call_at(state.when, self._timed(state))
        self._refresh()
        return made

    def clear(self, number: int | None = None) -> int:
        """Take away one fault, or all; how many. ``LookupError``: there is no such."""
        if number is None:
            gone = list(self._all.values())
        elif number in self._all:
            gone = [self._all[number]]
        else:
            raise LookupError(f"there is no fault {number}: there are {sorted(self._all)}")
        for state in gone:
            state.cleared = True
            del self._all[state.id]
        self._refresh()
        return len(gone)

    def rows(self) -> list[dict[str, Any]]:
        return [state.row() for state in self._all.values()]

    def _refresh(self) -> None:
        self._frames = tuple(s for s in self._all.values() if s.when is None and not s.over)
        self.active = bool(self._frames)

    # ------------------------------------------------------------ frames

    def outgoing(self, session: Session, frame: bytes, name: str) -> Verdict:
        return self._judge(session, session.user, name)

    def incoming(self, session: Session, name: str, fields: Mapping[str, Value]) -> Verdict:
        return self._judge(session, session.user or str(fields.get("UserID", "")), name)

    def _judge(self, session: Session, user: str, name: str) -> Verdict:
        found: FaultState | None = None
        for state in self._frames:
            spec = state.spec
            if (spec.user and spec.user != user) or (spec.line and spec.line != session.side):
                continue
            if not spec.matches(name):
                continue
            state.seen += 1
            if found is None and state.seen >= spec.k and not state.over:
                found = state
        if found is None:
            return PASS
        found.struck += 1
        logger.info(
            "fault {} {}: {} {} of {} line {}",
            found.id, found.spec.kind, name, found.seen, session.side, session.number,
        )  # fmt: skip
        if found.over:
            self._refresh()
        verdict = _VERDICTS.get(found.spec.kind)
        if verdict is not None:
            return verdict(found.spec)
        state = found
        self._soon(lambda: self._act(state))
        return PASS

    # ------------------------------------------------------------ the front

    def _timed(self, state: FaultState) -> Callable[[], None]:
        def due() -> None:
            if not state.over:
                state.struck += 1
                logger.info("fault {} {}: its time has come", state.id, state.spec.kind)
                self._soon(lambda: self._act(state))

        return due

    def _act(self, state: FaultState) -> None:
        """Do what no verdict can; what cannot be is told in ``rows``, and ends nothing."""
        try:
            self.do(state.spec)
        except (LookupError, ValueError, LedgerError) as error:
            state.failed = str(error)
            logger.warning("fault {} {} cannot be: {}", state.id, state.spec.kind, error)

    def do(self, spec: FaultSpec) -> Any:
        """Do now what ``spec`` says, whatever its time; what came of it. Only of kinds that a time
        may have. ``LookupError``: no such account or contract; ``ValueError``: it cannot be."""
        assert self._front is not None
        if spec.kind in MARKET_SIDE:
            return strike(self._front, spec, self._account)
        if spec.kind == "stall":
            return self._stall(self._front, spec.ms)
        if spec.kind == "clear_flows":
            return self._front.clear_flows()
        return self._cut(self._front, spec)

    def _stall(self, front: FrontPort, ms: int) -> None:
        """Stalls that overlap end with the last."""
        self._stalls += 1
        front.stall_md(True)
        self._later(ms / 1_000, lambda: self._flow_again(front))

    def _flow_again(self, front: FrontPort) -> None:
        self._stalls -= 1
        if not self._stalls:
            front.stall_md(False)

    def _cut(self, front: FrontPort, spec: FaultSpec) -> int:
        return front.cut(
            [
                session
                for session in front.sessions()
                if spec.line in ("", session.side) and spec.user in ("", session.user)
            ]
        )


def _refusal(spec: FaultSpec) -> Verdict:
    return Verdict(Act.REJECT, code=spec.code or RULES[spec.kind].code)


_VERDICTS: dict[str, Callable[[FaultSpec], Verdict]] = {
    "cut": lambda spec: Verdict(Act.CUT, sent=spec.sent),
    "lose": lambda spec: Verdict(Act.DROP),
    "delay": lambda spec: Verdict(Act.DELAY, ms=spec.ms),
    "duplicate": lambda spec: Verdict(Act.DUPLICATE),
    "reorder": lambda spec: Verdict(Act.SWAP),
    "reject": _refusal,
    "refuse_login": _refusal,
    "not_ready": _refusal,
    "busy": _refusal,
}
"""Kinds that a frame's own fate is; the others act on the front."""
