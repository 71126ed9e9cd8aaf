"""CTP's checks of orders and cancels, price types, keys, dates, limits (FACTS A4, A6, A8, A14)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.exchange.bench import DAY, IF, NEXT, RB, TA, M, at, contract
from tests.unit.exchange.door.client import BROKER, ME, OTHER, Client, Rig, on_a_loop, rig

from homalos.model.market import Depth, Instrument

Scene = Callable[[Rig, Client], Awaitable[None]]
INDEX = contract("CFFEX.IF2602", multiplier=300, tick_size=0.2, lots=(1, 20, 10), ratio=0.1)
PX = contract("CZCE.PX2601", multiplier=5, tick_size=2, lots=(1, 1000, 200))


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made, await made.td())

    on_a_loop(run())


def on(item: Instrument, **fields: Any) -> dict[str, Any]:
    return {"ExchangeID": item.exchange, "InstrumentID": item.symbol} | fields


REFUSED: list[tuple[int, dict[str, Any]]] = [
    (15, {"VolumeTotalOriginal": -1}),
    (15, {"CombOffsetFlag": ""}),
    (15, {"CombOffsetFlag": "2"}),
    (15, {"CombHedgeFlag": "9"}),
    (15, {"Direction": "2"}),
    (15, {"OrderPriceType": "x"}),
    (15, {"TimeCondition": "0"}),
    (15, {"ForceCloseReason": "1"}),
    (15, {"IsAutoSuspend": 1}),
    (15, {"MinVolume": 2}),
    (15, {"OrderRef": "abc"}),
    (15, {"LimitPrice": float("nan")}),
    (11, {"UserID": "nobody"}),
    (12, {"BrokerID": "1"}),
    (13, {"InvestorID": OTHER}),
    (146, {"InvestorID": ""}),
    (147, {"ExchangeID": ""}),
    (148, {"ExchangeID": "LME"}),
    (150, {"ExchangeID": "DCE"}),
    (16, {"InstrumentID": "zz2601"}),
    (20, {"CombHedgeFlag": "3"}),
    (61, {"CombHedgeFlag": "2"}),
    (65, {"IsSwapOrder": 1}),
    (54, {"ContingentCondition": "2"}),
    (80, {"OrderPriceType": "1"}),
    (80, {"OrderPriceType": "G"}),
    (31, {"VolumeTotalOriginal": 500, "LimitPrice": 1e6}),
    (50, {"CombOffsetFlag": "3"}),
    (51, {"CombOffsetFlag": "1"}),
    (51, {"CombOffsetFlag": "4"}),
    (30, on(M, CombOffsetFlag="1")),
]


def test_ctp_refuses_with_its_numbers() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        for code, fields in REFUSED:
            td.order(**fields)
            words = await td.words()
            assert [w.error for w in words][:1] == [code], fields
            assert words[0].name == "OnRspOrderInsert"
            assert {w.name for w in words[1:]} <= {"OnErrRtnOrderInsert"}
            assert words[0].message.startswith("CTP")
            assert words[0].data is not None
        assert made.bench.exchange.orders(ME) == ()

    play(scene)


def test_order_refs_rise_within_a_session_and_as_numbers() -> None:
    async def scene(made: Rig, td: Client) -> None:
        td.order(OrderRef="9")
        td.order(OrderRef="10")
        assert (await td.told())[-2:] == ["O(a)", "O(3#)"]
        for ref in ("10", "9", "          10"):
            td.order(OrderRef=ref)
            assert (await td.told())[0] == "OnRspOrderInsert 22", ref
        td.order(OrderRef="          11")
        words = await td.words()
        assert words[0].data is not None
        assert words[0].data["OrderRef"] == "          11", "given back as it came"
        td.order(OrderRef="12", LimitPrice=1e9)
        assert await td.told() == ["OnRspOrderInsert 31", "OnErrRtnOrderInsert 31"]
        td.order(OrderRef="12")
        assert (await td.told())[0] == "OnRspOrderInsert 22", "used, though nothing came of it"
        other = await made.td()
        other.order(OrderRef="1")
        assert "O(3#)" in await other.told(), "another session counts for itself"

    play(scene)


def test_an_exchange_id_may_be_left_out_where_the_broker_lets() -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order(ExchangeID="")
        assert await td.told() == ["O(a)", "O(3#)"]
        td.cancel(ref, ExchangeID="")
        assert await td.told() == ["O(3#)", "O(5#)"]

    play(scene, exchange_id_required=False)


def test_orders_are_cancelled_by_either_key() -> None:
    async def scene(made: Rig, td: Client) -> None:
        second = await made.td()
        ref = td.order()
        words = await td.words()
        system = (words[-1].data or {})["OrderSysID"]
        assert len(system) == 12
        assert system.startswith(" ")
        stripped = {"OrderSysID": system.strip()}
        second.cancel(**stripped)
        assert (await second.told())[-2:] == ["OnRspOrderAction 25", "OnErrRtnOrderAction 25"]
        second.cancel(OrderSysID=system, ExchangeID="DCE")
        assert (await second.told())[-2] == "OnRspOrderAction 25", "unique per exchange only"
        second.cancel(OrderSysID=system)
        assert (await second.told())[-2:] == ["O(3#)", "O(5#)"], "of another session"
        ref = td.order()
        await td.told()
        second.cancel(OrderRef=ref, FrontID=td.front, SessionID=second.session)
        assert (await second.told())[-2:] == ["OnRspOrderAction 25", "OnErrRtnOrderAction 25"]
        second.cancel(OrderRef=ref, FrontID=td.front, SessionID=td.session)
        assert (await second.told())[-2:] == ["O(3#)", "O(5#)"]
        ref = td.order()
        stranger = await made.td(OTHER)
        who = {"InvestorID": OTHER, "UserID": OTHER, "FrontID": td.front, "SessionID": td.session}
        stranger.cancel(OrderRef=ref, **who)
        assert (await stranger.told())[0] == "OnRspOrderAction 25", "another account's order"

    play(scene)


def test_cancels_are_checked() -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order()
        await td.told()
        cases = [
            (27, {"ActionFlag": "3"}), (23, {"ActionFlag": "x"}), (147, {"ExchangeID": ""}),
            (13, {"InvestorID": "x"}), (12, {"BrokerID": ""}),
        ]  # fmt: skip
        for code, fields in cases:
            td.cancel(ref, **fields)
            assert (await td.told())[0] == f"OnRspOrderAction {code}"

    play(scene)


SHAPES: list[tuple[Instrument, str, str, str, float, str]] = [
    (RB, "2", "3", "3", 100.0, "不被支持的报单类型"),
    (RB, "2", "2", "1", 100.0, "不被支持的报单类型"),
    (M, "1", "3", "1", 0.0, "不被支持的报单类型"),
    (PX, "1", "1", "1", 0.0, "不被支持的报单类型"),
    (M, "1", "1", "1", 0.0, ""),
    (M, "1", "1", "3", 0.0, ""),
    (PX, "1", "3", "3", 0.0, ""),
    (INDEX, "3", "1", "1", 0.0, ""),
    (INDEX, "G", "3", "1", 0.0, ""),
    (TA, "2", "1", "3", 100.0, ""),
]


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: f"{case[0].exchange}-{case[1:4]}")
def test_price_types_by_exchange(case: tuple[Instrument, str, str, str, float, str]) -> None:
    item, kind, time, volume, price, refusal = case

    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100, limits=(80, 120))
        td.order(**on(item, OrderPriceType=kind, TimeCondition=time, VolumeCondition=volume,
                      LimitPrice=price))  # fmt: skip
        words = await td.words()
        last = words[-1]
        if refusal:
            assert last.data is not None
            assert last.data["StatusMsg"] == f"已撤单报单被拒绝{item.exchange}:{refusal}"
            assert last.data["OrderSubmitStatus"] == "4"
        else:
            assert last.name == "OnRtnTrade"
            assert words[0].data is not None
            assert words[0].data["OrderPriceType"] == kind

    play(scene, instruments=(RB, M, TA, IF, INDEX, PX))


def test_market_orders_that_a_contract_does_not_take() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(TA, 98, 100)
        market = {"OrderPriceType": "1", "TimeCondition": "3", "VolumeCondition": "3"}
        td.order(**on(TA, LimitPrice=0.0), **market)
        assert (await td.told())[0] == "OnRspOrderInsert 80", "no market lots"
        td.order(**on(PX, LimitPrice=5.0), **market)
        assert (await td.told())[0] == "OnRspOrderInsert 95", "CZCE wants a price of 0"
        td.order(**on(IF, OrderPriceType="3", TimeCondition="1"))
        assert (await td.told())[0] == "OnRspOrderInsert 80"

    play(scene, instruments=(TA, PX, IF))


def test_best_price_and_five_levels() -> None:
    deep = Depth(bids=(), asks=((100.2, 2), (100.4, 2), (100.6, 2), (100.8, 2)))

    async def scene(made: Rig, td: Client) -> None:
        made.tick(INDEX, 98, 100, sizes=(2, 2), depth=deep)
        td.order(**on(INDEX, OrderPriceType="3", TimeCondition="1", VolumeTotalOriginal=3))
        assert (await td.told())[-1] == "T 2@100"
        made.tick(INDEX, 98, 100, sizes=(2, 2), depth=deep)
        td.order(**on(INDEX, OrderPriceType="3", VolumeTotalOriginal=3, LimitPrice=0.0))
        words = await td.words()
        resting = made.bench.exchange.orders(ME)[-1]
        assert (resting.price, resting.remaining) == (100, 1), "the rest is a limit order there"
        assert words[0].data is not None
        assert words[0].data["LimitPrice"] == 0
        made.tick(INDEX, 98, 100, sizes=(3, 3), depth=deep)
        await td.told()
        td.order(**on(INDEX, OrderPriceType="G", TimeCondition="1", VolumeTotalOriginal=9))
        prices = [w.data["Price"] for w in await td.words() if w.name == "OnRtnTrade" and w.data]
        assert prices == [100, 100.2, 100.4, 100.6, 100.8]
        td.order(**on(INDEX, OrderPriceType="3", TimeCondition="1", Direction="1",
                      VolumeTotalOriginal=11))  # fmt: skip
        last = (await td.words())[-1].data
        assert last is not None
        assert "委托数量超过最大数量限制" in last["StatusMsg"]

    play(scene, instruments=(INDEX,))


@pytest.mark.parametrize(
    ("item", "told"), [(RB, "O(5#)"), (IF, "O(5#)"), (M, "O(5#) 3"), (TA, "O(5#) 3")],
    ids=lambda value: getattr(value, "exchange", ""),
)  # fmt: skip
def test_the_least_lots_of_a_fak(item: Instrument, told: str) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100, sizes=(3, 3))
        least = {"TimeCondition": "1", "VolumeCondition": "2", "MinVolume": 4}
        td.order(**on(item, LimitPrice=100.0, VolumeTotalOriginal=5), **least)
        assert (await td.told())[-1] == told

    play(scene)


def test_fok_all_or_nothing_and_where_czce_takes_none() -> None:
    fok = {"TimeCondition": "1", "VolumeCondition": "3", "LimitPrice": 100.0}

    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100, sizes=(3, 3))
        made.tick(TA, 98, 100, sizes=(3, 3))
        td.order(**fok, VolumeTotalOriginal=4)
        assert await td.told() == ["O(a)", "O(5#)"]
        td.order(**fok, VolumeTotalOriginal=3)
        assert (await td.told())[-1] == "T 3@100"
        td.order(**on(TA, **fok))
        last = (await td.words())[-1].data
        assert last is not None
        assert "不被支持的报单类型" in last["StatusMsg"]

    play(scene, czce_fok=False)


def test_no_fak_and_no_market_order_in_a_call_auction() -> None:
    async def scene(made: Rig, td: Client) -> None:
        td.order(TimeCondition="1")
        last = (await td.words())[-1].data
        assert last is not None
        assert "不被支持的报单类型" in last["StatusMsg"]
        td.order()
        assert await td.told() == ["O(a)", "O(3#)"]
        made.bench.go(at(8, 59, 30))
        td.order()
        last = (await td.words())[-1].data
        assert last is not None
        assert last["StatusMsg"] == "已撤单报单被拒绝SHFE:当前状态禁止此项操作"

    play(scene, start=at(8, 56))


def test_the_fields_of_an_order_and_its_trade() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        td.order(LimitPrice=100.0, RequestID=7, OrderMemo="memo-1", InvestUnitID="unit")
        first, second, third, trade = [w.data for w in await td.words()]
        assert first is not None and second is not None  # noqa: PT018
        assert third is not None and trade is not None  # noqa: PT018
        assert first["OrderLocalID"] == "      100001"
        assert second["OrderSysID"] == "           1"
        assert (first["SequenceNo"], first["UpdateTime"], first["ActiveTraderID"]) == (0, "", "")
        assert 0 < second["SequenceNo"] < third["SequenceNo"] < trade["SequenceNo"]
        assert (first["TraderID"], first["ParticipantID"], first["ClientID"]) == (
            "9999cac", BROKER, "9999sim"
        )  # fmt: skip
        assert (first["RequestID"], first["OrderMemo"], first["InvestUnitID"]) == (
            7, "memo-1", "unit"
        )  # fmt: skip
        assert (first["FrontID"], first["SessionID"]) == (td.front, td.session)
        assert (first["UserID"], first["InvestorID"], first["TradingDay"]) == (ME, ME, str(DAY))
        assert first["OrderSource"] == "\0", "an unset character"
        assert trade["TradingRole"] == trade["TradeType"] == "\0"
        assert trade["TradeID"] == "           1"
        assert (trade["Price"], trade["Volume"], trade["OffsetFlag"]) == (100, 1, "0")
        assert trade["OrderSysID"] == second["OrderSysID"]
        assert trade["InvestUnitID"] == "unit"
        assert third["VolumeTotal"] == 0
        assert third["InsertTime"] == trade["TradeTime"] == "10:00:00"

    play(scene)


NIGHT = at(21, 30)
RB_NIGHT, TA_NIGHT = RB, TA


@pytest.mark.parametrize(
    ("item", "insert", "traded"),
    [(RB, DAY, DAY), (TA, DAY, NEXT), (M, NEXT, NEXT)],
    ids=lambda value: getattr(value, "exchange", ""),
)
def test_dates_in_the_night_session(item: Instrument, insert: int, traded: int) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100, day=NEXT)
        td.order(**on(item, LimitPrice=100.0))
        words = [w.data for w in await td.words()]
        assert words[0] is not None
        assert words[-1] is not None
        assert words[-2] is not None
        assert words[0]["InsertDate"] == str(DAY), "still unknown to the exchange"
        assert words[-2]["InsertDate"] == str(insert)
        assert words[-1]["TradeDate"] == str(traded)
        assert words[-2]["TradingDay"] == words[-1]["TradingDay"] == str(NEXT)

    play(scene, start=NIGHT, instruments=(item,))


def test_closes_elsewhere_than_on_shfe_are_one_kind() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(M, 98, 100)
        td.order(**on(M, LimitPrice=100.0))
        td.order(**on(M, LimitPrice=98.0, Direction="1", CombOffsetFlag="3"))
        words = [w.data for w in await td.words()]
        assert words[-2] is not None
        assert words[-1] is not None
        assert words[-2]["CombOffsetFlag"] == "1"
        assert words[-1]["OffsetFlag"] == "1"

    play(scene)


def test_czce_cuts_a_price_to_its_grid_and_others_refuse_it() -> None:
    async def scene(made: Rig, td: Client) -> None:
        td.order(**on(TA, LimitPrice=99.0))
        assert await td.told() == ["O(a)", "O(3#)"]
        assert made.bench.exchange.orders(ME)[-1].price == 98
        td.order(LimitPrice=99.5)
        assert await td.told() == ["O(a)", "O(5)"]

    play(scene)


def test_ctp_limits_orders_a_second_and_so_does_the_exchange() -> None:
    async def often(made: Rig, td: Client) -> None:
        ref = ""
        for _ in range(3):
            ref = td.order()
        td.cancel(ref)
        told = await td.told()
        assert told.count("OnRspOrderInsert 116") == 1
        assert told.count("OnRspOrderAction 116") == 1

    play(often, orders_per_s=2)

    async def exchange(made: Rig, td: Client) -> None:
        for _ in range(3):
            td.order()
        words = await td.words()
        last = words[-1].data
        assert last is not None
        assert last["StatusMsg"] == "已撤单报单被拒绝SHFE:交易所每秒发送请求数超过许可数"
        assert len(words) == 6

    play(exchange, exchange_orders_per_s=2)


def test_packages_over_the_limit_wait_in_silence() -> None:
    async def scene(made: Rig, td: Client) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1.05)
        start = loop.time()
        for _ in range(6):
            td.order()
        await td.until(lambda: len([h for h in td.heard if h.name == "OnRtnOrder"]) == 8)
        assert loop.time() - start < 0.9, "four at once"
        await td.until(lambda: len([h for h in td.heard if h.name == "OnRtnOrder"]) == 12)
        assert loop.time() - start > 0.9, "the rest in the next second"
        assert all(not h.error for h in td.heard)
        refs = [h.data["OrderRef"] for h in td.heard if h.data and "OrderRef" in h.data]
        assert refs == sorted(refs, key=int)

    play(scene, packages_per_s=4)
