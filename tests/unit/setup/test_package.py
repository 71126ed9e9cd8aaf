"""The package as it is built and as it lies in the tree."""

import re
from pathlib import Path

import homalos


def test_the_version_is_the_same_for_the_build_and_for_python(project_root: Path) -> None:
    found = re.search(r"version: '([^']+)'", (project_root / "meson.build").read_text("utf-8"))
    assert found
    assert found[1] == homalos.__version__


def test_shipped_files_are_found_in_the_tree(project_root: Path) -> None:
    assert homalos.defaults_dir() == project_root / "config"
    assert homalos.examples_dir() == project_root / "strategies"


def test_start_py_stays_small(project_root: Path) -> None:
    assert len((project_root / "start.py").read_text("utf-8").splitlines()) < 100
