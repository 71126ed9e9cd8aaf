#!/usr/bin/env python3
"""python start.py [command ...]: sets Homalos up on first use, then runs `homalos [command ...]`.

Also, for developers: `test [pytest arguments]`, `lint`, `lock`. Needs Python 3.11 and pip; uses
the standard library alone, as does the one module that it imports.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  it is an older Python that this line is for
    sys.exit("需要 Python 3.11 或更新版本 / Homalos needs Python 3.11 or newer, not " + sys.version)

ROOT = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(ROOT, "src")
sys.path.insert(0, SOURCE)

from homalos.setup.install import Environment, SetUpError, start_ctp_step  # noqa: E402

RUN, TEST = "requirements.lock", "requirements-test.lock"
TOOLS = {
    "test": "homalos.setup.run_tests",
    "lint": "homalos.setup.lint",
    "lock": "homalos.setup.lock",
}


def main(arguments: list[str]) -> int:
    module = TOOLS.get(arguments[0], "homalos") if arguments else "homalos"
    is_tool = module != "homalos"
    environment = Environment(ROOT)
    try:
        is_new = environment.ensure([RUN, TEST] if is_tool else [RUN])
        if is_new and not is_tool and arguments[:1] != ["setup"]:
            start_ctp_step(environment)
    except (SetUpError, OSError) as error:
        print(f"homalos: {error}", file=sys.stderr)
        return 1
    if is_tool:
        os.chdir(ROOT)
    return run([environment.python, "-m", module, *arguments[is_tool:]])


def run(words: list[str]) -> int:
    """Becomes the program, so that signals and the exit code are its own."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = SOURCE + (os.pathsep + others if others else "")
    os.environ["PYTHONUTF8"] = "1"  # files are read alike whatever the system's code page is
    if sys.platform == "win32":
        return wait_for(words)
    os.execv(words[0], words)  # noqa: S606  no shell is wanted


def wait_for(words: list[str]) -> int:
    """Windows cannot replace a process: wait for the child, and leave Ctrl-C to it."""
    import subprocess

    child = subprocess.Popen(words)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print(
            "homalos: 已中断，下次启动会继续 / interrupted: the next start goes on", file=sys.stderr
        )
        sys.exit(130)
