"""The native parts, built once; what needs them skips where they cannot be built."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.native.front import Front
from tests.native.program import Program

from homalos.ctp.libraries import dropin_libraries
from homalos.setup.compiler import missing_for_build
from homalos.setup.native_parts import build_program, ensure_native

Start = Callable[..., Program]


@pytest.fixture(scope="session")
def native() -> Path:
    """Folder of the native parts. A compiler that is not there is no fault; code that does not
    compile is one."""
    if missing := missing_for_build():
        pytest.skip(f"{missing.text.en}: {missing.cure.en}")
    parts = ensure_native()
    assert parts.folder is not None, parts.reason.en
    return dropin_libraries()


@pytest.fixture(scope="session")
def clients(native: Path) -> dict[str, Path]:
    return {side: build_program(f"ctp_client_{side}") for side in ("md", "td")}


@pytest.fixture
def start(clients: dict[str, Path], tmp_path: Path) -> Iterator[Start]:
    """Starts programs that have ended well when the test is over."""
    with ExitStack() as stack:
        yield lambda side, **environment: stack.enter_context(
            Program(clients[side], side, tmp_path, environment)
        )


@pytest.fixture
def td_front() -> Iterator[Front]:
    with Front("td") as front:
        yield front


@pytest.fixture
def md_front() -> Iterator[Front]:
    with Front("md") as front:
        yield front
