"""A daemon to each test that asks for one, gone when the test is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.daemon import Daemon

from homalos.ctp.libraries import NativeMissingError, dropin_libraries, load_binding


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A folder of its own, nothing started yet."""
    made = Daemon(tmp_path)
    yield made
    made.kill()


@pytest.fixture(scope="session")
def dropins() -> Path:
    """Folder of the drop-in CTP libraries; skips where they, or the binding, are not built."""
    try:
        load_binding()
        return dropin_libraries()
    except NativeMissingError as error:
        pytest.skip(str(error))
