"""cosmic-ray, whose operators make the mutants, in a folder of its own: it is no part of the
environment that the tests run in."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = "requirements-mutation.lock"
_STAMP = "homalos-stamp"


def ensure_tool(root: Path) -> None:
    """Install what the lock pins, unless it is there, and make it importable.

    ``RuntimeError``: it could not be installed.
    """
    from homalos.setup.installer import InstallerMissingError, find_uv

    folder = Path(sys.prefix) / "mutation"
    stamp = hashlib.sha256((root / LOCK).read_bytes() + sys.version.encode()).hexdigest()
    if not _is(folder, stamp):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            words = [find_uv(), "pip", "install", "--quiet", "--python", sys.executable]
        except InstallerMissingError as error:
            raise RuntimeError(str(error)) from error
        words += ["--target", str(folder), "--no-deps", "--require-hashes", "-r", LOCK]
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            raise RuntimeError(done.stderr.strip())
        (folder / _STAMP).write_text(stamp, encoding="utf-8")
    sys.path.append(str(folder))


def _is(folder: Path, stamp: str) -> bool:
    try:
        return (folder / _STAMP).read_text(encoding="utf-8") == stamp
    except FileNotFoundError:
        return False
