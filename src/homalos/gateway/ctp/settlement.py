"""Settlement statements: their chunks joined, kept as files, told (A3)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from homalos.ctp.abi import ENCODING
from homalos.gateway.ctp.seams import Row
from homalos.model.times import to_date


class Kept(NamedTuple):
    """A statement on disk."""

    path: Path
    trading_day: int
    """0: the venue does not tell."""
    digest: str
    """SHA-256 of the text, its first 16 digits."""


def statement(rows: Sequence[Row]) -> str:
    """The text of all chunks of ``OnRspQrySettlementInfo``. Their bytes are joined before they are
    decoded: the end of a chunk may cut a character in two."""
    ordered = sorted(rows, key=lambda row: int(row.get("SequenceNo", 0)))
    return b"".join(_bytes(row["Content"]) for row in ordered).decode(ENCODING, "replace")


def keep(folder: Path, investor: str, rows: Sequence[Row]) -> Kept | None:
    """Write ``<investor>-<trading day>.txt`` (UTF-8); ``None`` where there is no statement. Another
    text for the same day takes its place, and the old one stays as ``.old-<digest>.txt``.
    ``OSError``: it cannot be written."""
    text = statement(rows)
    if not text.strip():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    day = day_of(rows[0].get("TradingDay", ""))
    path = folder / f"{investor}-{day or 'unknown'}.txt"
    raw = text.encode()
    digest = digest_of(raw)
    if path.exists():
        before = digest_of(path.read_bytes())
        if before != digest:
            path.replace(path.with_suffix(f".old-{before}.txt"))
    path.write_bytes(raw)
    return Kept(path, day, digest)


def digest_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def day_of(value: object) -> int:
    """A trading day as the venue tells it; 0 where it is none."""
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()):
        return 0
    try:
        to_date(int(text))
    except ValueError:
        return 0
    return int(text)


def _bytes(content: bytes | str) -> bytes:
    """Our binding gives bytes; vnpy's a text that it has decoded chunk by chunk."""
    return content if isinstance(content, bytes) else content.encode(ENCODING, "replace")
