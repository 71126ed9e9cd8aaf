"""CTP programs before ``homalos exchange``: openctp-ctp and vnpy-ctp as they are shipped, and one
in C++. The market is generated, and simulated; what a program was told must be in the books."""

import math
from typing import Any

import pytest
from tests.conformance.desk import ENDED, INVESTOR, OWNER, Desk, code, wire
from tests.conformance.harness import CONNECTED, DISCONNECTED
from tests.integration.daemon import until

pytestmark = pytest.mark.slow


def contract(desk: Desk, exchange: str = "SHFE") -> str:
    """A contract of the market, as the query shows it."""
    rows = desk.program.rows("ReqQryInstrument", {"ExchangeID": exchange})
    found = (r["InstrumentID"] for r in rows if r["ProductClass"] == "1" and r["IsTrading"])
    return str(next(found))


def subscribed(desk: Desk, instrument: str) -> None:
    assert desk.program.subscribe(instrument) == 0
    desk.program.wait(
        "OnRspSubMarketData", lambda e: e["data"]["InstrumentID"] == instrument and not code(e)
    )


def test_the_libraries_say_who_they_are(desk: Desk) -> None:
    assert desk.program.version().startswith("v6.7.11")


def test_a_wrong_password_is_refused_in_chinese(desk: Desk) -> None:
    refused = desk.refused_login
    assert refused is not None
    assert code(refused) == 3
    assert refused["error"].get("ErrorMsg", "CTP:不合法的登录") == "CTP:不合法的登录"
    assert desk.session["TradingDay"] == str(desk.books()["trading_day"])
    assert desk.session["SessionID"] > 0


def test_an_order_before_the_settlement_is_confirmed(desk: Desk) -> None:
    rows = desk.program.rows("ReqQrySettlementInfoConfirm", OWNER)
    assert rows == [], "a null record: not confirmed"
    instrument = contract(desk)
    since = desk.program.mark()
    desk.insert(instrument, "SHFE", LimitPrice=8000.0)
    for name in ("OnRspOrderInsert", "OnErrRtnOrderInsert"):
        assert code(desk.program.wait(name, since=since)) == 42
    desk.confirm()
    assert desk.program.rows("ReqQrySettlementInfoConfirm", OWNER)[0]["InvestorID"] == INVESTOR


def test_queries(desk: Desk) -> None:
    rows = desk.program.rows("ReqQryInstrument", {})
    assert {row["ExchangeID"] for row in rows} == {"SHFE", "DCE", "CZCE"}
    assert len({row["InstrumentID"] for row in rows}) == len(rows)
    assert len(rows) == desk.front.tell("status")["instruments"]
    assert all(row["VolumeMultiple"] > 0 and row["PriceTick"] > 0 for row in rows)
    assert any("\u4e00" <= letter <= "\u9fff" for row in rows for letter in row["InstrumentName"])
    (account,) = desk.program.rows("ReqQryTradingAccount", OWNER | {"CurrencyID": "CNY"})
    assert account["Balance"] == desk.books()["account"]["balance"] == 100_000_000
    assert desk.program.rows("ReqQryInvestorPosition", OWNER) == []
    (investor,) = desk.program.rows("ReqQryInvestor", OWNER)
    assert investor["InvestorName"] == "张三"


def test_one_query_at_a_time(desk: Desk) -> None:
    desk.front.fault(kind="delay", on="ReqQryInstrument", ms=500)
    since = desk.program.mark()
    assert [desk.program.call("ReqQryInstrument", {}) for _ in range(2)] == [0, -2]
    desk.program.wait("OnRspQryInstrument", lambda e: e["last"], since=since)


def test_market_data(desk: Desk) -> None:
    instrument = contract(desk)
    subscribed(desk, instrument)
    first = desk.tick(instrument)
    later = desk.program.wait(
        "OnRtnDepthMarketData",
        lambda e: e["data"]["InstrumentID"] == instrument and e["data"]["Volume"] > first["Volume"],
    )["data"]
    assert later["LowerLimitPrice"] < later["LastPrice"] < later["UpperLimitPrice"]
    assert later["BidPrice1"] < later["AskPrice1"]
    assert later["TradingDay"] == desk.session["TradingDay"]
    assert later["BidPrice2"] > 1e300, "one level of depth: the others are DBL_MAX"


