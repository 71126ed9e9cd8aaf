"""What counts, how often, and whose."""

import pytest
from tests.unit.trading.desk import DAY, RB, venue_state
from tests.unit.trading.programme.floor import ROW, Floor, foreign, heard, section, side_of

from homalos.config.sections.risk_programme import ProgrammeRow
from homalos.model.enums import OnTimeout, OrderStatus, Side, TimeInForce
from homalos.model.events import CancelRejected, KillSwitch, OrderSubmitted, TradingDayChanged
from homalos.model.ids import MANUAL, UNATTRIBUTED
from homalos.model.reconciling import Reconcile
from homalos.model.times import MILLISECOND
from homalos.model.trading import Trade
from homalos.trading.recovery import fold

S = OrderStatus


def test_an_order_and_its_cancel_are_two_messages_whoever_sent_them() -> None:
    floor = Floor()
    floor.cancelled(2)
    floor.cancelled(1, strategy=MANUAL)
    floor.fill(floor.rested(), 3500.0)
    assert floor.count() == {"orders": 4, "cancels": 3, "large": 0, "self": 0, "messages": 7}
    assert floor.programme.counts.contracts[RB].order_to_trade() == 6.0


def test_repeats_count_nothing() -> None:
    floor = Floor()
    id_ = floor.rested()
    for _ in range(3):
        floor.cancel(id_)
        floor.post(KillSwitch("me", "again", floor.clock.now()))  # insists on the cancel
        floor.report(id_, S.CANCELLED)
    assert floor.count()["messages"] == 2
    assert floor.count()["cancels"] == 1


def test_a_cancel_that_came_too_late_is_a_message_and_no_cancel() -> None:
    floor = Floor()
    id_ = floor.rested()
    floor.cancel(id_)
    floor.post(CancelRejected(id_, 26, "filled", floor.clock.now()))
    floor.fill(id_, 3500.0)
    assert floor.count() == {"orders": 1, "cancels": 0, "large": 0, "self": 0, "messages": 2}


def test_a_fill_after_the_end_takes_the_cancel_back() -> None:
    floor = Floor()
    id_ = floor.rested(lots=2)
    floor.report(id_, S.CANCELLED)
    assert floor.count()["cancels"] == 1
    floor.post(floor.trade_report(id_, 2, 3500.0))
    assert floor.count() == {"orders": 1, "cancels": 0, "large": 0, "self": 0, "messages": 1}


@pytest.mark.parametrize("counts", [False, True])
def test_what_is_left_of_a_fak_is_a_message_and_a_cancel_where_the_exchange_says_so(
    counts: bool,
) -> None:
    floor = Floor(fak_fok=counts)
    for tif in (TimeInForce.FAK, TimeInForce.FOK):
        floor.report(floor.submit(tif=tif), S.CANCELLED)
    assert floor.count()["messages"] == 4
    assert floor.count()["cancels"] == 2 * counts


def test_large_is_what_was_cancelled_and_not_what_was_sent() -> None:
    floor = Floor()
    for lots, traded in ((29, 0), (30, 0), (40, 10), (40, 11)):
        id_ = floor.rested(lots=lots)
        if traded:
            floor.fill(id_, 3500.0, traded)
        floor.cancel(id_)
        floor.report(id_, S.CANCELLED, traded)
    assert floor.count()["cancels"] == 4
    assert floor.count()["large"] == 2, "30 of 30 and 30 of 40"


def test_a_large_cancel_by_the_contracts_own_largest_order() -> None:
    floor = Floor(section(ProgrammeRow(id="SHFE", large_cancels=5, large_percent=4)))
    for lots in (19, 20, 21):
        floor.cancelled(1, lots=lots)
    assert floor.programme.counts.contracts[RB].terms.large_lots == 20, "4 % of 500"
    assert floor.count()["large"] == 2


def test_orders_of_other_terminals_count_when_heard_of_and_as_a_cancel_when_known() -> None:
    floor = Floor()
    rows = [foreign(1), foreign(2, S.CANCELLED), foreign(3, S.CANCELLED, tif=TimeInForce.FAK)]
    for row in rows:
        for _ in range(2):
            floor.post(heard(row, floor.clock.now()))
    assert floor.count() == {"orders": 3, "cancels": 0, "large": 0, "self": 0, "messages": 3}
    floor.venue.snapshot = venue_state(orders=tuple(rows))
    for _ in range(2):
        floor.post(Reconcile("me", floor.clock.now()))
    assert {o.strategy for o in floor.manager.orders()} == {UNATTRIBUTED}
    assert floor.count() == {"orders": 3, "cancels": 1, "large": 0, "self": 0, "messages": 5}
    first = floor.manager.registry.find(None, RB, rows[0].venue_order_id)
    assert first is not None
    floor.report(first.id, S.CANCELLED, venue_order_id=first.venue_order_id)
    assert floor.count()["cancels"] == 2, "its end is heard of as a fact"


