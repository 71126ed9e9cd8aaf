"""The shipped files load, and what they show as a default is one."""

import pytest

from homalos import defaults_dir
from homalos.config.changes import difference
from homalos.config.faults import Layer
from homalos.config.loader import load
from homalos.config.schema import MAIN_FILE, SIBLINGS, Config

APART = ("strategies", "products", "calendar")
"""Files that bring rows of their own, where the built-in default is none."""


@pytest.mark.parametrize("name", [MAIN_FILE, *SIBLINGS])
def test_a_shipped_file_is_there(name: str) -> None:
    assert (defaults_dir() / name).is_file()


def test_shipped_values_are_the_defaults() -> None:
    loaded = load(defaults_dir(), environ={})
    told = [c for c in difference(Config(), loaded.config) if c.key.split(".")[0] not in APART]
    assert told == []
    assert loaded.config.gateway.td == "sim"
    assert loaded.place("console.port").layer is Layer.FILE


def test_nothing_of_the_environment_is_read_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMALOS__CONSOLE__PORT", "9999")
    assert load(defaults_dir(), environ={}).config.console.port == 8_000
