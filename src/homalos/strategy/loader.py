"""Brings a strategy file in as a fresh module under a name of its own, so that an edited file is
new code and two loads never share a class."""

import hashlib
import sys
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType

from homalos.strategy.base import Strategy
from homalos.strategy.words import safe_text

_PACKAGE = "homalos_strategies"
_serial = count(1)


class LoadError(Exception):
    """A file that cannot be used; the message ends with file:line where there is one."""


class Source:
    """A strategy file read and compiled, not yet run."""

    def __init__(self, path: Path, class_name: str, sha256: str, code: CodeType) -> None:
        self.path = path
        self.class_name = class_name
        self.sha256 = sha256
        self.code = code


class Loaded:
    """A strategy class, and what it came from."""

    def __init__(self, source: Source, module: ModuleType, cls: type[Strategy]) -> None:
        self.path = source.path
        self.sha256 = source.sha256
        self.cls = cls
        self._module = module

    def drop(self) -> None:
        """Forget the module; objects of it live as long as they are used."""
        forget(self._module)


def locate(folder: Path, file: str) -> tuple[Path, str]:
    """Path and class name ("" for the only one) of ``grid.py`` or ``grid.py:Grid``.

    ``LoadError``: outside the folder, or not there.
    """
    name, _, class_name = file.partition(":")
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise LoadError(f"{file!r}: {safe_text(error)}") from None
    if not path.is_relative_to(folder.resolve()):
        raise LoadError(f"{file}: lies outside the strategies folder / 不在 strategies 目录内")
    if not path.is_file():
        raise LoadError(f"{file}: no such file in {folder} / 文件不存在")
    return path, class_name


def read(folder: Path, file: str) -> Source:
    """Read and compile, running nothing. ``LoadError`` with the line of a syntax error."""
    path, class_name = locate(folder, file)
    try:
        text = path.read_bytes()
        code = compile(text, str(path), "exec")
    except SyntaxError as error:
        raise LoadError(f"{error.msg} at {path.name}:{error.lineno}") from None
    except (OSError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise LoadError(f"{path.name}: {safe_text(error)}") from None
    return Source(path, class_name, hashlib.sha256(text).hexdigest(), code)


def make_module(source: Source) -> ModuleType:
    """An empty module for the source, registered so that its classes can be found by name."""
    name = f"{_PACKAGE}.{source.path.stem}_{next(_serial)}"
    module = ModuleType(name)
    module.__file__ = str(source.path)
    sys.modules[name] = module
    return module


def run_module(source: Source, module: ModuleType) -> Loaded:
    """Run the file's top level and find its class: strategy code, so call it under the guard.

    ``LoadError``: it has no single strategy. Whatever the file raises comes as it is.
    """
    exec(source.code, module.__dict__)  # noqa: S102  running the trader's file is the purpose
    return Loaded(source, module, _discover(source, module))


def forget(module: ModuleType) -> None:
    """The module was run in vain."""
    sys.modules.pop(module.__name__, None)


def _discover(source: Source, module: ModuleType) -> type[Strategy]:
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    if source.class_name:
        if source.class_name not in found:
            there = ", ".join(found) or "none"
            raise LoadError(f"{source.path.name}: no strategy {source.class_name} (has: {there})")
        return found[source.class_name]
    if len(found) != 1:
        there = ", ".join(found) or "none"
        raise LoadError(
            f"{source.path.name}: needs one Strategy class, has {there}; "
            f"name one as {source.path.name}:Class / 请指明策略类"
        )
    return next(iter(found.values()))
