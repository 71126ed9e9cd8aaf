"""``homalos doctor``: what this machine has and lacks, with the cure for each fault."""

import locale
import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TextIO

from homalos import __version__
from homalos.setup import machine, native, native_parts
from homalos.setup.check import Check, Text

__all__ = ["Check", "Language", "checks", "language", "run_doctor"]

Language = Literal["zh", "en"]

MARKS = {
    "ok": Text("正常", "ok"),
    "warning": Text("注意", "note"),
    "fault": Text("失败", "FAILED"),
    "unknown": Text("未知", "unknown"),
}


def run_doctor(
    stdout: TextIO, data_dir: Path, port: int = 8000, lang: Language | None = None
) -> int:
    """Checks the machine and prints a table.

    Returns:
        1 where something is missing that the simulated run needs, else 0.
    """
    chosen = lang or language()
    stdout.write(f"Homalos {__version__}\n\n")
    found = []
    for check in checks(data_dir, port):
        result = check()
        found.append(result)
        stdout.write(_row(result, chosen))
        stdout.flush()
    faults = [check for check in found if _mark(check) == "fault"]
    stdout.write("\n" + _pick(_verdict(faults), chosen) + "\n")
    return 1 if faults else 0


def checks(data_dir: Path, port: int) -> Sequence[Callable[[], Check]]:
    """The checks, in the order in which they are shown."""
    return (
        machine.check_python,
        machine.check_event_loop,
        machine.check_sqlite,
        machine.check_memory,
        machine.check_file_limit,
        machine.check_clock,
        lambda: machine.check_data_folder(data_dir),
        lambda: machine.check_disk_sync(data_dir),
        lambda: machine.check_port(port),
        native.check_compiler,
        native_parts.check_native,
        native.check_locale,
        native.check_ctp,
    )


def language() -> Language:
    """The user's language by the environment; Windows says it through the locale."""
    chosen = next(
        filter(None, (os.environ.get(key) for key in ("LC_ALL", "LC_MESSAGES", "LANG"))), ""
    )
    if not chosen and os.name == "nt":
        chosen = locale.getlocale()[0] or ""
    return "zh" if chosen.lower().startswith(("zh", "chinese")) else "en"


def _verdict(faults: Sequence[Check]) -> Text:
    if faults:
        return Text(
            "模拟交易无法运行：" + "、".join(fault.name.zh for fault in faults),
            "The simulated run cannot work: " + ", ".join(fault.name.en for fault in faults),
        )
    return Text("可以运行模拟交易", "The simulated run will work")


def _mark(check: Check) -> str:
    if check.ok is None:
        return "unknown"
    if check.ok:
        return "ok"
    return "fault" if check.needed else "warning"


def _row(check: Check, lang: Language) -> str:
    mark, name = _pick(MARKS[_mark(check)], lang), _pick(check.name, lang)
    row = f"  {_padded(mark, 8)}{_padded(name, 14)}{_pick(check.text, lang)}\n"
    if check.cure is not None:
        row += f"{'':24}-> {_pick(check.cure, lang)}\n"
    return row


def _pick(text: Text, lang: Language) -> str:
    return text.zh if lang == "zh" else text.en


def _padded(text: str, width: int) -> str:
    """A Chinese letter takes two columns."""
    taken = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(1, width - taken)
