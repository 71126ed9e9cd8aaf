"""A market made by hand: two contracts, a tick a second each, prices that come and go.

Small and the same each time, so that a fault can be put at every place of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from homalos.config.loader import load
from homalos.config.schema import Config
from homalos.config.sections.risk_rates import NO_RATES
from homalos.config.sections.strategy import StrategyEntry
from homalos.exchange.listing import instrument_of
from homalos.market.products import Products
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.times import HOUR, MINUTE, SECOND, china_midnight

ROOT = Path(__file__).resolve().parents[2]
STRATEGIES = Path(__file__).parent / "strategies"
DAY, NEXT = 20260105, 20260106
RB, M = InstrumentId("SHFE.rb2605"), InstrumentId("DCE.m2605")
CLOSED = {RB: 3000.0, M: 2800.0}
"""Yesterday's settlement."""
SPREAD = 3
PATH = (0, 1, 1, 0, -2, -1, 0, 2, 4, 3, 8, 9, 3, 0, 0, 0, 0, 1, 2, 0, -3, -6, -1, 0)
"""Price steps from yesterday's settlement, round and round."""
RATELESS = (*(f"risk.{name}=0" for name in NO_RATES), "risk.max_identical_orders=0")
OVERRIDES = (
    *RATELESS, "risk.prevent_self_trade=false", "exchange.self_trade=refuse",
    "trading.auto_arm=on", "trading.reconcile_s=30", "trading.unresolved_after_ms=2000",
    "exchange.settlement_delay_minutes=1", "strategy.reload_on_edit=false",
)  # fmt: skip


def entry(id_: str, file: str, *instruments: str, **params: object) -> StrategyEntry:
    return StrategyEntry(id=id_, file=file, instruments=instruments, params=dict(params))


SCRIPTED = (
    entry("rb", "script.py", RB), entry("m", "script.py", M), entry("watch", "watch.py", RB, M),
)  # fmt: skip


def configured(entries: Iterable[StrategyEntry] = SCRIPTED, *overrides: str) -> Config:
    """The shipped configuration, with these strategies, and what makes every fault matter soon."""
    return msgspec.structs.replace(_loaded(overrides), strategies=tuple(entries))


@cache
def _loaded(overrides: tuple[str, ...]) -> Config:
    return load(ROOT / "config", overrides=(*OVERRIDES, *overrides), environ={}).config


def instruments(products: Products) -> tuple[Instrument, ...]:
    return tuple(instrument_of(products, id_, DAY) for id_ in CLOSED)


def at(hours: int, minutes: int = 0, seconds: int = 0, day: int = DAY) -> int:
    """That time of day in China."""
    return china_midnight(day) + hours * HOUR + minutes * MINUTE + seconds * SECOND


MORNING, LATE, CLOSE, NIGHT = at(9), at(14, 58, 30), at(15), at(21)
"""Of the first day: continuous trading begins; a minute and a half before its end; its end; the
next trading day begins."""


def ticks(
    begin: int, count: int, day: int = DAY, settled: Mapping[InstrumentId, float] = CLOSED
) -> Iterator[Tick]:
    """``count`` of them, the contracts in turn; each contract has one a second. ``settled``: at
    which the day before ended."""
    for n in range(count):
        id_ = (RB, M)[n % 2]
        beat, ts = n // 2, begin + (n // 2) * SECOND + (n % 2) * SECOND // 2
        yield tick(id_, ts, PATH[beat % len(PATH)], day, settled[id_])


def tick(id_: InstrumentId, ts: int, step: int, day: int, settled: float) -> Tick:
    """Of that moment; ten lots a second are traded all day."""
    volume, bid = 10 * (1 + (ts - MORNING) // SECOND), CLOSED[id_] + step
    return Tick(
        id_, ts, ts, day, bid + 1, volume, None, 1000.0, bid, 2, bid + SPREAD, 2,
        settled, settled + 20, settled - 20, settled, settled, 1000.0, settled * 1.05,
        settled * 0.95,
    )  # fmt: skip
