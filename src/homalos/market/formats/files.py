"""The files of a recording: a folder, one file, or an archive, compressed or not."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from homalos.market.formats.recording import RecordingError

_OPENERS: dict[str, Any] = {"": open, ".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}
_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".tgz", ".txz")
PEEK = 8_192


def texts(path: Path) -> Iterator[tuple[str, io.BufferedReader]]:
    """Name and opened bytes of every CSV file in ``path``, in order of name (an archive: in its
    order). A file is to be read before the next is taken. ``RecordingError``: nothing is there, or
    it cannot be unpacked."""
    if not path.exists():
        raise RecordingError(
            f"{path} does not exist: give the file, folder or archive of recorded ticks"
            f" / {path} 不存在：请给出行情文件、目录或压缩包"
        )
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        try:
            if file.name.endswith(_ARCHIVES):
                yield from _members(file)
            elif (suffix := _csv_suffix(file.name)) is not None or file == path:
                with _OPENERS[suffix or ""](file, "rb") as stream:
                    yield file.name, _buffered(stream)
        except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
            raise RecordingError(
                f"{file} cannot be unpacked ({error}): is it complete? / 无法解压，文件是否完整？"
            ) from error


def _csv_suffix(name: str) -> str | None:
    for suffix in _OPENERS:
        if name.lower().endswith(".csv" + suffix):
            return suffix
    return None


def _members(file: Path) -> Iterator[tuple[str, io.BufferedReader]]:
    with tarfile.open(file, "r:*") as archive:
        for member in archive:
            suffix = _csv_suffix(member.name)
            content = archive.extractfile(member) if member.isfile() else None
            if suffix is None or content is None:
                continue
            name = Path(member.name).name
            if not suffix:
                yield name, _buffered(content)
            else:
                with _OPENERS[suffix](content, "rb") as stream:
                    yield name, _buffered(stream)


def _buffered(stream: IO[bytes]) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast("io.RawIOBase", stream), PEEK)


def head(stream: io.BufferedReader) -> list[str]:
    """The first lines, without taking them."""
    lines = stream.peek(PEEK)[:PEEK].decode("utf-8-sig", "replace").splitlines()
    return lines[:5]
