"""``book_mode`` of strategies.yaml in the real core, on the real exchange."""

from pathlib import Path

import pytest
from tests.integration.trading_floor import Floor

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.enums import Direction
from homalos.model.ids import StrategyId

HOLD = """
from homalos.strategy import Strategy, param
class Hold(Strategy):
    lots: int = param(1)
    def on_tick(self, tick):
        if not self.orders() and self.position(tick.instrument) != self.lots:
            self.target(tick.instrument, self.lots)
"""


@pytest.mark.parametrize(("mode", "lots"), [("own", (2, 2)), ("net", (0, 0))])
def test_two_opposed_strategies(
    tmp_path: Path, project_root: Path, mode: str, lots: tuple[int, int]
) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "hold.py").write_text(HOLD)
    entries = tuple(
        StrategyEntry(
            id=name, file="hold.py", instruments=("SHFE.rb",), params={"lots": want},
            book_mode=mode,  # type: ignore[arg-type]
        )
        for name, want in (("up", 2), ("down", -2))
    )  # fmt: skip
    floor = Floor(project_root / "config", tmp_path / "data", folder, entries=entries)
    floor.open()
    floor.go(4_000)
    books, (id_,) = floor.engine.books, {b.instrument for b in floor.engine.books.books()}
    nets = [books.book(StrategyId(name), id_).net_lots for name in ("up", "down")]
    assert nets == [2, -2]
    held = tuple(books.position(id_, direction).lots for direction in Direction)
    assert held == lots
    venue = floor.exchange.positions(books.account_id)
    assert sum(row.lots for row in venue) == sum(lots)
    assert books.account().margin == pytest.approx(
        floor.exchange.account(books.account_id).margin
    ), "the relief of the larger side is the exchange's too"
    floor.close()
