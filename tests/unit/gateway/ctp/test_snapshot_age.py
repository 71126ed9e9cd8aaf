"""A snapshot that is still young, and whether it may answer once more."""

from pathlib import Path
from typing import Any

from tests.unit.gateway.ctp.front import ACCOUNT, Bench

from homalos.gateway.protocol import Approved


def test_an_order_that_left_while_the_venue_was_asked_is_asked_for_anew(tmp_path: Path) -> None:
    """Else two questions about its fate get one answer, which is older than the order."""
    bench = Bench(tmp_path)
    bench.connect()
    bench.hand.go(6)
    bench.td.requests.clear()
    bench.td.answering = False
    answers: list[Any] = []
    bench.gateway.query(ACCOUNT, answers.append)
    for step in range(4):
        if step == 2:
            assert bench.gateway.send(Approved(bench.order())) == 0
        name, _, request = bench.td.requests[-1]
        bench.td.answer(name, request)
        bench.run()
    assert len(answers) == 1
    bench.gateway.query(ACCOUNT, answers.append)
    bench.gateway.query(ACCOUNT, answers.append)
    assert len(answers) == 1, "the last answer does not hold any more"
    assert bench.td.requests[-1][0] == "ReqQryOrder"
