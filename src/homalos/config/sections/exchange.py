"""The simulated exchange and its generated market."""

from typing import Annotated, Literal

from homalos.config.key import Section, key


class ExchangeSection(Section, frozen=True):
    """Key ``exchange`` of system.yaml."""

    opening_cash: Annotated[
        float,
        key(
            "Paid into an account when the simulated exchange first sees it.",
            "模拟交易所首次开户时的入金。",
            unit="yuan",
            ge=0,
            le=1e12,
        ),
    ] = 1_000_000.0
    speed: Annotated[
        float,
        key(
            "Pace of the simulated market against real time; 0: as fast as possible.",
            "模拟行情相对真实时间的倍速；0 表示尽可能快。",
            unit="x",
            ge=0,
            le=100_000,
            applies="at once",
        ),
    ] = 10.0
    fill: Annotated[
        Literal["through", "touch"],
        key(
            "When a resting order fills: only when the market trades through its price, or already "
            "when it trades at it (optimistic: no queue in front).",
            "挂单成交口径：through 市场价穿过才成交；touch 市场价触及即成交（乐观，不计排队）。",
            applies="at once",
        ),
    ] = "through"
    self_trade: Annotated[
        Literal["allow", "refuse"],
        key(
            "An order that would trade with a resting order of the same account: the exchanges let "
            "it (and count it); refuse rejects it.",
            "同一账户自成交：allow 与真实交易所一样允许；refuse 拒单。",
            applies="at once",
        ),
    ] = "allow"
    round_fees: Annotated[
        bool,
        key(
            "Round the fee of each trade to the cent.",
            "逐笔成交手续费四舍五入到分。",
        ),
    ] = True
    margin_price: Annotated[
        Literal["pre_settlement", "last", "average", "open"],
        key(
            "Price of today's lots in the margin (CTP: MarginPriceType 1, 2, 3, 4 in this order).",
            "今仓保证金的价格口径（依次对应 CTP 的 MarginPriceType 1、2、3、4）。",
        ),
    ] = "open"
    available_counts: Annotated[
        Literal["both", "loss_only", "profit_only", "neither"],
        key(
            "What of the position profit counts in the available funds (CTP: Algorithm).",
            "可用资金计入哪些持仓盈亏（CTP 的 Algorithm）。",
        ),
    ] = "both"
    available_includes_closed_profit: Annotated[
        bool,
        key(
            "Whether what was earned by closes today may be used today (CTP: "
            "AvailIncludeCloseProfit 0); a loss of closes always counts.",
            "当日平仓盈利当日是否可用（CTP 的 AvailIncludeCloseProfit 为 0）；平仓亏损总是计入。",
        ),
    ] = True
    settlement_delay_minutes: Annotated[
        int,
        key(
            "From the last close of the day to the settlement and the next trading day.",
            "当日最后收市到结算、切换交易日的间隔。",
            unit="min",
            ge=1,
            le=240,
        ),
    ] = 45
    mark_interval_s: Annotated[
        int,
        key(
            "How often the ledger notes time and prices while the market is open, so that a "
            "restart goes on from there.",
            "开市期间账本记录时间与价格的间隔，重启时由此继续。",
            unit="s",
            ge=1,
            le=3_600,
        ),
    ] = 30
    generator_products: Annotated[
        tuple[str, ...],
        key(
            "Products of the generated market, as EXCHANGE.product; the main contract is chosen.",
            "生成行情的品种（交易所.品种），自动选取主力合约。",
            min_length=1,
        ),
    ] = (
        "SHFE.rb", "SHFE.ag", "DCE.i", "DCE.m", "CZCE.TA", "CZCE.MA", "CFFEX.IF", "INE.sc",
    )  # fmt: skip
    generator_seed: Annotated[
        int,
        key(
            "Seed of the generated market: the same seed, the same ticks.",
            "生成行情的随机种子。",
            ge=0,
        ),
    ] = 1
    generator_session: Annotated[
        Literal["day", "night"],
        key(
            "Session at whose opening the generated market starts.",
            "生成行情从日盘还是夜盘开始。",
        ),
    ] = "day"
    generator_volatility: Annotated[
        float,
        key(
            "Factor on the usual volatility of each product.",
            "生成行情波动率的倍数。",
            gt=0,
            le=10,
        ),
    ] = 1.0
    generator_history_bars: Annotated[
        int,
        key(
            "One-minute bars of history that come before the start.",
            "启动前预热的一分钟 K 线根数。",
            unit="bars",
            ge=240,
            le=5_000,
        ),
    ] = 600
