"""One process a data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from homalos.kernel.lock import DataLock, DataLockError

_HOLD = """
import sys
from pathlib import Path
from homalos.kernel.lock import DataLock
lock = DataLock(Path(sys.argv[1]), "homalos run")
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_told_who_has_it_and_what_to_do(tmp_path: Path, project_root: Path) -> None:
    path = tmp_path / "数据 1" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(project_root / "src")},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataLockError, match=rf"homalos run \(pid {holder.pid}\).*--data-dir"):
            DataLock(path).acquire()
        holder.kill()
    lock = DataLock(path)
    lock.acquire()  # a dead owner leaves no lock behind
    lock.release()


def test_it_is_free_after_release_and_may_be_asked_twice(tmp_path: Path) -> None:
    first, second = DataLock(tmp_path / "lock"), DataLock(tmp_path / "lock")
    first.acquire()
    first.acquire()
    with pytest.raises(DataLockError), second:
        pass
    first.release()
    first.release()
    with second:
        assert str(os.getpid()) in (tmp_path / "lock").read_text()
