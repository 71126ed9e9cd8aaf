"""Orders, books and the trading state."""

from typing import Annotated, Literal

from homalos.config.key import Section, key


class TradingSection(Section):
    """Key ``trading`` of system.yaml."""

    auto_arm: Annotated[
        Literal["auto", "on", "off"],
        key(
            "Whether trading becomes ACTIVE by itself once books and venue agree after a start; "
            "auto: on a simulated venue only.",
            "启动对账一致后是否自动进入 ACTIVE；auto 表示仅在模拟环境自动。",
            applies="at once",
        ),
    ] = "auto"
    close_order: Annotated[
        Literal["today_first", "yesterday_first", "cheaper_first"],
        key(
            "Which lots an exit on SHFE and INE closes first; cheaper_first: those with the lower "
            "closing fee. Elsewhere the exchange decides: first in, first out.",
            "上期所、能源中心平仓时先平今、先平昨，或 cheaper_first 先平手续费低的；"
            "其他交易所由交易所决定（先开先平）。",
            applies="at once",
        ),
    ] = "today_first"
    market_ticks: Annotated[
        int,
        key(
            "A market order leaves as a FAK limit order this far through the opposite price.",
            "市价单以对手价加减若干个最小变动价位的 FAK 限价单发出。",
            unit="ticks",
            ge=0,
            le=1000,
            applies="at once",
        ),
    ] = 5
    market_tries: Annotated[
        int,
        key(
            "A market order that is not filled whole is sent again for the rest, so often in all.",
            "市价单未全部成交时对剩余手数重发,最多发送的总次数。",
            unit="orders",
            ge=1,
            le=20,
            applies="at once",
        ),
    ] = 3
    chase_tries: Annotated[
        int,
        key(
            "An order that chases is sent so often in all; the last one ends with its time-out.",
            "追单最多发送的总次数;最后一次超时后撤单结束。",
            unit="orders",
            ge=1,
            le=100,
            applies="at once",
        ),
    ] = 3
    chase_ticks: Annotated[
        int,
        key(
            "A chase is sent this far through the opposite price.",
            "追单以对手价加减若干个最小变动价位发出。",
            unit="ticks",
            ge=0,
            le=1000,
            applies="at once",
        ),
    ] = 0
    try_again_ms: Annotated[
        int,
        key(
            "Wait before the next try of a market order: another picture of the market.",
            "市价单两次尝试之间的间隔:等待新的行情快照。",
            unit="ms",
            ge=1,
            le=60_000,
            applies="at once",
        ),
    ] = 500
    cancel_budget: Annotated[
        int,
        key(
            "Orders that may be cancelled in one contract on a trading day (the exchanges watch "
            "from 500): an order that would need the last cancel is denied, a chase lets its order "
            "rest. Cancels themselves always pass. 0: no budget.",
            "单合约单日撤单预算(交易所 500 笔起监控):需要用到最后一次撤单的委托被拒绝,"
            "追单改为保留原单;撤单本身永不受限。0 表示不限。",
            unit="orders",
            ge=0,
            le=1_000_000,
            applies="at once",
        ),
    ] = 400
    unresolved_after_ms: Annotated[
        int,
        key(
            "An order without an answer for so long is unresolved: queried, never sent again.",
            "报单超过该时间无任何回报即视为状态未知：查询而绝不重发。",
            unit="ms",
            ge=100,
            le=600_000,
            applies="at once",
        ),
    ] = 5_000
    cancel_retry_ms: Annotated[
        int,
        key(
            "Wait before a cancel that could not leave is tried again.",
            "撤单未能发出时的重试间隔。",
            unit="ms",
            ge=10,
            le=60_000,
            applies="at once",
        ),
    ] = 1_000
    flatten_step_ms: Annotated[
        int,
        key(
            "Wait between two steps of a flatten's ladder: 2, 5, 10 ticks through the opposite "
            "price, then the price limit.",
            "强平阶梯两步之间的间隔:对手价外 2、5、10 跳,最后挂涨跌停价。",
            unit="ms",
            ge=50,
            le=60_000,
            applies="at once",
        ),
    ] = 500
    broker_phone: Annotated[
        str,
        key(
            "Whom to phone when the trading line is down and orders are live: told with the kill.",
            "交易线路中断而委托仍在交易所时应拨打的电话,紧急停止时会显示。",
            applies="at once",
        ),
    ] = ""
    reconcile_s: Annotated[
        int,
        key(
            "How often books and venue are compared while trading; 0: at start and reconnect only.",
            "交易中对账的间隔；0 表示只在启动和重连时对账。",
            unit="s",
            ge=0,
            le=86_400,
            applies="at once",
        ),
    ] = 300
    money_tolerance_percent: Annotated[
        float,
        key(
            "Where lots and orders agree, a difference of money up to this share of the equity is "
            "taken from the venue and told (a fee rate learned late, a rounding); a larger one "
            "halts until a person accepts it.",
            "手数与委托一致时，资金差异不超过权益的此比例则以柜台为准并提示（如费率后到、舍入）；"
            "更大的差异停止交易，待人工确认。",
            unit="%",
            ge=0,
            le=100,
            applies="at once",
        ),
    ] = 0.1
    snapshot_s: Annotated[
        float,
        key(
            "How often the account and its positions are published while prices move.",
            "行情变化时发布资金与持仓快照的间隔。",
            unit="s",
            gt=0,
            le=3_600,
            applies="at once",
        ),
    ] = 5.0
    round_fees: Annotated[
        bool,
        key(
            "Round the fee of each trade to the cent, as the venue does.",
            "逐笔成交手续费四舍五入到分，与交易所口径一致。",
            applies="restart",
        ),
    ] = True
    margin_price: Annotated[
        Literal["pre_settlement", "last", "average", "open"],
        key(
            "Price of today's lots in the margin (CTP: MarginPriceType 1, 2, 3, 4 in this order; "
            "average: of all that was opened today); yesterday's lots are always at the previous "
            "settlement.",
            "今仓保证金的价格口径（依次对应 CTP 的 MarginPriceType 1、2、3、4；"
            "average 为当日开仓均价）；昨仓恒按昨结算价。",
            applies="restart",
        ),
    ] = "open"
    available_counts: Annotated[
        Literal["both", "loss_only", "profit_only", "neither"],
        key(
            "What of the position profit counts in the available funds (CTP: Algorithm).",
            "可用资金计入哪些持仓盈亏（CTP 的 Algorithm）。",
            applies="restart",
        ),
    ] = "both"
    available_includes_closed_profit: Annotated[
        bool,
        key(
            "Whether what was earned by closes today may be used today (CTP: "
            "AvailIncludeCloseProfit 0); a loss of closes always counts.",
            "当日平仓盈利当日是否可用（CTP 的 AvailIncludeCloseProfit 为 0）；平仓亏损总是计入。",
            applies="restart",
        ),
    ] = True
