"""Settlement statements are fetched at each first login of a day, by whomever it was confirmed."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.ctp.front import DAY, NEXT, Bench, row

from homalos.ctp.abi import ENCODING
from homalos.model.enums import Severity
from homalos.model.events import AlertRaised, ConnectionChanged, TradingDayChanged
from homalos.model.settlement import StatementReceived

LAST = "20251121"


def chunk(text: str = "结算单", day: str = LAST, number: int = 1) -> dict[str, Any]:
    return row("SettlementInfo", SequenceNo=number, Content=text.encode(ENCODING), TradingDay=day)


def confirmed(day: int = DAY) -> list[dict[str, Any]]:
    return [row("SettlementInfoConfirm", ConfirmDate=str(day))]


def asked(bench: Bench) -> list[str]:
    return [fields["TradingDay"] for fields in bench.td.named("ReqQrySettlementInfo")]


def received(bench: Bench) -> list[tuple[int, str]]:
    rows: list[StatementReceived] = bench.of(StatementReceived)
    return [(event.trading_day, Path(event.path).name) for event in rows]


def test_it_is_told_before_the_day_turns(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk()]
    bench.connect()
    assert received(bench) == [(int(LAST), f"sim-{LAST}.txt")]
    kinds = [type(event) for event in bench.posted]
    assert kinds.index(StatementReceived) < kinds.index(TradingDayChanged)
    (event,) = bench.of(StatementReceived)
    assert Path(event.path).read_text(encoding="utf-8") == "结算单"
    assert len(event.digest) == 16
    bench.relogin()
    bench.settle()
    assert len(received(bench)) == 1, "once a day"


def test_what_another_terminal_has_confirmed_is_fetched_when_trading_is_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk()]
    bench.td.rows["ReqQrySettlementInfoConfirm"] = confirmed()
    bench.connect()
    assert received(bench) == [(int(LAST), f"sim-{LAST}.txt")]
    names = [name for name, _, _ in bench.td.requests]
    assert names.index("ReqQrySettlementInfo") > names.index("ReqQryTradingAccount")
    assert "ReqSettlementInfoConfirm" not in names


def test_a_shadow_fetches_and_does_not_confirm(tmp_path: Path) -> None:
    bench = Bench(tmp_path, shadow=True)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk()]
    bench.connect()
    assert received(bench) == [(int(LAST), f"sim-{LAST}.txt")]
    assert bench.td.named("ReqSettlementInfoConfirm") == []


def test_after_days_without_us_the_last_day_with_us_is_fetched_too(tmp_path: Path) -> None:
    first = Bench(tmp_path)
    first.day = 20251119
    first.prepare()
    first.connect()
    first.gateway.close()
    bench = Bench(tmp_path, run=4)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk()]
    bench.connect()
    assert asked(bench) == ["", "20251119"]


def test_a_run_that_goes_on_over_the_night_asks_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.connect()
    bench.day = NEXT
    bench.prepare()
    bench.td.rows["ReqQrySettlementInfo"] = [chunk(day=str(DAY))]
    bench.relogin()
    bench.settle()
    assert asked(bench) == ["", ""]
    assert received(bench) == [(DAY, f"sim-{DAY}.txt")]


@pytest.mark.parametrize("day", ["", "0", "2025112x", "20251399"])
def test_a_day_that_is_none(tmp_path: Path, day: str) -> None:
    bench = Bench(tmp_path)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk(day=day)]
    bench.connect()
    assert received(bench) == [(0, "sim-unknown.txt")]


def test_no_statement_is_no_news_and_trading_comes_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.td.errors["ReqQrySettlementInfo"] = (31, "CTP:查询失败")
    bench.connect()
    assert received(bench) == []
    assert [e.connected for e in bench.of(ConnectionChanged) if e.channel == "td"] == [True]


def test_a_disk_that_takes_no_statement_is_told(tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "statements").write_text("a file", encoding="utf-8")
    bench = Bench(tmp_path)
    bench.td.rows["ReqQrySettlementInfo"] = [chunk()]
    bench.connect()
    texts = [e.text for e in bench.of(AlertRaised) if e.severity is Severity.ERROR]
    assert any("cannot be kept" in text for text in texts)
    assert [e.connected for e in bench.of(ConnectionChanged) if e.channel == "td"] == [True]


def test_another_text_for_the_same_day_leaves_the_old_one(tmp_path: Path) -> None:
    for text in ("甲", "甲", "乙"):
        bench = Bench(tmp_path)
        bench.td.rows["ReqQrySettlementInfo"] = [chunk(text)]
        bench.connect()
        bench.gateway.close()
    folder = tmp_path / "gateway" / "statements"
    assert (folder / f"sim-{LAST}.txt").read_text(encoding="utf-8") == "乙"
    (old,) = folder.glob("*.old-*.txt")
    assert old.read_text(encoding="utf-8") == "甲"
