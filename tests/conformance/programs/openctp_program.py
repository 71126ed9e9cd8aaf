"""A CTP program on the package openctp-ctp: SPI classes of its SWIG wrapper, structs by attribute.

It knows nothing of Homalos. A JSON line on stdin is one call; what comes back is printed the same
way: ``{"ret": 0}`` for the call, ``{"on": "OnRtnOrder", ...}`` for each callback.
"""

import json
import os
import sys
import threading
from typing import Any

from openctp_ctp import mdapi, tdapi

MODULES = {"md": mdapi, "td": tdapi}
SPIS = {"md": mdapi.CThostFtdcMdSpi, "td": tdapi.CThostFtdcTraderSpi}
STRUCTS = {
    "ReqAuthenticate": "ReqAuthenticate",
    "ReqOrderAction": "InputOrderAction",
    "ReqOrderInsert": "InputOrder",
    "ReqParkedOrderInsert": "ParkedOrder",
    "ReqUserLogin": "ReqUserLogin",
}
"""Of requests whose struct has a name of its own."""
apis: dict[str, Any] = {}
spis: dict[str, Any] = {}
printing = threading.Lock()


def say(**line: Any) -> None:
    with printing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def plain(struct: Any) -> dict[str, Any]:
    names = [n for n, v in vars(type(struct)).items() if isinstance(v, property)]
    return {name: getattr(struct, name) for name in names if name != "thisown"}


def told(side: str, name: str) -> Any:
    def callback(self: Any, *arguments: Any) -> None:
        line: dict[str, Any] = {"side": side, "on": name, "data": None, "error": None}
        for argument in arguments:
            if isinstance(argument, bool):
                line["last"] = argument
            elif isinstance(argument, int):
                line["number"] = argument
            elif argument is not None:
                kind = type(argument).__name__
                line["error" if kind == "CThostFtdcRspInfoField" else "data"] = plain(argument)
        say(**line)

    return callback


def spi(side: str) -> Any:
    names = [name for name in dir(SPIS[side]) if name.startswith("On")]
    kind = type("Spi", (SPIS[side],), {name: told(side, name) for name in names})
    return kind()


def open_line(side: str, flow: str, front: str) -> None:
    if side == "md":
        api = mdapi.CThostFtdcMdApi.CreateFtdcMdApi(flow)
    else:
        api = tdapi.CThostFtdcTraderApi.CreateFtdcTraderApi(flow)
    apis[side], spis[side] = api, spi(side)
    api.RegisterSpi(spis[side])
    if side == "td":
        api.SubscribePrivateTopic(tdapi.THOST_TERT_RESTART)
        api.SubscribePublicTopic(tdapi.THOST_TERT_RESTART)
    api.RegisterFront(front)
    api.Init()


def call(side: str, name: str, fields: dict[str, Any], request: int) -> int:
    struct_name = f"CThostFtdc{STRUCTS.get(name) or name.removeprefix('Req')}Field"
    struct = getattr(MODULES[side], struct_name)()
    for field, value in fields.items():
        setattr(struct, field, value)
    return int(getattr(apis[side], name)(struct, request))


def subscribe(ids: list[str]) -> int:
    return int(apis["md"].SubscribeMarketData([name.encode() for name in ids], len(ids)))


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        verb = asked.pop("do")
        if verb == "open":
            open_line(**asked)
            say(ret=0)
        elif verb == "call":
            say(ret=call(**asked))
        elif verb == "subscribe":
            say(ret=subscribe(asked["ids"]))
        elif verb == "version":
            say(ret=tdapi.CThostFtdcTraderApi.GetApiVersion())
        elif verb == "close":
            for api in apis.values():
                api.RegisterSpi(None)
                api.Release()
            say(ret=0)
            break
    sys.stdout.flush()
    os._exit(0)  # the wrapper's threads are not Python's to wait for


main()
