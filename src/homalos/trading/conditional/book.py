"""Every live conditional order, found by id, by group, by contract and by the intents it sends."""

from collections.abc import Iterator

from homalos.model.conditional import (
    TRANSITIONS,
    Conditional,
    ConditionalKind,
    ConditionalStatus,
)
from homalos.model.ids import InstrumentId, OrderId, StrategyId

_WATCHED = (ConditionalStatus.ARMED, ConditionalStatus.TRIGGERED)


class Watch:
    """What is known of a watched order beside its record; only of this run."""

    __slots__ = ("falls", "order", "seen", "trails")

    def __init__(self, order: Conditional) -> None:
        self.order = order
        self.falls = order.falls
        self.trails = order.kind is ConditionalKind.TRAILING
        """At hand: every tick asks."""
        self.seen = 0
        """Start of the stretch of continuous trading in which it was last looked at; 0: it could
        not act since, so the next price may be a gap."""


class ConditionalBook:
    """See the module. An order that is over stays until every leg of its group is."""

    def __init__(self) -> None:
        self.orders: dict[OrderId, Conditional] = {}
        self.watched: dict[InstrumentId, dict[OrderId, Watch]] = {}
        """What a tick has to look at. A contract without any has no row."""
        self._groups: dict[OrderId, tuple[OrderId, ...]] = {}
        self._of_intent: dict[OrderId, OrderId] = {}
        """Group of the intents of legs and of entries."""

    def put(self, order: Conditional) -> None:
        """Take an order, or what has become of it. ``ValueError``: it cannot become that."""
        known = self.orders.get(order.id)
        if known is None:
            group = self._groups.get(order.group, ())
            self._groups[order.group] = (*group, order.id)
            self._of_intent[order.id] = order.group
            if order.entry is not None:
                self._of_intent[order.entry] = order.group
        elif order.status not in TRANSITIONS[known.status] and order.status is not known.status:
            raise ValueError(f"{order.id}: {known.status.value} cannot become {order.status.value}")
        self.orders[order.id] = order
        self._watch(order)
        if not order.live:
            self._forget(order.group)

    def _watch(self, order: Conditional) -> None:
        rows = self.watched.get(order.instrument)
        if order.status in _WATCHED:
            if rows is None:
                rows = self.watched[order.instrument] = {}
            watch = rows.get(order.id)
            if watch is None:
                rows[order.id] = Watch(order)
            else:
                watch.order = order
        elif rows is not None:
            rows.pop(order.id, None)
            if not rows:
                del self.watched[order.instrument]

    def _forget(self, group: OrderId) -> None:
        """When all legs are over, nothing of the group is needed any more."""
        legs = self.legs(group)
        if any(leg.live for leg in legs):
            return
        for leg in legs:
            del self.orders[leg.id]
            self._of_intent.pop(leg.id, None)
            if leg.entry is not None:
                self._of_intent.pop(leg.entry, None)
        self._groups.pop(group, None)

    # ------------------------------------------------------------ questions

    def legs(self, group: OrderId) -> tuple[Conditional, ...]:
        """All legs of a group, those that are over included; empty: no such group."""
        return tuple(self.orders[id_] for id_ in self._groups.get(group, ()))

    def group_of(self, intent: OrderId) -> OrderId | None:
        """The group that this intent is an exit or the entry of."""
        return self._of_intent.get(intent)

    def groups(self) -> tuple[OrderId, ...]:
        return tuple(self._groups)

    def named(self, id_: OrderId) -> tuple[Conditional, ...]:
        """The live orders that this id means: one, or the legs of a group."""
        found = self.orders.get(id_)
        rows = (found,) if found is not None else self.legs(id_)
        return tuple(order for order in rows if order.live)

    def live(self, strategy: StrategyId | None = None) -> Iterator[Conditional]:
        """In the order in which they were placed."""
        for order in self.orders.values():
            if order.live and strategy in (None, order.strategy):
                yield order

    def state(self) -> tuple[object, ...]:
        return tuple(self.orders[id_] for id_ in sorted(self.orders))
