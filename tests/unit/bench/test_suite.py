"""The suite knows its benchmarks; what ``risk`` times is an account full of life."""

import importlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from homalos.bench import ctp, risk, suite
from homalos.bench.measure import Row, medians
from homalos.model.enums import TradingState
from homalos.model.events import SetTradingState
from homalos.trading.risk.rules import RULES


def test_every_name_leads_to_a_benchmark() -> None:
    for module in suite.SUITE.values():
        assert callable(importlib.import_module(module).run)


def test_an_unknown_name_is_refused_before_anything_runs() -> None:
    out = io.StringIO()
    assert suite.run_suite(["bus", "nonsense"], out) == 2
    assert out.getvalue().startswith("unknown benchmark nonsense; there are: bus, ")


def test_parts_of_a_benchmark_run_once_and_the_whole_takes_them_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Sequence[str]] = []

    def run(names: Sequence[str] = ()) -> list[Row]:
        asked.append(names)
        return [Row(name="ctp/event")]

    monkeypatch.setattr(ctp, "run", run)
    for names in (["ctp/event", "ctp/burst", "ctp/event"], ["ctp/event", "ctp"]):
        assert suite.run_suite(names, io.StringIO()) == 0
    assert asked == [["ctp/event", "ctp/burst"], ()]


def test_the_median_of_runs_is_of_each_figure() -> None:
    runs = [
        Row(name="x", n=9, p50=p50, p99=p99)
        for p50, p99 in ((10.0, 50.0), (12.0, 30.0), (14.0, 90.0))
    ]
    row = medians(runs)
    assert (row.p50, row.p99, row.p999, row.runs) == (12.0, 50.0, None, 3)
    assert row.spread == pytest.approx(4 / 12)


def test_an_order_is_taken_from_its_own_tick_and_not_from_a_later_one() -> None:
    ticks = [("a", 100), ("b", 150), ("a", 200), ("b", 250)]
    late = [(200, 210), (200, 230), (150, 160), (250, 255)]
    assert ctp.answered(ticks, late) == [10, 110, 30, 5]
    one_missing = [(200, 210), (150, 160), (250, 255)]
    assert ctp.answered(ticks, one_missing) == [10, 10, 5]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, count in (("CHECKS", 200), ("WARM", 10), ("RUNS", 2)):
        monkeypatch.setattr(risk, name, count)


@pytest.mark.usefixtures("few")
def test_risk_is_told_with_its_control(tmp_path: Path) -> None:
    path, out = tmp_path / "bench.json", io.StringIO()
    assert suite.run_suite(["risk"], out, path) == 0
    assert "risk/control" in out.getvalue()
    rows = [Row(**row) for row in json.loads(path.read_bytes())["results"]]
    assert [(row.name, row.n, row.runs) for row in rows] == [
        ("risk", 200, 2),
        ("risk/25", 200, 2),
        ("risk/control", 200, 2),
    ]
    assert rows[0].note == f"{len(RULES)} rules, 7 held, 70 working"
    assert rows[1].note == "25 rules, 7 held, 70 working"


@pytest.mark.usefixtures("few")
def test_a_denied_order_is_no_figure() -> None:
    desk = risk.Desk()
    desk.fill()
    orders = desk.orders()
    desk.engine.bus.post(SetTradingState(TradingState.HALTED, "test", "lunch", 1))
    desk.engine.bus.run_until_idle()
    with pytest.raises(RuntimeError, match="trading_state"):
        desk.checks(orders)
