"""Every sequence of FACTS A7.3, as a client hears it over the wire."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.exchange.bench import DAY, IF, NEXT, RB, TA, M, at
from tests.unit.exchange.door.client import ME, Client, Rig, on_a_loop, rig

from homalos.exchange.door.ports import ForeignOrder
from homalos.model.enums import Direction, Offset, Phase, Side
from homalos.model.market import Instrument

Scene = Callable[[Rig, Client], Awaitable[None]]


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made, await made.td())

    on_a_loop(run())


def on(item: Instrument, **fields: Any) -> dict[str, Any]:
    return {"ExchangeID": item.exchange, "InstrumentID": item.symbol} | fields


FAK = {"TimeCondition": "1", "VolumeCondition": "1"}
EXCHANGES = [RB, IF, TA, M]


@pytest.mark.parametrize("item", EXCHANGES, ids=lambda item: item.exchange)
def test_1_and_11_rests_then_fills(item: Instrument) -> None:
    repeated = ["O(3#)", "O(0#) 2", "T 2@98"]

    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100)
        td.order(**on(item, LimitPrice=98.0, VolumeTotalOriginal=2))
        assert await td.told() == ["O(a)", "O(3#)"]
        made.tick(item, 96, 98, volume=5)
        assert await td.told() == (repeated[1:] if item is M else repeated)

    play(scene)


@pytest.mark.parametrize("item", EXCHANGES, ids=lambda item: item.exchange)
def test_2_and_11_fills_at_once(item: Instrument) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100)
        td.order(**on(item, LimitPrice=100.0, VolumeTotalOriginal=2))
        words = await td.words()
        second = "3" if item is M else "a"
        states = [w.data["OrderStatus"] for w in words[:-1] if w.data]
        assert states == ["a", second, "0"]
        assert words[-1].name == "OnRtnTrade"
        assert words[0].data is not None
        assert words[0].data["OrderSysID"] == ""
        last = words[-2].data
        assert last is not None
        if item is not M:
            assert last["OrderSubmitStatus"] == "0"
            assert last["StatusMsg"] == "全部成交报单已提交"
        else:
            assert last["OrderSubmitStatus"] == "3"
            assert last["StatusMsg"] == "全部成交"

    play(scene)


@pytest.mark.parametrize("item", EXCHANGES, ids=lambda item: item.exchange)
def test_3_and_12_rests_and_is_cancelled(item: Instrument) -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order(**on(item, LimitPrice=98.0))
        await td.told()
        td.cancel(ref, **on(item))
        words = await td.words()
        assert [w.data["OrderStatus"] for w in words if w.data] == ["3", "5"]
        assert words[-1].data is not None
        assert words[-1].data["StatusMsg"] == "已撤单"
        assert words[-1].data["CancelTime"] == "10:00:00"

    play(scene)


def test_4_in_two_parts_and_5_partly_then_cancelled() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 102, volume=10)
        td.order(LimitPrice=99.0, VolumeTotalOriginal=10)
        assert await td.told() == ["O(a)", "O(3#)"]
        made.tick(RB, 97, 102, last=98, volume=13)
        assert await td.told() == ["O(3#)", "O(1#) 3", "T 3@99"]
        made.tick(RB, 97, 102, last=98, volume=20)
        assert await td.told() == ["O(1#) 3", "O(0#) 10", "T 7@99"]
        ref = td.order(LimitPrice=99.0, VolumeTotalOriginal=10)
        await td.told()
        made.tick(RB, 97, 102, last=98, volume=24)
        await td.told()
        td.cancel(ref)
        assert await td.told() == ["O(1#) 4", "O(5#) 4"]

    play(scene)


def test_6_cancel_of_a_dead_order_and_7_of_an_unknown_one() -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order()
        td.cancel(ref)
        await td.told()
        td.cancel(ref)
        words = await td.words()
        assert [(w.name, w.error) for w in words] == [
            ("OnRspOrderAction", 26), ("OnErrRtnOrderAction", 26)
        ]  # fmt: skip
        assert words[0].data is not None
        assert words[1].data is not None
        assert words[0].data["OrderRef"] == words[1].data["OrderRef"] == ref
        assert words[1].data["OrderActionStatus"] == "c"
        assert words[1].flow == 1
        td.cancel("77")
        assert await td.told() == ["OnRspOrderAction 25", "OnErrRtnOrderAction 25"]

    play(scene)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (RB, ["O(a)", "O(5#) 3", "O(5#) 3", "T 3@100"]),
        (IF, ["O(a)", "O(5#) 3", "O(5#) 3", "T 3@100"]),
        (M, ["O(a)", "O(3#)", "O(1#) 3", "T 3@100", "O(5#) 3"]),
        (TA, ["O(a)", "O(3#)", "O(3#)", "O(1#) 3", "T 3@100", "O(5#) 3"]),
    ],
    ids=["8 SHFE", "8 CFFEX", "9 DCE", "10 CZCE"],
)
def test_8_to_10_fak_partly_filled(item: Instrument, told: list[str]) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(item, 98, 100, sizes=(3, 3))
        td.order(**on(item, LimitPrice=100.0, VolumeTotalOriginal=5), **FAK)
        assert await td.told() == told

    play(scene)


def test_13_ctp_rejects_to_all_sessions_and_no_order_comes_of_it() -> None:
    async def scene(made: Rig, td: Client) -> None:
        other = await made.td()
        td.order(VolumeTotalOriginal=0)
        words = await td.words()
        assert [(w.name, w.error, w.flow) for w in words] == [
            ("OnRspOrderInsert", 15, 0), ("OnErrRtnOrderInsert", 15, 1)
        ]  # fmt: skip
        assert words[0].message == "CTP:报单字段有误"
        assert await other.told() == ["OnErrRtnOrderInsert 15"]
        td.order(VolumeTotalOriginal=0, UserID="")
        assert await td.told() == ["OnRspOrderInsert 15"]
        assert await other.told() == []
        assert (await td.one("ReqQryOrder", InvestorID=ME)).data is None

    play(scene)


@pytest.mark.parametrize("also", [False, True])
def test_14_the_exchange_rejects(also: bool) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100, limits=(90, 110))
        td.order(LimitPrice=111.0)
        words = await td.words()
        assert [w.name for w in words] == ["OnRtnOrder", "OnRtnOrder"] + (
            ["OnErrRtnOrderInsert"] if also else []
        )
        end = words[1].data
        assert end is not None
        assert (end["OrderStatus"], end["OrderSubmitStatus"], end["OrderSysID"]) == ("5", "4", "")
        assert end["VolumeTraded"] == 0
        assert end["StatusMsg"] == "已撤单报单被拒绝SHFE:价格超出涨停板"
        assert not also or words[2].error == 91

    play(scene, reject_error=also)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("error", ["OnErrRtnOrderAction 91"]),
        ("state", ["O(3#)"]),
        ("both", ["OnErrRtnOrderAction 91", "O(3#)"]),
    ],
)
def test_15_the_exchange_rejects_a_cancel(how: str, told: list[str]) -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order()
        await td.told()
        made.bench.go(at(8, 59, 30))
        td.cancel(ref)
        words = await td.words()
        assert [f"{w.name} {w.error}" if w.error else "O(3#)" for w in words] == told
        assert words[0].message == "SHFE:当前状态禁止此项操作" or how == "state"
        last = words[-1].data
        assert last is not None
        assert how == "error" or last["OrderSubmitStatus"] == "5"

    play(scene, start=at(8, 56), cancel_refusal=how)


def test_16_conditional_orders_are_not_offered() -> None:
    async def scene(made: Rig, td: Client) -> None:
        td.order(ContingentCondition="5", StopPrice=90.0)
        assert await td.told() == ["OnRspOrderInsert 54", "OnErrRtnOrderInsert 54"]

    play(scene)


def test_17_foreign_orders_and_forced_closes_come_out_of_the_blue() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100, limits=(90, 110))
        made.front.foreign_order(ForeignOrder(ME, RB.id, Side.BUY, Offset.OPEN, 2))
        words = await td.words()
        assert [w.name for w in words] == ["OnRtnOrder"] * 3 + ["OnRtnTrade"]
        first = words[0].data
        assert first is not None
        assert (first["FrontID"], first["SessionID"]) != (td.front, td.session)
        assert first["LimitPrice"] == 110
        made.front.force_close(ME, RB.id, Direction.LONG)
        words = await td.words()
        first = words[0].data
        assert first is not None
        assert (first["CombOffsetFlag"], first["ForceCloseReason"]) == ("2", "1")
        assert first["UserID"] == "risk"
        assert words[-1].data is not None
        assert words[-1].data["OffsetFlag"] == "3"
        assert made.bench.exchange.positions(ME) == ()
        with pytest.raises(ValueError, match="holds no"):
            made.front.force_close(ME, RB.id, Direction.LONG)

    play(scene)


@pytest.mark.parametrize("tell", [True, False])
def test_18_the_end_of_the_day(tell: bool) -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        td.order(LimitPrice=98.0)
        await td.told()
        made.bench.go(at(15, 50))
        assert made.bench.exchange.trading_day == NEXT
        assert await td.told() == (["O(3#)", "O(5#)"] if tell else [])
        assert td.cleared[-1] == str(NEXT)
        assert (await td.one("ReqQryOrder", InvestorID=ME)).data is None

    play(scene, start=at(14, 59), tell_expired=tell, cut_at_roll=False)


def test_a_trade_is_late_and_the_order_of_words_stays() -> None:
    async def scene(made: Rig, td: Client) -> None:
        made.tick(RB, 98, 100)
        td.order(LimitPrice=100.0)
        td.order(LimitPrice=100.0)
        await td.sync()
        assert not any(h.name == "OnRtnTrade" for h in td.heard), "the first draw is 40 ms"
        await td.until(lambda: sum(h.name == "OnRtnTrade" for h in td.heard) == 2)
        assert await td.told() == ["O(a)", "O(a#)", "O(0#) 1", "T 1@100"] * 2

    play(scene, trade_delay_ms=300)


def test_the_exchange_answers_later_than_ctp() -> None:
    async def scene(made: Rig, td: Client) -> None:
        td.order()
        await td.until(lambda: any(h.name == "OnRtnOrder" for h in td.heard))
        assert await td.told() == ["O(a)"]
        await td.until(lambda: any(h.name == "OnRtnOrder" for h in td.heard))
        assert await td.told() == ["O(3#)"]

    play(scene, answer_delay_ms=300)


def test_czce_takes_no_cancel_of_an_order_that_it_has_not_answered() -> None:
    async def scene(made: Rig, td: Client) -> None:
        ref = td.order(**on(TA, LimitPrice=98.0))
        td.cancel(ref, **on(TA))
        await td.until(lambda: any(h.error == 157 for h in td.heard))
        await td.until(
            lambda: any("未成交" in (h.data or {}).get("StatusMsg", "") for h in td.heard)
        )
        td.cancel(ref, **on(TA))
        await td.until(lambda: any((h.data or {}).get("OrderStatus") == "5" for h in td.heard))

    play(scene, answer_delay_ms=300)


def test_the_floor_is_open_in_these_scenes() -> None:
    async def scene(made: Rig, td: Client) -> None:
        assert {f.phase for f in made.bench.exchange.floors()} == {Phase.CONTINUOUS}
        assert made.bench.exchange.trading_day == DAY

    play(scene)
