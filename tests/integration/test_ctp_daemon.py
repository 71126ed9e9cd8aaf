"""The daemon over CTP, end to end: ``homalos exchange`` beside it, every fault, kills and restarts.

What is held together in the end: trades, positions and account here, and the exchange's own books.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.ctp_pair import Pair
from tests.integration.daemon import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dropins")]

PACE = "30"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.kill()


def begin(pair: Pair) -> None:
    """Front and daemon at work."""
    pair.start_front("--speed", PACE)
    pair.start_daemon()
    pair.until_ready()
    pair.front.tell("go")
    pair.trade(20)


# ---------------------------------------------------------------- recorded days


def test_a_recorded_day_and_its_settlement(shared_data: Path, tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    for name in ("CZCE.AP010.20200803.csv.xz", "CZCE.AP101.20200803.csv.xz"):
        (days / name).symlink_to(shared_data / "ticks" / "ctp_full" / name)
    pair = Pair(tmp_path, ("CZCE.AP2010", "CZCE.AP2101"), every=20)
    try:
        pair.start_front("--replay", str(days), "--speed", "1500")
        pair.start_daemon("trading.unresolved_after_ms=600000")
        pair.until_ready()
        pair.front.tell("go")
        until(lambda: pair.front.tell("status")["time"] > "2020-08-03 14:40", 60, "the last hour")
        pair.front.tell("speed", speed=60)  # what waits for an answer waits in the market's time
        pair.quiesce()
        pair.compare()
        pair.front.tell("speed", speed="max")
        until(lambda: pair.front.tell("status")["market"] == "ended", 60, "the day's end")
        pair.compare()
        assert len(pair.books()["trades"]) > 100
        before = pair.books()["account"]
        assert pair.front.tell("settle") == {"trading_day": 20200804}
        until(lambda: pair.at_work.status()["trading_day"] == 20200804, 20, "the new day")
        pair.until_ready()
        pair.compare()
        after = pair.books()["account"]
        floating = after["balance"] - after["position_profit"]
        assert after["pre_balance"] == pytest.approx(floating, abs=0.005)
        assert after["deposit"] == 0 != before["deposit"]
        pair.stop()
    finally:
        pair.kill()


# ---------------------------------------------------------------- each fault once


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One pair for all faults: what one of them leaves behind is the next one's to bear."""
    made = Pair(tmp_path_factory.mktemp("faults"))
    try:
        made.start_front("--speed", PACE)
        made.start_daemon()
        made.until_ready()
        made.front.tell("go")
        yield made
        made.stop()
    finally:
        made.kill()


