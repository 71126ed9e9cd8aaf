"""The simulated CTP front: ``homalos exchange``."""

from typing import Annotated, Literal

from homalos.config.key import Section, key


class FrontSection(Section, frozen=True):
    """Key ``front`` of system.yaml. What brokers set differently is a key here."""

    host: Annotated[
        str,
        key("Address that the fronts listen on.", "前置监听地址。"),
    ] = "127.0.0.1"
    md_port: Annotated[
        int,
        key(
            "TCP port of the market data front; 0: any.", "行情前置端口；0 为任意。", ge=0, le=65535
        ),
    ] = 41213
    td_port: Annotated[
        int,
        key("TCP port of the trading front; 0: any.", "交易前置端口；0 为任意。", ge=0, le=65535),
    ] = 41205
    heartbeat_s: Annotated[
        int,
        key(
            "Seconds between heartbeats; a client silent for three of them is cut.",
            "心跳间隔；客户端三个间隔无任何消息即断开。",
            unit="s",
            ge=1,
            le=600,
        ),
    ] = 53
    backlog_mib: Annotated[
        int,
        key(
            "A client that lets so much pile up is cut.",
            "客户端积压超过此量即断开。",
            unit="MiB",
            ge=1,
            le=1024,
        ),
    ] = 16
    authenticate: Annotated[
        bool,
        key(
            "A trading login needs ReqAuthenticate before it (error 64).",
            "交易登录前必须通过 ReqAuthenticate 认证（否则错误 64）。",
        ),
    ] = True
    md_login_verify: Annotated[
        bool,
        key(
            "Market data asks for user and password, and that the user has logged in to trading "
            "from the same address this trading day (error 3).",
            "行情登录校验用户密码，且该用户当日须已从同一地址登录交易（否则错误 3）。",
        ),
    ] = False
    sessions_max: Annotated[
        int,
        key(
            "Trading sessions of one user at a time (error 60); 0: any number.",
            "同一用户的交易会话上限（错误 60）；0 不限。",
            ge=0,
            le=10_000,
        ),
    ] = 0
    login_failures_max: Annotated[
        int,
        key(
            "Wrong passwords in a row until the trading day's end bars the user (error 75); 0: "
            "any number.",
            "连续密码错误达到次数后当日禁止登录（错误 75）；0 不限。",
            ge=0,
            le=1_000,
        ),
    ] = 0
    settlement_confirm: Annotated[
        bool,
        key(
            "Orders need the settlement confirmed once a trading day (error 42).",
            "每个交易日须先确认结算结果才能报单（否则错误 42）。",
        ),
    ] = True
    exchange_id_required: Annotated[
        bool,
        key(
            "Orders and cancels need ExchangeID (error 147); off: found by the contract.",
            "报单与撤单必须填写 ExchangeID（错误 147）；关闭则按合约推断。",
        ),
    ] = True
    queries_per_s: Annotated[
        int,
        key(
            "Queries of a session; told to the library (-3), and what comes sooner gets error 90; "
            "0: unlimited.",
            "每会话查询频率；告知客户端库（-3），过快的查询返回错误 90；0 不限。",
            unit="1/s",
            ge=0,
            le=10_000,
        ),
    ] = 1
    query_ready_ms: Annotated[
        int,
        key(
            "So long after a login queries get error 90.",
            "登录后此时间内查询返回错误 90。",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 0
    query_rows_per_s: Annotated[
        int,
        key(
            "Rows of an answer a second: a slow instrument query; 0: at once.",
            "查询结果每秒返回行数，用于模拟慢速合约查询；0 不限速。",
            unit="1/s",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    packages_per_s: Annotated[
        int,
        key(
            "FTD packages (logins, queries, orders, cancels) of a session; the rest waits in "
            "silence for the next second; 0: unlimited.",
            "每会话 FTD 报文流控，超出部分静默延至下一秒；0 不限。",
            unit="1/s",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    orders_per_s: Annotated[
        int,
        key(
            "Orders and cancels of an account (error 116); 0: unlimited.",
            "每账户报撤单频率（错误 116）；0 不限。",
            unit="1/s",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    exchange_orders_per_s: Annotated[
        int,
        key(
            "Orders of an account that an exchange takes; more are cancelled with its text (41); "
            "0: unlimited.",
            "交易所接受的每账户报单频率，超出的由交易所撤销（文字同错误 41）；0 不限。",
            unit="1/s",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    subscriptions_max: Annotated[
        int,
        key(
            "Contracts that a market data session may subscribe to (error 6000); 0: any number.",
            "每行情会话订阅合约上限（错误 6000）；0 不限。",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    answer_delay_ms: Annotated[
        int,
        key(
            "The exchange answers an order at most so much later than CTP (drawn for each).",
            "交易所回报相对 CTP 受理的最大延迟（逐笔随机）。",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 0
    trade_delay_ms: Annotated[
        int,
        key(
            "A trade is told at most so much later than its order's state (drawn for each).",
            "成交回报相对报单状态的最大延迟（逐笔随机）。",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 0
    cancel_refusal: Annotated[
        Literal["error", "state", "both"],
        key(
            "How an exchange's refusal of a cancel is told: OnErrRtnOrderAction, the order's state "
            "with OrderSubmitStatus 5, or both.",
            "交易所拒绝撤单的回报方式：error 为 OnErrRtnOrderAction，state 为报单状态"
            "（OrderSubmitStatus 5），both 两者都发。",
        ),
    ] = "both"
    reject_error: Annotated[
        bool,
        key(
            "An exchange's refusal of an order is told by OnErrRtnOrderInsert (91), too.",
            "交易所拒单时另发 OnErrRtnOrderInsert（91）。",
        ),
    ] = False
    tell_expired: Annotated[
        bool,
        key(
            "Resting orders are told cancelled at the day's end; off: nothing is told.",
            "收市后未成交报单发撤单回报；关闭则不发。",
        ),
    ] = True
    cut_at_roll: Annotated[
        bool,
        key(
            "At the roll to the next trading day all sessions are cut, as brokers do.",
            "切换交易日时断开所有会话（与期货公司一致）。",
        ),
    ] = True
    czce_fok: Annotated[
        bool,
        key("CZCE takes FOK orders.", "郑商所接受 FOK 报单。"),
    ] = True
    czce_turnover: Annotated[
        Literal["yuan", "price"],
        key(
            "CZCE's Turnover: yuan (with the multiplier), or price x lots without it.",
            "郑商所 Turnover 口径：yuan 含合约乘数；price 不含。",
        ),
    ] = "yuan"
    junk_ticks: Annotated[
        bool,
        key(
            "Each subscription is answered by two junk ticks (empty time, 99:99:99) before the "
            "snapshot.",
            "订阅后先推送两条异常行情（空时间、99:99:99），再推送快照。",
        ),
    ] = False
    odd_positions: Annotated[
        bool,
        key(
            "Position queries show an option, a combination and a hedged position, too, that "
            "nobody can trade here.",
            "持仓查询另外返回期权、组合和套保持仓各一行（不可在此交易）。",
        ),
    ] = False
    crowd_rows: Annotated[
        int,
        key(
            "Rows of contracts that nobody trades in the instrument query: options, combinations, "
            "rows with empty names.",
            "合约查询中额外的不交易合约行数：期权、组合、空名称等。",
            unit="rows",
            ge=0,
            le=100_000,
        ),
    ] = 0
