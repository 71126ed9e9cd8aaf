"""kill -9 at any moment: the next start knows everything and agrees with the exchange."""

import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import Daemon, until

from homalos.exchange.ledger import Ledger
from homalos.exchange.state import AccountState
from homalos.kernel import journal
from homalos.model.events import OrderSubmitted

STILL = ("--speed", "0.00001")
"""A market that does not move: what a start has made of the past can be looked at in peace."""


def crash(daemon: Daemon, speed: str, seconds: float) -> None:
    """Trade some, and for so long, then kill -9."""
    daemon.start("--speed", speed)
    before = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > before + 10, 20, "some trades")
    time.sleep(seconds)
    daemon.kill()


def exchange_account(daemon: Daemon, scratch: Path) -> AccountState:
    """What the exchange's own ledger says, read from a copy."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(daemon.data / "exchange", scratch)
    ledger = Ledger(scratch)
    try:
        return next(iter(ledger.read().accounts.values()))
    finally:
        ledger.close()


def intents(daemon: Daemon) -> dict[str, str]:
    """Every order that left, by id, with its strategy: from the journal."""
    found = {}
    for record in journal.read(daemon.data / "journal"):
        if b"OrderSubmitted" in record.payload[:20]:
            event = record.event()
            assert isinstance(event, OrderSubmitted)
            found[str(event.order.id)] = str(event.order.strategy)
    return found


def check_books(daemon: Daemon, venue: AccountState) -> None:
    """Positions, money and live orders are the exchange's; strategies' lots are the account's."""
    positions = {
        (p["instrument"], p["direction"]): p["today_lots"] + p["yesterday_lots"]
        for p in daemon.ask("/api/v1/positions")
    }
    held: Counter[tuple[str, str]] = Counter()
    for instrument, pair in venue.holdings.items():
        held[instrument, "long"] += pair.long.lots
        held[instrument, "short"] += pair.short.lots
    assert positions == {key: lots for key, lots in held.items() if lots}
    account = daemon.ask("/api/v1/account")
    assert account["fees"] == pytest.approx(venue.fees, abs=1e-6)
    assert account["closed_profit"] == pytest.approx(venue.closed_profit, abs=1e-6)
    assert account["pre_balance"] + account["deposit"] == venue.pre_balance + venue.deposit
    net = sum(long * (1 if side == "long" else -1) for (_, side), long in positions.items())
    assert sum(row["net_lots"] for row in daemon.ask("/api/v1/strategies")) == net


def check_store(daemon: Daemon, venue: AccountState) -> None:
    """Nothing that left or traded is missing in the database, and each is there once."""
    assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
    sent = intents(daemon)
    stored = dict(daemon.rows("SELECT id, strategy FROM orders WHERE status != 'denied'"))
    assert sent.items() <= stored.items(), f"missing: {sorted(sent.keys() - stored.keys())[:5]}"
    status = dict(daemon.rows("SELECT id, status FROM orders"))
    told = {str(id_): order.status.value for id_, order in venue.orders.items()}
    assert {id_: status.get(id_) for id_ in told} == told
    fills = Counter((str(f.trade_id), str(f.order_id), f.lots, f.fee) for f in venue.fills)
    day = venue.fills[-1].trading_day if venue.fills else 0
    rows = Counter(
        daemon.rows("SELECT id, order_id, lots, fee FROM trades WHERE trading_day = ?", day)
    )
    assert rows == fills
    owners = daemon.rows("SELECT count(*) FROM trades WHERE strategy NOT LIKE 'churn%'")
    assert owners == [(0,)], "every fill found its strategy"


def look(daemon: Daemon, scratch: Path, *, live: bool) -> None:
    """Start on the same folder, in a still market, and compare everything."""
    daemon.start(*STILL)
    until(lambda: daemon.status()["trading_state"] == "active", 10, "ACTIVE")
    states = {row["id"]: row["state"] for row in daemon.ask("/api/v1/strategies")}
    assert set(states.values()) == {"running"}, states
    venue = exchange_account(daemon, scratch)
    until(lambda: not daemon.status()["store_backlog"], 10, "the last row")
    time.sleep(0.3)
    results = daemon.rows("SELECT result FROM audit WHERE kind = 'reconciliation' ORDER BY seq")
    assert results[-1] == ("agreed",), results[-3:]
    check_books(daemon, venue)
    check_store(daemon, venue)
    if live:
        working = {o["id"] for o in daemon.ask("/api/v1/orders?limit=200") if _works(o)}
        assert working == {str(i) for i, o in venue.orders.items() if _works_there(o)}


def _works(order: dict[str, Any]) -> bool:
    return order["status"] in ("submitted", "accepted", "partially_filled", "unresolved")


def _works_there(order: Any) -> bool:
    return order.status.value in ("submitted", "accepted", "partially_filled")


@pytest.mark.parametrize(("seed", "speed"), [(1, "60"), (2, "600"), (3, "max")])
def test_kill_9_loses_nothing(daemon: Daemon, tmp_path: Path, seed: int, speed: str) -> None:
    chance = random.Random(seed)
    for _ in range(2 if speed == "max" else 1):
        crash(daemon, speed, chance.uniform(0.05, 2.0 if speed == "max" else 0.8))
        look(daemon, tmp_path / "scratch", live=True)
        daemon.kill()
    assert journal.verify(daemon.data / "journal").faults == ()
    daemon.start("--speed", speed)
    before = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > before, 20, "trading goes on")
    assert daemon.stop() == 0


