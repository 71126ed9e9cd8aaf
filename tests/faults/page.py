"""The page of the faults, in both languages, made from a run of all plans."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from tests.faults.plans import LABELS, PLANS, Figures, Plan

from homalos.config.sections.kernel import KernelSection

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = {"en": "faults.md", "zh": "faults_zh.md"}
_MACHINE = {
    "en": f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
    f"Python {platform.python_version()}",
    "zh": f"{os.cpu_count()} 核（{platform.machine()}），{platform.system()}，"
    f"Python {platform.python_version()}",
}
_HEADS = {
    "en": "| fault | what the daemon does | cases | failed | figures | run alone |",
    "zh": "| 故障 | 系统的处理 | 次数 | 失败 | 数据 | 单独运行 |",
}
_TEXT = {
    "en": """# Faults and what becomes of them

Made by `python tests/soak/faults.py --write` on {day} in {minutes} minutes, seed {seed}, on
{machine}. All of it runs against our own
simulated exchange; nothing here was tried at a broker.

After each case the same promises are asked (`tests/faults/outcome.py`): lots of today and
yesterday, live orders, fills and money are the exchange's; each strategy's book holds what its own
orders filled, and all books together the account; no order reached the venue twice, and no wish was
carried out more than once; nothing that the journal has is lost; trading is on again, and a
strategy that only watches missed no tick. A case that breaks one of them is counted as failed.

Where the core runs in the test's own process, time is simulated and the venue is believed as little
as a broker's: only what orders and fills explain. For `kill -9`, the page and the configuration,
process, files and sockets are the real ones.

All of it: `.venv/bin/python tests/soak/faults.py`, with `--seed N`, `--kills N`, `--jobs N`; some
of it: with the word of the last column. A shorter set is part of the tests, in `tests/faults/`.
""",
    "zh": """# 故障与结果

由 `python tests/soak/faults.py --write` 于 {day} 生成，种子 {seed}，用时 {minutes} 分钟，机器：
{machine}。全部针对自带的模拟交易所，未在任何期货公司柜台试过。

每例之后核对同一组承诺（`tests/faults/outcome.py`）：今昨手数、在途委托、成交、资金与交易所一致；
各策略账本等于其自身委托的成交，合计等于账户；没有委托两次到达交易所，没有意图被重复执行；
日志账中的内容不丢失；交易恢复，只观察行情的策略不漏一笔。违反任何一条即计为失败。

内核在测试进程内运行时使用模拟时间，并把对方当作期货公司柜台：只相信委托与成交所能解释的内容。
`kill -9`、网页与配置各项使用真实的进程、文件与连接。

全部运行：`.venv/bin/python tests/soak/faults.py`，可加 `--seed N`、`--kills N`、`--jobs N`；
只运行一部分：加最后一列的词。较短的一组属于测试，见 `tests/faults/`。
""",
}
_REST = {
    "en": """
## What these runs found, and was mended

- `journal`: `run.json` named the segment of the day's checkpoint before that checkpoint was on the
  disk; after a power cut within the next {sync} ms a start would have begun without its past (on a
  broker's account: halted, with books of nothing). The journal is synced first now.
- `journal`: a start between a checkpoint and the next record came to another `state_hash` than the
  run had, by empty books of nobody.
- `strategy`: a strategy could change an intent it was shown, and so break the stop of all.
- `clock`: a step of the machine's clock moved timers, sessions and the judgement on ticks.

## What this table does not hold

- A disk that lies about a sync or returns other bytes than were written; a power cut is made from
  prefixes of the journal, with the bytes after it zero or spoilt.
- Memory that runs out; a machine without a free core; several faults at once, but for the CTP line.
- A strategy that gets past the rules of Python on purpose: it runs in the daemon's process.
- Somebody who has a token: a token may do what a person may.

Tried elsewhere: faults of the CTP line, several at once, by seed (`tests/soak/ctp_faults.py`);
callbacks shuffled, doubled and lost (`tests/property/test_orders_callbacks.py`); a second daemon on
one folder, a broken database, a taken port (`tests/integration/test_daemon_run.py`); journals of
earlier versions (`tests/unit/app/test_old_journals.py`); abuse of the native part
(`tests/native/test_abuse.py`); lines to the page that stay open (`tests/unit/console`).
""",
    "zh": """
## 这些运行发现并已修复的问题

- `journal`：`run.json` 在当日检查点落盘之前就指向其日志段；若随后 {sync} 毫秒内断电，下次启动会丢失
  以往信息（真实账户上：停止交易，账簿为空）。现在先落盘日志账。
- `journal`：在检查点与下一条记录之间启动，因无归属的空账本，`state_hash` 与原运行不同。
- `strategy`：策略能篡改所见的下单意图，从而破坏所有策略的停止。
- `clock`：本机时钟跳变会移动定时器、交易时段和行情判断。

## 本表未包含

- 谎报落盘或返回错误字节的磁盘；断电以日志账的前缀模拟，其后字节为零或损坏。
- 内存耗尽；没有空闲核心的机器；多种故障同时发生（CTP 线路除外）。
- 有意绕过 Python 规则的策略：策略与系统同在一个进程。
- 持有令牌的人：令牌的权限与操作员相同。

其他测试覆盖：CTP 线路的多种故障，按种子（`tests/soak/ctp_faults.py`）；回报乱序、重复、丢失
（`tests/property/test_orders_callbacks.py`）；同一目录启动两个进程、数据库损坏、端口被占
（`tests/integration/test_daemon_run.py`）；旧版本日志账（`tests/unit/app/test_old_journals.py`）；
原生部分的滥用（`tests/native/test_abuse.py`）；一直不关的网页连接（`tests/unit/console`）。
""",
}


def page(language: str, done: Mapping[str, Figures], *, day: str, seed: int, minutes: float) -> str:
    """The whole page. ``done``: figures by the plan's key."""
    text = _TEXT[language].format(
        day=day, seed=seed, minutes=max(1, round(minutes)), machine=_MACHINE[language]
    )
    rows = [row(language, plan, done[plan.key]) for plan in PLANS]
    cases = sum(figures["cases"] for figures in done.values())
    failed = sum(figures["failed"] for figures in done.values())
    rest = _REST[language].format(sync=KernelSection().journal_sync_ms)
    total = {
        "en": f"{cases:,} cases in all, {failed:,} failed.",
        "zh": f"共 {cases:,} 例，失败 {failed:,} 例。",
    }[language]
    return "\n".join(
        [text, _HEADS[language], "|---|---|---:|---:|---|---|", *rows, "", total, rest]
    )


def row(language: str, plan: Plan, figures: Figures) -> str:
    fault, does = (plan.en, plan.does_en) if language == "en" else (plan.zh, plan.does_zh)
    cases, failed, told = figures["cases"], figures["failed"], _in_words(language, figures)
    return f"| {fault} | {does} | {cases:,} | {failed:,} | {told} | `{plan.key}` |"


def _in_words(language: str, figures: Figures) -> str:
    """What was counted besides; zeros say nothing."""
    if not figures["cases"]:
        return {"en": "not run", "zh": "未运行"}[language]
    told = [(n, count) for n, count in figures.items() if count and n not in ("cases", "failed")]
    if language == "en":
        return ", ".join(f"{count:,} {name}" for name, count in told)
    return "，".join(f"{count:,} {LABELS[name]}" for name, count in told)


def write(done: Mapping[str, Figures], *, day: str, seed: int, minutes: float) -> None:
    for language, name in NAMES.items():
        text = page(language, done, day=day, seed=seed, minutes=minutes)
        (DOCS / name).write_text(text, encoding="utf-8")
