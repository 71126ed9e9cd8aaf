"""A config folder that a test may edit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from homalos.config.faults import ConfigError, Fault
from homalos.config.loader import load

Faults = Callable[..., dict[str, Fault]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty main file: every value is a default, and nothing is shipped beside it."""
    for name in ("system", "risk", "strategies", "products", "calendar"):
        (tmp_path / f"{name}.yaml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.fixture
def faults(folder: Path) -> Faults:
    """Load what the keyword arguments write (``risk="..."``) and return the faults by key."""

    def load_faults(
        overrides: tuple[str, ...] = (), environ: dict[str, str] | None = None, **files: str
    ) -> dict[str, Fault]:
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        try:
            load(folder, overrides=overrides, environ=environ or {})
        except ConfigError as error:
            return {fault.key: fault for fault in error.faults}
        return {}

    return load_faults
