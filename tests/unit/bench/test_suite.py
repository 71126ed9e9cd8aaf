"""The suite knows its benchmarks; what ``risk`` times is an account full of life."""

import importlib
import io
import json
from pathlib import Path

import pytest

from homalos.bench import risk, suite
from homalos.bench.measure import Row
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
        ("risk/control", 200, 2),
    ]
    # Every rule is on, and the gate's own, instrument.
    assert rows[0].note == f"{len(RULES) + 1} rules, 7 held, 70 working"


@pytest.mark.usefixtures("few")
def test_a_denied_order_is_no_figure() -> None:
    desk = risk.Desk()
    desk.fill()
    orders = desk.orders()
    desk.engine.bus.post(SetTradingState(TradingState.HALTED, "test", "lunch", 1))
    desk.engine.bus.run_until_idle()
    with pytest.raises(RuntimeError, match="trading_state"):
        desk.checks(orders)
