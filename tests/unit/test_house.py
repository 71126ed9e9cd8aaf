"""The rules of the house as tests: arrows, budgets, the only sources of time and chance."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "homalos"
FILES = sorted(SRC.rglob("*.py"))

FLOORS = [
    {"__main__"},
    {"cli"},
    {
        "app", "backtest", "bench", "commands", "doctor", "exchange_command", "journal_commands",
        "settlement_command", "setup",
    },
    {"console", "monitor", "storage", "engine"},
    {"strategy"},
    {"trading"},
    {"gateway"},
    {"exchange"},
    {"ctp", "market"},
    {"config"},
    {"kernel"},
    {"model"},
]
"""Rooms from the roof to the ground: a file may import from its own room and from lower floors."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
BESIDE = {
    ("app", "bench"), ("bench", "app"), ("doctor", "setup"), ("setup", "doctor"),
    ("commands", "app"), ("exchange_command", "app"), ("journal_commands", "app"),
    ("journal_commands", "commands"),
}  # fmt: skip


def room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module] if node.module != "homalos" else []
            names += [f"homalos.{a.name}" for a in node.names if node.module == "homalos"]
            yield from ((node.lineno, name) for name in names)


def test_every_room_has_its_floor() -> None:
    rooms = {room(path) for path in FILES} - {"__init__"}
    assert rooms <= set(FLOOR), f"rooms without a floor: {rooms - set(FLOOR)}"


def test_arrows_point_down() -> None:
    wrong = []
    for path in FILES:
        here = room(path)
        if here == "__init__":
            continue
        for line, name in imports(path):
            parts = name.split(".")
            if parts[0] != "homalos" or len(parts) < 2 or parts[1] not in FLOOR:
                continue
            there = parts[1]
            if there != here and FLOOR[there] <= FLOOR[here] and (here, there) not in BESIDE:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {here} imports {there}")
    assert not wrong, "\n".join(wrong)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_and_functions_keep_their_budgets() -> None:
    wrong = []
    for path in [*FILES, *sorted((ROOT / "strategies").glob("*.py"))]:
        text = path.read_text()
        lines = text.count("\n") + 1
        if lines > 600:
            wrong.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for function in functions(ast.parse(text)):
            body = function.body[1:] if ast.get_docstring(function) else function.body
            if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > 70:
                wrong.append(
                    f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: long body"
                )
            if function.returns is None and function.name != "__init__":
                wrong.append(f"{path.relative_to(ROOT)}:{function.lineno} {function.name}: untyped")
    assert not wrong, "\n".join(wrong)


def test_most_files_are_small() -> None:
    sizes = sorted(path.read_text().count("\n") + 1 for path in FILES)
    assert sizes[int(len(sizes) * 0.9)] <= 400


BANNED = {
    "time": {"kernel/clock.py"},
    "random": {"kernel/ids.py"},
    "uuid": {"kernel/ids.py"},
    "secrets": {"kernel/ids.py"},
}
STANDARD_ALONE = {"setup/install.py", "setup/installer.py"}
"""Run before anything is installed, by start.py, in no trading process."""


def test_time_and_chance_have_one_source() -> None:
    wrong = []
    for path in FILES:
        name = path.relative_to(SRC).as_posix()
        if name in STANDARD_ALONE:
            continue
        lines = path.read_text().splitlines()
        for line, module in imports(path):
            allowed = BANNED.get(module)
            if allowed is not None and name not in allowed and "# chance:" not in lines[line - 1]:
                wrong.append(f"{name}:{line}: imports {module}")
        wrong += [
            f"{name}:{number}: {line.strip()}"
            for number, line in enumerate(lines, 1)
            if re.search(
                r"datetime\.(now|utcnow|today)\(|date\.today\(|np\.random\.(?!Generator|default_rng)",
                line,
            )
        ]
    assert not wrong, "\n".join(wrong)


def test_only_the_risk_gate_approves() -> None:
    makers = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and "Approved" in ast.dump(node.func):
                makers.add(path.relative_to(SRC).as_posix())
    # The contract of gateways is a test class: it stands in for the gate, and nothing runs it.
    assert makers <= {"trading/risk/gate.py", "gateway/contract.py"}, makers
    users = [path for path in FILES if any("gateway.contract" in n for _, n in imports(path))]
    assert not users, "the contract is for tests alone"


def tracked() -> list[Path]:
    try:
        out = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of committed files")
    return [path for name in out.split("\0") if name and (path := ROOT / name).is_file()]


HOSTS = re.compile(
    r"py" + r"pi\.org|pythonhos" + r"ted|npm" + r"js\.org|registry\.npm|debian\.org/debian"
)
MACHINE = re.compile(r"/wor" + r"k/(main|shared)|/ro" + r"ot/")


def test_no_committed_file_names_a_registry_or_this_machine() -> None:
    wrong = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if HOSTS.search(line) or MACHINE.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do() -> None:
    pattern = re.compile(
        r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|raise NotImpl" + r"ementedError"
    )
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_called_utils() -> None:
    assert not [
        path for path in FILES if path.stem in {"util", "utils", "helpers", "misc", "common"}
    ]
