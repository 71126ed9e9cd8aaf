"""Valid marks: each tick that is none, the locked market, the basis where there never was one."""

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import DAY, RB, M
from tests.unit.trading.watch.floor import ALPHA, BETA, WatchFloor

from homalos.gateway.protocol import VenueSnapshot
from homalos.model.enums import Channel, OrderStatus, Phase, Side
from homalos.model.events import ConnectionChanged, Reconciled, TradingDayChanged
from homalos.model.ids import InstrumentId
from homalos.model.times import SECOND
from homalos.trading.watch import marks as m

FEES = 35.0  # ten lots of rb opened at 3500


def mark(floor: WatchFloor) -> tuple[float | None, float | None, str]:
    found = floor.watch.marks._marks[RB]
    return found.long, found.short, found.why


def test_a_price_in_continuous_trading_is_one() -> None:
    floor = WatchFloor()
    floor.holding()
    assert mark(floor) == (3500.0, 3500.0, "")
    floor.pass_by(3480.0)
    assert mark(floor) == (3480.0, 3480.0, "")
    assert floor.loss() == 10 * 20 * 10 + FEES
    assert floor.watch.at_basis() == ()


@pytest.mark.parametrize(
    ("phase", "changes", "why"),
    [
        (Phase.AUCTION, {}, m.NOT_CONTINUOUS),
        (Phase.AUCTION_MATCH, {}, m.NOT_CONTINUOUS),
        (Phase.BREAK, {}, m.NOT_CONTINUOUS),
        (Phase.CLOSED, {}, m.NOT_CONTINUOUS),
        (None, {"settlement": 3400.0, "volume": 0}, m.SETTLEMENT),
        (None, {"last_price": None}, m.NO_PRICE),
        (None, {"ts_event": 0}, m.STALE),
    ],
)
def test_what_is_none(phase: Phase | None, changes: dict[str, Any], why: str) -> None:
    floor = WatchFloor()
    floor.holding()
    if phase is not None:
        floor.phase(phase)
    if "volume" in changes:
        changes["volume"] = floor.volume
    floor.pass_by(3400.0, ticks=1, **changes)
    floor.watch._on_change(None)
    floor.advance(2)
    assert mark(floor) == (3500.0, 3500.0, why) or floor.watch.marks._marks[RB].long == 3500.0
    floor.watch.marks.look(floor.books.held(), floor.clock.now(), 10**10)
    assert mark(floor) == (3500.0, 3500.0, why)
    assert floor.loss() == FEES


def test_a_settlement_with_new_volume_is_a_trade() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.pass_by(3490.0, settlement=3400.0)
    assert mark(floor)[0] == 3490.0


@pytest.mark.parametrize("how", ["connect", "session"])
def test_the_first_tick_after_a_connect_or_a_sessions_start_is_none(how: str) -> None:
    floor = WatchFloor()
    floor.holding()
    now = floor.clock.now()
    if how == "connect":
        floor.post(ConnectionChanged("test", Channel.MARKET_DATA, False, "gone", now))
        floor.post(ConnectionChanged("test", Channel.MARKET_DATA, True, "", now))
    else:
        floor.phase(Phase.BREAK)
        floor.phase(Phase.CONTINUOUS)
    floor.tick(RB, 3000.0)
    floor.advance(2)
    assert mark(floor) == (3500.0, 3500.0, m.FIRST)
    assert floor.loss() == FEES, "a first tick is no loss, however long it stands"
    floor.tick(RB, 3490.0)
    floor.advance(2)
    assert mark(floor)[0] == 3490.0


def test_a_tick_of_before_the_connect_is_not_its_first() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.tick(RB, 3490.0)  # nobody has looked at it yet
    floor.post(ConnectionChanged("test", Channel.MARKET_DATA, True, "", floor.clock.now()))
    floor.advance(0.5)
    floor.tick(RB, 3000.0)
    floor.advance(2)
    assert mark(floor)[0] == 3500.0


