"""Keys of the web console."""

from collections.abc import Iterator
from typing import Annotated, Literal

from homalos.config.key import Section, key


class ConsoleSection(Section, frozen=True):
    enabled: Annotated[bool, key("Serve the web console", "是否启用网页控制台")] = True
    host: Annotated[
        str,
        key(
            "Address that the console listens on; only this machine's own (loopback) is allowed",
            "控制台监听地址；只允许本机回环地址",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, key("Port of the console", "控制台端口", unit="port", ge=1, le=65_535)] = (
        8000
    )
    open_browser: Annotated[
        Literal["auto", "on", "off"],
        key(
            "Open the page at the start; auto: when started by hand with a desktop at hand",
            "启动时是否打开网页；auto：手动启动且有桌面时打开",
        ),
    ] = "auto"
    push_hz: Annotated[
        float,
        key(
            "How often changes are pushed to the pages",
            "向网页推送变化的频率",
            unit="Hz",
            gt=0,
            le=20,
            applies="at once",
        ),
    ] = 5.0
    sockets_max: Annotated[
        int,
        key(
            "Pages connected at once",
            "同时连接的网页数上限",
            unit="sockets",
            ge=1,
            le=1_000,
            applies="at once",
        ),
    ] = 20
    session_idle_h: Annotated[
        float,
        key(
            "A session ends after this long without use",
            "会话闲置多久后失效",
            unit="h",
            gt=0,
            le=168,
            applies="at once",
        ),
    ] = 12.0
    session_max_h: Annotated[
        float,
        key(
            "A session ends this long after its login",
            "会话最长有效时间",
            unit="h",
            gt=0,
            le=720,
            applies="at once",
        ),
    ] = 24.0

    def faults(self) -> Iterator[tuple[str, str]]:
        """Only loopback: another address would need TLS and passwords, which are not built."""
        if self.host not in ("127.0.0.1", "::1", "localhost"):
            yield "host", "only 127.0.0.1, ::1 or localhost / 只允许本机回环地址"
