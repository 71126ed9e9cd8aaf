"""However late the venue's answer comes, money is no loss and a loss is no money."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, RB, venue_state
from tests.unit.trading.watch.floor import ALPHA, WatchFloor, section

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Side, TradingState
from homalos.model.events import SetTradingState, TradingDayChanged
from homalos.model.ids import AccountId

Answer = Callable[[VenueSnapshot], None]


class Late(WatchFloor):
    """Its venue keeps the questions."""

    def __init__(self, first_after: float = 0.0) -> None:
        self.first_after = first_after
        self.asked: list[Answer] = []
        super().__init__(section(max_drawdown_percent=25.0))

    def keep(self, _: AccountId, done: Answer) -> None:
        self.asked.append(done)

    def open(self) -> None:
        self.venue.query = self.keep  # type: ignore[method-assign]
        super().open()
        self.advance(self.first_after)
        self.answer(venue_state())

    def answer(self, venue: VenueSnapshot) -> None:
        for done in self.asked:
            done(venue)
        self.asked.clear()
        self.bus.run_until_idle()
        self.advance(2)
        self.post(SetTradingState(TradingState.ACTIVE, "me", "go on", self.clock.now()))

    def turn(self, settlement: float, after: float) -> VenueSnapshot:
        """The day turns at a guess of ours; the venue's answer ``after`` that, where ``settlement``
        was another."""
        day = self.books.trading_day + 1
        other = WatchFloor()
        other.books.load(self.books.books())
        other.books.restore(
            VenueSnapshot(day - 1, self.books.account(), self.books.positions(), (), ())
        )
        other.next_day(settlement=settlement)
        self.post(TradingDayChanged("test", day, self.clock.now()))
        self.advance(after)
        return VenueSnapshot(day, other.books.account(), other.books.positions(), (), ())


@pytest.mark.parametrize("after", [1.0, 59.0, 61.0, 1800.0])
def test_a_first_start_is_measured_from_the_first_answer_whenever_it_comes(after: float) -> None:
    floor = Late(after)
    assert floor.alerts() == []
    floor.tick(RB, 3500.0)
    floor.holding(50)
    for price in range(3480, 2400, -30):
        floor.pass_by(float(price))
    assert floor.drawdown() > 50
    assert floor.watch.standing.drawdown is not None


@pytest.mark.parametrize("after", [1.0, 61.0, 540.0])
@pytest.mark.parametrize("settlement", [3500.0, 3450.0, 3560.0])
def test_money_that_went_overnight_is_no_loss_however_late_the_answer(
    after: float, settlement: float
) -> None:
    floor = Late()
    floor.holding(10)
    floor.trade(Side.SELL, 2, 3500.0)
    floor.pass_by(3490.0, ticks=4)
    before = floor.drawdown()
    venue = floor.turn(settlement, after)
    venue.account = replace(
        venue.account,
        pre_balance=venue.account.pre_balance - 300_000.0,
        balance=venue.account.balance - 300_000.0,
    )
    floor.answer(venue)
    assert floor.books.account().id == ACCOUNT
    assert floor.books.trading_day == DAY + 1
    assert floor.drawdown() == pytest.approx(before, abs=1e-6)
    assert floor.alerts() == [text for text in floor.alerts() if "-300,000.00" in text] != []


@pytest.mark.parametrize("after", [1.0, 61.0, 540.0])
@pytest.mark.parametrize("settlement", [3500.0, 3400.0, 3600.0])
def test_a_late_answer_with_another_settlement_is_no_money(after: float, settlement: float) -> None:
    floor = Late()
    floor.holding(50)
    floor.pass_by(3480.0, ticks=4)
    before, course = floor.drawdown(), floor.watch.measures.courses[ALPHA].now
    floor.answer(floor.turn(settlement, after))
    assert floor.alerts() == []
    assert floor.drawdown() == pytest.approx(before, abs=1e-6)
    floor.prime(RB, 3450.0)
    lost = 50 * 30 * 10.0
    assert floor.watch.measures.courses[ALPHA].now == pytest.approx(course - lost)
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == lost
    assert floor.drawdown() == pytest.approx(before + 100 * lost / 1_000_000, abs=0.01)


def test_what_is_lost_before_a_late_answer_is_lost_after_it() -> None:
    floor = Late()
    floor.holding(50)
    venue = floor.turn(3500.0, 61.0)
    floor.prime(RB, 3440.0)
    lost = floor.drawdown()
    assert lost > 2.9
    floor.answer(venue)
    assert floor.drawdown() == pytest.approx(lost, abs=1e-6)


def test_a_settlement_that_a_tick_tells_is_no_loss_for_a_moment() -> None:
    floor = Late()
    floor.holding(50)
    floor.turn(3500.0, 61.0)
    floor.prime(RB, 3500.0)
    for _ in range(4):
        floor.tick(RB, 3500.0, pre_settlement=3300.0)
        floor.advance(0.5)
        assert floor.drawdown() < 0.1
    assert floor.books.account().pre_balance < 950_000.0
