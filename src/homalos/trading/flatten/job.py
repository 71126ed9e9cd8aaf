"""One flatten: what is in its scope, and where each of its legs is on the ladder."""

from homalos.model.enums import FlattenStage, KillScope
from homalos.model.flatten import EVERYWHERE, FlattenJob, FlattenLeg
from homalos.model.ids import UNATTRIBUTED, InstrumentId, OrderId, StrategyId
from homalos.trading.flatten.ladder import FIRST, GENTLE, name
from homalos.trading.flatten.lots import Key

_S = FlattenStage


class Leg:
    """Only ``Flatten`` changes it."""

    __slots__ = ("intents", "key", "lots", "next_at", "passing", "step", "waits")

    def __init__(self, key: Key, step: int) -> None:
        self.key = key
        self.lots = 0
        self.step = step
        self.next_at = 0
        """Before this nothing more is sent for it."""
        self.intents: list[OrderId] = []
        """Of the round that works."""
        self.passing = False
        """What refused its last order will be over in a moment."""
        self.waits = ""

    def record(self) -> FlattenLeg:
        key = self.key
        return FlattenLeg(
            key.strategy, key.instrument, key.direction, self.lots, name(self.step), self.waits
        )


class Job:
    """Only ``Flatten`` changes it. ``until``: a day-flat, its session's end; ``escalates_at``: from
    when on it goes through the ladder."""

    __slots__ = (
        "asked_at", "escalates_at", "id", "instrument", "legs", "lots_at_start", "orders", "scope",
        "since", "stage", "strategy", "text", "told", "until", "who", "why",
    )  # fmt: skip

    def __init__(
        self, id_: str, scope: KillScope, strategy: StrategyId, who: str, why: str, since: int,
        *, instrument: InstrumentId = EVERYWHERE, until: int = 0, escalates_at: int = 0,
    ) -> None:  # fmt: skip
        self.id = id_
        self.scope = scope
        self.strategy = strategy
        self.instrument = instrument
        self.who = who
        self.why = why
        self.since = since
        self.until = until
        self.escalates_at = escalates_at
        self.stage = _S.CANCELLING
        self.text = ""
        self.legs: dict[Key, Leg] = {}
        self.lots_at_start = 0
        self.orders = 0
        self.asked_at = 0
        """When the venue was asked whether all is flat."""
        self.told: FlattenJob | None = None

    @property
    def works(self) -> bool:
        """Something is still to be done."""
        return self.stage not in (_S.FLAT, _S.ENDED)

    @property
    def idle(self) -> bool:
        """Nothing can leave until something changes that is heard of."""
        return self.stage is _S.WAITING and not any(leg.passing for leg in self.legs.values())

    @property
    def blocks(self) -> bool:
        """What is in its scope may not send."""
        return self.stage is not _S.ENDED

    @property
    def whole(self) -> bool:
        """More than one strategy's, everywhere: trading was halted with it."""
        return self.scope is not KillScope.STRATEGY and self.instrument == EVERYWHERE

    def has(self, strategy: StrategyId, instrument: InstrumentId) -> bool:
        """Whether an order or a book is in its scope."""
        if self.instrument not in (EVERYWHERE, instrument):
            return False
        if self.scope is KillScope.STRATEGY:
            return strategy == self.strategy
        return self.scope is KillScope.ACCOUNT or strategy != UNATTRIBUTED

    def first_step(self, now: int) -> int:
        return GENTLE if now < self.escalates_at else FIRST

    def record(self) -> FlattenJob:
        legs = tuple(leg.record() for leg in self.legs.values())
        lots = sum(leg.lots for leg in legs)
        return FlattenJob(
            self.id, self.scope, self.strategy, self.instrument, self.who, self.why, self.since,
            self.stage, self.until, max(self.lots_at_start, lots), lots, self.orders, self.text,
            legs,
        )  # fmt: skip

    def state(self) -> tuple[object, ...]:
        """For the hash of all state."""
        return self.id, self.scope.value, self.strategy, self.instrument, self.stage.value


def restored(row: FlattenJob) -> Job:
    """As its last record told; its legs are read anew."""
    job = Job(row.id, row.scope, row.strategy, row.who, row.why, row.since)
    job.stage, job.text, job.lots_at_start = row.stage, row.text, row.lots_at_start
    return job
