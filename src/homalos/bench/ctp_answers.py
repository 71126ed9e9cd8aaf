"""What the benchmark's front says: logins, the few queries a program makes before it trades, and
every order filled at once at its own price.

It is no exchange: it keeps no positions, checks nothing, matches nothing. It is there so that what
is measured is the program and not the front beside it on the same two cores.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from homalos.bench.ctp_contracts import trading_day
from homalos.ctp import abi
from homalos.ctp.abi import Value
from homalos.ctp.wire import INSTRUMENT, Flag, Flow, Frame, pack
from homalos.model.market import Instrument

ACCOUNT = {"BrokerID": "9999", "InvestorID": "sim"}
CASH = 1e9
FRONT, SESSION = 1, 77
_DAY = str(trading_day())
_CLOCKS = ("LoginTime", "SHFETime", "DCETime", "CZCETime", "FFEXTime", "INETime", "GFEXTime")
_LAST = Flag.LAST | Flag.BODY | Flag.ERROR
_ALL_TRADED, _UNKNOWN = b"0", b"a"
_KEPT = (
    "OrderRef", "UserID", "OrderPriceType", "Direction", "CombOffsetFlag", "CombHedgeFlag",
    "LimitPrice", "VolumeTotalOriginal", "TimeCondition", "VolumeCondition", "MinVolume",
    "ContingentCondition", "ForceCloseReason", "ExchangeID", "InstrumentID", "OrderMemo",
)  # fmt: skip
"""Of ``InputOrder``, what comes back in ``Order`` as it was sent."""


class Answers:
    """Answers of both sides; ``clock`` tells the exchange's time of day as ``09:35:00``."""

    def __init__(self, contracts: Sequence[Instrument], clock: Callable[[], str]) -> None:
        self._abi = abi.load()
        self._contracts = contracts
        self._clock = clock
        self._requests = {
            "md": [method.name for method in self._abi.md_api],
            "td": [method.name for method in self._abi.td_api],
        }
        self._callbacks = {
            "md": {method.name: i for i, method in enumerate(self._abi.md_spi)},
            "td": {method.name: i for i, method in enumerate(self._abi.td_spi)},
        }
        self._fine = self._abi.layout("RspInfo").encode({"ErrorMsg": "CTP:正确"})
        self._private = 0
        self.orders = 0

    def name(self, side: str, frame: Frame) -> str:
        """Of a request: ``ReqUserLogin``."""
        return self._requests[side][frame.method]

    def of(self, side: str, frame: Frame) -> Iterator[bytes]:
        """Frames that answer a request, in order."""
        name = self.name(side, frame)
        if name == "ReqOrderInsert":
            yield from self._filled(frame)
        elif name in ("SubscribeMarketData", "UnSubscribeMarketData"):
            yield from self._subscribed(name, frame)
        elif name == "ReqUserLogin":
            yield self._reply(side, "OnRspUserLogin", frame, self._login)
            if side == "td":
                yield from self._phases()
        elif name.startswith("ReqQry"):
            yield from self._rows(side, name, frame)
        else:
            callback = "OnRsp" + name.removeprefix("Req")
            yield self._reply(side, callback, frame, frame.body)

    # ------------------------------------------------------------ logins and queries

    def _reply(
        self, side: str, callback: str, frame: Frame, body: bytes, flags: Flag = _LAST
    ) -> bytes:
        method = self._callbacks[side][callback]
        error = self._fine if flags & Flag.ERROR else b""
        return pack(method, flags, frame.request, body + error)

    @property
    def _login(self) -> bytes:
        told: dict[str, Value] = dict.fromkeys(_CLOCKS, self._clock())
        told |= {"TradingDay": _DAY, "BrokerID": "9999", "UserID": "sim", "SystemName": "bench"}
        told |= {"FrontID": FRONT, "SessionID": SESSION, "MaxOrderRef": "1"}
        return self._abi.layout("RspUserLogin").encode(told)

    def _phases(self) -> Iterator[bytes]:
        """Continuous trading in every product."""
        method = self._callbacks["td"]["OnRtnInstrumentStatus"]
        products = dict.fromkeys((row.exchange, row.product) for row in self._contracts)
        for number, (exchange, product) in enumerate(products, 1):
            body = self._abi.layout("InstrumentStatus").encode({
                "ExchangeID": exchange, "InstrumentStatus": "2", "TradingSegmentSN": 1,
                "EnterTime": "09:00:00", "EnterReason": "1", "InstrumentID": product,
                "ExchangeInstID": product, "SettlementGroupID": "00000001",
            })  # fmt: skip
            yield pack(method, Flag.BODY, 0, body, Flow.PUBLIC, number)

    def _rows(self, side: str, name: str, frame: Frame) -> Iterator[bytes]:
        callback = "OnRsp" + name.removeprefix("Req")
        bodies = self._known(name, frame)
        if not bodies:
            yield self._reply(side, callback, frame, b"", Flag.LAST)
        for number, body in enumerate(bodies, 1):
            last = Flag.LAST if number == len(bodies) else Flag(0)
            yield self._reply(side, callback, frame, body, Flag.BODY | last)

    def _known(self, name: str, frame: Frame) -> list[bytes]:
        """Rows of a query; none of what there is none of."""
        if name == "ReqQryInstrument":
            return self._instruments
        if name == "ReqQryTradingAccount":
            return [self._row("TradingAccount", self._account)]
        if name == "ReqQryBrokerTradingParams":
            told = {"MarginPriceType": "1", "Algorithm": "1", "AvailIncludeCloseProfit": "0"}
            return [self._row("BrokerTradingParams", ACCOUNT | told | {"CurrencyID": "CNY"})]
        if name == "ReqQryInstrumentMarginRate":
            return [self._margin(frame)]
        if name == "ReqQryInstrumentCommissionRate":
            return [self._commission(frame)]
        return []

    def _row(self, struct: str, values: dict[str, Value] | dict[str, str]) -> bytes:
        return self._abi.layout(struct).encode(values)

    @property
    def _account(self) -> dict[str, Value]:
        money = dict.fromkeys(("Balance", "Available", "PreBalance", "WithdrawQuota"), CASH)
        names = {"BrokerID": "9999", "AccountID": "sim", "TradingDay": _DAY, "CurrencyID": "CNY"}
        return {**money, **names}

    def _margin(self, frame: Frame) -> bytes:
        asked = self._abi.layout("QryInstrumentMarginRate").decode(frame.body)
        return self._row("InstrumentMarginRate", {
            **ACCOUNT, "InvestorRange": "1", "HedgeFlag": "1", "ExchangeID": asked["ExchangeID"],
            "InstrumentID": asked["InstrumentID"], "LongMarginRatioByMoney": 0.1,
            "ShortMarginRatioByMoney": 0.1,
        })  # fmt: skip

    def _commission(self, frame: Frame) -> bytes:
        asked = self._abi.layout("QryInstrumentCommissionRate").decode(frame.body)
        rates = ("OpenRatioByMoney", "CloseRatioByMoney", "CloseTodayRatioByMoney")
        return self._row("InstrumentCommissionRate", {
            **ACCOUNT, "InvestorRange": "1", "InstrumentID": asked["InstrumentID"],
            "ExchangeID": asked["ExchangeID"], **dict.fromkeys(rates, 1e-4),
        })  # fmt: skip

    @cached_property
    def _instruments(self) -> list[bytes]:
        return [self._row("Instrument", _instrument(row)) for row in self._contracts]

    def _subscribed(self, name: str, frame: Frame) -> Iterator[bytes]:
        callback = "OnRspSubMarketData" if name.startswith("Sub") else "OnRspUnSubMarketData"
        layout = self._abi.layout("SpecificInstrument")
        for wire_id in instruments_of(frame):
            yield self._reply("md", callback, frame, layout.encode({"InstrumentID": wire_id}))

    # ------------------------------------------------------------ orders

    def _filled(self, frame: Frame) -> Iterator[bytes]:
        """FACTS A7.3, case 2: taken, on the exchange, all traded, the trade."""
        self.orders += 1
        sent = self._abi.layout("InputOrder").decode(frame.body)
        number = f"{self.orders:>12}"
        told: dict[str, Value] = {name: sent[name] for name in _KEPT}
        told |= ACCOUNT
        told |= {
            "FrontID": FRONT, "SessionID": SESSION, "RequestID": frame.request,
            "TradingDay": _DAY, "InsertDate": _DAY, "InsertTime": self._clock(),
            "OrderLocalID": number, "TraderID": "bench", "VolumeTotal": sent["VolumeTotalOriginal"],
            "OrderStatus": _UNKNOWN, "OrderSubmitStatus": "0", "StatusMsg": "报单已提交",
        }  # fmt: skip
        yield self._told("OnRtnOrder", "Order", told)
        told |= {"OrderSysID": number, "SequenceNo": self.orders, "OrderSubmitStatus": "3"}
        yield self._told("OnRtnOrder", "Order", told)
        told |= {
            "OrderStatus": _ALL_TRADED, "StatusMsg": "全部成交", "VolumeTotal": 0,
            "VolumeTraded": sent["VolumeTotalOriginal"],
        }  # fmt: skip
        yield self._told("OnRtnOrder", "Order", told)
        yield self._told("OnRtnTrade", "Trade", {
            **ACCOUNT, "InstrumentID": sent["InstrumentID"], "OrderRef": sent["OrderRef"],
            "UserID": sent["UserID"], "ExchangeID": sent["ExchangeID"], "TradeID": number,
            "Direction": sent["Direction"], "OrderSysID": number, "HedgeFlag": "1",
            "OffsetFlag": sent["CombOffsetFlag"][:1], "Price": sent["LimitPrice"],
            "Volume": sent["VolumeTotalOriginal"], "TradeDate": _DAY, "TradeTime": self._clock(),
            "OrderLocalID": number, "TraderID": "bench", "SequenceNo": self.orders,
            "TradingDay": _DAY, "BrokerOrderSeq": self.orders,
        })  # fmt: skip

    def _told(self, callback: str, struct: str, values: dict[str, Value]) -> bytes:
        self._private += 1
        body = self._abi.layout(struct).encode(values)
        method = self._callbacks["td"][callback]
        return pack(method, Flag.BODY, 0, body, Flow.PRIVATE, self._private)


