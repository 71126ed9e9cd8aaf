"""A person at work on the running daemon: strategies, edits, limits, the kill switch, tokens."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.daemon import Daemon, Refused, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for the tests that leave it as they found it."""
    made = Daemon(tmp_path_factory.mktemp("operator"))
    try:
        made.start("--speed", "20")
        yield made
        assert made.stop() == 0
    finally:
        made.kill()


def audited(daemon: Daemon, *words: str) -> bool:
    """Whether one line of the audit trail holds all these words."""
    lines = (" ".join(map(str, row)) for row in daemon.rows("SELECT * FROM audit"))
    return any(all(word in line for word in words) for line in lines)


def alerted(daemon: Daemon, *words: str) -> bool:
    return any(all(w in a["text"] for w in words) for a in daemon.ask("/api/v1/alerts?limit=200"))


def working(daemon: Daemon) -> list[dict[str, Any]]:
    live = ("submitted", "accepted", "partially_filled", "unresolved")
    return [o for o in daemon.ask("/api/v1/orders?limit=200") if o["status"] in live]


def act(daemon: Daemon, name: str, action: str, body: dict[str, Any] | None = None) -> None:
    daemon.ask(f"/api/v1/strategies/{name}/{action}", body or {})


def state(daemon: Daemon, name: str, wanted: str) -> None:
    until(lambda: daemon.strategy(name).get("state") == wanted, 10, f"{name} {wanted}")


# ---------------------------------------------------------------- strategies


def test_stop_and_start(running: Daemon) -> None:
    act(running, "churn-rb", "stop")
    state(running, "churn-rb", "stopped")
    until(lambda: not [o for o in working(running) if o["strategy"] == "churn-rb"], 5, "no orders")
    before = running.strategy("churn-rb")
    time.sleep(0.4)
    after = running.strategy("churn-rb")
    assert (after["orders"], after["ticks"]) == (before["orders"], before["ticks"])
    act(running, "churn-rb", "start")
    until(lambda: running.strategy("churn-rb")["orders"] > before["orders"], 10, "orders again")
    until(lambda: audited(running, "cli", "strategy stop", "churn-rb"), 5, "the audit's line")


def test_parameters_change_while_it_runs(running: Daemon) -> None:
    act(running, "churn-m", "set", {"parameters": {"lots": 3}})
    until(
        lambda: any(
            o["strategy"] == "churn-m" and o["lots"] == 3
            for o in running.ask("/api/v1/orders?limit=50")
        ),
        10,
        "an order of three lots",
    )
    parameters = {p["name"]: p for p in running.strategy("churn-m")["parameters"]}
    assert parameters["lots"]["value"] == 3
    act(running, "churn-m", "set", {"parameters": {"lots": 0, "nonsense": 1}})
    until(lambda: alerted(running, "parameters not changed"), 5, "the refusal")
    act(running, "churn-m", "set", {"parameters": {"lots": 2}})


def test_load_and_unload(running: Daemon) -> None:
    entry = {"id": "extra", "file": "watch.py", "instruments": ["DCE.m"], "params": {"width": 5}}
    running.ask("/api/v1/strategies", {"id": "extra", "entry": entry})
    state(running, "extra", "loaded")
    act(running, "extra", "start")
    until(lambda: running.strategy("extra")["ticks"] > 3, 10, "ticks")
    with pytest.raises(Refused) as refused:
        running.ask("/api/v1/strategies", {"id": "extra", "entry": entry})
    assert (refused.value.status, refused.value.code) == (409, "strategy_exists")
    act(running, "extra", "unload")
    until(lambda: not running.strategy("extra"), 5, "it is gone")
    with pytest.raises(Refused) as refused:
        act(running, "extra", "start")
    assert refused.value.status == 404


