"""Readers of recorded market data: ``open_recording`` finds the format by itself."""

import lzma
import zlib
from pathlib import Path
from types import ModuleType

from homalos.market.formats import ctp_csv, l1_csv
from homalos.market.formats.files import head, texts
from homalos.market.formats.recording import (
    Problem,
    Problems,
    Recording,
    RecordingError,
    Series,
)
from homalos.market.products import Products
from homalos.market.sessions import Sessions

FORMATS: dict[str, ModuleType] = {ctp_csv.NAME: ctp_csv, l1_csv.NAME: l1_csv}

__all__ = ["FORMATS", "Problem", "Problems", "Recording", "RecordingError", "open_recording"]


def open_recording(
    path: Path, products: Products, sessions: Sessions, format_name: str | None = None
) -> Recording:
    """Read recorded ticks of a file, a folder or an archive (``.csv``, ``.csv.xz``, ``.tar.xz``).

    Without ``format_name`` (``ctp-csv``, ``l1-csv``) it is told from the content. Files that are
    none of it are noted in ``problems``. ``RecordingError``: nothing there, nothing readable, two
    formats at once.
    """
    if format_name is not None and format_name not in FORMATS:
        raise RecordingError(f"no format {format_name!r}: there are {', '.join(FORMATS)}")
    problems = Problems()
    series: list[Series] = []
    used: str | None = format_name
    for name, stream in texts(path):
        try:
            found = format_name or _format(head(stream))
            if found is None:
                problems.note("not_ticks", name)
                continue
            if used is not None and found != used:
                raise RecordingError(
                    f"{path} holds both {used} and {found}: name one with --format"
                    f" / 含两种格式，请用 --format 指定"
                )
            used = found
            series += FORMATS[found].read(name, stream, products, sessions, problems)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise RecordingError(
                f"{name} of {path} cannot be read to its end ({error}): fetch it again"
                f" / 文件不完整，请重新获取"
            ) from error
    if used is None:
        known = ", ".join(FORMATS)
        raise RecordingError(
            f"{path} holds no recorded ticks that can be read ({known}, .csv, compressed or not)"
            f" / 未找到可识别的行情文件（{known}）"
        )
    return Recording(str(path), used, series, problems)


def _format(lines: list[str]) -> str | None:
    return next((name for name, module in FORMATS.items() if module.sniff(lines)), None)
