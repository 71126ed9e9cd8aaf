"""Orders and cancels over CTP, and what the exchange says of them as private flows (FACTS A7)."""

from collections.abc import Callable
from typing import Any

from homalos.exchange.door import dates, errors, history, rules
from homalos.exchange.door.core import Core
from homalos.exchange.door.errors import Refused
from homalos.exchange.door.flows import Outlet
from homalos.exchange.door.line import Line
from homalos.exchange.door.rates import Rate
from homalos.exchange.door.settlements import Settlements
from homalos.exchange.door.speech import Speech
from homalos.exchange.door.views import CANCEL_REJECTED, OrderView, order_id
from homalos.exchange.records import ENDED, CancelRefused, Fill, NewOrder, OrderReport
from homalos.kernel.ids import Random
from homalos.model.enums import OrderStatus
from homalos.model.ids import AccountId, OrderId

Fields = dict[str, Any]
Later = Callable[[float, Callable[[], None]], object]
WAITS_FOR_ANSWER = frozenset({"CZCE"})
"""Takes no cancel of an order that it has not answered yet (157)."""


class OrderDesk:
    """See the module. ``now`` and ``later`` are real time, for limits and delays."""

    def __init__(
        self, core: Core, speech: Speech, settlements: Settlements, now: Callable[[], float],
        later: Later,
    ) -> None:  # fmt: skip
        self.views: dict[tuple[AccountId, OrderId], OrderView] = {}
        self.settling = False
        self._core = core
        self._speech = speech
        self._settlements = settlements
        self._now = now
        self._later = later
        self._brokers = {client.investor: client.broker for client in core.book.clients()}
        self._outlets: dict[AccountId, Outlet] = {}
        self._base = 0
        self._by_system: dict[tuple[str, str], OrderView] = {}
        self._by_client: dict[tuple[int, int, str], OrderView] = {}
        self._rates: dict[tuple[str, AccountId], Rate] = {}
        self._chance = Random(1)
        self._sequence = 0
        self._refusal: OrderReport | None = None
        self._action: tuple[OrderView, Fields] | None = None

    def outlet(self, account: AccountId) -> Outlet:
        found = self._outlets.get(account)
        if found is None:
            found = self._outlets[account] = Outlet(self._base, self._later)
        return found

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def broker(self, account: AccountId) -> str:
        return self._brokers.get(account, "")

    # ------------------------------------------------------------ insert

    def insert(self, line: Line, fields: Fields, request: int) -> None:
        """``ReqOrderInsert``."""
        try:
            self._insert(line, fields)
        except Refused as refused:
            self.refuse_insert(line, fields, request, refused)

    def _insert(self, line: Line, fields: Fields) -> None:
        core, exchange = self._core, self._core.exchange
        self._standing(line, fields)
        if core.section.settlement_confirm and not self._settlements.confirmed(line.account):
            raise Refused(errors.SETTLEMENT_NOT_CONFIRMED)
        rules.fields(fields)
        item = core.items.get(fields["InstrumentID"])
        rules.exchange(fields["ExchangeID"], item, required=core.section.exchange_id_required)
        contract = None if item is None else exchange.contract(item.id)
        if item is None or contract is None:
            crowd = fields["InstrumentID"] in core.crowd
            raise Refused(errors.INSTRUMENT_NOT_TRADING if crowd else errors.INSTRUMENT_NOT_FOUND)
        line.max_ref = ref = rules.reference(fields["OrderRef"], line.max_ref)
        wish = rules.wish(fields, contract, czce_fok=core.section.czce_fok)
        veto = wish.veto
        if self._over("exchange", line.account, core.section.exchange_orders_per_s):
            veto = errors.TOO_FAST
        self._send(
            NewOrder(
                line.account, order_id(line.front_id, line.session_id, ref), item.id, wish.side,
                wish.offset, wish.kind, wish.tif, wish.price, fields["VolumeTotalOriginal"],
                fields["MinVolume"] if fields["VolumeCondition"] == "2" else 1,
                rules.echo(fields, item, fields["OrderRef"] or str(ref)).tag(),
            ),
            veto,
        )  # fmt: skip

    def _send(self, order: NewOrder, veto: str = "") -> None:
        """To the exchange; ``Refused``: CTP's side of it said no."""
        self._refusal = None
        self._core.exchange.insert(order, veto)
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise Refused(refusal.code, refusal.message)

    def foreign(self, order: NewOrder) -> None:
        """An order that no session sent. ``ValueError``: CTP would refuse it."""
        try:
            self._send(order)
        except Refused as refused:
            raise ValueError(f"{refused.code} {refused.message}") from refused

    def _standing(self, line: Line, fields: Fields) -> None:
        """Who sends is who it says: ``Refused`` 11, 12, 13, 116, 146."""
        client = line.client
        assert client is not None
        if self._over("ctp", line.account, self._core.section.orders_per_s):
            raise Refused(errors.ORDER_FREQUENCY)
        if fields["BrokerID"] != client.broker:
            raise Refused(errors.BROKER_NOT_FOUND)
        if not fields["InvestorID"]:
            raise Refused(errors.NO_INVESTOR)
        if fields["InvestorID"] != client.investor:
            raise Refused(errors.INVESTOR_NOT_FOUND)
        if fields["UserID"] not in ("", client.user):
            raise Refused(errors.USER_NOT_FOUND)

    def _over(self, which: str, account: AccountId, most: int) -> bool:
        if not most:
            return False
        rate = self._rates.setdefault((which, account), Rate(most))
        return rate.over(self._now())

    def refuse_insert(self, line: Line, fields: Fields, request: int, refused: Refused) -> None:
        """Case 13: the answer to the sender, and where UserID was filled the private word to all
        sessions. No order comes of it."""
        error = self._speech.error(refused.code, refused.message)
        frame = self._speech.frame("OnRspOrderInsert", fields, error, request=request)
        line.send(frame, "OnRspOrderInsert")
        if fields["UserID"]:
            self._error(line.account, "OnErrRtnOrderInsert", fields, error)

    def _error(self, account: AccountId, name: str, fields: Fields, error: bytes) -> None:
        self.outlet(account).say(self._speech.frame(name, fields, error), name)

    # ------------------------------------------------------------ cancel

    def action(self, line: Line, fields: Fields, request: int) -> None:
        """``ReqOrderAction``."""
        try:
            self._cancel(line, fields)
        except Refused as refused:
            self.refuse_action(line, fields, request, refused)

    def _cancel(self, line: Line, fields: Fields) -> None:
        self._standing(line, fields)
        if fields["ActionFlag"] != "0":
            modify = fields["ActionFlag"] == "3"
            raise Refused(errors.UNSUPPORTED_FUNCTION if modify else errors.BAD_ACTION_FIELD)
        required = self._core.section.exchange_id_required
        rules.exchange(fields["ExchangeID"], None, required=required)
        view = self._found(line.account, fields)
        if view is None:
            raise Refused(errors.ORDER_NOT_FOUND)
        order = view.order
        if order.status in ENDED:
            raise Refused(errors.INSUITABLE_STATUS)
        if not view.answered and order.exchange in WAITS_FOR_ANSWER:
            raise Refused(errors.CANCEL_UNKNOWN)
        self._action = view, fields
        self._core.exchange.cancel(order.account, order.id)
        self._action = None

    def _found(self, account: AccountId, fields: Fields) -> OrderView | None:
        """By the exchange's key or by the client's."""
        exchange, system = fields["ExchangeID"], fields["OrderSysID"]
        if system:
            item = self._core.items.get(fields["InstrumentID"])
            exchange = exchange or ("" if item is None else item.exchange)
            view = self._by_system.get((exchange, system))
        else:
            ref = fields["OrderRef"].strip()
            view = self._by_client.get((fields["FrontID"], fields["SessionID"], ref))
        return view if view is not None and view.order.account == account else None

    def refuse_action(self, line: Line, fields: Fields, request: int, refused: Refused) -> None:
        """Cases 6 and 7."""
        error = self._speech.error(refused.code, refused.message)
        frame = self._speech.frame("OnRspOrderAction", fields, error, request=request)
        line.send(frame, "OnRspOrderAction")
        view = self._found(line.account, fields)
        self._action_error(line.account, view, fields, error, refused.message)

    def _action_error(
        self, account: AccountId, view: OrderView | None, fields: Fields, error: bytes, message: str
    ) -> None:
        now = self._core.now()
        row = {
            "BrokerID": self.broker(account),
            "InvestorID": account,
            "OrderActionStatus": "c",
            "ActionFlag": "0",
            "ActionDate": dates.natural(now),
            "ActionTime": dates.hms(now),
            "StatusMsg": message[:26],
        }
        same = _SHARED_BY_ACTIONS & fields.keys()
        row |= {name: fields[name] for name in same}
        if view is not None:
            row |= view.common()
        self._error(account, "OnErrRtnOrderAction", row, error)

    # ------------------------------------------------------------ the exchange speaks

    def on_order(self, report: OrderReport) -> None:
        refused = report.status is OrderStatus.REJECTED and report.code != errors.EXCHANGE
        if refused:
            self._refusal = report
        elif not self.settling or self._core.section.tell_expired:
            self._tell(report, late=True)

    def on_trade(self, fill: Fill) -> None:
        self._tell(fill, late=True)

    def _tell(self, word: OrderReport | Fill, *, late: bool) -> None:
        """One word into the account's flow; ``late``: with the delays of the venue."""
        view = self.view(word.account, word.order_id)
        if view is None:
            return
        section, outlet, now = self._core.section, self.outlet(word.account), self._now()
        if isinstance(word, Fill):
            row = view.trade(word, self.next_sequence())
            delay = self._draw(section.trade_delay_ms) if late else 0.0
            outlet.say(self._speech.frame("OnRtnTrade", row), "OnRtnTrade", now, delay)
            return
        known = word.venue_order_id is not None
        if known:
            self._by_system[view.order.exchange, str(word.venue_order_id)] = view
        first = word.status is OrderStatus.SUBMITTED and not known
        delay = self._draw(section.answer_delay_ms) if late and not first else 0.0
        frame = self._state(view, word, known=known)

        def answered() -> None:
            view.answered = True

        outlet.say(frame, "OnRtnOrder", now, delay, None if first else answered)
        if word.status is OrderStatus.REJECTED and section.reject_error and late:
            self._rejected(view, word, outlet)

    def _state(self, view: OrderView, report: OrderReport, *, known: bool) -> bytes:
        submit = view.heard(report.status)
        row = view.row(
            report.status, submit, report.traded_lots, view.message(report.status, report.message),
            known=known, ts=report.ts_event, sequence=self.next_sequence() if known else 0,
        )  # fmt: skip
        return self._speech.frame("OnRtnOrder", row)

    def _rejected(self, view: OrderView, report: OrderReport, outlet: Outlet) -> None:
        row = view.row(report.status, "4", 0, "", known=False, ts=report.ts_event, sequence=0)
        fields = {name: row[name] for name in _SHARED_BY_INPUTS if name in row}
        error = self._speech.error(report.code, report.message)
        frame = self._speech.frame("OnErrRtnOrderInsert", fields, error)
        outlet.say(frame, "OnErrRtnOrderInsert", self._now())

    def on_cancel_refused(self, refusal: CancelRefused) -> None:
        """Case 15: the exchange keeps the order."""
        view = self.view(refusal.account, refusal.order_id)
        if view is None:
            return
        how = self._core.section.cancel_refusal
        if how in ("error", "both"):
            fields = self._action[1] if self._action is not None else {}
            error = self._speech.error(refusal.code, refusal.message)
            self._action_error(refusal.account, view, fields, error, refusal.message)
        if how in ("state", "both"):
            order = view.order
            row = view.row(
                order.status, CANCEL_REJECTED, order.traded, refusal.message, known=True,
                ts=refusal.ts_event, sequence=self.next_sequence(),
            )  # fmt: skip
            frame = self._speech.frame("OnRtnOrder", row)
            self.outlet(refusal.account).say(frame, "OnRtnOrder", self._now())

    def view(self, account: AccountId, id_: OrderId) -> OrderView | None:
        """An order of the day; ``None``: the exchange has none of that id."""
        found = self.views.get((account, id_))
        if found is not None:
            return found
        order = self._core.exchange.order(account, id_)
        if order is None:
            return None
        item = self._core.described(order.instrument)
        found = self.views[account, id_] = OrderView(order, item, self.broker(account))
        self._by_client[found.front, found.session, found.ref.strip()] = found
        return found

    def _draw(self, most_ms: int) -> float:
        return self._chance.random() * most_ms / 1000 if most_ms else 0.0

    # ------------------------------------------------------------ days and lives

    def new_day(self, base: int) -> None:
        """The flows begin anew, empty."""
        self._forget()
        self._base = base
        for outlet in self._outlets.values():
            outlet.flush()
            outlet.begin(base)

    def _forget(self) -> None:
        self.views.clear()
        self._by_system.clear()
        self._by_client.clear()

    def rebuild(self, base: int, *, renamed: bool = False) -> None:
        """The day's flows from the exchange's books: after a restart, or (``renamed``) a core
        restart with cleared flows, under other FrontID, SessionID and OrderRef."""
        self.new_day(base)
        exchange, core = self._core.exchange, self._core
        for account in self._brokers:
            orders = exchange.orders(account)
            for order in orders:
                view = self.view(account, order.id)
                assert view is not None
                if not renamed:
                    core.sessions = max(core.sessions, view.session)
                else:
                    self._rename(view)
            for word in history.words(orders, exchange.fills(account)):
                self._tell(word, late=False)

    def _rename(self, view: OrderView) -> None:
        del self._by_client[view.front, view.session, view.ref.strip()]
        view.front, view.session = self._core.front_id, self._core.sessions
        view.ref, view.request = str(len(self._by_client) + 1), 0
        self._by_client[view.front, view.session, view.ref] = view


_SHARED_BY_ACTIONS = frozenset(
    {
        "OrderActionRef", "OrderRef", "RequestID", "FrontID", "SessionID", "ExchangeID",
        "OrderSysID", "ActionFlag", "LimitPrice", "VolumeChange", "UserID", "InstrumentID",
        "OrderMemo", "SessionReqSeq",
    }
)  # fmt: skip
"""Fields of ``InputOrderAction`` that ``OrderAction`` has, too."""
_SHARED_BY_INPUTS = (
    "BrokerID", "InvestorID", "OrderRef", "UserID", "OrderPriceType", "Direction",
    "CombOffsetFlag", "CombHedgeFlag", "LimitPrice", "VolumeTotalOriginal", "TimeCondition",
    "VolumeCondition", "MinVolume", "ContingentCondition", "ForceCloseReason", "RequestID",
    "ExchangeID", "InvestUnitID", "InstrumentID", "OrderMemo",
)  # fmt: skip
"""Fields of ``Order`` that ``InputOrder`` has, too."""
