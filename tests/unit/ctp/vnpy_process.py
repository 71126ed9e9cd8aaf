"""One scenario a process: CTP's libraries are loaded once in it and for good.

python -m tests.unit.ctp.vnpy_process SCENARIO PORT FOLDER
"""

import json
import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from tests.native.front import Front, Line

from homalos.ctp.errors import ClosedError, LibraryError
from homalos.ctp.fast import FastMd, FastTd
from homalos.ctp.libraries import dropin_libraries, vendor_libraries
from homalos.ctp.vnpy_port import VnpyMd, VnpyTd
from homalos.kernel.clock import wall_ns
from homalos.model.ids import InstrumentId
from homalos.model.times import MINUTE, china_midnight, china_time_of_day

MD: dict[str, Any] = {"fast": FastMd, "vnpy": VnpyMd}
TD: dict[str, Any] = {"fast": FastTd, "vnpy": VnpyTd}
NONE = sys.float_info.max
PRICES = (
    "LastPrice", "PreSettlementPrice", "PreClosePrice", "PreOpenInterest", "OpenPrice",
    "HighestPrice", "LowestPrice", "Turnover", "OpenInterest", "SettlementPrice",
    "UpperLimitPrice", "LowerLimitPrice", "BidPrice1", "AskPrice1", "BidPrice2", "AskPrice2",
    "BidPrice3", "AskPrice3", "BidPrice4", "AskPrice4", "BidPrice5", "AskPrice5",
)  # fmt: skip


