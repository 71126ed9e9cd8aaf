"""What a strategy's conditional orders are made of: checked at the door, held by the core.

They stand on the desk from the moment they are asked for, as its intents do.
"""

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from homalos.market.money import round_to_tick
from homalos.model.conditional import Conditional, ConditionalKind, GapPolicy, TriggerSource
from homalos.model.enums import Side
from homalos.model.events import CancelConditional, PlaceConditional
from homalos.model.ids import InstrumentId, OrderId
from homalos.model.market import Instrument
from homalos.strategy import checks
from homalos.strategy.base import StrategyError
from homalos.strategy.when import Bracket, Oco, When

if TYPE_CHECKING:
    from homalos.strategy.context import Context, Services
    from homalos.strategy.slot import Slot

_K = ConditionalKind
_PLAIN = When()
MAX_PERCENT = 50.0


class Holding:
    """Part of a strategy's context."""

    def __init__(self, services: "Services", slot: "Slot", context: "Context") -> None:
        self._core = services
        self._slot = slot
        self._desk = slot.desk
        self._context = context
        self._guard = services.guard

    # ------------------------------------------------------------ actions

    def one(
        self,
        kind: ConditionalKind,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        trigger: float | None,
        limit: float | None,
        trail: tuple[int, float],
        when: When | None,
        tag: str,
    ) -> OrderId:
        """A conditional order alone."""
        side, when, tag = _side(side), _when(when), checks.name(tag, "tag")
        lots, trail = checks.lots(lots, 1), _trail(kind, trail)
        trigger, limit = checks.price(trigger), checks.price(limit)
        blind = trigger is None and kind is not _K.TRAILING
        if blind or (limit is None and kind is _K.STOP_LIMIT):
            raise StrategyError(f"{kind.value}: a price is missing / 缺少价格")
        where = self._guard.pause()
        try:
            order = self._made(kind, instrument, side, lots, trigger, limit, trail, when, tag)
            self._place((order,))
            return order.id
        finally:
            self._guard.resume(where)

    def oco(
        self,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        stop: float,
        target: float,
        when: When | None,
        tag: str,
    ) -> Oco:
        side, when, tag = _side(side), _exit(when), checks.name(tag, "tag")
        lots = checks.lots(lots, 1)
        wanted = _prices(side, checks.price(stop), checks.price(target))
        if None in wanted:
            raise StrategyError("a pair needs a stop and a target / 须同时给出止损与止盈")
        where = self._guard.pause()
        try:
            legs = self._legs(instrument, side, lots, wanted, (0, 0.0), when, tag)
            group = legs[0].id
            self._place(tuple(replace(leg, group=group) for leg in legs))
            return Oco(legs[0].id, legs[1].id)
        finally:
            self._guard.resume(where)

    def bracket(
        self,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        price: float | None,
        stop: float | None,
        target: float | None,
        trail: tuple[int, float],
        when: When | None,
        tag: str,
    ) -> Bracket:
        side, when, tag = _side(side), _exit(when), checks.name(tag, "tag")
        lots, price = checks.lots(lots, 1), checks.price(price)
        wanted = _prices(side.opposite, checks.price(stop), checks.price(target))
        trails = any(trail)
        trail = _trail(_K.TRAILING if trails else _K.STOP, trail)
        if trails is (stop is not None) and (trails or target is None):
            raise StrategyError("a bracket: a stop, or a trail, or a target alone / 止损与止盈有误")
        where = self._guard.pause()
        try:
            return self._bracket(instrument, side, lots, price, wanted, trail, when, tag)
        finally:
            self._guard.resume(where)

    def cancel(self, order_id: OrderId) -> bool:
        """Whether it was one of its conditional orders that has not fired."""
        order = self._desk.conditionals.get(order_id)
        if order is None or order.sent_lots:
            return False
        self._core.bus.publish(
            CancelConditional(order_id, self._slot.actor, self._core.bus.clock.now())
        )
        return True

    def cancel_all(self, instrument: InstrumentId | None) -> int:
        where = self._guard.pause()
        try:
            return sum(self.cancel(order.id) for order in self.live(instrument))
        finally:
            self._guard.resume(where)

    def live(self, instrument: InstrumentId | None) -> tuple[Conditional, ...]:
        rows = self._desk.conditionals.values()
        return tuple(order for order in rows if instrument in (None, order.instrument))

    # ------------------------------------------------------------ making

    def _bracket(
        self,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        price: float | None,
        wanted: tuple[float | None, float | None],
        trail: tuple[int, float],
        when: When,
        tag: str,
    ) -> Bracket:
        """The legs are on their way before the entry: no fill finds itself without them."""
        held = self._desk.expected(instrument)
        if held * side.sign < 0:
            text = f"a bracket opens, but {held:+d} are held / 持有反向仓位"
            raise StrategyError(f"{instrument}: {text}")
        legs = self._legs(instrument, side.opposite, 0, wanted, trail, when, tag)
        entry = self._core.ids.next()
        self._place(tuple(replace(leg, group=entry, entry=entry) for leg in legs))
        self._context.enter(entry, side, instrument, lots, price, tag)
        ids = {leg.kind is _K.TAKE_PROFIT: leg.id for leg in legs}
        return Bracket(entry, ids.get(False), ids.get(True))

    def _legs(
        self,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        wanted: tuple[float | None, float | None],
        trail: tuple[int, float],
        when: When,
        tag: str,
    ) -> list[Conditional]:
        """The stop, or what trails, and the target, a limit order at its price."""
        stop, target = wanted
        rows: list[tuple[ConditionalKind, float | None, float | None, tuple[int, float]]] = []
        if stop is not None:
            rows.append((_K.STOP, stop, None, (0, 0.0)))
        elif any(trail):
            rows.append((_K.TRAILING, None, None, trail))
        if target is not None:
            rows.append((_K.TAKE_PROFIT, target, target, (0, 0.0)))
        return [
            self._made(kind, instrument, side, lots, trigger, limit, follow, when, tag)
            for kind, trigger, limit, follow in rows
        ]

    def _made(
        self,
        kind: ConditionalKind,
        instrument: InstrumentId,
        side: Side,
        lots: int,
        trigger: float | None,
        limit: float | None,
        trail: tuple[int, float],
        when: When,
        tag: str,
    ) -> Conditional:
        contract = self._context.contract(instrument)
        id_ = self._core.ids.next()
        return Conditional(
            id_,
            id_,
            self._core.account,
            self._slot.id,
            contract.id,
            side,
            kind,
            lots,
            _on_grid(trigger, contract),
            self._core.bus.clock.now(),
            _on_grid(limit, contract),
            when.source,
            when.gap,
            *trail,
            when.ticks,
            opens=when.opens,
            good_till=when.good_till,
            tag=tag,
        )

    def _place(self, orders: tuple[Conditional, ...]) -> None:
        self._context.must_act()
        for order in orders:
            self._desk.conditionals[order.id] = order
        now = self._core.bus.clock.now()
        self._core.bus.publish(PlaceConditional(orders, self._slot.actor, now))


