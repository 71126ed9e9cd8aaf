"""``python start.py lint``: ruff and mypy over the tree."""

import subprocess
import sys

__all__ = ["main"]

CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))


def main() -> int:
    """Runs every check; 1 if any of them found something."""
    failed = [check for check in CHECKS if subprocess.call([sys.executable, "-m", *check])]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
