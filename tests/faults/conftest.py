"""Where the many short runs of these tests have their data folders."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.core import hurried

MEMORY = Path("/dev/shm")
"""A disk in memory, where the system has one."""


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder for thousands of short runs, gone afterwards; nothing waits for its disk."""
    made = Path(tempfile.mkdtemp(prefix="homalos-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        with hurried():
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
