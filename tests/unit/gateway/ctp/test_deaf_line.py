"""What nothing but a new API object helps against: the answer of a query, or of the login, lost."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.ctp.front import ACCOUNT, Bench, Port, row
from tests.unit.gateway.ctp.test_queries import Front

from homalos.ctp.errors import LibraryError
from homalos.gateway.protocol import Approved, VenueSnapshot
from homalos.model.enums import Channel, OrderStatus
from homalos.model.events import AlertRaised, ConnectionChanged, OrderReported


def test_deaf_after_one_more_timeout() -> None:
    told: list[float] = []
    front = Front(timeout=10.0, deaf=lambda: told.append(front.hand.ns / 1e9))
    front.queries.start(0)
    front.ask("Order")
    front.codes = [-2] * 100
    front.hand.go(19)
    assert told == []
    front.hand.go(3)
    assert len(told) == 1


def test_other_refusals_are_waited_for(tmp_path: Path) -> None:
    told: list[str] = []
    front = Front(timeout=10.0, deaf=lambda: told.append("deaf"))
    front.queries.start(0)
    front.codes = [-3] * 100
    front.ask("Order")
    front.hand.go(60)
    assert told == []


def test_the_trading_line_is_made_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.connect()
    bench.hand.go(6)
    first = bench.td
    bench.td.answering = False
    bench.gateway.query(ACCOUNT, lambda answer: None)
    bench.td.code = -2
    bench.settle(40)
    assert first.closed
    assert bench.td is not first
    assert any("made anew" in alert.text for alert in bench.of(AlertRaised))
    bench.td.say("on_connected")
    bench.run()
    bench.settle(3)
    changes = [e.connected for e in bench.of(ConnectionChanged) if e.channel is Channel.TRADING]
    assert changes == [True, False, True]
    answers: list[Any] = []
    bench.gateway.query(ACCOUNT, answers.append)
    bench.run()
    assert len(answers) == 1


def test_a_login_whose_answer_was_lost(tmp_path: Path) -> None:
    """The front calls the second one a duplicate, and does not tell the session."""
    bench = Bench(tmp_path, login_timeout_s=1)
    bench.td.rows["ReqUserLogin"], told = [], bench.td.rows["ReqUserLogin"]
    bench.td.errors["ReqUserLogin"] = (5, "CTP:重复的登录")
    first = bench.td
    bench.connect()
    assert first.closed
    bench.td.rows["ReqUserLogin"] = told
    bench.td.say("on_connected")
    bench.run()
    bench.settle(3)
    assert [e.connected for e in bench.of(ConnectionChanged) if e.channel is Channel.TRADING] == [
        True
    ]


@pytest.mark.parametrize("asked", ["query", "order"])
def test_a_front_that_has_forgotten_our_session_is_logged_in_to_anew(
    tmp_path: Path, asked: str
) -> None:
    bench = Bench(tmp_path)
    bench.connect()
    bench.hand.go(6)
    first, answers = bench.td, list[VenueSnapshot]()
    if asked == "query":
        bench.td.errors["ReqQryOrder"] = (6, "CTP:还没有登录")
        bench.gateway.query(ACCOUNT, answers.append)
        bench.run()
    else:
        assert bench.gateway.send(Approved(bench.order())) == 0
        data = row("InputOrder", **bench.td.orders[-1])
        for number in (1, 2):
            bench.td.say("on_response", "OnRspOrderInsert", data, 6, "还没有登录", number, True)
        bench.run()
        assert [(e.status, e.code) for e in bench.of(OrderReported)] == [(OrderStatus.REJECTED, 6)]
    health = bench.gateway.health()[0]
    assert (health.ready, health.code) == (False, 6)
    assert bench.gateway.send(Approved(bench.order(2))) == -1
    assert answers == []
    bench.settle(3)
    assert first.closed
    bench.td.say("on_connected")
    bench.run()
    bench.settle(3)
    changes = [e.connected for e in bench.of(ConnectionChanged) if e.channel is Channel.TRADING]
    assert changes == [True, False, True]
    assert bench.gateway.health()[0].ready
    bench.gateway.query(ACCOUNT, answers.append)
    bench.run()
    assert len(answers) == 1


def test_market_data_go_on_where_the_trading_line_cannot_be_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path)
    bench.connect()

    def fail() -> Port:
        raise LibraryError("gone")

    monkeypatch.setattr(bench.gateway._td, "_open_port", fail)
    with pytest.raises(LibraryError):
        bench.gateway.renew("a test")
    assert list(bench.loop.readers) == [bench.md.fileno()]
    assert bench.gateway.health()[0].state == "stopped"
    assert bench.gateway.health()[1].ready
