"""The committed lock files, and the command that writes them."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from homalos.setup import lock as lock_module
from homalos.setup.lock import LOCKS

NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", [lock.file for lock in LOCKS])
def test_every_pin_is_exact_and_hashed_and_names_no_address(project_root: Path, name: str) -> None:
    text = (project_root / name).read_text("utf-8")
    assert "://" not in text
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    options = re.findall(r"^\s*--\S+?(?=[= ])", text, re.MULTILINE)
    assert {option.strip() for option in options} == {"--hash"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.file)
def test_every_dependency_of_the_project_is_pinned(
    project_root: Path, lock: lock_module.Lock
) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text("utf-8"))["project"]
    pinned = pins((project_root / lock.file).read_text("utf-8"))
    for group in lock.groups:
        lines = project["optional-dependencies"][group] if group else project["dependencies"]
        for line in lines:
            match = NAME.match(line)
            assert match, line
            assert match[1].lower() in pinned, f"python start.py lock: {line}"


def test_the_locks_agree_with_each_other(project_root: Path) -> None:
    for lock in LOCKS:
        mine = pins((project_root / lock.file).read_text("utf-8"))
        for other in lock.shares:
            theirs = pins((project_root / other).read_text("utf-8"))
            assert {n: v for n, v in mine.items() if theirs.get(n, v) != v} == {}


def test_a_lock_that_would_name_an_address_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\ndependencies=['a']\noptional-dependencies={}\n"
    )

    def compiled(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / words[-1]).write_text("--extra-index-url file:///somewhere\na==1\n")
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(lock_module, "project_root", lambda: tmp_path)
    monkeypatch.setattr(lock_module, "find_uv", lambda: "uv")
    monkeypatch.setattr(lock_module.subprocess, "run", compiled)
    assert lock_module.main([]) == 1
    assert "address" in capsys.readouterr().err
    assert not (tmp_path / "requirements.lock").exists()
