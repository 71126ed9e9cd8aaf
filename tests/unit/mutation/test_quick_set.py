"""Mutants that run with every test run: one classic mistake in each module, and each must be
noticed. All of them by ``python tests/mutation/run.py`` (docs/mutation.md)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mutation.judge import Court
from tests.mutation.modules import UNIT, found
from tests.mutation.mutant import Mutant

QUICK = (
    ("trading/states.py", "_W.LAST_TRADE, _S.FILLED, *_RESOLVES", "_W.LAST_TRADE, _S.CANCELLED",
     "test_states.py"),
    ("trading/merge.py", "max(order.traded_lots, min(", "min(order.traded_lots, min(",
     "test_merge.py"),
    ("trading/registry.py", "order.status in LIVE or order", "order.status in LIVE and order",
     "test_registry.py"),
    ("trading/manager.py", "if key in self._trades:", "if False:", "test_manager.py"),
    ("trading/offsets.py", "buckets if today_first else buckets[::-1]", "buckets",
     "test_offsets.py"),
    ("trading/strategy_books.py", 'if other is not book and other.mode != "net"',
     "if other is not book", "test_book_modes.py"),
    ("trading/lots.py", "taken = min(wanted, part.lots)", "taken = part.lots", "test_lots.py"),
    ("trading/contract.py", "long.basis_sum - short.basis_sum", "long.basis_sum + short.basis_sum",
     "test_lots.py"),
    ("trading/strategy_book.py", "paid = fee * closing / lots", "paid = fee",
     "test_strategy_book.py"),
    ("trading/reservations.py", "self._move(held, lots - held.lots)", "self._move(held, lots)",
     "test_lots.py"),
    ("trading/funds.py", "self.closed_profit - self.fees", "self.closed_profit", "test_ledger.py"),
    ("trading/venue_lots.py", "min(wanted, trade.lots)", "trade.lots", "test_ledger.py"),
    ("trading/books.py", "self.missing_lots += closed.missing", "pass", "test_ledger.py"),
    ("trading/reconcile.py", "if here != there:", "if here == there:", "test_differences.py"),
    ("trading/adjusting.py", "left.orders or self._in_flight()", "left.orders",
     "test_adjusting.py"),
    ("trading/shortages.py", "blocked(found) - {MANUAL}", "blocked(found)", "test_differences.py"),
    ("trading/venue_sync.py", "if absences + 1 >= ABSENT_TWICE:", "if absences >= ABSENT_TWICE:",
     "test_venue_sync.py"),
)  # fmt: skip
ELSEWHERE = (
    ("market/lot_rules.py", "return min(lots, unpaid)", "return lots",
     "tests/unit/market/test_lot_rules.py"),
)  # fmt: skip


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Iterator[Court]:
    made = Court(project_root, tmp_path_factory.mktemp("court"))
    yield made
    made.close()


def test_a_mistake_in_each_module_is_noticed(court: Court, project_root: Path) -> None:
    rows = [(m, a, b, f"{UNIT}/{test}") for m, a, b, test in QUICK] + [*ELSEWHERE]
    assert {row[0] for row in rows} == {module.path for module in found(project_root)}
    court.clean(tuple(sorted({test for *_, test in rows})))
    lived = []
    for module, before, after, test in rows:
        source = (court.folder / "src" / "homalos" / module).read_text(encoding="utf-8")
        assert source.count(before) >= 1, f"{module} has no {before!r} any more: choose another"
        mutant = Mutant(module, "quick", 0, "", before, after, source.replace(before, after, 1))
        if court.judge(mutant, (test,), 30.0).fate == "survived":
            lived.append(f"{module}: {before} -> {after}")
    assert lived == []
