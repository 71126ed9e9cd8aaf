"""A CTP library told by the test what to say, and the whole gateway over it.

The port stands for the vendor's library: it records requests and, while ``answering``, answers
those of a login and of queries with ``rows``. All else here is the real part.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.generators.markets import market_tables
from tests.unit.gateway.ctp.hand import Hand, Handle

from homalos.config.secrets import Secret
from homalos.config.sections.ctp import CtpSection
from homalos.ctp.abi import load
from homalos.ctp.records import MdStats, OrderRow, TradeRow
from homalos.gateway.ctp.gateway import CtpGateway
from homalos.gateway.protocol import VenueSnapshot
from homalos.kernel.bus import Bus
from homalos.kernel.timers import Timers
from homalos.model.enums import Offset, OrderKind, Side, TimeInForce
from homalos.model.event import Event
from homalos.model.ids import MANUAL, AccountId, InstrumentId, OrderId
from homalos.model.market import Tick
from homalos.model.times import HOUR, china_midnight
from homalos.model.trading import Order

DAY = 20251124
"""A Monday."""
NEXT = 20251125
ACCOUNT = AccountId("sim")
RB = InstrumentId("SHFE.rb2601")
SR = InstrumentId("CZCE.SR2601")
FRONT, SESSION = 1, 77
SECRETS = {"ctp_password": "secret", "ctp_auth_code": "code"}


def row(struct: str, **fields: Any) -> dict[str, Any]:
    """A struct as the library's dict: everything unset but ``fields``."""
    layout = load().layout(struct)
    data = layout.decode(bytes(layout.size))
    unknown = fields.keys() - data.keys()
    assert not unknown, unknown
    return data | fields


def instrument(exchange: str, symbol: str, product: str, **fields: Any) -> dict[str, Any]:
    return row("Instrument", **({
        "ExchangeID": exchange, "InstrumentID": symbol, "ProductID": product,
        "InstrumentName": symbol, "ProductClass": "1", "DeliveryYear": 2026, "DeliveryMonth": 1,
        "VolumeMultiple": 10, "PriceTick": 1.0, "MaxLimitOrderVolume": 500,
        "MinLimitOrderVolume": 1, "MaxMarketOrderVolume": 30, "InstLifePhase": "1", "IsTrading": 1,
        "LongMarginRatio": 0.13, "ShortMarginRatio": 0.14,
        "PositionDateType": "1" if exchange in ("SHFE", "INE") else "2",
    } | fields))  # fmt: skip


def account(**fields: Any) -> dict[str, Any]:
    return row("TradingAccount", **({
        "AccountID": ACCOUNT, "CurrencyID": "CNY", "PreBalance": 100_000.0, "Balance": 100_000.0,
        "Available": 100_000.0,
    } | fields))  # fmt: skip


