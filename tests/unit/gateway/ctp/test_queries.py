from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.ctp.hand import Hand

from homalos.gateway.ctp.queries import RETRIES, Queries


class Front:
    """Takes queries as CTP does: one in flight, so many a second, and the clock is ours."""

    def __init__(self, **options: Any) -> None:
        self.hand = Hand()
        self.sent: list[tuple[float, str, int]] = []
        self.codes: list[int] = []
        self.done: list[tuple[str, list[dict[str, Any]]]] = []
        self.failed: list[tuple[str, int]] = []
        self._ids = 0
        self.queries = Queries(
            self._send, self._id, self.hand.call_later, self.hand.monotonic, **options
        )

    def _id(self) -> int:
        self._ids += 1
        return self._ids

    def _send(self, name: str, fields: Any, request: int) -> int:
        code = self.codes.pop(0) if self.codes else 0
        if not code:
            self.sent.append((self.hand.ns / 1e9, name, request))
        return code

    def ask(self, name: str, **options: Any) -> None:
        self.queries.ask(
            f"ReqQry{name}", {}, lambda rows: self.done.append((name, rows)),
            lambda code, text: self.failed.append((name, code)), **options,
        )  # fmt: skip

    def answer(self, *rows: Any, error: int = 0, last: bool = True) -> bool:
        """The last sent query, with its rows; none is the null record."""
        _, name, request = self.sent[-1]
        name = f"OnRsp{name[3:]}"
        taken = True
        for i, row in enumerate(rows or (None,)):
            final = last and i == len(rows or (None,)) - 1
            taken &= self.queries.on_response(name, row, error, "", request, final)
        return taken

    @property
    def names(self) -> list[str]:
        return [name.removeprefix("ReqQry") for _, name, _ in self.sent]


@pytest.fixture
def front() -> Front:
    made = Front()
    made.queries.start(0)
    return made


def test_nothing_leaves_before_the_login() -> None:
    front = Front()
    front.ask("Order")
    front.hand.go(60)
    assert front.sent == []
    front.queries.start(0)
    assert front.names == ["Order"]


def test_one_at_a_time_after_the_answer_and_the_interval(front: Front) -> None:
    front.ask("Order")
    front.ask("Trade")
    front.hand.go(0.2)
    assert front.names == ["Order"]
    front.answer({"n": 1})
    front.hand.go(0.8)
    assert front.names == ["Order"], "1.05 s after the last send"
    front.hand.go(0.1)
    assert front.names == ["Order", "Trade"]
    front.hand.go(5)
    front.ask("Account")
    front.hand.go(3)
    assert len(front.names) == 2, "not before the answer"
    front.answer()
    assert front.names[-1] == "Account", "the interval is long over"


def test_rows_come_when_the_last_one_has(front: Front) -> None:
    front.ask("Order")
    front.answer({"n": 1}, {"n": 2}, last=False)
    assert front.done == []
    front.answer({"n": 3})
    assert front.done == [("Order", [{"n": 1}, {"n": 2}, {"n": 3}])]


def test_a_null_record_is_an_empty_answer(front: Front) -> None:
    front.ask("Order")
    front.answer()
    assert front.done == [("Order", [])]


@pytest.mark.parametrize("code", [90, 154, 5002])
def test_not_executed_goes_back_to_the_head(front: Front, code: int) -> None:
    front.ask("Order")
    front.ask("Trade")
    request = front.sent[-1][2]
    assert front.queries.on_response("OnRspError", None, code, "查询未就绪", request, True)
    front.hand.go(0.9)
    assert front.names == ["Order"]
    front.hand.go(0.2)
    assert front.names == ["Order", "Order"]
    front.answer({"n": 1})
    assert front.done == [("Order", [{"n": 1}])]
    front.hand.go(2)
    assert front.names[-1] == "Trade"


@pytest.mark.parametrize("code", [-1, -2, -3])
def test_what_never_left_goes_back_to_the_head(code: int) -> None:
    front = Front()
    front.codes = [code, code]
    front.ask("Order")
    front.ask("Trade")
    front.queries.start(0)
    front.hand.go(1)
    assert front.sent == []
    front.hand.go(1.2)
    assert front.names == ["Order"]
    assert front.failed == []


def test_a_refusal_is_told_and_the_next_one_goes(front: Front) -> None:
    front.ask("Order")
    front.ask("Trade")
    front.answer(error=9)
    assert front.failed == [("Order", 9)]
    front.hand.go(1.1)
    assert front.names == ["Order", "Trade"]


def test_a_silent_front_is_asked_again_and_in_the_end_it_has_failed(front: Front) -> None:
    front.ask("Instrument")
    front.answer({"n": 1}, last=False)
    front.hand.go(60)
    assert front.names == ["Instrument"] * RETRIES
    assert front.failed == [("Instrument", 0)]
    front.ask("Order")
    front.hand.go(2)
    assert front.names[-1] == "Order"


