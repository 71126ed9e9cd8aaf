"""Keys of the event step and the journal."""

from typing import Annotated

from homalos.config.key import Section, key
from homalos.kernel.limits import DEFAULTS


class KernelSection(Section, frozen=True):
    slice_us: Annotated[
        int,
        key(
            "Longest time the bus runs before it yields to the loop",
            "总线连续运行的最长时间，之后让出事件循环",
            unit="us",
            ge=100,
            le=100_000,
            applies="at once",
        ),
    ] = DEFAULTS.slice_us
    execution_lane_max: Annotated[
        int,
        key(
            "Events waiting in the CONTROL or EXECUTION lane above which trading halts",
            "控制或执行通道积压超过此数则停止交易",
            unit="events",
            ge=100,
            le=10_000_000,
            applies="at once",
        ),
    ] = DEFAULTS.execution_lane_max
    market_lane_max: Annotated[
        int,
        key(
            "Ticks waiting above which those who allow it get only the newest of each contract",
            "行情积压超过此数后，允许合并者只收到每个合约的最新行情",
            unit="events",
            ge=10,
            le=10_000_000,
            applies="at once",
        ),
    ] = DEFAULTS.market_lane_max
    background_lane_max: Annotated[
        int,
        key(
            "Events waiting in the background above which the page is skipped, and counted",
            "后台积压超过此数后，页面被跳过并计数",
            unit="events",
            ge=100,
            le=10_000_000,
            applies="at once",
        ),
    ] = DEFAULTS.background_lane_max
    error_budget: Annotated[
        int,
        key(
            "Exceptions of one actor within the window after which it is quarantined",
            "窗口内单个组件允许的异常次数，超出则隔离",
            unit="errors",
            ge=1,
            le=10_000,
            applies="at once",
        ),
    ] = DEFAULTS.error_budget
    error_window_s: Annotated[
        float,
        key(
            "Window of the error budget, event time",
            "异常计数的时间窗口（事件时间）",
            unit="s",
            gt=0,
            le=86_400,
            applies="at once",
        ),
    ] = DEFAULTS.error_window_s
    journal: Annotated[
        bool,
        key(
            "Keep the journal; without it a crash loses what the database had not written yet",
            "是否写日志账（关闭后崩溃会丢失尚未入库的数据）",
        ),
    ] = True
    journal_segment_mib: Annotated[
        int,
        key("Size of one journal segment", "单个日志账分段的大小", unit="MiB", ge=1, le=1_024),
    ] = 16
    journal_sync_ms: Annotated[
        int,
        key(
            "Longest time between two syncs of the journal to the disk",
            "日志账两次落盘之间的最长时间",
            unit="ms",
            ge=5,
            le=60_000,
            applies="at once",
        ),
    ] = 200
    journal_keep_segments: Annotated[
        int,
        key(
            "Journal segments that are kept; those that the next start needs are never dropped",
            "保留的日志账分段数；下次启动所需的分段绝不删除",
            unit="segments",
            ge=1,
            le=100_000,
        ),
    ] = 64