class Port:
    """``TdPort`` and ``MdPort`` in one."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.requests: list[tuple[str, dict[str, Any], int]] = []
        self.orders: list[dict[str, Any]] = []
        self.cancels: list[dict[str, Any]] = []
        self.code = 0
        """What every request returns."""
        self.pending: deque[tuple[str, tuple[Any, ...]]] = deque()
        self.answering = True
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.errors: dict[str, tuple[int, str]] = {}
        self.closed = False

    def open(self, fronts: Sequence[str]) -> None:
        self.fronts = tuple(fronts)

    def fileno(self) -> int:
        assert not self.closed
        return self._fd

    def drain(self, sink: Any, limit: int = 0) -> int:
        count = 0
        while self.pending and not self.closed:
            name, args = self.pending.popleft()
            getattr(sink, name)(*args)
            count += 1
        return count

    def request(self, name: str, fields: Mapping[str, Any], request: int) -> int:
        assert not self.closed
        load().layout(name.removeprefix("Req") if name.startswith("ReqQry") else {
            "ReqAuthenticate": "ReqAuthenticate", "ReqUserLogin": "ReqUserLogin",
            "ReqSettlementInfoConfirm": "SettlementInfoConfirm",
        }[name]).encode(fields)  # fmt: skip
        self.requests.append((name, dict(fields), request))
        if self.code == 0 and self.answering:
            self.answer(name, request)
        return self.code

    def answer(self, name: str, request: int) -> None:
        code, text = self.errors.get(name, (0, ""))
        rows: Sequence[dict[str, Any] | None] = self.rows.get(name, [])
        if not rows or code:
            rows = [None]
        for index, data in enumerate(rows):
            last = index == len(rows) - 1
            spi = name.replace("Req", "OnRsp", 1)
            self.say("on_response", spi, data, code, text, request, last)

    def say(self, name: str, *args: Any) -> None:
        self.pending.append((name, args))

    def named(self, name: str) -> list[dict[str, Any]]:
        return [fields for request, fields, _ in self.requests if request == name]

    def close(self) -> None:
        self.closed = True

    # ------------------------------------------------------------ trading

    def front_info(self) -> tuple[int, int]:
        return 0, 0

    def set_account(self, broker: str, investor: str, user: str) -> None:
        self.account = (broker, investor, user)

    def insert(
        self, ref: str, exchange: str, instrument: str, direction: str, offset: str,
        price_type: str, price: float, lots: int, time_condition: str, volume_condition: str,
        min_volume: int, request: int, memo: str = "",
    ) -> int:  # fmt: skip
        assert len(ref) <= 12
        assert len(memo) <= 12
        if self.code == 0:
            self.orders.append({
                "OrderRef": ref, "ExchangeID": exchange, "InstrumentID": instrument,
                "Direction": direction, "CombOffsetFlag": offset, "CombHedgeFlag": "1",
                "OrderPriceType": price_type, "LimitPrice": price, "VolumeTotalOriginal": lots,
                "TimeCondition": time_condition, "VolumeCondition": volume_condition,
                "MinVolume": min_volume, "RequestID": request, "OrderMemo": memo,
            })  # fmt: skip
        return self.code

    def cancel(
        self, exchange: str, instrument: str, sys_id: str, front: int, session: int, ref: str,
        action_ref: int, request: int,
    ) -> int:  # fmt: skip
        if self.code == 0:
            self.cancels.append({
                "ExchangeID": exchange, "InstrumentID": instrument, "OrderSysID": sys_id,
                "FrontID": front, "SessionID": session, "OrderRef": ref,
                "OrderActionRef": action_ref, "RequestID": request,
            })  # fmt: skip
        return self.code

    # ------------------------------------------------------------ market data

    def list(self, *args: Any) -> None: ...

    def dates_by_clock(self, offset_ns: int) -> None: ...

    def dates_by_day(self, evening_ns: int, day_ns: int) -> None: ...

    def set_trading_day(self, day: int) -> None: ...

    def subscribe(self, wire_ids: Sequence[str]) -> int:
        return 0

    def unsubscribe(self, wire_ids: Sequence[str]) -> int:
        return 0

    def stats(self) -> MdStats:
        return MdStats(0, 0, 0, 0, 0, 0, 0, 0)


class Loop:
    """What the gateway takes of an event loop, over time moved by hand."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self.readers: dict[int, Callable[[], None]] = {}

    def call_later(self, delay: float, callback: Callable[..., None], *args: Any) -> Handle:
        return self._hand.call_later(delay, lambda: callback(*args))

    def add_reader(self, fd: int, callback: Callable[..., None], *args: Any) -> None:
        self.readers[fd] = lambda: callback(*args)

    def remove_reader(self, fd: int) -> None:
        del self.readers[fd]


