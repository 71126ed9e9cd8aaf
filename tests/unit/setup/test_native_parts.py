"""Native parts of a small clone, really built: once a state of their sources, failures told."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homalos.ctp import libraries
from homalos.setup import native_parts
from homalos.setup.compiler import missing_for_build
from homalos.setup.native_parts import build_native, build_program, check_native, ensure_native

ROOT = """
project('small', 'cpp')
subdir('src/native')
"""
PARTS = """
shared_library('one', 'one.cpp', install: true)
shared_library('two', 'two.cpp', install: true)
executable('tool', 'tool.cpp', build_by_default: false)
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two libraries and a program, in an environment of their own."""
    if missing := missing_for_build():
        pytest.skip(missing.text.en)
    root = tmp_path / "小 clone"
    native = root / "src" / "native"
    native.mkdir(parents=True)
    (root / "meson.build").write_text(ROOT)
    (native / "meson.build").write_text(PARTS)
    (native / "one.cpp").write_text("int one() { return 1; }\n")
    (native / "two.cpp").write_text("int two() { return 2; }\n")
    (native / "tool.cpp").write_text("int main() { return 3; }\n")
    monkeypatch.delenv(libraries.FOLDER_VARIABLE, raising=False)
    for module in (libraries, native_parts):
        monkeypatch.setattr(module, "builds_folder", lambda: tmp_path / "env" / "homalos-native")
        monkeypatch.setattr(module, "native_sources", lambda: native)
        monkeypatch.setattr(module, "packaged_folder", lambda: None)
    monkeypatch.setattr(native_parts, "project_root", lambda: root)
    return root


def names(folder: Path | None) -> set[str]:
    assert folder is not None
    return {path.name for path in folder.iterdir()}


def test_built_once_and_again_when_a_source_changed(clone: Path) -> None:
    assert libraries.native_folder() is None
    assert check_native().ok is False
    first = ensure_native()
    assert first.ready, first.reason.en
    assert names(first.folder) == {"libone.so", "libtwo.so"}
    assert libraries.native_folder() == first.folder
    assert check_native().ok
    assert ensure_native(again=True) == first  # the recorded outcome, its seconds too
    source = clone / "src" / "native" / "one.cpp"
    source.write_text("int one() { return 11; }\n")
    assert libraries.native_folder() is None  # a stale build is never loaded
    second = ensure_native()
    assert second.ready
    assert second.folder != first.folder
    assert libraries.native_folder() == second.folder
    (native_parts.builds_folder() / "record.json").write_text("{")  # a spoilt record is none
    assert ensure_native().folder == second.folder


def test_asked_for_at_once_they_are_built_once(clone: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ensure_native(), range(3)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0].ready


def test_what_does_not_compile_is_told_and_leaves_the_rest(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = clone / "src" / "native" / "two.cpp"
    source.write_text("int two( { return 2; }\n")
    failed = ensure_native()
    assert not failed.ready
    assert names(failed.folder) == {"libone.so"}
    assert "libtwo.so" in failed.reason.en
    found = check_native()
    assert found.ok is False
    assert found.cure is not None
    assert "setup native" in found.cure.en
    assert ensure_native() == failed  # not tried again
    assert build_native() == 1
    assert "libtwo.so" in capsys.readouterr().err
    source.write_text("int two() { return 2; }\n")
    assert ensure_native().ready
    assert build_native() == 0
    assert check_native().ok


def test_without_a_compiler_the_cure_is_told_and_a_compiler_is_seen_when_it_comes(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = shutil.which
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda name, *_, **__: None)
        failed = ensure_native()
        assert failed.folder is None
        assert "compiler" in failed.reason.en
        assert "g++" in failed.cure.zh
        assert check_native().ok is False
    assert shutil.which is which
    assert ensure_native().ready


def test_an_environment_that_cannot_be_written_is_no_exception(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("a file where a folder should be")
    failed = ensure_native()
    assert not failed.ready
    assert "env" in failed.reason.en


def test_a_program_of_the_tests_is_built_when_it_is_asked_for(clone: Path) -> None:
    assert build_program("tool").is_file()