def test_an_edited_file_is_taken_over_and_the_others_miss_nothing(running: Daemon) -> None:
    path = running.strategies / "churn.py"
    text = path.read_text()
    seen = running.strategy("watch-rb")["ticks"]
    path.write_text(text.replace("beat == 2", "beat == 5"))
    until(lambda: "reloaded" in running.strategy("churn-rb")["why"], 10, "the reload")
    path.write_text("def broken(:\n")
    until(lambda: alerted(running, "not reloaded"), 10, "the refusal")
    assert running.strategy("churn-rb")["state"] == "running"
    path.write_text(text)
    until(lambda: audited(running, "file", "reloaded"), 10, "the audit's line")
    first = running.rows("SELECT min(ts_event) FROM ticks WHERE instrument LIKE 'SHFE.rb%'")
    assert first != [(None,)]
    until(lambda: running.strategy("watch-rb")["ticks"] > seen + 20, 15, "ticks")
    missed = until(lambda: _missed(running), 10, "a moment without rows on their way")
    assert missed == "none"


def _missed(daemon: Daemon) -> str | None:
    """Ticks stored of rb against those that the watching strategy saw, in one still moment."""
    before = daemon.strategy("watch-rb")["ticks"]
    stored = int(daemon.rows("SELECT count(*) FROM ticks WHERE instrument LIKE 'SHFE.rb%'")[0][0])
    after = daemon.strategy("watch-rb")["ticks"]
    return "none" if before <= stored <= after or before == stored else None


# ---------------------------------------------------------------- settings


def test_a_limit_holds_as_soon_as_it_is_saved(running: Daemon) -> None:
    wide = (running.config / "risk.yaml").read_text()
    running.risk(wide + "max_order_lots: 1\n")
    until(
        lambda: any(o["status"] == "denied" for o in running.ask("/api/v1/orders?limit=200")),
        15,
        "a denial",
    )
    until(lambda: audited(running, "order_size") and audited(running, "max_order_lots", "applied"),
          5, "the audit's lines")  # fmt: skip
    running.risk(wide + "max_order_lots: none at all\n")
    until(lambda: alerted(running, "Config refused", "max_order_lots"), 10, "the alert")
    denied = _denied(running)
    until(lambda: _denied(running) > denied, 10, "the old limit still holds")
    running.risk(wide)
    until(lambda: audited(running, "1 -> 100", "max_order_lots"), 10, "the limit lifted")


def _denied(daemon: Daemon) -> int:
    counts = daemon.ask("/api/v1/system/statistics")["risk_denied"]
    return sum(counts.values())


# ---------------------------------------------------------------- who may


def test_only_healthz_is_open(running: Daemon) -> None:
    assert running.ask("/healthz", token="") == {"status": "ok"}
    for path in ("system/status", "account", "orders", "strategies", "openapi.json"):
        with pytest.raises(Refused) as refused:
            running.ask(f"/api/v1/{path}", token="")
        assert refused.value.status == 401
    with pytest.raises(Refused) as refused:
        running.ask("/api/v1/account", token="guess")
    assert refused.value.code == "bad_token"
    with pytest.raises(Refused) as refused:
        running.ask("/api/v1/risk/kill", {"reason": "x"}, headers={"Origin": "http://evil.example"})
    assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        running.ask("/healthz", headers={"Host": "evil.example"})
    assert refused.value.status == 421


def test_named_tokens(running: Daemon) -> None:
    code, token, _ = running.say("token", "create", "watcher")
    assert code == 0
    assert running.ask("/api/v1/account", token=token.strip())["id"] == "sim"
    assert running.say("token", "list")[1].split() == ["watcher"]
    assert running.say("token", "revoke", "watcher")[0] == 0
    with pytest.raises(Refused):
        running.ask("/api/v1/account", token=token.strip())


def test_services_tell_how_they_are(running: Daemon) -> None:
    rows = {row["name"]: row for row in running.ask("/api/v1/system/services")}
    assert {"journal", "store", "core", "market", "config", "console"} <= rows.keys()
    assert all(row["healthy"] and row["uptime_s"] >= 0 for row in rows.values())
    until(
        lambda: running.ask("/api/v1/system/services")[0]["heartbeat_age_s"] < 3, 5, "a heartbeat"
    )
    paths = running.ask("/api/v1/openapi.json")["paths"]
    assert "/api/v1/strategies" in paths


