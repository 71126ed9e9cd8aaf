"""Limits of the pre-trade risk rules: the file risk.yaml. All apply at once, between two events."""

from typing import Annotated, Literal

from homalos.config.key import Section, key


class RiskSection(Section):
    """One key a limit; the rule that reads it stands in ``trading/risk/rules``."""

    missing_data: Annotated[
        Literal["auto", "deny", "skip"],
        key(
            "What a rule does without the data it needs; skip counts it, auto skips on a simulated "
            "venue and denies elsewhere.",
            "规则缺少所需数据时的处理：deny 拒绝，skip 跳过并计数，auto 仅在模拟环境跳过。",
            applies="at once",
        ),
    ] = "auto"
    max_order_lots: Annotated[
        int,
        key("Largest order.", "单笔最大手数。", unit="lots", ge=1, le=1_000_000, applies="at once"),
    ] = 100
    collar_ticks: Annotated[
        int,
        key(
            "How far through the last price an order may be priced, in ticks.",
            "委托价偏离最新价（不利方向）的最大跳数。",
            unit="ticks",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 500
    collar_percent: Annotated[
        float,
        key(
            "How far through the last price an order may be priced, in percent of it.",
            "委托价偏离最新价（不利方向）的最大百分比。",
            unit="%",
            ge=0,
            le=100,
            applies="at once",
        ),
    ] = 3.0
    max_position_lots: Annotated[
        int,
        key(
            "Largest position of one contract and direction, working opens included.",
            "单合约单方向最大持仓（含在途开仓）。",
            unit="lots",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 500
    max_net_lots: Annotated[
        int,
        key(
            "Largest net position of one contract, either way, working orders included.",
            "单合约最大净持仓（含在途委托）。",
            unit="lots",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 500
    max_total_lots: Annotated[
        int,
        key(
            "Largest sum of lots over all contracts and both directions, working opens included.",
            "账户总持仓上限（多空相加，含在途开仓）。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 5_000
    max_margin_use_percent: Annotated[
        float,
        key(
            "Largest share of the equity that margin (frozen included) may take after the order.",
            "下单后保证金（含冻结）占权益的最大比例。",
            unit="%",
            ge=0,
            le=100,
            applies="at once",
        ),
    ] = 80.0
    max_orders_per_s: Annotated[
        int,
        key(
            "Most orders in any one second.",
            "任意一秒内最多报单笔数。",
            unit="1/s",
            ge=1,
            le=100_000,
            applies="at once",
        ),
    ] = 20
    max_orders_per_min: Annotated[
        int,
        key(
            "Most orders in any sixty seconds.",
            "任意六十秒内最多报单笔数。",
            unit="1/min",
            ge=1,
            le=1_000_000,
            applies="at once",
        ),
    ] = 300
    max_open_orders: Annotated[
        int,
        key(
            "Most working orders at a time.",
            "同时挂单的最大笔数。",
            unit="orders",
            ge=1,
            le=100_000,
            applies="at once",
        ),
    ] = 200
    prevent_self_trade: Annotated[
        bool,
        key(
            "Deny an order that would meet a resting order of this account.",
            "拒绝会与本账户挂单自成交的委托。",
            applies="at once",
        ),
    ] = True
