"""Conditional orders in the real daemon: over kill -9, a quarantine, the page's API."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.daemon import Daemon, Refused, until
from tests.integration.test_daemon_recovery import STILL, check_books, exchange_account

from homalos.exchange.state import AccountState
from homalos.model.conditional import LOCAL
from homalos.model.enums import Offset

ROW = "  - {{id: guarded, file: guarded.py, instruments: [SHFE.rb], params: {{{}}}}}\n"


def row(daemon: Daemon, **values: bool) -> None:
    """strategies.yaml: the one strategy with these parameters."""
    pairs = ", ".join(f"{name}: {str(value).lower()}" for name, value in values.items())
    (daemon.config / "strategies.yaml").write_text("strategies:\n" + ROW.format(pairs))


def held(daemon: Daemon) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = daemon.ask("/api/v1/conditionals")
    return rows


def audit(daemon: Daemon) -> list[tuple[Any, ...]]:
    return daemon.rows("SELECT action, result FROM audit WHERE action LIKE 'conditional%'")


def lots(venue: AccountState, offset: Offset) -> int:
    closes = offset is not Offset.OPEN
    return sum(f.lots for f in venue.fills if (f.offset is not Offset.OPEN) is closes)


def test_kill_9_between_trigger_and_order(daemon: Daemon, tmp_path: Path) -> None:
    """The stop has fired, its order has not left: after the restart it leaves, once."""
    row(daemon, die=True)
    daemon.launch("--speed", "20")
    assert daemon.wait(30) == -9
    venue = exchange_account(daemon, tmp_path / "scratch")
    assert (lots(venue, Offset.OPEN), lots(venue, Offset.CLOSE)) == (2, 0)
    row(daemon, enter=False)
    daemon.start("--speed", "20")
    until(lambda: daemon.strategy("guarded")["trades"], 20, "the exit")
    until(lambda: not held(daemon), 10, "its end")
    alerts = [a["text"] for a in daemon.ask("/api/v1/alerts")]
    assert any("had not left before the restart" in text for text in alerts)
    daemon.kill()
    daemon.start(*STILL)
    until(lambda: daemon.status()["trading_state"] == "active", 10, "ACTIVE")
    venue = exchange_account(daemon, tmp_path / "scratch")
    assert (lots(venue, Offset.OPEN), lots(venue, Offset.CLOSE)) == (2, 2)
    assert held(daemon) == []
    check_books(daemon, venue)


def test_a_restart_keeps_what_is_held(daemon: Daemon) -> None:
    row(daemon, loose=True)
    daemon.start("--speed", "20")
    until(lambda: [o for o in held(daemon) if o["status"] == "armed"], 20, "a stop")
    until(lambda: ("conditional stop", LOCAL) in audit(daemon), 10, "its line in the audit trail")
    daemon.kill()
    row(daemon, enter=False)
    daemon.start("--speed", "20")
    (stop,) = until(lambda: held(daemon), 10, "the stop")
    assert (stop["status"], stop["lots"], stop["strategy"]) == ("armed", 2, "guarded")
    assert stop["local"] is True
    assert f"{stop['note_en']} / {stop['note_zh']}" == LOCAL
    with pytest.raises(Refused, match="404"):
        daemon.ask("/api/v1/conditionals/9-9/cancel", {})
    daemon.ask(f"/api/v1/conditionals/{stop['id']}/cancel", {})
    until(lambda: not held(daemon), 10, "the cancel")
    assert daemon.stop() == 0, "a clean stop leaves the position alone"
    assert any("cancelled by" in result for _, result in audit(daemon))


def test_a_clean_stop_keeps_what_is_held(daemon: Daemon) -> None:
    row(daemon, loose=True)
    daemon.start("--speed", "20")
    until(lambda: [o for o in held(daemon) if o["status"] == "armed"], 20, "a stop")
    assert daemon.stop() == 0
    row(daemon, enter=False)
    daemon.start(*STILL)
    assert [o["status"] for o in held(daemon)] == ["armed"]


def test_a_replay_of_the_journal_makes_every_step_again(daemon: Daemon) -> None:
    """Entry, fills, trigger, exit, its end: the same outcomes and the same hash."""
    row(daemon)
    daemon.start("--speed", "20")
    until(lambda: any("done" in result for _, result in audit(daemon)), 20, "the stop's end")
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err


def test_exits_outlive_the_quarantine_of_their_strategy(daemon: Daemon) -> None:
    row(daemon, loose=True, rogue=True)
    daemon.start("--speed", "20")
    until(lambda: daemon.strategy("guarded").get("state") == "quarantined", 20, "the quarantine")
    assert [o["status"] for o in held(daemon)] == ["armed"]
