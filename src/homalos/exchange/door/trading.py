"""The trading front: logins, requests, the flows of a session (FACTS A3, A5)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from homalos.ctp.wire import FLOWS_CLEARED, Control, pack
from homalos.exchange.door import errors
from homalos.exchange.door.core import Core
from homalos.exchange.door.errors import Refused
from homalos.exchange.door.flows import Follower
from homalos.exchange.door.line import Hello, Line
from homalos.exchange.door.login import Reception
from homalos.exchange.door.orders import OrderDesk
from homalos.exchange.door.queries import Queries, Row
from homalos.exchange.door.rates import Rate
from homalos.exchange.door.settlements import Settlements
from homalos.exchange.door.speech import Speech
from homalos.exchange.door.status import StatusFlow
from homalos.exchange.door.welcome import welcome

Fields = dict[str, Any]
QUERY = "ReqQry"
QUERY_SPAN_S = 0.9
"""A client paced to the second is not refused for a wobble of the line."""
SILENT = (
    "RegisterUserSystemInfo",
    "SubmitUserSystemInfo",
    "RegisterWechatUserSystemInfo",
    "SubmitWechatUserSystemInfo",
)
"""Taken and never answered: collected data of the terminal."""
OTHER_LOGINS = frozenset({"ReqUserLoginWithCaptcha", "ReqUserLoginWithText", "ReqUserLoginWithOTP"})


class TradingFront:
    """See the module. Owns the td lines (``line.Owner``)."""

    def __init__(
        self, core: Core, speech: Speech, reception: Reception, desk: OrderDesk, status: StatusFlow,
        queries: Queries, settlements: Settlements, now: Callable[[], float],
    ) -> None:  # fmt: skip
        section = core.section
        self.speech = speech
        self.faults = core.faults
        self.backlog = section.backlog_mib << 20
        self.packages_per_s = section.packages_per_s
        self.rows_per_s = section.query_rows_per_s
        self.lines: dict[int, Line] = {}
        self._core = core
        self._reception = reception
        self._desk = desk
        self._status = status
        self._queries = queries
        self._settlements = settlements
        self._now = now
        self._rates: dict[int, Rate] = {}
        self._ready: dict[int, float] = {}

    # ------------------------------------------------------------ lines

    def opened(self, line: Line) -> None:
        self.lines[line.number] = line
        self._rates[line.number] = Rate(self._core.section.queries_per_s, QUERY_SPAN_S)

    def greeted(self, line: Line, hello: Hello) -> None:
        welcome(self._core, line, hello)

    def closed(self, line: Line) -> None:
        self.lines.pop(line.number, None)
        self._rates.pop(line.number, None)
        self._ready.pop(line.number, None)
        self._status.followers.pop(line.number, None)
        if line.account:
            self._desk.outlet(line.account).followers.pop(line.number, None)

    # ------------------------------------------------------------ requests

    def request(self, line: Line, name: str, fields: Fields, request: int) -> None:
        handler = _HANDLERS.get(name)
        try:
            if name in SILENT:
                return
            if line.client is None and name not in BEFORE_LOGIN:
                raise Refused(errors.NOT_LOGIN_YET)
            if handler is not None:
                handler(self, line, fields, request)
            elif name.startswith(QUERY):
                self._query(line, name, fields, request)
            else:
                raise Refused(errors.UNSUPPORTED_FUNCTION)
        except Refused as refused:
            self._refused(line, name, fields, request, refused)

    def refuse(self, line: Line, name: str, fields: Fields, request: int, code: int) -> None:
        self._refused(line, name, fields, request, Refused(code))

    def _refused(
        self, line: Line, name: str, fields: Fields, request: int, refused: Refused
    ) -> None:
        """By the request's own answer, with its fields where the answer bears the same struct."""
        answer = "OnRspUserLogin" if name in OTHER_LOGINS else f"OnRsp{name[3:]}"
        if name in _ORDERS and line.client is not None:
            _ORDERS[name](self._desk, line, fields, request, refused)
            return
        retry = name.startswith(QUERY) and refused.code in errors.RETRY
        error = self.speech.error(refused.code, refused.message)
        if retry or answer not in self.speech.number:
            line.send(self.speech.frame("OnRspError", None, error, request=request), "OnRspError")
            return
        layout = self.speech.layout(answer)
        body = {f.name: fields[f.name] for f in layout.fields if f.name in fields} if layout else {}
        if name.startswith(QUERY):
            body = {}
        line.send(self.speech.frame(answer, body or None, error, request=request), answer)

    def _say(self, line: Line, name: str, fields: Fields, request: int) -> None:
        line.send(self.speech.frame(name, fields, self.speech.error(0), request=request), name)

    # ------------------------------------------------------------ coming and going

    def _authenticate(self, line: Line, fields: Fields, request: int) -> None:
        self._say(line, "OnRspAuthenticate", self._reception.authenticate(line, fields), request)

    def _login(self, line: Line, fields: Fields, request: int) -> None:
        others = sum(other.user == fields["UserID"] for other in self.lines.values())
        answer = self._reception.trading(line, fields, others)
        self._say(line, "OnRspUserLogin", answer, request)
        self._ready[line.number] = self._now() + self._core.section.query_ready_ms / 1000
        self._follow(line)

    def _logout(self, line: Line, fields: Fields, request: int) -> None:
        self._say(line, "OnRspUserLogout", fields, request)
        line.cut(flush=True)

    def _password(self, line: Line, fields: Fields, request: int) -> None:
        self._say(line, "OnRspUserPasswordUpdate", self._reception.password(fields), request)

    def _confirm(self, line: Line, fields: Fields, request: int) -> None:
        found = self._settlements.confirm(line.account)
        answer = fields | {"ConfirmDate": found.date, "ConfirmTime": found.time}
        self._say(line, "OnRspSettlementInfoConfirm", answer, request)

    # ------------------------------------------------------------ flows

    def _follow(self, line: Line) -> None:
        """Begin the flows of a session, each by its resume mode. A library whose numbers are not
        this flow's is told to forget them first."""
        hello = line.hello
        assert hello is not None
        outlet, public = self._desk.outlet(line.account), self._status.flow
        same_day = hello.trading_day == self._core.day
        private_last = hello.private_last if same_day else 0
        public_last = hello.public_last if same_day else 0
        if not (outlet.flow.knows(private_last) and public.knows(public_last)):
            self._cleared(line)
        private = Follower(line, outlet.flow, outlet.flow.place(hello.private, private_last))
        status = Follower(line, public, public.place(hello.public, public_last))
        outlet.followers[line.number] = private
        self._status.followers[line.number] = status
        status.go()
        private.go()

    def _cleared(self, line: Line) -> None:
        line.write(pack(Control.FLOWS_CLEARED, body=FLOWS_CLEARED.pack(self._core.day.encode())))

    def flows_cleared(self) -> None:
        """Tell every session that its flows begin anew."""
        for line in self.lines.values():
            if line.client is not None:
                self._cleared(line)

    # ------------------------------------------------------------ orders and queries

    def _insert(self, line: Line, fields: Fields, request: int) -> None:
        self._desk.insert(line, fields, request)

    def _action(self, line: Line, fields: Fields, request: int) -> None:
        self._desk.action(line, fields, request)

    def _query(self, line: Line, name: str, fields: Fields, request: int) -> None:
        """``Refused`` 90: too early, too soon after the last."""
        now = self._now()
        if now < self._ready[line.number] or self._rates[line.number].over(now):
            raise Refused(errors.NEED_RETRY)
        answer = f"OnRsp{name[3:]}"
        rows = self._queries.rows(line, name, fields)
        line.answer(self._frames(answer, rows, request), answer)

    def _frames(self, name: str, rows: Iterable[Row], request: int) -> Iterator[bytes]:
        """The rows, the last marked; none: a null record."""
        before: Row | None = None
        for row in rows:
            if before is not None:
                yield self.speech.frame(name, before, request=request, last=False)
            before = row
        yield self.speech.frame(name, before, request=request)


BEFORE_LOGIN = frozenset(
    {"ReqAuthenticate", "ReqUserLogin", "ReqUserPasswordUpdate", *OTHER_LOGINS}
)
Handler = Callable[[TradingFront, Line, Fields, int], None]
_HANDLERS: dict[str, Handler] = {
    "ReqAuthenticate": TradingFront._authenticate,
    "ReqUserLogin": TradingFront._login,
    "ReqUserLogout": TradingFront._logout,
    "ReqUserPasswordUpdate": TradingFront._password,
    "ReqSettlementInfoConfirm": TradingFront._confirm,
    "ReqOrderInsert": TradingFront._insert,
    "ReqOrderAction": TradingFront._action,
}
_ORDERS = {
    "ReqOrderInsert": OrderDesk.refuse_insert,
    "ReqOrderAction": OrderDesk.refuse_action,
}
