"""What ``Strategy.orders`` gives: intents to be read, never changed."""

from collections.abc import Mapping
from types import MappingProxyType

from homalos.model.enums import IntentStage, Side
from homalos.model.ids import InstrumentId, OrderId
from homalos.model.trading import Order
from homalos.strategy.desk import Intent


class IntentView:
    """What a strategy sees of one of its intents: as it stands at any time, and nothing in it can
    be changed. Where an intent is not settled, the core's own work rests on it."""

    __slots__ = ("_intent",)
    _intent: Intent

    def __init__(self, intent: Intent) -> None:
        object.__setattr__(self, "_intent", intent)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an intent is not to be changed ({name}): use replace or cancel")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntentView) and other._intent is self._intent

    def __hash__(self) -> int:
        return hash(self._intent.id)

    @property
    def id(self) -> OrderId:
        return self._intent.id

    @property
    def instrument(self) -> InstrumentId:
        return self._intent.instrument

    @property
    def side(self) -> Side:
        return self._intent.side

    @property
    def lots(self) -> int:
        return self._intent.lots

    @property
    def price(self) -> float | None:
        """``None``: a market order."""
        return self._intent.price

    @property
    def tag(self) -> str:
        return self._intent.tag

    @property
    def stage(self) -> IntentStage | None:
        """Where it stands, if the core works on it beyond its first orders; and ``why``."""
        return self._intent.stage

    @property
    def why(self) -> str:
        return self._intent.why

    @property
    def cancelled(self) -> bool:
        """A cancel was asked for."""
        return self._intent.cancelled

    @property
    def legs(self) -> Mapping[OrderId, Order]:
        """The orders that it has become, by id."""
        return MappingProxyType(self._intent.legs)

    @property
    def waiting_lots(self) -> int:
        """Lots of which nothing was heard yet, or which are held, or still to be sent again."""
        return self._intent.waiting_lots

    @property
    def traded_lots(self) -> int:
        """Lots of the trades that reached us."""
        return self._intent.traded_lots

    @property
    def working_lots(self) -> int:
        """Lots that may still fill."""
        return self._intent.working_lots

    @property
    def unsettled_lots(self) -> int:
        """Lots that will or may still move the position."""
        return self._intent.unsettled_lots

    @property
    def live(self) -> bool:
        return self._intent.live
