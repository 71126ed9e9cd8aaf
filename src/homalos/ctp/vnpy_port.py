"""CTP for the daemon over vnpy-ctp's binding: the same face as ``fast``, where ours is not built.

Slower by a factor of several (a dict a tick, made under the interpreter's lock), and it leaves one
idle thread behind at each ``close``: the binding's own ``exit`` may deadlock the process.
"""

import atexit
import ctypes
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from homalos.ctp.abi import Abi, FieldError, Method, Value, load
from homalos.ctp.errors import ClosedError, LibraryError
from homalos.ctp.fast import RING_BYTES, MdSink, Resume, Sink, TdSink
from homalos.ctp.records import MdStats, OrderRow, TdStats, TradeRow
from homalos.ctp.vnpy_library import load as load_module
from homalos.ctp.vnpy_tick import TickMaker
from homalos.ctp.wake import Wake
from homalos.kernel.clock import monotonic_ns, sleep, wall_ns
from homalos.model.ids import InstrumentId

__all__ = ["VnpyMd", "VnpyTd"]

NOT_CONNECTED = -1
TICK_BYTES = 640
"""What ``ring_bytes`` means here: so many bytes for each tick that may wait."""
AT_ONCE = 1_024
"""Callbacks that one ``drain`` without a limit takes at the most."""
QUIET_S = 0.05
"""The binding's thread has nothing left when nothing came from it for so long."""
SETTLED_BY = 2_000_000_000
"""Longest wait for that, ns."""
_open_ports: weakref.WeakSet[Any] = weakref.WeakSet()

S = TypeVar("S", bound=Sink)


class _Call(NamedTuple):
    """One callback, as it came."""

    name: str
    data: Any
    error: dict[str, Any]
    request: int
    last: bool
    native: int
    wall: int


class _Port(Generic[S]):
    """What both sides share. The library's thread appends to ``_calls``, the loop takes."""

    _side: str
    _create: str

    def __init__(
        self, folder: Path, flow: Path, *, production: bool = True, ring_bytes: int = RING_BYTES
    ) -> None:
        """``folder`` holds the vendor's library; ``flow`` is made if absent and must be this
        port's alone; copies of libraries go beside it. ``LibraryError``, ``NativeMissingError``:
        see ``vnpy_library.load``."""
        try:
            flow.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"cannot make the flow folder {flow}: {error}") from error
        module = load_module(self._side, folder, flow.parent)
        abi = load()
        self._methods = {m.name: m for m in _requests(abi, self._side)}
        self._abi = abi
        self._calls: deque[_Call] = deque()
        self._wake = Wake()
        self._open = self._closed = False
        self._received = self._delivered = self._late = 0
        base = getattr(module, "MdApi" if self._side == "md" else "TdApi")
        self._api = _listening(base, self._come)()
        _keep_for_ever(self._api)
        getattr(self._api, self._create)(f"{flow}/", production)
        _open_ports.add(self)

    def fileno(self) -> int:
        self._check()
        return self._wake.fileno()

    def drain(self, sink: S, limit: int = 0) -> int:
        """As ``FastMd.drain``."""
        self._check()
        calls, taken = self._calls, 0
        self._wake.clear()
        try:
            while calls and taken < (limit or AT_ONCE):
                taken += 1
                self._deliver(calls.popleft(), sink)
        finally:
            if calls:
                self._wake.set()
        return taken

    def request(self, name: str, fields: Mapping[str, Value], request: int) -> int:
        """``ReqUserLogin`` and its like: 0, or -1, -2, -3 and nothing was sent. ``FieldError``: a
        field that is not there, of the wrong type or too long."""
        self._check()
        method = self._methods.get(name)
        call = getattr(self._api, f"r{name[1:]}", None)
        if method is None or not method.structs or call is None:
            raise FieldError(f"vnpy-ctp has no request {name}")
        self._abi.layout(method.structs[0]).encode(fields)
        texts = {key: _text(key, value) for key, value in fields.items()}
        return int(call(texts, request)) if self._open else NOT_CONNECTED

    def close(self) -> None:
        """Ends the connection. Harmless twice, and from within a sink.

        The binding's ``exit`` waits, holding the interpreter's lock, for a thread that may be
        waiting for that lock (FACTS B1). So the library alone is released, which calls back no
        more after that and needs no lock; the binding's own thread stays, asleep."""
        if self._closed:
            return
        self._closed = True
        if self._open:
            self._api.release()
            self._settle()
        self._calls.clear()
        self._wake.close()

    # ------------------------------------------------------------ inside

    def _come(self, name: str, data: Any, error: dict[str, Any], request: int, last: bool) -> None:
        """On the binding's thread."""
        if self._closed:
            self._late += 1
            return
        self._received += 1
        self._calls.append(_Call(name, data, error, request, last, monotonic_ns(), wall_ns()))
        self._wake.set()

    def _settle(self) -> None:
        """Let the binding's thread finish what it had: an interpreter that ends while it is in a
        callback takes the process down."""
        until, seen = monotonic_ns() + SETTLED_BY, -1
        while seen != self._late and monotonic_ns() < until:
            seen = self._late
            sleep(QUIET_S)

    def _deliver(self, call: _Call, sink: S) -> None:
        self._delivered += 1
        name, error = call.name, call.error
        if name == "OnFrontConnected":
            sink.on_connected()
        elif name == "OnFrontDisconnected":
            sink.on_disconnected(call.data)
        else:
            code, text = int(error.get("ErrorID", 0)), str(error.get("ErrorMsg", ""))
            data = call.data or None
            if name.startswith("OnRsp"):
                sink.on_response(name, data, code, text, call.request, call.last)
            else:
                sink.on_notice(name, data, code, text)

    def _check(self) -> None:
        if self._closed:
            raise ClosedError("this port was closed")


