"""A program on the package `openctp_ctp`, whose folder is given, as `test_programs.py` runs it.

openctp_program.py FOLDER FLOW TD_FRONT
"""

import queue
import sys

folder, flow, td_front = sys.argv[1:]
sys.path.insert(0, folder)
from openctp_ctp import mdapi, tdapi  # noqa: E402

ends: "queue.Queue[str]" = queue.Queue()


class Spi(tdapi.CThostFtdcTraderSpi):  # type: ignore[misc]
    def __init__(self, api: "tdapi.CThostFtdcTraderApi") -> None:
        super().__init__()
        self.api = api

    def OnFrontConnected(self) -> None:
        request = tdapi.CThostFtdcReqUserLoginField()
        request.BrokerID, request.UserID, request.Password = "9999", "sim", "sim"
        print("login", self.api.ReqUserLogin(request, 2), flush=True)

    def OnRspUserLogin(self, data: object, error: object, request: int, last: bool) -> None:
        print("in", data.FrontID, error.ErrorID, error.ErrorMsg, request, last, flush=True)
        query = tdapi.CThostFtdcQryOrderField()
        print("query", self.api.ReqQryOrder(query, 3), self.api.ReqQryOrder(query, 4), flush=True)
        self.api.ReqSettlementInfoConfirm(tdapi.CThostFtdcSettlementInfoConfirmField(), 5)

    def OnRspQryOrder(self, data: object, error: object, request: int, last: bool) -> None:
        ends.put(f"orders {data} {request} {last}")


print(tdapi.CThostFtdcTraderApi.GetApiVersion(), flush=True)
print(mdapi.CThostFtdcMdApi.GetApiVersion(), flush=True)
api = tdapi.CThostFtdcTraderApi.CreateFtdcTraderApi(flow + "/")
spi = Spi(api)
api.RegisterSpi(spi)
api.RegisterFront(td_front)
api.Init()
print(ends.get(timeout=30), flush=True)
api.Release()
print("released", flush=True)
