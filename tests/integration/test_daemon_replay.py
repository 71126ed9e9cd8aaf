"""Recorded days through the whole daemon: twice the same, refused as made, books that add up."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.generators import ctp_rows, l1_lines, market_tables, walk, write_ctp, write_l1
from tests.generators.ctp_csv import DBL_MAX, natural_day, stale_first
from tests.generators.l1_csv import settlement_push
from tests.generators.walk import Snap
from tests.integration.daemon import Daemon
from tests.twin.ledger import Fill, Terms, Twin

from homalos.model.enums import Phase
from homalos.model.ids import InstrumentId
from homalos.model.market import Rate

DAY = 20171113
CENT = Decimal("0.005")

ENTRIES = """strategies:
  - {id: churn-rb, file: churn.py, instruments: [SHFE.rb1801], params: {every: 3}}
  - {id: twin-rb, file: churn.py, instruments: [SHFE.rb1801], params: {every: 7, lots: 3}}
  - {id: churn-sr, file: churn.py, instruments: [CZCE.SR1801], params: {every: 5, lots: 2}}
  - {id: average-rb, file: dual_moving_average.py, instruments: [SHFE.rb1801],
     params: {fast: 2, slow: 5}}
  - {id: grid-sr, file: grid.py, instruments: [CZCE.SR1801], params: {step_ticks: 1}}
