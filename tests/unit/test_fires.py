"""No risk rule, no denial and no order kind without a test in which it acts.

Whether those tests would notice if a rule said nothing is asked by mutation:
``python tests/mutation/run.py --only rules``.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fires import KINDS

from homalos.trading.risk.rules import RULES

WHERE = ("tests/unit/trading", "tests/integration")


@pytest.fixture(scope="module")
def firing(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Tests by the name that they are marked with."""
    path = tmp_path_factory.mktemp("fires") / "fires.json"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "tests.fires", "--fires-list", str(path), *WHERE]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False)
    assert path.is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def denials(source: Path) -> set[str]:
    """What the parts around the gate deny by a name of their own."""
    return {
        node.args[0].value
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Denial"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_rule_denies_in_a_test(firing: dict[str, list[str]]) -> None:
    assert {rule.name for rule in RULES} - firing.keys() == set()


def test_every_other_denial_happens_in_a_test(
    firing: dict[str, list[str]], project_root: Path
) -> None:
    known = denials(project_root / "src" / "homalos" / "trading")
    assert "reduce_only" in known, "the search finds nothing any more"
    assert known - firing.keys() == set()


def test_every_order_kind_acts_in_a_test(firing: dict[str, list[str]]) -> None:
    assert set(KINDS) - firing.keys() == set()


def test_no_mark_names_what_is_not_there(firing: dict[str, list[str]], project_root: Path) -> None:
    known = denials(project_root / "src" / "homalos" / "trading")
    assert firing.keys() - known - set(KINDS) - {rule.name for rule in RULES} == set()
