"""The real daemon on the generated market as contracts come and go."""

from pathlib import Path

from tests.generators.kept import keep_market
from tests.integration.daemon import Daemon, until

from homalos.config.loader import load
from homalos.model.times import HOUR, MINUTE, china_midnight

THURSDAY, FRIDAY, MONDAY = 20260716, 20260717, 20260720
OLD, NEW = "CFFEX.IF2607", "CFFEX.IF2608"
INDEX = ("exchange.generator_products=[CFFEX.IF]", "exchange.generator_volatility=0.3",
         "exchange.opening_cash=10000000")  # fmt: skip
ENTRIES = f"""strategies:
  - {{id: main, file: hold.py, instruments: [CFFEX.IF], params: {{lots: 1}}}}
  - {{id: named, file: hold.py, instruments: [{OLD}], params: {{lots: 1}}}}
"""


def stands(daemon: Daemon, day: int) -> None:
    """Its market stands some minutes before the close of ``day``."""
    (daemon.config / "strategies.yaml").write_text(ENTRIES)
    config = load(Path(daemon.config), overrides=INDEX, environ={}).config
    keep_market(config, daemon.data, THURSDAY, china_midnight(day) + 14 * HOUR + 56 * MINUTE)


def day(daemon: Daemon) -> int:
    return int(daemon.status()["trading_day"])


def test_the_next_contract_is_stored_and_the_next_start_takes_it(daemon: Daemon) -> None:
    stands(daemon, THURSDAY)
    daemon.start("--speed", "max", sets=INDEX)
    assert daemon.strategy("main")["instruments"] == [OLD]
    count = f"SELECT count(*) FROM ticks WHERE instrument = '{NEW}'"
    until(lambda: day(daemon) == FRIDAY and daemon.rows(count) > [(50,)], 30, "ticks of the next")
    assert daemon.strategy("main")["instruments"] == [OLD]
    assert daemon.stop() == 0
    daemon.start("--speed", "1", sets=INDEX)
    assert daemon.strategy("named")["instruments"] == [OLD]
    held = daemon.ask("/api/v1/positions")
    wanted = [OLD] if any(row["instrument"] == OLD for row in held) else [NEW]
    assert daemon.strategy("main")["instruments"] == wanted, "what it holds, else the main one"
    assert daemon.stop() == 0


def test_an_expiry_halts_nothing(daemon: Daemon) -> None:
    stands(daemon, FRIDAY)
    daemon.start("--speed", "20", sets=INDEX)
    until(lambda: daemon.strategy("named")["trades"], 15, "a trade")
    assert OLD in [row["instrument"] for row in daemon.ask("/api/v1/positions")]
    daemon.kill()
    daemon.start("--speed", "200", sets=INDEX)
    until(lambda: day(daemon) == MONDAY, 30, "the new day")
    until(lambda: OLD not in [r["instrument"] for r in daemon.ask("/api/v1/positions")], 10)
    assert daemon.status()["trading_state"] == "active"
    assert daemon.strategy("named")["state"] == "running"
    told = [row["text"] for row in daemon.ask("/api/v1/alerts?limit=200")]
    assert any(f"{OLD} has expired: " in text for text in told), told
    assert any(f"named goes on with {OLD}" in text for text in told), told
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err
    daemon.start("--speed", "1", sets=INDEX)
    assert daemon.status()["trading_state"] == "active"
    assert daemon.strategy("named")["state"] == "loaded", "it waits for a contract that is no more"
    assert daemon.strategy("main")["instruments"] == [NEW]
    assert daemon.stop() == 0