def test_an_auctions_tick_that_is_looked_at_after_the_opening_is_none() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.phase(Phase.AUCTION)
    floor.tick(RB, 3000.0)
    floor.phase(Phase.CONTINUOUS)
    floor.advance(2)
    assert mark(floor)[0] == 3500.0
    floor.tick(RB, 3499.0)  # the first of the session
    floor.advance(0.5)
    floor.tick(RB, 3498.0)
    floor.advance(0.5)
    assert mark(floor)[0] == 3498.0


LOWER, UPPER = 3150.0, 3850.0


def test_longs_at_a_locked_lower_limit_are_marked_at_the_limit() -> None:
    """The last trade was above it; nobody bids, so there is nothing better than the limit."""
    floor = WatchFloor()
    floor.holding()
    locked = {"bid_price": None, "bid_lots": 0, "ask_price": LOWER, "ask_lots": 900,
              "lower_limit": LOWER, "upper_limit": UPPER}  # fmt: skip
    floor.pass_by(3200.0, **locked)
    assert mark(floor) == (LOWER, 3200.0, "")
    assert floor.loss() == 10 * 350 * 10 + FEES
    floor.pass_by(3200.0, **(locked | {"bid_price": LOWER, "bid_lots": 1}))
    assert mark(floor)[0] == 3200.0, "somebody bids: the last price again"
    floor.pass_by(3200.0, **(locked | {"ask_price": LOWER + 10}))
    assert mark(floor)[0] == 3200.0, "offers above the limit: not locked"


def test_shorts_at_a_locked_upper_limit_are_marked_at_the_limit() -> None:
    floor = WatchFloor()
    floor.holding(-10)
    locked = {"bid_price": UPPER, "bid_lots": 900, "ask_price": None, "ask_lots": 0,
              "lower_limit": LOWER, "upper_limit": UPPER}  # fmt: skip
    floor.pass_by(3800.0, **locked)
    assert mark(floor) == (3800.0, UPPER, "")
    assert floor.loss() == 10 * 350 * 10 + FEES
    floor.pass_by(3800.0, **(locked | {"bid_price": 3840.0}))
    assert mark(floor)[1] == 3800.0, "bids below the limit: not locked"


def taken_over(floor: WatchFloor, id_: InstrumentId, lots: int) -> None:
    """Lots that no fill of this run explains: another run's, say."""
    other = WatchFloor()
    other.trade(Side.BUY, lots, 3500.0, id_)
    floor.books.load((*floor.books.books(), *other.books.books()))
    mine = floor.books.positions()
    account = replace(other.books.account(), fees=floor.books.account().fees + 35.0)
    floor.books.restore(VenueSnapshot(DAY, account, (*mine, *other.books.positions()), (), ()))
    floor.post(Reconciled("test", True, (), floor.clock.now()))


def test_a_contract_that_never_had_one_counts_at_its_basis_and_says_so() -> None:
    floor = WatchFloor()
    taken_over(floor, RB, 10)
    floor.advance(2)  # one quote, the first that is looked at
    assert floor.watch.at_basis() == ((RB, m.FIRST),)
    assert floor.loss() == FEES
    assert floor.watch.measures.courses[ALPHA].now == -FEES
    floor.phase(Phase.BREAK, M)
    taken_over(floor, M, 1)
    floor.tick(M, 100.0)
    floor.advance(2)
    assert dict(floor.watch.at_basis())[M] == m.NOT_CONTINUOUS
    assert floor.loss() == 2 * FEES


# ---------------------------------------------------------------- fills


def test_a_contract_that_was_held_before_is_not_valued_at_the_mark_of_then() -> None:
    """Bought at 3500 and sold, and hours later bought at 3600: nothing is lost but fees."""
    floor = WatchFloor()
    floor.holding()
    floor.trade(Side.SELL, 10, 3500.0)
    floor.advance(2)
    fees = floor.loss()
    floor.phase(Phase.BREAK)
    floor.advance(3600)
    floor.phase(Phase.CONTINUOUS)
    for price in (3560.0, 3600.0):
        floor.tick(RB, price)
        floor.advance(1)
    floor.trade(Side.BUY, 10, 3600.0)
    floor.advance(3)
    assert floor.loss() == fees + 36.0
    assert floor.drawdown() < 0.02
    floor.pass_by(3590.0, ticks=4)
    assert floor.loss() == fees + 36.0 + 1_000, "from a later tick on that is one"


