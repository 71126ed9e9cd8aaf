"""Rows of the private flow and of queries into what the core is told of orders and trades.

The flow tells the whole day again after each login, the same state twice, and orders of other
programs among ours. So: each row is matched to one order (FACTS A6), merged by rank, and told only
where it says something new; a trade is told once. Orders that the core does not trade in (options,
combinations, hedge lots) are followed but not told.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homalos.ctp.records import OrderRow, TradeRow
from homalos.gateway.ctp import convert
from homalos.gateway.ctp.convert import Contracts, DayClock
from homalos.gateway.ctp.identity import Identity
from homalos.model.enums import OrderKind, OrderStatus
from homalos.model.event import Event
from homalos.model.events import CancelRejected, OrderReported, TradeReported
from homalos.model.ids import UNATTRIBUTED, AccountId, InstrumentId, OrderId, TradeId, VenueOrderId
from homalos.model.market import Instrument
from homalos.model.trading import Order, Trade

_S = OrderStatus
RANK = {
    _S.SUBMITTED: 0, _S.ACCEPTED: 1, _S.PARTIALLY_FILLED: 2, _S.CANCELLED: 3, _S.REJECTED: 3,
    _S.FILLED: 4,
}  # fmt: skip
"""A state only moves forward; what is not higher says nothing new."""
_UNSET = frozenset({"", "\0"})


class Known:
    """One order of the account as the venue has told it. ``id`` None: not sent by us."""

    __slots__ = (
        "code", "exchange", "front", "heard", "id", "instrument", "message", "ref", "request",
        "session", "status", "sys_id", "told", "traded", "wire",
    )  # fmt: skip

    def __init__(self, id_: OrderId | None, exchange: str, wire: str) -> None:
        self.id = id_
        self.exchange = exchange
        self.wire = wire
        self.instrument: InstrumentId | None = None
        """None: nothing that the core trades."""
        self.front = self.session = self.request = 0
        self.ref = self.sys_id = ""
        self.status = _S.SUBMITTED
        self.traded = 0
        self.code = 0
        self.message = ""
        self.heard = False
        """The venue has said a word about it."""
        self.told = False
        """All that is known of it has been handed on."""

    @property
    def ended(self) -> bool:
        return RANK[self.status] >= RANK[_S.CANCELLED]


class Orders:
    """See the module. ``alarm`` is told what a human must know of."""

    def __init__(
        self, account: AccountId, identity: Identity, contracts: Contracts, dates: DayClock,
        now: Callable[[], int], alarm: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._account = account
        self._identity = identity
        self._contracts = contracts
        self._dates = dates
        self._now = now
        self._alarm = alarm
        self._ids: dict[OrderId, Known] = {}
        self._clients: dict[tuple[int, int, str], Known] = {}
        """By (FrontID, SessionID, OrderRef)."""
        self._venue: dict[tuple[str, str], Known] = {}
        """By (ExchangeID, OrderSysID), padding kept."""
        self._locals: dict[tuple[str, str, str], Known] = {}
        """By (ExchangeID, TraderID, OrderLocalID)."""
        self._trades: set[tuple[str, str, str, int]] = set()
        self._actions: dict[int, tuple[Known, OrderId]] = {}
        """Cancels that are under way, by OrderActionRef, with the order's id in the core."""
        self.activity = 0
        """Grows with every word of the flow that is news, and every request that left."""
        self.trades = 0
        """Trades heard in the flow."""

    def new_day(self) -> None:
        """Numbers of a venue hold for one trading day."""
        self._ids.clear()
        self._clients.clear()
        self._venue.clear()
        self._locals.clear()
        self._trades.clear()
        self._actions.clear()

    # ------------------------------------------------------------ what leaves

    def sent(self, order: Order, item: Instrument, ref: str, request: int) -> Known:
        """To be called before the request: its answer may be there when it returns."""
        known = Known(order.id, item.exchange, item.symbol)
        known.instrument = order.instrument
        known.front, known.session = self._identity.session
        known.ref, known.request = ref, request
        self._ids[order.id] = known
        self._clients[known.front, known.session, ref] = known
        self.activity += 1
        return known

    def not_sent(self, known: Known) -> None:
        """The request did not leave after all."""
        assert known.id is not None
        del self._ids[known.id]
        del self._clients[known.front, known.session, known.ref]

    def cancelling(self, action_ref: int, known: Known, id_: OrderId) -> None:
        self._actions[action_ref] = (known, id_)
        self.activity += 1

    def not_cancelling(self, action_ref: int) -> None:
        del self._actions[action_ref]

    def find(self, order: Order) -> Known | None:
        """What is known of an order of the core's, by its own id or the exchange's number: numbers
        begin anew each day, so an order of an earlier day has none any more."""
        known = self._ids.get(order.id)
        today = not self._dates.over(order.ts_init)
        if known is None and today and order.venue_order_id is not None:
            exchange = order.instrument.partition(".")[0]
            known = self._venue.get((exchange, order.venue_order_id))
            if known is not None and known.instrument != order.instrument:
                known = None
        return known

    # ------------------------------------------------------------ orders

    def on_order(self, row: OrderRow) -> list[Event]:
        """``OnRtnOrder``: what of it is news, for the core."""
        known = self._merge(row)
        events: list[Event] = []
        if row.submit_status == convert.CANCEL_REJECTED:
            events += self._refused(known, convert.EXCHANGE_RETURNED_ERROR, row.message)
        if not known.told and (report := self._report(known, row)) is not None:
            events.append(report)
        return events

    def _merge(self, row: OrderRow) -> Known:
        known = self._match(row)
        self._index(known, row)
        status = convert.status(row.status, row.submit_status, row.message)
        if row.status not in convert.STATUSES:
            self._alarm(f"order {row.sys_id or row.order_ref}: unknown status {row.status!r}")
        news = not known.heard
        known.heard = True
        if row.sys_id and not known.sys_id:
            known.sys_id, news = row.sys_id, True
        if row.traded > known.traded:
            known.traded, news = row.traded, True
        if RANK[status] > RANK[known.status]:
            known.status, known.message, news = status, row.message, True
            rejected = status is _S.REJECTED
            known.code = convert.EXCHANGE_RETURNED_ERROR if rejected else 0
        if news:
            known.told = False
            self.activity += 1
        return known

    def _match(self, row: OrderRow) -> Known:
        """The order that the row is of; a new one where there is none."""
        ref = row.order_ref.strip()
        known = self._venue.get((row.exchange, row.sys_id)) if row.sys_id else None
        if known is None:
            known = self._clients.get((row.front, row.session, ref))
            if known is not None and _another(known, row):
                known = None
        if known is None and row.local_id:  # the client key is another after 清流重启, this is not
            known = self._locals.get((row.exchange, row.trader, row.local_id))
            if known is not None and _another(known, row):
                known = None
        if known is not None:
            return known
        # Not seen yet, or seen under another name (清流重启, or we have been restarted).
        id_ = self._identity.of_memo(row.memo)
        if id_ is None and self._identity.ours(row.front, row.session):
            id_ = self._identity.order_id(int(ref)) if ref.isdigit() else None
        known = None if id_ is None else self._ids.get(id_)
        if known is None or _another(known, row):
            known = Known(id_, row.exchange, row.instrument)
            known.instrument = self._traded_in(row.exchange, row.instrument, row.hedge)
            known.request = row.request
        return known

    def _traded_in(self, exchange: str, wire: str, hedge: str) -> InstrumentId | None:
        """The contract, where the core trades in it: futures, as speculation."""
        if hedge not in _UNSET and set(hedge) != {convert.SPECULATION}:
            return None
        item = self._contracts.wire(exchange, wire)
        return None if item is None else item.id

    def _index(self, known: Known, row: OrderRow) -> None:
        known.front, known.session, known.ref = row.front, row.session, row.order_ref.strip()
        self._clients[known.front, known.session, known.ref] = known
        if row.sys_id:
            self._venue[row.exchange, row.sys_id] = known
        if row.local_id:
            self._locals[row.exchange, row.trader, row.local_id] = known
        if known.id is not None:
            self._ids[known.id] = known

    def _report(self, known: Known, row: OrderRow) -> OrderReported | None:
        """``None``: nothing that the core trades, or a stranger's that has no number yet."""
        known.told = True
        if known.instrument is None:
            return None
        if known.id is None and not known.sys_id:
            known.told = False
            return None
        cancelled = row.cancel_time if known.status is _S.CANCELLED else ""
        return OrderReported(
            known.id,
            VenueOrderId(known.sys_id) if known.sys_id else None,
            known.instrument,
            known.status,
            known.traded,
            known.code,
            known.message or row.message,
            self._dates.at(cancelled, row.update_time, row.insert_time),
            self._now(),
        )

    # ------------------------------------------------------------ refusals

    def on_insert_error(self, row: Mapping[str, Any], code: int, message: str) -> list[Event]:
        """``OnRspOrderInsert`` and ``OnErrRtnOrderInsert``: CTP itself refused. The same refusal
        comes as both, the second to all sessions of the account; whose it is say OrderMemo, else
        OrderRef and RequestID. No OnRtnOrder ever precedes it (A7.3): an order that the flow has
        told of is not meant, and where the exchange refused one, the flow says that too."""
        memo = str(row.get("OrderMemo", "")).strip()
        if memo:
            id_ = self._identity.of_memo(memo)
            known = None if id_ is None else self._ids.get(id_)
        else:
            front, session = self._identity.session
            known = self._clients.get((front, session, str(row.get("OrderRef", "")).strip()))
            if known is not None and int(row.get("RequestID", 0)) not in (0, known.request):
                return []
        if known is None or known.id is None or known.instrument is None:
            return []
        if known.wire != row.get("InstrumentID") or known.heard or known.ended:
            return []
        known.status, known.code, known.message, known.told = _S.REJECTED, code, message, True
        self.activity += 1
        now = self._now()
        return [
            OrderReported(
                known.id, None, known.instrument, _S.REJECTED, known.traded, code, message, 0, now
            )
        ]

    def on_action_error(self, row: Mapping[str, Any], code: int, message: str) -> list[Event]:
        """``OnRspOrderAction`` and ``OnErrRtnOrderAction``: the same refusal of a cancel, twice."""
        known, _ = self._actions.get(int(row.get("OrderActionRef", 0)), (None, None))
        if known is None or known.wire != row.get("InstrumentID"):
            return []
        if row.get("OrderSysID") and row["OrderSysID"] != known.sys_id:
            return []
        return self._refused(known, code, message)

    def _refused(self, known: Known, code: int, message: str) -> list[Event]:
        """One refusal for the cancels of an order that are under way."""
        mine = {ref: id_ for ref, (other, id_) in self._actions.items() if other is known}
        for ref in mine:
            del self._actions[ref]
        now = self._now()
        return [CancelRejected(id_, code, message, now) for id_ in set(mine.values())]

    # ------------------------------------------------------------ trades

    def on_trade(self, row: TradeRow) -> list[Event]:
        """``OnRtnTrade``: booked by the core whoever sent the order."""
        key = _key(row)
        if key in self._trades:
            return []
        self._trades.add(key)
        self.activity += 1
        self.trades += 1
        trade = self._trade(row)
        if trade is None:
            return []
        return [
            TradeReported(
                trade.order_id, trade.venue_order_id, trade.id, trade.instrument, trade.side,
                trade.offset, trade.price, trade.lots, trade.trading_day, trade.ts_event,
                self._now(),
            )
        ]  # fmt: skip

    def _trade(self, row: TradeRow) -> Trade | None:
        instrument = self._traded_in(row.exchange, row.instrument, row.hedge)
        side = convert.SIDES.get(row.direction)
        if instrument is None:
            return None
        if side is None or row.price is None:
            self._alarm(f"trade {row.exchange} {row.trade_id} of {row.instrument} has no price or "
                        f"no side ({row.direction!r}): not booked")  # fmt: skip
            return None
        known = self._of_trade(row)
        return Trade(
            id=TradeId(row.trade_id),
            order_id=None if known is None else known.id,
            account=self._account,
            strategy=UNATTRIBUTED,
            instrument=instrument,
            side=side,
            offset=convert.offset(row.offset),
            price=row.price,
            lots=row.lots,
            fee=0.0,
            trading_day=row.trading_day,
            ts_event=self._dates.at(row.trade_time),
            ts_init=self._now(),
            venue_order_id=VenueOrderId(row.sys_id) if row.sys_id else None,
        )

    def _of_trade(self, row: TradeRow) -> Known | None:
        """By the exchange's number, by CTP's, and last by OrderRef: of an order of this session
        that has no number yet, since strangers may use the same."""
        known = self._venue.get((row.exchange, row.sys_id))
        if known is None:
            known = self._locals.get((row.exchange, row.trader, row.local_id))
        if known is None:
            front, session = self._identity.session
            known = self._clients.get((front, session, row.order_ref.strip()))
            if known is not None and (known.sys_id or known.wire != row.instrument):
                known = None
        return known

    # ------------------------------------------------------------ whole answers

    def snapshot_orders(self, rows: list[OrderRow]) -> tuple[Order, ...]:
        """The day's orders as the venue lists them, strangers' with an empty id; a stranger's that
        the exchange never numbered is left out."""
        found = (self._order(self._merge(row), row) for row in rows)
        return tuple(order for order in found if order is not None)

    def _order(self, known: Known, row: OrderRow) -> Order | None:
        side = convert.SIDES.get(row.direction)
        if known.instrument is None or side is None or not (known.id or known.sys_id):
            return None
        id_ = known.id or OrderId("")
        return Order(
            id=id_,
            intent_id=id_,
            account=self._account,
            strategy=UNATTRIBUTED,
            instrument=known.instrument,
            side=side,
            offset=convert.offset(row.offset),
            kind=OrderKind.LIMIT if row.price_type == convert.LIMIT else OrderKind.MARKET,
            tif=convert.tif(row.time_condition, row.volume_condition),
            price=row.price or 0.0,
            lots=row.lots,
            ts_init=self._dates.at(row.insert_time) or self._now(),
            status=known.status,
            traded_lots=known.traded,
            venue_order_id=VenueOrderId(known.sys_id) if known.sys_id else None,
            code=known.code,
            message=known.message or row.message,
            ts_event=self._dates.at(row.update_time, row.insert_time),
        )

    def missing(self, rows: Iterable[TradeRow]) -> bool:
        """Whether the flow has told of trades that are not among ``rows``."""
        return not self._trades <= {_key(row) for row in rows}

    def snapshot_trades(self, rows: list[TradeRow]) -> tuple[Trade, ...]:
        """The day's trades, in the order in which they happened."""
        unique = {_key(row): row for row in rows}
        ordered = sorted(unique.values(), key=lambda r: (self._dates.at(r.trade_time), r.sequence))
        found = (self._trade(row) for row in ordered)
        return tuple(trade for trade in found if trade is not None)


def _key(row: TradeRow) -> tuple[str, str, str, int]:
    """The two sides of one trade may share its number (FACTS A6)."""
    return row.exchange, row.trade_id, row.direction, row.trading_day


def _another(known: Known, row: OrderRow) -> bool:
    """Numbers of two orders: the name that they share was given twice."""
    return bool(known.sys_id and row.sys_id and known.sys_id != row.sys_id) or (
        known.wire != row.instrument
    )
