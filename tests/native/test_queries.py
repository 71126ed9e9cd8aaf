"""One query at a time, and no more a second than the front allows."""

from pathlib import Path

import pytest
from tests.native.conftest import Start
from tests.native.front import Front
from tests.native.program import Program

UNANSWERED, TOO_OFTEN = -2, -3


@pytest.fixture
def td(start: Start, td_front: Front, tmp_path: Path) -> Program:
    td = start("td")
    td.start(tmp_path, td_front.address)
    return td


def test_one_query_in_flight_ends_with_its_last_answer(td: Program, td_front: Front) -> None:
    line = td_front.connect()
    td.event("OnFrontConnected")
    assert td.call("ReqQryOrder", 1) == 0
    assert td.call("ReqQryTrade", 2) == UNANSWERED
    assert td.call("ReqOrderInsert", 3) == 0  # no query
    line.call("OnRspQryOrder", {}, None, 1, last=False)
    td.event("OnRspQryOrder")
    assert td.call("ReqQryTrade", 4) == UNANSWERED
    line.call("OnRspQryOrder", {}, None, 1, last=True)
    td.event("OnRspQryOrder")
    assert td.call("ReqQryTrade", 5) == 0
    sent = [line.request()[:2] for _ in range(3)]
    assert sent == [("ReqQryOrder", 1), ("ReqOrderInsert", 3), ("ReqQryTrade", 5)]


def test_the_next_query_can_be_sent_in_the_callback_of_the_last_answer(
    td: Program, td_front: Front
) -> None:
    line = td_front.connect()
    td.event("OnFrontConnected")
    td.tell("on OnRspQryOrder call ReqQryTrade 2 00")
    assert td.call("ReqQryOrder", 1) == 0
    line.call("OnRspQryOrder", None, None, 1)
    assert td.expect("ret ReqQryTrade") == "0"


def test_an_error_ends_it_and_an_answer_that_came_twice_does_not_end_the_next(
    td: Program, td_front: Front
) -> None:
    line = td_front.connect()
    td.event("OnFrontConnected")
    assert td.call("ReqQryOrder", 1) == 0
    line.call("OnRspError", None, 90, 1)
    td.event("OnRspError")
    assert td.call("ReqQryOrder", 2) == 0
    line.call("OnRspError", None, 90, 1)
    line.call("OnRspQryTrade", None, None, 1)
    td.event("OnRspQryTrade")
    assert td.call("ReqQryOrder", 3) == UNANSWERED


def test_a_lost_line_ends_it(td: Program, td_front: Front) -> None:
    line = td_front.connect()
    td.event("OnFrontConnected")
    assert td.call("ReqQryOrder", 1) == 0
    line.close()
    td.event("OnFrontDisconnected")
    td_front.connect()
    td.event("OnFrontConnected")
    assert td.call("ReqQryOrder", 1) == 0


def test_bank_questions_are_no_queries(td: Program, td_front: Front) -> None:
    td_front.connect()
    td.event("OnFrontConnected")
    assert td.call("ReqQueryCFMMCTradingAccountToken", 1) == 0
    assert td.call("ReqQueryCFMMCTradingAccountToken", 2) == 0


def test_more_a_second_than_the_front_allows(td: Program, td_front: Front) -> None:
    line = td_front.connect(queries=2)
    td.event("OnFrontConnected")
    codes = []
    for request in range(3):
        codes.append(td.call("ReqQryOrder", request))
        if codes[-1] == 0:
            line.call("OnRspQryOrder", None, None, request)
            td.event("OnRspQryOrder")
    assert codes == [0, 0, TOO_OFTEN]
    td.tell("sleep 1010")
    assert td.call("ReqQryOrder", 9) == 0
    # What was not sent is not counted as under way.
    line.call("OnRspQryOrder", None, None, 9)
    td.event("OnRspQryOrder")
