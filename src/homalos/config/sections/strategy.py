"""Strategies: what one may cost, how an edit reaches it, and the rows of strategies.yaml."""

from typing import Annotated, Any, Literal

import msgspec

from homalos.config.key import Section, key


class StrategySection(Section):
    """Limits that hold for every strategy."""

    error_budget: Annotated[
        int,
        key(
            "Exceptions within error_window_s after which a strategy is quarantined.",
            "在 error_window_s 内出现这么多次异常后,策略被隔离。",
            unit="errors",
            ge=1,
            le=10_000,
            applies="at once",
        ),
    ] = 5
    error_window_s: Annotated[
        int,
        key(
            "Window of the error budget, in event time.",
            "异常预算的时间窗(事件时间)。",
            unit="s",
            ge=1,
            le=86_400,
            applies="at once",
        ),
    ] = 60
    slow_ms: Annotated[
        float,
        key(
            "A hook that takes longer is counted as slow and warned of. Off in a replay.",
            "回调超过此时长记为慢并告警。回放时关闭。",
            unit="ms",
            gt=0,
            le=60_000,
            applies="at once",
        ),
    ] = 5.0
    time_budget_ms: Annotated[
        int,
        key(
            "A hook that does not return within it is stopped and its strategy quarantined. "
            "Off in a replay.",
            "回调超过此时长未返回则被中止,策略被隔离。回放时关闭。",
            unit="ms",
            ge=20,
            le=60_000,
            applies="at once",
        ),
    ] = 500
    load_budget_ms: Annotated[
        int,
        key(
            "The same for importing a strategy file and for on_start, which may warm up.",
            "导入策略文件与 on_start(可做预热)的同类时限。",
            unit="ms",
            ge=20,
            le=600_000,
            applies="at once",
        ),
    ] = 10_000
    exit_after_ms: Annotated[
        int,
        key(
            "A hook that is stopped twice in vain (it swallows the exception, or is stuck in C) "
            "gets this much longer; then the process ends with its stack, and the next start "
            "leaves that strategy stopped.",
            "两次中止均无效(吞掉异常或卡在 C 中)时再等此时长,随后进程打印堆栈并退出;"
            "下次启动时该策略保持停止。",
            unit="ms",
            ge=0,
            le=600_000,
            applies="at once",
        ),
    ] = 5_000
    restart_first_s: Annotated[
        int,
        key(
            "First delay of a strategy with restart: backoff; it doubles at each failure.",
            "restart: backoff 的首次重启延迟,每次失败加倍。",
            unit="s",
            ge=1,
            le=86_400,
            applies="at once",
        ),
    ] = 5
    restart_max_s: Annotated[
        int,
        key(
            "Longest delay between two restarts; a strategy that ran this long begins anew.",
            "两次重启之间的最长延迟;运行满此时长后重新从首次延迟算起。",
            unit="s",
            ge=1,
            le=86_400,
            applies="at once",
        ),
    ] = 600
    restart_tries: Annotated[
        int,
        key(
            "Restarts in a row after which a strategy stays quarantined.",
            "连续重启这么多次后保持隔离。",
            unit="restarts",
            ge=1,
            le=1_000,
            applies="at once",
        ),
    ] = 5
    reload_on_edit: Annotated[
        bool,
        key(
            "Reload a strategy when its file is saved. Off in a replay.",
            "策略文件保存后自动重新加载。回放时关闭。",
            applies="restart",
        ),
    ] = True
    reload_settle_ms: Annotated[
        int,
        key(
            "An edited file is read once it has been quiet for this long (editors save in steps).",
            "文件静止此时长后才读取(编辑器分步保存)。",
            unit="ms",
            ge=10,
            le=60_000,
            applies="restart",
        ),
    ] = 300
    logs_per_minute: Annotated[
        int,
        key(
            "Lines a minute (event time) that one strategy may log; the rest is counted.",
            "单个策略每分钟(事件时间)最多写的日志行数,其余只计数。",
            unit="lines",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 120


class StrategyEntry(Section):
    """One strategy: which code, on what, with which parameters."""

    id: Annotated[
        str,
        key(
            "Name of the strategy and of its book; unique, kept over restarts.",
            "策略及其账本的名称;唯一,重启后保持。",
            pattern=r"^[A-Za-z0-9_\-]{1,40}$",
        ),
    ]
    file: Annotated[
        str,
        key(
            "File in the strategies folder, with a class after a colon where it holds several: "
            "grid.py or grid.py:Grid.",
            "strategies 目录中的文件;含多个策略类时用冒号指明:grid.py 或 grid.py:Grid。",
            pattern=r"^[^:]+\.py(:[^:]+)?$",
        ),
    ]
    instruments: Annotated[
        tuple[str, ...],
        key(
            "Contracts (SHFE.rb2601) or products (SHFE.rb: its first listed contract).",
            "合约(SHFE.rb2601)或品种(SHFE.rb:该品种最先列出的合约)。",
        ),
    ] = ()
    params: Annotated[
        dict[str, Any],
        key(
            "Values of declared parameters; the others keep their defaults.",
            "已声明参数的取值;其余用默认值。",
        ),
    ] = msgspec.field(default_factory=dict)
    enabled: Annotated[
        bool,
        key("Start it with the daemon; otherwise it is only loaded.", "随系统启动;否则仅加载。"),
    ] = True
    restart: Annotated[
        Literal["never", "backoff"],
        key(
            "When the error budget is spent: stay quarantined, or start again with growing delays.",
            "异常预算用尽后:保持隔离,或按递增延迟重新启动。",
        ),
    ] = "never"
    book_mode: Annotated[
        Literal["own", "net", "lock"],
        key(
            "Whose lots its orders may close. own: its own book's; an exit never opens. net: any "
            "of the account's that no book in another mode holds, so that opposed books in this "
            "mode are netted. lock: as net, but what would pay the close-today fee is opened.",
            "委托可平谁的持仓。own：只平本策略账本的持仓，平仓绝不变成开仓；net：账户内未被其他模式账本"
            "占用的持仓均可平，同为此模式的相反持仓互相抵消；lock：同 net，但会产生平今手续费的改为"
            "反向开仓（锁仓）。",
        ),
    ] = "own"
    auction: Annotated[
        Literal["hold", "limit", "deny"],
        key(
            "Orders in a call auction: wait for continuous trading, join it as limit orders of the "
            "day, or be denied.",
            "集合竞价期间的委托:暂存至连续交易再发、以当日有效限价单参加竞价,或拒绝。",
        ),
    ] = "hold"
    crossing: Annotated[
        Literal["hold", "deny"],
        key(
            "Orders that would meet an order of another strategy: wait for its end, or be denied.",
            "会与其他策略挂单成交的委托:暂存至对方结束,或拒绝。",
        ),
    ] = "deny"
    flat: Annotated[
        Literal["off", "session", "day"],
        key(
            "Be flat before each session ends (23:00, 01:00, 02:30, 15:00, 15:15), or before the "
            "trading day ends, also when the strategy is dead; off: it may hold over night.",
            "在每节收盘前(23:00、01:00、02:30、15:00、15:15)或交易日收盘前清仓,"
            "策略失效时同样执行;off 表示可持仓过夜。",
        ),
    ] = "off"
    flat_before_s: Annotated[
        int,
        key(
            "So long before the end nothing of it opens any more, its orders are cancelled and its "
            "exit is worked at the opposite price.",
            "距收盘该时长起不再开仓,撤销其委托,并以对手价平仓。",
            unit="s",
            ge=5,
            le=14_400,
        ),
    ] = 300
    flat_escalate_s: Annotated[
        int,
        key(
            "So long before the end the exit goes through the ladder: 2, 5, 10 ticks, price limit.",
            "距收盘该时长起按阶梯强平:2、5、10 跳,最后涨跌停价。",
            unit="s",
            ge=1,
            le=3_600,
        ),
    ] = 60
