"""Finds the installer that start.py used."""

import shutil
import sys
from pathlib import Path

__all__ = ["InstallerMissingError", "find_uv", "project_root", "scripts_dir"]


class InstallerMissingError(Exception):
    """No uv in this environment nor on the PATH."""


def scripts_dir() -> Path:
    """Folder of this environment's programs: ``.venv/bin``, on Windows ``.venv\\Scripts``."""
    return Path(sys.prefix) / ("Scripts" if sys.platform == "win32" else "bin")


def project_root() -> Path:
    """The clone that this package runs from; it holds the lock files."""
    return Path(__file__).resolve().parents[3]


def find_uv() -> str:
    """Path of uv: this environment's own, else the one on the PATH.

    Raises:
        InstallerMissingError: there is none.
    """
    found = shutil.which("uv", path=str(scripts_dir())) or shutil.which("uv")
    if found is None:
        raise InstallerMissingError(
            "没有找到 uv，请运行 python start.py doctor 重新安装环境 "
            "/ uv was not found: run `python start.py doctor`, which sets the environment up"
        )
    return found
