"""Settlement statements in the store, and what a person and a program get of them."""

import argparse
import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from homalos.config.sections.kernel import KernelSection
from homalos.config.sections.storage import StorageSection
from homalos.console import settlements
from homalos.console.problems import Problem
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.model.ids import AccountId, InstrumentId, StrategyId, TradeId
from homalos.model.settlement import Correction, Difference, SettlementCorrected, StatementCompared
from homalos.settlement_command import settlement
from homalos.storage.reader import Reader
from homalos.storage.schema import FILE_NAME
from homalos.storage.store import Store

DEMO = AccountId("demo")
CORRECTION = Correction(
    "fee", StrategyId("alpha"), InstrumentId("SHFE.rb2605"), TradeId("   2"), "sell", 10.52, 11.52,
    -1.0,
)  # fmt: skip


def result(day: int, **changes: Any) -> StatementCompared:
    made = StatementCompared(
        DEMO, day, f"statements/demo-{day}.txt", "abc", "agreed", "mtm",
        (("fees", 20.52, 20.52), ("equity", 1e6, None)), (), (), (), 0.0, day,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


DIFFERENT = result(
    20260106, result="differs", margin_call=3000.0, corrections=(CORRECTION,),
    differences=(Difference("fee", "SHFE.rb2605 2", 10.52, 11.52, "fee of trade 2: books …"),),
    notes=("line / 行 7: …",),
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    bus = Bus(SimClock(1), KernelSection())
    store = Store(bus, tmp_path / FILE_NAME, StorageSection())
    store.attach()
    store.open()
    for event in (
        result(20260105, result="none", path="", digest=""), result(20260105), DIFFERENT,
        SettlementCorrected(DEMO, 20260106, CORRECTION, True, 5),
    ):  # fmt: skip
        bus.publish(event)
    bus.run_until_idle()
    store.close()
    return tmp_path / FILE_NAME


def test_a_day_has_one_row_its_last(path: Path) -> None:
    reader = Reader(path)
    rows = msgspec.json.decode(reader.statements())["items"]
    assert [(row["trading_day"], row["result"]) for row in rows] == [
        (20260106, "differs"), (20260105, "agreed"),
    ]  # fmt: skip
    first = rows[0]
    assert first["margin_call"] == 3000.0
    assert first["figures"][0] == {"name": "fees", "ours": 20.52, "theirs": 20.52}
    assert first["differences"][0]["where"] == "SHFE.rb2605 2"
    assert first["corrections"][0]["amount"] == -1.0
    assert first["notes"] == ["line / 行 7: …"]
    audit = msgspec.json.decode(reader.audit(kind="settlement"))["items"]
    assert [row["action"] for row in audit] == [
        "correct fee -1.00", "statement", "statement", "statement",
    ]  # fmt: skip
    reader.close()


def options(path: Path, day: int | None) -> argparse.Namespace:
    return argparse.Namespace(data_dir=path.parent, day=day)


def test_the_command_prints_the_last_ones_and_one_whole(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settlement(options(path, None)) == 0
    out = capsys.readouterr().out
    assert "20260106  demo  DIFFERS FROM THE BOOKS" in out
    assert "MARGIN CALL / 追加保证金 3000.00" in out
    assert "20260105  demo  agrees with the books" in out
    assert settlement(options(path, 20260106)) == 0
    out = capsys.readouterr().out
    assert "DIFFERENCE / 差异  fee of trade 2" in out
    assert "CORRECTION / 调整  fee -1.00  alpha SHFE.rb2605 2" in out
    assert "20.52" in out
    assert settlement(options(path, 20260107)) == 1
    assert "no settlement statement" in capsys.readouterr().err


def test_the_command_without_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert settlement(options(tmp_path / FILE_NAME, None)) == 1
    assert "no database there" in capsys.readouterr().err


def test_the_route(path: Path) -> None:
    app, reader = FastAPI(), Reader(path)

    @app.exception_handler(Problem)
    async def problem(_: Any, error: Problem) -> Any:
        return error.response()

    settlements.add(app, reader)

    async def ask(query: str) -> tuple[int, Any]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            reply = await client.get(f"/api/v1/settlements{query}")
            return reply.status_code, reply.json()

    status, found = asyncio.run(ask("?day=20260106"))
    assert (status, [row["result"] for row in found["items"]]) == (200, ["differs"])
    assert len(asyncio.run(ask("?limit=1"))[1]["items"]) == 1
    assert asyncio.run(ask("?day=2026x"))[0] == 422
    reader.close()
    path.unlink()
    assert asyncio.run(ask(""))[0] == 503