def _on_grid(price: float | None, contract: Instrument) -> float | None:
    if price is None:
        return None
    near = round_to_tick(price, contract.tick_size)
    if near <= 0:
        raise StrategyError(f"{contract.id}: price {price:g} / 价格有误")
    return near


def _prices(
    side: Side, stop: float | None, target: float | None
) -> tuple[float | None, float | None]:
    """The two prices of a pair of exits of ``side``. ``StrategyError``: the wrong way round."""
    if stop is not None and target is not None and (target - stop) * side.sign >= 0:
        raise StrategyError(f"stop {stop:g}, target {target:g}: the wrong way round / 止损止盈颠倒")
    return stop, target


def _side(value: Any) -> Side:
    if type(value) is not Side:
        raise StrategyError("side: need Side.BUY or Side.SELL / 买卖方向有误")
    return value


def _trail(kind: ConditionalKind, value: tuple[int, float]) -> tuple[int, float]:
    """A distance in ticks or in percent, for what trails; nothing for the others."""
    ticks, percent = value
    whole = type(ticks) is int and 0 <= ticks <= checks.MAX_LOTS
    part = type(percent) in (int, float) and 0 <= percent <= MAX_PERCENT
    if not whole or not part or (kind is _K.TRAILING) is not (bool(ticks) is not bool(percent)):
        raise StrategyError("a trail needs ticks, or percent up to 50, not both / 跟踪距离有误")
    return ticks, float(percent)


def _when(value: Any) -> When:
    """``StrategyError``: not a ``When``, or one with wrong values."""
    if value is None:
        return _PLAIN
    if type(value) is not When:
        raise StrategyError("when: need When(...) or None / 条件有误")
    ticks = 0 if value.ticks is None else value.ticks
    if type(value.source) is not TriggerSource or type(value.gap) is not GapPolicy:
        raise StrategyError("when: source a TriggerSource, gap a GapPolicy / 条件有误")
    if type(ticks) is not int or not 0 <= ticks <= checks.MAX_TICKS:
        raise StrategyError(f"when: ticks from 0 to {checks.MAX_TICKS}, or None / 条件有误")
    good_till = value.good_till
    if type(good_till) is not int or not 0 <= good_till <= checks.MAX_TIME:
        raise StrategyError("when: good_till is event time in ns, or 0 / 条件有误")
    if type(value.opens) is not bool:
        raise StrategyError("when: opens is True or False / 条件有误")
    return value


def _exit(value: Any) -> When:
    when = _when(value)
    if when.opens:
        raise StrategyError("when: legs of a pair or of a bracket close / 平仓腿不能开仓")
    return when