class VnpyMd(_Port[MdSink]):
    """Market data; as ``fast.FastMd``."""

    _side = "md"
    _create = "createFtdcMdApi"

    def __init__(
        self, folder: Path, flow: Path, *, production: bool = True, ring_bytes: int = RING_BYTES
    ) -> None:
        self._maker = TickMaker()
        self._room = max(1, ring_bytes // TICK_BYTES)
        self._refused = {"junk": 0, "stale": 0, "unknown": 0}
        self._dropped = 0
        super().__init__(folder, flow, production=production, ring_bytes=ring_bytes)

    def open(self, fronts: Sequence[str]) -> None:
        """Registers the fronts (``tcp://host:port``) and starts connecting."""
        self._check()
        for front in fronts:
            self._api.registerFront(front)
        self._open = True
        self._api.init()

    def list(
        self, wire_id: str, instrument: InstrumentId, turnover_factor: float, half_second: bool
    ) -> None:
        """As ``FastMd.list``."""
        self._check()
        self._maker.list(wire_id, instrument, turnover_factor, half_second)

    def dates_by_clock(self, offset_ns: int) -> None:
        """As ``FastMd.dates_by_clock``."""
        self._check()
        self._maker.dates_by_clock(offset_ns)

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None:
        """As ``FastMd.dates_by_day``."""
        self._check()
        self._maker.dates_by_day(evening_ns, day_ns)

    def set_trading_day(self, day: int) -> None:
        self._check()
        self._maker.trading_day = day

    def subscribe(self, wire_ids: Sequence[str]) -> int:
        """vnpy-ctp takes one id a call: the first code that is not 0 ends it."""
        return self._each("subscribeMarketData", wire_ids)

    def unsubscribe(self, wire_ids: Sequence[str]) -> int:
        return self._each("unSubscribeMarketData", wire_ids)

    def stats(self) -> MdStats:
        return MdStats(
            self._received, self._delivered, self._dropped, self._refused["junk"],
            self._refused["stale"], self._refused["unknown"], self._wake.count, 0,
        )  # fmt: skip

    def _each(self, method: str, wire_ids: Sequence[str]) -> int:
        self._check()
        if not self._open:
            return NOT_CONNECTED
        for wire_id in wire_ids:
            code = int(getattr(self._api, method)(wire_id))
            if code:
                return code
        return 0

    def _come(self, name: str, data: Any, error: dict[str, Any], request: int, last: bool) -> None:
        if name == "OnRtnDepthMarketData" and len(self._calls) >= self._room:
            self._received += 1
            self._dropped += 1
            return
        super()._come(name, data, error, request, last)

    def _deliver(self, call: _Call, sink: MdSink) -> None:
        if call.name != "OnRtnDepthMarketData":
            super()._deliver(call, sink)
            return
        tick = self._maker.make(call.data, call.wall, call.native)
        if isinstance(tick, str):
            self._refused[tick] += 1
        else:
            self._delivered += 1
            sink.on_tick(tick)


class VnpyTd(_Port[TdSink]):
    """Trading; as ``fast.FastTd``."""

    _side = "td"
    _create = "createFtdcTraderApi"

    def __init__(
        self, folder: Path, flow: Path, *, production: bool = True, ring_bytes: int = RING_BYTES
    ) -> None:
        super().__init__(folder, flow, production=production, ring_bytes=ring_bytes)
        self._account = {"BrokerID": "", "InvestorID": "", "UserID": ""}

    def open(
        self,
        fronts: Sequence[str],
        private: Resume = Resume.RESTART,
        public: Resume = Resume.RESTART,
    ) -> None:
        """As ``FastTd.open``."""
        self._check()
        self._api.subscribePrivateTopic(int(private))
        self._api.subscribePublicTopic(int(public))
        for front in fronts:
            self._api.registerFront(front)
        self._open = True
        self._api.init()

    def set_account(self, broker: str, investor: str, user: str) -> None:
        """Filled into every order and cancel from now on."""
        self._check()
        self._account = {"BrokerID": broker, "InvestorID": investor, "UserID": user}

    def front_info(self) -> tuple[int, int]:
        """Queries and packages a second that the front allows; 0: not told, or no limit."""
        self._check()
        if not self._open:
            return 0, 0
        info = self._api.getFrontInfo()
        return max(0, int(info["QryFreq"])), max(0, int(info["FTDPkgFreq"]))

    def stats(self) -> TdStats:
        return TdStats(self._received, self._delivered, self._wake.count, 0)

    def insert(
        self, ref: str, exchange: str, instrument: str, direction: str, offset: str,
        price_type: str, price: float, lots: int, time_condition: str, volume_condition: str,
        min_volume: int, request: int, memo: str = "",
    ) -> int:  # fmt: skip
        """``ReqOrderInsert`` of a speculative order; ``set_account`` comes first."""
        fields: dict[str, Value] = {
            **self._account, "OrderRef": ref, "ExchangeID": exchange, "InstrumentID": instrument,
            "Direction": direction, "CombOffsetFlag": offset, "CombHedgeFlag": "1",
            "OrderPriceType": price_type, "LimitPrice": price, "VolumeTotalOriginal": lots,
            "TimeCondition": time_condition, "VolumeCondition": volume_condition,
            "MinVolume": min_volume, "ContingentCondition": "1", "ForceCloseReason": "0",
            "IsAutoSuspend": 0, "UserForceClose": 0, "IsSwapOrder": 0, "RequestID": request,
        }  # fmt: skip
        if memo:
            fields["OrderMemo"] = memo
        return self.request("ReqOrderInsert", fields, request)

    def cancel(
        self, exchange: str, instrument: str, sys_id: str, front: int, session: int, ref: str,
        action_ref: int, request: int,
    ) -> int:  # fmt: skip
        """``ReqOrderAction``; of the two identities what is known, ``""`` and 0 for the other."""
        fields: dict[str, Value] = {
            **self._account, "ExchangeID": exchange, "InstrumentID": instrument,
            "OrderSysID": sys_id, "FrontID": front, "SessionID": session, "OrderRef": ref,
            "OrderActionRef": action_ref, "RequestID": request, "ActionFlag": "0",
        }  # fmt: skip
        return self.request("ReqOrderAction", fields, request)

    def _deliver(self, call: _Call, sink: TdSink) -> None:
        if call.name == "OnRtnOrder":
            self._delivered += 1
            sink.on_order(OrderRow.of(call.data, call.native))
        elif call.name == "OnRtnTrade":
            self._delivered += 1
            sink.on_trade(TradeRow.of(call.data, call.native))
        else:
            super()._deliver(call, sink)


@atexit.register
def _close_all() -> None:
    """At the end of the process, while callbacks can still end well."""
    for port in list(_open_ports):
        port.close()


def _keep_for_ever(api: object) -> None:
    """The binding's destructor calls its ``exit``: it may deadlock, and after ``release`` it uses
    freed memory. One reference too many, and it never runs, not at the end of the process either.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(api))


def _requests(abi: Abi, side: str) -> tuple[Method, ...]:
    return abi.md_api if side == "md" else abi.td_api


def _text(name: str, value: Value) -> Value:
    """vnpy-ctp sends text as UTF-8 where CTP wants GB18030: only ASCII is the same in both."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and not value.isascii():
        raise FieldError(f"vnpy-ctp cannot send {name}: it takes ASCII alone")
    return value


Come = Callable[[str, Any, dict[str, Any], int, bool], None]


def _listening(base: type, come: Come) -> type:
    """The API's class with every callback handed to ``come``, under its SPI name."""
    handlers: dict[str, Any] = {}
    for method in dir(base):
        if method.startswith(("onRsp", "onRtn", "onErrRtn", "onFront")):
            handlers[method] = _handler(f"O{method[1:]}", come)
    return type(f"Listening{base.__name__}", (base,), handlers)


def _handler(name: str, come: Come) -> Callable[..., None]:
    if name == "OnFrontConnected":
        return lambda api: come(name, None, {}, 0, True)
    if name == "OnRspError":
        return lambda api, error, request, last: come(name, None, error, request, last)
    if name.startswith("OnRsp"):
        return lambda api, data, error, request, last: come(name, data, error, request, last)
    if name.startswith("OnErrRtn"):
        return lambda api, data, error: come(name, data, error, 0, True)
    return lambda api, data: come(name, data, {}, 0, True)
