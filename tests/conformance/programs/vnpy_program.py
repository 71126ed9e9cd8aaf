"""A CTP program on ``vnpy_ctp.api``: a class with its callbacks, dicts in and out.

It knows nothing of Homalos. A JSON line on stdin is one call; what comes back is printed the same
way: ``{"ret": 0}`` for the call, ``{"on": "OnRtnOrder", ...}`` for each callback.
"""

import json
import os
import sys
import threading
from typing import Any

import vnctpmd
import vnctptd

KINDS = {"md": vnctpmd.MdApi, "td": vnctptd.TdApi}
RESTART = 0
apis: dict[str, Any] = {}
printing = threading.Lock()


def say(**line: Any) -> None:
    text = json.dumps(line, default=bytes.hex)
    with printing:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def told(side: str, name: str) -> Any:
    def callback(self: Any, *arguments: Any) -> None:
        line: dict[str, Any] = {"side": side, "on": name, "data": None, "error": None}
        for argument in arguments:
            if isinstance(argument, bool):
                line["last"] = argument
            elif isinstance(argument, int):
                line["number"] = argument
            elif line["data"] is None and name != "OnRspError":
                line["data"] = argument
            else:
                line["error"] = argument or None
        line["data"] = line["data"] or None
        say(**line)

    return callback


def open_line(side: str, flow: str, front: str) -> None:
    kind = KINDS[side]
    names = [name for name in dir(kind) if name.startswith("on")]
    methods = {name: told(side, "O" + name[1:]) for name in names}
    api = apis[side] = type("Program", (kind,), methods)()
    if side == "md":
        api.createFtdcMdApi(flow, True)
    else:
        api.createFtdcTraderApi(flow, True)
        api.subscribePrivateTopic(RESTART)
        api.subscribePublicTopic(RESTART)
    api.registerFront(front)
    api.init()


def call(side: str, name: str, fields: dict[str, Any], request: int) -> int:
    return int(getattr(apis[side], "r" + name[1:])(fields, request))


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
            say(ret=max(apis["md"].subscribeMarketData(name) for name in asked["ids"]))
        elif verb == "version":
            say(ret=apis["td"].getApiVersion())
        elif verb == "close":
            for api in apis.values():
                api.exit()
            say(ret=0)
            break
    sys.stdout.flush()
    os._exit(0)


main()