def test_a_long_answer_may_take_its_time(front: Front) -> None:
    front.ask("Instrument")
    for n in range(10):
        front.hand.go(6)
        front.answer({"n": n}, last=n == 9)
    assert front.names == ["Instrument"]
    assert len(front.done[0][1]) == 10


def test_rows_of_a_given_up_query_are_nobodys(front: Front) -> None:
    front.ask("Order")
    first = front.sent[-1][2]
    front.answer({"n": 1}, last=False)
    front.hand.go(11.1)
    assert len(front.sent) == 2
    assert not front.queries.on_response("OnRspQryOrder", {"n": 2}, 0, "", first, True)
    front.answer({"n": 3})
    assert front.done == [("Order", [{"n": 3}])], "nothing twice"


def test_other_answers_are_left_alone(front: Front) -> None:
    front.ask("Order")
    request = front.sent[-1][2]
    assert not front.queries.on_response("OnRspQryTrade", {}, 0, "", request, True)
    assert not front.queries.on_response("OnRspUserLogin", {}, 0, "", 99, True)
    assert not front.queries.on_response("OnRspError", None, 7, "", 99, True)


def test_a_drop_forgets_and_frees_the_way(front: Front) -> None:
    front.ask("Order")
    front.ask("Trade")
    front.queries.reset()
    assert front.queries.idle
    front.hand.go(60)
    assert front.names == ["Order"]
    assert front.hand.pending == 0
    front.queries.start(0)
    front.ask("Account")
    assert front.names == ["Order", "Account"], "the flag of the query in flight fell too"
    assert (front.done, front.failed) == ([], [])


def test_refreshes_of_one_key_collapse_into_the_latest(front: Front) -> None:
    front.ask("Instrument")
    for _ in range(3):
        front.ask("Account", key="account")
        front.ask("Position", key="position")
    front.answer()
    for _ in range(4):
        front.hand.go(1.1)
        front.answer()
    assert front.names == ["Instrument", "Account", "Position"]
    assert [name for name, _ in front.done] == ["Instrument", "Account", "Position"]


def test_one_in_flight_does_not_swallow_a_later_refresh(front: Front) -> None:
    front.ask("Account", key="account")
    front.ask("Account", key="account")
    front.answer()
    front.hand.go(1.1)
    front.answer()
    assert front.names == ["Account", "Account"]


def test_the_background_waits_for_everybody(front: Front) -> None:
    front.ask("Order")
    front.ask("Margin", background=True)
    front.ask("Trade")
    assert not front.queries.idle
    for _ in range(2):
        front.answer()
        front.hand.go(1.1)
    assert front.names == ["Order", "Trade", "Margin"]
    front.answer()
    assert [name for name, _ in front.done] == ["Order", "Trade", "Margin"]
    assert front.queries.idle


@pytest.mark.parametrize(("per_second", "gap"), [(0, 1.05), (1, 1.05), (10, 0.105)])
def test_a_front_that_allows_more_is_asked_faster(per_second: int, gap: float) -> None:
    front = Front()
    front.queries.start(per_second)
    for name in ("A", "B", "C"):
        front.ask(name)
    for _ in range(40):
        if front.sent and front.queries._flying is not None:
            front.answer()
        front.hand.go(gap / 10)
    times = [when for when, _, _ in front.sent]
    assert [b - a for a, b in pairwise(times)] == [pytest.approx(gap, rel=1e-6)] * 2


def test_no_interval_means_at_once() -> None:
    front = Front(interval=0.0)
    front.queries.start(0)
    for name in ("A", "B", "C"):
        front.ask(name)
    for _ in range(3):
        front.answer()
    assert front.names == ["A", "B", "C"]
    assert front.hand.ns == 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["ask", "back", "answer", "busy", "refuse", "send_busy", "wait", "drop"]),
        max_size=60,
    )
)
def test_whatever_happens_one_flies_and_nobody_is_called_twice(steps: list[str]) -> None:
    front = Front()
    front.queries.start(0)
    asked = 0
    for step in steps:
        flying = front.queries._flying is not None
        if step in ("ask", "back"):
            asked += 1
            front.ask(f"N{asked}", background=step == "back")
        elif step == "send_busy":
            front.codes = [-2]
        elif step == "wait":
            front.hand.go(1.1)
        elif step == "drop":
            front.queries.reset()
            front.queries.start(0)
        elif flying:
            request = front.sent[-1][2]
            if step == "answer":
                front.answer({"n": 1})
            elif step == "busy":
                front.queries.on_response("OnRspError", None, 90, "", request, True)
            else:
                front.answer(error=9)
    front.codes = []
    for _ in range(200):
        front.hand.go(2)
        if front.queries._flying is not None:
            front.answer()
    ended = [name for name, _ in front.done] + [name for name, _ in front.failed]
    assert len(ended) == len(set(ended))
    if "drop" not in steps:
        assert len(ended) == asked
    times = [when for when, _, _ in front.sent]
    if "drop" not in steps:
        assert all(b - a >= 1.05 - 1e-6 for a, b in pairwise(times))
    assert front.queries.idle
