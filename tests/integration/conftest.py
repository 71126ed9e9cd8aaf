"""A daemon to each test that asks for one, gone when the test is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A folder of its own, nothing started yet."""
    made = Daemon(tmp_path)
    yield made
    made.kill()
