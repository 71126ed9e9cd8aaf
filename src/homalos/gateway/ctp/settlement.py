"""The statement of the last trading day: fetched before it is confirmed, kept as a file (A3)."""

from collections.abc import Sequence
from pathlib import Path

from homalos.ctp.abi import ENCODING
from homalos.gateway.ctp.seams import Row


def statement(rows: Sequence[Row]) -> str:
    """The text of all chunks of ``OnRspQrySettlementInfo``. Their bytes are joined before they are
    decoded: the end of a chunk may cut a character in two."""
    ordered = sorted(rows, key=lambda row: int(row.get("SequenceNo", 0)))
    return b"".join(_bytes(row["Content"]) for row in ordered).decode(ENCODING, "replace")


def keep(folder: Path, investor: str, rows: Sequence[Row]) -> Path | None:
    """Write ``<investor>-<trading day>.txt`` (UTF-8); the path, ``None`` where there is no
    statement. ``OSError``: it cannot be written."""
    text = statement(rows)
    if not text.strip():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    day = str(rows[0].get("TradingDay", "")).strip() or "unknown"
    path = folder / f"{investor}-{day}.txt"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _bytes(content: bytes | str) -> bytes:
    """Our binding gives bytes; vnpy's a text that it has decoded chunk by chunk."""
    return content if isinstance(content, bytes) else content.encode(ENCODING, "replace")
