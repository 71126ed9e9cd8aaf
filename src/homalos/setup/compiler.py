"""What a build from source needs of the machine."""

import os
import shutil
import sysconfig
from pathlib import Path
from typing import NamedTuple

from homalos.setup.check import Text

__all__ = ["BUILD_CURE", "Missing", "find_compiler", "missing_for_build"]

COMPILERS = ("c++", "g++", "clang++", "cl")
BUILD_CURE = Text(
    "apt-get install g++ python3-dev（CentOS：dnf install gcc-c++ python3-devel）",
    "apt-get install g++ python3-dev (CentOS: dnf install gcc-c++ python3-devel)",
)


class Missing(NamedTuple):
    """What is not there, and what brings it."""

    text: Text
    cure: Text


def missing_for_build() -> Missing | None:
    """What a build from source lacks here; None where it can begin."""
    if find_compiler() is None:
        return Missing(Text("没有 C++ 编译器", "there is no C++ compiler"), BUILD_CURE)
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file():
        return Missing(Text("没有 Python.h", "Python.h is missing"), BUILD_CURE)
    return None


def find_compiler() -> str | None:
    """Path of a C++ compiler: the one that ``CXX`` names, else the first that is found."""
    chosen = os.environ.get("CXX", "").split()[:1]
    return next(filter(None, map(shutil.which, [*chosen, *COMPILERS])), None)