class Told:
    """A sink that writes down."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def on_connected(self) -> None:
        self.lines.append(["connected"])

    def on_disconnected(self, reason: int) -> None:
        self.lines.append(["disconnected", reason])

    def on_response(self, *args: Any) -> None:
        self.lines.append(["response", *args])

    def on_notice(self, *args: Any) -> None:
        self.lines.append(["notice", *args])

    def on_tick(self, tick: Any) -> None:
        self.lines.append(["tick", {**msgspec.structs.asdict(tick), "ts_init": 0, "ts_native": 0}])

    def on_order(self, row: Any) -> None:
        self.lines.append(["order", {**msgspec.structs.asdict(row), "ts_native": 0}])

    def on_trade(self, row: Any) -> None:
        self.lines.append(["trade", {**msgspec.structs.asdict(row), "ts_native": 0}])

    def wait(self, port: Any, enough: Callable[[], bool], seconds: float = 10.0) -> None:
        while not enough():
            ready, _, _ = select.select([port], [], [], seconds)
            assert ready, f"nothing came; so far {self.lines[-3:]}"
            port.drain(self)

    def count(self, kind: str) -> int:
        return sum(line[0] == kind for line in self.lines)


def quote(**values: Any) -> dict[str, Any]:
    """A depth of a quiet market; what is not named is none, as CTP writes it."""
    row: dict[str, Any] = dict.fromkeys(PRICES, NONE)
    row |= {
        "TradingDay": "20990101", "InstrumentID": "rb2605", "UpdateTime": "09:30:00",
        "UpdateMillisec": 500, "Volume": 7, "LastPrice": 3594.0000000000005,
    }  # fmt: skip
    return row | values


QUOTES = [
    quote(),
    quote(BidPrice1=3593.0, BidVolume1=4, AskPrice1=3594.0, AskVolume1=9, Turnover=251_580.0),
    quote(BidPrice1=0.0, AskPrice1=-1.0, OpenInterest=0.0, Turnover=0.0, LastPrice=0.0),
    quote(UpdateTime="21:00:00", UpdateMillisec=0),
    quote(UpdateTime="00:30:00", UpdateMillisec=999),
    quote(UpdateTime="23:59:59"),
    quote(UpdateTime=""),
    quote(UpdateTime="99:99:99"),
    quote(UpdateTime="24:00:00"),
    quote(UpdateTime="09:60:00"),
    quote(UpdateTime="09:00:61"),
    quote(InstrumentID="nobody"),
    quote(BidPrice2=10.0, BidVolume2=1, BidPrice3=9.0, BidVolume3=2, AskPrice2=11.0),
    quote(BidPrice2=NONE, BidPrice3=9.0, BidVolume3=2),
    quote(AskPrice5=20.0, AskVolume5=3),
    quote(InstrumentID="SR605", UpdateTime="10:00:00", UpdateMillisec=0, Turnover=100.0),
    quote(InstrumentID="SR605", UpdateTime="10:00:00", UpdateMillisec=0, Turnover=100.0),
    quote(InstrumentID="SR605", UpdateTime="10:00:01", UpdateMillisec=0),
    quote(PreOpenInterest=5.0, PreClosePrice=2.25, SettlementPrice=3.0, OpenPrice=1.0),
    quote(HighestPrice=9.5, LowestPrice=1.5, UpperLimitPrice=10.0, LowerLimitPrice=1.0),
    quote(PreSettlementPrice=3600.123456789),
]


def opened(kind: str, side: str, folder: Path, front: Front) -> tuple[Any, Line]:
    port = (MD if side == "md" else TD)[kind](dropin_libraries(), folder / side / "flow")
    assert port.request("ReqUserLogin", {}, 1) == -1, "not open yet"
    port.open([front.address])
    return port, front.connect()


def ticks(kind: str, folder: Path) -> Any:
    """What becomes of each quote, and the counts."""
    with Front("md") as front:
        port, line = opened(kind, "md", folder, front)
        told = Told()
        told.wait(port, lambda: told.count("connected") == 1)
        port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
        port.list("SR605", InstrumentId("CZCE.SR2605"), 10.0, True)
        port.set_trading_day(20251110)
        port.dates_by_day(china_midnight(20251107), china_midnight(20251110))
        assert port.subscribe(["rb2605", "SR605"]) == 0
        for values in QUOTES:
            line.call("OnRtnDepthMarketData", values)
        line.call("OnRspSubMarketData", {"InstrumentID": "SR605"}, 0, 0)
        told.wait(port, lambda: told.count("response") == 1)
        counts = port.stats()
        result = [told.lines, counts.received, counts.delivered, counts.junk, counts.unknown]
        port.close()
        return result


def clock(kind: str, folder: Path) -> Any:
    """Dates by the clock: now is delivered with its date, an hour ago is stale."""
    with Front("md") as front:
        port, line = opened(kind, "md", folder, front)
        told = Told()
        port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
        port.dates_by_clock(0)
        now = wall_ns()
        for minutes in (0, -20, 20, -60, 60):
            time = china_time_of_day(now + minutes * MINUTE) // 1_000_000_000
            text = f"{time // 3600:02d}:{time // 60 % 60:02d}:{time % 60:02d}"
            line.call("OnRtnDepthMarketData", quote(UpdateTime=text, UpdateMillisec=0))
        line.call("OnRspSubMarketData", {"InstrumentID": "x"}, 0, 0)
        told.wait(port, lambda: told.count("response") == 1)
        away = [abs(line[1]["ts_event"] - now) for line in told.lines if line[0] == "tick"]
        stale = port.stats().stale
        port.close()
        return [[round(ns / MINUTE) for ns in away], stale]


ORDER = {
    "BrokerID": "9999", "InvestorID": "me", "ExchangeID": "SHFE", "InstrumentID": "rb2605",
    "OrderRef": "1000001", "FrontID": 1, "SessionID": -77, "OrderSysID": "        7919",
    "OrderLocalID": "        2338", "TraderID": "9999cac", "Direction": "0",
    "CombOffsetFlag": "0", "CombHedgeFlag": "1", "OrderPriceType": "2", "LimitPrice": 3594.0,
    "VolumeTotalOriginal": 3, "OrderStatus": "a", "OrderSubmitStatus": "0",
    "StatusMsg": "报单已提交", "TradingDay": "20251110", "InsertDate": "20251107",
    "InsertTime": "21:00:00",
}  # fmt: skip
TRADE = {
    "BrokerID": "9999", "InvestorID": "me", "ExchangeID": "SHFE", "InstrumentID": "rb2605",
    "OrderRef": "1000001", "OrderSysID": "        7919", "TradeID": "        6903",
    "Direction": "0", "OffsetFlag": "0", "HedgeFlag": "1", "Price": 3594.0, "Volume": 3,
    "TradeDate": "20251107", "TradeTime": "21:00:01", "TradingDay": "20251110",
    "BrokerOrderSeq": 9,
}  # fmt: skip


def trading(kind: str, folder: Path) -> Any:
    """Login, an order and a cancel as the front gets them, rows and answers as the sink does."""
    with Front("td") as front:
        port, line = opened(kind, "td", folder, front)
        told = Told()
        told.wait(port, lambda: told.count("connected") == 1)
        sent = []
        port.set_account("9999", "me", "me2")
        assert port.request("ReqUserLogin", {"BrokerID": "9999", "Password": "p"}, 4) == 0
        sent.append(line.fields())
        line.call("OnRspUserLogin", {"TradingDay": "20251110", "SessionID": -77}, 0, 4)
        assert (
            port.insert("12", "SHFE", "rb2605", "0", "0", "2", 3594.0, 3, "3", "1", 1, 5, "memo")
            == 0
        )
        sent.append(line.fields())
        assert port.cancel("SHFE", "rb2605", "        7919", 0, 0, "", 9, 6) == 0
        sent.append(line.fields())
        line.call("OnRtnOrder", ORDER, flow=1, sequence=1)
        line.call("OnRtnTrade", TRADE, flow=1, sequence=2)
        line.call("OnErrRtnOrderInsert", {"OrderRef": "12"}, 31, flow=1, sequence=3)
        line.call("OnRtnInstrumentStatus", {"InstrumentID": "rb"}, flow=2, sequence=1)
        line.call("OnRspQryTradingAccount", None, None, 7)
        line.call("OnRspError", None, 90, 8)
        told.wait(port, lambda: told.count("response") == 3)
        faults = []
        for name, fields in (
            ("ReqUserLogin", {"UserID": "x" * 400}),
            ("ReqUserLogin", {"Nonsense": "x"}),
            ("ReqUserLogin", {"UserID": 7}),
            ("ReqNothing", {}),
        ):
            try:
                port.request(name, fields, 9)
            except Exception as error:
                faults.append(type(error).__name__)
        result = [sent, told.lines, port.front_info(), faults]
        line.close()
        told.wait(port, lambda: told.count("disconnected") == 1)
        port.close()
        return result


def shutdown(kind: str, folder: Path) -> Any:
    """Closed while ticks are flooding in, again and again: it must come to an end each time."""
    with Front("md") as front:
        for cycle in range(12):
            port, line = opened(kind, "md", folder / str(cycle), front)
            told = Told()
            port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
            port.dates_by_day(0, 0)
            burst = line.frame("OnRtnDepthMarketData", quote()) * 2_000
            flood = threading.Thread(target=_flood, args=(line, burst))
            flood.start()
            told.wait(port, lambda told=told: told.count("tick") > 100)
            port.close()
            port.close()
            line.close()
            flood.join()
        closed = []
        for call in (port.fileno, lambda: port.drain(told), lambda: port.subscribe(["x"]),
                     lambda: port.request("ReqUserLogin", {}, 1)):  # fmt: skip
            try:
                call()
            except ClosedError:
                closed.append("closed")
        return closed


def _flood(line: Line, burst: bytes) -> None:
    try:
        for _ in range(50):
            line.peer.sendall(burst)
    except OSError:
        return


def left_open(kind: str, folder: Path) -> Any:
    """The process ends with a port open and ticks coming in."""
    front = Front("md")
    port, line = opened(kind, "md", folder, front)
    told = Told()
    port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
    port.dates_by_day(0, 0)
    burst = line.frame("OnRtnDepthMarketData", quote()) * 2_000
    threading.Thread(target=_flood, args=(line, burst), daemon=True).start()
    told.wait(port, lambda: told.count("tick") > 100)
    return told.count("connected")


def sink_raises(kind: str, folder: Path) -> Any:
    """An exception of the sink comes out of drain; the tick is gone, the others are not."""
    with Front("md") as front:
        port, line = opened(kind, "md", folder, front)
        told, seen, raised = Told(), [], 0
        told.wait(port, lambda: told.count("connected") == 1)
        port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
        port.dates_by_day(0, 0)

        def on_tick(tick: Any) -> None:
            seen.append(tick.volume)
            if tick.volume == 2:
                raise RuntimeError("two")

        told.on_tick = on_tick  # type: ignore[method-assign]
        for volume in (1, 2, 3):
            line.call("OnRtnDepthMarketData", quote(Volume=volume))
        while len(seen) < 3:
            ready, _, _ = select.select([port], [], [], 10)
            assert ready, "what is left after an exception keeps the descriptor readable"
            try:
                port.drain(told, 2)
            except RuntimeError:
                raised += 1
        port.close()
        return [seen, raised]


def full(kind: str, folder: Path) -> Any:
    """Nobody drains: ticks are dropped and counted, the answer that came later is not."""
    port = MD[kind](dropin_libraries(), folder / "flow", ring_bytes=64_000)
    with Front("md") as front:
        port.open([front.address])
        line = front.connect()
        port.list("rb2605", InstrumentId("SHFE.rb2605"), 1.0, False)
        port.dates_by_day(0, 0)
        for _ in range(400):
            line.call("OnRtnDepthMarketData", quote())
        line.call("OnRspSubMarketData", {"InstrumentID": "x"}, 0, 0)
        while port.stats().received < 402:
            select.select([], [], [], 0.01)
        told = Told()
        told.wait(port, lambda: told.count("response") == 1)
        counts = port.stats()
        assert counts.dropped > 0
        result = counts.dropped + counts.delivered == 402
        port.close()
        return [result, told.lines[-1][1]]


def no_locale(kind: str, folder: Path) -> Any:
    """Without the locale: an error, not an abort; before anything is created."""
    os.environ["LOCPATH"] = "/nonexistent"
    return _refused(MD[kind], dropin_libraries(), folder)


def wrong_folder(kind: str, folder: Path) -> Any:
    """No library there; and a second set in one process."""
    first = _refused(MD[kind], folder, folder)
    MD[kind](vendor_libraries(), folder / "flow").close()
    return [first, _refused(MD[kind], dropin_libraries(), folder)]


def _refused(port: Any, libraries: Path, folder: Path) -> str:
    try:
        port(libraries, folder / "flow")
    except LibraryError as error:
        return str(error)
    return ""


SCENARIOS: dict[str, Callable[[str, Path], Any]] = {
    scenario.__name__: scenario
    for scenario in (
        ticks, clock, trading, shutdown, left_open, sink_raises, full, no_locale, wrong_folder,
    )
}  # fmt: skip

if __name__ == "__main__":
    name, kind, place = sys.argv[1:]
    print(json.dumps(SCENARIOS[name](kind, Path(place)), default=msgspec.to_builtins))
