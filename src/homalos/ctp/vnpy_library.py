"""Loads the extension modules of vnpy-ctp without its parent package, and without its traps.

``import vnpy_ctp`` pulls in a desktop; a missing locale aborts the process at the first text; a
missing flow folder ends it; a library of another version shifts fields silently (FACTS A2, A19).
Each of these is an error here, before anything is created.
"""

import ctypes
import functools
import hashlib
import importlib.machinery
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from homalos.ctp.abi import VERSION
from homalos.ctp.errors import LibraryError
from homalos.ctp.libraries import DROPIN_FILES, vendor_libraries

__all__ = ["LOCALE", "check_locale", "load", "version_of"]

LOCALE: Final = "zh_CN.GB18030"
MODULES: Final = {"md": "vnctpmd", "td": "vnctptd"}
_VERSION_OF: Final = {
    "md": "_ZN15CThostFtdcMdApi13GetApiVersionEv",
    "td": "_ZN19CThostFtdcTraderApi13GetApiVersionEv",
}
"""``static const char *GetApiVersion()``, mangled as by g++ and clang."""
_ALL_CATEGORIES = 0x1FBF
"""glibc's ``LC_ALL_MASK``: what ``std::locale`` asks for."""

_loaded: dict[str, Path] = {}
"""A process holds one set of CTP libraries (FACTS A19): where each came from."""


def check_locale() -> None:
    """vnpy-ctp decodes text by a locale of the system, and aborts the process without it.

    Asked of glibc itself, which changes no state of the process. Elsewhere there is nothing to
    check: Windows brings it along, macOS uses iconv.

    Raises:
        LibraryError: it is not installed.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    libc.newlocale.restype = ctypes.c_void_p
    libc.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    libc.freelocale.argtypes = [ctypes.c_void_p]
    found = libc.newlocale(_ALL_CATEGORIES, LOCALE.encode(), None)
    if not found:
        raise LibraryError(
            f"vnpy-ctp needs the locale {LOCALE}, which this system lacks: "
            "apt-get install locales && localedef -i zh_CN -f GB18030 zh_CN.GB18030 "
            "(CentOS: dnf install glibc-langpack-zh), or ctp.binding: native, which needs none / "
            f"vnpy-ctp 需要系统语言环境 {LOCALE}，请按上述命令安装，或设 ctp.binding: native"
        )
    libc.freelocale(found)


def version_of(side: str, folder: Path) -> str:
    """What the library in ``folder`` calls its version. ``LibraryError``: missing, or no CTP."""
    path = folder / DROPIN_FILES[side == "td"]
    if not path.is_file():
        raise LibraryError(
            f"no CTP library {path}: check ctp.libraries / 找不到 CTP 动态库，核对 ctp.libraries"
        )
    if sys.platform == "win32":
        return f"v{VERSION}"  # its names are mangled otherwise; the wheel carries its own library
    try:
        ask = getattr(ctypes.CDLL(str(path)), _VERSION_OF[side])
    except (OSError, AttributeError) as error:
        raise LibraryError(
            f"{path} is no usable CTP library: {error} / 不是可用的 CTP 动态库"
        ) from error
    ask.restype = ctypes.c_char_p
    told: bytes | None = ask()
    return (told or b"").decode("ascii", "replace")


def load(side: str, folder: Path, copies: Path) -> ModuleType:
    """``vnctpmd`` or ``vnctptd`` over the libraries in ``folder``.

    The modules look for their libraries beside themselves and nowhere else, so for a folder other
    than vnpy-ctp's own modules and libraries are copied together, under ``copies``.

    Raises:
        LibraryError: the locale is missing, a file is, the version is not ours, or this process
            has loaded another set of libraries before.
        NativeMissingError: vnpy-ctp is not installed.
    """
    check_locale()
    folder = folder.resolve()
    before = _loaded.get(side)
    if before is not None and before != folder:
        raise LibraryError(
            f"this process has already loaded the CTP libraries of {before}, not of {folder}: "
            "restart / 进程已加载另一套 CTP 动态库，请重启"
        )
    version = version_of(side, folder)
    if not version.lower().startswith(f"v{VERSION}"):
        raise LibraryError(
            f"the CTP library in {folder} is version {version or '?'}, vnpy-ctp was built for "
            f"{VERSION}: set ctp.libraries: vendor / 动态库版本不符，应为 {VERSION}"
        )
    module = _import(side, _beside(folder, copies))
    _loaded[side] = folder
    return module


def _beside(folder: Path, copies: Path) -> Path:
    """A folder that holds vnpy-ctp's modules and the libraries of ``folder``."""
    home = vendor_libraries().resolve()
    if folder == home:
        return home
    files = [*(_module_file(name, home) for name in MODULES.values())]
    files += [folder / name for name in DROPIN_FILES if (folder / name).is_file()]
    stamp = "".join(f"{file}{file.stat().st_size}{file.stat().st_mtime_ns}" for file in files)
    target = copies / f"vnpy-api-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in files:
            draft = target / f"{file.name}.new"
            if not (target / file.name).exists():
                shutil.copyfile(file, draft)
                draft.replace(target / file.name)
    except OSError as error:
        raise LibraryError(f"cannot copy the CTP libraries to {target}: {error}") from error
    return target


def _module_file(name: str, folder: Path) -> Path:
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    raise LibraryError(
        f"vnpy-ctp's module {name} is not in {folder}, or not for this Python: "
        "python start.py setup ctp / vnpy-ctp 安装不完整"
    )


@functools.cache
def _import(side: str, folder: Path) -> ModuleType:
    name = MODULES[side]
    path = _module_file(name, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        raise LibraryError(f"{path} cannot be loaded: {error}") from error
    return module
