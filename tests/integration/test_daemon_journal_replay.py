"""``homalos journal replay`` of runs of the real daemon: stopped, killed, meddled with."""

from tests.integration.daemon import Daemon, until


def replay(daemon: Daemon, *words: str) -> tuple[int, str, str]:
    return daemon.say("journal", "replay", "--strategies", str(daemon.strategies), *words)


def trade(daemon: Daemon, count: int) -> None:
    before = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > before + count, 30, "trades")


def test_a_stopped_run_comes_to_the_same_state_again(daemon: Daemon) -> None:
    daemon.start("--speed", "300")
    trade(daemon, 20)
    for state in ("reducing", "active"):
        daemon.ask("/api/v1/risk/state", {"state": state, "reason": "test"})
    daemon.ask("/api/v1/strategies/churn-m/stop", {})
    daemon.ask("/api/v1/reconciliation/ask", {})
    trade(daemon, 10)
    assert daemon.stop() == 0
    code, out, err = replay(daemon)
    assert code == 0, out + err
    assert "the same state_hash as the run's own" in out
    assert "recovery comes to the same orders and books" in out


def test_killed_runs_and_the_one_after_them(daemon: Daemon) -> None:
    for _ in range(2):
        daemon.start("--speed", "300")
        trade(daemon, 15)
        daemon.kill()
    daemon.start("--speed", "300")
    trade(daemon, 5)
    assert daemon.stop() == 0
    for run in ("1", "2", "3"):
        code, out, err = replay(daemon, "--run", run)
        assert code == 0, out + err
        assert ("the run was killed" in out) is (run != "3")


def test_an_edited_strategy_is_refused_or_shows_where_it_differs(daemon: Daemon) -> None:
    daemon.start("--speed", "300")
    trade(daemon, 15)
    assert daemon.stop() == 0
    path = daemon.strategies / "churn.py"
    path.write_text(path.read_text().replace("beat == 0", "beat == 1"))
    code, _, err = replay(daemon)
    assert code == 2
    assert "strategies/churn.py has changed" in err
    code, out, _ = replay(daemon, "--anyway")
    assert code == 1
    assert "FIRST DIFFERENCE" in out
