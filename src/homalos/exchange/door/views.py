"""An order as its account sees it over CTP: rows of ``OnRtnOrder``, ``OnRtnTrade`` and queries.

What the client wrote into its order and the exchange does not need travels with it as the order's
tag, so it is in the ledger and a restart shows the same.
"""

from typing import Any

import msgspec

from homalos.exchange import codes
from homalos.exchange.door import dates
from homalos.exchange.records import Fill, VenueOrder
from homalos.model.enums import Offset, OrderStatus, Side
from homalos.model.ids import OrderId
from homalos.model.market import Instrument

DIRECTIONS = {Side.BUY: "0", Side.SELL: "1"}
OFFSETS = {
    Offset.OPEN: "0", Offset.CLOSE: "1", Offset.CLOSE_TODAY: "3", Offset.CLOSE_YESTERDAY: "4"
}  # fmt: skip
STATUS = {
    OrderStatus.SUBMITTED: "a",
    OrderStatus.ACCEPTED: "3",
    OrderStatus.PARTIALLY_FILLED: "1",
    OrderStatus.FILLED: "0",
    OrderStatus.CANCELLED: "5",
    OrderStatus.REJECTED: "5",
}
INSERT_SUBMITTED, ACCEPTED, INSERT_REJECTED, CANCEL_REJECTED = "0", "3", "4", "5"
_RESTED = frozenset({OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED})
LOCAL_IDS_FROM = 100_000
"""OrderLocalID counts from elsewhere than OrderSysID: who mixes them up finds nothing."""


class Echo(msgspec.Struct, array_like=True, frozen=True):
    """The client's own fields of an order."""

    ref: str
    user: str
    price_type: str = "2"
    offset: str = "0"
    time_condition: str = "3"
    volume_condition: str = "1"
    min_volume: int = 1
    request: int = 0
    memo: str = ""
    unit: str = ""
    force_close: str = "0"
    price: float | None = None
    """As it was sent, where the exchange made another of it."""

    def tag(self) -> str:
        return msgspec.json.encode(self).decode()


def order_id(front: int, session: int, ref: int) -> OrderId:
    return OrderId(f"{front}:{session}:{ref}")


