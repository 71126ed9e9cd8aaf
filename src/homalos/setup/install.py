"""What start.py does before Homalos can be imported: .venv from the lock files.

Standard library alone, and light: every start passes through ``Environment.ensure``.
"""

import errno
import hashlib
import os
import sys
from collections.abc import Sequence

__all__ = ["Environment", "SetUpError", "start_ctp_step", "wait_for_lock"]

CTP_RECORD = "ctp-install.json"


class SetUpError(Exception):
    """Set-up cannot go on; the text says what failed and the cure, in both languages."""


class Environment:
    """The virtual environment of one clone."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.folder = os.path.join(root, ".venv")
        where = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        self.python = os.path.join(self.folder, *where)
        # Stands while packages are being written: what a killed install left is not trusted.
        self.unfinished = os.path.join(self.folder, "install-unfinished")

    def ensure(self, locks: Sequence[str]) -> bool:
        """Installs what these lock files pin, unless it is there; True where it had to.

        Only one process of a clone installs; the others wait for it.

        Raises:
            SetUpError: a step failed.
            OSError: the folder cannot be written.
        """
        if self.is_installed(locks):
            return False
        with open(os.path.join(self.root, ".venv.lock"), "a") as guard:
            os.set_inheritable(guard.fileno(), True)
            words = ("另一个 start.py 正在安装，请稍候", "another start.py is installing: waiting")
            wait_for_lock(guard.fileno(), *words)
            if self.is_installed(locks):
                return False
            self._install(locks)
        return True

    def is_installed(self, locks: Sequence[str]) -> bool:
        """Whether .venv holds what these lock files pin: a few small reads, no process."""
        return (
            os.path.exists(self.python)
            and not os.path.exists(self.unfinished)
            and all(_read(self._stamp_path(lock)) == self._stamp(lock) for lock in locks)
        )

    def _install(self, locks: Sequence[str]) -> None:
        if os.path.exists(self.unfinished) or not os.path.exists(self.python):
            import venv

            _say("正在建立 .venv", "making .venv")
            try:
                venv.EnvBuilder(clear=True, symlinks=os.name != "nt").create(self.folder)
            except ValueError as error:  # a ":" in the path
                raise SetUpError(
                    f"{error}，请移到没有该字符的路径 / move the clone to a path without it"
                ) from error
        open(self.unfinished, "w").close()
        uv = self._find_uv()
        _say(f"正在安装 {' '.join(locks)}", f"installing {' '.join(locks)}")
        files = [word for lock in locks for word in ("-r", lock)]
        options = ["--python", self.python, "--require-hashes", "--no-deps"]
        self._step("uv pip install", [uv, "pip", "install", *options, *files])
        for lock in locks:
            with open(self._stamp_path(lock), "wb") as file:
                file.write(self._stamp(lock))
        os.remove(self.unfinished)

    def _find_uv(self) -> str:
        """uv of the PATH, else our own, which then asks the index that pip was told to ask."""
        import shutil

        found = shutil.which("uv")
        if found and self._run([found, "--version"], quiet=True) == 0:
            return found
        ours = os.path.join(os.path.dirname(self.python), "uv")
        pip = self._find_pip()
        if not shutil.which(ours):
            _say("正在安装 uv", "installing uv")
            words = ["install", "--quiet", "--require-hashes", "-r", "requirements-uv.lock"]
            self._step("pip install uv", [*pip, *words])
        if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & os.environ.keys():
            index = os.environ.get("PIP_INDEX_URL") or _index_of(pip)
            if index:
                os.environ["UV_DEFAULT_INDEX"] = index
        return ours

    def _find_pip(self) -> list[str]:
        """The pip of the Python that runs this, told to serve .venv; else one put into .venv."""
        import importlib.util

        if importlib.util.find_spec("pip"):
            return [sys.executable, "-m", "pip", "--python", self.python]
        self._step("ensurepip", [self.python, "-m", "ensurepip", "--default-pip"])
        return [self.python, "-m", "pip"]

    def _step(self, what: str, words: Sequence[str]) -> None:
        code = self._run(words)
        if code:
            raise SetUpError(
                f"{what} 失败（退出码 {code}，原因见上）：请检查网络、代理和磁盘空间，"
                "需要镜像时运行 pip config set global.index-url <镜像>，然后重新启动 / "
                f"{what} failed (exit code {code}, the reason is above): check the network, the "
                "proxy and the disk's space, choose a mirror if you need one "
                "(pip config set global.index-url <mirror>), then start again"
            )

    def _run(self, words: Sequence[str], quiet: bool = False) -> int:
        """The child inherits our lock, so that the installer of a killed start is waited for."""
        import subprocess

        sink = subprocess.DEVNULL if quiet else None
        try:
            return subprocess.call(words, cwd=self.root, close_fds=False, stdout=sink, stderr=sink)
        except OSError as error:
            print(error, file=sys.stderr)
            return 127

    def _stamp(self, lock: str) -> bytes:
        """What an installed lock file is known by: its content, and the Python it went to."""
        content = _read(os.path.join(self.root, lock))
        if content is None:
            raise SetUpError(f"缺少 {lock}，请重新克隆 / {lock} is missing: clone again")
        python = os.path.realpath(self.python)
        return hashlib.sha256(content + os.fsencode(python)).hexdigest().encode()

    def _stamp_path(self, lock: str) -> str:
        return os.path.join(self.folder, lock + ".stamp")


def start_ctp_step(environment: Environment) -> None:
    """Lets the second step, CTP, begin in the background: trading must not wait for a compiler.

    Tried once: what became of it stands in a record, which ``homalos doctor`` reads.
    """
    recorded = os.path.exists(os.path.join(environment.folder, CTP_RECORD))
    if recorded or os.environ.get("HOMALOS_SETUP_CTP") == "0":
        return
    import subprocess

    log = os.path.join(environment.root, "logs", "setup-ctp.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    _say(
        "后台安装 CTP 接口，约一分钟，结果见 python start.py doctor",
        "installing CTP in the background, about a minute; `python start.py doctor` tells",
    )
    with open(log, "wb") as sink:
        subprocess.Popen(
            [environment.python, "-m", "homalos.setup.ctp"],
            cwd=environment.root,
            env={**os.environ, "PYTHONPATH": os.path.join(environment.root, "src")},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_for_lock(guard: int, zh: str, en: str) -> None:
    """Takes the lock of a file; says so where another holds it."""
    if _lock(guard, wait=False):
        return
    _say(zh, en)
    while not _lock(guard, wait=True):
        pass  # Windows gives up after ten seconds


def _lock(guard: int, wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(guard, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(guard, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise
        return False
    return True


def _index_of(pip: Sequence[str]) -> str:
    """The package index that pip is configured to ask, "" for its default."""
    import subprocess

    words = [*pip, "config", "get", "global.index-url"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _say(chinese: str, english: str) -> None:
    print(f"homalos: {chinese} / {english}", file=sys.stderr, flush=True)
