"""What a trader does with a CTP program: log in, look, send, cancel. In CTP's own words."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.conformance.harness import CONNECTED, Event, Program
from tests.integration.daemon import until
from tests.integration.front import FrontProcess

BROKER, USER, INVESTOR = "9999", "zhang", "880001"
PASSWORD = "a-pass-word"
APP = {"AppID": "client_demo_1.0", "AuthCode": "0123456789abcdef"}
WHO = {"BrokerID": BROKER, "UserID": USER}
OWNER = {"BrokerID": BROKER, "InvestorID": INVESTOR}
ENDED = ("0", "5")


def code(event: Event) -> int:
    return int((event["error"] or {}).get("ErrorID", 0))


class Desk:
    """One program at the front, and the front's own books beside it."""

    def __init__(self, program: Program, front: FrontProcess) -> None:
        self.program = program
        self.front = front
        self.session: dict[str, Any] = {}
        self.ref = 0
        self.refused_login: Event | None = None

    # ------------------------------------------------------------ login

    def come_in(self) -> None:
        """Both lines from nothing to ready; a wrong password on the way."""
        program = self.program
        program.open("td", self.front.td)
        program.wait(CONNECTED, side="td")
        self.login_td(wrong_first=True)
        program.open("md", self.front.md)
        program.wait(CONNECTED, side="md")
        self.login_md()

    def login_td(self, wrong_first: bool = False) -> None:
        program = self.program
        assert code(program.answer("ReqAuthenticate", WHO | APP)) == 0
        if wrong_first:
            self.refused_login = program.answer("ReqUserLogin", WHO | {"Password": "guess"})
        told = program.answer("ReqUserLogin", WHO | {"Password": PASSWORD})
        assert code(told) == 0
        self.session = told["data"]

    def login_md(self) -> None:
        told = self.program.answer("ReqUserLogin", WHO | {"Password": PASSWORD}, side="md")
        assert code(told) == 0

    def confirm(self) -> None:
        told = self.program.answer("ReqSettlementInfoConfirm", OWNER)
        assert code(told) == 0

    def leave(self) -> None:
        """End well. The market stands still meanwhile: ``exit()`` of vnpy-ctp waits for a thread
        of its own that needs the lock it holds, and hangs whenever a callback is on its way."""
        self.front.tell("speed", speed=0.0001)
        quiet = self.program.mark()

        def look() -> bool:
            nonlocal quiet
            before, quiet = quiet, self.program.mark()
            time.sleep(0.3)
            return before == self.program.mark()

        until(look, 15, "silence")
        self.program.close()

    # ------------------------------------------------------------ orders

    def insert(self, instrument: str, exchange: str, **changes: Any) -> dict[str, Any]:
        """Send a limit order for the day (FACTS A7.1); what was sent."""
        self.ref += 1
        order = OWNER | {
            "UserID": USER, "ExchangeID": exchange, "InstrumentID": instrument,
            "OrderRef": str(self.ref), "OrderPriceType": "2", "Direction": "0",
            "CombOffsetFlag": "0", "CombHedgeFlag": "1", "VolumeTotalOriginal": 1,
            "TimeCondition": "3", "VolumeCondition": "1", "MinVolume": 1,
            "ContingentCondition": "1", "ForceCloseReason": "0", "IsAutoSuspend": 0,
        } | changes  # fmt: skip
        assert self.program.call("ReqOrderInsert", order) == 0
        return order

    def state(self, order: Mapping[str, Any], status: str, since: int = 0) -> dict[str, Any]:
        """The order's row when it is in that state."""
        told = self.program.wait(
            "OnRtnOrder",
            lambda e: (
                e["data"]["OrderRef"].strip() == order["OrderRef"]
                and e["data"]["OrderStatus"] in status
            ),
            since=since,
        )
        row: dict[str, Any] = told["data"]
        return row

    def cancel(self, row: Mapping[str, Any]) -> None:
        """By the exchange's key, exactly as it was told."""
        keys = ("ExchangeID", "InstrumentID", "OrderSysID")
        fields = {key: row[key] for key in keys}
        action = OWNER | {"UserID": USER, "ActionFlag": "0"} | fields
        assert self.program.call("ReqOrderAction", action) == 0

    # ------------------------------------------------------------ market

    def tick(self, instrument: str, quoted: bool = True) -> dict[str, Any]:
        """The newest snapshot of a contract; with ``quoted`` one that has both sides."""

        def look() -> dict[str, Any] | None:
            for event in reversed(self.program.events):
                if event["on"] == "OnRtnDepthMarketData":
                    tick: dict[str, Any] = event["data"]
                    if tick["InstrumentID"] == instrument:
                        sides = tick["BidVolume1"] and tick["AskVolume1"]
                        return tick if sides or not quoted else None
            return None

        return until(look, 30, f"a quote of {instrument}")

    # ------------------------------------------------------------ the exchange's own books

    def books(self) -> dict[str, Any]:
        found: dict[str, Any] = self.front.tell("books", user=USER)
        return found

    def told_trades(self, since: int = 0) -> Counter[tuple[str, str, float, int]]:
        """What OnRtnTrade has said."""
        rows = (event["data"] for event in self.program.seen("OnRtnTrade", since=since))
        return Counter(
            (row["TradeID"], row["InstrumentID"], row["Price"], row["Volume"]) for row in rows
        )

    def booked_trades(self) -> Counter[tuple[str, str, float, int]]:
        return Counter(
            (row["trade_id"], wire(row["instrument"]), row["price"], row["lots"])
            for row in self.books()["trades"]
        )


def wire(instrument: str) -> str:
    """The contract as it is spelt over CTP: three digits at CZCE."""
    exchange, _, symbol = instrument.partition(".")
    if exchange == "CZCE":
        letters = symbol.rstrip("0123456789")
        return letters + symbol[len(letters) :][-3:]
    return symbol
