"""Private and public flows: all sessions, numbers, resume modes, other lives (FACTS A18, A20.8)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.exchange.bench import DAY, NEXT, RB, TA, Bench, M, at
from tests.unit.exchange.door.client import ME, OTHER, Heard, Rig, on_a_loop, rig

from homalos.ctp.abi import Value
from homalos.ctp.wire import Resume
from homalos.exchange.door.ports import PASS, Act, Session, Verdict
from homalos.exchange.ledger import Ledger
from homalos.model.enums import Side

Scene = Callable[[Rig], Awaitable[None]]
PRIVATE, PUBLIC = 1, 2


def play(scene: Scene, **keys: Any) -> None:
    async def run() -> None:
        async with rig(**keys) as made:
            await scene(made)

    on_a_loop(run())


def private(words: list[Heard]) -> list[Heard]:
    return [word for word in words if word.flow == PRIVATE]


async def a_day(made: Rig) -> list[Heard]:
    """Some orders of every fate; the private words of it."""
    made.tick(RB, 98, 100, sizes=(3, 3), limits=(90, 110))
    made.tick(M, 98, 100, sizes=(3, 3), limits=(90, 110))
    td = await made.td()
    td.order(LimitPrice=100.0)
    td.order(LimitPrice=100.0, VolumeTotalOriginal=5, TimeCondition="1")
    resting = td.order(LimitPrice=97.0, VolumeTotalOriginal=4)
    td.order(LimitPrice=111.0)
    td.order(ExchangeID="DCE", InstrumentID="m2601", LimitPrice=100.0, VolumeTotalOriginal=5)
    await td.sync()
    made.bench.go(made.bench.clock.now() + 1_000_000_000)
    made.tick(RB, 95, 100, last=96, volume=2)
    await td.sync()
    made.bench.go(made.bench.clock.now() + 1_000_000_000)
    td.cancel(resting)
    await td.sync()
    return private(td.heard)


def test_every_session_of_an_account_hears_everything_and_no_other_account() -> None:
    async def scene(made: Rig) -> None:
        one, two, other = await made.td(), await made.td(), await made.td(OTHER)
        one.order()
        mine = private(await one.words())
        theirs = private(await two.words())
        assert [w.raw for w in mine] == [w.raw for w in theirs]
        assert len(mine) == 2
        assert mine[0].data is not None
        assert mine[0].data["SessionID"] == one.session
        assert private(await other.words()) == []
        assert mine[1].sequence == mine[0].sequence + 1

    play(scene)


@pytest.mark.parametrize("mode", list(Resume))
def test_resume_modes(mode: Resume) -> None:
    async def scene(made: Rig) -> None:
        told = await a_day(made)
        at_ = told[4].sequence
        again = await made.td(private=mode, public=mode, day=str(DAY), last=at_)
        await again.sync()
        heard = private(again.heard)
        wanted = {Resume.RESTART: told, Resume.RESUME: told[5:]}.get(mode, [])
        assert [w.raw for w in heard] == [w.raw for w in wanted]
        assert [w.sequence for w in heard] == [w.sequence for w in wanted]
        states = [w for w in again.heard if w.name == "OnRtnInstrumentStatus"]
        assert bool(states) is (mode in (Resume.RESTART, Resume.RESUME))
        again.order()
        assert (await again.told())[-2:] == ["O(a)", "O(3#)"], "what comes is heard in any mode"

    play(scene)


def test_numbers_that_are_not_this_flows_are_forgotten_first() -> None:
    async def scene(made: Rig) -> None:
        told = await a_day(made)
        newest = told[-1].sequence
        public = made.front._status.flow.newest
        known = await made.td(
            private=Resume.RESUME, public=Resume.RESUME, day=str(DAY), last=newest,
            public_last=public,
        )  # fmt: skip
        assert known.cleared == []
        assert private(known.heard) == []
        for hello in (
            {"day": str(DAY), "last": 3}, {"day": str(DAY), "last": newest + 9},
            {"day": "20200101", "last": newest}, {},
        ):  # fmt: skip
            strange = await made.td(private=Resume.RESUME, **hello)
            await strange.sync()
            assert strange.cleared == [str(DAY)]
            assert [w.raw for w in private(strange.heard)] == [w.raw for w in told]

    play(scene)


def shape(words: list[Heard]) -> list[tuple[str, Any]]:
    """What must be the same after a restart: everything but numbers and identities."""
    apart = {"SequenceNo", "FrontID", "SessionID", "OrderRef", "RequestID"}
    return [
        (word.name, {k: v for k, v in (word.data or {}).items() if k not in apart})
        for word in words
    ]


def test_a_restarted_front_tells_the_same_day(tmp_path: Path) -> None:
    first: list[Heard] = []

    async def before(made: Rig) -> None:
        first.extend(await a_day(made))

    play(before, ledger=Ledger(tmp_path))

    async def after(made: Rig) -> None:
        td = await made.td(private=Resume.RESUME, day=str(DAY), last=first[3].sequence)
        await td.sync()
        heard = private(td.heard)
        assert sorted(map(repr, shape(heard))) == sorted(map(repr, shape(first)))
        for ref in "12345":
            mine = [s for s in shape(heard) if s[1]["OrderLocalID"].endswith(ref)]
            theirs = [s for s in shape(first) if s[1]["OrderLocalID"].endswith(ref)]
            assert mine == theirs, "each order's words in their order"
        times = [t for w in heard if (t := (w.data or {}).get("UpdateTime"))]
        assert times == sorted(times)
        refs = [(w.data or {})["OrderRef"] for w in heard if w.data]
        assert set(refs) == {"1", "2", "3", "4", "5"}
        assert td.cleared == [str(DAY)]
        assert td.session > max((w.data or {}).get("SessionID", 0) for w in heard)
        assert heard[0].sequence > first[-1].sequence
        found = await td.ask("ReqQrySettlementInfoConfirm", InvestorID=ME)
        assert found[0].data is not None, "the confirmation is remembered"

    play(after, ledger=Ledger(tmp_path), start=at(10, 0, 2))


def test_cleared_flows_tell_old_orders_under_other_names() -> None:
    async def scene(made: Rig) -> None:
        await a_day(made)
        td = await made.td()
        ref = td.order(LimitPrice=96.0, RequestID=5)
        told = private(await td.words())
        made.front.clear_flows()
        await asyncio.wait_for(td.lost.wait(), 2)
        again = await made.td(private=Resume.RESUME, day=str(DAY), last=told[-1].sequence)
        await again.sync()
        heard = private(again.heard)
        assert again.cleared == [str(DAY)]
        assert shape(heard)[-2:] == shape(told)[-2:]
        last = heard[-1].data
        assert last is not None
        assert (last["FrontID"], last["RequestID"]) == (2, 0)
        assert (last["SessionID"], last["OrderRef"]) != (td.session, ref)
        again.heard.clear()
        again.cancel(OrderRef=ref, FrontID=td.front, SessionID=td.session)
        assert (await again.told())[0] == "OnRspOrderAction 25", "the old name is gone"
        again.cancel(
            OrderRef=last["OrderRef"], FrontID=last["FrontID"], SessionID=last["SessionID"]
        )
        assert (await again.told())[-1] == "O(5#)"

    play(scene)


def test_orders_fill_while_nobody_is_there() -> None:
    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        td = await made.td()
        td.order(LimitPrice=97.0)
        await td.told()
        assert made.front.cut(made.front.sessions()) == 1
        await asyncio.wait_for(td.lost.wait(), 2)
        made.tick(RB, 95, 96)
        again = await made.td()
        assert await again.told() == ["O(a)", "O(3#)", "O(3#)", "O(0#) 1", "T 1@97"]

    play(scene)


def test_a_new_day_begins_with_empty_flows() -> None:
    async def scene(made: Rig) -> None:
        await a_day(made)
        made.bench.go(at(15, 50))
        td = await made.td(private=Resume.RESTART)
        await td.sync()
        assert private(td.heard) == []
        assert made.bench.exchange.trading_day == NEXT

    play(scene, start=at(14, 50))


# ------------------------------------------------------------------ the public flow


def states(words: list[Heard], product: str) -> list[tuple[str, str]]:
    rows = [w.data for w in words if w.name == "OnRtnInstrumentStatus" and w.data]
    return [(r["EnterTime"], r["InstrumentStatus"]) for r in rows if r["InstrumentID"] == product]


NIGHT_RB = [("20:55:00", "3"), ("20:59:00", "5"), ("21:00:00", "2"), ("23:00:00", "1")]
DAY_RB = [("08:55:00", "3"), ("08:59:00", "5"), ("09:00:00", "2"), ("10:15:00", "1"),
          ("10:30:00", "2"), ("11:30:00", "1"), ("13:30:00", "2"), ("15:00:00", "6")]  # fmt: skip
NIGHT_TA = [("20:55:00", "3"), ("20:59:00", "0"), ("21:00:00", "2"), ("23:00:00", "0")]
DAY_TA = [("09:00:00", "2"), ("10:15:00", "0"), ("10:30:00", "2"), ("11:30:00", "0"),
          ("13:30:00", "2"), ("15:00:00", "6")]  # fmt: skip
DAY_IF = [("09:25:00", "3"), ("09:29:00", "5"), ("09:30:00", "2"), ("11:30:00", "1"),
          ("13:00:00", "2"), ("15:00:00", "6")]  # fmt: skip


def test_instrument_status_by_exchange_as_it_happens_and_as_it_is_told_again() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td()
        made.bench.go(at(15, 1, day=NEXT))
        await td.sync()
        later = await made.td(OTHER)
        await later.sync()
        for words in (td.heard, later.heard):
            assert states(words, "rb")[1:] == NIGHT_RB + DAY_RB
            assert states(words, "TA")[1:] == NIGHT_TA + DAY_TA
            assert states(words, "IF")[1:] == DAY_IF
            assert states(words, "IF")[0][1] == "0"
        numbers = [w.sequence for w in later.heard if w.flow == PUBLIC]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        row = next(w.data for w in td.heard if w.name == "OnRtnInstrumentStatus")
        assert row is not None
        assert (row["ExchangeID"], row["EnterReason"], row["TradingSegmentSN"]) == ("SHFE", "1", 1)

    play(scene, start=at(19), cut_at_roll=False)


def test_a_front_that_starts_in_the_day_tells_its_morning() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td()
        await td.sync()
        assert states(td.heard, "rb") == NIGHT_RB + DAY_RB[:5]
        assert states(td.heard, "TA") == NIGHT_TA + DAY_TA[:3]

    play(scene, start=at(11), instruments=(RB, TA))


# ------------------------------------------------------------------ faults


class Script:
    """Does one thing to the k-th frame of a name."""

    def __init__(self, name: str, verdict: Verdict, k: int = 1) -> None:
        self.active = True
        self._name, self._verdict, self._left = name, verdict, k

    def _judge(self, name: str) -> Verdict:
        if name != self._name:
            return PASS
        self._left -= 1
        return self._verdict if self._left == 0 else PASS

    def outgoing(self, session: Session, frame: bytes, name: str) -> Verdict:
        return self._judge(name)

    def incoming(self, session: Session, name: str, fields: Mapping[str, Value]) -> Verdict:
        return self._judge(name)


FILLED = ["O(a)", "O(a#)", "O(0#) 1", "T 1@100"]
CASES = [
    ("OnRtnOrder", Verdict(Act.DROP), 2, ["O(a)", "O(0#) 1", "T 1@100"]),
    ("OnRtnTrade", Verdict(Act.DUPLICATE), 1, [*FILLED, "T 1@100"]),
    ("OnRtnOrder", Verdict(Act.SWAP), 3, ["O(a)", "O(a#)", "T 1@100", "O(0#) 1"]),
    ("ReqOrderInsert", Verdict(Act.DROP), 1, []),
    ("ReqOrderInsert", Verdict(Act.REJECT, code=31), 1,
     ["OnRspOrderInsert 31", "OnErrRtnOrderInsert 31"]),
    ("ReqOrderInsert", Verdict(Act.DUPLICATE), 1,
     [*FILLED, "OnRspOrderInsert 22", "OnErrRtnOrderInsert 22"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].act.name}")
def test_faults_do_to_frames_what_they_say(case: tuple[str, Verdict, int, list[str]]) -> None:
    name, verdict, k, told = case
    script = Script(name, verdict, k)

    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        td = await made.td()
        td.order(LimitPrice=100.0)
        assert await td.told() == told

    play(scene, faults=script)


def test_a_delayed_frame_comes_late_and_a_delayed_request_too() -> None:
    async def scene(made: Rig) -> None:
        td = await made.td()
        td.order()
        await td.until(lambda: sum(h.name == "OnRtnOrder" for h in td.heard) == 2)
        words = [w for w in td.heard if w.flow == PRIVATE]
        assert [(w.data or {})["OrderStatus"] for w in words] == ["3", "a"]

    play(scene, faults=Script("OnRtnOrder", Verdict(Act.DELAY, ms=30)))
    play(scene_of_a_late_request, faults=Script("ReqOrderInsert", Verdict(Act.DELAY, ms=30)))


async def scene_of_a_late_request(made: Rig) -> None:
    td = await made.td()
    td.order()
    await td.sync()
    assert private(td.heard) == []
    await td.until(lambda: sum(h.name == "OnRtnOrder" for h in td.heard) == 2)


@pytest.mark.parametrize("sent", [True, False])
def test_a_line_is_cut_between_order_and_trade(sent: bool) -> None:
    async def scene(made: Rig) -> None:
        made.tick(RB, 98, 100)
        td = await made.td()
        td.order(LimitPrice=100.0)
        await asyncio.wait_for(td.lost.wait(), 2)
        heard = private(td.heard)
        assert sum(w.name == "OnRtnTrade" for w in heard) == sent
        again = await made.td()
        assert (await again.told())[-1] == "T 1@100"

    play(scene, faults=Script("OnRtnTrade", Verdict(Act.CUT, sent=sent)))


def test_the_engines_own_bench_is_at_ease_with_orders_that_have_no_tag() -> None:
    """An order of the door in process is a foreign one here, without any of CTP's fields."""

    async def scene(made: Rig) -> None:
        td = await made.td()
        bench: Bench = made.bench
        bench.order(RB, Side.BUY, 1, 98)
        (first, _) = private(await td.words())
        assert first.data is not None
        assert (first.data["FrontID"], first.data["UserID"]) == (0, "")

    play(scene)
