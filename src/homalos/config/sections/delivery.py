"""Rows of products.yaml on what approaches delivery."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from homalos.config.key import Section, key

_LAST_DAY = (
    r"^(day ([1-9]|1\d|2[0-8])|trading day -?([1-9]|1\d)"
    r"|(monday|tuesday|wednesday|thursday|friday) (-1|[1-5])|month before)$"
)
_PERSON_FLAT = r"^(month before|last day|([1-9]|[12]\d) before)$"
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"

Month = Annotated[int, msgspec.Meta(ge=199001, le=209912)]
Multiple = Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class DeliveryRow(Section, frozen=True):
    """What holds of exchanges or products. A later row wins, field by field; a product's over its
    exchange's."""

    of: Annotated[
        tuple[str, ...],
        key("Exchanges (SHFE) or products (SHFE.rb).", "交易所（SHFE）或品种（SHFE.rb）。"),
    ]
    last_day: Annotated[
        Annotated[str, msgspec.Meta(pattern=_LAST_DAY)] | None,
        key(
            "Last trading day, where the venue does not tell it: `day 15` of the delivery month or "
            "the next trading day; `trading day 10`, `trading day -4` from its end; `friday 3`; "
            "`monday -1`, the last that is traded; `month before`, that one's last trading day.",
            "柜台未给出时的最后交易日：`day 15` 交割月 15 日（遇休市顺延）；`trading day 10` 第 10 "
            "个交易日，`trading day -4` 倒数第 4 个；`friday 3` 第三个周五；`monday -1` 最后一个"
            "交易的周一；`month before` 交割月前一月最后一个交易日。",
        ),
    ] = None
    person_flat: Annotated[
        Annotated[str, msgspec.Meta(pattern=_PERSON_FLAT)] | None,
        key(
            "On whose close a natural person has to be flat: `month before`, the last trading day "
            "before the delivery month; `3 before`, that many trading days before the last one; "
            "`last day`: may be held to the end. Without it: `month before`.",
            "自然人持仓须为 0 手的日子（收盘后）：`month before` 交割月前一月最后一个交易日；"
            "`3 before` 最后交易日前第 3 个交易日；`last day` 可持有到期。"
            "未写时为 `month before`。",
        ),
    ] = None
    multiple: Annotated[
        Multiple | None,
        key(
            "In the delivery month lots come in multiples of it, orders too.",
            "进入交割月后持仓与委托须为其整数倍。",
            unit="lots",
        ),
    ] = None
    last_close: Annotated[
        Annotated[str, msgspec.Meta(pattern=_TIME)] | None,
        key(
            "When trading ends on the last trading day, where that is earlier than usual.",
            "最后交易日提前收盘的时间。",
        ),
    ] = None
    from_month: Annotated[
        Month | None,
        key(
            "`last_day` holds for contracts delivered from this month on (yyyymm); before it: "
            "unknown.",
            "`last_day` 自该交割月（yyyymm）起适用，之前的合约视为未知。",
        ),
    ] = None


def unknown_names(
    rows: tuple[DeliveryRow, ...], products: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """Faults: rows of what the file does not have."""
    known = products | {name.partition(".")[0] for name in products}
    for index, row in enumerate(rows):
        for name in row.of:
            if name not in known:
                yield f"delivery.{index}.of", f"no {name} in products", f"products 中没有 {name}"
