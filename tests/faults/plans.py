"""All faults, as one table: what each is called, what the daemon does, how it is run whole.

``tests/soak/faults.py`` runs it and writes the page. The shorter set is in the tests beside.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.faults import clocks, edits, feeds, runs
from tests.faults.door import KINDS, REQUESTS
from tests.faults.runs import Figures, Scope

__all__ = ["LABELS", "PLANS", "Figures", "Plan", "Scope", "chosen"]

LABELS = {
    "records": "日志记录",
    "recoveries": "次恢复",
    "replays": "次回放",
    "orders": "委托",
    "fills": "成交",
    "trades": "成交",
    "starts checked": "次启动核对",
    "kills during a start": "次在启动中",
    "statements": "条语句",
    "failed writes": "次写入失败",
    "rows spooled": "行暂存",
    "core stopped": "次内核停止",
    "orders unresolved for a while": "笔委托一度状态未知",
    "halts": "次停止交易",
    "alerts of the clock": "次时钟告警",
    "intents": "个下单意图",
    "orders of the rogue": "笔委托到达交易所",
    "stopped": "次策略被停止",
    "halted for a person's word": "次停止并等待人工确认",
    "ticks refused": "笔行情被拒",
    "answered with a status": "次以状态码应答",
}
"""Names of figures in Chinese."""


class Plan(NamedTuple):
    """One row of the page."""

    key: str
    group: str
    """Word of the command that runs it with its kin."""
    en: str
    zh: str
    does_en: str
    does_zh: str
    run: Callable[[Path, Scope], Figures]


# ------------------------------------------------------------------ the table

_RECOVERS_EN = "Recovers; books, fills and orders equal the exchange's; trading goes on."
_RECOVERS_ZH = "恢复后账簿、成交、委托与交易所一致，继续交易。"
_JOURNAL = (
    Plan(
        "cut-after", "journal",
        "Killed just after a record of the journal was written, at every record of a session",
        "日志账每写完一条记录后进程即被杀，逐条进行",
        f"{_RECOVERS_EN} Folded state and replay equal the run's.",
        f"{_RECOVERS_ZH}折叠出的状态与回放均与原运行相同。",
        partial(runs.run_cuts, "killed after"),
    ),
    Plan(
        "cut-before", "journal",
        "Killed just before the next record was whole, torn within it, at every record",
        "下一条记录写到一半时进程被杀（记录残缺），逐条进行",
        f"{_RECOVERS_EN} The torn record is cut off; what it told is asked of the venue.",
        f"{_RECOVERS_ZH}残缺记录被截去,其内容向交易所查询。",
        partial(runs.run_cuts, "killed before"),
    ),
    Plan(
        "cut-power", "journal",
        "The journal cut and torn at every record, while the exchange has gone on",
        "断电丢失日志账尾部，而交易所继续运行，逐条进行",
        "Recovers; orders that the journal lost are taken over as nobody's, their fills are booked "
        "once; nothing is sent again.",
        "恢复；日志账丢失的委托作为无归属接管，成交只入账一次，不重发任何委托。",
        partial(runs.run_cuts, "power"),
    ),
    Plan(
        "cut-settled", "journal",
        "The journal cut and torn at every third record, and the exchange has settled the day: it "
        "tells no fills of it any more",
        "断电丢失日志账尾部，交易所已结算当日、不再返回其成交，每三条记录进行一次",
        "Where anything differs: halts, alerts with every difference, sends nothing; after a "
        "person accepts it and says whose the missing lots were, books equal the exchange's.",
        "若有差异：停止交易、列出全部差异并告警，不发任何委托；经人工确认并指明缺失手数的归属后，"
        "账簿与交易所一致。",
        runs.run_settled,
    ),
)  # fmt: skip
_KILLS = (
    Plan(
        "kill", "kills",
        "kill -9 of the daemon at seeded places: while it starts, recovers, trades at 60x, 600x "
        "and flat out",
        "按种子在各处 kill -9 守护进程：启动中、恢复中、60 倍、600 倍和全速交易中",
        "The next start agrees with the exchange's ledger in lots, orders and money, and has every "
        "order and fill in books and database.",
        "下次启动的手数、委托、资金与交易所账本一致，账簿和数据库中委托与成交齐全。",
        runs.run_kills,
    ),
)  # fmt: skip
_ALL_ROWS_EN = (
    "Ticks and orders do not wait; one alert; rows wait in memory and spool, none is lost."
)
_ALL_ROWS_ZH = "行情与委托不等待；告警一次；数据留在内存和 spool，一行不丢。"
_STORES = (
    Plan(
        "database-full", "database",
        "No room for the database at its n-th statement, once and for ever (SQLITE_FULL)",
        "数据库第 n 条语句起空间不足，一次或持续（SQLITE_FULL）",
        _ALL_ROWS_EN, _ALL_ROWS_ZH, partial(runs.run_database, "full"),
    ),
    Plan(
        "database-readonly", "database",
        "The database may not be written at its n-th statement, once and for ever "
        "(SQLITE_READONLY)",
        "数据库第 n 条语句起只读，一次或持续（SQLITE_READONLY）",
        _ALL_ROWS_EN, _ALL_ROWS_ZH, partial(runs.run_database, "readonly"),
    ),
    Plan(
        "database-locked", "database",
        "Another program locks the database at its n-th statement, once and for ever (SQLITE_BUSY)",
        "数据库第 n 条语句起被其他程序锁定，一次或持续（SQLITE_BUSY）",
        _ALL_ROWS_EN, _ALL_ROWS_ZH, partial(runs.run_database, "locked"),
    ),
    Plan(
        "journal-full", "journal-full",
        "No room for the journal's n-th record, once and for ever",
        "日志账第 n 条记录无法写入，一次或持续",
        "The core stops before anything unwritten is done (the daemon ends with code 1); the next "
        "start knows everything.",
        "内核在执行未记录的动作之前停止（进程以代码 1 退出）；下次启动信息完整。",
        runs.run_journal_full,
    ),
    Plan(
        "ledger-full", "ledger-full",
        "The simulated exchange's own ledger refuses at its n-th write",
        "模拟交易所账本第 n 次写入失败",
        "The exchange hangs up with its reason and answers nothing more; its ledger is sound.",
        "模拟交易所说明原因后断线，不再应答；账本完好。",
        runs.run_ledger_full,
    ),
)  # fmt: skip
_FINDS_EN = "Found out by deadline, query or comparison; booked once; nobody had to help."
_FINDS_ZH = "由超时、查询或对账发现；只入账一次；无需人工。"
_ANSWERED: Mapping[str, tuple[str, str, str, str]] = {
    "lost": ("The k-th answer of the venue is lost", "交易所第 k 个应答丢失", _FINDS_EN, _FINDS_ZH),
    "doubled": (
        "The k-th answer comes twice", "第 k 个应答重复到达",
        "The second one changes nothing.", "第二个不产生任何变化。",
    ),
    "again": (
        "The k-th answer comes again five seconds later", "第 k 个应答五秒后再次到达",
        "The later one changes nothing.", "后到的不产生任何变化。",
    ),
    "delayed": (
        "The k-th answer comes a second late", "第 k 个应答迟到一秒",
        "The order waits for it.", "委托等待应答。",
    ),
    "late": (
        "The k-th answer comes twenty seconds late", "第 k 个应答迟到二十秒",
        "Asked after meanwhile; when it comes it is known already.",
        "期间已查询；到达时内容已知。",
    ),
    "swapped": (
        "The k-th answer comes after the next one", "第 k 个应答与下一个次序颠倒",
        "The same state in either order.", "两种次序得到同一状态。",
    ),
    "cut": (
        "The line goes down before the k-th answer, for ten seconds",
        "第 k 个应答之前线路中断十秒",
        "Asked at the reconnect; nothing is sent again by itself.",
        "重连后查询；绝不自动重发。",
    ),
    "unsent": (
        "The k-th request is lost on its way", "第 k 个请求在途中丢失",
        "Unresolved until two answers of the venue do not know it; then over, never sent again.",
        "状态未知，直至交易所两次查询均无此单，作结束处理，绝不重发。",
    ),
    "raised": (
        "The gateway raises although the k-th request left", "第 k 个请求已发出，但接口抛出异常",
        "Taken for sent; the venue's word decides.", "视为已发出；以交易所回报为准。",
    ),
}  # fmt: skip
_ANSWERS = tuple(
    Plan(f"answer-{kind}", "answers", *_ANSWERED[kind], partial(runs.run_answers, kind))
    for kind in (*KINDS, *REQUESTS)
)
_CLOCK_EN = "No timer, session or tick is moved by it; told at the next login."
_CLOCK_ZH = "定时器、交易时段、行情均不受影响；下次登录时提示。"
_SLEPT_EN = "What came meanwhile is taken in its order, or asked for at the reconnect."
_SLEPT_ZH = "期间的回报按次序处理，或在重连后查询。"
_JUMPS_ZH = {
    "an hour forward": "本机时钟被拨快一小时",
    "an hour back": "本机时钟被拨慢一小时",
    "five seconds forward": "本机时钟被拨快五秒",
    "five seconds back": "本机时钟被拨慢五秒",
    "asleep for 3 s": "机器休眠三秒",
    "asleep for 10 min": "机器休眠十分钟",
}
_CLOCKS = tuple(
    Plan(
        f"clock-{number}", "clock",
        f"The machine's clock: {jump}, at every second of a session" if step
        else f"The machine is {jump}, at every second of a session",
        f"{_JUMPS_ZH[jump]},逐秒进行",
        _CLOCK_EN if step else _SLEPT_EN,
        _CLOCK_ZH if step else _SLEPT_ZH,
        partial(runs.run_clock, jump),
    )
    for number, (jump, (step, _)) in enumerate(clocks.JUMPS.items(), 1)
)  # fmt: skip
_ALONE_EN = "It alone is stopped, its entries are cancelled; the others miss no tick."
_ALONE_ZH = "仅该策略被停止，其开仓委托被撤销；其他策略不漏一笔行情。"
_ROGUES = (
    Plan("rogue-raise", "strategy", "A strategy raises, in each of its hooks",
         "策略在各个回调中抛出异常", _ALONE_EN, _ALONE_ZH, partial(runs.run_rogue, "raise")),
    Plan("rogue-spin", "strategy", "A strategy never returns, in each of its hooks",
         "策略在各个回调中不返回", _ALONE_EN, _ALONE_ZH, partial(runs.run_rogue, "spin")),
    Plan("rogue-mutate", "strategy", "A strategy changes what it was given, in each of its hooks",
         "策略在各个回调中篡改收到的对象", "What others see and the core works on is not changed.",
         "其他策略所见与内核所用均不受影响。", partial(runs.run_rogue, "mutate")),
    Plan("rogue-storm", "strategy", "A strategy sends 10,000 orders in a second",
         "策略一秒内发出一万笔委托",
         "The limits let a few leave and deny the rest; the others trade on.",
         "限额只放行少数，其余拒绝；其他策略继续交易。", partial(runs.run_rogue, "storm")),
)  # fmt: skip

_NOT_MOVED_EN = "Refused and counted; no strategy sees it, no book moves; the next tick is taken."
_NOT_MOVED_ZH = "拒绝并计数；策略不可见，账簿不变；下一笔行情照常接收。"
_FEEDS = (
    Plan("feed-junk", "feed",
         f"Junk on the market data line, of {len(feeds.JUNK)} kinds (unset, infinite, negative, of "
         "another day, of no contract, of wrong type), before every tick of a session",
         f"行情线路上的 {len(feeds.JUNK)} 种垃圾数据（未设置、无穷、负值、他日、未知合约、"
         "类型错误），在每一笔行情之前",
         _NOT_MOVED_EN, _NOT_MOVED_ZH, partial(runs.run_feed, tuple(feeds.JUNK))),
    Plan("feed-silence", "feed",
         f"The market data line falls silent for {feeds.SILENT_S} s, at every tick of a session",
         f"行情中断 {feeds.SILENT_S} 秒，逐笔进行",
         "Orders and looks at the venue go on; trading goes on with the next tick.",
         "委托与对账照常；行情恢复后继续交易。", partial(runs.run_feed, (feeds.SILENCE,))),
)  # fmt: skip
_OUTSIDE = (
    Plan("requests", "console",
         "Hostile and senseless requests to the page while it trades: strangers, other sites, "
         "rebound names, orders without sense, broken JSON and HTTP, 1,000 of seeded noise, 300 "
         "lines that say nothing",
         "交易中向网页发送恶意或无意义请求：无令牌、跨站、伪造域名、无意义委托、残缺 JSON 与 HTTP、"
         "一千条随机噪声、三百条静默连接",
         "The status that each deserves, or cut off; no order, no change, no trace of an error; "
         "trading goes on.",
         "逐条返回应有的状态码或断开；无委托、无改动、无内部错误；交易继续。", runs.run_requests),
    Plan("edits", "config",
         f"Each file of the configuration broken while it trades, in {len(edits.BREAKS)} ways "
         "(torn, noise, a key twice, aliases without end, a tag that runs code)",
         f"交易中以 {len(edits.BREAKS)} 种方式破坏每个配置文件（残缺、噪声、重复键、无限别名、"
         "可执行标签）",
         "Refused with an alert that names the file; old values stay; the next good edit holds.",
         "拒绝并告警指明文件；旧值保持；下一次正确修改生效。", runs.run_edits),
)  # fmt: skip

PLANS: tuple[Plan, ...] = (
    *_JOURNAL, *_KILLS, *_STORES, *_ANSWERS, *_FEEDS, *_CLOCKS, *_ROGUES, *_OUTSIDE,
)  # fmt: skip


def chosen(words: Iterable[str]) -> tuple[Plan, ...]:
    """Plans by key or group; all where nothing is named. ``LookupError``: no such plan."""
    wanted = set(words)
    known = {plan.key for plan in PLANS} | {plan.group for plan in PLANS}
    if wanted - known:
        raise LookupError(f"no plan {sorted(wanted - known)}; there are {sorted(known)}")
    return tuple(p for p in PLANS if not wanted or {p.key, p.group} & wanted)
