"""Closing positions on the real daemon: by command line, by file, by API, and over kill -9."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import Daemon, Refused, until

from homalos.kernel import journal
from homalos.model.events import OrderSubmitted, TradeReported

ENTRIES = """strategies:
  - {id: hold-rb, file: hold.py, instruments: [SHFE.rb], params: {lots: 40}}
  - {id: hold-m, file: hold.py, instruments: [DCE.m], params: {lots: 7}}
"""
STILL = ("--speed", "1")
SLOW = "max_order_lots: 1\nmax_identical_orders: 4\nidentical_window_ms: 4000\n"
"""Lot by lot, and the rule of likeness makes a flatten wait: some seconds at this pace."""


def held(daemon: Daemon) -> dict[str, int]:
    return {
        p["instrument"].rstrip("0123456789"): p["today_lots"] + p["yesterday_lots"]
        for p in daemon.ask("/api/v1/positions")
    }


def working(daemon: Daemon) -> list[dict[str, Any]]:
    live = ("submitted", "accepted", "partially_filled", "unresolved")
    return [o for o in daemon.ask("/api/v1/orders?limit=200") if o["status"] in live]


def jobs(daemon: Daemon) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = daemon.status()["flatten"]
    return rows


def flat(daemon: Daemon) -> bool:
    return [job["stage"] for job in jobs(daemon)] == ["flat"]


def fill_up(daemon: Daemon, *words: str) -> None:
    daemon.start(*words)
    until(lambda: held(daemon) == {"SHFE.rb": 40, "DCE.m": 7}, 20, "both hold")
    until(lambda: len(working(daemon)) == 2, 10, "both rest")


@pytest.fixture
def daemon(tmp_path: Path) -> Any:
    made = Daemon(tmp_path, ENTRIES)
    yield made
    made.kill()


def closed_by_flattens(daemon: Daemon) -> int:
    """Lots that closes took, by the journal's fills: of everything that was ever sent."""
    return sum(
        event.lots
        for record in journal.read(daemon.data / "journal")
        if b"TradeReported" in record.payload[:20]
        and isinstance(event := record.event(), TradeReported)
        and event.offset.value != "open"
    )


def test_one_strategy_then_the_whole_account(daemon: Daemon) -> None:
    fill_up(daemon, "--speed", "20")
    code, out, err = daemon.say("kill", "--scope", "strategy", "--strategy", "hold-m")
    assert (code, err) == (0, "")
    assert "lots to close" in out
    until(lambda: flat(daemon), 10, "flat")
    assert held(daemon) == {"SHFE.rb": 40}
    status = daemon.status()
    assert status["trading_state"] == "active"
    assert daemon.strategy("hold-m")["state"] == "stopped"
    assert [o["strategy"] for o in working(daemon)] == ["hold-rb"]
    with pytest.raises(Refused):
        daemon.ask("/api/v1/risk/kill", {"reason": "x", "scope": "strategy", "strategy": "nobody"})
    assert daemon.say("kill", "--scope", "strategy")[0] == 2
    assert daemon.say("kill", "--scope", "strategy", "--strategy", "nobody")[0] == 2
    assert not (daemon.data / "KILL").exists()
    (daemon.data / "KILL").write_text("scope: account\nby file\n")
    until(lambda: "flat" in [j["stage"] for j in jobs(daemon) if j["scope"] == "account"], 15,
          "flat")  # fmt: skip
    status = daemon.status()
    assert (status["trading_state"], status["trading_state_why"]) == ("halted", "by file")
    assert held(daemon) == {}
    assert working(daemon) == []
    body = {"state": "active", "reason": "again"}
    daemon.ask("/api/v1/risk/state", body)
    until(lambda: [j["scope"] for j in jobs(daemon)] == ["strategy"], 5, "the account's is over")
    daemon.ask("/api/v1/strategies/hold-m/start", {})
    until(lambda: not jobs(daemon), 5, "a start lifts the strategy's")
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err


def test_kill_9_in_the_middle_goes_on_and_closes_no_lot_twice(daemon: Daemon) -> None:
    fill_up(daemon, "--speed", "20")
    usual = (daemon.config / "risk.yaml").read_text()
    daemon.risk(usual.replace("max_identical_orders: 0\n", "") + SLOW)
    until(lambda: "100 -> 1" in str(daemon.rows("SELECT * FROM audit")), 10, "small orders")
    middle: list[int] = []
    for _ in range(3):
        if daemon.process is None:
            daemon.start("--speed", "20")
        else:
            daemon.ask("/api/v1/risk/kill", {"reason": "enough", "scope": "daemon"})
        time.sleep(0.5)
        daemon.kill()
        middle.append(closed_by_flattens(daemon))
    assert 0 < middle[0] < 47, "it died in the middle"
    daemon.start("--speed", "20")
    assert daemon.status()["trading_state"] == "halted"
    assert daemon.status()["trading_state_why"] == "enough"
    until(lambda: flat(daemon), 20, "flat")
    assert held(daemon) == {}
    assert working(daemon) == []
    assert closed_by_flattens(daemon) == 47
    assert not daemon.rows("SELECT * FROM orders WHERE status = 'rejected'")
    sent = [
        str(event.order.id)
        for record in journal.read(daemon.data / "journal")
        if b"OrderSubmitted" in record.payload[:20]
        and isinstance(event := record.event(), OrderSubmitted)
    ]
    assert len(sent) == len(set(sent)), "no order was sent twice"
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err
    daemon.start(*STILL)
    assert [job["stage"] for job in jobs(daemon)] == ["flat"]
    assert daemon.status()["trading_state"] == "halted"
    assert daemon.stop() == 0
