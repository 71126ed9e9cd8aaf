"""What an import did, for people."""

from collections import Counter
from enum import StrEnum
from typing import Literal

import msgspec

from homalos.market.formats import Problem
from homalos.model.times import china_text


class Status(StrEnum):
    IMPORTED = "imported"
    KNOWN = "known"
    """The same content was imported before: nothing was written."""
    UNREADABLE = "unreadable"


class FileReport(msgspec.Struct):
    """One file."""

    name: str
    status: Status
    rows: int = 0
    """Written (``KNOWN``: that were written then)."""
    read: int = 0
    already: int = 0
    """Passed, but the database had the same snapshot already."""
    refused: dict[str, int] = {}
    """By the gate, by reason."""
    repaired: dict[str, int] = {}
    problems: dict[str, Problem] = {}
    """Lines that were no ticks, by reason, with an example each."""
    error: str = ""
    ts: int = 0
    """When it was finished."""
    seconds: float = 0.0


_ZH = {
    "accepted": "接受",
    "unknown_instrument": "未知合约",
    "malformed": "字段类型错误",
    "bad_price": "价格无效",
    "bad_volume": "成交量无效",
    "junk_time": "时间无效",
    "out_of_session": "非交易时段",
    "settlement_push": "结算价推送",
    "stale_repeat": "过期重复",
    "future_time": "时间超前",
    "duplicate": "重复",
    "backward_time": "时间倒退",
    "backward_volume": "成交量倒退",
    "wrong_day": "交易日错误",
    "equal_time": "同一时间的第二笔（已后移）",
    "natural_day": "自然日当作交易日（已更正）",
    "resync": "重新对齐",
    "already_stored": "已在库中",
}
_WORDS = {
    "en": {
        "imported": "{n}: {rows:,} of {read:,} rows stored in {s:.1f} s",
        "known": "{n}: imported before ({when}, {rows:,} rows): nothing written",
        "unreadable": "{n}: skipped: {error}",
        "refused": "left out, by reason",
        "repaired": "set right",
        "lines": "lines that are no ticks",
        "total": "{files} files, {rows:,} rows stored, {refused:,} left out, {s:.1f} s",
    },
    "zh": {
        "imported": "{n}：读取 {read:,} 行，入库 {rows:,} 行，用时 {s:.1f} 秒",
        "known": "{n}：此前已导入（{when}，{rows:,} 行），未写入任何数据",
        "unreadable": "{n}：跳过：{error}",
        "refused": "未入库（按原因）",
        "repaired": "已更正",
        "lines": "无法识别的行",
        "total": "{files} 个文件，入库 {rows:,} 行，未入库 {refused:,} 行，用时 {s:.1f} 秒",
    },
}


class ImportReport:
    """A run over some files."""

    def __init__(self, files: list[FileReport]) -> None:
        self.files = files

    @property
    def rows(self) -> int:
        """Written by this run."""
        return sum(f.rows for f in self.files if f.status is Status.IMPORTED)

    @property
    def read(self) -> int:
        return sum(f.read for f in self.files)

    @property
    def refused(self) -> dict[str, int]:
        """What was left out, by reason, of all files."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.refused)
            if file.already:
                total["already_stored"] += file.already
        return dict(total.most_common())

    @property
    def repaired(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.repaired)
        return dict(total.most_common())

    def text(self, language: Literal["en", "zh"] = "en") -> str:
        """Files, then a table of what was left out and why, then the total."""
        words = _WORDS[language]
        lines = [
            words[f.status].format(
                n=f.name, rows=f.rows, read=f.read, s=f.seconds, when=china_text(f.ts),
                error=f.error,
            )
            for f in self.files
        ]  # fmt: skip
        for title, counts in (("refused", self.refused), ("repaired", self.repaired)):
            if counts:
                lines.append(f"{words[title]}:")
                lines += [f"  {n:>12,}  {_named(reason, language)}" for reason, n in counts.items()]
        examples = [
            f"  {p.count:>12,}  {why}: {p.example}"
            for f in self.files
            for why, p in f.problems.items()
        ]
        if examples:
            lines += [f"{words['lines']}:", *examples]
        seconds = sum(f.seconds for f in self.files)
        left_out = sum(self.refused.values())
        total = words["total"]
        lines.append(
            total.format(files=len(self.files), rows=self.rows, refused=left_out, s=seconds)
        )
        return "\n".join(lines) + "\n"


def _named(reason: str, language: str) -> str:
    return f"{_ZH[reason]} ({reason})" if language == "zh" and reason in _ZH else reason
