"""The shape of products.yaml: what the exchanges list, as rows that hold from a date on."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec

from homalos.config.key import Section, key
from homalos.config.sections.delivery import DeliveryRow, unknown_names

DAY_SESSIONS: dict[str, tuple[str, ...]] = {
    "commodity": ("09:00-10:15", "10:30-11:30", "13:30-15:00"),
    "equity": ("09:30-11:30", "13:00-15:00"),
    "bond": ("09:30-11:30", "13:00-15:15"),
}
_TIMES = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
_NIGHT_END = r"^(2[123]:[0-5]\d|0[0-5]:[0-5]\d|none)$"

Positive = Annotated[float, msgspec.Meta(gt=0)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]
Money = Annotated[float, msgspec.Meta(ge=0)]
Lots = Annotated[int, msgspec.Meta(ge=0)]
Times = Annotated[str, msgspec.Meta(pattern=_TIMES)]


class ProductRow(Section, frozen=True):
    """What holds of one product from a trading day on. What a row leaves out stays as it was."""

    since: Annotated[
        date,
        key(
            "First trading day of this row. The first row's is the listing day, or 2010-01-01.",
            "本行生效的首个交易日。首行为上市日，或 2010-01-01。",
        ),
    ] = msgspec.field(name="from")
    multiplier: Annotated[
        Positive | None, key("Units of one lot (yuan per point).", "合约乘数。")
    ] = None
    tick_size: Annotated[
        Positive | None, key("Smallest price step.", "最小变动价位。", unit="yuan")
    ] = None
    lots: Annotated[
        tuple[Lots, Lots, Lots] | None,
        key(
            "Lots of one order: least, most of a limit order, most of a market order (0: none).",
            "单笔手数：最小、限价单最大、市价单最大（0 为不支持市价单）。",
            unit="lots",
        ),
    ] = None
    margin: Annotated[Fraction | None, key("Margin as a fraction of the value.", "保证金率。")] = (
        None
    )
    limit_ratio: Annotated[
        Fraction | None,
        key(
            "Daily price limit as a fraction of the previous settlement.",
            "涨跌停板幅度（占上一结算价的比例）。",
        ),
    ] = None
    fee_rate: Annotated[
        tuple[Ratio, Ratio, Ratio] | None,
        key(
            "Fee as a fraction of the value: open, close yesterday's lots, close today's.",
            "按金额手续费率：开仓、平昨、平今。",
        ),
    ] = None
    fee_lot: Annotated[
        tuple[Money, Money, Money] | None,
        key(
            "Fee of one lot: open, close yesterday's lots, close today's.",
            "每手手续费：开仓、平昨、平今。",
            unit="yuan",
        ),
    ] = None
    single_side: Annotated[
        Literal["never", "always", "before_delivery_month"] | None,
        key(
            "Whether only the larger of long and short pays margin, over all contracts of the "
            "product; never by default.",
            "大额单边保证金：同品种多空两边只收较大一边；默认 never。",
        ),
    ] = None
    day: Annotated[
        str | None, key("Which of day_sessions it trades.", "日盘时段（day_sessions 之一）。")
    ] = None
    night_end: Annotated[
        Annotated[str, msgspec.Meta(pattern=_NIGHT_END)] | None,
        key(
            'End of the night session, "23:00" or "02:30"; "none": no night session.',
            '夜盘结束时间，如 "23:00"、"02:30"；"none" 为无夜盘。',
        ),
    ] = None


class ProductEntry(Section, frozen=True):
    """One product of one exchange."""

    id: Annotated[
        str,
        key(
            "Exchange and product in the exchange's own spelling: SHFE.rb, CZCE.SR.",
            "交易所与品种代码（按交易所写法）：SHFE.rb、CZCE.SR。",
            pattern=r"^[A-Z]+\.[A-Za-z_]+$",
        ),
    ]
    zh: Annotated[str, key("Name in Chinese.", "中文名。")]
    en: Annotated[str, key("Name in English.", "英文名。")]
    sector: Annotated[str, key("Sector, for grouping and limits.", "板块。")]
    rows: Annotated[
        tuple[ProductRow, ...],
        key("Rows in the order of their dates.", "按日期排列的行。", min_length=1),
    ]

    def faults(self) -> Iterator[tuple[str, str, str]]:
        days = [row.since for row in self.rows]
        if days != sorted(set(days)):
            yield "rows", "the rows' dates have to rise", "各行日期必须递增"
        for name in ("multiplier", "tick_size", "lots", "margin", "limit_ratio", "day"):
            if getattr(self.rows[0], name) is None:
                yield "rows.0", f"the first row has to give {name}", f"首行必须给出 {name}"


class ProductsFile(Section, frozen=True):
    """products.yaml."""

    day_sessions: Annotated[
        dict[str, tuple[Times, ...]],
        key("Day sessions by name, in China's time.", "各类日盘时段（北京时间）。"),
    ] = msgspec.field(default_factory=lambda: dict(DAY_SESSIONS))
    day_auctions: Annotated[
        dict[str, date],
        key(
            "Exchanges whose night products have a call auction at 08:55 too, and since when.",
            "夜盘品种日盘前另有集合竞价（08:55）的交易所及起始日。",
        ),
    ] = msgspec.field(default_factory=dict)
    products: Annotated[tuple[ProductEntry, ...], key("The products.", "品种列表。")] = ()
    delivery: Annotated[
        tuple[DeliveryRow, ...],
        key(
            "Last trading days, and what holds as delivery nears.",
            "最后交易日与临近交割的规定。",
        ),
    ] = ()

    def faults(self) -> Iterator[tuple[str, str, str]]:
        seen: set[str] = set()
        for index, entry in enumerate(self.products):
            if entry.id in seen:
                yield f"products.{index}.id", f"a second {entry.id}", f"品种 {entry.id} 重复"
            seen.add(entry.id)
            for number, row in enumerate(entry.rows):
                if row.day is not None and row.day not in DAY_SESSIONS | self.day_sessions:
                    at = f"products.{index}.rows.{number}.day"
                    yield at, f"no {row.day} in day_sessions", f"day_sessions 中没有 {row.day}"
        yield from unknown_names(self.delivery, frozenset(seen))
        for name, ranges in self.day_sessions.items():
            edges = [edge for times in ranges for edge in times.split("-")]
            if not edges or edges != sorted(set(edges)):
                yield f"day_sessions.{name}", "the times have to rise", "时段必须递增"
