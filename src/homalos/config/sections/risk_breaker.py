"""The circuit breaker, and how many lots may be opened in a trading day: part of risk.yaml."""

from typing import Annotated

import msgspec

from homalos.config.key import key
from homalos.config.sections.risk_losses import LossKeys

Lots = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class BreakerKeys(LossKeys):
    """See the module. 0 is off."""

    max_consecutive_rejects: Annotated[
        int,
        key(
            "Orders of one strategy that the venue rejects (or that could not be sent) one after "
            "another until its breaker opens; 0: off. What our own rules deny does not count.",
            "同一策略委托连续被拒（或未能发出）达到此笔数即熔断，0 为关闭；被本机风控拒绝的不计。",
            unit="orders",
            ge=0,
            le=100_000,
            applies="at once",
        ),
    ] = 5
    max_account_rejects: Annotated[
        int,
        key(
            "The same over all orders that the daemon sends for the account, yours included; "
            "then nobody opens.",
            "账户（本程序发出的全部委托，含手工）连续被拒达到此笔数即熔断，全部停止开仓，0 为"
            "关闭。",
            unit="orders",
            ge=0,
            le=100_000,
            applies="at once",
        ),
    ] = 10
    max_consecutive_losses: Annotated[
        int,
        key(
            "Closes of one strategy that lose, fees included, one after another until its breaker "
            "opens; all orders and fills of one intent are one close; 0: off.",
            "同一策略连续亏损平仓（含手续费）达到此次数即熔断；一个意图的所有委托与成交算一次，"
            "0 为关闭。",
            unit="closes",
            ge=0,
            le=100_000,
            applies="at once",
        ),
    ] = 0
    cool_down_minutes: Annotated[
        int,
        key(
            "How long an open breaker denies opening orders, in event time; 0: no breaker opens.",
            "熔断后禁止开仓的时长（事件时间），0 为不熔断。",
            unit="min",
            ge=0,
            le=10_080,
            applies="at once",
        ),
    ] = 15
    max_day_opens: Annotated[
        int,
        key(
            "Most lots of one contract opened in a trading day by anybody in the account, working "
            "opens included (交易限额); 0: no limit.",
            "单合约每交易日最大开仓手数（交易限额），账户全部委托，含手工、其他终端与在途开仓，"
            "0 为不限。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 0
    max_product_day_opens: Annotated[
        int,
        key(
            "The same over all contracts of one product; 0: no limit.",
            "同上，按品种（各合约相加），0 为不限。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 0
    day_opens_of: Annotated[
        dict[str, Lots],
        key(
            "A limit of its own for a contract or a product (CFFEX.IF2606, CFFEX.IF), in place of "
            "max_day_opens and max_product_day_opens; 0: no limit.",
            "合约或品种各自的每日开仓限额（CFFEX.IF2606、CFFEX.IF），代替 max_day_opens、"
            "max_product_day_opens，0 为不限。",
            unit="lots",
            applies="at once",
        ),
    ] = msgspec.field(default_factory=dict)