class Bench:
    """A gateway whose library the test is. ``folder`` is the data folder."""

    def __init__(
        self, folder: Path, *, run: int = 3, secrets: Mapping[str, str] = SECRETS, **section: Any
    ) -> None:
        products, sessions = market_tables()
        self.hand = Hand(china_midnight(DAY) + 10 * HOUR)
        self.loop = Loop(self.hand)
        self.posted: list[Event] = []
        self.ticks: list[Tick] = []
        self.td, self.md = Port(1), Port(2)
        self.day = DAY
        self.session = (FRONT, SESSION)
        self.prepare()
        timers = Timers(Bus(self.hand))
        values: dict[str, Any] = {
            "td_fronts": ("tcp://127.0.0.1:1",), "md_fronts": ("tcp://127.0.0.1:2",),
            "broker": "9999", "app_id": "homalos_1", "query_interval_ms": 0,
        }  # fmt: skip
        self.gateway = CtpGateway(
            self.hand, timers, CtpSection(**(values | section)), ACCOUNT,
            {name: Secret(text) for name, text in secrets.items()}.get, products,
            sessions, folder, run, open_md=self._open_md, open_td=self._open_td,
        )  # fmt: skip
        self.gateway.drive(self.loop)  # type: ignore[arg-type]

    def _open_td(self) -> Port:
        if self.td.closed:
            rows, self.td = self.td.rows, Port(1)
            self.td.rows = rows
        return self.td

    def _open_md(self) -> Port:
        if self.md.closed:
            rows, self.md = self.md.rows, Port(2)
            self.md.rows = rows
        return self.md

    def prepare(self) -> None:
        """What the front answers now."""
        login = row(
            "RspUserLogin", TradingDay=str(self.day), FrontID=self.session[0],
            SessionID=self.session[1], MaxOrderRef="0", LoginTime="10:00:00", SHFETime="10:00:00",
        )  # fmt: skip
        self.td.rows |= {
            "ReqAuthenticate": [row("RspAuthenticate")],
            "ReqUserLogin": [login],
            "ReqSettlementInfoConfirm": [row("SettlementInfoConfirm")],
            "ReqQryInstrument": [
                instrument("SHFE", "rb2601", "rb"),
                instrument("CZCE", "SR601", "SR"),
                instrument("SHFE", "rb2601C3000", "rb_o", ProductClass="2"),
            ],
            "ReqQryBrokerTradingParams": [
                row("BrokerTradingParams", MarginPriceType="4", Algorithm="2",
                    AvailIncludeCloseProfit="0")
            ],
            "ReqQryTradingAccount": [account()],
        }  # fmt: skip
        self.md.rows["ReqUserLogin"] = [login]

    # ------------------------------------------------------------ the line

    def connect(self) -> None:
        """Both lines up and ready."""
        self.gateway.connect(self.posted.append, self.ticks.append)
        self.front_up()
        self.settle()

    def front_up(self) -> None:
        self.td.say("on_connected")
        self.md.say("on_connected")
        self.run()

    def run(self) -> None:
        """Let the loop see what the library has."""
        while any(port.pending and not port.closed for port in (self.td, self.md)):
            for reader in list(self.loop.readers.values()):
                reader()

    def settle(self, seconds: float = 2.0) -> None:
        """Time passes, so that the private flow is found quiet."""
        for _ in range(20):
            self.hand.go(seconds / 20)
            self.run()

    def relogin(self, reason: int = 4097) -> None:
        """The trading line drops and comes back under another session."""
        self.td.say("on_disconnected", reason)
        self.session = (FRONT, self.session[1] + 1)
        self.prepare()
        self.td.say("on_connected")
        self.run()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.posted if isinstance(event, kind)]

    # ------------------------------------------------------------ orders

    def order(self, number: int = 1, **changes: Any) -> Order:
        values: dict[str, Any] = {
            "id": OrderId(f"3-{number:06d}"), "intent_id": OrderId(f"3-{number:06d}"),
            "account": ACCOUNT, "strategy": MANUAL, "instrument": RB, "side": Side.BUY,
            "offset": Offset.OPEN, "kind": OrderKind.LIMIT, "tif": TimeInForce.GFD,
            "price": 3000.0, "lots": 10, "ts_init": self.hand.now(),
        }  # fmt: skip
        return Order(**(values | changes))

    def tell_order(self, status: str, *, sys_id: str = "", **fields: Any) -> dict[str, Any]:
        """``OnRtnOrder`` of the newest request, or of what ``fields`` say."""
        sent = self.td.orders[-1] if self.td.orders else {}
        data = row("Order", **({
            "BrokerID": "9999", "InvestorID": ACCOUNT, "FrontID": self.session[0],
            "SessionID": self.session[1], "OrderStatus": status, "OrderSubmitStatus": "0",
            "OrderSysID": sys_id, "TraderID": "t1", "OrderLocalID": "        2338",
            "TradingDay": str(self.day), "InsertDate": str(self.day), "InsertTime": "10:00:01",
            "UserID": ACCOUNT,
        } | sent | fields))  # fmt: skip
        self.td.say("on_order", OrderRow.of(data))
        self.run()
        return data

    def tell_trade(self, lots: int, *, sys_id: str, **fields: Any) -> dict[str, Any]:
        sent = self.td.orders[-1] if self.td.orders else {}
        data = row("Trade", **({
            "BrokerID": "9999", "InvestorID": ACCOUNT, "ExchangeID": sent.get("ExchangeID", "SHFE"),
            "InstrumentID": sent.get("InstrumentID", "rb2601"),
            "OrderRef": sent.get("OrderRef", ""), "TradeID": "        6903",
            "Direction": sent.get("Direction", "0"), "OrderSysID": sys_id, "OffsetFlag": "0",
            "HedgeFlag": "1", "Price": 3000.0, "Volume": lots, "TradeTime": "10:00:02",
            "TradingDay": str(self.day), "TraderID": "t1", "OrderLocalID": "        2338",
        } | fields))  # fmt: skip
        self.td.say("on_trade", TradeRow.of(data))
        self.run()
        return data

    def snapshot(self) -> list[VenueSnapshot]:
        answers: list[VenueSnapshot] = []
        self.gateway.query(ACCOUNT, answers.append)
        self.run()
        return answers