def test_partial_fill_and_cancel(desk: Desk) -> None:
    """Case 5: more lots than are shown; the rest is cancelled."""
    instrument = contract(desk)
    subscribed(desk, instrument)
    for _ in range(5):
        tick = desk.tick(instrument)
        order = desk.insert(
            instrument, "SHFE", LimitPrice=tick["AskPrice1"], VolumeTotalOriginal=500
        )
        row = desk.state(order, "130")
        if row["OrderStatus"] == "1":
            break
        if row["OrderStatus"] == "3":
            desk.cancel(row)
            desk.state(order, "5")
    assert row["OrderStatus"] == "1"
    assert 0 < row["VolumeTraded"] < 500
    assert row["OrderSysID"].startswith(" "), "padded as the exchanges do"
    since = desk.program.mark()
    desk.cancel(row)
    ended = desk.state(order, "05", since)
    trades = until(
        lambda: _sum(desk, order) == ended["VolumeTraded"] and _sum(desk, order), 10, "its trades"
    )
    assert trades >= row["VolumeTraded"]
    assert {r["trade_id"] for r in desk.books()["trades"]} == {t[0] for t in desk.told_trades()}


def _sum(desk: Desk, order: dict[str, Any]) -> int:
    rows = (event["data"] for event in desk.program.seen("OnRtnTrade"))
    return sum(row["Volume"] for row in rows if row["OrderRef"].strip() == order["OrderRef"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"VolumeTotalOriginal": 0}, 15),
        ({"InstrumentID": "ag9999"}, 16),
        ({"OrderRef": "1"}, 22),
        ({"Direction": "1", "CombOffsetFlag": "4", "VolumeTotalOriginal": 5}, 51),
        ({"OrderPriceType": "1", "LimitPrice": 0.0, "TimeCondition": "1"}, 80),
        ({"ExchangeID": ""}, 147),
    ],
)
def test_refused_by_ctp(desk: Desk, changes: dict[str, Any], error: int) -> None:
    """Case 13: two answers, no order."""
    instrument = contract(desk)
    subscribed(desk, instrument)
    price = desk.tick(instrument)["BidPrice1"]
    orders, since = len(desk.books()["orders"]), desk.program.mark()
    desk.insert(instrument, "SHFE", **({"LimitPrice": price} | changes))
    for name in ("OnRspOrderInsert", "OnErrRtnOrderInsert"):
        assert code(desk.program.wait(name, since=since)) == error
    assert len(desk.books()["orders"]) == orders
    assert not desk.program.seen("OnRtnOrder", lambda e: e["data"]["OrderStatus"] == "a",
                                 since=since)  # fmt: skip


def test_refused_by_the_exchange(desk: Desk) -> None:
    """Case 14: an order with a state, whose text says why."""
    instrument = contract(desk)
    subscribed(desk, instrument)
    limit = desk.tick(instrument)["UpperLimitPrice"]
    order = desk.insert(instrument, "SHFE", LimitPrice=limit + 100)
    row = desk.state(order, "5")
    assert row["OrderSubmitStatus"] == "4"
    assert "被拒绝" in row["StatusMsg"]
    assert row["VolumeTraded"] == 0


def test_a_cancel_of_what_is_over(desk: Desk) -> None:
    """Case 6."""
    instrument = contract(desk)
    subscribed(desk, instrument)
    order = desk.insert(instrument, "SHFE", LimitPrice=desk.tick(instrument)["LowerLimitPrice"])
    row = desk.state(order, "3")
    desk.cancel(row)
    row = desk.state(order, "5")
    since = desk.program.mark()
    desk.cancel(row)
    for name in ("OnRspOrderAction", "OnErrRtnOrderAction"):
        assert code(desk.program.wait(name, since=since)) == 26


def test_every_other_request_is_answered(desk: Desk) -> None:
    """A broker that does not offer it."""
    since = desk.program.mark()
    assert desk.program.call("ReqParkedOrderInsert", OWNER) == 0
    assert code(desk.program.wait("OnRspParkedOrderInsert", since=since)) == 27
    assert desk.program.rows("ReqQryTransferBank", {}) == []


