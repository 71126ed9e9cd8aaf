"""The trader's books and the exchange's, each against the twin (``tests/twin/oracle.py``)."""

from collections.abc import Iterable
from typing import get_args

from tests.property.test_books_against_twin import WIDE
from tests.twin.oracle import BASE, RULES, MarginPrice, OracleTests, Subject
from tests.unit.exchange.bench import DAY as EXCHANGE_DAY
from tests.unit.exchange.bench import ME, Bench, at, products, sessions
from tests.unit.trading.desk import IF, RB, Desk, M, account, instrument

from homalos.config.sections.exchange import ExchangeSection
from homalos.config.sections.trading import TradingSection
from homalos.market.money import MarginPrice as MarginPrices
from homalos.model.enums import Offset, Side, TimeInForce
from homalos.model.events import InstrumentListed, TradeFilled, TradingDayChanged
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument
from homalos.model.trading import Account, Position


class TradersBooks(Subject):
    """Through the order manager, with its resolver of offsets."""

    cash = 100_000_000.0

    def __init__(self, margin_price: MarginPrice) -> None:
        section = TradingSection(reconcile_s=0, margin_price=margin_price)
        self.desk = desk = Desk(ready=False, risk=WIDE, trading=section)
        desk.venue.snapshot.account = account(self.cash)  # type: ignore[union-attr]
        desk.open()
        desk.venue.snapshot = None
        self.settled: dict[InstrumentId, float] = {}
        """As the ticks of the day after tell them."""
        ids = (RB, InstrumentId("SHFE.rb2610"), IF, M)
        self.contracts = tuple(instrument(id_, single_side=id_ is not M) for id_ in ids)
        for item in self.contracts:
            desk.post(InstrumentListed(item, desk.clock.now()))
            desk.tick(item.id, BASE)

    def trade(
        self, item: Instrument, side: Side, lots: int, price: float
    ) -> Iterable[tuple[Offset, int]]:
        desk = self.desk
        desk.tick(
            item.id, price, trading_day=desk.books.trading_day,
            pre_settlement=self.settled.get(item.id),
        )  # fmt: skip
        before = len(desk.seen(TradeFilled))
        desk.trade(side, lots, price, item.id)
        booked = [fact.trade for fact in desk.seen(TradeFilled)[before:]]
        assert sum(trade.lots for trade in booked) == lots, desk.gate.denied
        return [(trade.offset, trade.lots) for trade in booked]

    def day_over(self) -> dict[InstrumentId, float]:
        desk = self.desk
        self.settled = settlements = dict(desk.books.marks)
        desk.post(TradingDayChanged("test", desk.books.trading_day + 1, desk.clock.now()))
        return settlements

    def account(self) -> Account:
        return self.desk.books.account()

    def positions(self) -> Iterable[Position]:
        return self.desk.books.positions()


class ExchangesBooks(Subject):
    """Through its matching: an order meets the quote that is put before it."""

    cash = 100_000_000.0

    def __init__(self, margin_price: MarginPrice) -> None:
        self.day = EXCHANGE_DAY
        ids = ("SHFE.rb2601", "SHFE.rb2605", "CFFEX.IF2512", "DCE.m2601")
        found = [products().instrument(InstrumentId(id_), self.day) for id_ in ids]
        self.contracts = tuple(item for item in found if item is not None)
        self.floor = Bench(
            ExchangeSection(margin_price=margin_price), instruments=self.contracts,
            cash=self.cash,
        )  # fmt: skip
        self.volume = 0
        for item in self.contracts:
            self._quote(item, BASE)

    def _quote(self, item: Instrument, price: float) -> None:
        self.volume += 1
        step = item.tick_size
        self.floor.tick(
            item, round(price - step, 1), round(price + step, 1), last=price, volume=self.volume,
            day=self.day, limits=(1.0, 9999.0),
        )  # fmt: skip

    def trade(
        self, item: Instrument, side: Side, lots: int, price: float
    ) -> Iterable[tuple[Offset, int]]:
        parts = list(self._parts(item, side, lots))
        for offset, part in parts:
            self._one(item, side, offset, part, price)
        self._quote(item, price)
        return parts

    def _one(self, item: Instrument, side: Side, offset: Offset, lots: int, price: float) -> None:
        self.volume += 1
        self.floor.tick(
            item, price, price, last=price, volume=self.volume, day=self.day,
            limits=(1.0, 9999.0),
        )  # fmt: skip
        before = len(self.floor.exchange.fills(ME))
        self.floor.order(item, side, lots, price, offset=offset, tif=TimeInForce.FAK)
        fills = self.floor.exchange.fills(ME)[before:]
        assert [(f.price, f.lots) for f in fills] == [(price, lots)]

    def _parts(self, item: Instrument, side: Side, lots: int) -> Iterable[tuple[Offset, int]]:
        held = {p.direction.value: p for p in self.positions() if p.instrument == item.id}
        row = held.get("short" if side is Side.BUY else "long")
        today, old = (0, 0) if row is None else (row.today_lots, row.yesterday_lots)
        buckets = [(Offset.CLOSE_TODAY, today), (Offset.CLOSE_YESTERDAY, old)]
        if not item.splits_today:
            buckets = [(Offset.CLOSE, today + old)]
        for offset, there in (*buckets, (Offset.OPEN, lots)):
            part = min(lots, there)
            lots -= part
            if part:
                yield offset, part

    def day_over(self) -> dict[InstrumentId, float]:
        self.floor.go(at(16, day=self.day))
        self.day = sessions().calendar.next_day(self.day)
        self.floor.go(at(10, day=self.day))
        return {}

    def account(self) -> Account:
        return self.floor.exchange.account(ME)

    def positions(self) -> Iterable[Position]:
        return self.floor.exchange.positions(ME)


class TestTradersBooks(OracleTests):
    def make(self, margin_price: MarginPrice = "open") -> Subject:
        return TradersBooks(margin_price)


class TestExchangesBooks(OracleTests):
    def make(self, margin_price: MarginPrice = "open") -> Subject:
        return ExchangesBooks(margin_price)


def test_all_four_prices_of_ctp_are_asked() -> None:
    assert set(RULES) == set(get_args(MarginPrices))
