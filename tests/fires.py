"""Which tests say that a risk rule denies, or an order kind acts, in them (``fires`` marks).

A plugin of pytest: ``-p tests.fires --fires NAME`` runs the tests of one name alone;
``--fires-list FILE`` writes what each name has, as JSON.
"""

import json
from pathlib import Path

import pytest

KINDS = (
    "limit", "market", "to_limit", "fak", "fok", "good_till", "stop", "stop_limit", "take_profit",
    "trailing", "oco", "bracket",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fires", default="", help="only the tests marked with this name")
    parser.addoption("--fires-list", default="", help="write which tests fire what")


def names(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("fires") for name in mark.args}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if wanted := config.getoption("--fires"):
        items[:] = [item for item in items if wanted in names(item)]
    if path := config.getoption("--fires-list"):
        found: dict[str, list[str]] = {}
        for item in items:
            for name in names(item):
                found.setdefault(name, []).append(item.nodeid)
        Path(path).write_text(json.dumps(found), encoding="utf-8")
