"""``homalos bench ctp``: its rows are there with their controls, and a path that does not work is
an error instead of a figure. Small counts: nothing here judges a time."""

import io
import json
from pathlib import Path

import pytest

from homalos.bench import ctp, ctp_daemon, ctp_peers, ctp_rig, suite
from homalos.bench.ctp_rig import BenchError
from homalos.bench.measure import Row
from homalos.setup.native_parts import ensure_native


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not ensure_native().ready:
        pytest.skip("native parts are not built here: python start.py setup native")
    for name, count in (
        ("RUNS", 1), ("SINGLES", 60), ("WARM", 20), ("BURSTS", 2), ("WARM_BURSTS", 1),
        ("GAP_MS", 50), ("FLOOD", 5_000),
    ):  # fmt: skip
        monkeypatch.setattr(ctp, name, count)
    monkeypatch.setattr(ctp_rig, "SETTLE_S", 0.1)
    monkeypatch.setenv(ctp_peers.VARIABLE, str(tmp_path / "nowhere"))


def rows_of(*names: str) -> dict[str, Row]:
    return {row.name: row for row in ctp.run(names)}


def test_single_ticks_through_binding_and_daemon(tmp_path: Path) -> None:
    path, out = tmp_path / "bench.json", io.StringIO()
    assert suite.run_suite(["ctp/event"], out, path) == 0
    rows = {row["name"]: Row(**row) for row in json.loads(path.read_bytes())["results"]}
    ours = {"ctp/event", "ctp/event/control", "ctp/event/binding"}
    assert ours < set(rows)
    for name in ours:
        row = rows[name]
        assert row.n >= 50, name
        assert row.p50 is not None
        assert row.p99 is not None
        assert 0 < row.p50 <= row.p99
    assert "whole daemon" in rows["ctp/event"].note
    peers = {name for name in rows if "/vnpy" in name}
    assert peers == {"ctp/event/vnpy", "ctp/event/vnpy-binding", "ctp/event/vnpy-asyncio"}
    assert all(rows[name].n == 0 and "make_env.py" in rows[name].note for name in peers)
    assert "make_env.py" in out.getvalue()


def test_spinning_has_its_own_control_and_vnpys_row_beside_it() -> None:
    rows = rows_of("ctp/spin")
    assert list(rows) == ["ctp/spin", "ctp/spin/control", "ctp/spin/binding", "ctp/spin/vnpy"]
    assert rows["ctp/spin"].n == 60
    assert rows["ctp/spin/vnpy"].n == 0


def test_a_burst_reaches_every_handler_and_a_flood_is_whole() -> None:
    rows = rows_of("ctp/burst", "ctp/throughput")
    assert {"ctp/burst/control", "ctp/burst/vnpy", "ctp/throughput/control"} < set(rows)
    assert rows["ctp/burst"].n == rows["ctp/burst/daemon"].n == 2 * 600
    assert rows["ctp/throughput"].n == 5_000
    assert (rows["ctp/throughput"].throughput or 0) > 0


def test_orders_that_the_risk_gate_denies_are_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ctp_daemon.RISK, "max_order_lots", 1)
    many = ctp_daemon.SINGLE.replace("name, 1,", "name, 2,")
    monkeypatch.setattr(ctp_daemon, "SINGLE", many)
    with pytest.raises(BenchError, match=r"0 orders for 80 ticks"):
        rows_of("ctp/event")


def test_a_binding_that_dies_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(plan: ctp.Plan, folder: Path) -> ctp.Process:
        words = ["python3", "-c", "raise SystemExit('no such library')"]
        return ctp.Process(words, {}, folder, "binding")

    monkeypatch.setattr(ctp, "_binding", dies)
    with pytest.raises(BenchError, match="no such library"):
        rows_of("ctp/throughput")


def test_without_native_parts_rows_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise ctp.NativeMissingError("python start.py setup native")

    monkeypatch.setattr(ctp, "dropin_libraries", missing)
    rows = rows_of("ctp/throughput")
    assert all(row.n == 0 and "setup native" in row.note for row in rows.values())
