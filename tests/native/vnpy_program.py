"""A program on `vnpy_ctp.api`, whose folder is given, as `test_programs.py` runs it.

    vnpy_program.py FOLDER FLOW MD_FRONT TD_FRONT

Prints what happens; ends at the second cut of the trading line.
"""

import queue
import sys

folder, flow, md_front, td_front = sys.argv[1:]
sys.path.insert(0, folder)
from api import MdApi, TdApi  # noqa: E402

ends: "queue.Queue[str]" = queue.Queue()


class Md(MdApi):  # type: ignore[misc]
    def onFrontConnected(self) -> None:
        self.reqUserLogin({}, 1)

    def onRspUserLogin(self, data: dict, error: dict, request: int, last: bool) -> None:
        print("md login", error["ErrorID"], request, last, flush=True)
        self.subscribeMarketData("rb2505")

    def onRtnDepthMarketData(self, data: dict) -> None:
        print("tick", data["InstrumentID"], data["LastPrice"], flush=True)


class Td(TdApi):  # type: ignore[misc]
    cuts = 0

    def onFrontConnected(self) -> None:
        self.reqAuthenticate({"BrokerID": "9999", "UserID": "sim", "AppID": "a"}, 1)

    def onFrontDisconnected(self, reason: int) -> None:
        print("cut", reason, flush=True)
        self.cuts += 1
        if self.cuts == 2:
            ends.put("cut twice")

    def onRspAuthenticate(self, data: dict, error: dict, request: int, last: bool) -> None:
        self.reqUserLogin({"BrokerID": "9999", "UserID": "sim", "Password": "sim"}, 2)

    def onRspUserLogin(self, data: dict, error: dict, request: int, last: bool) -> None:
        print("td login", data["FrontID"], error["ErrorMsg"], flush=True)
        print("query", self.reqQryInstrument({}, 3), self.reqQryInstrument({}, 4), flush=True)
        self.reqSettlementInfoConfirm({}, 5)

    def onRspQryInstrument(self, data: dict, error: dict, request: int, last: bool) -> None:
        print("instrument", data.get("InstrumentName"), last, flush=True)
        if last:
            self.reqOrderInsert({"InstrumentID": "rb2505", "OrderRef": "1"}, 5)

    def onRtnOrder(self, data: dict) -> None:
        print("order", repr(data["OrderSysID"]), repr(data["OrderStatus"]), flush=True)


md, td = Md(), Td()
md.createFtdcMdApi(flow + "/md", True)
td.createFtdcTraderApi(flow + "/td", True)
print(td.getApiVersion(), flush=True)
md.registerFront(md_front)
td.registerFront(td_front)
td.subscribePrivateTopic(0)
md.init()
td.init()
print(ends.get(timeout=30), flush=True)
td.exit()
md.exit()
