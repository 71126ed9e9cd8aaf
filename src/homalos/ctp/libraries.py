"""Where the native parts and the vendor's libraries lie. Finds them, never builds them:
``python start.py setup native`` does (``homalos.setup.native_parts``).

In a clone the parts are built into the environment, in a folder named after a hash of their
sources, so that a stale build is never loaded. A wheel carries them inside the package.
"""

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

__all__ = [
    "BINDING",
    "DRAFT",
    "DROPIN_FILES",
    "FOLDER_VARIABLE",
    "NativeMissingError",
    "builds_folder",
    "dropin_libraries",
    "load_binding",
    "native_folder",
    "native_sources",
    "packaged_folder",
    "source_hash",
    "vendor_libraries",
]

PACKAGE = Path(__file__).resolve().parents[1]
BINDING = "_homalos_ctp"
DROPIN_FILES = (
    ("thostmduserapi_se.dll", "thosttraderapi_se.dll")
    if sys.platform == "win32"
    else ("libthostmduserapi_se.so", "libthosttraderapi_se.so")
)
"""Market data, trading."""
FOLDER_VARIABLE = "HOMALOS_NATIVE_FOLDER"
"""Environment variable that names another folder of native parts: a build with sanitizers."""
_SOURCE_SUFFIXES = {".build", ".cpp", ".h", ".map", ".py"}


DRAFT = ".draft"
"""Suffix of a folder in which a build is under way."""


class NativeMissingError(Exception):
    """A native part or the vendor's libraries are not here; the text names the cure, zh / en."""


def dropin_libraries() -> Path:
    """Folder of our drop-in CTP libraries. ``NativeMissingError``: they are not built."""
    folder = native_folder()
    if folder is None or not all((folder / name).is_file() for name in DROPIN_FILES):
        raise _not_built("仿真 CTP 动态库", "the drop-in CTP libraries")
    return folder


def vendor_libraries() -> Path:
    """Folder of the vendor's libraries, as vnpy-ctp ships them. ``NativeMissingError``: it is not
    installed, or without them."""
    spec = importlib.util.find_spec("vnpy_ctp")
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "api"
        if all((folder / name).is_file() for name in DROPIN_FILES):
            return folder
    raise NativeMissingError(
        "没有找到 CTP 官方动态库（vnpy-ctp 未安装）：运行 python start.py setup ctp / "
        "the vendor's CTP libraries were not found (vnpy-ctp is not installed): "
        "run `python start.py setup ctp`"
    )


def load_binding() -> ModuleType:
    """The extension module ``_homalos_ctp``. ``NativeMissingError``: not built, or not loadable."""
    name = f"homalos.ctp.{BINDING}"
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    path = _binding_path()
    if path is None:
        raise _not_built("CTP 绑定", "the CTP binding")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        raise NativeMissingError(
            f"{path} 无法加载（{error}）：运行 python start.py setup native 重新编译 / "
            f"{path} does not load ({error}): build it again with `python start.py setup native`"
        ) from error
    sys.modules[name] = module
    return module


def _binding_path() -> Path | None:
    folder = native_folder()
    if folder is None:
        return None
    names = [BINDING + suffix for suffix in importlib.machinery.EXTENSION_SUFFIXES]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def native_folder() -> Path | None:
    """Where the parts built from these very sources are; None where they are not built."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    packaged = packaged_folder()
    if packaged is not None:
        return packaged
    sources = native_sources()
    if sources is None:
        return None
    found = builds_folder().glob(f"{source_hash(sources)}-*")
    built = [path for path in found if path.is_dir() and path.suffix != DRAFT]
    return max(built, key=lambda path: path.stat().st_mtime_ns, default=None)


def packaged_folder() -> Path | None:
    """The folder that a wheel built with a compiler carries."""
    folder = PACKAGE / "_native"
    return folder if folder.is_dir() else None


def native_sources() -> Path | None:
    """``src/native`` of the clone that this package runs from; None outside a clone."""
    folder = PACKAGE.parent / "native"
    return folder if (folder / "meson.build").is_file() else None


def builds_folder() -> Path:
    """Where the parts of a clone are built: a folder of this environment."""
    return Path(sys.prefix) / "homalos-native"


def source_hash(sources: Path) -> str:
    """What a build is known by: its sources, the facts of the API, and the Python it is for."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {sysconfig.get_platform()}".encode())
    files = [path for path in sources.rglob("*") if path.suffix in _SOURCE_SUFFIXES]
    files += [sources.parents[1] / "meson.build", *(PACKAGE / "ctp" / "versions").glob("*.json")]
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _not_built(zh: str, en: str) -> NativeMissingError:
    return NativeMissingError(
        f"{zh}尚未编译：运行 python start.py setup native，需要 C++ 编译器"
        "（apt-get install g++ python3-dev），原因见 python start.py doctor / "
        f"{en} are not built here: run `python start.py setup native`, which needs a C++ compiler "
        "(apt-get install g++ python3-dev); `python start.py doctor` tells more"
    )
