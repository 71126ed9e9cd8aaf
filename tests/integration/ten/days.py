"""The markets, and what is set for each: which strategy trades what, and every risk limit."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tests.integration.ten.audit import Audit
from tests.integration.ten.floor import Floor, Source
from tests.integration.ten.trader import Trader

from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.sections.risk import RiskSection
from homalos.config.sections.risk_programme import ROWS
from homalos.config.sections.risk_rates import StrategyLimits
from homalos.config.sections.strategy import StrategyEntry
from homalos.engine import Market
from homalos.exchange.sources.replay import RecordedMarket
from homalos.market.formats import open_recording
from homalos.market.formats.recording import Recording
from homalos.market.money import MarginPrice
from homalos.model.market import Bar, Instrument, Tick
from homalos.model.times import HOUR, MINUTE, china_midnight
from homalos.trading.funds import Counts
from homalos.trading.risk.rules import RULES

CONFIG = Path(__file__).resolve().parents[3] / "config"
STRATEGIES = Path(__file__).parent / "strategies"
LOOK_EVERY = 15 * MINUTE

KINDS: dict[str, tuple[str, int, int, dict[str, Any]]] = {
    "swing": ("Swing", 400, 2, {}),
    "mirror": ("Swing", 310, 3, {"mirror": True, "crossing": "hold"}),
    "chase": ("Chase", 120, 2, {}),
    "immediate": ("Immediate", 150, 3, {}),
    "brackets": ("Brackets", 90, 2, {}),
    "trails": ("Trails", 90, 2, {}),
    "gatherer": ("Gatherer", 600, 1, {"flat": "session", "flat_before_s": 240}),
    "net": ("Flip", 900, 1, {"book_mode": "net"}),
    "lock": ("Flip", 4_000, 1, {"book_mode": "lock"}),
    "fidget": ("Fidget", 40, 1, {}),
}
"""The ten strategies: class, ticks between two acts, lots, and what else is set."""

LIMITS: dict[str, Any] = {
    "max_order_lots": 20,
    "max_order_value": 30_000_000.0,
    "collar_ticks": 200,
    "collar_percent": 2.0,
    "opposite_ticks": 200,
    "opposite_percent": 2.0,
    "limit_distance_ticks": 2,
    "limit_distance_percent": 0.1,
    "max_quote_age_ms": 3_000,
    "before_close_minutes": 3,
    "max_position_lots": 24,
    "max_net_lots": 20,
    "max_product_lots": 36,
    "max_product_net_lots": 24,
    "max_sector_lots": 60,
    "max_sector_net_lots": 30,
    "max_total_lots": 90,
    "max_total_net_lots": 45,
    "max_notional": 20_000_000.0,
    "max_net_notional": 10_000_000.0,
    "max_leverage": 6.0,
    "max_margin_use_percent": 60.0,
    "max_orders_per_s": 12,
    "max_orders_per_min": 40,
    "max_orders_per_day": 4_000,
    "max_cancels_per_s": 10,
    "max_cancels_per_min": 36,
    "max_cancels_per_day": 3_000,
    "max_strategy_orders_per_s": 5,
    "max_strategy_orders_per_min": 20,
    "max_strategy_orders_per_day": 700,
    "max_strategy_cancels_per_s": 5,
    "max_strategy_cancels_per_min": 20,
    "max_strategy_cancels_per_day": 500,
    "max_open_orders": 16,
    "max_identical_orders": 2,
    "max_day_loss": 200_000.0,
    "max_strategy_day_loss": 15_000.0,
    "max_strategy_drawdown": 60_000.0,
    "max_consecutive_losses": 5,
    "cool_down_minutes": 3,
    "max_day_opens": 300,
    "max_product_day_opens": 400,
    "programme": tuple(
        row
        if row.cancels is None
        else msgspec.structs.replace(row, cancels=80 if row.id == "CZCE" else 200, bursts=4)
        for row in ROWS
    ),
}
"""Every limit at a value that is met in the course of a day, or might be. On CZCE the cancels of
programme trading come before the cancel budget, elsewhere after it."""

OWN_LIMITS = (
    StrategyLimits(
        id="manual", max_orders_per_s=0, max_orders_per_min=0, max_orders_per_day=0,
        max_cancels_per_s=0, max_cancels_per_min=0, max_cancels_per_day=0,
    ),
    StrategyLimits(id="fidget", max_orders_per_min=5, max_cancels_per_min=4),
)  # fmt: skip
"""So that the trader's bursts meet the limits of the account, and one strategy its own."""


