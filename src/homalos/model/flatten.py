"""A flatten: what a kill with a scope, or a strategy's end of day, has still to close."""

from homalos.model.enums import Direction, FlattenStage, KillScope
from homalos.model.event import Record
from homalos.model.ids import InstrumentId, StrategyId

EVERYBODY = StrategyId("")
"""Of a flatten that is not one strategy's."""
EVERYWHERE = InstrumentId("")
"""Of a flatten that is not one contract's."""


class FlattenLeg(Record, frozen=True):
    """Lots of one book in one contract and direction."""

    strategy: StrategyId
    instrument: InstrumentId
    direction: Direction
    lots: int
    """Still to be closed."""
    step: str
    """Where on the ladder its orders are: ``+2`` ticks through the opposite price ... ``limit``."""
    waits: str
    """Why nothing leaves for it now; empty: it is worked on."""


class FlattenJob(Record, frozen=True):
    """A flatten as it stands."""

    id: str
    scope: KillScope
    strategy: StrategyId
    instrument: InstrumentId
    who: str
    why: str
    since: int
    stage: FlattenStage
    until: int
    """End of the session before which the day has to be flat; 0: a kill, until it is done."""
    lots_at_start: int
    lots: int
    """Still to be closed, all legs."""
    orders: int
    """Working orders in its scope that are not its own."""
    text: str
    """What hinders all of it, or how it ended."""
    legs: tuple[FlattenLeg, ...]
