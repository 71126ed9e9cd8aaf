"""Which tests judge the mutants of which module: the fast ones that concern it, nearest first."""

from pathlib import Path
from typing import NamedTuple

UNIT = "tests/unit/trading"


class Module(NamedTuple):
    path: str
    """Under ``src/homalos``."""
    area: str
    tests: tuple[str, ...]


def _module(path: str, area: str, *tests: str) -> Module:
    return Module(path, area, tuple(t if t.startswith("tests/") else f"{UNIT}/{t}" for t in tests))


_MANAGER = (
    "test_manager.py", "test_manager_words.py", "test_cancels.py", "test_working.py",
    "test_stages.py",
)  # fmt: skip
_MACHINES = ("tests/property/test_orders_machine.py", "tests/property/test_orders_callbacks.py")
_OFFSETS = (
    "test_offsets.py", "test_book_modes.py", "test_books.py", "test_ledger.py",
    "tests/property/test_offsets_two_books.py", "tests/property/test_offsets_machine.py",
)  # fmt: skip
_TWIN = ("tests/property/test_books_against_twin.py",)
_LEDGER = (
    "test_lots.py", "test_ledger.py", "test_books.py", "test_settlement_marks.py",
    "test_strategy_book.py",
)  # fmt: skip
_VENUE = (
    "test_differences.py", "test_adjusting.py", "test_venue_sync.py", "test_venue_answers.py",
    "test_shortage_modes.py", "test_reconcile.py",
)  # fmt: skip

MODULES = (
    _module("trading/states.py", "order states", "test_states.py", *_MANAGER[:3], *_MACHINES),
    _module("trading/merge.py", "order states", "test_merge.py", *_MANAGER, *_MACHINES),
    _module("trading/registry.py", "order states", "test_registry.py", *_MANAGER, *_MACHINES),
    _module("trading/manager.py", "order states", *_MANAGER, *_VENUE, "test_registry.py",
            "test_order_kinds.py", "test_cancel_budget.py", *_MACHINES),
    _module("trading/offsets.py", "offsets", *_OFFSETS),
    _module("market/lot_rules.py", "offsets", "tests/unit/market/test_lot_rules.py", *_OFFSETS),
    _module("trading/strategy_books.py", "offsets", *_OFFSETS, *_LEDGER, "test_performance.py"),
    _module("trading/lots.py", "ledger", *_LEDGER, *_OFFSETS, *_TWIN),
    _module("trading/contract.py", "ledger", *_LEDGER, *_OFFSETS, *_TWIN),
    _module("trading/strategy_book.py", "ledger", *_LEDGER, *_TWIN),
    _module("trading/reservations.py", "ledger", *_LEDGER, *_OFFSETS, "test_risk_rules.py", *_TWIN),
    _module("trading/funds.py", "ledger", *_LEDGER, *_TWIN),
    _module("trading/venue_lots.py", "ledger", *_LEDGER, *_VENUE, *_TWIN),
    _module("trading/books.py", "ledger", "test_books_day.py", *_LEDGER, *_OFFSETS, *_VENUE,
            "test_performance.py", *_TWIN),
    _module("trading/reconcile.py", "reconciliation", *_VENUE),
    _module("trading/adjusting.py", "reconciliation", *_VENUE),
    _module("trading/shortages.py", "reconciliation", *_VENUE),
    _module("trading/venue_sync.py", "reconciliation", *_VENUE, *_MANAGER),
)  # fmt: skip


def found(root: Path) -> tuple[Module, ...]:
    """``MODULES``. ``LookupError``: a file that it names is not there."""
    for module in MODULES:
        for path in (f"src/homalos/{module.path}", *module.tests):
            if not (root / path).is_file():
                raise LookupError(f"{path} is not there: see tests/mutation/modules.py")
    return tuple(m._replace(tests=tuple(dict.fromkeys(m.tests))) for m in MODULES)
