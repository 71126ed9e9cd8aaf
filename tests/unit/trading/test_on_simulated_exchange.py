"""The trading room on the real simulated exchange: two ledgers that share nothing agree."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.twin.ledger import DayEnd, Fill, Terms, Twin
from tests.unit.exchange.bench import DAY, IF, NEXT, RB, M, at, products, sessions

from homalos.config.sections.exchange import ExchangeSection
from homalos.config.sections.risk import RiskSection
from homalos.config.sections.trading import TradingSection
from homalos.exchange.engine import Exchange
from homalos.exchange.ledger import Ledger
from homalos.gateway.sim import SimGateway
from homalos.kernel.bus import Bus
from homalos.kernel.clock import SimClock
from homalos.kernel.ids import Random
from homalos.kernel.timers import Timers
from homalos.model.enums import OrderKind, Side, TimeInForce, TradingState
from homalos.model.event import Event
from homalos.model.events import (
    CancelOrder,
    OrderDenied,
    OrderReported,
    Reconciled,
    SubmitOrder,
    TradeFilled,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import AccountId, OrderId, StrategyId
from homalos.model.market import Instrument, Rate, Tick
from homalos.model.times import SECOND
from homalos.trading.books import Books
from homalos.trading.control import TradingControl
from homalos.trading.manager import OrderManager
from homalos.trading.recovery import fold
from homalos.trading.risk.gate import RiskGate

ACCOUNT = AccountId("sim")
CONTRACTS = (RB, M, IF)
OWNERS = ("alpha", "beta", "manual")


class Floor:
    """Exchange, gateway, books, gate, manager; a market that walks at random."""

    def __init__(self, seed: int, start: int, ledger: Ledger | None = None) -> None:
        self.chance = Random(seed)
        self.clock = SimClock()
        self.bus = Bus(self.clock)
        self.timers = Timers(self.bus)
        self.exchange = Exchange(
            ExchangeSection(opening_cash=50_000_000.0),
            products(), sessions(), self.clock, self.timers, ledger,
        )  # fmt: skip
        self.gateway = SimGateway(self.clock, self.exchange, ACCOUNT)
        self.exchange.open(CONTRACTS, start)
        self.clock.advance(start)
        section = TradingSection(reconcile_s=7)
        self.books = Books(self.bus, self.timers, section, ACCOUNT)
        self.control = TradingControl(self.bus, section, simulated=True)
        wide = RiskSection(
            max_margin_use_percent=100, max_orders_per_s=1000, max_strategy_orders_per_s=1000
        )
        self.gate = RiskGate(wide, self.books, self.control, simulated=True)
        self.manager = OrderManager(
            self.bus, self.timers, self.gateway, self.books, self.gate, section,
            ACCOUNT,
        )  # fmt: skip
        self.facts: list[Event] = []
        self.journal: list[Event] = []
        for event in (
            OrderDenied, OrderReported, Reconciled, TradeFilled, TradeReported, TradingDayChanged
        ):  # fmt: skip
            self.bus.subscribe(event, self.facts.append, actor="test", role="store")
            if event in (OrderReported, TradeReported, TradingDayChanged):
                self.bus.subscribe(event, self.journal.append, actor="test", role="store")
        record = self.bus.record
        self.bus.record = lambda event: (self.journal.append(event), record(event))[1]  # type: ignore[method-assign]
        for part in (self.books, self.control, self.manager):
            part.attach()
        self.mid = dict.fromkeys(CONTRACTS, 3500.0)
        self.count = 0

    def connect(self) -> None:
        self.gateway.subscribe([item.id for item in CONTRACTS])
        self.gateway.connect(self.bus.post, self.bus.post)
        self.bus.run_until_idle()

    def go(self, ts: int) -> None:
        while (due := self.timers.due()) is not None and due <= ts:
            self.clock.advance(due)
            self.timers.fire_next()
            self.bus.run_until_idle()
        self.clock.advance(ts)

    def tick(self, item: Instrument, day: int) -> None:
        step = item.tick_size
        mid = round(self.mid[item] + self.chance.randint(-4, 4) * step, 1)
        self.mid[item] = mid
        now = self.clock.now()
        tick = Tick(
            item.id, now, now, day, mid, self.count, None, None, round(mid - step, 1), 8,
            round(mid + step, 1), 8,
        )  # fmt: skip
        self.gateway.feed(tick)
        self.bus.run_until_idle()

    def act(self) -> None:
        """One random intent, or a cancel of something that rests."""
        chance, live = self.chance, self.manager.live()
        now = self.clock.now()
        if live and chance.random() < 0.25:
            self.bus.post(CancelOrder(chance.choice(live).intent_id, "test", now))
        else:
            item = chance.choice(CONTRACTS)
            self.count += 1
            price = round(self.mid[item] + chance.randint(-3, 3) * item.tick_size, 1)
            market = chance.random() < 0.2
            self.bus.post(
                SubmitOrder(
                    OrderId(f"1-{self.count:06d}"), ACCOUNT, StrategyId(chance.choice(OWNERS)),
                    item.id, chance.choice(tuple(Side)), chance.randint(1, 9),
                    None if market else price,
                    OrderKind.MARKET if market else OrderKind.LIMIT,
                    chance.choice(tuple(TimeInForce)), None, now,
                )
            )  # fmt: skip
        self.bus.run_until_idle()

    def trade(self, day: int, start: int, seconds: int) -> None:
        for second in range(seconds):
            self.go(start + second * SECOND)
            for item in CONTRACTS:
                self.tick(item, day)
            self.act()
            self.act()

    def seen(self, kind: type[Event]) -> list[Event]:
        return [fact for fact in self.facts if type(fact) is kind]


def _assert_agreed(floor: Floor) -> None:
    words = [fact for fact in floor.facts if isinstance(fact, Reconciled)]
    assert words
    assert [fact.differences for fact in words if not fact.agreed] == []
    assert floor.control.state is TradingState.ACTIVE


def _terms(item: Instrument) -> Terms:
    def rate(value: Rate) -> tuple[Decimal, Decimal]:
        return Decimal(str(value.by_money)), Decimal(str(value.by_lot))

    fees = item.fees
    return Terms(
        Decimal(str(item.multiplier)), item.splits_today, rate(fees.open), rate(fees.close),
        rate(fees.close_today),
    )  # fmt: skip


def _twin(floor: Floor, opening: float, settlements: dict[str, float]) -> Twin:
    twin = Twin({str(item.id): _terms(item) for item in CONTRACTS}, Decimal(str(opening)))
    for fact in floor.facts:
        if isinstance(fact, TradeFilled):
            trade = fact.trade
            twin.events.append(
                Fill(str(trade.instrument), trade.strategy, trade.side is Side.BUY,
                     trade.offset.value, Decimal(str(trade.price)), trade.lots)
            )  # fmt: skip
        elif isinstance(fact, TradingDayChanged) and fact.trading_day == NEXT:
            prices = {name: Decimal(str(price)) for name, price in settlements.items()}
            twin.events.append(DayEnd(prices))
    return twin


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_random_trading_agrees_with_exchange_and_twin(seed: int) -> None:
    floor = Floor(seed, at(10, 31))
    floor.connect()
    opening = floor.books.account().balance
    floor.trade(DAY, at(10, 32), 150)
    _assert_agreed(floor)
    assert len(floor.seen(TradeFilled)) > 50
    venue = floor.exchange.account(ACCOUNT)
    ours = floor.books.account()
    assert abs(ours.balance - venue.balance) < 0.005
    assert abs(ours.margin - venue.margin) < 0.005
    twin = _twin(floor, opening, {})
    marks = {str(item.id): Decimal(str(floor.mid[item])) for item in CONTRACTS}
    assert abs(Decimal(ours.balance) - twin.equity(marks)) < Decimal("0.005")
    for item in CONTRACTS:
        for owner in OWNERS:
            book = floor.books.book(StrategyId(owner), item.id)
            made = book.closed_profit + book.position_profit - book.fees
            exact = twin.result(owner, str(item.id), marks[str(item.id)])
            assert abs(Decimal(made) - exact) < Decimal("0.005")


@pytest.mark.parametrize("seed", range(2))
def test_over_a_settlement_and_into_the_next_day(seed: int) -> None:
    floor = Floor(seed, at(14, 50))
    floor.connect()
    floor.trade(DAY, at(14, 55), 100)
    floor.go(at(10, 31, day=NEXT))
    assert floor.books.trading_day == NEXT
    assert floor.manager.live() == (), "no order lives longer than its day"
    venue, ours = floor.exchange.account(ACCOUNT), floor.books.account()
    assert abs(ours.pre_balance - venue.pre_balance) < 0.005, "the venue's settlement corrects ours"
    floor.trade(NEXT, at(10, 32, day=NEXT), 100)
    _assert_agreed(floor)
    venue, ours = floor.exchange.account(ACCOUNT), floor.books.account()
    assert abs(ours.balance - venue.balance) < 0.005
    for item in CONTRACTS:
        contract = floor.books.contract(item.id)
        assert contract is not None
        nets = (floor.books.book(StrategyId(o), item.id).net_lots for o in OWNERS)
        assert sum(nets) == contract.net


def test_a_second_run_agrees_with_the_ledger_and_owns_its_orders(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    first = Floor(5, at(10, 31), Ledger(folder))
    first.connect()
    first.trade(DAY, at(10, 32), 60)
    first.exchange.close()
    second = Floor(6, at(10, 34), Ledger(folder))
    for item in CONTRACTS:
        second.books.listed(item)
    assert fold(first.journal, second.books, second.manager) > 50
    folded = [replace(order, cancel_requested=False) for order in second.manager.orders()]
    assert folded == [replace(order, cancel_requested=False) for order in first.manager.orders()]
    second.mid = first.mid
    second.count = 10_000
    second.connect()
    _assert_agreed(second)
    for item in CONTRACTS:
        for owner in OWNERS:
            before = first.books.book(StrategyId(owner), item.id)
            after = second.books.book(StrategyId(owner), item.id)
            floating = {"position_profit": 0, "position_profit_by_date": 0}
            assert replace(before, **floating) == replace(after, **floating)
    second.trade(DAY, at(10, 35), 60)
    _assert_agreed(second)


def test_without_a_journal_the_venue_is_believed(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    first = Floor(5, at(10, 31), Ledger(folder))
    first.connect()
    first.trade(DAY, at(10, 32), 60)
    first.exchange.close()
    second = Floor(6, at(10, 34), Ledger(folder))
    second.mid = first.mid
    second.count = 10_000
    second.connect()
    _assert_agreed(second)
    assert len(second.manager.live()) == len(first.manager.live())
    second.trade(DAY, at(10, 35), 60)
    _assert_agreed(second)
