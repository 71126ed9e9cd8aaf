"""The page of order states, made from the table: ``python -m homalos.trading.states_page en``."""

import sys
from collections import defaultdict
from typing import Literal

from homalos.model.enums import OrderStatus
from homalos.trading.states import LIVE, RANK, TRANSITIONS, Outcome, outcome

Language = Literal["en", "zh"]

_WORDS = {
    "en": {
        "title": "# States of an order",
        "made": "Made from `trading/states.py` by `python -m homalos.trading.states_page en`; "
        "a test holds both together.",
        "rule": "A state never moves backwards, and what is not in the table changes nothing: "
        "venues repeat themselves. Fills are booked by trades alone, whatever the state. "
        "`denied` has no way in or out: such an order never left. A star in the diagram: the "
        "table has the reason.",
        "columns": "| from | heard | to | why |",
        "outcomes": "## The four outcomes",
        "pending": "no word of the venue yet",
        "confirmed": "the venue has it, or had it",
        "rejected": "the venue refused it",
        "denied": "our own risk refused it; it never left",
        "unresolved": "sent, fate unknown: asked after, never guessed, never sent again",
        "states": "| outcome | states | meaning |",
    },
    "zh": {
        "title": "# 委托状态",
        "made": "由 `python -m homalos.trading.states_page zh` 根据 `trading/states.py` 生成；"
        "有测试保证两者一致。",
        "rule": "状态只前进、不后退；表中没有的组合不改变任何状态（交易所会重复回报）。"
        "成交只按成交回报入账，与状态无关。`denied` 没有进出：该委托从未发出。"
        "图中带星号者，原因见表。",
        "columns": "| 原状态 | 收到 | 新状态 | 原因 |",
        "outcomes": "## 四种结果",
        "pending": "交易所尚无回报",
        "confirmed": "交易所已受理（或曾受理）",
        "rejected": "被交易所拒绝",
        "denied": "被本系统风控拒绝，从未发出",
        "unresolved": "已发出但状态未知：只查询，不猜测，绝不重发",
        "states": "| 结果 | 状态 | 含义 |",
    },
}


def page(language: Language) -> str:
    """Markdown: diagram, table, outcomes."""
    words = _WORDS[language]
    lines = [words["title"], "", words["made"], "", words["rule"], "", *_diagram(), ""]
    lines += [words["columns"], "|---|---|---|---|"]
    for row in TRANSITIONS:
        why = row.en if language == "en" else row.zh
        lines.append(f"| {row.before.value} | {row.word.value} | {row.after.value} | {why} |")
    lines += ["", words["outcomes"], "", words["states"], "|---|---|---|"]
    for kind in Outcome:
        states = ", ".join(status.value for status in OrderStatus if outcome(status) is kind)
        lines.append(f"| {kind.value} | {states} | {words[kind.value]} |")
    return "\n".join(lines) + "\n"


def _diagram() -> list[str]:
    """Mermaid; one arrow for every pair of states, with all words that lead there; a star at those
    that have a reason."""
    ways: dict[tuple[OrderStatus, OrderStatus], list[str]] = defaultdict(list)
    for row in TRANSITIONS:
        ways[row.before, row.after].append(row.word.value + ("*" if row.en else ""))
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> submitted", "    [*] --> denied"]
    for (before, after), heard in ways.items():
        lines.append(f"    {before.value} --> {after.value}: {', '.join(heard)}")
    last = [status for status in RANK if status not in LIVE]
    return [*lines, *(f"    {status.value} --> [*]" for status in last), "```"]


if __name__ == "__main__":
    sys.stdout.write(page("zh" if sys.argv[1:] == ["zh"] else "en"))