def test_cut_off_and_back(desk: Desk) -> None:
    """Both lines break while an order rests; it fills meanwhile; the flow tells all of the day."""
    program = desk.program
    instrument = contract(desk)
    subscribed(desk, instrument)
    order = desk.insert(instrument, "SHFE", LimitPrice=desk.tick(instrument)["LowerLimitPrice"])
    desk.state(order, "3")
    since = program.mark()
    assert desk.front.tell("cut", user="zhang") == 2
    for side in ("md", "td"):
        assert program.wait(DISCONNECTED, side=side, since=since)["number"] in (4097, 4098)
        program.wait(CONNECTED, side=side, since=since)
    desk.front.tell("foreign-order", instrument=f"SHFE.{instrument}", side="buy", lots=2)
    assert code(program.answer("ReqQryInvestorPosition", OWNER)) == 6, "not logged in any more"
    before = desk.session
    desk.login_td()
    assert desk.session["SessionID"] != before["SessionID"]
    desk.login_md()
    until(lambda: desk.told_trades(since) == desk.booked_trades(), 15, "the day's trades again")
    row = desk.state(order, "3", since)
    assert (row["FrontID"], row["SessionID"]) == (before["FrontID"], before["SessionID"])
    since = program.mark()
    desk.cancel(row)
    desk.state(order, "5", since)
    assert not program.seen("OnRtnDepthMarketData", since=since), "subscriptions end with the line"
    subscribed(desk, instrument)
    program.wait("OnRtnDepthMarketData", since=since)


def test_close_and_compare_with_the_books(desk: Desk) -> None:
    instrument = contract(desk)
    subscribed(desk, instrument)
    bid = desk.tick(instrument)["LowerLimitPrice"]
    order = desk.insert(
        instrument, "SHFE", Direction="1", CombOffsetFlag="3", VolumeTotalOriginal=1, LimitPrice=bid
    )
    desk.state(order, "0")
    until(lambda: _sum(desk, order) == 1, 10, "the trade")
    compare(desk)


def compare(desk: Desk) -> None:
    """Positions, account, orders and trades as queried against the exchange's own."""
    program = desk.program
    books = until(lambda: _still(desk), 20, "nothing works")
    trades = program.rows("ReqQryTrade", OWNER)
    assert sorted((r["TradeID"], r["Price"], r["Volume"]) for r in trades) == sorted(
        (r["trade_id"], r["price"], r["lots"]) for r in books["trades"]
    )
    orders = program.rows("ReqQryOrder", OWNER)
    assert len(orders) == len(books["orders"])
    assert {r["OrderStatus"] for r in orders} <= set(ENDED)
    held: dict[tuple[str, str], list[int]] = {}
    for row in program.rows("ReqQryInvestorPosition", OWNER):
        side = {"2": "long", "3": "short"}[row["PosiDirection"]]
        lots = held.setdefault((row["InstrumentID"], side), [0, 0])
        lots[0] += row["Position"]
        lots[1] += row["TodayPosition"]
    assert {k: v for k, v in held.items() if v[0]} == {
        (wire(r["instrument"]), r["direction"]): [
            r["today_lots"] + r["yesterday_lots"], r["today_lots"]
        ]
        for r in books["positions"]
        if r["today_lots"] + r["yesterday_lots"]
    }  # fmt: skip
    until(lambda: _account_agrees(desk), 10, "the account")


def _still(desk: Desk) -> dict[str, Any] | None:
    books = desk.books()
    over = ("filled", "cancelled", "rejected")
    return books if all(row["status"] in over for row in books["orders"]) else None


def _account_agrees(desk: Desk) -> bool:
    """Profit moves with the market: asked between two looks at the books that agree."""
    before = desk.books()["account"]
    (row,) = desk.program.rows("ReqQryTradingAccount", OWNER | {"CurrencyID": "CNY"})
    after = desk.books()["account"]
    if before != after | {"ts_event": before["ts_event"]}:
        return False
    pairs = {
        "Balance": "balance", "Available": "available", "CurrMargin": "margin",
        "Commission": "fees", "CloseProfit": "closed_profit", "PositionProfit": "position_profit",
        "FrozenMargin": "frozen_margin", "PreBalance": "pre_balance", "Deposit": "deposit",
    }  # fmt: skip
    for theirs, ours in pairs.items():
        assert math.isclose(row[theirs], after[ours], abs_tol=0.005), theirs
    return True
