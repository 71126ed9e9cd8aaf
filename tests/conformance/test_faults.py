"""Faults of ``homalos exchange`` as programs that others wrote meet them: openctp-ctp, vnpy-ctp,
and one in C++, on the drop-in libraries."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.desk import OWNER, Desk, code
from tests.conformance.harness import CONNECTED, DISCONNECTED, Event
from tests.conformance.test_programs import contract, subscribed
from tests.integration.daemon import until

pytestmark = pytest.mark.slow

TICK = "OnRtnDepthMarketData"


@pytest.fixture
def trader(desk: Desk) -> Iterator["Trader"]:
    made = Trader(desk)
    yield made
    desk.front.tell("fault", action="clear")


class Trader:
    """The program of the test, confirmed, with one contract subscribed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.program = desk.program
        self.front = desk.front
        desk.confirm()
        self.instrument = contract(desk)
        subscribed(desk, self.instrument)
        tick = desk.tick(self.instrument)
        self.high, self.low = tick["UpperLimitPrice"], tick["LowerLimitPrice"]

    def buy(self, price: float) -> dict[str, Any]:
        return self.desk.insert(self.instrument, "SHFE", LimitPrice=price)

    def told(self, name: str, order: dict[str, Any], since: int) -> list[Event]:
        """Callbacks of an order; the front has said all when a query is answered after it."""
        self.program.rows("ReqQryInvestor", OWNER)
        ref = order["OrderRef"]
        return self.program.seen(
            name, lambda e: e["data"]["OrderRef"].strip() == ref, since=since
        )  # fmt: skip

    def back(self, since: int) -> None:
        """Both of the trading line's ends: cut, connected again, logged in."""
        self.program.wait(DISCONNECTED, side="td", since=since)
        self.program.wait(CONNECTED, side="td", since=since)
        self.desk.login_td()
        self.desk.confirm()


def test_lost_doubled_and_late(trader: Trader) -> None:
    front, desk, program = trader.front, trader.desk, trader.program
    lost = front.fault(kind="lose", on="OnRtnTrade")
    since = program.mark()
    order = trader.buy(trader.high)
    desk.state(order, "0", since)
    assert not trader.told("OnRtnTrade", order, since)
    assert front.struck(lost) == 1

    front.fault(kind="duplicate", on="OnRtnTrade")
    front.fault(kind="delay", on="OnRtnOrder", ms=600, k=1)
    order = trader.buy(trader.high)
    first, second = until(lambda: _pair(trader.told("OnRtnTrade", order, since)), 10, "two trades")
    assert first["data"] == second["data"]
    rows = [e["data"] for e in trader.told("OnRtnOrder", order, since)]
    assert rows[0]["OrderSysID"], "the first state is late"
    program.wait(
        "OnRtnOrder",
        lambda e: (
            e["data"]["OrderRef"].strip() == order["OrderRef"] and not e["data"]["OrderSysID"]
        ),
        since=since,
    )


def _pair(found: list[Event]) -> list[Event] | None:
    return found if len(found) == 2 else None


def test_refused(trader: Trader) -> None:
    front, program = trader.front, trader.program
    front.fault(kind="reject", code=31)
    since = program.mark()
    order = trader.buy(trader.low)
    for name in ("OnRspOrderInsert", "OnErrRtnOrderInsert"):
        assert code(program.wait(name, since=since)) == 31
    assert not trader.told("OnRtnOrder", order, since)

    front.fault(kind="busy", times=1)
    since = program.mark()
    assert program.call("ReqQryTradingAccount", OWNER) == 0
    until(lambda: _codes(program.events[since:], 90), 10, "error 90")
    assert program.rows("ReqQryTradingAccount", OWNER)


def _codes(events: list[Event], wanted: int) -> list[Event]:
    return [e for e in events if e.get("error") and code(e) == wanted]


@pytest.mark.parametrize("sent", [True, False])
def test_cut_between_order_and_trade(trader: Trader, sent: bool) -> None:
    """The trade is lost with the line, and the flow tells it after the login."""
    front, desk, program = trader.front, trader.desk, trader.program
    front.fault(kind="cut", on="OnRtnTrade", sent=sent)
    front.fault(kind="not_ready")
    since = program.mark()
    order = trader.buy(trader.high)
    program.wait(DISCONNECTED, side="td", since=since)
    program.wait(CONNECTED, side="td", since=since)
    before = program.seen("OnRtnTrade", since=since)
    assert bool(before) is sent
    who = {"BrokerID": "9999", "UserID": "zhang"}
    assert code(program.answer("ReqAuthenticate", who | {
        "AppID": "client_demo_1.0", "AuthCode": "0123456789abcdef"})) == 0  # fmt: skip
    refused = program.answer("ReqUserLogin", who | {"Password": "a-pass-word"})
    assert code(refused) == 7
    since = program.mark()
    desk.login_td()
    mine = program.wait(
        "OnRtnTrade", lambda e: e["data"]["OrderRef"].strip() == order["OrderRef"], since=since
    )
    assert mine["data"]["Volume"] == 1
    until(lambda: desk.told_trades(since) == desk.booked_trades(), 15, "the day's trades again")


def test_stalled_feed_and_junk(trader: Trader) -> None:
    front, program, instrument = trader.front, trader.program, trader.instrument
    stalled = front.fault(kind="stall", on=TICK, ms=800)
    until(lambda: front.struck(stalled), 15, "the stall")
    since = program.mark()
    program.wait(TICK, since=since)
    assert not program.seen(DISCONNECTED, side="md", since=since)
    front.tell("tick", instrument=f"SHFE.{instrument}", fields={"UpdateTime": "99:99:99"})
    program.wait(TICK, lambda e: e["data"]["UpdateTime"] == "99:99:99", since=since)


def test_cleared_flows(trader: Trader) -> None:
    """清流重启: the day is told again under other names; a resting order is still the same."""
    desk, program = trader.desk, trader.program
    order = trader.buy(trader.low)
    row = desk.state(order, "3")
    front_id, since = desk.session["FrontID"], program.mark()
    trader.front.tell("clear-flows")
    trader.back(since)
    assert desk.session["FrontID"] != front_id
    again = program.wait(
        "OnRtnOrder", lambda e: e["data"]["OrderSysID"] == row["OrderSysID"], since=since
    )["data"]
    assert (again["FrontID"], again["OrderRef"]) != (row["FrontID"], row["OrderRef"])
    since = program.mark()
    desk.cancel(again)
    program.wait(
        "OnRtnOrder",
        lambda e: e["data"]["OrderSysID"] == row["OrderSysID"] and e["data"]["OrderStatus"] == "5",
        since=since,
    )


def test_behind_the_back(trader: Trader) -> None:
    front, program, contract_id = trader.front, trader.program, f"SHFE.{trader.instrument}"
    since = program.mark()
    front.fault(kind="foreign_order", at="+1", instrument=contract_id, side="sell", lots=2)

    def sold() -> bool:
        told = [e["data"] for e in program.seen("OnRtnTrade", since=since)]
        return sum(row["Volume"] for row in told if row["Direction"] == "1") == 2

    until(sold, 15, "the trades of an order that the program did not send")
    front.tell("position", instrument=contract_id, direction="short", lots=3)
    rows = program.rows("ReqQryInvestorPosition", OWNER)
    assert sum(r["Position"] for r in rows if r["PosiDirection"] == "3") == 5
    since = program.mark()
    front.tell("force-close", instrument=contract_id, direction="short")
    order = program.wait("OnRtnOrder", since=since)["data"]
    assert order["ForceCloseReason"] != "0"
