"""Risk limits and rules of a running daemon: edits hold at once, and every version is kept."""

import json

import pytest
from tests.integration.daemon import Daemon, until

NEVER = """
from homalos.trading.risk.user import UserRule

class Never(UserRule):
    def check(self, order, facts):
        return f"no {facts.product} today"
"""


def _denied(daemon: Daemon, rule: str) -> int:
    counts = daemon.ask("/api/v1/system/statistics")["risk_denied"]
    return int(counts.get(rule, 0))


def _versions(daemon: Daemon) -> list[dict[str, object]]:
    paths = sorted((daemon.data / "risk-versions").glob("*.json"))
    return [json.loads(path.read_bytes()) for path in paths]


def _alerted(daemon: Daemon, text: str) -> bool:
    return any(text in row["text"] for row in daemon.ask("/api/v1/alerts?limit=200"))


def test_a_rule_file_holds_when_it_is_saved_and_each_version_is_kept(daemon: Daemon) -> None:
    rules = daemon.root / "risk_rules"
    rules.mkdir()
    daemon.start("--speed", "20")
    until(lambda: daemon.trades_so_far() > 5, 20, "trades")
    (rules / "never.py").write_text(NEVER)
    until(lambda: _denied(daemon, "user.never") > 0, 15, "the rule's denial")
    (rules / "never.py").write_text("def broken(:\n")
    until(lambda: _alerted(daemon, "never.py:1: "), 15, "the refusal")
    before = _denied(daemon, "user.never")
    until(lambda: _denied(daemon, "user.never") > before, 15, "the old rule holds on")
    daemon.risk((daemon.config / "risk.yaml").read_text() + "max_order_lots: 7\n")
    until(lambda: len(_versions(daemon)) == 3, 15, "three versions: a refused edit is none")
    (rules / "never.py").unlink()
    until(lambda: _versions(daemon)[-1]["user_rules"] == {}, 15, "the rule gone")
    quiet = _denied(daemon, "user.never")
    seen = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > seen + 5, 20, "trades again")
    assert _denied(daemon, "user.never") == quiet
    versions = _versions(daemon)
    assert [row["version"] for row in versions] == list(range(1, len(versions) + 1))
    assert versions[0]["why"] == "start"
    assert versions[1]["user_rules"] == {"user.never": NEVER}
    limit = [row for row in versions if row["why"] == "edit of risk.yaml"]
    assert limit[0]["changes"] == [["risk.max_order_lots", "100", "7"]]
    assert daemon.stop() == 0


@pytest.mark.fires("daily_opens")
def test_daily_opens_hold_from_the_edit_on_and_after_a_restart(daemon: Daemon) -> None:
    daemon.start("--speed", "20")
    until(lambda: daemon.trades_so_far() > 5, 20, "trades")
    shipped = (daemon.config / "risk.yaml").read_text()
    daemon.risk(shipped + "max_day_opens: 1\n")
    until(lambda: _denied(daemon, "daily_opens") > 3, 15, "the rule's denials")
    daemon.kill()
    daemon.start("--speed", "20")
    until(lambda: _denied(daemon, "daily_opens") > 3, 15, "denials after the restart")
    daemon.risk(shipped)
    seen = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > seen + 5, 20, "trades again")
    code, out, _ = daemon.say("breaker")
    assert (code, "none is open" in out) == (0, True)
    code, _, err = daemon.say("breaker", "--close", "churn-rb")
    assert (code, "is not open" in err) == (1, True)
    assert daemon.stop() == 0
