"""Each check in a case where it is content and in one where it is not."""

import io
import locale
import os
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from homalos import doctor
from homalos.doctor import language, run_doctor
from homalos.setup import machine, native
from homalos.setup.check import Check, Text
from homalos.setup.ctp import CtpRecord

Usage = namedtuple("Usage", "total used free")
Memory = namedtuple("Memory", "total available")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def test_python_loop_and_sqlite_are_those_that_run_this() -> None:
    for check in (machine.check_python(), machine.check_event_loop(), machine.check_sqlite()):
        assert check.ok is True, check


def test_an_old_sqlite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sqlite3, "sqlite_version_info", (3, 7, 17))
    check = machine.check_sqlite()
    assert check.ok is False
    assert check.needed


def test_a_missing_loop_is_told_and_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise machine.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(machine.importlib.metadata, "version", missing)
    check = machine.check_event_loop()
    assert check.ok is False
    assert not check.needed
    assert check.cure


def test_a_free_port_and_a_taken_one(free_port: int, taken_port: int) -> None:
    assert machine.check_port(free_port).ok is True
    taken = machine.check_port(taken_port)
    assert taken.ok is False
    assert taken.needed
    assert str(taken_port) in taken.text.en


def test_a_port_that_is_none_is_told() -> None:
    assert machine.check_port(70_000).ok is False


@pytest.mark.parametrize(
    ("free", "ok", "needed"),
    [(50 << 30, True, True), (5 << 30, False, False), (100 << 20, False, True)],
)
def test_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, ok: bool, needed: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(free * 2, free, free))
    check = machine.check_data_folder(tmp_path / "not" / "yet")
    assert (check.ok, check.needed) == (ok, needed)
    assert not (tmp_path / "not").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    check = machine.check_data_folder(tmp_path)
    assert check.ok is False
    assert check.needed


def test_disk_sync_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10**12, 30_000_000))  # each sync takes 30 ms by this clock
    monkeypatch.setattr(machine, "monotonic_ns", lambda: next(clock))
    slow = machine.check_disk_sync(tmp_path)
    assert slow.ok is False
    assert "median 30.00 ms" in slow.text.en
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_tried_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", full)
    assert machine.check_disk_sync(tmp_path).ok is None


@pytest.mark.skipif(os.name == "nt", reason="no such limit on Windows")
@pytest.mark.parametrize(("soft", "ok"), [(256, False), (1024, True), (-1, True)])
def test_file_limit(monkeypatch: pytest.MonkeyPatch, soft: int, ok: bool) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, 4096))
    assert machine.check_file_limit().ok is ok


@pytest.mark.parametrize(("available", "ok"), [(8 << 30, True), (200 << 20, False)])
def test_memory(monkeypatch: pytest.MonkeyPatch, available: int, ok: bool) -> None:
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: Memory(16 << 30, available))
    assert machine.check_memory().ok is ok


@pytest.mark.parametrize(
    ("offset_ms", "kernel", "ok"),
    [(0.02, None, True), (-850.0, True, False), (None, True, True), (None, False, False),
     (None, None, None)],
)  # fmt: skip
def test_clock(
    monkeypatch: pytest.MonkeyPatch, offset_ms: float | None, kernel: bool | None, ok: bool | None
) -> None:
    monkeypatch.setattr(machine, "_chrony_offset_ms", lambda: offset_ms)
    monkeypatch.setattr(machine, "_kernel_clock_synced", lambda: kernel)
    assert machine.check_clock().ok is ok


@pytest.mark.parametrize(
    ("line", "offset_ms"),
    [("A29FC87B,162.159.200.123,3,1700000000.1,-0.000123,0,0,0,0,0,0,0,0,Normal", -0.123),
     ("00000000,,0,0.0,0.000000,0,0,0,0,0,0,0,0,Not synchronised", None),
     ("506 Cannot talk to daemon", None)],
)  # fmt: skip
def test_what_chrony_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, offset_ms: float | None
) -> None:
    program = tmp_path / "chronyc"
    program.write_text(f'#!/bin/sh\necho "{line}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert machine._chrony_offset_ms() == pytest.approx(offset_ms)


def test_the_locale_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = locale.setlocale(locale.LC_CTYPE)
    native.check_locale()
    assert locale.setlocale(locale.LC_CTYPE) == before


def test_a_missing_locale_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.sys, "platform", "linux")
    monkeypatch.setattr(native, "CTP_LOCALE", "xx_XX.none")
    check = native.check_locale()
    assert check.ok is False
    assert not check.needed
    assert check.cure is not None
    assert "localedef" in check.cure.en


def test_a_missing_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    check = native.check_compiler()
    assert check.ok is False
    assert check.cure is not None


@pytest.mark.parametrize(
    ("record", "version", "ok", "says"),
    [
        (None, None, False, "not installed"),
        (None, "v6.7.11", True, "v6.7.11"),
        (CtpRecord("installed"), "v6.7.11", True, "v6.7.11"),
        (CtpRecord("installed"), None, False, "does not load: why"),
        (CtpRecord("failed", reason=Text("因", "no compiler")), None, False, "no compiler"),
        (CtpRecord("installing", pid=os.getpid(), begun=9e9), None, None, "being installed"),
        (CtpRecord("installing", pid=2**22 + 1), None, False, "interrupted"),
    ],
)
def test_ctp(
    monkeypatch: pytest.MonkeyPatch,
    record: CtpRecord | None,
    version: str | None,
    ok: bool | None,
    says: str,
) -> None:
    monkeypatch.setattr(native, "read_record", lambda: record)
    monkeypatch.setattr(native, "probe_ctp", lambda: (version, "why"))
    check = native.check_ctp()
    assert check.ok is ok
    assert says in check.text.en
    assert not check.needed


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """What the doctor is to find."""
    checks: list[Check] = []
    monkeypatch.setattr(doctor, "checks", lambda data_dir, port: [lambda c=c: c for c in checks])
    return checks


def test_only_what_the_simulated_run_needs_fails_the_doctor(
    found: list[Check], tmp_path: Path
) -> None:
    name, text = Text("端口", "port"), Text("占用", "taken")
    found.append(Check(name, False, text, Text("换", "choose another")))
    found.append(Check(name, None, text, needed=True))
    out = io.StringIO()
    assert run_doctor(out, tmp_path, lang="en") == 0
    assert "choose another" in out.getvalue()
    found.append(Check(name, False, text, needed=True))
    out = io.StringIO()
    assert run_doctor(out, tmp_path, lang="zh") == 1
    assert "模拟交易无法运行：端口" in out.getvalue()


def test_the_whole_doctor_runs_here(tmp_path: Path, free_port: int) -> None:
    out = io.StringIO()
    run_doctor(out, tmp_path, free_port, "zh")
    shown = out.getvalue()
    for check in ("事件循环", "时钟同步", "磁盘落盘", "文件数上限", "区域设置", "CTP 接口"):
        assert check in shown


@pytest.mark.parametrize(("value", "chosen"), [("zh_CN.UTF-8", "zh"), ("en_US", "en"), ("C", "en")])
def test_the_language_is_the_users(
    monkeypatch: pytest.MonkeyPatch, value: str, chosen: str
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", value)
    assert language() == chosen
