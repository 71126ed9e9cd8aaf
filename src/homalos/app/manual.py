"""A person's own orders: what the console asks for, as intents of the book ``manual``."""

import hashlib
from collections import OrderedDict

from msgspec.structs import replace

from homalos.console.placing import ManualConditional, ManualOrder
from homalos.engine import Engine
from homalos.kernel.ids import OrderIds
from homalos.model.conditional import Conditional, ConditionalKind
from homalos.model.enums import OrderKind, Side, TimeInForce
from homalos.model.events import Audited, PlaceConditional, SubmitOrder
from homalos.model.ids import MANUAL, InstrumentId, OrderId

KEYS_KEPT = 10_000
_K = ConditionalKind


class ManualDesk:
    """Makes and posts them. Ids are of a row of their own: a replay makes none of these anew."""

    def __init__(self, engine: Engine, run: int) -> None:
        self._engine = engine
        self._ids = OrderIds(run, "m")
        self._keys: OrderedDict[OrderId, int] = OrderedDict()
        """Trading days of those that were sent in this run."""

    def opens(self, instrument: InstrumentId, side: Side) -> bool:
        """Whether an order of this side would add to what ``manual`` holds."""
        return self._engine.books.book(MANUAL, instrument).net_lots * side.sign >= 0

    def place(self, wanted: ManualOrder, who: str) -> tuple[OrderId, ...] | None:
        """The ids of the order and of what protects it; ``None``: its key was there before."""
        engine, now = self._engine, self._engine.clock.now()
        id_ = self._id(wanted.key)
        if id_ is None:
            return None
        legs = tuple(self._legs(wanted, id_, now))
        if legs:
            engine.bus.post(PlaceConditional(legs, who, now))
        fak = wanted.kind is OrderKind.MARKET
        intent = SubmitOrder(
            id_, engine.books.account_id, MANUAL, InstrumentId(wanted.instrument), wanted.side,
            wanted.lots, wanted.price, wanted.kind,
            wanted.tif or (TimeInForce.FAK if fak else TimeInForce.GFD), wanted.offset, now,
            timeout_ms=wanted.timeout_ms, on_timeout=wanted.on_timeout, to_limit=wanted.to_limit,
            reduce_only=wanted.reduce_only,
        )  # fmt: skip
        price = "market" if wanted.price is None else f"{wanted.price:g}"
        self._audit(who, "order", id_, f"{wanted.side.value} {wanted.lots} "
                    f"{wanted.instrument} at {price}")  # fmt: skip
        engine.bus.post(intent)
        return (id_, *(leg.id for leg in legs))

    def hold(self, wanted: ManualConditional, who: str) -> tuple[OrderId, ...] | None:
        """Its id; of a pair its group's, and those of both. ``None``: its key was there before."""
        now, id_ = self._engine.clock.now(), self._id(wanted.key)
        if id_ is None:
            return None
        first = replace(
            self._made(wanted.instrument, wanted.side, wanted.kind, wanted.lots, now, id_),
            trigger=wanted.trigger, limit=wanted.limit, source=wanted.source, gap=wanted.gap,
            trail_ticks=wanted.trail_ticks, trail_percent=wanted.trail_percent, opens=wanted.opens,
        )  # fmt: skip
        legs: tuple[Conditional, ...] = (first,)
        if (target := wanted.also_target) is not None:
            other = self._made(wanted.instrument, wanted.side, _K.TAKE_PROFIT, wanted.lots, now)
            other = replace(other, trigger=target, limit=target, source=wanted.source)
            group = self._ids.next()  # of its own: a cancel of a leg's id ends that leg alone
            legs = tuple(replace(leg, group=group) for leg in (first, other))
        self._engine.bus.post(PlaceConditional(legs, who, now))
        ids = tuple(leg.id for leg in legs)
        return ids if len(legs) == 1 else (legs[0].group, *ids)

    def _legs(self, wanted: ManualOrder, entry: OrderId, now: int) -> list[Conditional]:
        """Armed by the fills of the entry, and sized by them."""
        side = wanted.side.opposite
        found = []
        for kind, price in ((_K.STOP, wanted.stop), (_K.TAKE_PROFIT, wanted.target)):
            if price is not None:
                leg = self._made(wanted.instrument, side, kind, 0, now)
                limit = price if kind is _K.TAKE_PROFIT else None
                found.append(replace(leg, group=entry, entry=entry, trigger=price, limit=limit))
        return found

    def _made(
        self, instrument: str, side: Side, kind: ConditionalKind, lots: int, now: int,
        id_: OrderId | None = None,
    ) -> Conditional:  # fmt: skip
        id_ = id_ or self._ids.next()
        return Conditional(
            id_, id_, self._engine.books.account_id, MANUAL, InstrumentId(instrument), side, kind,
            lots, None, now,
        )  # fmt: skip

    def _id(self, key: str) -> OrderId | None:
        """A new one, or the one that the key stands for; ``None``: it was there before. What came
        of it is in the journal, so a restart knows it too."""
        if not key:
            return self._ids.next()
        id_ = OrderId("m-" + hashlib.blake2s(key.encode(), digest_size=8).hexdigest())
        engine, day = self._engine, self._engine.books.trading_day
        known = engine.orders.registry.knows_intent(id_) or id_ in engine.conditionals.book.orders
        if known or self._keys.get(id_) == day:
            return None
        self._keys[id_] = day
        if len(self._keys) > KEYS_KEPT:
            self._keys.popitem(last=False)
        return id_

    def _audit(self, who: str, action: str, target: str, result: str) -> None:
        now = self._engine.clock.now()
        self._engine.bus.post(Audited(who, action, target, result, now))
