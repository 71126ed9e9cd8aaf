"""A command of those that watch over risk."""

from homalos.model.event import Event
from homalos.model.ids import StrategyId


class CancelOpens(Event, frozen=True):
    """Command: nothing that waits or rests may open any more, of this strategy (empty: of all that
    the daemon sends): held and chased intents end, resting opens are cancelled, conditional orders
    that open are ended. What closes goes on; so do orders of other terminals."""

    strategy: StrategyId
    who: str
    why: str
    ts_init: int
