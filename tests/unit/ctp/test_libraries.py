"""Native parts and the vendor's libraries: found, or missing with a cure in both languages."""

import sys
from pathlib import Path

import pytest

from homalos.ctp import libraries
from homalos.ctp.libraries import (
    DROPIN_FILES,
    FOLDER_VARIABLE,
    NativeMissingError,
    dropin_libraries,
    load_binding,
    native_folder,
    vendor_libraries,
)


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone in which nothing was built."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(libraries, "packaged_folder", lambda: None)
    monkeypatch.setattr(libraries, "builds_folder", lambda: Path("/nowhere"))
    monkeypatch.delitem(sys.modules, f"homalos.ctp.{libraries.BINDING}", raising=False)


@pytest.mark.usefixtures("nothing")
def test_what_is_not_built_names_the_cure() -> None:
    assert native_folder() is None
    for find in (dropin_libraries, load_binding):
        with pytest.raises(NativeMissingError, match=r"python start\.py setup native") as caught:
            find()
        assert "编译" in str(caught.value)


@pytest.mark.usefixtures("nothing")
def test_a_build_under_way_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "builds_folder", lambda: tmp_path)
    sources = libraries.native_sources()
    assert sources is not None
    name = f"{libraries.source_hash(sources)}-compiler"
    (tmp_path / (name + libraries.DRAFT)).mkdir()
    assert native_folder() is None
    (tmp_path / name).mkdir()
    assert native_folder() == tmp_path / name


def test_a_wheel_carries_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(libraries, "PACKAGE", tmp_path)
    assert native_folder() is None  # no clone, no parts
    folder = tmp_path / "_native"
    folder.mkdir()
    with pytest.raises(NativeMissingError):
        dropin_libraries()  # one without a C++ compiler
    for name in DROPIN_FILES:
        (folder / name).touch()
    assert dropin_libraries() == native_folder() == folder


def test_a_binding_that_does_not_load_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.delitem(sys.modules, f"homalos.ctp.{libraries.BINDING}", raising=False)
    (tmp_path / f"{libraries.BINDING}.so").write_bytes(b"no library")
    with pytest.raises(NativeMissingError, match="does not load"):
        load_binding()
    assert f"homalos.ctp.{libraries.BINDING}" not in sys.modules


def test_the_vendors_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "vnpy_ctp", raising=False)
    with pytest.raises(NativeMissingError, match=r"python start\.py setup ctp"):
        vendor_libraries()
    folder = tmp_path / "vnpy_ctp" / "api"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise ImportError('the desktop came along')")
    sys.path_importer_cache.clear()
    with pytest.raises(NativeMissingError):
        vendor_libraries()
    for name in DROPIN_FILES:
        (folder / name).touch()
    assert vendor_libraries() == folder