class Plan(NamedTuple):
    """What is traded on a market."""

    on: dict[str, tuple[str, ...]]
    """Contracts of each strategy."""
    main: str
    dear: str
    denied: str
    quiet: str
    pace: float = 1.0
    """By how much every pause of a strategy is longer."""
    step: float = 60.0
    """Seconds between two acts of the trader."""
    cash: float = 3_000_000.0
    more: dict[str, Any] = {}  # noqa: RUF012  never written to
    """Limits of this market's own."""
    margin_price: MarginPrice = "open"
    counts: Counts = "both"
    """What of the position profit is available."""
    with_closed: bool = True
    """What closes earn is available at once."""
    settles: bool = True
    """The last recorded day is whole."""


def entries(plan: Plan) -> tuple[StrategyEntry, ...]:
    made = []
    for id_, (cls, every, lots, more) in KINDS.items():
        own = {k: v for k, v in more.items() if k in StrategyEntry.__struct_fields__}
        params = {k: v for k, v in more.items() if k not in own}
        params |= {"every": max(1, round(every * plan.pace)), "lots": lots}
        made.append(
            StrategyEntry(
                id=id_, file=f"ten.py:{cls}", instruments=plan.on[id_], params=params, **own
            )
        )
    return tuple(made)


def configuration(plan: Plan) -> Config:
    """The shipped files with the ten strategies and every limit."""
    config = load(CONFIG, environ={}).config
    replace = msgspec.structs.replace
    money = {
        "margin_price": plan.margin_price,
        "available_counts": plan.counts,
        "available_includes_closed_profit": plan.with_closed,
    }
    limits = LIMITS | {"strategies": OWN_LIMITS, "instruments_denied": (plan.denied,)} | plan.more
    return replace(
        config,
        strategies=entries(plan),
        risk=RiskSection(**limits),
        trading=replace(config.trading, cancel_budget=70, reconcile_s=600, **money),
        exchange=replace(config.exchange, opening_cash=plan.cash, **money),
    )


# ---------------------------------------------------------------- markets


class Chained:
    """Recorded days one after another, as one market."""

    warmup: tuple[Bar, ...] = ()

    def __init__(self, parts: list[Source]) -> None:
        self.start = parts[0].start
        self.instruments: tuple[Instrument, ...] = tuple(
            {item.id: item for part in parts for item in part.instruments}.values()
        )
        self._parts = parts

    def __iter__(self) -> Iterator[Tick]:
        return chain.from_iterable(self._parts)


class Moved:
    """A recorded day once more, on the trading day after it: real ticks, other dates. Its night
    is that of the evening before the new day."""

    warmup: tuple[Bar, ...] = ()

    def __init__(self, recording: Recording, market: Market) -> None:
        calendar = market.sessions.calendar
        (old,) = recording.days
        new = calendar.next_day(old)
        self._new, self._noon = new, china_midnight(old)
        self._day = china_midnight(new) - china_midnight(old)
        before, after = calendar.previous_day(old), calendar.previous_day(new)
        self._night = china_midnight(after) - china_midnight(before)
        self.start = recording.start + self._night
        self.instruments = recording.instruments
        self._recording = recording

    def __iter__(self) -> Iterator[Tick]:
        replace = msgspec.structs.replace
        for tick in self._recording:
            by = self._night if tick.ts_event < self._noon else self._day
            ts = tick.ts_event + by
            yield replace(tick, ts_event=ts, ts_init=ts, trading_day=self._new)


# ---------------------------------------------------------------- plans

MADE = Plan(
    on={
        "swing": ("SHFE.rb2605",), "mirror": ("SHFE.rb2605",), "chase": ("SHFE.hc2605",),
        "immediate": ("CZCE.MA2605",), "brackets": ("CZCE.TA2605",), "trails": ("SHFE.ag2604",),
        "gatherer": ("DCE.m2605",), "net": ("CFFEX.IF2601", "SHFE.rb2610"),
        "lock": ("CFFEX.IF2601", "SHFE.rb2610"), "fidget": ("CZCE.MA2605",),
    },
    main="DCE.j2605", dear="CFFEX.IF2601", denied="DCE.i2605", quiet="DCE.m2605", pace=0.03,
    more={"max_quote_age_ms": 45_000}, margin_price="pre_settlement", counts="loss_only",
    with_closed=False,
)  # fmt: skip
"""For ``made.write``."""

MARKET_DAY = Plan(
    on={
        "swing": ("SHFE.rb1801",), "mirror": ("SHFE.rb1801",), "chase": ("SHFE.hc1801",),
        "immediate": ("CZCE.MA1801",), "brackets": ("CZCE.TA1801",), "trails": ("SHFE.zn1801",),
        "gatherer": ("DCE.m1801",), "net": ("CFFEX.IF1712", "SHFE.rb1805"),
        "lock": ("CFFEX.IF1712", "SHFE.rb1805"), "fidget": ("CZCE.SR1801",),
    },
    main="DCE.j1801", dear="CFFEX.IC1711", denied="CZCE.ZC1801", quiet="DCE.c1801", pace=0.5,
)  # fmt: skip
"""2017-11-13, 36 contracts of four exchanges from the night of the 10th on; then the same ticks
once more, moved to the 14th."""


