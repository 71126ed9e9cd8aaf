"""The second step of the set-up: what it records when it works and when it does not."""

import os
import shutil
import time
from pathlib import Path

import msgspec
import pytest

from homalos.setup import ctp
from homalos.setup.check import Text
from homalos.setup.ctp import CtpRecord, install_ctp, is_being_made, probe_ctp, read_record
from homalos.setup.installer import InstallerMissingError


@pytest.fixture(autouse=True)
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record of this test, not of the environment that runs it; and no change of priority."""
    path = tmp_path / "ctp-install.json"
    monkeypatch.setattr(ctp, "_record_path", lambda: path)
    monkeypatch.setattr(os, "nice", lambda change: change, raising=False)
    monkeypatch.setattr(ctp, "build_native", lambda: 0)
    return path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine that can build, with an installer that is only written down."""
    asked: list[list[str]] = []
    monkeypatch.setattr(ctp, "missing_for_build", lambda: None)
    monkeypatch.setattr(ctp, "find_uv", lambda: "uv")
    monkeypatch.setattr(ctp.subprocess, "call", lambda words, **_: asked.append(words))
    monkeypatch.setattr(ctp, "probe_ctp", lambda: ("v6.7.11", ""))
    return asked


def test_success_is_recorded_and_the_desktop_left_out(steps: list[list[str]]) -> None:
    assert install_ctp() == 0
    record = read_record()
    assert record is not None
    assert (record.state, record.version) == ("installed", "v6.7.11")
    build, package = steps
    assert build[-1] == "requirements-build.lock"
    assert package[-1] == "requirements-ctp.lock"
    assert {"--no-deps", "--require-hashes", "--no-build-isolation"} <= set(package)


def test_it_is_recorded_while_it_goes_on(
    steps: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[CtpRecord | None] = []
    monkeypatch.setattr(ctp.subprocess, "call", lambda words, **_: seen.append(read_record()))
    install_ctp()
    assert seen[0] is not None
    assert seen[0].pid == os.getpid()
    assert is_being_made(seen[0])


def test_two_attempts_are_not_made_at_once(
    steps: list[list[str]], own_record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    going_on = CtpRecord("installing", pid=os.getpid(), begun=time.time())
    own_record.write_bytes(msgspec.json.encode(going_on))
    assert install_ctp() == 1
    assert steps == []
    assert "already" in capsys.readouterr().err


def test_a_process_that_only_bears_the_number_is_not_an_attempt(
    steps: list[list[str]], own_record: Path
) -> None:
    own_record.write_bytes(msgspec.json.encode(CtpRecord("installing", os.getpid(), begun=1.0)))
    assert install_ctp() == 0


def test_outside_a_clone_the_plain_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ctp, "project_root", lambda: tmp_path)
    assert install_ctp() == 1
    assert "pip install --no-deps vnpy-ctp" in capsys.readouterr().err


def test_without_a_compiler_the_command_that_brings_one_is_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ctp.sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert install_ctp() == 1
    record = read_record()
    assert record is not None
    assert record.state == "failed"
    assert "compiler" in record.reason.en
    assert "g++" in record.cure.zh
    assert "all else works" in capsys.readouterr().err


def test_a_failed_build_is_recorded(
    steps: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctp.subprocess, "call", lambda words, **_: 2)
    assert install_ctp() == 1
    record = read_record()
    assert record is not None
    assert "requirements-build.lock failed (exit code 2" in record.reason.en


def test_a_package_that_does_not_load_is_a_failure(
    steps: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctp, "probe_ctp", lambda: (None, "undefined symbol"))
    assert install_ctp() == 1
    record = read_record()
    assert record is not None
    assert "undefined symbol" in record.reason.zh


def test_a_missing_installer_is_recorded(
    steps: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise InstallerMissingError("no uv")

    monkeypatch.setattr(ctp, "find_uv", none)
    assert install_ctp() == 1
    record = read_record()
    assert record is not None
    assert record.reason == Text("no uv", "no uv")


def test_a_spoilt_record_is_no_record(own_record: Path) -> None:
    own_record.write_text("{")
    assert read_record() is None


def test_a_binding_that_ends_its_process_does_not_end_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ctp, "PROBE", "import os; os.abort()")
    version, reason = probe_ctp()
    assert version is None
    assert "exit code" in reason


def test_the_probe_loads_the_api_without_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "vnpy_ctp" / "api"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("raise ImportError('the desktop came along')")
    (package / "__init__.py").write_text(
        "class MdApi: ...\nclass TdApi:\n    def getApiVersion(self): return 'v6.7.11 x'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert probe_ctp() == ("v6.7.11", "")
