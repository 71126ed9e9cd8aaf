"""Near delivery in a running daemon: warned of once, over a kill -9 too; denied by a saved edit."""

from tests.generators.markets import market_tables
from tests.integration.daemon import Daemon, until

from homalos.config.sections.risk_rates import NO_RATES
from homalos.model.ids import InstrumentId

FAR = 60
"""The most trading days that the keys take."""


def limits(daemon: Daemon, **keys: object) -> None:
    rates = "".join(f"{name}: 0\n" for name in (*NO_RATES, "max_identical_orders"))
    daemon.risk(rates + "".join(f"{name}: {value}\n" for name, value in keys.items()))


def warnings(daemon: Daemon, id_: str) -> list[str]:
    rows = daemon.ask("/api/v1/alerts?limit=200")
    return [row["text"] for row in rows if row["text"].startswith(f"{id_}: ")]


def denied(daemon: Daemon) -> int:
    counts = daemon.ask("/api/v1/system/statistics")["risk_denied"]
    return int(counts.get("delivery_open", 0))


def early(day: int, id_: str) -> int:
    """So many trading days earlier than the exchange that its must-be-flat day is near."""
    products, sessions = market_tables()
    item = products.instrument(InstrumentId(id_), day)
    assert item is not None
    days = products.delivery.days(item, "person", 0, 0)
    assert days is not None
    left = len(sessions.calendar.trading_days(day, days.must_flat)) - 1
    return min(FAR, left - 1)


def test_a_position_near_delivery_is_told_of_once_and_entries_end(daemon: Daemon) -> None:
    daemon.start("--speed", "20")
    until(lambda: daemon.trades_so_far() > 5, 20, "trades")
    day, id_ = daemon.status()["trading_day"], daemon.strategy("churn-m")["instruments"][0]
    near = {"delivery_early_days": early(day, id_), "delivery_warn_days": f"[{FAR}]"}
    limits(daemon, **near, last_open_days=0)
    until(lambda: warnings(daemon, id_), 20, "the warning")
    assert denied(daemon) == 0
    daemon.kill()
    daemon.start("--speed", "20")
    before = daemon.trades_so_far()
    until(lambda: daemon.trades_so_far() > before + 10, 20, "trades again")
    assert warnings(daemon, id_) == []
    limits(daemon, **near, last_open_days=FAR)
    until(lambda: denied(daemon) > 0, 20, "a denial")
    assert daemon.stop() == 0
    code, out, err = daemon.say("journal", "replay", "--strategies", str(daemon.strategies))
    assert code == 0, out + err
