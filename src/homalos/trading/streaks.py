"""How many orders were rejected, and how many closes lost, one after another. Counts only."""

from homalos.model.ids import OrderId
from homalos.model.trading import Order


class Rejects:
    """Orders rejected in a row. One that the venue takes ends the run; but CTP takes an order over
    before the exchange refuses it, so one that is rejected after all has ended nothing."""

    def __init__(self, count: int = 0) -> None:
        self._total = count
        self._over = 0
        """The total when an order was last taken for good."""
        self._taken: dict[OrderId, int] = {}
        """The total when these orders were taken, which may still be rejected."""

    @property
    def count(self) -> int:
        return self._total - max(self._over, *self._taken.values(), 0)

    def rejected(self, id_: OrderId) -> None:
        self._total += 1
        self._taken.pop(id_, None)

    def taken(self, id_: OrderId) -> None:
        """Accepted, or traded in part."""
        self._taken.setdefault(id_, self._total)

    def over(self, id_: OrderId) -> None:
        """Filled or cancelled: it was taken, if not before, then now."""
        self._over = max(self._over, self._taken.pop(id_, self._total))

    def begin_anew(self) -> None:
        self._total = self._over = 0
        self._taken = dict.fromkeys(self._taken, 0)


class Losses:
    """Closes that lost in a row. An intent is one close, however many orders and fills it has: it
    is looked at whenever an order of it is over, and counts as a loss once; a win ends the run."""

    def __init__(self, count: int = 0) -> None:
        self.count = count
        self._orders: dict[OrderId, float] = {}
        """What orders that are not over have made so far, yuan."""
        self._intents: dict[OrderId, tuple[float, bool]] = {}
        """What the orders that are over have made, and whether that was counted as a loss."""

    def made(self, id_: OrderId, result: float) -> None:
        """A fill of this order closed lots."""
        self._orders[id_] = self._orders.get(id_, 0.0) + result

    def over(self, id_: OrderId, intent: OrderId) -> None:
        """The order is over, all its fills are known."""
        result = self._orders.pop(id_, None)
        if result is None:
            return
        before, counted = self._intents.get(intent, (0.0, False))
        total = round(before + result, 4)
        if total > 0:
            self.count = 0
        elif total < 0 and not counted:
            self.count, counted = self.count + 1, True
        self._intents[intent] = total, counted

    def new_day(self) -> None:
        """No order outlives its trading day, nor does an intent."""
        for id_ in list(self._orders):
            self.over(id_, id_)
        self._intents.clear()


class Streaks:
    """Of one strategy, or of the account (which counts rejects alone)."""

    def __init__(self, rejects: int = 0, losses: int = 0) -> None:
        self.rejects = Rejects(rejects)
        self.losses = Losses(losses)

    def over(self, order: Order) -> None:
        self.rejects.over(order.id)
        self.losses.over(order.id, order.intent_id)

    def begin_anew(self) -> None:
        self.rejects.begin_anew()
        self.losses.count = 0

    def counts(self) -> tuple[int, int]:
        return self.rejects.count, self.losses.count
