"""A floor to try the exchange on: real calendar and products, a simulated clock, one listener."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import msgspec
import yaml

from homalos.config.sections.calendar import CalendarFile
from homalos.config.sections.exchange import ExchangeSection
from homalos.config.sections.products import ProductsFile
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.exchange.records import CancelRefused, Fill, NewOrder, OrderReport
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.timers import Timers
from homalos.market.calendar import TradingCalendar
from homalos.market.products import Products
from homalos.market.sessions import Sessions
from homalos.model.enums import Offset, OrderKind, Phase, Side, TimeInForce
from homalos.model.ids import AccountId, InstrumentId, OrderId
from homalos.model.market import Depth, Fees, Instrument, Rate, Tick
from homalos.model.times import HOUR, MINUTE, SECOND, china_midnight

ROOT = Path(__file__).resolve().parents[3]
DAY = 20251112
NEXT = 20251113
ME = AccountId("sim")
OTHER = AccountId("other")


@cache
def _calendar() -> TradingCalendar:
    text = (ROOT / "config" / "calendar.yaml").read_text(encoding="utf-8")
    return TradingCalendar(msgspec.convert(yaml.safe_load(text), CalendarFile))


@cache
def products() -> Products:
    text = (ROOT / "config" / "products.yaml").read_text(encoding="utf-8")
    return Products(msgspec.convert(yaml.safe_load(text), ProductsFile), _calendar())


@cache
def sessions() -> Sessions:
    return Sessions(_calendar(), products())


def at(hours: int, minutes: int = 0, seconds: int = 0, day: int = DAY) -> int:
    return china_midnight(day) + hours * HOUR + minutes * MINUTE + seconds * SECOND


FREE = Fees()


def contract(
    id_: str, *, multiplier: float = 10, tick_size: float = 1, margin: float = 0.1,
    fees: Fees = FREE, lots: tuple[int, int, int] = (1, 500, 30), ratio: float = 0.06,
) -> Instrument:  # fmt: skip
    exchange, _, symbol = id_.partition(".")
    return Instrument(
        InstrumentId(id_), exchange, symbol, symbol.rstrip("0123456789"), symbol, multiplier,
        tick_size, *lots, Rate(margin), Rate(margin), fees, 202601, ratio,
        exchange in ("SHFE", "INE"),
    )  # fmt: skip


RB = contract("SHFE.rb2601", fees=Fees(Rate(0.0001), Rate(0.0001), Rate(0.0002)), lots=(1, 500, 30))
M = contract(
    "DCE.m2601", fees=Fees(Rate(0, 1.5), Rate(0, 1.5), Rate(0, 0.75)), lots=(1, 1000, 1000)
)
TA = contract("CZCE.TA2601", multiplier=5, tick_size=2, lots=(1, 1000, 0))
IF = contract(
    "CFFEX.IF2601", multiplier=300, tick_size=0.2, margin=0.12, lots=(1, 20, 0), ratio=0.1,
    fees=Fees(Rate(0.000023), Rate(0.000023), Rate(0.00023)),
)  # fmt: skip
ALL = (RB, M, TA, IF)


class Bench:
    """One exchange, opened at ``start``."""

    def __init__(
        self,
        section: ExchangeSection | None = None,
        *,
        start: int | None = None,
        ledger: Ledger | None = None,
        instruments: tuple[Instrument, ...] = ALL,
        cash: float = 10_000_000.0,
        coming: Callable[[int], Iterable[Instrument]] | None = None,
    ) -> None:
        self.clock = SimClock()
        self.timers = Timers(Bus(self.clock))
        self.section = section or ExchangeSection()
        self.exchange = Exchange(
            self.section, products(), sessions(), self.clock, self.timers, ledger
        )
        self.exchange.listen(self)
        self.words: list[OrderReport | Fill | CancelRefused] = []
        self.phases: list[tuple[str, Phase]] = []
        self.days: list[int] = []
        self.listed: list[Instrument] = []
        self.gone: list[str] = []
        self.lost: list[str] = []
        self.count = 0
        start = at(10) if start is None else start
        self.exchange.open(instruments, start, coming)
        self.clock.advance(start)
        for account in (ME, OTHER):
            if cash and not self._has(account):
                self.exchange.deposit(account, cash)

    def _has(self, account: AccountId) -> bool:
        try:
            self.exchange.account(account)
        except LookupError:
            return False
        return True

    def on_order(self, report: OrderReport) -> None:
        self.words.append(report)

    def on_trade(self, fill: Fill) -> None:
        self.words.append(fill)

    def on_cancel_refused(self, refusal: CancelRefused) -> None:
        self.words.append(refusal)

    def on_listed(self, instrument: Instrument) -> None:
        self.listed.append(instrument)

    def on_delisted(self, instrument: Instrument) -> None:
        self.gone.append(instrument.id)

    def on_phase(self, exchange: str, product: str, phase: Phase, day: int, ts: int) -> None:
        self.phases.append((product, phase))

    def on_trading_day(self, trading_day: int, ts: int) -> None:
        self.days.append(trading_day)

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)

    # ------------------------------------------------------------ what happens

    def go(self, ts: int) -> None:
        """Let time pass, timers firing as it does."""
        while (due := self.timers.due()) is not None and due <= ts:
            self.clock.advance(due)
            self.timers.fire_next()
        self.clock.advance(ts)

    def tick(
        self, item: Instrument, bid: float | None = None, ask: float | None = None, *,
        sizes: tuple[int, int] = (10, 10), last: float | None = None, volume: int = 0,
        day: int = DAY, depth: Depth | None = None, limits: tuple[float, float] | None = None,
        pre: float | None = None, turnover: float | None = None, settlement: float | None = None,
    ) -> None:  # fmt: skip
        lower, upper = limits or (None, None)
        now = self.clock.now()
        self.exchange.on_market(
            Tick(
                item.id, now, now, day, last if last is not None else bid or ask, volume, turnover,
                None, bid, sizes[0] if bid is not None else 0, ask,
                sizes[1] if ask is not None else 0, None, None, None, pre, None, None, upper,
                lower, settlement, depth,
            )
        )  # fmt: skip

    def order(
        self, item: Instrument, side: Side, lots: int, price: float, *,
        offset: Offset = Offset.OPEN, tif: TimeInForce = TimeInForce.GFD,
        kind: OrderKind = OrderKind.LIMIT, account: AccountId = ME, id_: str | None = None,
    ) -> OrderId:  # fmt: skip
        """Send an order; its words are at the end of ``words``."""
        self.count += 1
        order_id = OrderId(id_ or f"1-{self.count:06d}")
        self.exchange.insert(
            NewOrder(account, order_id, item.id, side, offset, kind, tif, price, lots)
        )
        return order_id

    def heard(self) -> list[str]:
        """The words since the last call, short: ``accepted 3``, ``T 3@100``, ``refused 26``."""
        words, self.words = self.words, []
        return [short(word) for word in words]

    def fills(self, account: AccountId = ME) -> list[tuple[float, int]]:
        return [(fill.price, fill.lots) for fill in self.exchange.fills(account)]


def short(word: OrderReport | Fill | CancelRefused) -> str:
    if isinstance(word, Fill):
        return f"T {word.lots}@{word.price:g}"
    if isinstance(word, CancelRefused):
        return f"refused {word.code}"
    named = "" if word.venue_order_id is None else "#"
    return f"{word.status.value}{named} {word.traded_lots}"
