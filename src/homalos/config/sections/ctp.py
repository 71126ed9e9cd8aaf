"""The lines to a broker's CTP fronts.

No key holds a secret: the password and the authentication code are the secrets ``ctp_password``
and ``ctp_auth_code`` (``HOMALOS_SECRET__CTP_PASSWORD``, or the system's key store).
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from homalos.config.key import Section, key

_FRONT = re.compile(r"(tcp|tcp6|ssl)://\S+:\d{1,5}( socks5://\S+)?")
_BROKER = r"^[0-9A-Za-z]{0,10}$"
_USER = r"^[0-9A-Za-z_-]{0,15}$"
_APP_ID = r"^[0-9A-Za-z_.-]{0,32}$"


class CtpSection(Section, frozen=True):
    """Key ``ctp`` of system.yaml. The investor is ``app.account``."""

    td_fronts: Annotated[
        tuple[str, ...],
        key(
            "Addresses of the trading fronts, as the broker gives them: tcp://host:port",
            "交易前置地址，由期货公司提供：tcp://host:port",
        ),
    ] = ()
    md_fronts: Annotated[
        tuple[str, ...],
        key(
            "Addresses of the market data fronts",
            "行情前置地址",
        ),
    ] = ()
    broker: Annotated[
        str,
        key("The broker's id (SimNow: 9999)", "经纪公司代码（SimNow 为 9999）", pattern=_BROKER),
    ] = ""
    user: Annotated[
        str,
        key("User that logs in; empty: the account", "登录用户，空则同账户", pattern=_USER),
    ] = ""
    app_id: Annotated[
        str,
        key(
            "AppID that the broker registered; empty: the front asks for no authentication",
            "在期货公司登记的 AppID，空则不做客户端认证",
            pattern=_APP_ID,
        ),
    ] = ""
    production: Annotated[
        bool,
        key(
            "Keys of the production fronts; false for an evaluation front (测评)",
            "生产前置密钥；连接测评（穿透测试）前置时为 false",
        ),
    ] = True
    libraries: Annotated[
        str,
        key(
            "Folder of the CTP libraries; vendor: those of the package vnpy-ctp; dropin: ours, for "
            "homalos exchange",
            "CTP 动态库目录；vendor 为 vnpy-ctp 自带，dropin 为连接 homalos exchange 的替代库",
            min_length=1,
        ),
    ] = "vendor"
    binding: Annotated[
        Literal["auto", "native", "vnpy"],
        key(
            "What drives the libraries: our native part, or vnpy-ctp's (slower); auto: ours where "
            "it is built",
            "驱动方式：native 为本项目原生绑定，vnpy 为 vnpy-ctp 绑定（较慢）；auto 优先原生",
        ),
    ] = "auto"
    consumer: Annotated[
        Literal["event", "spin"],
        key(
            "How the loop learns of a callback: woken, or by asking all the time, which costs a "
            "core and saves the wake-up",
            "事件循环获知回调的方式：event 唤醒；spin 忙轮询，占用一个核，省去唤醒延迟",
        ),
    ] = "event"
    clock: Annotated[
        Literal["exchange", "market"],
        key(
            "Time of the daemon: the exchange's clock, or that of the newest tick, for a simulated "
            "front whose time runs faster than ours",
            "系统时间：exchange 为交易所时钟；market 随最新行情，用于快于真实时间的模拟前置",
        ),
    ] = "exchange"
    subscribe: Annotated[
        tuple[str, ...],
        key(
            "Contracts or products (SHFE.rb2605, SHFE.rb) to record beside those that strategies "
            "trade or the account holds; *: all futures",
            "除策略所用与持仓合约外另行订阅的合约或品种（SHFE.rb2605、SHFE.rb）；* 为全部期货",
        ),
    ] = ()
    query_interval_ms: Annotated[
        int,
        key(
            "Least time between two queries; a front that allows more is asked faster",
            "两次查询的最小间隔；前置允许更快时自动加快",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 1_050
    query_timeout_s: Annotated[
        float,
        key(
            "A query without a new row for so long is asked again",
            "查询超过此时间没有新的数据行则重查",
            unit="s",
            gt=0,
            le=300,
        ),
    ] = 10.0
    login_timeout_s: Annotated[
        float,
        key(
            "A login step without an answer after this is tried again",
            "登录步骤超过此时间无应答则重试",
            unit="s",
            gt=0,
            le=300,
        ),
    ] = 10.0
    quiet_ms: Annotated[
        int,
        key(
            "The private flow must have been silent for so long before orders may leave",
            "私有流静默达到此时间后才允许报单",
            unit="ms",
            ge=0,
            le=60_000,
        ),
    ] = 1_500
    probe_s: Annotated[
        float,
        key(
            "A trading line that has said nothing for so long is asked whether it lives",
            "交易线路静默超过此时间则查询探活",
            unit="s",
            gt=0,
            le=600,
        ),
    ] = 45.0
    stale_feed_s: Annotated[
        float,
        key(
            "No tick of any subscribed contract for so long in continuous trading raises an alert",
            "连续交易中所有订阅合约无行情超过此时间则告警",
            unit="s",
            gt=0,
            le=600,
        ),
    ] = 10.0
    ring_mib: Annotated[
        int,
        key(
            "Memory between the library's thread and the loop; ticks that do not fit are counted",
            "库线程与事件循环之间的缓冲；放不下的行情被计数丢弃",
            unit="MiB",
            ge=1,
            le=1_024,
        ),
    ] = 16
    shadow: Annotated[
        bool,
        key(
            "Log in and follow the account, send nothing, list what would have been sent",
            "影子模式：登录并跟随账户，不发任何报单，只列出本应发出的报单",
        ),
    ] = False

    def faults(self) -> Iterator[tuple[str, str, str]]:
        for name, fronts in (("td_fronts", self.td_fronts), ("md_fronts", self.md_fronts)):
            for index, front in enumerate(fronts):
                if _FRONT.fullmatch(front) is None:
                    yield (
                        f"{name}.{index}",
                        f"{front} is no address of a front: tcp://host:port is wanted",
                        f"{front} 不是前置地址，应为 tcp://host:port",
                    )