def test_lots_that_are_added_while_no_mark_comes_count_at_what_they_cost() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.tick(RB, 3600.0, ts_event=0)  # quotes come too late to be marks
    floor.trade(Side.BUY, 10, 3600.0)
    floor.advance(3)
    assert mark(floor)[0] == 3500.0
    assert floor.loss() == FEES + 36.0
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == FEES + 36.0
    floor.pass_by(3550.0, ticks=4)
    assert floor.loss() == FEES + 36.0, "ten have gained what ten have lost"
    floor.pass_by(3530.0, ticks=4)
    assert floor.loss() == FEES + 36.0 + 20 * 20 * 10


def test_one_far_trade_of_ours_and_its_echo_are_no_two_ticks() -> None:
    """The tick that shows our own trade is the first that says so, not the second."""
    floor = WatchFloor()
    floor.holding(50)
    before = floor.loss()
    floor.trade(Side.SELL, 1, 3480.0)
    floor.advance(0.3)
    floor.tick(RB, 3480.0)
    floor.advance(0.5)
    floor.tick(RB, 3500.0)
    floor.advance(3)
    assert before + 200 < floor.loss() < before + 215, "what the one lot lost, and its fee"


def test_two_far_fills_do_not_confirm_each_other() -> None:
    floor = WatchFloor()
    floor.holding(50)
    before = floor.loss()
    for _ in range(2):
        floor.trade(Side.SELL, 1, 3400.0)
        floor.advance(0.3)
    floor.advance(3)
    assert floor.loss() < before + 25, "fees, until a tick shows what they were worth"


def test_a_fill_of_an_auction_marks_nothing() -> None:
    floor = WatchFloor()
    floor.holding(50)
    before = floor.loss()
    rests = floor.submit(side=Side.SELL, lots=1, price=3480.0)
    floor.phase(Phase.AUCTION_MATCH)
    floor.fill(floor.manager.registry.of_intent(rests)[0].id, 3480.0)
    floor.tick(RB, 3480.0)
    floor.advance(120)
    assert floor.loss() < before + 15
    floor.phase(Phase.CONTINUOUS)
    floor.pass_by(3500.0, ticks=4)
    assert before + 200 < floor.loss() < before + 215


def test_a_fill_that_comparing_tells_late_counts_at_once() -> None:
    """The mark is newer than it."""
    floor = WatchFloor()
    floor.holding()
    order = floor.manager.registry.of_intent(floor.submit(side=Side.SELL, lots=1, price=3490.0))[0]
    floor.advance(5)
    floor.pass_by(3500.0, ticks=2)
    old = floor.clock.now() - 60 * SECOND
    floor.report(order.id, OrderStatus.FILLED, 1)
    floor.post(floor.trade_report(order.id, 1, 3490.0, ts_event=old))
    floor.advance(2)
    assert mark(floor)[0] == 3500.0
    assert floor.loss() > FEES + 100


def test_a_tick_of_before_the_fill_does_not_show_it() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.tick(RB, 3490.0)
    floor.trade(Side.BUY, 10, 3520.0)
    floor.advance(2)
    assert mark(floor)[0] == 3490.0
    assert floor.loss() == pytest.approx(FEES + 1_000 + 35.2)