class OrderView:
    """One order of the trading day."""

    __slots__ = (
        "accepted", "answered", "broker", "echo", "front", "item", "order", "ref", "request",
        "session",
    )  # fmt: skip

    def __init__(self, order: VenueOrder, item: Instrument, broker: str) -> None:
        self.order = order
        self.item = item
        self.broker = broker
        self.echo = _echo(order)
        front, _, rest = order.id.partition(":")
        session, _, _ = rest.partition(":")
        self.front, self.session = (int(front), int(session)) if session else (0, 0)
        self.ref = self.echo.ref
        self.request = self.echo.request
        self.accepted = False
        """Whether a queued state was told: from then on OrderSubmitStatus is Accepted."""
        self.answered = False
        """Whether the sessions know a state that came from the exchange."""

    def heard(self, status: OrderStatus) -> str:
        """OrderSubmitStatus of a state that is told now."""
        if status is OrderStatus.REJECTED:
            return INSERT_REJECTED
        if status in _RESTED:
            self.accepted = True
        return ACCEPTED if self.accepted else INSERT_SUBMITTED

    def message(self, status: OrderStatus, message: str) -> str:
        if status is OrderStatus.FILLED and not self.accepted:
            return codes.FILLED + codes.SUBMITTED
        return message

    def common(self) -> dict[str, Any]:
        """Fields that an order, its trades and its refused cancels share."""
        order = self.order
        return {
            "BrokerID": self.broker,
            "InvestorID": order.account,
            "OrderRef": self.ref,
            "UserID": self.echo.user,
            "ExchangeID": order.exchange,
            "ParticipantID": self.broker,
            "ClientID": f"{self.broker}{order.account}"[:10],
            "TraderID": f"{self.broker}cac",
            "BusinessUnit": f"{self.broker}cac",
            "OrderLocalID": f"{order.sequence + LOCAL_IDS_FROM:>12}",
            "InvestUnitID": self.echo.unit,
            "InstrumentID": self.item.symbol,
        }

    def row(
        self, status: OrderStatus, submit: str, traded: int, message: str, *,
        known: bool, ts: int, sequence: int,
    ) -> dict[str, Any]:  # fmt: skip
        """``OrderField``. ``known``: the exchange has numbered it; ``ts``: of this state."""
        order, echo, exchange = self.order, self.echo, self.order.exchange
        first = status is OrderStatus.SUBMITTED and not known
        ended = status in (OrderStatus.CANCELLED, OrderStatus.REJECTED)
        return self.common() | {
            "OrderPriceType": echo.price_type,
            "Direction": DIRECTIONS[order.side],
            "CombOffsetFlag": echo.offset,
            "CombHedgeFlag": "1",
            "LimitPrice": order.price if echo.price is None else echo.price,
            "VolumeTotalOriginal": order.lots,
            "TimeCondition": echo.time_condition,
            "VolumeCondition": echo.volume_condition,
            "MinVolume": echo.min_volume,
            "ContingentCondition": "1",
            "ForceCloseReason": echo.force_close,
            "RequestID": self.request,
            "InstallID": 1,
            "OrderSubmitStatus": submit,
            "NotifySequence": 0 if first else 1,
            "TradingDay": str(order.trading_day),
            "SettlementID": 1,
            "OrderSysID": (order.venue_order_id or "") if known else "",
            "OrderStatus": STATUS[status],
            "OrderType": "0",
            "VolumeTraded": traded,
            "VolumeTotal": order.lots - traded,
            "InsertDate": dates.insert_date(
                exchange, order.ts_init, order.trading_day, known=known
            ),
            "InsertTime": dates.hms(order.ts_init),
            "UpdateTime": "" if first else dates.hms(ts),
            "CancelTime": dates.hms(ts) if ended else "",
            "ActiveTraderID": f"{self.broker}cac" if known else "",
            "SequenceNo": sequence if known else 0,
            "FrontID": self.front,
            "SessionID": self.session,
            "StatusMsg": message,
            "BrokerOrderSeq": order.sequence,
            "ZCETotalTradedVolume": traded if exchange == "CZCE" else 0,
            "ExchangeInstID": self.item.symbol,
            "OrderMemo": echo.memo,
        }

    def current(self, sequence: int) -> dict[str, Any]:
        """The row as a query shows it."""
        order = self.order
        known = order.venue_order_id is not None
        submit = INSERT_REJECTED if order.status is OrderStatus.REJECTED else ACCEPTED
        message = order.message or _MESSAGES.get(order.status, "")
        return self.row(
            order.status, submit, order.traded, message, known=known, ts=order.ts_event,
            sequence=sequence,
        )  # fmt: skip

    def trade(self, fill: Fill, sequence: int) -> dict[str, Any]:
        """``TradeField``."""
        exchange = self.order.exchange
        return self.common() | {
            "TradeID": fill.trade_id,
            "Direction": DIRECTIONS[fill.side],
            "OrderSysID": fill.venue_order_id or "",
            "OffsetFlag": OFFSETS[fill.offset],
            "HedgeFlag": "1",
            "Price": fill.price,
            "Volume": fill.lots,
            "TradeDate": dates.trade_date(exchange, fill.ts_event, fill.trading_day),
            "TradeTime": dates.hms(fill.ts_event),
            "SequenceNo": sequence,
            "TradingDay": str(fill.trading_day),
            "SettlementID": 1,
            "BrokerOrderSeq": self.order.sequence,
            "TradeSource": "0",
            "ExchangeInstID": self.item.symbol,
        }


_MESSAGES = {
    OrderStatus.ACCEPTED: codes.QUEUED,
    OrderStatus.PARTIALLY_FILLED: codes.PARTLY,
    OrderStatus.FILLED: codes.FILLED,
}


def _echo(order: VenueOrder) -> Echo:
    try:
        return msgspec.json.decode(order.tag, type=Echo)
    except msgspec.DecodeError:  # an order of another door
        return Echo(order.id.rpartition(":")[2][:12], "", offset=OFFSETS[order.offset])
