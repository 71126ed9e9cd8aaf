"""Packages that the conformance tests drive, in a folder of their own: they are no part of
Homalos, and their CTP libraries must not meet those of the environment.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from homalos.setup.installer import InstallerMissingError, find_uv, project_root

__all__ = ["LOCK", "conformance_folder", "ensure_conformance"]

LOCK = "requirements-conformance.lock"
_STAMP = "homalos-stamp"


def conformance_folder() -> Path | None:
    """Where the packages of the lock file are; None where they are not installed."""
    folder = _folder()
    try:
        known = (folder / _STAMP).read_text("utf-8")
    except FileNotFoundError:
        return None
    return folder if known == _stamp() else None


def ensure_conformance() -> str:
    """Install what the lock file pins, unless it is there; why not, "" where it is."""
    if conformance_folder() is not None:
        return ""
    folder = _folder()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        words = [find_uv(), "pip", "install", "--quiet", "--python", sys.executable]
    except InstallerMissingError as error:
        return str(error)
    words += ["--target", str(folder), "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    done = subprocess.run(
        [*words, "-r", LOCK], cwd=project_root(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        return done.stderr.strip()
    (folder / _STAMP).write_text(_stamp(), "utf-8")
    return ""


def _folder() -> Path:
    return Path(sys.prefix) / "conformance"


def _stamp() -> str:
    raw = (project_root() / LOCK).read_bytes() + sys.version.encode()
    return hashlib.sha256(raw).hexdigest()
