"""The market data front: logins, subscriptions, snapshots to whoever subscribed."""

from collections.abc import Callable, Mapping
from typing import Any

from homalos.ctp.abi import Value
from homalos.exchange.door import errors
from homalos.exchange.door.core import Core
from homalos.exchange.door.depth import NAME, DepthEncoder, Quoted
from homalos.exchange.door.errors import Refused
from homalos.exchange.door.line import Hello, Line
from homalos.exchange.door.login import Reception
from homalos.exchange.door.speech import Speech
from homalos.exchange.door.welcome import welcome
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick

JUNK: tuple[dict[str, Value], ...] = (
    {"UpdateTime": "", "ActionDay": ""},
    {"UpdateTime": "99:99:99"},
)
"""What fronts have been seen to send around their restarts (FACTS A13)."""


class MarketFront:
    """See the module. Owns the md lines (``line.Owner``)."""

    def __init__(self, core: Core, reception: Reception) -> None:
        self.speech = Speech("md")
        self.faults = core.faults
        self.backlog = core.section.backlog_mib << 20
        self.packages_per_s = 0
        self.rows_per_s = 0
        self.lines: dict[int, Line] = {}
        self.stalled = False
        self._core = core
        self._reception = reception
        self._depth = DepthEncoder(self.speech)
        self._quoted: dict[InstrumentId, Quoted] = {}
        self._symbols: dict[str, Quoted] = {}
        self._wanted: dict[int, dict[str, Quoted | None]] = {}

    # ------------------------------------------------------------ lines

    def opened(self, line: Line) -> None:
        self.lines[line.number] = line
        self._wanted[line.number] = {}

    def greeted(self, line: Line, hello: Hello) -> None:
        welcome(self._core, line, hello)

    def closed(self, line: Line) -> None:
        self.lines.pop(line.number, None)
        for quoted in self._wanted.pop(line.number, {}).values():
            if quoted is not None:
                quoted.lines.pop(line.number, None)

    # ------------------------------------------------------------ requests

    def request(self, line: Line, name: str, fields: dict[str, Any], request: int) -> None:
        handler = _HANDLERS.get(name)
        try:
            if handler is not None:
                handler(self, line, fields, request)
            elif name == "ReqQryMulticastInstrument":
                line.send(self._frame("OnRspQryMulticastInstrument", None, request=request), name)
        except Refused as refused:
            self._refused(line, name, fields, request, refused)

    def refuse(
        self, line: Line, name: str, fields: dict[str, Any], request: int, code: int
    ) -> None:
        self._refused(line, name, fields, request, Refused(code))

    def _refused(
        self, line: Line, name: str, fields: dict[str, Any], request: int, refused: Refused
    ) -> None:
        error = self.speech.error(refused.code, refused.message)
        if name == "ReqUserLogin":
            answer = {key: fields[key] for key in ("BrokerID", "UserID")}
            frame = self.speech.frame("OnRspUserLogin", answer, error, request=request)
            line.send(frame, "OnRspUserLogin")
        elif name in _ANSWERS:
            self._each(line, _ANSWERS[name], fields, request, error)
        else:
            line.send(self.speech.frame("OnRspError", None, error, request=request), "OnRspError")

    def _frame(self, name: str, body: dict[str, Any] | None, *, request: int = 0) -> bytes:
        error = self.speech.error(0) if body is not None else None
        return self.speech.frame(name, body, error, request=request)

    def _login(self, line: Line, fields: dict[str, Any], request: int) -> None:
        answer = self._reception.market(line, fields)
        line.send(self._frame("OnRspUserLogin", answer, request=request), "OnRspUserLogin")

    def _logout(self, line: Line, fields: dict[str, Any], request: int) -> None:
        line.send(self._frame("OnRspUserLogout", fields, request=request), "OnRspUserLogout")
        line.cut(flush=True)

    def _each(
        self, line: Line, name: str, fields: dict[str, Any], request: int, error: bytes
    ) -> None:
        """One answer a contract."""
        ids = fields.get("Instruments", [])
        for place, id_ in enumerate(ids, 1):
            body = {"InstrumentID": id_}
            frame = self.speech.frame(name, body, error, request=request, last=place == len(ids))
            line.send(frame, name)

    def _subscribe(self, line: Line, fields: dict[str, Any], request: int) -> None:
        if not line.session_id:
            raise Refused(errors.NOT_LOGIN_YET)
        wanted, most = self._wanted[line.number], self._core.section.subscriptions_max
        ids: list[str] = fields["Instruments"]
        if most and len({*wanted, *ids}) > most:
            raise Refused(errors.TOO_MANY_SUBSCRIPTIONS)
        self._each(line, "OnRspSubMarketData", fields, request, self.speech.error(0))
        for id_ in ids:
            quoted = self._symbols.get(id_)
            wanted[id_] = quoted
            if quoted is not None:
                quoted.lines[line.number] = line
                self._snapshot(line, quoted)

    def _snapshot(self, line: Line, quoted: Quoted) -> None:
        """The newest snapshot of a contract, however old it is."""
        contract = self._core.exchange.contract(quoted.item.id)
        tick = None if contract is None else contract.tick
        if tick is None or self.stalled:
            return
        if self._core.section.junk_ticks:
            for fields in JUNK:
                line.send(self.speech.frame(NAME, self._depth.changed(quoted, tick, fields)), NAME)
        line.send(self._depth.frame(quoted, tick), NAME)

    def _unsubscribe(self, line: Line, fields: dict[str, Any], request: int) -> None:
        for id_ in fields["Instruments"]:
            quoted = self._wanted[line.number].pop(id_, None)
            if quoted is not None:
                quoted.lines.pop(line.number, None)
        self._each(line, "OnRspUnSubMarketData", fields, request, self.speech.error(0))

    def _quotes(self, line: Line, fields: dict[str, Any], request: int) -> None:
        self._each(line, "OnRspSubForQuoteRsp", fields, request, self.speech.error(0))

    def _no_quotes(self, line: Line, fields: dict[str, Any], request: int) -> None:
        self._each(line, "OnRspUnSubForQuoteRsp", fields, request, self.speech.error(0))

    # ------------------------------------------------------------ the market

    def list(self, item: Instrument) -> None:
        """A contract is there, or has changed; who waits for it hears it from now on."""
        before = self._quoted.get(item.id)
        quoted = Quoted(item, self._core.section.czce_turnover)
        quoted.lines = {} if before is None else before.lines
        self._quoted[item.id] = self._symbols[item.symbol] = quoted
        for number, wanted in self._wanted.items():
            if item.symbol in wanted:
                wanted[item.symbol] = quoted
                quoted.lines[number] = self.lines[number]

    def publish(self, tick: Tick) -> None:
        """Send a snapshot to its subscribers."""
        quoted = self._quoted.get(tick.instrument)
        if quoted is None or not quoted.lines or self.stalled:
            return
        frame = self._depth.frame(quoted, tick)
        if self.faults.active:
            for line in tuple(quoted.lines.values()):
                line.send(frame, NAME)
        else:
            for line in quoted.lines.values():
                line.write(frame)

    def push(self, instrument: InstrumentId, fields: Mapping[str, Value]) -> int:
        """The newest snapshot with other fields; how many heard it. ``LookupError``: there is no
        such contract, or no snapshot of it."""
        quoted, contract = self._quoted.get(instrument), self._core.exchange.contract(instrument)
        if quoted is None or contract is None or contract.tick is None:
            raise LookupError(f"the simulated exchange has no snapshot of {instrument}")
        frame = self.speech.frame(NAME, self._depth.changed(quoted, contract.tick, fields))
        for line in tuple(quoted.lines.values()):
            line.send(frame, NAME)
        return len(quoted.lines)

    def repeat(self) -> None:
        """Send every subscriber the newest snapshots once more, stale as they are."""
        for quoted in self._quoted.values():
            contract = self._core.exchange.contract(quoted.item.id)
            if quoted.lines and contract is not None and contract.tick is not None:
                self.publish(contract.tick)

    def body(self, instrument: InstrumentId) -> bytes | None:
        """The struct of the newest snapshot, as a query shows it (with the exchange's name)."""
        quoted, contract = self._quoted.get(instrument), self._core.exchange.contract(instrument)
        if quoted is None or contract is None or contract.tick is None:
            return None
        return self._depth.changed(quoted, contract.tick, {"ExchangeID": quoted.exchange})

    def congested(self) -> bool:
        """Whether a subscriber is half way to being cut."""
        return any(line.backlog > self.backlog // 2 for line in self.lines.values())


Handler = Callable[[MarketFront, Line, dict[str, Any], int], None]
_HANDLERS: dict[str, Handler] = {
    "ReqUserLogin": MarketFront._login,
    "ReqUserLogout": MarketFront._logout,
    "SubscribeMarketData": MarketFront._subscribe,
    "UnSubscribeMarketData": MarketFront._unsubscribe,
    "SubscribeForQuoteRsp": MarketFront._quotes,
    "UnSubscribeForQuoteRsp": MarketFront._no_quotes,
}
_ANSWERS = {
    "SubscribeMarketData": "OnRspSubMarketData",
    "UnSubscribeMarketData": "OnRspUnSubMarketData",
    "SubscribeForQuoteRsp": "OnRspSubForQuoteRsp",
    "UnSubscribeForQuoteRsp": "OnRspUnSubForQuoteRsp",
}