def test_what_was_traded_since_the_mark_outlasts_a_restart() -> None:
    floor = WatchFloor()
    floor.holding()
    rests = floor.submit(side=Side.BUY, lots=10, price=3500.0)
    floor.phase(Phase.AUCTION_MATCH)
    floor.fill(floor.manager.registry.of_intent(rests)[0].id, 3600.0)
    floor.advance(30)
    assert floor.notes()[-1].marks[0].fills == ((ALPHA, 10, 3600.0),)
    again = WatchFloor()
    again.trade(Side.BUY, 10, 3500.0)
    again.trade(Side.BUY, 10, 3600.0)
    again.watch.fold(replace(floor.notes()[-1]))
    again.advance(3)
    assert again.loss() == FEES + 36.0


def test_a_day_that_begins_with_lots_that_no_mark_has_shown_has_lost_nothing() -> None:
    floor = WatchFloor()
    floor.holding()
    rests = floor.submit(side=Side.BUY, lots=10, price=3500.0)
    floor.phase(Phase.CLOSED)
    floor.fill(floor.manager.registry.of_intent(rests)[0].id, 3600.0)
    floor.advance(2)
    assert floor.loss() == FEES + 36.0
    floor.next_day(settlement=3500.0)
    assert floor.watch.measures.capital.result == 0.0
    assert floor.drawdown() < 0.02


def test_a_strategys_lots_that_anothers_make_good_are_marked_all_the_same() -> None:
    """Long ten and short ten: the account holds nothing, and one of them loses."""
    floor = WatchFloor()
    floor.books.net_book(ALPHA, RB, 10.0).carry(10, 3500.0)
    floor.books.net_book(BETA, RB, 10.0).carry(-10, 3500.0)
    floor.post(Reconciled("test", True, (), floor.clock.now()))
    floor.prime(price=3480.0)
    assert tuple(floor.books.held()) == ()
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == 2_000.0
    assert floor.watch.measures.courses[BETA].day_loss().yuan == 0.0


def test_a_new_day_begins_at_the_settlement_until_it_has_a_mark_of_its_own() -> None:
    """The close was 3600, the settlement is 3550: the day has lost nothing by that, and the curve
    over days does not jump down and up again."""
    floor = WatchFloor()
    floor.holding()
    floor.pass_by(3600.0, ticks=4)
    floor.next_day(settlement=3550.0)
    assert floor.books.trading_day == DAY + 1
    assert floor.loss() == 0.0
    assert floor.drawdown() == 0.0
    floor.prime(price=3540.0)
    assert floor.loss() == 10 * 10 * 10
    assert floor.drawdown() == pytest.approx(100 * 6000 / (1_000_000 - FEES + 10_000), abs=1e-6)


def test_the_close_of_yesterday_is_no_mark_of_today() -> None:
    """The close was 3500, the settlement is 3550: nothing has happened yet today."""
    floor = WatchFloor()
    floor.holding()
    floor.pass_by(3480.0)
    floor.pass_by(3500.0)
    floor.next_day(settlement=3550.0, wait=0.5)
    assert floor.watch.measures.capital.result == 0.0
    floor.advance(2)
    assert floor.watch.measures.capital.result == 0.0
    assert [id_ for id_, _ in floor.watch.at_basis()] == [RB]
    assert floor.watch.measures.courses[ALPHA].day_loss().yuan == 0.0


def test_a_day_that_nobody_confirms_is_watched_after_a_minute_all_the_same() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.venue.snapshot = None
    floor.post(TradingDayChanged("test", DAY + 1, floor.clock.now()))
    floor.prime(price=3480.0)
    assert floor.watch.measures.capital.trading_day == DAY
    floor.advance(60)
    floor.pass_by(3470.0, ticks=4)
    assert floor.watch.measures.capital.trading_day == DAY + 1
    assert floor.loss() == 10 * 30 * 10


def test_after_a_restart_the_noted_marks_count() -> None:
    floor = WatchFloor()
    floor.holding()
    floor.pass_by(3600.0, ticks=30)
    note = floor.notes()[-1]
    again = WatchFloor()
    again.trade(Side.BUY, 10, 3500.0)
    again.watch.fold(replace(note))
    again.advance(2)
    assert again.watch.marks.price(RB, 10) == 3600.0
    assert again.drawdown() == 0.0, "a gain that no tick has told of yet is not lost"
