"""The set-up that every start passes through, around a stand-in for uv."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from homalos.setup.install import Environment, SetUpError, start_ctp_step

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a shell script")

LOCK = "requirements.lock"


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv on the PATH that writes down what it was asked, and fails where `exit` says so."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program = folder / "uv"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "$@" >> "{folder}/calls"\n'
        f'exit $(cat "{folder}/exit" 2>/dev/null || echo 0)\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    root = tmp_path / "项目 a"
    root.mkdir()
    (root / LOCK).write_text("msgspec==1\n")
    return Environment(str(root))


def calls(uv: Path) -> list[str]:
    path = uv / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_installs_once_without_resolving_and_with_hashes(
    environment: Environment, uv: Path
) -> None:
    assert environment.ensure([LOCK])
    assert not environment.ensure([LOCK])
    (call,) = calls(uv)
    assert call.startswith(f"pip install --python {environment.python}")
    assert "--require-hashes" in call
    assert "--no-deps" in call


def test_a_changed_lock_is_installed_into_the_same_environment(
    environment: Environment, uv: Path
) -> None:
    environment.ensure([LOCK])
    kept = Path(environment.folder, "kept")
    kept.touch()
    Path(environment.root, LOCK).write_text("msgspec==2\n")
    assert environment.ensure([LOCK])
    assert len(calls(uv)) == 2
    assert kept.exists()


def test_another_lock_is_added(environment: Environment, uv: Path) -> None:
    environment.ensure([LOCK])
    Path(environment.root, "requirements-test.lock").write_text("pytest==1\n")
    assert environment.ensure([LOCK, "requirements-test.lock"])
    assert not environment.ensure([LOCK])
    assert "-r requirements.lock -r requirements-test.lock" in calls(uv)[1]


def test_what_a_killed_install_left_is_not_trusted(environment: Environment, uv: Path) -> None:
    environment.ensure([LOCK])
    half_written = Path(environment.folder, "half-written")
    half_written.touch()
    Path(environment.unfinished).touch()
    assert environment.ensure([LOCK])
    assert not half_written.exists()
    assert not Path(environment.unfinished).exists()


def test_a_lost_python_is_replaced(environment: Environment, uv: Path) -> None:
    environment.ensure([LOCK])
    Path(environment.python).unlink()
    assert environment.ensure([LOCK])
    assert Path(environment.python).exists()


def test_a_failed_step_is_told_with_its_cure_and_tried_again(
    environment: Environment, uv: Path
) -> None:
    (uv / "exit").write_text("2")
    with pytest.raises(SetUpError, match=r"网络.*镜像.*uv pip install failed.*network.*mirror"):
        environment.ensure([LOCK])
    assert not environment.is_installed([LOCK])
    (uv / "exit").unlink()
    assert environment.ensure([LOCK])


def test_a_missing_lock_is_told(environment: Environment, uv: Path) -> None:
    Path(environment.root, LOCK).unlink()
    with pytest.raises(SetUpError, match=r"requirements\.lock is missing"):
        environment.ensure([LOCK])


def test_a_path_in_which_no_environment_can_be_is_told(tmp_path: Path, uv: Path) -> None:
    root = tmp_path / "a:b"
    root.mkdir()
    (root / LOCK).write_text("")
    with pytest.raises(SetUpError, match="move the clone"):
        Environment(str(root)).ensure([LOCK])


def test_a_broken_uv_on_the_path_is_passed_over(
    environment: Environment, uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyenv's shims, for one, are there and exit with 127."""
    (uv / "uv").write_text("#!/bin/sh\nexit 127\n")
    steps: list[str] = []

    def failing_step(what: str, words: list[str]) -> None:
        steps.append(what)
        raise SetUpError(what)

    monkeypatch.setattr(environment, "_step", failing_step)
    with pytest.raises(SetUpError):
        environment.ensure([LOCK])
    assert steps in (["pip install uv"], ["ensurepip"])


def test_our_own_uv_asks_the_index_that_pip_asks(
    environment: Environment, uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure([LOCK])
    ours = Path(environment.python).parent / "uv"
    (uv / "uv").rename(ours)
    (ours.parent / "uv").write_text(f'#!/bin/sh\necho "$UV_DEFAULT_INDEX" >> "{uv}/index"\n')
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PIP_INDEX_URL", "mirror.example/simple")
    Path(environment.root, LOCK).write_text("changed\n")
    environment.ensure([LOCK])
    assert (uv / "index").read_text().split() == ["mirror.example/simple"]


def test_a_second_start_waits_for_the_first_and_does_not_install_again(
    environment: Environment, uv: Path
) -> None:
    (uv / "uv").write_text((uv / "uv").read_text().replace("echo", "sleep 1; echo", 1))
    source = Path(__file__).resolve().parents[3] / "src"
    code = (
        "import sys; from homalos.setup.install import Environment\n"
        f"print(Environment({environment.root!r}).ensure([{LOCK!r}]))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(source)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in both]
    assert sorted(out.strip() for out, _ in answers) == ["False", "True"]
    assert sum("another start.py is installing" in err for _, err in answers) == 1
    assert len(calls(uv)) == 1


@pytest.mark.parametrize("given", ["record", "switched off"])
def test_the_ctp_step_is_not_begun_again(
    environment: Environment, uv: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure([LOCK])
    if given == "record":
        monkeypatch.delenv("HOMALOS_SETUP_CTP", raising=False)
        Path(environment.folder, "ctp-install.json").write_text('{"state":"failed"}')
    else:
        monkeypatch.setenv("HOMALOS_SETUP_CTP", "0")
    start_ctp_step(environment)
    assert not Path(environment.root, "logs").exists()
