"""Soft limits below the exchanges' limits of programme trading: part of risk.yaml.

The exchanges' numbers are rows of data (FACTS A21): they differ by exchange and change, and an
account may be exempt from them.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec.structs import replace

from homalos.config.key import Section, key
from homalos.config.sections.risk_breaker import BreakerKeys

_ID = r"^[A-Z]+(\.[A-Za-z_]+)?$"


def _most(en: str, zh: str, unit: str) -> msgspec.Meta:
    return key(
        f"{en}; 0: no limit.", f"{zh}，0 为不限。", unit=unit, ge=0, le=1_000_000_000,
        applies="at once",
    )  # fmt: skip


class ProgrammeRow(Section):
    """What an exchange counts in a trading day, and from how many on it acts. What the row of a
    product leaves out is as in its exchange's row; what neither says has no limit."""

    id: Annotated[
        str,
        key(
            "Exchange, or exchange and product: SHFE, CFFEX.IF.",
            "交易所，或交易所与品种：SHFE、CFFEX.IF。",
            pattern=_ID,
            applies="at once",
        ),
    ]
    self_trades: (
        Annotated[int, _most("Self-trades in one contract", "单合约自成交次数", "trades")] | None
    ) = None
    cancels: (
        Annotated[int, _most("Cancelled orders in one contract", "单合约撤单次数", "orders")] | None
    ) = None
    large_cancels: (
        Annotated[int, _most("Large cancels in one contract", "单合约大额撤单次数", "orders")]
        | None
    ) = None
    large_lots: (
        Annotated[
            int,
            key(
                "A cancel of so many lots is large; 0: by large_percent.",
                "单笔撤单量达到此手数为大额，0 为按 large_percent。",
                unit="lots",
                ge=0,
                le=1_000_000,
                applies="at once",
            ),
        ]
        | None
    ) = None
    large_percent: (
        Annotated[
            int,
            key(
                "A cancel of so many percent of the largest limit order of the contract is large; "
                "0: none is.",
                "单笔撤单量达到限价单最大手数的此百分比为大额，0 为无大额撤单。",
                unit="%",
                ge=0,
                le=100,
                applies="at once",
            ),
        ]
        | None
    ) = None
    fak_fok: (
        Annotated[
            bool,
            key(
                "Whether what is left of a FAK or FOK order counts as a cancel.",
                "FAK、FOK 未成交部分的撤销是否计入撤单。",
                applies="at once",
            ),
        ]
        | None
    ) = None
    messages: (
        Annotated[
            int,
            _most("Messages (orders and cancels) in one contract", "单合约信息量（报单加撤单）",
                  "messages"),
        ]
        | None
    ) = None  # fmt: skip
    account_messages: (
        Annotated[
            int,
            _most("Messages at the exchange, all contracts", "该交易所全部合约信息量", "messages"),
        ]
        | None
    ) = None
    bursts: (
        Annotated[
            int,
            _most("Seconds with burst_messages and more, at the exchange",
                  "该交易所 1 秒内达到 burst_messages 的次数", "times"),
        ]
        | None
    ) = None  # fmt: skip
    burst_messages: (
        Annotated[
            int,
            key(
                "Messages within one second that make it a burst.",
                "1 秒内报撤单达到此笔数计一次。",
                unit="messages",
                ge=2,
                le=100_000,
                applies="at once",
            ),
        ]
        | None
    ) = None
    exempt: (
        Annotated[
            bool,
            key(
                "No limit of this row holds (market maker, hedge account); the counters run on.",
                "豁免（做市、套保等）：本行不限，仅计数。",
                applies="at once",
            ),
        ]
        | None
    ) = None
    source: Annotated[
        str,
        key(
            "Where the numbers are from; shown beside the counters.",
            "数字的出处，与计数一同显示。",
            applies="at once",
        ),
    ] = ""


