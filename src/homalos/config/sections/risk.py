"""Limits of the pre-trade risk rules: the file risk.yaml. All apply at once, between two events."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from homalos.config.key import key
from homalos.config.sections.risk_delivery import DeliveryKeys
from homalos.config.sections.risk_losses import double_levels

Lots = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class RiskSection(DeliveryKeys):
    """One key a limit; the rule that reads it stands in ``trading/risk/rules``. Each family of keys
    is the base of the next: a struct has one base."""

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
    max_order_value: Annotated[
        float,
        key(
            "Largest order by value (price x multiplier x lots); 0: no limit.",
            "单笔最大金额（价格 × 乘数 × 手数），0 为不限。",
            unit="yuan",
            ge=0,
            le=1_000_000_000_000,
            applies="at once",
        ),
    ] = 50_000_000.0
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
    opposite_ticks: Annotated[
        int,
        key(
            "How far through the opposite quote (ask of a buy, bid of a sell) an order may be "
            "priced.",
            "委托价越过对手价（买单为卖一，卖单为买一）的最大跳数。",
            unit="ticks",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 500
    opposite_percent: Annotated[
        float,
        key(
            "The same in percent of the opposite quote.",
            "委托价越过对手价的最大百分比。",
            unit="%",
            ge=0,
            le=100,
            applies="at once",
        ),
    ] = 3.0
    limit_distance_ticks: Annotated[
        int,
        key(
            "How near its own limit (upper for a buy, lower for a sell) an order may not be; "
            "0: up to it.",
            "委托价与同向涨跌停价（买单涨停、卖单跌停）的最小距离，0 为可到停板。",
            unit="ticks",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 0
    limit_distance_percent: Annotated[
        float,
        key(
            "The same in percent of the limit; exits are held by it, too.",
            "同上，按停板价百分比；平仓单同样受限。",
            unit="%",
            ge=0,
            le=100,
            applies="at once",
        ),
    ] = 0.0
    max_quote_age_ms: Annotated[
        int,
        key(
            "Age of the last tick beyond which no order leaves in continuous trading; 0: no limit.",
            "连续交易中最新行情超过此时长则不报单，0 为不限。",
            unit="ms",
            ge=0,
            le=86_400_000,
            applies="at once",
        ),
    ] = 120_000
    before_close_minutes: Annotated[
        int,
        key(
            "In the last minutes of a session (23:00, 02:30, 15:00 ...) only orders that "
            "reduce; 0: off.",
            "每节收盘（23:00、02:30、15:00 等）前的这些分钟内只许减仓，0 为关闭。",
            unit="min",
            ge=0,
            le=600,
            applies="at once",
        ),
    ] = 0
    instruments_allowed: Annotated[
        tuple[str, ...],
        key(
            "Only these may be traded: exchanges, products or contracts (SHFE, SHFE.rb, "
            "SHFE.rb2605); none: all.",
            "白名单：交易所、品种或合约（SHFE、SHFE.rb、SHFE.rb2605），空为全部允许。",
            applies="at once",
        ),
    ] = ()
    instruments_denied: Annotated[
        tuple[str, ...],
        key(
            "These may not be traded, whatever is allowed; what is held may be reduced.",
            "黑名单，优先于白名单；已有持仓仍可减仓。",
            applies="at once",
        ),
    ] = ()
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
    lots_of: Annotated[
        dict[str, Lots],
        key(
            "A limit of its own for a contract, a product or a sector (SHFE.rb2605, SHFE.rb, "
            "metals), in place of max_position_lots, max_product_lots, max_sector_lots.",
            "合约、品种或板块各自的限额（SHFE.rb2605、SHFE.rb、metals），代替 max_position_lots"
            "、max_product_lots、max_sector_lots。",
            unit="lots",
            applies="at once",
        ),
    ] = msgspec.field(default_factory=dict)
    max_product_lots: Annotated[
        int,
        key(
            "Largest sum of lots of one product over its contracts and both directions, "
            "working opens included.",
            "单品种总持仓上限（各合约多空相加，含在途开仓）。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 1_000
    max_product_net_lots: Annotated[
        int,
        key(
            "Largest net position of one product, either way, working orders included.",
            "单品种最大净持仓（含在途委托）。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 1_000
    max_sector_lots: Annotated[
        int,
        key(
            "The same sum of one sector of products.yaml.",
            "单板块（见 products.yaml）总持仓上限。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 3_000
    max_sector_net_lots: Annotated[
        int,
        key(
            "Largest net position of one sector, either way, working orders included.",
            "单板块最大净持仓（含在途委托）。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 3_000
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
    max_total_net_lots: Annotated[
        int,
        key(
            "Largest sum of net lots of all contracts, either way, working orders included.",
            "账户净持仓上限（所有合约多减空，含在途委托）。",
            unit="lots",
            ge=0,
            le=10_000_000,
            applies="at once",
        ),
    ] = 5_000
    max_notional: Annotated[
        float,
        key(
            "Largest value of all lots, both directions added, working opens included; 0: no "
            "limit.",
            "账户持仓总市值上限（多空相加，含在途开仓），0 为不限。",
            unit="yuan",
            ge=0,
            le=1_000_000_000_000,
            applies="at once",
        ),
    ] = 500_000_000.0
    max_net_notional: Annotated[
        float,
        key(
            "Largest value of all lots, long less short, working orders included; 0: no limit.",
            "账户净市值上限（多减空，含在途委托），0 为不限。",
            unit="yuan",
            ge=0,
            le=1_000_000_000_000,
            applies="at once",
        ),
    ] = 500_000_000.0
    max_leverage: Annotated[
        float,
        key(
            "Largest value of all lots, both directions added, over the equity; 0: no limit.",
            "最大杠杆：持仓总市值 / 权益，0 为不限。",
            unit="times",
            ge=0,
            le=1_000,
            applies="at once",
        ),
    ] = 20.0
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
    max_identical_orders: Annotated[
        int,
        key(
            "Most orders of one strategy with the same contract, side, lots and price within "
            "identical_window_ms; 0: no limit.",
            "同一策略在 identical_window_ms 内合约、方向、手数、价格均相同的委托最多笔数，0 为"
            "不限。",
            unit="orders",
            ge=0,
            le=100_000,
            applies="at once",
        ),
    ] = 5
    identical_window_ms: Annotated[
        int,
        key(
            "Window of max_identical_orders, in event time.",
            "max_identical_orders 的时间窗（事件时间）。",
            unit="ms",
            ge=1,
            le=60_000,
            applies="at once",
        ),
    ] = 1_000

    user_rule_us: Annotated[
        int,
        key(
            "A rule of yours that takes longer is counted and warned of; its orders are judged "
            "all the same.",
            "自定义规则超过此时长则计数并告警，委托照常判断。",
            unit="us",
            ge=1,
            le=10_000_000,
            applies="at once",
        ),
    ] = 200

    def faults(self) -> Iterator[tuple[str, str, str]]:
        yield from self.programme_faults()
        seen: set[str] = set()
        for index, row in enumerate(self.strategies):
            if row.id in seen:
                en, zh = f"a second row for {row.id}", f"策略 {row.id} 重复"
                yield f"strategies.{index}.id", en, zh
            seen.add(row.id)
        yield from double_levels(self.watches)
