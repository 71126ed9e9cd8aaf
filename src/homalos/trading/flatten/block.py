"""A stage: what a flatten blocks may not send.

From its beginning on its own orders are the only ones. Exits that close only and end by themselves
(a stop that fires) still pass: they do no harm, their lots are bound while they work.
"""

from collections.abc import Callable

from homalos.model.enums import OrderKind, TimeInForce
from homalos.model.events import Denial, SubmitOrder
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.trading.stages import Verdict

_MARKET, _GFD = OrderKind.MARKET, TimeInForce.GFD


class BlockStage:
    """``blocked``: strategies that are blocked everywhere. ``closing``: whether the day-flat of a
    strategy has begun in a contract; asked of ``daily`` ones alone."""

    def __init__(
        self, exits: dict[OrderId, bool], closing: Callable[[StrategyId, InstrumentId], bool]
    ) -> None:
        self._exits = exits
        self._closing = closing
        self.blocked: dict[StrategyId, str] = {}
        """With the reason."""
        self.contracts: dict[InstrumentId, str] = {}
        """Contracts that are blocked for everybody, with the reason."""
        self.daily: set[StrategyId] = set()

    def __call__(self, intent: SubmitOrder, price: float | None) -> Verdict:
        strategy = intent.strategy
        if intent.instrument in self.contracts:
            why = self.contracts[intent.instrument]
        elif strategy in self.blocked:
            why = self.blocked[strategy]
        elif strategy in self.daily and self._closing(strategy, intent.instrument):
            why = f"{strategy} has to be flat before the session ends / 收盘前清仓"
        else:
            return None
        ends = intent.kind is _MARKET or intent.tif is not _GFD
        if intent.intent_id in self._exits or (intent.reduce_only and ends):
            return None
        return Denial("flatten", 0.0, 0.0, why)
