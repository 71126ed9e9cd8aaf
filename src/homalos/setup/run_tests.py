"""``python start.py test``: the tests, with the native parts built first where they can be."""

import os
import subprocess
import sys

from homalos.setup.conformance import ensure_conformance
from homalos.setup.native_parts import ensure_native

__all__ = ["main"]


def main() -> int:
    """Becomes pytest, so that signals and the exit code are its own."""
    parts = ensure_native(again=True)
    if not parts.ready:
        print(
            f"本地组件缺失，相关测试会跳过 / tests of native parts will be skipped: "
            f"{parts.reason.zh} / {parts.reason.en}",
            file=sys.stderr,
            flush=True,
        )
    if missing := ensure_conformance():
        print(
            "openctp-ctp 未安装，其测试会跳过 / "
            f"the tests with openctp-ctp will be skipped: {missing}",
            file=sys.stderr,
            flush=True,
        )
    words = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    if sys.platform == "win32":
        return subprocess.call(words)
    os.execv(words[0], words)  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    sys.exit(main())