def test_the_command_line_gives_a_new_link(running: Daemon) -> None:
    code, link, _ = running.say("login")
    assert code == 0
    assert link.startswith(f"http://127.0.0.1:{running.port}/#t=")
    token = link.strip().partition("#t=")[2]
    origin = {"Origin": f"http://127.0.0.1:{running.port}"}
    path = "/api/v1/auth/exchange"
    assert running.ask(path, {"token": token}, token="", headers=origin) == {"ok": True}
    with pytest.raises(Refused) as refused:
        running.ask(path, {"token": token}, token="", headers=origin)
    assert refused.value.code == "link_spent"


# ---------------------------------------------------------------- the kill switch


def kill_by_http(daemon: Daemon) -> None:
    daemon.ask("/api/v1/risk/kill", {"reason": "a test"})


def kill_by_command(daemon: Daemon) -> None:
    assert daemon.say("kill", "--reason", "a test")[0] == 0


def kill_by_file(daemon: Daemon) -> None:
    (daemon.data / "KILL").write_text("a test")


@pytest.mark.parametrize("switch", [kill_by_http, kill_by_command, kill_by_file])
def test_the_kill_switch_holds_over_a_restart(daemon: Daemon, switch: Any) -> None:
    with (daemon.config / "strategies.yaml").open("a") as file:
        file.write("  - {id: rest-rb, file: rest.py, instruments: [SHFE.rb]}\n")
    daemon.start("--speed", "50")
    until(lambda: any(o["strategy"] == "rest-rb" for o in working(daemon)), 15, "a resting order")
    switch(daemon)
    until(lambda: daemon.status()["trading_state"] == "halted", 5, "HALTED")
    assert daemon.status()["trading_state_why"] == "a test"
    until(lambda: not working(daemon), 5, "no working order")
    until(lambda: daemon.ask("/api/v1/orders?limit=1")[0]["status"] == "denied", 10, "a denial")
    fills = daemon.trades_so_far()
    time.sleep(0.4)
    assert daemon.trades_so_far() == fills
    assert not (daemon.data / "KILL").exists()
    if switch is kill_by_http:
        daemon.kill()
    else:
        assert daemon.stop() == 0
    daemon.start("--speed", "50")
    until(lambda: daemon.strategy("watch-rb")["ticks"] > 30, 10, "the market")
    status = daemon.status()
    assert (status["trading_state"], status["trading_state_why"]) == ("halted", "a test")
    assert daemon.count("trades") == fills
    daemon.ask("/api/v1/risk/state", {"state": "active", "reason": "a person's word"})
    until(lambda: daemon.status()["trading_state"] == "active", 5, "ACTIVE")
    until(lambda: daemon.count("trades") > fills, 10, "a trade")
    assert daemon.stop() == 0
    assert audited(daemon, "state", "halted -> active", "a person's word")


def test_a_kill_file_without_a_daemon_halts_the_next_start(daemon: Daemon) -> None:
    daemon.data.mkdir()
    assert daemon.say("kill", "--reason", "overnight")[0] == 0
    daemon.start("--speed", "max")
    until(lambda: daemon.strategy("watch-rb")["ticks"] > 1000, 10, "the market")
    assert daemon.status()["trading_state_why"] == "overnight"
    assert daemon.stop() == 0
    assert daemon.count("trades") == 0, "nothing traded before the file was seen"


def test_reducing_opens_nothing(daemon: Daemon) -> None:
    daemon.start("--speed", "50")
    until(lambda: daemon.trades_so_far() > 4, 15, "trades")
    daemon.ask("/api/v1/risk/state", {"state": "reducing", "reason": "lunch"})
    until(lambda: daemon.status()["trading_state"] == "reducing", 5, "REDUCING")
    until(lambda: audited(daemon, "denial", "trading_state"), 10, "a denied entry")
    with pytest.raises(Refused) as refused:
        daemon.ask("/api/v1/risk/state", {"state": "reckless", "reason": "x"})
    assert refused.value.status == 422
    assert daemon.stop() == 0
