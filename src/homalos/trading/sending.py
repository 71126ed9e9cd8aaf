"""What left for the venue today, and when: by strategy, and by the whole account.

Times are of events and grow, so that a sliding window is one look: an order is one too many for
``n`` in a window when the n-th last one is inside it. Borders are exact: what left a full second
ago is out of the second. Only the order manager and its cancels write here.
"""

from bisect import bisect_right
from typing import Protocol

from homalos.model.enums import Side
from homalos.model.ids import InstrumentId, OrderId, StrategyId
from homalos.model.times import MINUTE
from homalos.model.trading import Order

Key = tuple[InstrumentId, float, int]
"""Contract, price, lots (negative: a sell)."""

IDENTICAL_KEPT = MINUTE
"""How long an order is remembered for the sake of its likeness to another."""

_BUY = Side.BUY
_SWEEP_AT = 256


class Likes:
    """Orders of one key."""

    __slots__ = ("intent", "times")

    def __init__(self) -> None:
        self.intent: OrderId | None = None
        """The last of them: parts of one intent are not each other's doubles."""
        self.times: list[int] = []


class Sender:
    """What one strategy, or the account, has sent this trading day."""

    __slots__ = ("cancels", "identical", "orders")

    def __init__(self) -> None:
        self.orders: list[int] = []
        self.cancels: list[int] = []
        self.identical: dict[Key, Likes] = {}


class Witness(Protocol):
    """Who counts cancels that left, now or in the journal that is folded."""

    def cancelled(self, order: Order, ts: int) -> None:
        """A cancel of ``order`` has left."""

    def new_day(self) -> None:
        """All counts begin anew."""


class Sending:
    """The account's record and each strategy's."""

    def __init__(self) -> None:
        self.witness: Witness | None = None
        self.account = Sender()
        self._strategies: dict[StrategyId, Sender] = {}
        self._sweep_at = _SWEEP_AT

    def of(self, strategy: StrategyId) -> Sender:
        sender = self._strategies.get(strategy)
        if sender is None:
            sender = self._strategies[strategy] = Sender()
        return sender

    def order(self, order: Order, now: int) -> None:
        """An order leaves."""
        sender = self.of(order.strategy)
        self.account.orders.append(now)
        sender.orders.append(now)
        lots = order.lots if order.side is _BUY else -order.lots
        key = (order.instrument, order.price, lots)
        likes = sender.identical.get(key)
        if likes is None:
            likes = sender.identical[key] = Likes()
            if len(sender.identical) > self._sweep_at:
                self._sweep(sender, now)
        if likes.intent != order.intent_id:
            likes.intent = order.intent_id
            likes.times.append(now)

    def cancel(self, order: Order, now: int) -> None:
        """A cancel of ``order`` leaves."""
        self.account.cancels.append(now)
        self.of(order.strategy).cancels.append(now)
        if self.witness is not None:
            self.witness.cancelled(order, now)

    def forget_day(self) -> None:
        """A new trading day: all counts begin anew."""
        if self.witness is not None:
            self.witness.new_day()
        self.account = Sender()
        self._strategies.clear()

    def _sweep(self, sender: Sender, now: int) -> None:
        """Drop what is too old to be anybody's double."""
        since = now - IDENTICAL_KEPT
        kept = {k: v for k, v in sender.identical.items() if not v.times or v.times[-1] > since}
        sender.identical = kept
        self._sweep_at = max(_SWEEP_AT, 2 * len(kept))


def within(times: list[int], since: int) -> int:
    """How many of ``times`` are later than ``since``."""
    return len(times) - bisect_right(times, since)
