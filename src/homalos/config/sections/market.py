"""Keys of market data: the quality gate and the bars."""

from typing import Annotated

from homalos.config.key import Section, key


class MarketSection(Section, frozen=True):
    bar_grace_ms: Annotated[
        int,
        key(
            "How long after its end a bar waits for its last ticks before it is closed "
            "(event time).",
            "K线到达结束时间后等待最后行情的时间，之后收盘（事件时间）。",
            unit="ms",
            ge=0,
            le=60_000,
            applies="at once",
        ),
    ] = 1_000
    closing_grace_ms: Annotated[
        int,
        key(
            "How long after a session's end its closing ticks (15:00:00.500) are still taken.",
            "每节收盘后仍接受收盘行情（如 15:00:00.500）的时间。",
            unit="ms",
            ge=0,
            le=60_000,
            applies="at once",
        ),
    ] = 1_000
    stale_after_s: Annotated[
        int,
        key(
            "Live, a tick that is older than this is refused. Not used on recorded data.",
            "实盘中早于本机时钟超过此值的行情被拒收；回放数据不适用。",
            unit="s",
            ge=1,
            le=43_200,
            applies="at once",
        ),
    ] = 1_800
    future_after_s: Annotated[
        int,
        key(
            "Live, a tick further ahead of the clock than this is refused. Not used on recorded "
            "data.",
            "实盘中超前本机时钟超过此值的行情被拒收；回放数据不适用。",
            unit="s",
            ge=1,
            le=43_200,
            applies="at once",
        ),
    ] = 60
    resync_ticks: Annotated[
        int,
        key(
            "So many ticks in a row refused as older than the last one, but in order among "
            "themselves, are believed: the one that blocked them was wrong.",
            "连续这么多笔行情因早于上一笔而被拒收、但彼此有序时，改为采信它们：错的是挡住它们的那一笔。",
            unit="ticks",
            ge=2,
            le=10_000,
            applies="at once",
        ),
    ] = 20
    history_bars: Annotated[
        int,
        key(
            "Bars of each contract and period kept in memory.",
            "每个合约、每个周期在内存中保留的K线根数。",
            unit="bars",
            ge=1,
            le=100_000,
        ),
    ] = 2_000
