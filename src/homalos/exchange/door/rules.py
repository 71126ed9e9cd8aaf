"""CTP's own checks of an order, before the exchange hears of it (FACTS A4, A6 to A9)."""

from typing import Any, NamedTuple

from homalos.exchange import codes
from homalos.exchange.contract import Contract
from homalos.exchange.door import errors
from homalos.exchange.door.errors import Refused
from homalos.exchange.door.views import Echo
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce
from homalos.model.market import Instrument

Fields = dict[str, Any]

EXCHANGES = frozenset({"SHFE", "INE", "DCE", "CZCE", "CFFEX", "GFEX"})
SIDES = {"0": Side.BUY, "1": Side.SELL}
OFFSETS = {
    "0": Offset.OPEN, "1": Offset.CLOSE, "3": Offset.CLOSE_TODAY, "4": Offset.CLOSE_YESTERDAY
}  # fmt: skip
ANY, LIMIT, BEST, FIVE = "1", "2", "3", "G"
LEVELS = {BEST: 1, FIVE: 5}
"""How deep CFFEX's own market orders reach."""
TAKEN_BY = {
    LIMIT: EXCHANGES,
    ANY: frozenset({"DCE", "GFEX", "CZCE"}),
    BEST: frozenset({"CFFEX"}),
    FIVE: frozenset({"CFFEX"}),
}
"""Price type: exchanges that have it."""
Shape = tuple[str, str, str]
FAK, FOK, GFD = TimeInForce.FAK, TimeInForce.FOK, TimeInForce.GFD
_LIMITS: dict[Shape, TimeInForce] = {
    ("2", "3", "1"): GFD, ("2", "1", "1"): FAK, ("2", "1", "2"): FAK, ("2", "1", "3"): FOK
}  # fmt: skip
_ANY_DCE: dict[Shape, TimeInForce] = {("1", "1", "1"): FAK, ("1", "1", "3"): FOK}
SHAPES: dict[str, dict[Shape, TimeInForce]] = {
    "SHFE": _LIMITS,
    "INE": _LIMITS,
    "DCE": _LIMITS | _ANY_DCE,
    "GFEX": _LIMITS | _ANY_DCE,
    "CZCE": _LIMITS | {("1", "3", "3"): GFD},
    "CFFEX": _LIMITS
    | {("3", "1", "1"): FAK, ("3", "3", "1"): GFD, ("G", "1", "1"): FAK, ("G", "3", "1"): GFD},
}
"""Price type, time condition, volume condition: what it is. Others the exchange does not take."""
CHARACTERS = {
    "OrderPriceType": "123456789ABCDEFG",
    "Direction": "01",
    "CombOffsetFlag": "0134",
    "CombHedgeFlag": "1235",
    "TimeCondition": "123456",
    "VolumeCondition": "123",
    "ForceCloseReason": "0",
}
"""What may stand in a field at all; else 15."""
HEDGES = {"2": errors.NO_ARBITRAGE, "3": errors.NOT_EXCHANGE_CLIENT, "5": errors.NO_ARBITRAGE}
NO_COUNTERPARTY = "无对手方报价"


class Wish(NamedTuple):
    """An order that CTP lets pass. ``veto``: what the exchange will say against it."""

    side: Side
    offset: Offset
    kind: OrderKind
    tif: TimeInForce
    price: float
    veto: str


def fields(order: Fields) -> None:
    """``Refused``: 15, 20, 54, 61, 65: what no contract is needed for."""
    for name, allowed in CHARACTERS.items():
        value = order[name]
        if len(value) != 1 or value not in allowed:
            raise Refused(errors.BAD_FIELD)
    if order["CombHedgeFlag"] != "1":
        raise Refused(HEDGES[order["CombHedgeFlag"]])
    if order["ContingentCondition"] != "1":
        raise Refused(errors.NO_CONDITIONAL_ORDERS)
    if order["IsSwapOrder"]:
        raise Refused(errors.NO_SWAP)
    lots = order["VolumeTotalOriginal"]
    if order["IsAutoSuspend"] or lots <= 0 or order["MinVolume"] > lots:
        raise Refused(errors.BAD_FIELD)


def reference(text: str, newest: int) -> int:
    """OrderRef as a number: digits, more than ``newest``; empty: the next one."""
    text = text.strip()
    if not text:
        return newest + 1
    if not (text.isascii() and text.isdigit()):
        raise Refused(errors.BAD_FIELD)
    if int(text) <= newest:
        raise Refused(errors.DUPLICATE_ORDER_REF)
    return int(text)


def exchange(value: str, item: Instrument | None, *, required: bool) -> None:
    """``Refused``: 147, 148, 150."""
    if not value:
        if required:
            raise Refused(errors.NO_EXCHANGE)
    elif value not in EXCHANGES:
        raise Refused(errors.BAD_EXCHANGE)
    elif item is not None and value != item.exchange:
        raise Refused(errors.WRONG_EXCHANGE)


def wish(order: Fields, contract: Contract, *, czce_fok: bool) -> Wish:
    """What the client wants, in the exchange's terms. ``Refused``: 80, 95."""
    item, kind = contract.instrument, order["OrderPriceType"]
    side, offset = SIDES[order["Direction"]], OFFSETS[order["CombOffsetFlag"]]
    if item.exchange not in TAKEN_BY.get(kind, ()):
        raise Refused(errors.PRICE_TYPE)
    shape = (kind, order["TimeCondition"], order["VolumeCondition"])
    tif = SHAPES.get(item.exchange, _LIMITS).get(shape)
    price, veto = order["LimitPrice"], ""
    if tif is None or (tif is FOK and item.exchange == "CZCE" and not czce_fok):
        tif, veto = GFD, codes.TYPE_NOT_SUPPORTED
    if kind == ANY:
        if item.exchange == "CZCE" and price:
            raise Refused(errors.BAD_PRICE)
        return Wish(side, offset, OrderKind.MARKET, tif, price, veto)
    if kind in LEVELS:
        price, veto = _reach(order, contract, side, veto)
    return Wish(side, offset, OrderKind.LIMIT, tif, price, veto)


def _reach(order: Fields, contract: Contract, side: Side, veto: str) -> tuple[float, str]:
    """The limit of a best-price or five-level order: the last level that it may reach."""
    most = contract.instrument.max_market_lots
    if not most:
        raise Refused(errors.PRICE_TYPE)
    if order["VolumeTotalOriginal"] > most:
        veto = veto or codes.ABOVE_MAX_LOTS
    levels = [level for level in contract.displayed(side) if level.left]
    levels = levels[: LEVELS[order["OrderPriceType"]]]
    tick = contract.tick
    if not levels:
        last = tick.last_price if tick is not None else None
        return last or contract.instrument.tick_size, veto or NO_COUNTERPARTY
    return levels[-1].price, veto


def echo(order: Fields, item: Instrument, ref: str) -> Echo:
    """What of the order goes back as it came. Elsewhere than on SHFE and INE a close is a close."""
    offset = order["CombOffsetFlag"]
    if not item.splits_today and offset in "34":
        offset = "1"
    kind = order["OrderPriceType"]
    return Echo(
        ref, order["UserID"], kind, offset, order["TimeCondition"], order["VolumeCondition"],
        order["MinVolume"], order["RequestID"], order["OrderMemo"], order["InvestUnitID"],
        price=None if kind == LIMIT else order["LimitPrice"],
    )  # fmt: skip
