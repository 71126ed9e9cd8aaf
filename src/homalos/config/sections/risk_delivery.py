"""What approaches delivery: part of risk.yaml. The facts stand in products.yaml (``delivery``)."""

from typing import Annotated, Literal

import msgspec

from homalos.config.key import key
from homalos.config.sections.risk_programme import ProgrammeKeys

TradingDays = Annotated[int, msgspec.Meta(ge=1, le=60)]


class DeliveryKeys(ProgrammeKeys):
    """See the module."""

    client: Annotated[
        Literal["person", "institution"],
        key(
            "Whose account it is: a natural person has to be flat before delivery, an institution "
            "may hold to the end.",
            "账户类型：person 自然人，须在规定日前平仓；institution 法人，可持有到期。",
            applies="at once",
        ),
    ] = "person"
    near_delivery: Annotated[
        Literal["deny", "warn"],
        key(
            "deny: what may not be opened or closed near delivery does not leave; warn: it does, "
            "and the warnings go on.",
            "临近交割的违规委托：deny 拒绝；warn 仅提醒。",
            applies="at once",
        ),
    ] = "deny"
    last_open_days: Annotated[
        int,
        key(
            "Nothing is opened on the must-be-flat day and the trading days before it, so many "
            "together; 0: until its close. What may be held to the end is opened to the end.",
            "须清仓日（含）之前的这些交易日内不得开仓，0 为可开至当日收盘。可持有到期的不受限。",
            unit="days",
            ge=0,
            le=60,
            applies="at once",
        ),
    ] = 3
    delivery_early_days: Annotated[
        int,
        key(
            "Trading days by which your broker wants a person flat earlier than the exchange.",
            "期货公司要求自然人清仓早于交易所规定的交易日数。",
            unit="days",
            ge=0,
            le=60,
            applies="at once",
        ),
    ] = 0
    delivery_warn_days: Annotated[
        tuple[TradingDays, ...],
        key(
            "Warn of what is held so many trading days before the must-be-flat day (or the last "
            "trading day), and on the day itself.",
            "距须清仓日（或最后交易日）这些交易日时提醒持仓，当日必提醒。",
            unit="days",
            applies="at once",
        ),
    ] = (10, 5, 3, 1)
    must_flat_action: Annotated[
        Literal["warn", "reduce", "flatten"],
        key(
            "On the must-be-flat day, where lots are still held must_flat_minutes before its "
            "close: warn; reduce: trading goes to REDUCING; flatten: close them, whoever's.",
            "须清仓日收盘前 must_flat_minutes 仍有持仓时：warn 提醒；reduce 转为只减仓；"
            "flatten 平掉该合约全部持仓。",
            applies="at once",
        ),
    ] = "warn"
    must_flat_minutes: Annotated[
        int,
        key(
            "Minutes before the close of the must-be-flat day at which must_flat_action acts; a "
            "flatten goes through the ladder in the second half of them.",
            "must_flat_action 在须清仓日收盘前多少分钟执行；flatten 在后一半时间逐级让价。",
            unit="min",
            ge=1,
            le=360,
            applies="at once",
        ),
    ] = 60
