"""Keys of the store: how rows reach ``homalos.db``."""

from typing import Annotated

from homalos.config.key import Section, key


class StorageSection(Section, frozen=True):
    store_ticks: Annotated[
        bool,
        key(
            "Store every accepted tick. Bars, orders, trades and the rest are always stored.",
            "是否把每笔通过检查的行情存入数据库；K线、委托、成交等始终存储。",
            applies="at once",
        ),
    ] = True
    batch_rows: Annotated[
        int,
        key(
            "Rows handed to the writer at once, written in one transaction.",
            "一次交给写线程、在同一事务中写入的行数。",
            unit="rows",
            ge=1,
            le=20_000,
            applies="at once",
        ),
    ] = 6_000
    flush_ms: Annotated[
        int,
        key(
            "Longest time that a row waits before it is handed to the writer.",
            "一行数据在交给写线程之前最多等待的时间。",
            unit="ms",
            ge=1,
            le=10_000,
            applies="at once",
        ),
    ] = 200
    backlog_max_rows: Annotated[
        int,
        key(
            "Rows not yet written above which a replay waits; live, while the database fails, "
            "rows beyond twice this number go to the spool folder instead of memory.",
            "未写入行数超过此值时回放暂停；实盘中数据库写入失败时，"
            "超过两倍的部分写入 spool 目录而不占内存。",
            unit="rows",
            ge=100,
            le=10_000_000,
            applies="at once",
        ),
    ] = 50_000
    account_interval_ms: Annotated[
        int,
        key(
            "Shortest event time between two stored points of the account curve; a change of "
            "lots, fees or closed profit is always stored.",
            "资金曲线两个存储点之间的最短行情时间；持仓手数、手续费或平仓盈亏变化时总会存储。",
            unit="ms",
            ge=0,
            le=3_600_000,
            applies="at once",
        ),
    ] = 1_000
    wal_max_mib: Annotated[
        int,
        key(
            "Size of the write-ahead log at which it is folded into the database even when busy.",
            "预写日志达到此大小时，即使繁忙也合并入数据库。",
            unit="MiB",
            ge=1,
            le=4_096,
            applies="at once",
        ),
    ] = 64
    cache_mib: Annotated[
        int,
        key(
            "Page cache of the writing connection.",
            "写连接的页缓存。",
            unit="MiB",
            ge=1,
            le=1_024,
        ),
    ] = 16
    busy_timeout_ms: Annotated[
        int,
        key(
            "How long a write waits for another program's lock before it counts as failed.",
            "等待其他程序释放数据库锁的时间，超过则记为写入失败。",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 1_000
    retry_first_ms: Annotated[
        int,
        key(
            "Pause before the first retry of a failed write; it doubles up to retry_max_ms.",
            "写入失败后第一次重试前的等待，之后加倍直到 retry_max_ms。",
            unit="ms",
            ge=1,
            le=60_000,
            applies="at once",
        ),
    ] = 100
    retry_max_ms: Annotated[
        int,
        key(
            "Longest pause between two retries of a failed write.",
            "两次重试之间的最长等待。",
            unit="ms",
            ge=1,
            le=600_000,
            applies="at once",
        ),
    ] = 5_000
    spool_max_mib: Annotated[
        int,
        key(
            "Size of the spool folder at which ticks are no longer kept for the database "
            "(counted and alarmed; they are in the journal). Orders and trades always are.",
            "spool 目录达到此大小后不再为数据库保留行情（计数并报警，行情仍在 journal 中）；"
            "委托与成交始终保留。",
            unit="MiB",
            ge=0,
            le=1_048_576,
            applies="at once",
        ),
    ] = 2_048
    stop_timeout_s: Annotated[
        float,
        key(
            "How long a stop waits for a failing database before it leaves the rows in the spool.",
            "停止时等待故障数据库的时间，超过则把剩余数据留在 spool 目录。",
            unit="s",
            ge=0,
            le=600,
            applies="at once",
        ),
    ] = 10.0
