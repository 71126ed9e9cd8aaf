"""The real daemon on the generated market: it trades, it stores, it stops when it is told to."""

import signal
import socket
import subprocess
import time
from collections import Counter

import pytest
from tests.integration.daemon import ROOT, Daemon, until

TABLES = ("ticks", "bars", "orders", "trades", "positions", "account", "audit", "instruments")


def traded(daemon: Daemon) -> bool:
    rows = daemon.ask("/api/v1/strategies")
    return any(r["trades"] for r in rows) and any(r["orders"] for r in rows)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_trades_stores_and_stops_at_a_signal(daemon: Daemon, number: signal.Signals) -> None:
    daemon.start("--speed", "100")
    until(lambda: traded(daemon), 15, "a trade")
    assert daemon.status()["trading_state"] == "active"
    assert daemon.status()["simulated"] is True
    until(lambda: daemon.status()["ticks"] > 800, 20, "some minutes of the market")
    assert daemon.ask("/api/v1/account")["balance"] > 0
    assert daemon.ask("/api/v1/trades")[0]["strategy"].startswith("churn")
    assert daemon.stop(number) == 0
    counts = {table: daemon.count(table) for table in TABLES}
    assert all(counts.values()), counts
    assert not (daemon.data / "console" / "cli.token").exists()


def test_the_shipped_settings_trade_within_15_s_at_any_hour(daemon: Daemon) -> None:
    shipped = (ROOT / "config" / "strategies.yaml").read_text()
    (daemon.config / "strategies.yaml").write_text(shipped)
    products = "SHFE.rb,SHFE.ag,DCE.i,DCE.m,CZCE.TA,CZCE.MA,CFFEX.IF,INE.sc"
    daemon.launch(
        sets=(f"exchange.generator_products=[{products}]", "exchange.generator_history_bars=600")
    )
    begin = time.monotonic()
    until(lambda: "Ctrl-C" in daemon.out(), 15, "the start")
    until(lambda: traded(daemon), 15 - (time.monotonic() - begin), "a trade")
    states = Counter(row["state"] for row in daemon.ask("/api/v1/strategies"))
    assert set(states) == {"running"}
    assert daemon.stop() == 0
    assert daemon.count("trades") > 0


def test_it_runs_for_so_many_seconds_and_without_a_page(daemon: Daemon) -> None:
    code, out, err = daemon.say("run", "--port", "0", "--for", "1.5", "--speed", "50")
    assert code == 0, err
    assert "#t=" not in out
    assert daemon.count("ticks") > 0
    assert not (daemon.data / "console").exists()


def test_a_stop_under_load_writes_the_last_row(daemon: Daemon) -> None:
    """As fast as possible; what the daemon counts and what the database holds is the same."""
    daemon.start("--speed", "max")
    until(lambda: daemon.trades_so_far() > 300, 30, "300 trades")
    # Halt the market, not the daemon: then what it tells is final.
    (daemon.config / "system.yaml").write_text("exchange: {speed: 0.001}\n")
    assert daemon.stop() == 0
    verdict = daemon.say("journal", "verify")
    assert verdict[0] == 0, verdict
    submitted = _journaled(daemon, "OrderSubmitted")
    reported = _journaled(daemon, "TradeReported")
    assert submitted == daemon.count("orders") > 100
    assert reported == daemon.count("trades") > 100
    ticks = _journaled(daemon, "Tick")
    assert ticks == daemon.count("ticks") > 1000
    open_orders = daemon.rows(
        "SELECT count(*) FROM orders WHERE status IN ('submitted', 'accepted', 'partially_filled')"
    )
    assert open_orders == [(0,)], "strategies cancel what they have working when they stop"


def _journaled(daemon: Daemon, name: str) -> int:
    from homalos.kernel import journal

    tag = name.encode()
    return sum(tag in record.payload[:20] for record in journal.read(daemon.data / "journal"))


def test_a_second_signal_forces_the_end(daemon: Daemon) -> None:
    daemon.start("--speed", "max")
    until(lambda: daemon.trades_so_far() > 0, 20, "a trade")
    process = daemon.process
    assert process is not None
    # Frozen while both signals arrive, so that the second one meets a daemon that has not stopped.
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    assert daemon.wait(10) in (128 + signal.SIGTERM, 128 + signal.SIGINT)


# ---------------------------------------------------------------- what is refused


def test_one_daemon_a_folder(daemon: Daemon) -> None:
    daemon.start()
    code, _, err = daemon.say("run", "--port", "0", "--for", "1")
    assert code == 1
    assert str(daemon.data) in err
    assert "Traceback" not in err
    code, _, err = daemon.say("import", "ticks", str(daemon.root), "--format", "l1-csv")
    assert code == 1
    assert "Traceback" not in err
    assert daemon.status()["trading_state"] == "active", "the first one goes on"
    assert daemon.stop() == 0


def test_a_taken_port_names_the_cure(daemon: Daemon) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", daemon.port))
        taken.listen()
        code, _, err = daemon.say("run", "--port", str(daemon.port), "--for", "1")
    assert code == 1
    assert "--port" in err
    assert str(daemon.port) in err
    assert "Traceback" not in err


def test_every_fault_of_the_config_is_told_at_once(daemon: Daemon) -> None:
    daemon.risk("max_order_lots: many\nno_such_rule: 1\n")
    (daemon.config / "system.yaml").write_text("exchange: {fill: sometimes}\n")
    code, out, err = daemon.say("run", "--port", "0", "--for", "1")
    assert code == 2
    for word in ("max_order_lots", "no_such_rule", "fill", "risk.yaml", "system.yaml"):
        assert word in err, word
    assert "Traceback" not in err
    assert not out
    assert not (daemon.data / "homalos.db").exists()


@pytest.mark.parametrize(
    ("source", "word"),
    [("nowhere.csv", "nowhere.csv"), ("store:tomorrow", "store:tomorrow"), ("store:20171113", "")],
)
def test_a_replay_of_nothing_is_wrong_usage(daemon: Daemon, source: str, word: str) -> None:
    code, _, err = daemon.say("run", "--port", "0", "--replay", source)
    assert code == 2, err
    assert "homalos:" in err
    assert word in err
    assert "Traceback" not in err


def test_a_broken_database_is_told(daemon: Daemon) -> None:
    daemon.data.mkdir()
    (daemon.data / "homalos.db").write_bytes(b"this is no database" * 1000)
    code, _, err = daemon.say("run", "--port", "0", "--for", "1")
    assert code == 1
    assert "homalos.db" in err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_does_not_stop_it(daemon: Daemon) -> None:
    """``homalos run | head`` and a closed terminal: the daemon still stops in order."""
    line = daemon.command("run", "--port", "0", "--for", "2", "--speed", "50")
    process = subprocess.Popen(
        line, cwd=daemon.root, env=daemon.environment(), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    process.wait(30)
    assert daemon.count("ticks") > 0
    assert daemon.rows("PRAGMA integrity_check") == [("ok",)]
