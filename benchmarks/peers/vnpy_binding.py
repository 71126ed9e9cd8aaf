"""vnpy-ctp's binding alone: the order is sent in its callback (``vnpy_binding.py PLAN``), or by an
asyncio loop that the callback wakes with ``call_soon_threadsafe`` (``vnpy_binding.py PLAN
asyncio``), as programs built around a loop do it."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from plan import Seen, import_api, load_plan

api = import_api()
LOGIN = {"BrokerID": "9999", "UserID": "sim", "Password": "sim"}
ORDER = {
    "BrokerID": "9999", "InvestorID": "sim", "UserID": "sim", "Direction": "0",
    "CombOffsetFlag": "0", "CombHedgeFlag": "1", "OrderPriceType": "2", "VolumeTotalOriginal": 1,
    "TimeCondition": "1", "VolumeCondition": "1", "MinVolume": 1, "ContingentCondition": "1",
    "ForceCloseReason": "0",
}  # fmt: skip
Handler = Callable[[dict[str, Any]], None]


class Td(api.TdApi):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.ready = threading.Event()
        self.sent = 0

    def onFrontConnected(self) -> None:  # noqa: N802
        self.reqUserLogin(LOGIN, 1)

    def onRspUserLogin(self, data: dict, error: dict, reqid: int, last: bool) -> None:  # noqa: N802
        self.ready.set()

    def buy(self, tick: dict[str, Any]) -> None:
        self.sent += 1
        order = {
            "ExchangeID": tick["ExchangeID"], "InstrumentID": tick["InstrumentID"],
            "LimitPrice": tick["AskPrice1"], "OrderRef": str(self.sent),
        }  # fmt: skip
        self.reqOrderInsert(ORDER | order, self.sent)


class Md(api.MdApi):  # type: ignore[misc]
    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self.ready = threading.Event()
        self.onRtnDepthMarketData = handler

    def onFrontConnected(self) -> None:  # noqa: N802
        self.reqUserLogin(LOGIN, 1)

    def onRspUserLogin(self, data: dict, error: dict, reqid: int, last: bool) -> None:  # noqa: N802
        self.ready.set()


def handler_of(work: str, seen: Seen, td: Td) -> Handler:
    def note(tick: dict[str, Any]) -> None:
        now = time.perf_counter_ns()
        seen.entries[tick["InstrumentID"]].append(now)

    def count(tick: dict[str, Any]) -> None:
        seen.count()

    return {"single": td.buy, "burst": note, "flood": count}[work]


def open_both(plan: dict[str, Any], td: Td, md: Md) -> None:
    td.createFtdcTraderApi(plan["flow"] + "/td", True)
    td.subscribePrivateTopic(0)
    td.subscribePublicTopic(0)
    td.registerFront(plan["td"])
    td.init()
    md.createFtdcMdApi(plan["flow"] + "/md", True)
    md.registerFront(plan["md"])
    md.init()
    if not td.ready.wait(20) or not md.ready.wait(20):
        raise SystemExit("no login")
    for wire, _, _ in plan["contracts"]:
        md.subscribeMarketData(wire)


def main() -> None:
    plan = load_plan()
    seen, td = Seen(plan), Td()
    handler = handler_of(plan["work"], seen, td)
    if sys.argv[2:] == ["asyncio"]:
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        md = Md(lambda tick: loop.call_soon_threadsafe(handler, tick) and None)
    else:
        md = Md(handler)
    open_both(plan, td, md)
    seen.ready()
    seen.wait_for_end()
    seen.leave()


main()
