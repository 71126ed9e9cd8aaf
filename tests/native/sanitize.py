"""The native tests under AddressSanitizer and UndefinedBehaviorSanitizer, by a command of its own:

    python tests/native/sanitize.py [--keep FOLDER] [pytest arguments]

in the environment that ``start.py test`` made. Builds everything anew with the sanitizers, a
minute or two, and lets the tests use that build; a fault ends its process, and so its test.
Without a path: all tests of native code. C++ programs are looked at for leaks too; Python is
not, since it frees little at its end. Needs GCC's or Clang's libasan.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))

from homalos.ctp.libraries import FOLDER_VARIABLE  # noqa: E402
from homalos.setup.compiler import find_compiler  # noqa: E402
from homalos.setup.native_parts import build_into  # noqa: E402

TESTS = ["tests/native", "tests/unit/ctp"]
OPTIONS = [
    "--buildtype=debugoptimized",
    "-Db_sanitize=address,undefined",
    "-Db_lundef=false",
    "-Dcpp_args=-fno-sanitize-recover=all -fno-omit-frame-pointer",
]


def runtime(name: str) -> str:
    """Path of one of the compiler's own libraries."""
    words = [find_compiler() or "c++", f"-print-file-name={name}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def environment(folder: Path) -> dict[str, str]:
    # Python is not instrumented: the sanitizer must be there before what is. libstdc++ too, whose
    # exceptions it follows.
    preload = os.pathsep.join([runtime("libasan.so"), runtime("libstdc++.so.6")])
    return {
        **os.environ,
        FOLDER_VARIABLE: str(folder),
        "LD_PRELOAD": preload,
        "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1:handle_segv=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(ROOT / "src"),
    }


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--keep"]:
        return run(Path(arguments[1]).resolve(), arguments[2:])
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), arguments)


def run(folder: Path, arguments: list[str]) -> int:
    into = folder / "parts"
    shutil.rmtree(into, ignore_errors=True)
    failed = build_into(folder / "build", into, OPTIONS, folder / "build.log")
    if failed:
        print((folder / "build.log").read_text(errors="replace")[-5000:], file=sys.stderr)
        print(f"not built: {', '.join(failed)}", file=sys.stderr)
        return 1
    named = [word for word in arguments if not word.startswith("-")]
    tests = [] if named else TESTS
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, *tests]
    return subprocess.call(words, cwd=ROOT, env=environment(into))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