FAULTS: dict[str, dict[str, Any]] = {
    "cut before the order arrives": {"kind": "cut", "on": "ReqOrderInsert"},
    "cut after the order arrived": {"kind": "cut", "on": "ReqOrderInsert", "sent": True},
    "cut between order and trade": {"kind": "cut", "on": "OnRtnTrade"},
    "cut after the trade": {"kind": "cut", "on": "OnRtnTrade", "sent": True},
    "cut at an answer": {"kind": "cut", "on": "OnRspQryInvestorPosition"},
    "cut of market data": {"kind": "cut", "on": "OnRtnDepthMarketData", "k": 20},
    "order lost": {"kind": "lose", "on": "ReqOrderInsert"},
    "cancel lost": {"kind": "lose", "on": "ReqOrderAction"},
    "order state lost": {"kind": "lose", "on": "OnRtnOrder", "k": 2, "times": 3},
    "trade lost": {"kind": "lose", "on": "OnRtnTrade"},
    "answer lost": {"kind": "lose", "on": "OnRspQryTradingAccount"},
    "order delayed": {"kind": "delay", "on": "ReqOrderInsert", "ms": 500},
    "trade delayed": {"kind": "delay", "on": "OnRtnTrade", "ms": 500},
    "twice": {"kind": "duplicate", "on": "OnRtnTrade", "times": 3},
    "states twice": {"kind": "duplicate", "on": "OnRtnOrder", "times": 6},
    "order of states changed": {"kind": "reorder", "on": "OnRtnOrder", "times": 4},
    "trade before its state": {"kind": "reorder", "on": "OnRtnOrder", "k": 3},
    "order refused": {"kind": "reject", "code": 31, "times": 2},
    "cancel refused": {"kind": "reject", "on": "ReqOrderAction", "code": 26},
    "query busy": {"kind": "busy", "times": 3},
    "feed stalls": {"kind": "stall", "at": "+1", "ms": 700},
    "core restart": {"kind": "clear_flows", "at": "+1"},
    "junk tick": {"kind": "tick", "at": "+1", "fields": {"UpdateTime": "99:99:99"}},
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault(working: Pair, name: str) -> None:
    resume(working)
    spec = dict(FAULTS[name])
    if spec["kind"] == "tick":
        spec["instrument"] = working.contracts[0]
    number = working.front.fault(**spec)
    until(lambda: working.front.struck(number) >= spec.get("times", 1), 40, f"{name} strikes")
    settled(working)


LOGINS: dict[str, dict[str, Any]] = {
    "not initialised": {"kind": "not_ready", "code": 7},
    "front not active": {"kind": "not_ready", "code": 8},
    "too many sessions": {"kind": "refuse_login", "code": 60},
    "login without an answer": {"kind": "lose", "on": "OnRspUserLogin"},
    "cut at the login": {"kind": "cut", "on": "OnRspUserLogin"},
    "settlement unanswered": {"kind": "lose", "on": "OnRspQrySettlementInfoConfirm"},
    "positions busy": {"kind": "busy", "on": "ReqQryInvestorPosition", "times": 2},
}


@pytest.mark.parametrize("name", LOGINS)
def test_each_fault_of_a_login(working: Pair, name: str) -> None:
    resume(working)
    number = working.front.fault(**LOGINS[name], line="td")
    assert working.front.tell("cut", user="sim", line="td") == 1
    wanted = LOGINS[name].get("times", 1)
    until(lambda: working.front.struck(number) >= wanted, 30, f"{name} strikes")
    settled(working)


def test_orders_of_another_program(working: Pair) -> None:
    """The venue's word is taken between two trades of ours: there must be a pause."""
    resume(working)
    working.act("stop")
    name = working.contracts[1]
    working.front.tell("foreign-order", instrument=name, side="buy", lots=4)
    resting = working.front.tell(
        "foreign-order", instrument=name, side="buy", lots=1, price=limit(working, name)
    )
    until(lambda: resting_here(working), 10, "it is known here")
    working.front.tell("cancel-foreign", account="sim", order=resting)
    working.act("start")
    settled(working)


def orders(pair: Pair) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pair.at_work.ask("/api/v1/orders?limit=200")
    return rows


def resting_here(pair: Pair) -> bool:
    """An order of nobody's."""
    return any(
        row["strategy"] == "unattributed" and row["status"] == "accepted" for row in orders(pair)
    )


def limit(pair: Pair, name: str) -> float:
    """Far below the market."""
    last = "SELECT lower_limit FROM ticks WHERE instrument = ? ORDER BY seq DESC LIMIT 1"
    ((price,),) = until(lambda: pair.at_work.rows(last, name), 10, "a tick in the database")
    return float(price)


def test_a_forced_close(working: Pair) -> None:
    resume(working)
    name = working.contracts[2]
    working.front.tell("foreign-order", instrument=name, side="sell", lots=3)
    working.front.tell("force-close", instrument=name, direction="short", lots=2)
    settled(working)


def resume(pair: Pair) -> None:
    """The market runs, strategies trade."""
    pair.front.tell("fault", action="clear")
    pair.front.tell("speed", speed=float(PACE))
    pair.until_ready()
    pair.act("start")
    pair.trade(3)


def settled(pair: Pair) -> None:
    """It trades on, and in the end both sides have the same books."""
    pair.until_ready()
    pair.trade(3)
    pair.quiesce()
    pair.compare()


def test_a_position_that_changes_behind_our_back_halts(pair: Pair) -> None:
    """No trade explains it: nothing leaves until a person has looked."""
    begin(pair)
    name = pair.contracts[0]
    pair.front.tell("position", instrument=name, direction="long", lots=2)
    until(lambda: pair.at_work.status()["trading_state"] == "halted", 40, "HALTED")
    why = pair.at_work.status()["trading_state_why"]
    assert name in why
    assert "venue" in why
    sent, denied = len(pair.books()["orders"]), denials(pair)
    until(lambda: denials(pair) > denied + 5, 20, "orders denied")
    assert len(pair.books()["orders"]) == sent
    pair.stop()


def denials(pair: Pair) -> int:
    return sum(pair.at_work.ask("/api/v1/system/statistics")["risk_denied"].values())


# ---------------------------------------------------------------- kills and restarts


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_daemon_starts_again(pair: Pair, how: signal.Signals) -> None:
    begin(pair)
    if how is signal.SIGKILL:
        pair.at_work.kill()
    else:
        assert pair.at_work.stop() == 0
    pair.front.tell("foreign-order", instrument=pair.contracts[0], side="buy", lots=1)
    pair.start_daemon()
    pair.until_ready()
    pair.trade(20)
    pair.quiesce()
    pair.compare()
    refs = [int(row["id"].rpartition(":")[2]) for row in pair.books()["orders"]
            if row["id"].count(":") == 2]  # fmt: skip
    assert len(refs) == len(set(refs)), "no OrderRef twice"
    pair.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_front_starts_again(pair: Pair, how: signal.Signals) -> None:
    begin(pair)
    if how is signal.SIGKILL:
        pair.front.kill()
    else:
        assert pair.front.stop() == 0
    until(lambda: not pair.at_work.status()["td_connected"], 20, "the line is down")
    pair.restart_front("--speed", PACE)
    pair.until_ready()
    if pair.at_work.status()["trading_state"] != "active":
        pair.arm()
    pair.trade(20)
    pair.quiesce()
    pair.compare()
    pair.stop()


# ---------------------------------------------------------------- other ways to run


def test_paper_trading_on_live_quotes(pair: Pair) -> None:
    pair.start_front("--speed", PACE)
    daemon = pair.start_daemon("gateway.td=sim")
    pair.front.tell("go")
    until(lambda: daemon.status()["trading_state"] == "active", 20, "ACTIVE")
    until(lambda: daemon.trades_so_far() > 20, 40, "trades")
    assert pair.books()["orders"] == [], "nothing has left"
    status = daemon.status()
    assert (status["gateway"], status["simulated"]) == ("paper", True)
    assert "PAPER" in daemon.out()
    sent = {row["user"] for row in pair.front.tell("status")["sessions"] if row["line"] == "td"}
    assert sent == set(), "the trading line is not even connected"
    pair.stop()


def test_shadow_sends_nothing_and_lists_what_it_would_have(pair: Pair) -> None:
    pair.start_front("--speed", PACE)
    daemon = pair.start_daemon("ctp.shadow=true")
    pair.until_ready()
    pair.front.tell("go")
    listed = daemon.data / "gateway" / "ctp-shadow.jsonl"
    until(lambda: listed.exists() and len(listed.read_text().splitlines()) > 5, 40, "entries")
    entry = json.loads(listed.read_text().splitlines()[0])
    assert entry["action"] == "insert"
    assert f"{entry['exchange']}.{entry['symbol']}" in (*pair.contracts, "CZCE.TA705")
    name = pair.contracts[1]
    pair.front.tell("foreign-order", instrument=name, side="buy", lots=4)
    until(
        lambda: any(r["instrument"] == name and r["today_lots"] == 4
                    for r in daemon.ask("/api/v1/positions")),
        15, "the account is followed",
    )  # fmt: skip
    assert [row["lots"] for row in pair.books()["orders"]] == [4], "only the other program's"
    assert "SHADOW" in daemon.out()
    pair.stop()
