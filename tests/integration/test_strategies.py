"""Strategies in the real core: real bus, bars, risk, orders, books and exchange."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.trading_floor import Floor

from homalos.config.sections.strategy import StrategyEntry
from homalos.model.enums import StrategyState
from homalos.model.events import AlertRaised, StrategyCommand, TradeFilled
from homalos.model.ids import StrategyId

COUNTER = """
from homalos.strategy import Strategy
class Counter(Strategy):
    def on_start(self): self.seen = []
    def on_tick(self, tick): self.seen.append(tick.ts_event)
"""
REVERSER = """
from homalos.model.enums import Side
from homalos.strategy import Strategy, param
class Reverser(Strategy):
    \"\"\"Long, short, flat in turn, each half minute; changes its mind before it is filled.\"\"\"
    lots: int = param(3)
    state_fields = ("turn",)
    turn: int = 0
    def on_start(self):
        self.schedule("turn", 30, repeat=True)
        self.schedule("mind", 7, repeat=True)
    def on_timer(self, name):
        tick = self.last_tick(self.instrument)
        if tick is None or not self.is_open(self.instrument): return
        if name == "turn": self.turn += 1
        want = (self.lots, -self.lots, 0)[self.turn % 3]
        self.target(self.instrument, want, tick.last_price if name == "turn" else None)
"""


@pytest.fixture
def folder(tmp_path: Path, project_root: Path) -> Path:
    made = tmp_path / "strategies"
    shutil.copytree(project_root / "strategies", made, ignore=shutil.ignore_patterns("__*"))
    (made / "counter.py").write_text(COUNTER)
    (made / "reverser.py").write_text(REVERSER)
    return made


@pytest.fixture
def floors(tmp_path: Path, project_root: Path, folder: Path) -> Iterator[list[Floor]]:
    """Floors that are closed at the end."""
    made: list[Floor] = []
    yield made
    for floor in made:
        floor.close()


def a_floor(
    floors: list[Floor],
    root: Path,
    folder: Path,
    *entries: StrategyEntry,
    watchdog: bool = False,
) -> Floor:
    floor = Floor(
        root / "config",
        folder.parent / f"data{len(floors)}",
        folder,
        entries=entries or None,
        watchdog=watchdog,
        overrides=("strategy.reload_settle_ms=20",),
    )
    floors.append(floor)
    floor.open()
    return floor


def test_the_shipped_strategies_trade_sensibly_and_the_same_twice(
    floors: list[Floor], project_root: Path, folder: Path
) -> None:
    for _ in range(2):
        a_floor(floors, project_root, folder).go(40_000)
    first, second = floors
    infos = first.engine.strategies.strategies()
    assert len(infos) == 4
    for info in infos:
        assert info.state is StrategyState.RUNNING
        assert (info.errors, info.trades > 0) == (0, True), info.id
        assert info.orders < 150, "no spam"
        assert not first.seen["OrderDenied", info.id]
        assert not first.seen["OrderRejected", info.id]
    bounds = {"average-rb": 2, "average-m": 1, "grid-ma": 4, "minimal-i": 1}
    held = dict.fromkeys(bounds, 0)
    for event in first.events:
        if isinstance(event, TradeFilled):
            held[event.trade.strategy] += event.trade.side.sign * event.trade.lots
            assert abs(held[event.trade.strategy]) <= bounds[event.trade.strategy]
    assert not [e.text for e in first.events if isinstance(e, AlertRaised)]
    assert first.engine.state_hash() == second.engine.state_hash()
    assert first.engine.orders.orders() == second.engine.orders.orders()


def test_something_trades_within_fifteen_seconds_of_market(
    floors: list[Floor], project_root: Path, folder: Path
) -> None:
    floor = a_floor(floors, project_root, folder)
    start = floor.clock.now()
    floor.go(2_000)
    first = next(e.trade.ts_event for e in floor.events if isinstance(e, TradeFilled))
    assert first - start < 15_000_000_000


def test_desks_agree_with_the_books_through_splits_and_changed_minds(
    floors: list[Floor], project_root: Path, folder: Path
) -> None:
    """SHFE closes today's lots by an order of its own: a reversal is one intent and two orders."""
    rows = [
        StrategyEntry(id=f"r{n}", file="reverser.py", instruments=(i,), params={"lots": lots})
        for n, (i, lots) in enumerate((("SHFE.rb", 3), ("SHFE.rb", 2), ("DCE.m", 4)))
    ]
    floor = a_floor(floors, project_root, folder, *rows)
    slots = floor.engine.strategies._slots
    for _ in range(30):
        floor.go(500)
        books = {
            (b.strategy, b.instrument): b.net_lots for b in floor.engine.books.books() if b.net_lots
        }
        desks = {(i, c): n for i, s in slots.items() for c, n in s.desk.net.items() if n}
        assert desks == books
        for slot in slots.values():
            for instrument in slot.instruments:
                assert abs(slot.desk.net.get(instrument, 0)) <= slot.values["lots"]
                assert abs(slot.desk.expected(instrument)) <= slot.values["lots"]
    assert {o.offset.value for o in floor.engine.orders.orders()} >= {
        "open",
        "close_today",
        "close",
    }
    for slot in slots.values():
        floor.engine.bus.post(StrategyCommand(slot.id, "stop", "test", floor.clock.now()))
    floor.go(2_000)
    assert [s.desk.intents for s in slots.values()] == [{}] * 3, "nothing is left unsettled"


def test_an_edited_file_is_taken_over_while_the_others_miss_no_tick(
    floors: list[Floor], project_root: Path, folder: Path
) -> None:
    rows = [
        StrategyEntry(id="edited", file="reverser.py", instruments=("DCE.m",)),
        StrategyEntry(id="other", file="counter.py", instruments=("DCE.m",)),
    ]
    floor = a_floor(floors, project_root, folder, *rows, watchdog=True)
    slots = floor.engine.strategies._slots
    edited, other = slots[StrategyId("edited")], slots[StrategyId("other")]
    floor.go(3_000)
    turns = edited.strategy.turn  # type: ignore[union-attr]
    assert turns > 0

    def save_and_wait(text: str) -> str:
        marker = len(floor.events)
        partial = folder / "reverser.tmp"
        partial.write_text(text)
        partial.replace(folder / "reverser.py")
        for _ in range(400):
            floor.go(10)
            told = [e for e in floor.events[marker:] if type(e).__name__ == "Audited"]
            if told:
                return str(told[0].result)  # type: ignore[attr-defined]
            time.sleep(0.005)
        raise AssertionError("the edit was not seen")

    assert "ZeroDivisionError: division by zero at reverser.py:" in save_and_wait(
        REVERSER + "\n1 / 0\n"
    )
    assert edited.state is StrategyState.RUNNING
    assert save_and_wait(REVERSER + "    new = True\n").startswith("reloaded")
    assert edited.strategy.new  # type: ignore[union-attr]
    assert edited.strategy.turn >= turns  # type: ignore[union-attr]
    floor.go(1_000)
    assert edited.state is StrategyState.RUNNING
    assert len(other.strategy.seen) == floor.ticks[other.instruments[0]]  # type: ignore[union-attr]


def test_stopping_everything_leaves_no_order(
    floors: list[Floor], project_root: Path, folder: Path
) -> None:
    floor = a_floor(floors, project_root, folder)
    floor.go(5_000)
    assert floor.engine.orders.live()
    floor.engine.strategies.stop()
    floor.go(500)
    assert not floor.engine.orders.live()
