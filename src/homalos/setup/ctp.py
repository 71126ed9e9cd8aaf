"""The second step of the set-up: the CTP libraries, as the package vnpy-ctp brings them with a
binding of its own, and our native parts.

On Linux it is source, compiled for half a minute to a minute. It is installed without what it
says it depends on, which is a Qt desktop. What became of it is recorded in the environment, so
that a failure is told by ``homalos doctor`` and not tried again at every start.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from homalos.kernel.clock import monotonic_ns, wall_ns
from homalos.setup.check import Text
from homalos.setup.compiler import missing_for_build
from homalos.setup.install import CTP_RECORD
from homalos.setup.installer import InstallerMissingError, find_uv, project_root, scripts_dir
from homalos.setup.native_parts import build_native

__all__ = [
    "AGAIN",
    "CtpRecord",
    "install_ctp",
    "is_being_made",
    "probe_ctp",
    "read_record",
]

AGAIN = Text("python start.py setup ctp", "python start.py setup ctp")

# Importing vnpy_ctp itself pulls its desktop in: its `api` is loaded under an empty parent.
PROBE = """
import importlib.util, sys, types
spec = importlib.util.find_spec("vnpy_ctp")
if spec is None:
    sys.exit("vnpy-ctp is not installed")
parent = types.ModuleType("vnpy_ctp")
parent.__path__ = list(spec.submodule_search_locations)
sys.modules["vnpy_ctp"] = parent
from vnpy_ctp.api import MdApi, TdApi
print(TdApi().getApiVersion())
"""


class CtpRecord(msgspec.Struct, frozen=True):
    """What became of the last attempt; ``pid`` is who makes it while it is being made."""

    state: Literal["installing", "installed", "failed"]
    pid: int = 0
    begun: float = 0.0
    """Seconds since the epoch, by the machine's clock."""
    version: str = ""
    """Version of the CTP libraries."""
    reason: Text = Text("", "")
    """What failed."""
    cure: Text = AGAIN
    seconds: float = 0.0


class _StepError(Exception):
    """A step failed: what, and the cure."""

    def __init__(self, text: Text, cure: Text = AGAIN) -> None:
        super().__init__(text, cure)
        self.text = text
        self.cure = cure


def install_ctp() -> int:
    """Installs vnpy-ctp and builds the native parts, records what became of each, prints it.

    Returns:
        0 where vnpy-ctp can be used.
    """
    if not (project_root() / "requirements-ctp.lock").is_file():  # installed from a wheel
        print(
            "只能在克隆的目录中安装；此处请用 / only a clone can do this; here use: "
            "pip install --no-deps vnpy-ctp",
            file=sys.stderr,
        )
        return 1
    record = read_record()
    if record is not None and is_being_made(record):
        print("已在安装 / is being installed already: logs/setup-ctp.log", file=sys.stderr)
        return 1
    code = _install_and_record()
    build_native()
    return code


def _install_and_record() -> int:
    started = monotonic_ns()
    _write(CtpRecord("installing", pid=os.getpid(), begun=wall_ns() / 1e9))
    record = _attempt()
    seconds = (monotonic_ns() - started) / 1e9
    _write(msgspec.structs.replace(record, seconds=round(seconds, 1)))
    if record.state == "installed":
        print(f"CTP {record.version} 可用 / is ready ({seconds:.0f} s)", flush=True)
        return 0
    print(
        f"CTP 未安装，其余功能不受影响：{record.reason.zh}；{record.cure.zh} / "
        f"CTP is not installed, all else works: {record.reason.en}; {record.cure.en}",
        file=sys.stderr,
    )
    return 1


def _attempt() -> CtpRecord:
    try:
        _install()
        return CtpRecord("installed", version=_checked())
    except _StepError as failed:
        return CtpRecord("failed", reason=failed.text, cure=failed.cure)
    except (InstallerMissingError, OSError) as failed:
        return CtpRecord("failed", reason=Text(str(failed), str(failed)))


def read_record() -> CtpRecord | None:
    """The outcome of the last attempt in this environment, None where there was none."""
    try:
        return msgspec.json.decode(_record_path().read_bytes(), type=CtpRecord)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_being_made(record: CtpRecord) -> bool:
    """Whether the attempt goes on: its process lives, and is older than the record."""
    if record.state != "installing":
        return False
    try:
        return psutil.Process(record.pid).create_time() <= record.begun
    except psutil.Error:
        return False


def probe_ctp(timeout_s: float = 20.0) -> tuple[str | None, str]:
    """Loads the binding in a process of its own, because a faulty one ends its process.

    Returns:
        the version of the CTP libraries, None where they do not load; and then the reason.
    """
    words = [sys.executable, "-c", PROBE]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer within {timeout_s:.0f} s"
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return (done.stdout.split() or ["?"])[0], ""


def _install() -> None:
    if sys.platform != "win32":  # there are wheels for Windows
        if missing := missing_for_build():
            raise _StepError(*missing)
        os.nice(19 - os.nice(0))  # trading goes first; the children inherit it
    options = ["--python", sys.executable, "--require-hashes", "--no-deps"]
    uv = [find_uv(), "pip", "install", *options]
    _step([*uv, "-r", "requirements-build.lock"])
    _step([*uv, "--no-build-isolation", "-r", "requirements-ctp.lock"])


def _step(words: list[str]) -> None:
    """Runs the installer with this environment's programs first: the build asks for them."""
    path = os.pathsep.join([str(scripts_dir()), os.environ.get("PATH", "")])
    code = subprocess.call(words, cwd=project_root(), env={**os.environ, "PATH": path})
    if code:
        what = words[-1]
        raise _StepError(
            Text(
                f"{what} 安装失败（退出码 {code}，详情在 logs/setup-ctp.log 或屏幕上方）",
                f"{what} failed (exit code {code}, details in logs/setup-ctp.log or above)",
            ),
            Text(f"检查网络后运行 {AGAIN.zh}", f"check the network, then: {AGAIN.en}"),
        )


def _checked() -> str:
    version, reason = probe_ctp()
    if version is None:
        raise _StepError(
            Text(f"已安装但无法加载：{reason}", f"it is installed but does not load: {reason}")
        )
    return version


def _record_path() -> Path:
    return Path(sys.prefix) / CTP_RECORD


def _write(record: CtpRecord) -> None:
    path = _record_path()
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(install_ctp())
