"""The binding on libraries that do as they are told (`tests/native/fake`)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.native import fake
from tests.native.binding.rig import MdRig, TdRig

from homalos.ctp.libraries import load_binding


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what was compiled for the tests stays, if pytest may keep anything."""
    cache = getattr(request.config, "cache", None)
    return cache.mkdir("ctp-binding") if cache else tmp_path_factory.mktemp("ctp-binding")


@pytest.fixture(scope="session")
def fakes(native: Path, kept: Path) -> Path:
    """Folder of the stand-ins; the binding is there too."""
    load_binding()
    return fake.build(kept / "fake")


@pytest.fixture
def open_md(fakes: Path, tmp_path: Path) -> Iterator[Callable[..., MdRig]]:
    rigs: list[MdRig] = []

    def make(**options: object) -> MdRig:
        rigs.append(MdRig(fakes, tmp_path / f"md{len(rigs)}", **options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def open_td(fakes: Path, tmp_path: Path) -> Iterator[Callable[..., TdRig]]:
    rigs: list[TdRig] = []

    def make(**options: object) -> TdRig:
        rigs.append(TdRig(fakes, tmp_path / f"td{len(rigs)}", **options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def md(open_md: Callable[..., MdRig]) -> MdRig:
    return open_md()


@pytest.fixture
def td(open_td: Callable[..., TdRig]) -> TdRig:
    return open_td()
