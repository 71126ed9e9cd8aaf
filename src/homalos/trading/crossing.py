"""A stage: orders of two strategies of one account do not meet at the exchange (FACTS A21).

An intent that would meet a working order of another strategy waits until that order has ended, if
its strategy wishes so (``crossing: hold``); then it is asked again. Otherwise, and where it would
meet an order of its own strategy, risk rule ``self_trade`` denies it.
"""

from homalos.model.enums import CrossingPolicy
from homalos.model.events import SubmitOrder
from homalos.trading.registry import OrderRegistry
from homalos.trading.stages import Hold, Verdict
from homalos.trading.states import LIVE

_HOLD = CrossingPolicy.HOLD


class CrossingStage:
    """See the module."""

    def __init__(self, registry: OrderRegistry) -> None:
        self._registry = registry

    def __call__(self, intent: SubmitOrder, price: float | None) -> Verdict:
        if intent.crossing is not _HOLD or price is None:
            return None
        side, sign, strategy = intent.side, intent.side.sign, intent.strategy
        met = None
        for order in self._registry.working(intent.instrument):
            if (
                order.side is not side
                and (price - order.price) * sign >= 0
                and order.status in LIVE
            ):
                if order.strategy == strategy:
                    return None  # its own affair: the self-trade rule denies it
                met = met or order
        if met is None:
            return None
        return Hold("crossing", f"would meet {met.id} of {met.strategy} / 会与其他策略挂单成交")