def _on_two(near: str, far: str) -> dict[str, tuple[str, ...]]:
    first = ("swing", "mirror", "chase", "immediate", "brackets")
    return {name: (near if name in first else far,) for name in KINDS}


_ROOM = {"max_day_opens": 800, "max_product_day_opens": 900}
"""Where all ten trade one contract or two."""

APPLES = Plan(
    on=_on_two("CZCE.AP2010", "CZCE.AP2101"), main="CZCE.AP2010", dear="CZCE.AP2010",
    denied="CZCE.AP2011", quiet="CZCE.AP2101", pace=0.3, step=40.0, margin_price="average",
    counts="neither", more=_ROOM,
)  # fmt: skip
"""2020-08-03 to 07, day sessions: two contracts with limits, turnover and settlements."""

RUBBER = Plan(
    on=_on_two("SHFE.ru1901", "SHFE.ru1901"), main="SHFE.ru1901", dear="SHFE.ru1901",
    denied="SHFE.ru1905", quiet="SHFE.ru1901", pace=0.3, step=40.0, margin_price="last",
    counts="profit_only", settles=False, more=_ROOM,
)  # fmt: skip
"""2018-10-11 and 12, with the nights after them: two settlements, then a night of the 15th."""


Open = Callable[[Path, Market], Source]
"""How the market of a folder is opened."""


def market_day(folder: Path, market: Market) -> Source:
    """One day and its repetition."""
    recording = open_recording(folder, market.products, market.sessions)
    return Chained([RecordedMarket(recording, market.products), Moved(recording, market)])


def recorded(folder: Path, market: Market) -> Source:
    """All days of a folder."""
    recording = open_recording(folder, market.products, market.sessions)
    return RecordedMarket(recording, market.products)


# ---------------------------------------------------------------- a run


class Run:
    """One run of a plan over a market, compared all along the way."""

    def __init__(
        self, plan: Plan, folder: Path, data: Path,
        source: Open = recorded,
    ) -> None:  # fmt: skip
        """``folder``: of the recording; ``data``: where the exchange keeps its ledger."""
        config = configuration(plan)
        market = Market(config)
        self._source = source(folder, market)
        self.floor = Floor(config, market, self._source, data, STRATEGIES)
        self.audit = Audit(self.floor)
        self.trader = Trader(
            self.floor, plan.main, plan.dear, plan.denied, plan.quiet, step=plan.step
        )
        self.ticks = self._seen = 0
        self.state_hash = ""
        self.plan = plan

    def go(self, *, look: bool = True) -> "Run":
        """The whole of it; without ``look`` compared at its end alone."""
        floor = self.floor
        floor.open()
        if look:
            self._look_again()
        self.trader.begin()
        self.ticks = floor.run(self._source)
        self.audit.compare()
        if self.plan.settles:
            self._settle()
        self.state_hash = self.floor.engine.state_hash()
        self.floor.close()
        return self

    def _look_again(self, after: int = LOOK_EVERY) -> None:
        self.floor.at(self.floor.clock.now() + after, self._look)

    def _look(self) -> None:
        """Not where nothing happened since the last time; nor while the line is down: what fills
        then is not known yet."""
        engine = self.floor.engine
        if not engine.orders.venue.connected:
            self._look_again(MINUTE)
            return
        news = engine.gate.verdicts["accepted"]
        if news != self._seen:
            self._seen = news
            self.audit.compare()
        self._look_again()

    def _settle(self) -> None:
        """Past the settlement of the last day."""
        floor = self.floor
        day = floor.exchange.trading_day
        floor.run_on(floor.clock.now() + 2 * HOUR)
        assert floor.exchange.trading_day != day
        self.audit.compare()

    def summary(self) -> str:
        """What happened, for people."""
        floor = self.floor
        made = Counter(str(trade.strategy) for trade in floor.trades)
        rules = [rule.name for rule in RULES]
        silent = ", ".join(name for name in rules if name not in floor.denied)
        tables = (
            ("trades", made), ("orders and intents", floor.used),
            ("denied orders, by rule", floor.denied),
            ("skipped for want of data, by rule", floor.engine.risk.skipped),
        )  # fmt: skip
        head = (
            f"{self.ticks:,} ticks, {len(floor.trades):,} trades, "
            f"{len(floor.ends)} settlements; {self.audit.looks} looks, {self.audit.checks:,} "
            f"figures compared to the cent; {len(rules)} rules on, of which denied nothing: "
            f"{silent}; state {self.state_hash[:16]}"
        )
        lines = [f"  {name}: " + ", ".join(f"{k} {n}" for k, n in sorted(rows.items()))
                 for name, rows in tables]  # fmt: skip
        return "\n".join((head, *lines))
