"""Builds the native parts of a clone: the CTP binding and the drop-in CTP libraries.

They go into the environment, once for each state of their sources, and only where somebody asks:
``setup native``, ``setup ctp``, ``start.py test``. A failure is recorded with its cure, which
``homalos doctor`` tells; the same sources are not tried again unless they are asked for again.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from homalos.ctp.libraries import (
    DRAFT,
    FOLDER_VARIABLE,
    builds_folder,
    native_folder,
    native_sources,
    packaged_folder,
    source_hash,
)
from homalos.kernel.clock import monotonic_ns
from homalos.setup.check import Check, Text
from homalos.setup.compiler import find_compiler, missing_for_build
from homalos.setup.install import wait_for_lock
from homalos.setup.installer import InstallerMissingError, find_uv, project_root, scripts_dir

__all__ = [
    "NativeParts",
    "build_into",
    "build_native",
    "build_program",
    "check_native",
    "ensure_native",
]

AGAIN = Text("python start.py setup native", "python start.py setup native")
KEPT_BUILDS = 3
PARTS = ("shared library", "shared module")
PROGRAM = "executable"
NOTHING = Text("", "")


class NativeParts(msgspec.Struct, frozen=True):
    """What became of the native parts of these sources."""

    key: str = ""
    """Which sources, Python and compiler."""
    folder: Path | None = None
    """Where they are, or those of them that could be built."""
    reason: Text = NOTHING
    """What failed; empty: nothing did."""
    cure: Text = NOTHING
    seconds: float = 0.0

    @property
    def ready(self) -> bool:
        return self.folder is not None and self.reason == NOTHING


class _BuildError(Exception):
    """A step failed: what, and the cure."""

    def __init__(self, text: Text, cure: Text = AGAIN) -> None:
        super().__init__(text, cure)
        self.text = text
        self.cure = cure


def build_native() -> int:
    """``homalos setup native``: builds anew, prints the outcome; 0 where it worked."""
    parts = ensure_native(anew=True)
    if parts.ready:
        print(f"本地组件可用 / native parts are ready: {parts.folder} ({parts.seconds:.0f} s)")
        return 0
    print(
        f"本地组件未编译，其余功能不受影响：{parts.reason.zh}；{parts.cure.zh} / "
        f"native parts are not built, all else works: {parts.reason.en}; {parts.cure.en}",
        file=sys.stderr,
    )
    return 1


def ensure_native(again: bool = False, anew: bool = False) -> NativeParts:
    """The native parts, built now if these sources never were; ``again``: also if they failed,
    ``anew``: in any case.

    Two processes that ask at once build once. Does not raise: what failed is in the answer.
    """
    given = _given_folder()
    if given is not None:
        return NativeParts(folder=given)
    sources = native_sources()
    if sources is None:
        text = Text("此安装不含本地组件", "this installation came without native parts")
        cure = Text(
            "从克隆目录运行，或装好编译器后重新安装",
            "run a clone, or install again with a compiler",
        )
        return NativeParts(reason=text, cure=cure)
    try:
        with _one_at_a_time():
            key = f"{source_hash(sources)}-{_compiler_hash()}"
            known = _read_record()
            if known is not None and known.key == key and not anew and _stands(known, again):
                return known
            return _build_and_record(key)
    except OSError as error:  # an environment that cannot be written
        return NativeParts(reason=Text(str(error), str(error)), cure=AGAIN)


def build_program(name: str) -> Path:
    """A program of the native tests, built beside the parts. ``OSError``: it does not compile."""
    given = _given_folder()
    if given is not None:
        return given / name
    with _one_at_a_time():
        maker = _configured()
        target = next(path for path in maker.targets(PROGRAM) if path.stem == name)
        if not maker.make(target):
            raise OSError(f"{name}: see {_log_path()}")
        return target


def build_into(build: Path, into: Path, options: Sequence[str], log: Path) -> list[str]:
    """Parts and programs of the tests, with options of the build: for sanitizers.

    Returns:
        names of what does not compile; all else is in ``into``.
    """
    _find_tools()
    maker = _Maker(build, log)
    if not maker.configure(options):
        return ["meson"]
    into.mkdir(parents=True)
    return [
        target.name for target in maker.targets(*PARTS, PROGRAM) if not maker.make(target, into)
    ]


def check_native() -> Check:
    """For the doctor: whether the parts of these sources are built, else why not."""
    name = Text("本地组件", "native parts")
    folder, record, sources = native_folder(), _read_record(), native_sources()
    is_of_these = record is not None and sources and record.key.startswith(source_hash(sources))
    if record is not None and is_of_these and record.reason != NOTHING:
        return Check(name, False, record.reason, record.cure)
    if folder is not None:
        return Check(name, True, Text(str(folder), str(folder)))
    text = Text("未编译：没有 CTP 接口与仿真 CTP 动态库", "not built: no CTP, no drop-in libraries")
    return Check(name, False, text, AGAIN)


def _stands(known: NativeParts, again: bool) -> bool:
    """Whether the recorded outcome needs no further attempt."""
    if known.ready:
        return known.folder is not None and known.folder.is_dir()
    return not again


def _build_and_record(key: str) -> NativeParts:
    started = monotonic_ns()
    folder = builds_folder() / key
    try:
        _build(folder)
        parts = NativeParts(key, folder)
    except _BuildError as failed:
        parts = NativeParts(key, folder if folder.is_dir() else None, failed.text, failed.cure)
    except (InstallerMissingError, OSError) as failed:
        parts = NativeParts(key, None, Text(str(failed), str(failed)), AGAIN)
    parts = msgspec.structs.replace(parts, seconds=round((monotonic_ns() - started) / 1e9, 1))
    draft = _record_path().with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(parts, enc_hook=str))
    draft.replace(_record_path())
    _forget_old_builds()
    return parts


def _build(folder: Path) -> None:
    if missing := missing_for_build():
        raise _BuildError(*missing)
    _find_tools()
    log = _log_path()
    maker = _configured()
    draft = folder.with_suffix(DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    failed = [target.name for target in maker.targets(*PARTS) if not maker.make(target, draft)]
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    if failed:
        names = ", ".join(failed)
        raise _BuildError(Text(f"{names} 编译失败，详情在 {log}", f"{names}: see {log}"))


def _configured() -> "_Maker":
    """The build of this compiler, made where it is not."""
    log = _log_path()
    maker = _Maker(builds_folder() / f"build-{_compiler_hash()}", log)
    if not maker.configure(["--buildtype=release"]):
        raise _BuildError(Text(f"meson 失败，详情在 {log}", f"meson failed: see {log}"))
    return maker


def _find_tools() -> None:
    """meson and ninja, installed if they are not there: a run needs neither."""
    if importlib.util.find_spec("mesonbuild") and shutil.which("ninja", path=_path()):
        return
    words = [find_uv(), "pip", "install", "--python", sys.executable]
    words += ["--require-hashes", "--no-deps", "-r", "requirements-build.lock"]
    if subprocess.call(words, cwd=project_root()):
        raise _BuildError(
            Text("meson 安装失败", "meson could not be installed"),
            Text(f"检查网络后运行 {AGAIN.zh}", f"check the network, then: {AGAIN.en}"),
        )


class _Maker:
    """One folder of meson, and the log of what it says."""

    def __init__(self, build: Path, log: Path) -> None:
        self._build = build
        self._log = log

    def configure(self, options: Sequence[str]) -> bool:
        meson = [sys.executable, "-m", "mesonbuild.mesonmain", "setup", *options]
        places = [str(self._build), str(project_root())]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.unlink(missing_ok=True)
        known = (self._build / "build.ninja").is_file()
        if known and self._run([*meson, "--reconfigure", *places]):
            return True
        shutil.rmtree(self._build, ignore_errors=True)  # never made, or by another meson
        return self._run([*meson, *places])

    def targets(self, *kinds: str) -> list[Path]:
        """What can be built, as the build itself tells."""
        raw = (self._build / "meson-info" / "intro-targets.json").read_bytes()
        found = [target for target in msgspec.json.decode(raw) if target["type"] in kinds]
        return [Path(target["filename"][0]) for target in found]

    def make(self, target: Path, into: Path | None = None) -> bool:
        """Each by itself, so that one that does not compile leaves the others."""
        ninja = shutil.which("ninja", path=_path())
        name = target.resolve().relative_to(self._build.resolve()).as_posix()
        if ninja is None or not self._run([ninja, "-C", str(self._build), name]):
            return False
        if into is not None:
            shutil.copy2(target, into)
        return True

    def _run(self, words: list[str]) -> bool:
        with self._log.open("ab") as log:
            environment = {**os.environ, "PATH": _path()}
            return not subprocess.call(words, env=environment, stdout=log, stderr=subprocess.STDOUT)


def _given_folder() -> Path | None:
    """Parts that are not built here: of a wheel, or those that the developer names."""
    return native_folder() if os.environ.get(FOLDER_VARIABLE) else packaged_folder()


def _path() -> str:
    return os.pathsep.join([str(scripts_dir()), os.environ.get("PATH", "")])


def _compiler_hash() -> str:
    """Another compiler builds anew, and does not know what the last one has compiled."""
    compiler = find_compiler()
    if compiler is None:
        return "none"
    words = [compiler] if compiler.endswith("cl.exe") else [compiler, "--version"]
    told = subprocess.run(words, capture_output=True, check=False)
    return hashlib.sha256(compiler.encode() + told.stdout + told.stderr).hexdigest()[:8]


def _forget_old_builds() -> None:
    """Old ones are kept for a while: a program that runs may be about to load them."""
    builds = [
        p for p in builds_folder().iterdir() if p.is_dir() and not p.name.startswith("build-")
    ]
    builds.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in builds[KEPT_BUILDS:]:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    builds_folder().mkdir(parents=True, exist_ok=True)
    with (builds_folder() / "lock").open("a") as guard:
        wait_for_lock(guard.fileno(), "本地组件正在编译，请稍候", "native parts are being built")
        yield


def _read_record() -> NativeParts | None:
    try:
        return msgspec.json.decode(_record_path().read_bytes(), type=NativeParts, dec_hook=_decode)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _decode(kind: type, value: object) -> object:
    return Path(str(value)) if kind is Path else value


def _record_path() -> Path:
    return builds_folder() / "record.json"


def _log_path() -> Path:
    return builds_folder() / "build.log"


if __name__ == "__main__":
    sys.exit(build_native())
