"""Queries over the wire: rows, limits, what is not offered (FACTS A5, A10 to A12, A20.2)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.exchange.bench import DAY, NEXT, RB, TA, M, at
from tests.unit.exchange.door.client import BROKER, ME, OTHER, Client, Rig, on_a_loop, rig

from homalos.config.sections.exchange import ExchangeSection
from homalos.ctp.abi import load
from homalos.exchange.door.speech import DBL_MAX
from homalos.model.enums import Direction
from homalos.model.market import Instrument

Scene = Callable[[Rig, Client], Awaitable[None]]
MINE = {"BrokerID": BROKER, "InvestorID": ME}


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made, await made.td())

    on_a_loop(run())


def on(item: Instrument, **fields: Any) -> dict[str, Any]:
    return {"ExchangeID": item.exchange, "InstrumentID": item.symbol} | fields


async def rows(td: Client, name: str, **fields: Any) -> list[dict[str, Any]]:
    answers = await td.ask(name, **fields)
    assert [a.last for a in answers] == [False] * (len(answers) - 1) + [True]
    assert all(a.error == 0 for a in answers)
    return [a.data for a in answers if a.data is not None]


def test_instruments_and_who_asks_for_one() -> None:
    async def scene(made: Rig, td: Client) -> None:
        found = await rows(td, "ReqQryInstrument")
        assert [row["InstrumentID"] for row in found] == ["rb2601", "m2601", "TA2601", "IF2601"]
        rb = found[0]
        assert (rb["VolumeMultiple"], rb["PriceTick"], rb["PositionDateType"]) == (10, 1.0, "1")
        assert (rb["DeliveryYear"], rb["DeliveryMonth"], rb["ProductClass"]) == (2026, 1, "1")
        assert rb["StrikePrice"] == DBL_MAX
        assert rb["OptionsType"] == "\0"
        assert found[1]["PositionDateType"] == "2"
        assert [
            r["InstrumentID"] for r in await rows(td, "ReqQryInstrument", ExchangeID="DCE")
        ] == ["m2601"]
        assert await rows(td, "ReqQryInstrument", InstrumentID="nothing") == []

    play(scene)


def test_a_crowd_of_contracts_that_nobody_trades() -> None:
    async def scene(made: Rig, td: Client) -> None:
        found = await rows(td, "ReqQryInstrument")
        assert len(found) == 4 + 3_000
        classes = {row["ProductClass"] for row in found}
        assert classes == {"1", "2", "3"}
        ids = [row["InstrumentID"] for row in found]
        assert len(set(ids)) == len(ids)
        assert "m2601-C-50" in ids
        assert "TA2601C50" in ids
        assert any(id_.startswith("SPD TA2601&") for id_ in ids)
        assert any(row["InstrumentName"] == "" for row in found)
        assert any(r["ProductClass"] == "2" and r["StrikePrice"] == DBL_MAX for r in found)
        td.order(**on(M, InstrumentID="m2601-C-50"))
        assert (await td.told())[0] == "OnRspOrderInsert 17"

    play(scene, crowd_rows=3_000)


def test_a_long_answer_may_be_slow_and_other_words_pass_it() -> None:
    async def scene(made: Rig, td: Client) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        asking = asyncio.create_task(td.ask("ReqQryInstrument"))
        await asyncio.sleep(0.02)
        td.order()
        await td.until(lambda: any(h.name == "OnRtnOrder" for h in td.heard))
        assert not asking.done()
        behind = asyncio.create_task(td.ask("ReqQryExchange"))
        assert len(await asking) == 504
        assert len(await behind) == 6
        assert loop.time() - start > 0.1

    play(scene, crowd_rows=500, query_rows_per_s=4_000)


def test_positions_of_shfe_come_in_two_rows_and_dce_in_one() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        made.tick(M, 98, 100)
        for item in (RB, M):
            made.front.change_position(ME, item.id, Direction.LONG, 3, 90.0, today=False)
            td.order(**on(item, LimitPrice=100.0, VolumeTotalOriginal=2))
            td.order(**on(item, LimitPrice=98.0, Direction="1", CombOffsetFlag="1"))
            td.order(**on(item, LimitPrice=99.0, Direction="1", CombOffsetFlag="1"))
        await td.told()
        found = await rows(td, "ReqQryInvestorPosition", **MINE)
        today, history = [r for r in found if r["InstrumentID"] == "rb2601"]
        (both,) = [r for r in found if r["InstrumentID"] == "m2601"]
        assert (today["PositionDate"], today["Position"], today["TodayPosition"]) == ("1", 2, 2)
        assert (today["YdPosition"], today["OpenVolume"]) == (0, 2)
        assert (history["PositionDate"], history["Position"], history["YdPosition"]) == ("2", 2, 3)
        assert (history["ShortFrozen"], history["LongFrozen"], today["ShortFrozen"]) == (1, 0, 0)
        assert (history["CloseVolume"], history["CloseAmount"]) == (1, 980)
        assert (both["PositionDate"], both["Position"], both["TodayPosition"]) == ("1", 4, 2)
        assert (both["YdPosition"], both["OpenVolume"], both["CloseVolume"]) == (3, 2, 1)
        assert both["PosiDirection"] == "2"
        assert today["OpenCost"] == today["PositionCost"] == 2 * 100 * 10
        assert history["OpenCost"] == 2 * 90 * 10
        assert history["PositionProfit"] == pytest.approx((98 - 90) * 2 * 10)
        assert history["CloseProfit"] == pytest.approx((98 - 90) * 10)
        money = sum(r["UseMargin"] for r in found)
        assert money == pytest.approx(made.bench.exchange.account(ME).margin)
        assert [r["Position"] for r in await rows(
            td, "ReqQryInvestorPosition", **MINE, InstrumentID="m2601")] == [4]  # fmt: skip
        assert await rows(td, "ReqQryInvestorPosition", InvestorID=OTHER) == []
        details = await rows(td, "ReqQryInvestorPositionDetail", **MINE, InstrumentID="rb2601")
        assert [(d["Volume"], d["OpenPrice"], d["OpenDate"]) for d in details] == [
            (2, 90, ""), (2, 100, str(DAY))
        ]  # fmt: skip
        assert details[1]["TradeID"].strip()

    play(scene)


def test_positions_that_are_no_futures() -> None:
    async def scene(made: Rig, td: Client) -> None:
        option, combination, hedged = await rows(td, "ReqQryInvestorPosition", **MINE)
        assert option["InstrumentID"] == "rb2601C9000"
        assert (combination["InstrumentID"], combination["CombPosition"]) == ("SP rb2601&rb2601", 2)
        assert (hedged["InstrumentID"], hedged["HedgeFlag"]) == ("rb2601", "3")

    play(scene, odd_positions=True)


def test_a_flat_position_disappears_and_rolls_to_history() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        td.order(LimitPrice=100.0)
        await td.told()
        made.bench.go(at(15, 50))
        td = await made.td()
        (row,) = await rows(td, "ReqQryInvestorPosition", **MINE)
        assert (row["PositionDate"], row["Position"], row["YdPosition"]) == ("2", 1, 1)
        assert row["PositionCost"] == row["PreSettlementPrice"] * 10
        made.bench.go(at(9, 1, day=NEXT))
        made.tick(RB, 98, 100, day=NEXT)
        td.order(LimitPrice=98.0, Direction="1", CombOffsetFlag="4")
        await td.told()
        assert await rows(td, "ReqQryInvestorPosition", **MINE) == []

    play(scene, start=at(14, 59))


def test_the_account_agrees_with_the_exchange() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        td.order(LimitPrice=100.0, VolumeTotalOriginal=3)
        td.order(LimitPrice=95.0)
        await td.told()
        (row,) = await rows(td, "ReqQryTradingAccount", **MINE, CurrencyID="CNY")
        books = made.bench.exchange.account(ME)
        for name, value in (
            ("Balance", books.balance), ("Available", books.available),
            ("CurrMargin", books.margin), ("FrozenMargin", books.frozen_margin),
            ("FrozenCommission", books.frozen_fees), ("Commission", books.fees),
            ("PositionProfit", books.position_profit), ("Deposit", books.deposit),
        ):  # fmt: skip
            assert row[name] == value
        assert row["FrozenMargin"] == pytest.approx(95 * 10 * 0.1)

    play(scene)


def test_orders_and_trades_and_their_filters() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert await rows(td, "ReqQryOrder", **MINE) == []
        assert await rows(td, "ReqQryTrade", **MINE) == []
        made.tick(RB, 98, 100)
        td.order(LimitPrice=100.0)
        td.order(LimitPrice=97.0)
        td.order(LimitPrice=97.5)
        await td.told()
        orders = await rows(td, "ReqQryOrder", **MINE)
        assert [(o["OrderStatus"], o["OrderSubmitStatus"]) for o in orders] == [
            ("0", "3"), ("3", "3"), ("5", "4")
        ]  # fmt: skip
        assert orders[2]["OrderSysID"] == ""
        (trade,) = await rows(td, "ReqQryTrade", **MINE)
        assert trade["OrderSysID"] == orders[0]["OrderSysID"]
        found = await rows(td, "ReqQryOrder", **MINE, OrderSysID=orders[1]["OrderSysID"])
        assert [o["OrderRef"] for o in found] == [orders[1]["OrderRef"]]
        assert await rows(td, "ReqQryTrade", **MINE, TradeTimeStart="10:00:01") == []
        assert await rows(td, "ReqQryOrder", **MINE, ExchangeID="DCE") == []

    play(scene)


def test_rates_and_broker_parameters() -> None:
    async def scene(made: Rig, td: Client) -> None:
        (margin,) = await rows(
            td, "ReqQryInstrumentMarginRate", **MINE, HedgeFlag="1", InstrumentID="rb2601"
        )
        assert (margin["LongMarginRatioByMoney"], margin["IsRelative"]) == (0.1, 0)
        (fee,) = await rows(td, "ReqQryInstrumentCommissionRate", **MINE, InstrumentID="rb2601")
        assert (fee["InstrumentID"], fee["CloseTodayRatioByMoney"]) == ("rb", 0.0002)
        assert await rows(td, "ReqQryInstrumentMarginRate", **MINE, HedgeFlag="1") == []
        made.tick(M, 98, 100)
        td.order(**on(M, LimitPrice=100.0))
        await td.told()
        held = await rows(td, "ReqQryInstrumentMarginRate", **MINE, HedgeFlag="1")
        assert [row["InstrumentID"] for row in held] == ["m2601"]
        (index,) = await rows(td, "ReqQryInstrumentOrderCommRate", **MINE, InstrumentID="IF2601")
        assert index["ExchangeID"] == "CFFEX"
        (params,) = await rows(td, "ReqQryBrokerTradingParams", **MINE)
        assert (params["MarginPriceType"], params["Algorithm"]) == ("1", "2")
        assert params["AvailIncludeCloseProfit"] == "2"

    section = ExchangeSection(
        margin_price="pre_settlement", available_counts="loss_only",
        available_includes_closed_profit=False,
    )  # fmt: skip
    play(scene, section=section)


def test_the_small_tables() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert len(await rows(td, "ReqQryExchange")) == 6
        (shfe,) = await rows(td, "ReqQryExchange", ExchangeID="SHFE")
        assert shfe["ExchangeName"] == "上海期货交易所"
        assert len(await rows(td, "ReqQryProduct")) == 4
        assert (await rows(td, "ReqQryInvestor", **MINE))[0]["InvestorID"] == ME
        assert len(await rows(td, "ReqQryTradingCode", **MINE)) == 6

    play(scene)


def test_depth_and_the_largest_order() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert await rows(td, "ReqQryDepthMarketData", InstrumentID="rb2601") == []
        made.tick(RB, 98, 100)
        (row,) = await rows(td, "ReqQryDepthMarketData", InstrumentID="rb2601")
        assert (row["BidPrice1"], row["ExchangeID"]) == (98, "SHFE")
        asked = MINE | {"InstrumentID": "rb2601", "Direction": "0", "HedgeFlag": "1"}
        (most,) = await rows(td, "ReqQryMaxOrderVolume", **asked, OffsetFlag="0")
        assert most["MaxVolume"] == 500
        (most,) = await rows(td, "ReqQryMaxOrderVolume", **asked, OffsetFlag="1")
        assert most["MaxVolume"] == 0

    play(scene)


def test_queries_too_soon_get_90_and_nothing_else() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert td.welcome is not None
        assert td.welcome[3] == 2
        answers = [await td.one("ReqQryTradingAccount", **MINE) for _ in range(4)]
        assert [(a.name, a.error) for a in answers[:2]] == [("OnRspQryTradingAccount", 0)] * 2
        assert [(a.name, a.error) for a in answers[2:]] == [("OnRspError", 90)] * 2
        td.order()
        await td.until(lambda: sum(h.name == "OnRtnOrder" for h in td.heard) == 2)
        await asyncio.sleep(0.95)
        assert (await td.one("ReqQryTradingAccount", **MINE)).error == 0

    play(scene, queries_per_s=2)


def test_queries_right_after_the_login_may_be_too_early() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert (await td.one("ReqQryTradingAccount", **MINE)).error == 90
        await asyncio.sleep(0.1)
        assert (await td.one("ReqQryTradingAccount", **MINE)).error == 0

    play(scene, query_ready_ms=90)


def test_every_request_of_the_api_is_answered() -> None:
    """As by a broker that does not offer it: a null record, or 27 by the request's own answer."""
    apart = {"ReqUserLogin", "ReqUserLogout", "ReqAuthenticate", "ReqUserPasswordUpdate",
             "ReqSettlementInfoConfirm", "ReqOrderInsert", "ReqOrderAction"}  # fmt: skip

    async def scene(made: Rig, td: Client) -> None:
        names = [m.name for m in load().td_api if m.name.startswith("Req") and m.name not in apart]
        assert len(names) > 100
        for name in names:
            answer = await td.one(name)
            if name.startswith("ReqQry"):
                assert (answer.name, answer.error) == (f"OnRsp{name[3:]}", 0)
            else:
                assert answer.error == 27, name
                assert answer.name in (f"OnRsp{name[3:]}", "OnRspUserLogin")
        td.send("SubmitUserSystemInfo")
        td.order()
        assert await td.told() == ["O(a)", "O(3#)"]

    play(scene, instruments=(RB, TA))