def test_the_store_is_written_up_when_it_was_behind(daemon: Daemon, tmp_path: Path) -> None:
    """The database had taken nothing for the whole run (as if its disk had been away): the next
    start writes what the journal knows."""
    crash(daemon, "200", 0.3)
    connection = sqlite3.connect(daemon.data / "homalos.db")
    for table in ("orders", "order_events", "trades"):
        connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()
    look(daemon, tmp_path / "scratch", live=True)
    daemon.kill()
    look(daemon, tmp_path / "scratch", live=True)
    twice = daemon.rows(
        "SELECT order_id, event FROM order_events GROUP BY order_id, event, status, traded_lots"
        " HAVING count(*) > 1"
    )
    assert twice == [], "writing it up twice writes it once"


def test_a_crash_while_it_starts(daemon: Daemon, tmp_path: Path) -> None:
    def runs() -> int:
        return int(json.loads((daemon.data / "run.json").read_text())["run"])

    def later(before: int) -> bool:
        return runs() > before

    crash(daemon, "200", 0.2)
    for delay in (0.0, 0.2, 0.5):
        before = runs()
        daemon.launch("--speed", "200")
        until(partial(later, before), 30, "a run of its own")
        time.sleep(delay)
        daemon.kill()
    look(daemon, tmp_path / "scratch", live=False)
    assert runs() == 5
    assert daemon.stop() == 0


def last_segment(daemon: Daemon) -> tuple[Path, list[journal.JournalRecord]]:
    """The segment that was being written; behind it lies one that was only prepared."""
    for number, path in reversed(journal.segments(daemon.data / "journal")):
        if records := list(journal.read_segment(number, path)):
            return path, records
    raise AssertionError("an empty journal")


def forget_answers(daemon: Daemon) -> None:
    """The process died after the exchange had written its last fills and before the journal had
    them: what was sent is known, what came back is not."""
    path, records = last_segment(daemon)
    fills = [i for i, r in enumerate(records) if b"TradeReported" in r.payload[:20]]
    sent = [r for r in records[fills[-3] :] if b"OrderSubmitted" in r.payload[:20]]
    old = path.read_bytes()
    new = bytearray(old[: records[fills[-3]].offset])
    for record in sent:
        new += old[record.offset : record.offset + 33 + len(record.payload)]
    path.write_bytes(new + bytes(len(old) - len(new)))


def test_fills_that_the_journal_missed_are_booked_once(daemon: Daemon, tmp_path: Path) -> None:
    """The exchange has them: each is booked to its strategy, and not again by later starts."""
    crash(daemon, "200", 0.2)
    forget_answers(daemon)
    for _ in range(2):
        look(daemon, tmp_path / "scratch", live=True)
        lots = {r["id"]: r["net_lots"] for r in daemon.ask("/api/v1/strategies")}
        bought = daemon.rows(
            "SELECT strategy, sum(lots * iif(side = 'buy', 1, -1)) FROM trades GROUP BY 1"
        )
        assert dict(bought).items() <= lots.items(), "the book is the sum of the strategy's fills"
        daemon.kill()


def test_orders_that_the_journal_never_saw_are_taken_over(daemon: Daemon, tmp_path: Path) -> None:
    """A power cut took the unsynced tail: what the exchange has of it is ours, nobody's strategy,
    and the same after the next start."""
    crash(daemon, "200", 0.2)
    path, records = last_segment(daemon)
    sent = [r for r in records if b"OrderSubmitted" in r.payload[:20]]
    data = bytearray(path.read_bytes())
    cut = sent[-6].offset
    data[cut:] = bytes(len(data) - cut)
    data[cut : cut + 20] = b"\x11" * 20  # the beginning of a record that never got whole
    path.write_bytes(data)
    for _ in range(2):
        daemon.start(*STILL)
        until(lambda: daemon.status()["trading_state"] == "active", 10, "ACTIVE")
        venue = exchange_account(daemon, tmp_path / "scratch")
        until(lambda: not daemon.status()["store_backlog"], 10, "the last row")
        time.sleep(0.3)
        status = dict(daemon.rows("SELECT id, status FROM orders"))
        told = {str(id_): order.status.value for id_, order in venue.orders.items()}
        assert {id_: status.get(id_) for id_ in told} == told
        assert daemon.count("trades") == len(venue.fills)
        daemon.kill()


def test_damage_in_the_middle_is_told(daemon: Daemon) -> None:
    crash(daemon, "200", 0.2)
    path, records = last_segment(daemon)
    data = bytearray(path.read_bytes())
    data[records[len(records) // 2].offset + 30] ^= 0xFF
    path.write_bytes(data)
    code, _, err = daemon.say("run", "--port", "0", "--for", "1")
    assert code == 1
    assert path.name in err
    assert "Traceback" not in err


def test_a_clean_stop_and_a_new_start_go_on(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start("--speed", "300")
    until(lambda: daemon.trades_so_far() > 20, 20, "trades")
    assert daemon.stop() == 0
    market = daemon.rows("SELECT max(ts_event) FROM ticks")[0][0]
    look(daemon, tmp_path / "scratch", live=True)
    assert daemon.status()["now"] >= market, "the generated market goes on where it was"
    assert daemon.stop() == 0
    numbers = [id_ for (id_,) in daemon.rows("SELECT id FROM orders")]
    assert len(numbers) == len(set(numbers))
