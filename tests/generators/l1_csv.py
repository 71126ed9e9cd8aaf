"""Writes ``l1-csv``: no header, the millisecond of the time unpadded."""

from collections.abc import Iterable
from pathlib import Path

from tests.generators.walk import Snap

from homalos.model.times import HOUR, MILLISECOND, MINUTE, SECOND


def l1_time(time_of_day: int) -> str:
    """``20:59:00.97`` for 97 ms."""
    seconds = time_of_day % MINUTE // SECOND
    milliseconds = time_of_day % SECOND // MILLISECOND
    return (
        f"{time_of_day // HOUR:02d}:{time_of_day % HOUR // MINUTE:02d}:{seconds:02d}.{milliseconds}"
    )


def l1_lines(snaps: Iterable[Snap], *, whole_seconds: bool = False) -> list[str]:
    """One line a snapshot. ``whole_seconds``: CZCE's way, every millisecond 0, so that two
    snapshots of one second bear one time."""
    lines = []
    for snap in snaps:
        time = snap.time_of_day // SECOND * SECOND if whole_seconds else snap.time_of_day
        lines.append(
            f"{l1_time(time)},{snap.bid:g},{snap.bid_lots},{snap.ask:g},{snap.ask_lots},"
            f"{snap.last:g},{snap.volume},{snap.open_interest:g}"
        )
    return lines


def settlement_push(line: str, time: str = "15:22:06.500") -> str:
    """The same line again, long after the close."""
    return time + line[line.index(",") :]


def write_l1(folder: Path, symbol: str, trading_day: int, lines: Iterable[str]) -> Path:
    """``rb1801_20171113.csv`` with these lines."""
    path = folder / f"{symbol}_{trading_day}.csv"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
