"""Contracts come and go: the next one is listed in time, the old one takes its lots with it."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from tests.unit.exchange.bench import ME, OTHER, Bench, at, products, sessions

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.engine import Exchange, Resume
from homalos.exchange.ledger import Ledger
from homalos.exchange.sources.generator import GeneratedMarket
from homalos.exchange.sources.profiles import PROFILES, main_month
from homalos.kernel.clock import SimClock
from homalos.market.delivery import is_over
from homalos.model.enums import Direction, Offset, OrderStatus, Side
from homalos.model.ids import InstrumentId
from homalos.model.market import Instrument, Tick
from homalos.model.times import MINUTE
from homalos.trading.delivery.near import near

THURSDAY, LAST, MONDAY = 20251120, 20251121, 20251124
"""The third Friday is the last day of IF2511, and the first on which IF2512 trades most."""
OLD, NEW = InstrumentId("CFFEX.IF2511"), InstrumentId("CFFEX.IF2512")
INDEX = ExchangeSection(generator_products=("CFFEX.IF",), generator_history_bars=10)


def market(day: int = THURSDAY, resume: Resume | None = None) -> GeneratedMarket:
    return GeneratedMarket(INDEX, products(), sessions(), day, resume)


class Floor(Bench):
    """The bench on a generated market, or on where its ledger left off."""

    def __init__(self, folder: Path, start: int = 0) -> None:
        ledger = Ledger(folder)
        probe = Exchange(INDEX, products(), sessions(), SimClock(), self, ledger)  # type: ignore[arg-type]
        resume = probe.resume()
        probe._desk.close()
        if resume is not None and start:
            resume = Resume(start, resume.trading_day, resume.marks, resume.settlements)
        self.source = market(resume=resume)
        self._ticks = iter(self.source)
        self.last: dict[str, Tick] = {}
        super().__init__(
            INDEX, start=self.source.start, ledger=Ledger(folder),
            instruments=self.source.instruments, coming=self.source.listed,
        )  # fmt: skip

    def until(self, ts: int) -> None:
        """The market up to ``ts``."""
        for tick in self._ticks:
            if tick.ts_event > ts:
                break
            self.go(tick.ts_event)
            self.exchange.on_market(tick)
            self.last[tick.instrument] = tick
        self.go(ts)

    def buy(self, item: Instrument, lots: int) -> None:
        price = self.last[item.id].upper_limit
        assert price is not None
        self.order(item, Side.BUY, lots, price)

    def listed_now(self) -> list[str]:
        return [item.id for item in self.exchange.instruments()]


def test_the_next_contract_comes_in_time_and_the_old_one_takes_its_lots_with_it(
    tmp_path: Path,
) -> None:
    floor = Floor(tmp_path)
    assert floor.listed_now() == [OLD]
    floor.until(at(14, 50, day=THURSDAY))
    old = floor.source.instruments[0]
    floor.buy(old, 3)
    assert floor.exchange.fills(ME)
    floor.until(at(10, day=LAST))
    assert floor.listed_now() == [NEW, OLD], "the main contract first"
    assert [item.id for item in floor.listed] == [NEW, OLD]
    new = floor.listed[0]
    assert new.last_trading_day == 20251219
    before, after = floor.last[OLD], floor.last[NEW]
    assert after.trading_day == before.trading_day == LAST
    assert after.pre_settlement == pytest.approx(before.pre_close, rel=0.006)
    assert after.last_price == pytest.approx(before.last_price, rel=0.03)
    floor.buy(new, 1)
    for _ in range(3):
        floor.until(floor.clock.now() + MINUTE)
        floor.buy(old, 1)
    floor.order(old, Side.SELL, 1, before.upper_limit or 0.0, offset=Offset.CLOSE)
    floor.until(at(15, 30, day=LAST))
    money, held = floor.exchange.account(ME), floor.exchange.positions(ME)
    assert [(row.instrument, row.lots > 1) for row in held] == [(OLD, True), (NEW, False)]
    floor.heard()
    floor.until(at(9, 31, day=MONDAY))
    end = floor.exchange.day_end
    assert end is not None
    prices = dict(end.prices)
    settled = prices[OLD]
    made = sum((prices[row.instrument] - (row.last_price or 0.0)) * row.lots * 300 for row in held)
    account = floor.exchange.account(ME)
    assert account.pre_balance == pytest.approx(money.balance + made, abs=0.005)
    assert account.fees == account.closed_profit == 0.0, "in cash, without a fee"
    assert floor.listed_now() == [NEW]
    assert floor.gone == [OLD]
    assert [row.instrument for row in floor.exchange.positions(ME)] == [NEW]
    (left,) = floor.exchange.board.left(ME)
    assert (left.instrument, left.lots, left.cost_price) == (OLD, 0, settled)
    assert floor.exchange.board.left(OTHER) == ()
    assert OLD not in floor.exchange._state.marks
    floor.order(old, Side.SELL, 1, before.last_price or 0.0, offset=Offset.CLOSE)
    assert floor.heard()[-1] == "rejected 0"
    floor.until(at(9, 31, day=20251125))
    assert floor.exchange.board.left(ME) == ()


def test_a_restart_far_later_has_contracts_that_trade_and_the_kept_account(
    tmp_path: Path,
) -> None:
    floor = Floor(tmp_path)
    floor.until(at(14, 50, day=THURSDAY))
    (old,) = floor.source.instruments
    floor.buy(old, 2)
    floor.order(old, Side.BUY, 1, floor.last[OLD].lower_limit or 0.0)
    floor.go(at(14, 51, day=THURSDAY))
    floor.exchange.close()
    money, tick = floor.exchange.account(ME), floor.exchange.contract(OLD).tick  # type: ignore[union-attr]
    later = Floor(tmp_path, start=at(20, day=20260512))
    assert later.exchange.trading_day == 20260513
    assert later.listed_now() == ["CFFEX.IF2605"]
    account = later.exchange.account(ME)
    settled = dict(later.exchange.day_end.prices)[OLD]  # type: ignore[union-attr]
    lots = sum(lots for _, lots in floor.fills())
    assert lots
    made = (settled - (tick.last_price or 0.0)) * lots * old.multiplier  # type: ignore[union-attr]
    assert account.balance == account.available == pytest.approx(money.balance + made, abs=0.005)
    assert later.exchange.positions(ME) == ()
    (left,) = later.exchange.board.left(ME)
    assert left.cost_price == settled
    first = next(iter(later.source))
    assert first.ts_event >= at(9, 29, day=20260513)
    assert first.pre_settlement == pytest.approx(settled, rel=0.05)
    later.until(at(9, 40, day=20260513))
    later.buy(later.source.instruments[0], 1)
    assert later.exchange.fills(ME)


def test_a_ledger_that_let_nothing_expire_is_put_right_within_the_day(tmp_path: Path) -> None:
    """As earlier versions left it: lots of today and a working order in a contract that is over."""
    day = MONDAY
    floor = Bench(INDEX, start=at(10, day=day), ledger=Ledger(tmp_path), instruments=())
    item = products().instrument(OLD, day)
    assert item is not None
    assert is_over(item, day)
    floor.exchange.board.list(item)
    for held in floor.exchange.floors():
        floor.exchange._phases.begin(held, at(10, day=day))
    floor.exchange._state.trading_day = day
    floor.tick(item, 4600.0, 4600.2, day=day, limits=(4100.0, 5000.0), pre=4590.0)
    floor.order(item, Side.BUY, 1, 4600.2)
    floor.tick(item, 4610.0, 4610.2, day=day, limits=(4100.0, 5000.0), pre=4590.0)
    floor.order(item, Side.BUY, 1, 4400.0)
    before = floor.exchange.account(ME)
    floor.exchange.close()
    again = Bench(INDEX, start=at(10, 5, day=day), ledger=Ledger(tmp_path), instruments=())
    assert again.exchange.instruments() == ()
    account = again.exchange.account(ME)
    assert account.balance == pytest.approx(before.balance)
    assert account.closed_profit == pytest.approx((4610.0 - 4600.2) * 300)
    assert account.margin == account.frozen_margin == account.frozen_fees == 0.0
    assert [order.status for order in again.exchange.orders(ME)] == [
        OrderStatus.FILLED, OrderStatus.CANCELLED,
    ]  # fmt: skip


def test_short_lots_pay_what_long_ones_get(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    floor.until(at(14, 50, day=THURSDAY))
    (old,) = floor.source.instruments
    tick = floor.last[OLD]
    floor.order(old, Side.BUY, 2, tick.upper_limit or 0.0)
    floor.order(old, Side.SELL, 2, tick.lower_limit or 0.0, account=OTHER)
    opened = {who: floor.fills(who) for who in (ME, OTHER)}
    fees = {who: floor.exchange.account(who).fees for who in (ME, OTHER)}
    assert {p.direction for p in floor.exchange.positions(OTHER)} == {Direction.SHORT}
    settlements = {}
    floor.exchange.settling = lambda end: settlements.update(dict(end.prices))
    floor.until(at(9, 31, day=MONDAY))
    for who, sign in ((ME, 1), (OTHER, -1)):
        paid = sum(price * lots for price, lots in opened[who])
        lots = sum(lots for _, lots in opened[who])
        made = sign * (settlements[OLD] * lots - paid) * old.multiplier
        account = floor.exchange.account(who)
        assert account.balance == pytest.approx(10_000_000 + made - fees[who], abs=0.02)
        assert account.margin == 0.0


def test_the_same_seed_makes_the_same_ticks_over_a_roll() -> None:
    def of(resume: Resume | None = None) -> Iterator[Tick]:
        return (t for t in iter(market(resume=resume)) if t.ts_event > at(14, 59, day=THURSDAY))

    one, two = list(islice(of(), 5000)), list(islice(of(), 5000))
    assert one == two
    assert {tick.instrument for tick in one} == {OLD, NEW}


def test_a_bond_future_closes_at_half_past_eleven_on_its_last_day() -> None:
    section = ExchangeSection(generator_products=("CFFEX.T",), generator_history_bars=10)
    old = InstrumentId("CFFEX.T2512")
    mark = next(t for t in iter(GeneratedMarket(section, products(), sessions(), 20251013)))
    assert mark.instrument == old
    resume = Resume(at(9, day=20251212), 20251212, {old: mark}, {old: 108.0})
    source = GeneratedMarket(section, products(), sessions(), 20251212, resume)
    assert [item.id for item in source.instruments] == ["CFFEX.T2603", old]
    last: dict[str, int] = {}
    for tick in source:
        if tick.trading_day != 20251212:
            break
        last[tick.instrument] = tick.ts_event
    assert last[old] < at(11, 30, day=20251212)
    assert last["CFFEX.T2603"] > at(15, 14, day=20251212)
    assert tick.instrument == "CFFEX.T2603"


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_no_product_is_ever_without_a_contract_that_may_be_opened(name: str) -> None:
    """The default keys of risk.yaml, each trading day of three years."""
    exchange, _, product = name.partition(".")
    calendar = sessions().calendar
    for day in calendar.trading_days(20250102, 20271230):
        year, month = main_month(PROFILES[name], day)
        id_ = InstrumentId(f"{name}{year % 100:02d}{month:02d}")
        item = products().instrument(id_, day)
        if item is None:
            assert products().product(exchange, product, day) is None, day
            continue
        days = products().delivery.days(item, "person", 0, 3)
        assert days is not None
        found = near(days, day)
        assert found is None or not found.last_open, (id_, day)
