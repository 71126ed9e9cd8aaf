"""Every key is described, bounded, read by something, and takes effect when it says so."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec import NODEFAULT, inspect

from homalos.config.keys import KeyInfo, type_of, walk
from homalos.config.schema import MAIN_FILE, SIBLINGS, TITLES, Config

SRC = Path(__file__).resolve().parents[3] / "src" / "homalos"

KEYS = [info for info in walk(type_of(Config)) if not info.key.startswith(("products", "calendar"))]
"""Products and calendar are data: rows of contracts and days, told about in their own files."""

UNITS = {
    "_ms": {"ms"},
    "_s": {"s"},
    "_us": {"us"},
    "_h": {"h"},
    "_hz": {"Hz"},
    "_minutes": {"min"},
    "_days": {"days"},
    "_per_s": {"1/s"},
    "_per_min": {"1/min"},
    "_lots": {"lots"},
    "_percent": {"%"},
    "_rows": {"rows"},
    "_bars": {"bars"},
    "_mib": {"MiB"},
    "_ticks": {"ticks", "price ticks"},
}
"""What a name ends with, and the unit it then has; the longest ending counts."""

AT_ONCE_ELSEWHERE: dict[str, str] = {}
"""Section: why its keys hold at once although nobody is configured with it. None so far."""


MADE_ANEW = {"risk": "RiskGate.configure makes its rules anew, so they read the limits in __init__"}


def _ids(info: KeyInfo) -> str:
    return info.key


@pytest.mark.parametrize("info", KEYS, ids=_ids)
def test_a_key_is_described_in_both_languages(info: KeyInfo) -> None:
    assert re.search(r"[A-Za-z]{3}", info.en), "an English sentence"
    assert re.search(r"[\u4e00-\u9fff]{2}", info.zh), "a Chinese sentence"
    assert info.applies in ("at once", "restart")


@pytest.mark.parametrize("info", KEYS, ids=_ids)
def test_a_number_has_its_unit_and_a_range(info: KeyInfo) -> None:
    if not isinstance(info.type, inspect.IntType | inspect.FloatType):
        return
    endings = [ending for ending in UNITS if info.key.endswith(ending)]
    if endings:
        assert info.unit in UNITS[max(endings, key=len)]
    assert info.type.ge is not None or info.type.gt is not None, "a least value"


@pytest.mark.parametrize("info", KEYS, ids=_ids)
def test_a_default_is_a_legal_value(info: KeyInfo) -> None:
    if info.default is NODEFAULT:
        assert ".*." in info.key, "only the key of a row may be without a default"
        return
    section, _, name = info.key.partition(".")
    if name and "*" not in name:
        value = {section: {name: msgspec.to_builtins(info.default)}}
        assert msgspec.convert(value, Config) == Config()


def test_the_defaults_agree_with_each_other() -> None:
    default = Config()
    for section in TITLES:
        check = getattr(getattr(default, section, None), "faults", None)
        assert check is None or list(check()) == [], section


def test_every_section_has_a_title_and_every_file_a_section() -> None:
    sections = {field.name for field in type_of(Config).fields}
    assert sections == set(TITLES)
    assert {sibling.key for sibling in SIBLINGS.values()} <= sections
    assert MAIN_FILE not in SIBLINGS


class _Reads(ast.NodeVisitor):
    """Names of attributes that are read, with the function that reads them."""

    def __init__(self) -> None:
        self.found: set[tuple[str, str]] = set()
        self._functions = ["<module>"]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self.found.add((node.attr, self._functions[-1]))
        self.generic_visit(node)


@cache
def trees() -> tuple[ast.Module, ...]:
    """Of everything but this room itself and the benchmarks."""
    files = sorted(SRC.rglob("*.py"))
    apart = {"config", "bench"}
    parts = [path.relative_to(SRC).parts[0] for path in files]
    return tuple(
        ast.parse(path.read_text(encoding="utf-8"))
        for path, room in zip(files, parts, strict=True)
        if room not in apart
    )


@cache
def readers() -> dict[str, set[str]]:
    """By attribute name, the functions that read it."""
    found: dict[str, set[str]] = defaultdict(set)
    for tree in trees():
        reads = _Reads()
        reads.visit(tree)
        for name, function in reads.found:
            found[name].add(function)
    return found


@cache
def configured() -> set[str]:
    """Sections that some part is given when they change: ``part.configure(config.section)``."""
    found = set()
    for tree in trees():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            arguments = [a.attr for a in node.args if isinstance(a, ast.Attribute)]
            if node.func.attr == "configure":
                found.update(arguments)
    return found


@pytest.mark.parametrize("info", KEYS, ids=_ids)
def test_a_key_is_read_by_something(info: KeyInfo) -> None:
    name = info.key.rpartition(".")[2]
    assert readers().get(name), f"nothing in src/ reads .{name}: a key without effect"


@pytest.mark.parametrize("info", [k for k in KEYS if k.applies == "at once"], ids=_ids)
def test_a_key_that_holds_at_once_is_not_read_at_the_start_alone(info: KeyInfo) -> None:
    section, _, name = info.key.partition(".")
    assert section in MADE_ANEW or readers()[name] - {"__init__", "<module>"}, "in __init__ only"


@pytest.mark.parametrize(
    "section", sorted({k.key.split(".")[0] for k in KEYS if k.applies == "at once"})
)
def test_a_section_with_keys_that_hold_at_once_is_handed_on(section: str) -> None:
    assert section in configured() or section in AT_ONCE_ELSEWHERE, (
        f"nobody calls configure(config.{section}): an edit would change nothing"
    )
