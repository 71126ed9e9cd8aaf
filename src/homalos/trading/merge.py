"""Pure: an order and what was heard about it give the order as it is now."""

from msgspec.structs import replace

from homalos.market.money import round_to_tick
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.events import OrderReported, SubmitOrder, TradeReported
from homalos.model.ids import OrderId
from homalos.model.market import Instrument, Tick
from homalos.model.trading import Order
from homalos.trading.states import Word, next_status

_LIMIT, _MARKET, _FAK = OrderKind.LIMIT, OrderKind.MARKET, TimeInForce.FAK

_WORDS = {
    OrderStatus.SUBMITTED: Word.SUBMITTED,
    OrderStatus.ACCEPTED: Word.ACCEPTED,
    OrderStatus.PARTIALLY_FILLED: Word.PARTIALLY_FILLED,
    OrderStatus.FILLED: Word.FILLED,
    OrderStatus.CANCELLED: Word.CANCELLED,
    OrderStatus.REJECTED: Word.REJECTED,
}
"""What a venue can say; the other states are ours."""


def after_report(order: Order, report: OrderReported) -> Order:
    """The same object where the report says nothing new."""
    word = _WORDS.get(report.status)
    status = order.status if word is None else next_status(order.status, word)
    traded = max(order.traded_lots, min(report.traded_lots, order.lots))
    venue_id = order.venue_order_id or report.venue_order_id
    moved = status is not order.status
    heard = order.ts_event or report.ts_event or report.ts_init
    if not (
        moved
        or traded != order.traded_lots
        or venue_id != order.venue_order_id
        or heard != order.ts_event
    ):
        return order
    return replace(
        order,
        status=status,
        traded_lots=traded,
        venue_order_id=venue_id,
        code=report.code if moved else order.code,
        message=report.message if moved else order.message,
        ts_event=report.ts_event if moved and report.ts_event else heard,
    )


def after_trade(order: Order, trade: TradeReported) -> Order:
    """One more fill, which the caller knows to be new. Where earlier fills were booked at a price
    that nobody told (an order of another terminal), the average stays unknown."""
    booked = order.booked_lots + trade.lots
    word = Word.LAST_TRADE if booked >= order.lots else Word.TRADE
    average: float | None = trade.price
    if order.booked_lots:
        before = order.average_price
        paid = None if before is None else before * order.booked_lots + trade.price * trade.lots
        average = None if paid is None else paid / booked
    return replace(
        order,
        status=next_status(order.status, word),
        traded_lots=max(order.traded_lots, booked),
        booked_lots=booked,
        average_price=average,
        venue_order_id=order.venue_order_id or trade.venue_order_id,
        ts_event=trade.ts_event or order.ts_event,
    )


def market_price(side: Side, instrument: Instrument, tick: Tick | None, ticks: int) -> float | None:
    """The portable market order (FACTS A8): the opposite price and ``ticks`` through it, within the
    day's limits; from the last price where nobody stands opposite; ``None`` without any price."""
    if tick is None:
        return None
    buy = side is Side.BUY
    opposite = tick.ask_price if buy else tick.bid_price
    start = opposite if opposite is not None else tick.last_price
    if start is None:
        return None
    price = start + side.sign * ticks * instrument.tick_size
    limit = tick.upper_limit if buy else tick.lower_limit
    if limit is not None:
        price = min(price, limit) if buy else max(price, limit)
    return round_to_tick(price, instrument.tick_size)


def limit_price(side: Side, tick: Tick | None) -> float | None:
    """The day's limit that a market order "to the price limit" goes to; ``None``: not known."""
    if tick is None:
        return None
    return tick.upper_limit if side is Side.BUY else tick.lower_limit


def part_id(intent: OrderId, number: int) -> OrderId:
    return intent if number == 0 else OrderId(f"{intent}.{number}")


def part(intent: SubmitOrder, number: int, offset: Offset, lots: int, price: float) -> Order:
    """One order of an intent; the first bears the intent's id, the further ones ``intent.1``..."""
    order = Order(
        part_id(intent.intent_id, number),
        intent.intent_id,
        intent.account,
        intent.strategy,
        intent.instrument,
        intent.side,
        offset,
        _LIMIT,
        _FAK if intent.kind is _MARKET else intent.tif,
        price,
        lots,
        intent.ts_init,
        intent.ts_trigger,
    )
    return replace(order, to_limit=True) if intent.to_limit else order
