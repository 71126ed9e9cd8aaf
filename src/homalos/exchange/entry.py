"""The order desk: an order arrives, is checked, matched, rests or is refused; or is cancelled."""

from collections import Counter
from collections.abc import Mapping

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange import codes, reports
from homalos.exchange.checks import TRUNCATES, Checks
from homalos.exchange.clearing import Clearing
from homalos.exchange.codes import ExchangeRefusal, Refusal
from homalos.exchange.contract import Contract
from homalos.exchange.desk import Desk
from homalos.exchange.matching import crosses_own, fillable, sweep
from homalos.exchange.records import (
    ENDED,
    CancelRefused,
    Ended,
    Fill,
    NewOrder,
    OrderReport,
    Placed,
    VenueOrder,
)
from homalos.market import money
from homalos.model.enums import Offset, OrderKind, OrderStatus, Phase, TimeInForce
from homalos.model.ids import AccountId, InstrumentId, OrderId, VenueOrderId

MIN_LOTS = frozenset({"SHFE", "INE", "CFFEX"})
"""Where the least lots of a FAK have an effect (FACTS A8)."""


class OrderEntry:
    """See the module. Reports are told by the desk when they are in the ledger."""

    def __init__(
        self,
        desk: Desk,
        checks: Checks,
        clearing: Clearing,
        contracts: Mapping[InstrumentId, Contract],
        section: ExchangeSection,
        counters: Counter[str],
    ) -> None:
        self._desk = desk
        self._state = desk.state
        self._checks = checks
        self._clearing = clearing
        self._contracts = contracts
        self._section = section
        self._counters = counters

    def configure(self, section: ExchangeSection) -> None:
        self._section = section

    def insert(self, request: NewOrder, veto: str, now: int) -> None:
        """Check, book, match, and tell. With ``veto`` the exchange refuses, in these words."""
        contract = self._contracts.get(request.instrument)
        try:
            order = self._placed(request, contract, now)
        except Refusal as refusal:
            self._desk.say(_refused(request, refusal, now))
        else:
            assert contract is not None
            self._take(order, request, contract, veto, now)
        self._desk.commit(now)

    def _placed(self, request: NewOrder, contract: Contract | None, now: int) -> VenueOrder:
        """CTP's checks, then the order with what it freezes. ``Refusal``: none of it."""
        checks = self._checks
        checks.fields(request, contract)
        assert contract is not None
        owner = self._state.accounts.get(request.account)
        if owner is None:
            raise Refusal(codes.BAD_FIELD)
        item = contract.instrument
        if request.kind is OrderKind.MARKET:
            price = checks.reach(request, contract)
        elif item.exchange in TRUNCATES:
            price = money.round_to_tick(request.price, item.tick_size, "down")
        else:
            price = request.price
        at = checks.freeze_price(request, contract, price)
        opens, lots = request.offset is Offset.OPEN, request.lots
        margin = self._clearing.margin_per_lot(item, request.side, at) if opens else 0.0
        fee = self._clearing.fee(owner, item, request.side, request.offset, at, lots) / lots
        checks.funds(owner, request, item, margin * lots, fee * lots)
        sequence = self._state.order_count + 1
        return VenueOrder(
            request.account, request.id, item.exchange, request.instrument, request.side,
            request.offset, request.kind, request.tif, price, lots, self._state.trading_day, now,
            sequence, VenueOrderId(f"{sequence:>12}"), margin, fee, ts_event=now,
            tag=request.tag,
        )  # fmt: skip

    def _take(
        self, order: VenueOrder, request: NewOrder, contract: Contract, veto: str, now: int
    ) -> None:
        """The exchange's checks, then the match."""
        try:
            if veto:
                raise ExchangeRefusal(order.exchange, veto)
            self._checks.entry(request, contract, order.price)
            self._own_cross(order, contract)
        except ExchangeRefusal as refusal:
            order.venue_order_id = None
            self._desk.write(Placed(order))
            self.end(order, OrderStatus.REJECTED, refusal.message, now, refusal.code)
            self._desk.say(*reports.rejected(order, now))
            return
        self._desk.write(Placed(order))
        fills: list[Fill] = []
        if contract.floor.phase is Phase.CONTINUOUS:
            fills = self._sweep(order, request.min_lots, contract, now)
        rests = order.kind is OrderKind.LIMIT and order.tif is TimeInForce.GFD
        if order.remaining and not rests:
            self.end(order, OrderStatus.CANCELLED, codes.KILLED, now)
        elif order.remaining:
            contract.rest(order)
        self._desk.arrived(order, fills, now)

    def _own_cross(self, order: VenueOrder, contract: Contract) -> None:
        if crosses_own(contract, order):
            if self._section.self_trade == "refuse":
                raise ExchangeRefusal(order.exchange, codes.SELF_TRADE)
            self._counters["self_crosses"] += 1

    def _sweep(self, order: VenueOrder, min_lots: int, contract: Contract, now: int) -> list[Fill]:
        least = order.lots if order.tif is TimeInForce.FOK else 0
        if order.tif is TimeInForce.FAK and order.exchange in MIN_LOTS:
            least = min_lots
        if least > 1 and fillable(contract, order) < least:
            return []
        fills = []
        for match in sweep(contract, order):
            trade_id = self._desk.trade_id()
            price = money.round_to_tick(match.price, contract.instrument.tick_size)
            fills.append(self._desk.book(contract, order, price, match.lots, trade_id, now))
            if match.maker is not None:
                self._desk.rested(contract, match.maker, price, match.lots, trade_id, now)
        return fills

    def end(
        self, order: VenueOrder, status: OrderStatus, message: str, now: int, code: int = 0
    ) -> None:
        """An order's end that is no fill."""
        self._desk.write(Ended(order.account, order.id, status, code, message, now))

    def cancel(self, account: AccountId, order_id: OrderId, now: int) -> None:
        """Cancel the rest, or tell why not."""
        order = self._state.order(account, order_id)
        code, message = self._cancel_refusal(order)
        if order is None or code:
            self._desk.say(CancelRefused(account, order_id, code, message, now))
        else:
            before = order.status
            self.end(order, OrderStatus.CANCELLED, codes.CANCELLED, now)
            self._contracts[order.instrument].remove(order)
            self._desk.say(*reports.cancelled(order, before, now))
        self._desk.commit(now)

    def _cancel_refusal(self, order: VenueOrder | None) -> tuple[int, str]:
        if order is None:
            return codes.ORDER_NOT_FOUND, codes.TEXTS[codes.ORDER_NOT_FOUND]
        if order.status in ENDED:
            code = codes.INSUITABLE_ORDER_STATUS
            return code, codes.TEXTS[code]
        phase = self._contracts[order.instrument].floor.phase
        if phase not in (Phase.CONTINUOUS, Phase.AUCTION):
            return codes.EXCHANGE_RETURNED_ERROR, f"{order.exchange}:{codes.STATE_FORBIDS}"
        return 0, ""


def _refused(request: NewOrder, refusal: Refusal, now: int) -> OrderReport:
    """Case 13: CTP's own no; the exchange never saw the order."""
    return OrderReport(
        request.account, request.id, None, request.instrument, OrderStatus.REJECTED, 0,
        refusal.code, refusal.message, now,
    )  # fmt: skip
