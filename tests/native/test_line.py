"""One line to a front: it comes up, answers, breaks, and comes back."""

import time
from pathlib import Path

import pytest
from tests.native.conftest import Start
from tests.native.front import Front
from tests.native.program import Program, layout

from homalos.ctp.wire import Control, pack

READ_FAILED, NO_HEARTBEAT, MALFORMED = 0x1001, 0x2001, 0x2003


def test_connected_only_after_the_welcome_then_a_login(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path / "flow", td_front.address)
    line = td_front.accept()
    assert td.silence() == []
    assert td.call("ReqUserLogin") == -1
    said = line.welcome(beat=30, queries=2, packages=6)
    assert (said["version"], said["kind"]) == ("6.7.11", "td")
    td.event("OnFrontConnected")
    td.tell("day", "info")
    assert td.expect("day") == "20250305"
    assert td.expect("info").split() == ["2", "6", td_front.address]
    user = {"BrokerID": "9999", "UserID": "sim", "Password": "秘密"}
    assert td.call("ReqUserLogin", 7, user) == 0
    name, request, fields = line.fields()
    assert (name, request, fields["UserID"], fields["Password"]) == (
        "ReqUserLogin", 7, "sim", "秘密",
    )  # fmt: skip
    line.call("OnRspUserLogin", {"FrontID": 1, "SessionID": -5, "MaxOrderRef": "1"}, 0, 7)
    answer = td.event("OnRspUserLogin")
    assert (answer.number, answer.last, answer.error) == (7, True, 0)
    assert answer.fields("td")["SessionID"] == -5


