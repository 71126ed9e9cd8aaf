"""Market data over the wire: every convention of FACTS A13 and A14, subscriptions, slow readers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.unit.exchange.bench import DAY, IF, NEXT, RB, TA, M, at, contract
from tests.unit.exchange.door.client import Client, Rig, on_a_loop, rig

from homalos.ctp.wire import HEADER
from homalos.exchange.door.depth import NAME, DepthEncoder, Quoted
from homalos.exchange.door.speech import DBL_MAX, Speech
from homalos.model.market import Depth, Instrument, Tick

Scene = Callable[[Rig], Awaitable[None]]
SI = contract("GFEX.si2601", multiplier=5, tick_size=5)


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made)

    on_a_loop(run())


async def ticks(md: Client) -> list[dict[str, Any]]:
    await md.sync()
    found = [h.data for h in md.heard if h.name == NAME and h.data is not None]
    md.heard.clear()
    return found


def test_no_error_for_any_contract_and_a_snapshot_of_those_there_are() -> None:
    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        md = await made.md()
        answers = await md.ask("SubscribeMarketData", ids=["rb2601", "nothing", "m2601"])
        assert [a.error for a in answers] == [0, 0, 0]
        assert [(a.data or {})["InstrumentID"] for a in answers] == ["rb2601", "nothing", "m2601"]
        assert [a.last for a in answers] == [False, False, True]
        assert [t["InstrumentID"] for t in await ticks(md)] == ["rb2601"]
        made.tick(M, 98, 100)
        made.tick(TA, 98, 100)
        assert [t["InstrumentID"] for t in await ticks(md)] == ["m2601"]
        await md.ask("UnSubscribeMarketData", ids=["m2601", "nothing"])
        made.tick(M, 99, 100)
        made.tick(RB, 99, 100)
        assert [t["InstrumentID"] for t in await ticks(md)] == ["rb2601"]

    play(scene)


def test_what_is_not_there_is_dbl_max() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("rb2601")
        made.bench.clock.advance(at(10, 0, 1) + 499_000_000)
        made.tick(RB, None, 100, last=99, volume=5, turnover=5 * 99 * 10, limits=(90, 110), pre=97)
        (t,) = await ticks(md)
        assert (t["BidPrice1"], t["BidVolume1"]) == (DBL_MAX, 0)
        assert (t["AskPrice1"], t["AskVolume1"]) == (100, 10)
        for name in ("SettlementPrice", "ClosePrice", "OpenPrice", "PreClosePrice", "CurrDelta",
                     "OpenInterest", "PreOpenInterest", "HighestPrice", "LowestPrice"):  # fmt: skip
            assert t[name] == DBL_MAX, name
        for level in "2345":
            assert t[f"BidPrice{level}"] == t[f"AskPrice{level}"] == DBL_MAX
            assert t[f"BidVolume{level}"] == t[f"AskVolume{level}"] == 0
        assert (t["UpperLimitPrice"], t["LowerLimitPrice"], t["PreSettlementPrice"]) == (
            110, 90, 97
        )  # fmt: skip
        assert (t["ExchangeID"], t["ExchangeInstID"]) == ("", "rb2601")
        assert (t["UpdateTime"], t["UpdateMillisec"]) == ("10:00:01", 0)
        assert (t["LastPrice"], t["Volume"], t["Turnover"]) == (99, 5, 4950)
        assert t["AveragePrice"] == 990, "with the multiplier"

    play(scene)


def test_five_levels_where_the_source_has_them() -> None:
    deep = Depth(bids=((97, 4), (96, 5)), asks=((101, 6),))

    async def scene(made: Rig) -> None:
        md = await made.md("rb2601")
        made.tick(RB, 98, 100, depth=deep)
        (t,) = await ticks(md)
        assert [(t[f"BidPrice{n}"], t[f"BidVolume{n}"]) for n in "123"] == [
            (98, 10), (97, 4), (96, 5)
        ]  # fmt: skip
        assert [(t[f"AskPrice{n}"], t[f"AskVolume{n}"]) for n in "123"] == [
            (100, 10), (101, 6), (DBL_MAX, 0)
        ]  # fmt: skip

    play(scene)


@pytest.mark.parametrize(
    ("item", "day", "action", "milliseconds"),
    [(RB, NEXT, DAY, 500), (TA, DAY, DAY, 0), (M, NEXT, NEXT, 730)],
    ids=lambda value: getattr(value, "exchange", ""),
)
def test_dates_and_milliseconds_of_the_night(
    item: Instrument, day: int, action: int, milliseconds: int
) -> None:
    async def scene(made: Rig) -> None:
        md = await made.md(item.symbol)
        made.bench.clock.advance(at(21, 30) + 730_000_000)
        made.tick(item, 98, 100, day=NEXT)
        (t,) = await ticks(md)
        assert (t["TradingDay"], t["ActionDay"]) == (str(day), str(action))
        assert (t["UpdateTime"], t["UpdateMillisec"]) == ("21:30:00", milliseconds)

    play(scene, start=at(21, 30))


@pytest.mark.parametrize(("item", "ms"), [(IF, 500), (SI, 730)], ids=["CFFEX", "GFEX"])
def test_dates_and_milliseconds_of_the_day(item: Instrument, ms: int) -> None:
    async def scene(made: Rig) -> None:
        md = await made.md(item.symbol)
        made.bench.clock.advance(at(10) + 730_000_000)
        made.tick(item, 98, 100)
        (t,) = await ticks(md)
        assert (t["TradingDay"], t["ActionDay"], t["UpdateMillisec"]) == (str(DAY), str(DAY), ms)

    play(scene, instruments=(item,))


@pytest.mark.parametrize(("how", "turnover"), [("yuan", 49_000), ("price", 9_800)])
def test_czce_shows_a_true_average_price(how: str, turnover: float) -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("TA2601")
        made.tick(TA, 98, 100, volume=100, turnover=100 * 98 * 5)
        (t,) = await ticks(md)
        assert (t["AveragePrice"], t["Turnover"]) == (98, turnover)

    play(scene, czce_turnover=how)


def test_a_settlement_price_comes_as_a_push_without_a_trade() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("rb2601")
        made.tick(RB, 98, 100, volume=7)
        before = (await ticks(md))[-1]
        made.bench.go(at(15, 50))
        (t,) = await ticks(md)
        assert t["SettlementPrice"] == 98
        assert t["Volume"] == before["Volume"]

    play(scene, start=at(14, 59), cut_at_roll=False)


def test_junk_comes_before_the_snapshot_and_at_half_past_eight() -> None:
    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        md = await made.md("rb2601")
        first, second, third = await ticks(md)
        assert (first["UpdateTime"], first["ActionDay"]) == ("", "")
        assert second["UpdateTime"] == "99:99:99"
        assert third["UpdateTime"] == "14:59:00"
        made.bench.go(at(20, 31))
        stale = [t for t in await ticks(md) if t["SettlementPrice"] == DBL_MAX]
        assert [t["UpdateTime"] for t in stale] == ["14:59:00"], "the day's last one, at 20:30"
        made.bench.go(at(8, 31, day=NEXT))
        assert [t["UpdateTime"] for t in await ticks(md)] == ["14:59:00"]

    play(scene, start=at(14, 59), junk_ticks=True, cut_at_roll=False)


def test_a_tick_may_be_pushed_with_other_fields() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("rb2601")
        with pytest.raises(LookupError, match="no snapshot"):
            made.front.push_tick(RB.id, {})
        made.tick(RB, 98, 100)
        assert made.front.push_tick(RB.id, {"LastPrice": DBL_MAX, "UpdateTime": "08:30:00"}) == 1
        t = (await ticks(md))[-1]
        assert (t["LastPrice"], t["UpdateTime"], t["BidPrice1"]) == (DBL_MAX, "08:30:00", 98)

    play(scene)


def test_a_stalled_feed_goes_on_with_what_comes_next() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("rb2601")
        made.front.stall_md(True)
        made.tick(RB, 98, 100)
        assert await ticks(md) == []
        made.front.stall_md(False)
        made.tick(RB, 97, 100)
        assert [t["BidPrice1"] for t in await ticks(md)] == [97]

    play(scene)


def test_too_many_subscriptions() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md()
        assert (await md.one("SubscribeMarketData", ids=["rb2601", "m2601"])).error == 0
        answers = await md.ask("SubscribeMarketData", ids=["TA2601"])
        assert [a.error for a in answers] == [6000]
        made.tick(TA, 98, 100)
        assert await ticks(md) == []

    play(scene, subscriptions_max=2)


def test_a_contract_that_comes_later_is_heard_by_who_waits_for_it() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md("rb2605")
        made.tick(contract("SHFE.rb2605"), 98, 100)
        made.tick(contract("SHFE.rb2605"), 97, 100)
        assert (await ticks(md))[-1]["BidPrice1"] == 97

    play(scene)


def test_ticks_of_one_turn_go_out_as_one_write_and_in_order() -> None:
    async def scene(made: Rig) -> None:
        one, two = await made.md("rb2601", "m2601"), await made.md("rb2601")
        for price in range(90, 98):
            made.tick(RB, price, 100)
            made.tick(M, price, 100)
        assert [t["BidPrice1"] for t in await ticks(two)] == list(range(90, 98))
        assert [t["BidPrice1"] for t in await ticks(one)] == [
            p for p in range(90, 98) for _ in "ab"
        ]

    play(scene)


def test_a_client_that_does_not_read_is_cut_and_the_others_go_on() -> None:
    async def scene(made: Rig) -> None:
        slow, quick = await made.md("rb2601"), await made.md("rb2601")
        slow._task.cancel()
        slow._writer.transport.pause_reading()
        sent = 0
        while len(made.front.sessions()) == 2 and sent < 60_000:
            for _ in range(500):
                made.tick(RB, 98, 100)
            sent += 500
            await asyncio.sleep(0)
        assert len(made.front.sessions()) == 1
        await quick.sync()
        assert len([h for h in quick.heard if h.name == NAME]) == sent
        assert not quick.lost.is_set()

    play(scene, backlog_mib=1)


def test_a_silent_client_is_cut_and_heartbeats_are_sent() -> None:
    async def scene(made: Rig) -> None:
        md = await made.md()
        assert md.welcome is not None
        assert md.welcome[2] == 1
        await md.until(lambda: any(method == 0xFF02 for method, _ in md.controls))
        await asyncio.wait_for(md.lost.wait(), 6)

    play(scene, heartbeat_s=1)


def test_the_encoder_agrees_with_the_layout() -> None:
    """Packed by position: compare with the fields by name."""
    speech = Speech("md")
    quoted = Quoted(RB, "yuan")
    tick = Tick(
        RB.id, at(10), at(10), DAY, 99.0, 5, 4950.0, 7.0, 98.0, 1, 100.0, 2, 97.0, 101.0, 96.0,
        95.0, 94.0, 93.0, 110.0, 90.0, None, None,
    )  # fmt: skip
    frame = DepthEncoder(speech).frame(quoted, tick)
    size, method, flags, *_ = HEADER.unpack_from(frame)
    assert size == len(frame) - 4
    assert speech.callbacks[method] == NAME
    layout = speech.layout(NAME)
    assert layout is not None
    fields = layout.decode(frame[HEADER.size :])
    assert layout.encode(fields) == frame[HEADER.size :]
    assert (fields["OpenPrice"], fields["HighestPrice"], fields["LowestPrice"]) == (97, 101, 96)
    assert (fields["PreSettlementPrice"], fields["PreClosePrice"]) == (95, 94)
    assert (fields["PreOpenInterest"], fields["OpenInterest"]) == (93, 7)
    assert flags == 3
    empty = msgspec.structs.replace(tick, bid_price=None, ask_price=None)
    fields = layout.decode(DepthEncoder(speech).frame(quoted, empty)[HEADER.size :])
    assert (fields["BidVolume1"], fields["AskVolume1"]) == (0, 0), "no price, no lots"