def instruments_of(frame: Frame) -> list[str]:
    """Contracts that a (un)subscribe request names."""
    return [raw.split(b"\0", 1)[0].decode("ascii") for (raw,) in INSTRUMENT.iter_unpack(frame.body)]


def _instrument(row: Instrument) -> dict[str, Value]:
    year, month = divmod(row.delivery_month, 100)
    return {
        "ExchangeID": row.exchange, "InstrumentName": row.name[:6], "ProductClass": "1",
        "DeliveryYear": year, "DeliveryMonth": month, "MinMarketOrderVolume": 1,
        "MaxMarketOrderVolume": row.max_market_lots, "MinLimitOrderVolume": row.min_lots,
        "MaxLimitOrderVolume": row.max_limit_lots, "VolumeMultiple": int(row.multiplier),
        "PriceTick": row.tick_size, "CreateDate": "20250101", "OpenDate": "20250101",
        "ExpireDate": str(row.last_trading_day), "StartDelivDate": str(row.last_trading_day),
        "EndDelivDate": f"{row.delivery_month}20", "InstLifePhase": "1", "IsTrading": 1,
        "PositionType": "2", "PositionDateType": "1" if row.splits_today else "2",
        "LongMarginRatio": 0.1, "ShortMarginRatio": 0.1, "MaxMarginSideAlgorithm": "1",
        "UnderlyingMultiple": 1.0, "InstrumentID": row.symbol, "ExchangeInstID": row.symbol,
        "ProductID": row.product,
    }  # fmt: skip
