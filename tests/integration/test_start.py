"""start.py as a stranger meets it: a clone with spaces and Chinese letters in its path."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homalos.setup.compiler import missing_for_build

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")

STUB = """
import os, signal, sys, time

def main() -> int:
    print("homalos", *sys.argv[1:], "in", os.getcwd(), flush=True)
    if "wait" in sys.argv:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))
        print("waiting", flush=True)
        time.sleep(60)
    return 7
"""

TEST_STUBS = {
    "native_parts": """
class parts:
    ready = True

def ensure_native(again: bool) -> object:
    print("native", flush=True)
    return parts
""",
    "conformance": "def ensure_conformance() -> str: return ''",
}

# What start.py needs of the package before anything is installed.
SMALL = ("start.py", "requirements.lock", "requirements-test.lock", "src/homalos/__init__.py",
         "src/homalos/__main__.py", "src/homalos/setup/__init__.py",
         "src/homalos/setup/install.py")  # fmt: skip

Start = Callable[..., subprocess.Popen[str]]


class Clone:
    """A folder that start.py runs in, and what runs there."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.environment = environment
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(self.root / "start.py"), *arguments],
            cwd=cwd or self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def finish(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=110)
        return process.returncode, out, err

    def kill(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder on the PATH with a uv that installs nothing, slowly where `seconds` says so."""
    folder = tmp_path / "programs"
    folder.mkdir()
    uv = folder / "uv"
    uv.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exit 0\n'
        f'seconds=$(cat "{folder}/seconds" 2>/dev/null || echo 0)\n'
        f'echo "$@" >> "{folder}/calls"\nsleep $seconds\n'
        f'echo ended >> "{folder}/ended"\nexit $(cat "{folder}/exit" 2>/dev/null || echo 0)\n'
    )
    uv.chmod(0o755)
    return folder


@pytest.fixture
def clone(tmp_path: Path, programs: Path, project_root: Path) -> Iterator[Clone]:
    """As much of the tree as start.py needs, with a stub for the command line."""
    root = tmp_path / "我的 项目" / "homalos 一"
    for name in SMALL:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project_root / name, root / name)
    (root / "src/homalos/cli.py").write_text(STUB)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    clone = Clone(root, {**os.environ, "PATH": path, "HOMALOS_SETUP_CTP": "0"})
    yield clone
    clone.kill()


def calls(programs: Path) -> int:
    path = programs / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def appears(path: Path, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if path.exists():
            return True
        time.sleep(0.02)
    return False


def test_it_installs_once_and_passes_arguments_folder_and_exit_code_through(
    clone: Clone, programs: Path, tmp_path: Path
) -> None:
    code, out, err = clone.finish("run", "--set", "a b=c", cwd=tmp_path)
    assert (code, out) == (7, f"homalos run --set a b=c in {tmp_path}\n")
    assert "making .venv" in err
    code, out, err = clone.finish(cwd=tmp_path)
    assert (code, out, err) == (7, f"homalos in {tmp_path}\n", "")
    assert calls(programs) == 1


def test_signals_reach_the_program(clone: Clone) -> None:
    clone.finish()
    process = clone.start("wait")
    assert process.stdout
    while "waiting" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 42


def test_the_tests_run_from_the_root_with_their_own_lock_after_the_native_parts(
    clone: Clone, programs: Path, tmp_path: Path, project_root: Path
) -> None:
    (clone.root / "src/pytest.py").write_text("import os, sys; print(os.getcwd(), sys.argv[1:])")
    name = "src/homalos/setup/run_tests.py"
    shutil.copy(project_root / name, clone.root / name)
    for stub, text in TEST_STUBS.items():
        (clone.root / f"src/homalos/setup/{stub}.py").write_text(text)
    code, out, _ = clone.finish("test", "-k", "some thing", cwd=tmp_path)
    assert (code, out) == (0, f"native\n{clone.root} ['-k', 'some thing']\n")
    assert "requirements-test.lock" in (programs / "calls").read_text()
    assert clone.finish()[0] == 7
    assert calls(programs) == 1


def test_twice_at_once_the_second_waits_and_says_so(clone: Clone, programs: Path) -> None:
    (programs / "seconds").write_text("1")
    both = [clone.start(), clone.start()]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [7, 7]
    assert sum("另一个 start.py 正在安装" in err for _, err in answers) == 1
    assert calls(programs) == 1


def test_killed_in_the_middle_the_next_start_waits_for_the_orphan_and_begins_anew(
    clone: Clone, programs: Path
) -> None:
    (programs / "seconds").write_text("1")
    first = clone.start()
    assert appears(programs / "calls")
    first.kill()
    first.wait()
    half_written = clone.root / ".venv" / "half-written"
    half_written.touch()
    (programs / "seconds").write_text("0")
    code, _, err = clone.finish()
    assert code == 7
    assert "another start.py is installing" in err
    assert (programs / "ended").read_text().splitlines() == ["ended", "ended"]
    assert not half_written.exists()


def test_a_failure_is_one_sentence_with_its_cure(clone: Clone, programs: Path) -> None:
    (programs / "exit").write_text("2")
    code, out, err = clone.finish()
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert "uv pip install 失败" in last
    assert "check the network" in last
    (programs / "exit").write_text("0")
    assert clone.finish()[0] == 7


def test_a_folder_that_cannot_be_written_is_one_sentence(clone: Clone) -> None:
    (clone.root / ".venv.lock").mkdir()  # closed to root, too, which a mode is not
    code, _, err = clone.finish()
    assert code == 1
    assert len(err.splitlines()) == 1
    assert ".venv.lock" in err


def test_an_old_python_is_told_so(clone: Clone) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 1); sys.version = '3.9.1'; "
        "runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    words = [sys.executable, "-c", code, str(clone.root / "start.py")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "需要 Python 3.11 或更新版本 / Homalos needs Python 3.11 or newer, not 3.9.1"
    ]


def test_the_ctp_step_follows_the_first_install_in_the_background(
    clone: Clone, programs: Path
) -> None:
    clone.environment.pop("HOMALOS_SETUP_CTP")
    begun = clone.root / "begun"
    (clone.root / "src/homalos/setup/ctp.py").write_text(
        f"import time; open({str(begun)!r}, 'a').write('x'); print('log', flush=True)"
    )
    code, _, err = clone.finish()
    assert code == 7
    assert "CTP" in err
    assert appears(begun)
    assert appears(clone.root / "logs" / "setup-ctp.log")
    assert "CTP" not in clone.finish()[2]
    assert begun.read_text() == "x"


def copy_tree(project_root: Path, target: Path) -> None:
    """The tree as git knows it, with what is not committed yet."""
    words = ["git", "ls-files", "-coz", "--exclude-standard"]
    done = subprocess.run(words, cwd=project_root, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout: there is no list of the tree's files")
    for name in filter(None, done.stdout.split("\0")):
        if (project_root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project_root / name, target / name)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_install_then_offline(tmp_path: Path, project_root: Path) -> None:
    """The whole road once: pip brings uv, uv what the lock pins, homalos answers."""
    root = tmp_path / "新 clone"
    copy_tree(project_root, root)
    # A PATH without uv: neither the user's nor the one of the environment that runs the tests.
    path = [p for p in os.environ["PATH"].split(os.pathsep) if not Path(p, "uv").exists()]
    clone = Clone(root, {**os.environ, "PATH": os.pathsep.join(path), "HOMALOS_SETUP_CTP": "0"})
    code, out, err = clone.finish("--help", cwd=tmp_path)
    assert code == 0, err
    assert "run" in out
    nowhere = "127.0.0.1:9"
    clone.environment |= {"HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "UV_OFFLINE": "1"}
    begun = time.perf_counter()
    code, again, err = clone.finish("--help", cwd=tmp_path)
    through_start = time.perf_counter() - begun
    assert (code, again, err) == (0, out, "")
    begun = time.perf_counter()
    subprocess.run(
        [str(root / ".venv/bin/python"), "-m", "homalos", "--help"],
        env={**clone.environment, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        check=True,
    )
    direct = time.perf_counter() - begun
    print(f"second start: {through_start:.3f} s, of which homalos itself {direct:.3f} s")
    assert not (root / "logs" / "setup-ctp.log").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("compiler", ["", "none-here"], ids=["a compiler", "none"])
def test_a_wheel_carries_the_package_its_pages_and_its_defaults(
    tmp_path: Path, project_root: Path, compiler: str
) -> None:
    """And the native parts, if there is a compiler."""
    tree, out, site = tmp_path / "tree", tmp_path / "out", tmp_path / "site"
    copy_tree(project_root, tree)
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"CXX": compiler} if compiler else {}
    words = ["wheel", "--quiet", "--no-build-isolation", "--no-deps", "-w", str(out), str(tree)]
    subprocess.run([sys.executable, "-m", "pip", *words], env=environment, check=True)
    (wheel,) = out.glob("homalos-*.whl")
    native = not compiler and missing_for_build() is None
    assert wheel.name.endswith("-none-any.whl") != native
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    wanted = {p.relative_to(tree / "src") for p in (tree / "src" / "homalos").rglob("*.*")}
    wanted = {p for p in wanted if "__pycache__" not in p.parts and (tree / "src" / p).is_file()}
    assert [str(p) for p in sorted(wanted) if not (site / p).is_file()] == []
    assert not list(site.rglob("__pycache__"))
    for folder in ("config", "strategies"):
        for file in (tree / folder).rglob("*.*"):
            assert (site / "homalos/_shipped" / file.relative_to(tree)).is_file()
    assert (site / "homalos/_native").is_dir() == native
    if native:
        load = "from homalos.ctp.libraries import *; print(dropin_libraries(), load_binding())"
        words = [sys.executable, "-c", load]
        shown = subprocess.check_output(
            words, cwd=tmp_path, env={**environment, "PYTHONPATH": str(site)}, text=True
        )
        assert shown.count(str(site)) == 2
    code = "import homalos; print(homalos.defaults_dir(), homalos.examples_dir())"
    for command in (["-c", code], ["-m", "homalos", "--help"]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert command[0] == "-m" or done.stdout.count(str(site)) == 2