def test_a_trade_with_both_sides_ours_is_a_self_trade_once() -> None:
    floor = Floor()
    for _ in range(2):
        floor.post(side_of("  7", Side.BUY, DAY))
        floor.post(side_of("7", Side.SELL, DAY))
        floor.post(side_of("8", Side.BUY, DAY))
    floor.post(side_of("9", Side.BUY, DAY))
    floor.post(side_of("9", Side.SELL, DAY - 1))
    assert floor.count()["self"] == 1


def test_self_trades_of_before_we_listened_come_with_the_venues_answer() -> None:
    floor = Floor()

    def trade(side: Side) -> Trade:
        row = side_of("31", side, DAY)
        return Trade(
            row.trade_id, None, floor.books.account_id, UNATTRIBUTED, RB, side, row.offset, 3500.0,
            1, 0.0, DAY, 1, 1, row.venue_order_id,
        )  # fmt: skip

    floor.venue.snapshot = venue_state(trades=(trade(Side.BUY), trade(Side.SELL)))
    floor.post(Reconcile("me", floor.clock.now()))
    assert floor.count()["self"] == 1


def test_seconds_with_ten_messages_are_counted_for_the_exchange() -> None:
    floor = Floor(cancels=0)
    exchange = floor.programme.counts.exchange("SHFE")
    ids = []
    for step in range(9):
        ids.append(floor.rested())
        floor.advance(0.05)
        assert exchange.bursts.own == 0, step
    floor.cancel(ids[0])  # the tenth, 0.45 s after the first
    assert exchange.bursts.own == 1
    for id_ in ids:
        floor.cancel(id_)
        floor.report(id_, S.CANCELLED)
    assert exchange.bursts.own == 1, "a second counts once"
    floor.advance(5)
    for _ in range(9):
        floor.rested()
    floor.advance(1.0)
    floor.rested()
    assert exchange.bursts.own == 1, "the tenth came a full second later"


def test_news_of_seconds_that_comes_late_is_counted_in_its_place() -> None:
    floor = Floor()
    floor.rested()
    early = floor.clock.now()
    floor.advance(60)
    floor.rested()
    floor.venue.snapshot = venue_state(
        orders=tuple(foreign(n, ts_init=early + n) for n in range(9))
    )
    floor.post(Reconcile("me", floor.clock.now()))
    floor.advance(0.6)
    assert floor.programme.counts.exchange("SHFE").bursts.own == 1


def test_a_new_day_begins_at_zero_and_what_ended_with_the_old_one_is_no_cancel() -> None:
    floor = Floor()
    floor.cancelled(3)
    left = floor.rested()
    floor.venue.snapshot = venue_state(day=DAY + 1)
    floor.post(TradingDayChanged("test", DAY + 1, floor.clock.now()))
    assert floor.manager.order(left) is None
    assert floor.programme.state() == ((), ())
    floor.cancelled(1)
    assert floor.count() == {"orders": 1, "cancels": 1, "large": 0, "self": 0, "messages": 2}


def test_new_thresholds_judge_what_was_counted_before() -> None:
    floor = Floor()
    floor.cancelled(3, lots=20)
    floor.report(floor.submit(tif=TimeInForce.FAK, lots=20), S.CANCELLED)
    assert (floor.count()["cancels"], floor.count()["large"]) == (3, 0)
    row = ProgrammeRow(id="SHFE.rb", large_lots=20, fak_fok=True)
    new = section(ROW, row)
    floor.gate.configure(new)
    floor.programme.configure(new)
    assert (floor.count()["cancels"], floor.count()["large"]) == (4, 4)
    assert floor.programme.counts.contracts[RB].cancels.limit == 10, "the exchange's row"


def test_an_order_of_a_chase_counts_when_it_leaves() -> None:
    floor = Floor()
    id_ = floor.submit(timeout_ms=1_000, on_timeout=OnTimeout.CHASE, max_tries=3)
    floor.report(id_, S.ACCEPTED)
    floor.advance(1.5)
    floor.report(id_, S.CANCELLED)
    assert [order.ts_init for order in floor.venue.sent] == [
        floor.clock.now() - 1_500 * MILLISECOND, floor.clock.now(),
    ]  # fmt: skip


def test_what_was_heard_of_the_day_before_is_not_folded_into_this_one() -> None:
    floor = Floor()
    past = [
        heard(foreign(1), floor.clock.now()),
        TradingDayChanged("test", DAY + 1, floor.clock.now()),
        heard(foreign(2), floor.clock.now()),
    ]
    floor.programme.restore(past)
    assert floor.count()["orders"] == 1


def test_what_was_told_is_not_told_again_after_a_restart() -> None:
    old, new = Floor(), Floor()
    old.cancelled(5)
    assert len(old.alerts()) == 1
    fold([e for e in old.recorded if isinstance(e, OrderSubmitted)], new.books, new.manager)
    for order in old.manager.orders():
        new.manager.registry.put(order)
    new.programme.restore(())
    new._intents = 100
    new.cancelled(2)
    assert new.count()["cancels"] == 7
    assert new.alerts() == []
    new.cancelled(1)
    assert len(new.alerts()) == 1, "the next level"
