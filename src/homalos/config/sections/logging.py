"""Keys of the logs: console and a daily file."""

from typing import Annotated, Literal

from homalos.config.key import Section, key

Level = Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class LoggingSection(Section, frozen=True):
    level: Annotated[
        Level,
        key(
            "Least severity of the lines in the file.",
            "日志文件记录的最低级别。",
            applies="at once",
        ),
    ] = "INFO"
    console_level: Annotated[
        Level,
        key(
            "Least severity of the lines on the console.",
            "控制台显示的最低级别。",
            applies="at once",
        ),
    ] = "INFO"
    keep_days: Annotated[
        int,
        key(
            "Days that old log files are kept.",
            "旧日志文件保留的天数。",
            unit="days",
            ge=1,
            le=3_650,
            applies="at once",
        ),
    ] = 30
    compress: Annotated[
        bool,
        key("Compress yesterday's file (gz).", "压缩前一天的日志文件（gz）。", applies="at once"),
    ] = True
    repeats_per_minute: Annotated[
        int,
        key(
            "Lines about the same subject in one minute before the rest is only counted.",
            "同一主题的日志每分钟最多行数，其余只计数。",
            ge=1,
            le=100_000,
            applies="at once",
        ),
    ] = 20
