"""Orders and cancels on their way out: numbers are given, written down and registered before the
request leaves, since its answer may be there when the call returns (FACTS A6, A7)."""

from homalos.ctp.abi import FieldError
from homalos.gateway.ctp import convert
from homalos.gateway.ctp.convert import LIMIT, OFFSET_CODES, SIDE_CODES, Contracts
from homalos.gateway.ctp.identity import Identity
from homalos.gateway.ctp.orders import Known
from homalos.gateway.ctp.shadow import Entry, Shadow
from homalos.gateway.ctp.td import TdLine
from homalos.kernel.clock import Clock
from homalos.model.enums import Severity
from homalos.model.events import CancelRejected
from homalos.model.ids import OrderId
from homalos.model.market import Instrument
from homalos.model.trading import Order

NOT_SENT = -1
"""CTP's return code of a request that never left."""
ALREADY_FINAL = 26
_ACTIONS_A_RUN = 10_000


class Sender:
    """See the module. ``shadow``: nothing leaves, everything is listed there."""

    def __init__(
        self, line: TdLine, identity: Identity, contracts: Contracts, clock: Clock, run: int,
        shadow: Shadow | None,
    ) -> None:  # fmt: skip
        self._line = line
        self._orders = line.orders
        self._identity = identity
        self._contracts = contracts
        self._clock = clock
        self._shadow = shadow
        # Other sessions are told of refused cancels too, and many programs count from 1.
        self._action = run * _ACTIONS_A_RUN % (1 << 31)
        self._waiting: dict[OrderId, Known] = {}
        """Cancels of orders that the exchange has not numbered: CTP answers them with 25, 26 or
        157, or late."""

    def insert(self, order: Order) -> int:
        """Hand one order over: 0, or a negative code and nothing was sent."""
        line = self._line
        port = line.port
        item = self._contracts.get(order.instrument)
        if not line.is_ready or port is None or item is None:
            return NOT_SENT
        if self._shadow is not None:
            return self._shadow.insert(_entry(order, item, self._clock.now()))
        number = self._identity.take(order.id)
        if not number:
            return NOT_SENT
        ref, request, terms = str(number), line.next_request(), convert.terms(order)
        known = self._orders.sent(order, item, ref, request)
        try:
            code = port.insert(
                ref, item.exchange, item.symbol, SIDE_CODES[order.side],
                OFFSET_CODES[order.offset], LIMIT, order.price, order.lots,
                terms.time, terms.volume, 1, request, self._identity.memo(number),
            )  # fmt: skip
        except FieldError as error:
            code = NOT_SENT
            text = f"order {order.id} does not fit CTP's fields: {error} / 报单字段超长"
            line.alarm(Severity.ERROR, text)
        if code:
            self._orders.not_sent(known)
        return code

    def cancel(self, order: Order) -> int:
        """Ask for a cancel, or keep it until the exchange has numbered the order."""
        if not self._line.is_ready:
            return NOT_SENT
        known = self._orders.find(order)
        item = self._contracts.get(order.instrument)
        if self._shadow is not None:
            symbol = item.symbol if item is not None else order.instrument
            return self._shadow.cancel(order, symbol, self._clock.now())
        if known is None:
            return NOT_SENT
        if known.sys_id:
            return self._cancel(known, order.id)
        if known.ended:
            text = "the order is over / 报单已结束"
            self._line.tell(CancelRejected(order.id, ALREADY_FINAL, text, self._clock.now()))
        else:
            self._waiting[order.id] = known
        return 0

    def _cancel(self, known: Known, id_: OrderId) -> int:
        """By the exchange's number, as CTP advises; padded as it came (A6)."""
        port = self._line.port
        if port is None:
            return NOT_SENT
        self._action += 1
        self._orders.cancelling(self._action, known, id_)
        code = port.cancel(
            known.exchange, known.wire, known.sys_id, known.front, known.session, known.ref,
            self._action, self._line.next_request(),
        )  # fmt: skip
        if code:
            self._orders.not_cancelling(self._action)
        return code

    def numbered(self) -> None:
        """Orders were reported: cancels whose order has its number now may leave."""
        if not self._waiting:
            return
        for id_, known in list(self._waiting.items()):
            if known.ended or (known.sys_id and self._cancel(known, id_) == 0):
                del self._waiting[id_]

    def forget(self) -> None:
        """The line is down: the core asks again when it is back."""
        self._waiting.clear()


def _entry(order: Order, item: Instrument, now: int) -> Entry:
    terms = convert.terms(order)
    return Entry(
        action="insert",
        ts=now,
        order_id=order.id,
        exchange=item.exchange,
        symbol=item.symbol,
        direction=SIDE_CODES[order.side],
        offset=OFFSET_CODES[order.offset],
        price_type=LIMIT,
        time_condition=terms.time,
        volume_condition=terms.volume,
        price=order.price,
        lots=order.lots,
    )
