"""An exception of a strategy as text. What it says of itself is strategy code (``__str__``), and
may fail like all of it; whatever comes of it is plain text that the journal can keep."""

import traceback
from pathlib import Path

from homalos.strategy.isolation import TimeBudgetExceeded

LONGEST = 2_000
"""Characters of one exception that are told."""


def safe_text(error: BaseException) -> str:
    """``str(error)``, whatever its class does; "" where it has nothing to say."""
    try:
        return plain(str(error))
    except BaseException as fault:  # noqa: BLE001  strategy code
        return f"(no text: its __str__ raised {class_name(fault)} / 异常文本无法取得)"


def plain(text: str) -> str:
    """``text`` as a true ``str`` that encodes to UTF-8, lone surrogates written out; cut where it
    is too long."""
    whole = str.encode(text, "utf-8", "backslashreplace").decode()
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]} … ({len(whole)} characters)"


def class_name(error: BaseException) -> str:
    """Name of its class. Read past the class of the class, which may be a strategy's."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def describe(error: BaseException, path: Path | None = None) -> str:
    """``ZeroDivisionError: division by zero at grid.py:31`` : the innermost line of the strategy's
    own file, else of anything. Raises nothing."""
    name = class_name(error)
    if issubclass(type(error), TimeBudgetExceeded):
        text = f"{name}: did not return in time / 超时未返回"
    else:
        said = safe_text(error)
        text = f"{name}: {said}" if said else name
    return text + _place(error, path)


def _place(error: BaseException, path: Path | None) -> str:
    # Read past the class, which may have a ``__traceback__`` of its own.
    stack = traceback.walk_tb(BaseException.__dict__["__traceback__"].__get__(error))
    frames = [(frame.f_code.co_filename, line) for frame, line in stack]
    own = [frame for frame in frames if path is not None and frame[0] == str(path)]
    for file, line in (own or frames)[-1:]:
        return f" at {plain(Path(file).name)}:{line}"
    return ""


def stack_of(error: BaseException) -> str:
    """The traceback for the log file, causes included. It asks every exception of the chain for
    its text: strategy code, so call it under the guard."""
    lines = traceback.format_exception(error)
    return str.encode("".join(lines), "utf-8", "backslashreplace").decode()
