"""Whatever a program calls in whatever order, and whatever a front sends: it goes on."""

import contextlib
import random
from pathlib import Path

import pytest
from tests.native.conftest import Start
from tests.native.front import FACTS, Front

from homalos.ctp.wire import HEADER, Control, pack

SIDES = ("md", "td")


def code_counts(text: str) -> dict[int, int]:
    return {int(code): int(n) for code, n in (word.split(":") for word in text.split())}


@pytest.mark.parametrize("side", SIDES)
def test_every_call_before_the_start_and_after_the_end_answers_not_connected(
    start: Start, side: str, tmp_path: Path
) -> None:
    program = start(side)
    program.tell(f"create {tmp_path}/", "callall")
    before = code_counts(program.expect("codes"))
    program.tell("release", "callall", "init", "spi", "nospi", "day", "names", "release", "join")
    after = code_counts(program.expect("codes"))
    assert set(before) == set(after) == {-1, 99}  # 99: not a request
    assert program.expect("joined") == "0"
    if side == "td":
        program.tell("info", "resume 1 1")
        assert program.expect("info") == "0 0"
    else:
        program.tell("SubscribeMarketData rb2505")
        assert program.expect("ret SubscribeMarketData") == "-1"


def test_every_request_with_texts_that_end_nowhere(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    td.event("OnFrontConnected")
    td.tell("callall")
    counts = code_counts(td.expect("codes"))
    requests = [m for m in FACTS.td_api if m.structs and m.returns == "int"]
    queries = [m for m in requests if m.name.startswith("ReqQry")]
    others = len(requests) - len(queries)
    assert counts[0] == 2 * others + 1  # the first query too
    assert counts[-2] == 2 * len(queries) - 1
    assert counts[-1] == len(requests)  # null
    seen = {line.request()[0] for _ in range(2 * others + 1)}
    assert {m.name for m in requests} - seen == {m.name for m in queries} - seen


def test_no_spi_is_no_crash(start: Start, td_front: Front, tmp_path: Path) -> None:
    td = start("td")
    td.tell(f"create {tmp_path}/", "front null", f"front {td_front.address}", "init", "init")
    line = td_front.connect()
    line.call("OnRtnTrade", {})
    line.call("OnRspQryOrder", None)
    line.close()
    line = td_front.connect()
    td.tell("spi")
    td.silence()
    line.call("OnRtnOrder", {})
    td.event("OnRtnOrder")
    td.tell("nospi")
    td.silence()
    line.call("OnRtnOrder", {})
    assert td.silence() == []


@pytest.mark.parametrize("callback", ["OnFrontConnected", "OnRtnTrade", "OnFrontDisconnected"])
def test_release_in_a_callback(
    start: Start, td_front: Front, tmp_path: Path, callback: str
) -> None:
    td = start("td")
    td.tell(f"on {callback} release")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    if callback == "OnRtnTrade":
        line.peer.sendall(line.frame("OnRtnTrade", {}) * 5)
    elif callback == "OnFrontDisconnected":
        td.event("OnFrontConnected")
        line.close()
    td.expect("released")
    td.tell("release", "join")
    assert td.expect("joined") == "0"
    if callback != "OnFrontDisconnected":
        assert line.is_closed_by_client()
    assert td.call("ReqOrderInsert") == -1
    assert len([said for said in td.said if callback in said]) == 1


def test_release_while_callbacks_come_gives_none_afterwards(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    line.peer.sendall(line.frame("OnRtnTrade", {}) * 2000)
    td.event("OnRtnTrade")
    td.tell("release")
    td.expect("released")
    assert td.silence() == []


def test_release_does_not_wait_for_ever_for_a_callback_that_waits(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.tell("on OnRtnTrade sleep 3000")
    td.start(tmp_path, td_front.address)
    td_front.connect().call("OnRtnTrade", {})
    td.event("OnRtnTrade")
    td.tell("release")
    td.expect("released")
    td.tell("sleep 1500", "held")
    assert td.expect("held").split()[0] == "1"  # it has ended by itself


@pytest.mark.parametrize("side", SIDES)
def test_200_starts_and_stops_leave_no_thread_and_no_file(
    start: Start, side: str, tmp_path: Path
) -> None:
    with Front(side) as front:
        program = start(side)
        program.tell("held")
        threads, files = map(int, program.expect("held").split())
        program.tell(f"cycles 200 {tmp_path}/ {front.address}")
        assert program.expect("held").split() == [str(threads), str(files)]
        program.tell(f"cycles 20 {tmp_path}/nowhere/ {front.address}", "held")
        assert program.expect("held").split() == [str(threads), str(files)]


def test_a_program_may_end_without_release(start: Start, td_front: Front, tmp_path: Path) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    line.peer.sendall(line.frame("OnRtnTrade", {}) * 3000)
    td.event("OnRtnTrade")
    assert td.end() == 0


@pytest.mark.parametrize("seed", range(8))
def test_frames_of_a_front_gone_mad(
    start: Start, td_front: Front, tmp_path: Path, seed: int
) -> None:
    """Frames with bytes changed, cut and put in: the program lives, and the line comes back."""
    chance = random.Random(seed)
    td = start("td")
    td.start(tmp_path, td_front.address)
    for _ in range(12):
        line = td_front.connect()
        raw = bytearray()
        for _ in range(chance.randrange(1, 12)):
            raw += mad_frame(chance)
        with contextlib.suppress(OSError):  # it has hung up already
            line.peer.sendall(bytes(raw))
        line.close()
    line = td_front.connect()
    line.call("OnRtnTrade", {"TradeID": "after"})
    while td.event("OnRtnTrade").fields("td")["TradeID"] != "after":
        pass


def mad_frame(chance: random.Random) -> bytes:
    number = chance.randrange(len(FACTS.td_spi))
    structs = FACTS.td_spi[number].structs
    size = FACTS.layout(structs[0]).size if structs else 0
    size = max(0, size + chance.choice([0, 0, 0, -1, 1, 88, -size]))
    flags = chance.choice([0, 1, 2, 3, 4, 6, 7, 255])
    frame = bytearray(
        pack(
            chance.choice([number, number, 0xFF00 + chance.randrange(6)]),
            flags,
            chance.randrange(-9, 9),
            chance.randbytes(size),
            chance.choice([0, 0, 1, 2, 3]),
            chance.randrange(1 << 32),
        )
    )
    if chance.random() < 0.3:
        frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.1:
        HEADER.pack_into(frame, 0, chance.randrange(1 << 32), Control.HEARTBEAT, 0, 0, 0, 0)
    return bytes(frame)