_ALIKE = ProgrammeRow(
    id="SHFE", self_trades=5, cancels=500, large_cancels=50, fak_fok=False, messages=4_000,
    account_messages=20_000, bursts=10, burst_messages=10,
)  # fmt: skip
_INDEX = "stock index futures: 400 cancels"
ROWS = (
    replace(
        _ALIKE, large_lots=300,
        source="abnormal trading rules 2019; message fee 2022; account_messages unverified",
    ),
    replace(
        _ALIKE, id="INE", large_lots=300,
        source="as SHFE; messages and account_messages unverified",
    ),
    replace(
        _ALIKE, id="DCE", large_percent=80,
        source="bursts: notice 305 of 2025; large_cancels, fak_fok, messages unverified",
    ),
    replace(
        _ALIKE, id="CZCE", large_lots=800,
        source="brokers' tables; fak_fok, messages unverified; "
        "cancels at the price limit not counted",
    ),
    replace(
        _ALIKE, id="CFFEX", large_cancels=100, large_percent=80, messages=0,
        source="brokers' tables; fak_fok, account_messages unverified",
    ),
    ProgrammeRow(id="CFFEX.IF", cancels=400, source=_INDEX),
    ProgrammeRow(id="CFFEX.IH", cancels=400, source=_INDEX),
    ProgrammeRow(id="CFFEX.IC", cancels=400, source=_INDEX),
    ProgrammeRow(id="CFFEX.IM", cancels=400, source=_INDEX),
    replace(_ALIKE, id="GFEX", large_percent=80, source="unverified, as DCE"),
)  # fmt: skip
"""What is known of the six exchanges (FACTS A21 and the sources named)."""

_FAR = 1_000_000_000
UNREACHED = tuple(
    replace(
        row, self_trades=_FAR, cancels=_FAR, large_cancels=_FAR, messages=_FAR,
        account_messages=_FAR, bursts=_FAR,
    )
    for row in ROWS
    if "." not in row.id
)  # fmt: skip
"""Limits that nobody comes to, for measurements: every counter runs and every rule is asked."""


class ProgrammeKeys(BreakerKeys):
    """Thresholds, how far below them we stop, and with whom they are shared."""

    programme: Annotated[
        tuple[ProgrammeRow, ...],
        key(
            "Limits of the exchanges, one row each, and of products that differ.",
            "各交易所的限制，每所一行；品种有别者另加一行。",
            applies="at once",
        ),
    ] = ROWS
    programme_soft_percent: Annotated[
        int,
        key(
            "From this share of an exchange's limit on no order leaves that adds to it; cancels "
            "and orders that reduce always pass. 100: from one below it.",
            "达到交易所限制的此百分比后不再报出会增加该计数的委托；撤单与减仓不受限。100 为差"
            "一次时。",
            unit="%",
            ge=1,
            le=100,
            applies="at once",
        ),
    ] = 80
    programme_warn_percent: Annotated[
        int,
        key(
            "From this share on a counter is warned of, once.",
            "达到此百分比时告警一次。",
            unit="%",
            ge=1,
            le=100,
            applies="at once",
        ),
    ] = 50
    programme_group_folder: Annotated[
        str,
        key(
            "Folder in which the daemons of an actual-control group share their counts, one "
            "account each; limits hold for the sum. Empty: this account alone. A relative one "
            "stands in the data folder.",
            "实际控制关系账户组共享计数的目录，各程序一个账户，限制按合计执行；空为仅本账户。"
            "相对路径位于数据目录下。",
            applies="at once",
        ),
    ] = ""

    def programme_faults(self) -> Iterator[tuple[str, str, str]]:
        """Rows that say the same twice."""
        seen: set[str] = set()
        for index, row in enumerate(self.programme):
            if row.id in seen:
                yield f"programme.{index}.id", f"a second row for {row.id}", f"{row.id} 重复"
            seen.add(row.id)

    def programme_names(self) -> tuple[str, ...]:
        """Of rows that are not the built-in ones: those need not be in anybody's products.yaml."""
        return tuple(row.id for row in self.programme if row not in ROWS)
