"""Brings a rule file in: read, compiled, run, its one class found and made."""

import hashlib
import sys
import traceback
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType

from homalos.trading.risk.user import UserRule

_PACKAGE = "homalos_risk_rules"
_CURE = "mend it, or take it away / 请修正或移走该文件"
_serial = count(1)


class RuleFileError(Exception):
    """A file that cannot be used: what, where, and what to do."""


class RuleSource:
    """A rule file read and compiled, not yet run."""

    def __init__(self, path: Path) -> None:
        """``RuleFileError``: it cannot be read, or is no Python."""
        self.path = path
        self.name = f"user.{path.stem}"
        self.sha256 = ""
        self.text = b""
        try:
            self.text = path.read_bytes()
            self.sha256 = hashlib.sha256(self.text).hexdigest()
            self.code: CodeType = compile(self.text, str(path), "exec")
        except SyntaxError as error:
            raise RuleFileError(f"{path}:{error.lineno}: {error.msg}: {_CURE}") from None
        except (OSError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise RuleFileError(f"{path}: {error}: {_CURE}") from None

    def make(self) -> UserRule:
        """Run the file and make its rule: the trader's code, whatever it raises comes as it is.
        ``RuleFileError``: it has not one rule."""
        module = ModuleType(f"{_PACKAGE}.{self.path.stem}_{next(_serial)}")
        module.__file__ = str(self.path)
        sys.modules[module.__name__] = module
        try:
            exec(self.code, module.__dict__)  # noqa: S102  running the trader's file is the purpose
            return self._class(module)()
        finally:
            del sys.modules[module.__name__]

    def _class(self, module: ModuleType) -> type[UserRule]:
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, UserRule)
            and value.__module__ == module.__name__
        ]
        if len(found) != 1:
            names = ", ".join(kind.__name__ for kind in found) or "none"
            raise RuleFileError(
                f"{self.path}: needs one class of homalos.trading.risk.user.UserRule, has {names}: "
                f"{_CURE}"
            )
        return found[0]


def where(path: Path, error: BaseException) -> str:
    """``rule.py:12: ZeroDivisionError: division by zero``: the innermost line of the file."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    place = f"{path}:{lines[-1]}" if lines else str(path)
    try:
        text = str(error).encode(errors="replace").decode()[:500]
    except BaseException:  # noqa: BLE001  the trader's code
        text = "(no text)"
    name = type(error).__name__
    return f"{place}: {name}: {text}" if text else f"{place}: {name}"
