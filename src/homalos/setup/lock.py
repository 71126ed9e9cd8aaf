"""``python start.py lock``: writes the lock files from pyproject.toml.

Pinned, hashed and for every platform, without a download address: a lock names packages, and
the reader's own pip or uv says where they come from.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from homalos.setup.installer import InstallerMissingError, find_uv, project_root

__all__ = ["LOCKS", "Lock", "main"]

HEADER = "# Made by: python start.py lock   (--upgrade: the newest that pyproject.toml allows)\n"
ADDRESS = re.compile(r"\w+://|^\s*--(?!hash)", re.MULTILINE)


class Lock(NamedTuple):
    """One lock file: what it pins, whose versions it must share, further words to uv."""

    file: str
    groups: tuple[str, ...]
    shares: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


# "" is the package's own dependencies, the others are its extras.
LOCKS = (
    Lock("requirements.lock", ("",)),
    Lock("requirements-test.lock", ("", "test", "build"), shares=("requirements.lock",)),
    Lock("requirements-build.lock", ("build",), shares=("requirements-test.lock",)),
    Lock("requirements-ctp.lock", ("ctp",), options=("--no-deps",)),
    Lock("requirements-conformance.lock", ("conformance",), options=("--no-deps",)),
    Lock("requirements-mutation.lock", ("mutation",), options=("--no-deps",)),
    Lock("requirements-uv.lock", ("setup",)),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes every lock file; the pins that still fit stay, unless ``--upgrade`` is given."""
    upgrade = "--upgrade" in (sys.argv[1:] if arguments is None else arguments)
    try:
        uv = find_uv()
    except InstallerMissingError as missing:
        print(missing, file=sys.stderr)
        return 1
    root = project_root()
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    for lock in LOCKS:
        fault = _write(uv, root, project, lock, upgrade)
        if fault:
            print(f"{lock.file}: {fault}", file=sys.stderr)
            return 1
        print(lock.file)
    return 0


def _write(uv: str, root: Path, project: dict[str, Any], lock: Lock, upgrade: bool) -> str | None:
    """Compiles one lock file; returns what went wrong."""
    path = root / lock.file
    command = [uv, "pip", "compile", "-", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    command += [word for other in lock.shares for word in ("--constraint", other)]
    command += [*lock.options, *(["--upgrade"] if upgrade else []), "--output-file", lock.file]
    wanted = "\n".join(_requirements(project, lock.groups))
    done = subprocess.run(
        command, check=False, input=wanted, text=True, cwd=root, capture_output=True
    )
    if done.returncode:
        return done.stderr.strip()
    text = path.read_text("utf-8")
    if address := ADDRESS.search(text):
        path.unlink()
        return f"holds a download address or an option of this machine: {address[0]!r}"
    path.write_text(HEADER + text, "utf-8")
    return None


def _requirements(project: dict[str, Any], groups: Sequence[str]) -> list[str]:
    """The requirement lines of these groups."""
    extras = project["optional-dependencies"]
    return [
        line for group in groups for line in (extras[group] if group else project["dependencies"])
    ]


if __name__ == "__main__":
    sys.exit(main())