"""


def snaps(exchange: str, product: str, **more: Any) -> list[Snap]:
    segments = market_tables()[1].segments(exchange, product, DAY)
    spans = [(s.start, s.end) for s in segments if s.phase is Phase.CONTINUOUS]
    return walk(spans, DAY, step_ms=10_000, **more)


def l1_day(folder: Path) -> tuple[int, dict[str, int]]:
    """A day of two contracts as ``l1-csv``: (rows, what must be refused, by reason)."""
    folder.mkdir(parents=True)
    rb = l1_lines(snaps("SHFE", "rb"))
    rb = [*rb[:50], rb[49], *rb[50:], settlement_push(rb[-1])]
    write_l1(folder, "rb1801", DAY, rb)
    sr = l1_lines(snaps("CZCE", "SR", price=6_300.0, seed=2), whole_seconds=True)
    write_l1(folder, "SR801", DAY, [*sr, settlement_push(sr[-1], "15:20:00.0")])
    return len(rb) + len(sr) + 1, {"duplicate": 1, "settlement_push": 2}


def ctp_day(folder: Path) -> tuple[int, dict[str, int]]:
    """The same two as ``ctp-csv``, each exchange with its ways."""
    folder.mkdir(parents=True)
    rb = ctp_rows(snaps("SHFE", "rb"), "rb1801", none=DBL_MAX)
    back = dict(rb[101], Volume=str(int(rb[101]["Volume"]) - 50))
    odd = [stale_first(rb[0], 20171110), *rb[:100], back, *rb[100:]]
    write_ctp(folder, "SHFE.rb1801.20171113.csv", odd)
    sugar = natural_day(snaps("CZCE", "SR", price=6_300.0, seed=2))
    sr = ctp_rows(sugar, "SR801", czce=True, pre_settlement=6_300.0)
    write_ctp(folder, "CZCE.SR801.20171113.csv", sr)
    return len(odd) + len(sr), {"out_of_session": 1, "backward_volume": 1}


DAYS = {"l1-csv": l1_day, "ctp-csv": ctp_day}


def replay(daemon: Daemon, source: str, *words: str) -> dict[str, Any]:
    code, out, err = daemon.say("run", "--port", "0", "--replay", source, *words, sets=())
    assert code == 0, err
    figures: dict[str, Any] = json.loads((daemon.data / "summary.json").read_bytes())
    assert figures["state_hash"] in out
    return figures


@pytest.fixture(scope="module", params=list(DAYS))
def twice(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, dict[str, int], list[tuple[Daemon, dict[str, Any]]]]:
    """(recording, its rows, what must be refused, two runs of it into two fresh folders)."""
    root = tmp_path_factory.mktemp("replay")
    day = root / "day 录制"
    rows, refused = DAYS[request.param](day)
    runs = []
    for name in ("one", "two"):
        (root / name).mkdir()
        daemon = Daemon(root / name, ENTRIES)
        runs.append((daemon, replay(daemon, str(day))))
    return day, rows, refused, runs


Twice = tuple[Path, int, dict[str, int], list[tuple[Daemon, dict[str, Any]]]]


def test_a_replay_is_the_same_twice_and_its_books_add_up(twice: Twice) -> None:
    _, rows, refused, runs = twice
    for daemon, figures in runs:
        check_books(daemon, figures)
    one, two = (figures for _, figures in runs)
    assert one["ticks"] == rows
    assert one["ticks_accepted"] + sum(one["ticks_refused"].values()) == rows
    assert one["ticks_refused"] == refused
    assert daemon.count("ticks") == one["ticks_accepted"]
    assert daemon.count("trades") == one["fills"] > 50
    for key in ("state_hash", "order_list_hash", "orders", "fills", "equity", "books"):
        assert one[key] == two[key], key
    assert one["rows"]["backlog"] == 0


def test_imported_ticks_replay_out_of_the_store(tmp_path: Path, twice: Twice) -> None:
    day, rows, refused, runs = twice
    daemon = Daemon(tmp_path, ENTRIES)
    form = "l1-csv" if (day / "rb1801_20171113.csv").exists() else "ctp-csv"
    code, out, err = daemon.say("import", "ticks", str(day), "--format", form)
    assert code == 0, err
    assert all(reason in out for reason in refused)
    stored = daemon.rows("SELECT * FROM ticks ORDER BY seq")
    assert len(stored) == rows - sum(refused.values())
    figures = replay(daemon, f"store:{DAY}")
    assert figures["ticks"] == figures["ticks_accepted"] == len(stored)
    assert daemon.rows("SELECT * FROM ticks ORDER BY seq") == stored
    assert daemon.count("trades") == figures["fills"] > 50
    check_books(daemon, figures)
    _, from_file = runs[0]
    assert from_file["order_list_hash"] == figures["order_list_hash"]
    assert from_file["equity"] == figures["equity"]


def test_another_parameter_gives_another_result(tmp_path: Path, twice: Twice) -> None:
    """The hashes see what they should see."""
    day, _, _, runs = twice
    if not (day / "rb1801_20171113.csv").exists():
        pytest.skip("once is enough")
    other = replay(Daemon(tmp_path, ENTRIES.replace("every: 3", "every: 3, lots: 2")), str(day))
    assert other["state_hash"] != runs[0][1]["state_hash"]
    assert other["order_list_hash"] != runs[0][1]["order_list_hash"]


def test_a_ledger_that_is_ahead_is_told(tmp_path: Path) -> None:
    l1_day(tmp_path / "day")
    daemon = Daemon(tmp_path, ENTRIES)
    assert daemon.say("run", "--port", "0", "--for", "1")[0] == 0
    code, _, err = daemon.say("run", "--port", "0", "--replay", str(tmp_path / "day"))
    assert code in (1, 2)
    assert "--data-dir" in err
    assert "Traceback" not in err


# ---------------------------------------------------------------- the slow recomputation


def money(value: float) -> Decimal:
    return Decimal(str(value))


def _rate(rate: Rate) -> tuple[Decimal, Decimal]:
    return money(rate.by_money), money(rate.by_lot)


def check_books(daemon: Daemon, figures: dict[str, Any]) -> None:
    """Opening + deposits + closed + open - fees = equity; by instrument and strategy as the slow
    twin computes it from the rows of the trades table alone."""
    parts = ("opening_equity", "deposits", "closed_profit", "position_profit")
    total = sum((money(figures[name]) for name in parts), Decimal(0)) - money(figures["fees"])
    assert abs(total - money(figures["equity"])) < CENT
    trades = daemon.rows(
        "SELECT instrument, strategy, side, offset, price, lots, fee, closed_profit"
        " FROM trades ORDER BY seq"
    )
    twin = Twin({row[0]: _terms(row[0]) for row in trades}, money(figures["opening_equity"]
                + figures["deposits"]))  # fmt: skip
    fees: dict[str, Decimal] = defaultdict(Decimal)
    closed: dict[str, Decimal] = defaultdict(Decimal)
    for instrument, owner, side, offset, price, lots, fee, profit in trades:
        twin.events.append(Fill(instrument, owner, side == "buy", offset, money(price), lots))
        fees[instrument] += money(fee)
        closed[instrument] += money(profit)
    played = twin.play()
    for instrument, paid in fees.items():
        assert abs(paid - played.fees[instrument]) < CENT
        assert abs(closed[instrument] - played.closed.get(instrument, Decimal(0))) < CENT
    marks = {i: _mark(daemon, i) for i in fees}
    assert abs(twin.equity(marks) - money(figures["equity"])) < CENT
    seen = set()
    for book in figures["books"]:
        owner, instrument = book["strategy"], book["instrument"]
        seen.add((owner, instrument))
        result = book["closed_profit"] + book["position_profit"] - book["fees"]
        assert book["net_lots"] == twin.net(owner, instrument)
        assert abs(twin.result(owner, instrument, marks[instrument]) - money(result)) < CENT
    assert seen == {(row[1], row[0]) for row in trades}


def _terms(instrument: str) -> Terms:
    item = market_tables()[0].instrument(InstrumentId(instrument), DAY)
    assert item is not None
    return Terms(
        money(item.multiplier),
        item.exchange in ("SHFE", "INE"),
        _rate(item.fees.open),
        _rate(item.fees.close),
        _rate(item.fees.close_today),
    )


def _mark(daemon: Daemon, instrument: str) -> Decimal:
    """The last price that the ticks table has."""
    rows = daemon.rows(
        "SELECT last_price FROM ticks WHERE instrument = ? AND last_price > 0"
        " ORDER BY seq DESC LIMIT 1",
        instrument,
    )
    return money(rows[0][0])


# ---------------------------------------------------------------- a real day

REAL = """strategies:
  - {id: average-rb, file: dual_moving_average.py, instruments: [SHFE.rb1801],
     params: {fast: 5, slow: 20, lots: 2}}
  - {id: average-m, file: dual_moving_average.py, instruments: [DCE.m1801],
     params: {fast: 3, slow: 10, short: false}}
  - {id: grid-i, file: grid.py, instruments: [DCE.i1801], params: {step_ticks: 3, levels: 4}}
  - {id: minimal-ru, file: minimal.py, instruments: [SHFE.ru1801]}
"""


@pytest.mark.slow
def test_the_whole_day_of_36_contracts(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "ticks" / "l1_20171113"
    if not source.is_dir():
        pytest.skip("no ../shared/data/ticks/l1_20171113 here")
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        daemon = Daemon(tmp_path / name, REAL)
        runs.append(replay(daemon, str(source)))
        check_books(daemon, runs[-1])
    one, two = runs
    assert one["ticks"] == 910_909
    assert one["ticks_accepted"] == daemon.count("ticks")
    assert not {"out_of_session", "wrong_day"} & one["ticks_refused"].keys()
    assert {book["strategy"] for book in one["books"]} == {
        "average-rb", "average-m", "grid-i", "minimal-ru"
    }  # fmt: skip
    assert one["fills"] > 100
    assert (one["state_hash"], one["order_list_hash"]) == (
        two["state_hash"],
        two["order_list_hash"],
    )
    assert one["peak_memory_mib"] < 300
    print(one["ticks_per_second"], one["peak_memory_mib"], one["ticks_refused"])