def test_every_kind_of_callback_gets_what_the_front_sent(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    line.call("OnRspQryTrade", None, None, 3)  # an empty answer: two null pointers
    line.call("OnRspError", None, 90, 4)
    line.call("OnRtnTrade", {"TradeID": "        6903", "Price": 1.5})
    line.call("OnErrRtnOrderInsert", {"OrderRef": "12"}, 31)
    empty = td.event("OnRspQryTrade")
    assert (empty.number, empty.last, empty.error, empty.body) == (3, True, None, None)
    wrong = td.event("OnRspError")
    assert (wrong.number, wrong.error, wrong.body) == (4, 90, None)
    assert td.event("OnRtnTrade").fields("td")["TradeID"] == "        6903"
    refused = td.event("OnErrRtnOrderInsert")
    assert (refused.error, refused.fields("td")["OrderRef"]) == (31, "12")


def test_every_request_goes_out_under_its_number(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    td.event("OnFrontConnected")
    order = {"InstrumentID": "rb2505", "LimitPrice": 3500.0, "VolumeTotalOriginal": 2}
    assert td.call("ReqOrderInsert", 11, order) == 0
    assert td.call("ReqSettlementInfoConfirm", 12) == 0
    assert td.call("SubmitUserSystemInfo", 0) == 0
    name, request, fields = line.fields()
    assert (name, request, fields["LimitPrice"]) == ("ReqOrderInsert", 11, 3500.0)
    assert line.request()[:2] == ("ReqSettlementInfoConfirm", 12)
    assert line.request()[:2] == ("SubmitUserSystemInfo", 0)


def test_subscriptions_of_many_contracts(start: Start, md_front: Front, tmp_path: Path) -> None:
    md = start("md")
    md.start(tmp_path, md_front.address)
    line = md_front.connect()
    md.event("OnFrontConnected")
    long = "x" * 300
    md.tell(f"SubscribeMarketData rb2505 null {long} IF2503", "UnSubscribeMarketData rb2505")
    assert md.expect("ret SubscribeMarketData") == "0"
    name, _, body = line.request()
    assert name == "SubscribeMarketData"
    ids = [body[at : at + 81].rstrip(b"\0") for at in range(0, len(body), 81)]
    assert ids == [b"rb2505", b"x" * 80, b"IF2503"]
    assert line.request()[0] == "UnSubscribeMarketData"
    many = [f"c{n}" for n in range(5000)]
    md.tell(f"SubscribeForQuoteRsp {' '.join(many)}")
    assert len(line.request()[2]) + len(line.request()[2]) == 5000 * 81
    md.tell("SubscribeNull", "SubscribeNone")
    assert md.expect("ret SubscribeNull") == md.expect("ret SubscribeNone") == "-1"


def test_a_broken_line_is_told_and_comes_back_by_itself(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    for _ in range(3):
        line = td_front.connect()
        td.event("OnFrontConnected")
        assert td.call("ReqUserLogout") == 0
        line.close()
        assert td.event("OnFrontDisconnected").number == READ_FAILED
    td_front.connect()
    td.event("OnFrontConnected")


def test_the_next_front_is_taken_where_one_is_dead(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    with Front("td") as gone:
        dead = gone.address
    td = start("td")
    td.start(tmp_path, dead, "nonsense", "ssl://127.0.0.1:1", "tcp://[::1", td_front.address)
    td_front.connect().close()
    td_front.connect()
    td.event("OnFrontDisconnected")
    td.event("OnFrontConnected")
    assert td.end() == 0
    assert "not a front" in td.complaints


def test_a_refused_line_is_a_disconnect_as_with_a_wrong_version(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    td_front.connect(refusal=3039)
    assert td.event("OnFrontDisconnected").number == READ_FAILED
    assert not [line for line in td.said if "OnFrontConnected" in line]
    td_front.connect()
    td.event("OnFrontConnected")


def test_heartbeats_go_both_ways(start: Start, td_front: Front, tmp_path: Path) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.accept()
    line.welcome(beat=1)
    begun = time.monotonic()
    assert line.read(skip_heartbeats=False).method == Control.HEARTBEAT
    line.peer.sendall(pack(Control.HEARTBEAT))
    assert td.event("OnFrontDisconnected").number == NO_HEARTBEAT
    assert time.monotonic() - begun > 3  # of which the last 2.5 s in silence


def test_a_slow_callback_is_not_taken_for_a_silent_front(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.tell("on OnRtnTrade sleep 3000")
    td.start(tmp_path, td_front.address)
    line = td_front.connect(beat=1)
    line.call("OnRtnTrade", {})
    line.call("OnRtnOrder", {})
    td.event("OnRtnOrder")
    assert not [said for said in td.said if "OnFrontDisconnected" in said]


def good_header(method: int, size: int) -> bytes:
    return pack(method, body=bytes(size))


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 64,
        b"\0" * 64,
        pack(0xFFFF),
        pack(5000),
        pack(int(Control.HELLO), body=bytes(48)),
        pack(int(Control.WELCOME), body=bytes(28)),
        pack(int(Control.FLOWS_CLEARED), body=b"short"),
        good_header(4, 3),
        pack(0),
        pack(70, flow=9),
    ],
    ids=lambda junk: junk[:8].hex(),
)
def test_what_is_no_frame_ends_the_line_not_the_program(
    start: Start, td_front: Front, tmp_path: Path, junk: bytes
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    line.peer.sendall(junk)
    assert td.event("OnFrontDisconnected").number == MALFORMED
    td_front.connect()
    td.event("OnFrontConnected")


def test_junk_instead_of_a_welcome_is_a_front_that_is_not_there(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    for junk in (b"HTTP/1.1 400 Bad Request\r\n\r\n", pack(70, body=bytes(10)), b""):
        line = td_front.accept()
        line.peer.sendall(junk)
        line.close()
    td_front.connect()
    td.event("OnFrontConnected")
    assert not [said for said in td.said if "OnFrontDisconnected" in said]


def test_a_text_without_an_end_gets_one(start: Start, td_front: Front, tmp_path: Path) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    good = line.frame("OnRtnOrder", {})
    line.peer.sendall(good[:16] + b"\xc1" * (len(good) - 16))
    order = td.event("OnRtnOrder")
    assert order.body is not None
    for field in layout("Order").fields:
        if field.len is not None:
            assert order.body[field.offset + field.len - 1] == 0, field.name


def test_frames_in_pieces_and_many_at_once(start: Start, td_front: Front, tmp_path: Path) -> None:
    td = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    frame = line.frame("OnRtnTrade", {"OrderRef": "1"})
    for at in range(len(frame)):
        line.peer.sendall(frame[at : at + 1])
    td.event("OnRtnTrade")
    line.peer.sendall(frame * 2000)
    for _ in range(2000):
        td.event("OnRtnTrade")


def test_a_front_that_does_not_read_holds_nobody_up(
    start: Start, td_front: Front, tmp_path: Path
) -> None:
    td: Program = start("td")
    td.start(tmp_path, td_front.address)
    line = td_front.connect()
    td.event("OnFrontConnected")
    td.tell(*["call ReqOrderInsert 1 00"] * 20_000)  # more than the sockets hold
    codes = {td.expect("ret ReqOrderInsert") for _ in range(20_000)}
    assert codes == {"0"}
    for _ in range(20_000):
        assert line.request()[0] == "ReqOrderInsert"
