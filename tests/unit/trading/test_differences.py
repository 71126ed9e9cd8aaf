"""What differs, said and dealt with in each of its parts: the sentences, what is in flight, what
expires, what is missing."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, STOCK, Desk, M, account, venue_state
from tests.unit.trading.test_adjusting import (
    ALPHA,
    BETA,
    ROW,
    ask,
    assign,
    changed,
    gone,
    live,
    word,
)

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Offset, OrderStatus, Side, TradingState
from homalos.model.events import (
    AlertRaised,
    Audited,
    Reconciled,
    SetTradingState,
    StrategyCommand,
    TradeReported,
    TradingDayChanged,
)
from homalos.model.ids import (
    MANUAL,
    UNATTRIBUTED,
    InstrumentId,
    OrderId,
    StrategyId,
    TradeId,
    VenueOrderId,
)
from homalos.model.reconciling import (
    AcceptVenue,
    AssignLoss,
    LossAssigned,
    PositionAdjusted,
    VenueTaken,
)
from homalos.trading import shortages
from homalos.trading.adjusting import _is_in_flight, expire
from homalos.trading.reconcile import adjustments, compare, reconcile

S = OrderStatus
UNLISTED = InstrumentId("SHFE.zz2601")
SHORT = replace(ROW, direction=Direction.SHORT, today_lots=1, yesterday_lots=3)


# ------------------------------------------------------------ sentences


def test_a_position_that_one_side_does_not_have_is_nothing_there() -> None:
    some, none = venue_state((SHORT,)), venue_state()
    assert reconcile(some, none) == (
        "SHFE.rb2605 short: books 1 today + 3 yesterday lots, venue 0 + 0",
    )
    assert reconcile(none, some) == (
        "SHFE.rb2605 short: books 0 today + 0 yesterday lots, venue 1 + 3",
    )
    old = venue_state((replace(SHORT, today_lots=0),))
    assert len(reconcile(old, none)) == 1, "yesterday's lots alone"
    assert len(reconcile(venue_state((replace(SHORT, yesterday_lots=0),)), none)) == 1


def test_all_positions_are_compared_in_order() -> None:
    rows = tuple(replace(ROW, instrument=id_) for id_ in (RB, IF, M))
    words = reconcile(venue_state(rows), venue_state((SHORT,)))
    assert [word.split(":")[0] for word in words] == [
        "CFFEX.IF2603 long", "DCE.m2605 long", "SHFE.rb2605 long", "SHFE.rb2605 short",
    ]  # fmt: skip


def test_the_sentence_on_money_has_every_figure() -> None:
    here, there = venue_state(), venue_state()
    here.account = account(1000.0, closed_profit=11.0, fees=3.0, position_profit=5.0)
    there.account = account(990.0, closed_profit=12.0, fees=4.0, position_profit=7.0)
    found = compare(here, there)
    (word,) = found.money
    assert word == (
        "equity without position profit: books 995.0000, venue 983.0000 "
        "(opening 1000.00 / 990.00, closed profit 11.00 / 12.00, fees 3.00 / 4.00)"
    )
    assert (found.holdings, found.all) == ((), found.money)


@pytest.mark.parametrize(("away", "differs"), [(0.004, 0), (-0.004, 0), (0.006, 1), (-0.006, 1)])
def test_half_a_cent_is_no_difference(away: float, differs: int) -> None:
    there = venue_state()
    there.account = replace(there.account, balance=1_000_000.0 + away)
    assert len(reconcile(venue_state(), there)) == differs


def test_exactly_half_a_cent_is_none() -> None:
    here, there = venue_state(), venue_state()
    here.account, there.account = account(0.005), account(0.0)
    assert reconcile(here, there) == ()


def test_orders_are_the_same_by_the_venues_name_on_their_exchange() -> None:
    desk = Desk()
    desk.submit()
    order = replace(desk.venue.sent[0], status=S.ACCEPTED, venue_order_id=VenueOrderId("  7"))
    renamed = replace(order, id=OrderId(""))
    assert reconcile(venue_state(orders=(order,)), venue_state(orders=(renamed,))) == ()
    elsewhere = replace(renamed, instrument=M)
    found = compare(venue_state(orders=(order,)), venue_state(orders=(elsewhere,)))
    assert found.orders == (
        "order  (DCE 7) is live at the venue only",
        f"order {order.id} (SHFE 7) is live in the books only",
    )
    filled = replace(order, traded_lots=1, lots=2)
    assert compare(venue_state(orders=(order,)), venue_state(orders=(filled,))).orders == (
        f"order {order.id}: 0 traded lots, venue 1",
    )
    nameless = replace(filled, id=OrderId(""))
    assert compare(venue_state(orders=(order,)), venue_state(orders=(nameless,))).orders == (
        f"order {order.id}: 0 traded lots, venue 1",
    )
    assert found.holdings == found.orders, "what stops trading"
    over = replace(order, status=S.CANCELLED)
    assert reconcile(venue_state(orders=(over,)), venue_state()) == ()


def test_another_day_is_all_that_is_said() -> None:
    found = compare(venue_state((ROW,)), venue_state(day=DAY + 1))
    assert found.day == (f"trading day: books {DAY}, venue {DAY + 1}",)
    assert found.all == found.holdings == found.day


def test_what_would_mend_each_difference() -> None:
    ours = venue_state((ROW, replace(ROW, instrument=M), replace(ROW, instrument=IF)))
    fewer = replace(ROW, today_lots=1, average_price=3460.0, cost_price=3470.0)
    theirs = venue_state((fewer, SHORT, replace(ROW, instrument=IF)))
    found = {(a.instrument, a.direction): a for a in adjustments(ours, theirs, STOCK, "me", 7)}
    assert len(found) == 3, "IF is as it should be"
    one, new = found[RB, Direction.LONG], found[RB, Direction.SHORT]
    assert (one.books_today, one.books_yesterday, one.today_lots, one.yesterday_lots) == (
        2, 0, 1, 0,
    )  # fmt: skip
    assert (one.average_price, one.cost_price, one.who, one.ts_init) == (3460.0, 3470.0, "me", 7)
    assert (new.books_today, new.books_yesterday, new.today_lots, new.yesterday_lots) == (
        0, 0, 1, 3,
    )  # fmt: skip
    over = found[M, Direction.LONG]
    assert (over.today_lots, over.average_price, over.cause) == (0, 3450.0, "venue")
    partly = adjustments(ours, theirs, set(), "me", 7)
    assert {a.cause for a in partly if a.today_lots} == {"venue"}, "it has lots: it is not over"


# ------------------------------------------------------------ in flight, money, looks


@pytest.mark.parametrize(
    ("changes", "flies"),
    [
        ({"status": S.SUBMITTED}, True), ({"status": S.UNRESOLVED}, True),
        ({"status": S.ACCEPTED}, False), ({"status": S.PARTIALLY_FILLED}, False),
        ({"status": S.PARTIALLY_FILLED, "traded_lots": 2, "booked_lots": 1}, True),
        ({"status": S.CANCELLED, "traded_lots": 1, "booked_lots": 1}, False),
        ({"status": S.ACCEPTED, "cancel_requested": True}, True),
        ({"status": S.CANCELLED, "cancel_requested": True}, False),
    ],
)  # fmt: skip
def test_what_is_in_flight(changes: dict[str, object], flies: bool) -> None:
    desk = Desk()
    desk.submit(lots=3)
    order = desk.venue.sent[0]
    assert _is_in_flight(replace(order, **changes)) is flies


@pytest.mark.parametrize(("away", "taken"), [(99.0, True), (-99.0, True), (101.0, False)])
def test_a_little_money_is_a_share_of_the_equity_without_floating_profit(
    away: float, taken: bool
) -> None:
    section = TradingSection(reconcile_s=0, money_tolerance_percent=0.01)
    desk = Desk(simulated=False, trading=section)
    state = venue_state()
    state.account = account(1_000_000.0 + away, position_profit=0.0)
    state.account = replace(
        state.account, balance=1_000_000.0 + away + 5_000.0, position_profit=5_000.0
    )
    desk.venue.snapshot = state
    ask(desk)
    assert desk.seen(Reconciled)[-1].agreed is taken
    assert (desk.books.account().pre_balance != 1_000_000.0) is taken


def test_agreement_ends_what_was_seen_before() -> None:
    """A difference, agreement, the same difference: that is a first look again."""
    desk = live()
    changed(desk, ROW)
    ask(desk)
    adjusting = desk.manager.sync.adjusting
    assert len(adjusting.differences) == 1
    changed(desk)
    ask(desk)
    assert (adjusting.differences, adjusting.confirmed) == ((), False)
    changed(desk, ROW)
    ask(desk)
    assert not adjusting.confirmed
    ask(desk)
    assert adjusting.confirmed


def test_agreement_on_a_new_day_ends_it_too() -> None:
    desk = live()
    adjusting = desk.manager.sync.adjusting
    adjusting.new_day()
    changed(desk, ROW)
    ask(desk)
    assert len(adjusting.differences) == 1
    changed(desk)
    ask(desk)
    assert adjusting.differences == ()
    changed(desk, ROW)
    ask(desk)
    assert not adjusting.confirmed, "a first look"


def test_an_order_in_flight_ends_what_was_seen_before() -> None:
    desk = live()
    desk.post(SetTradingState(TradingState.ACTIVE, "me", "go", 1))
    id_ = desk.submit()
    desk.report(id_, S.ACCEPTED)
    order = desk.manager.order(id_)
    assert order is not None
    changed(desk, ROW)
    assert desk.venue.snapshot is not None
    desk.venue.snapshot.orders = (order,)
    ask(desk)
    adjusting = desk.manager.sync.adjusting
    assert len(adjusting.differences) == 1
    desk.cancel(id_)
    ask(desk)
    assert adjusting.differences == ()
    desk.report(id_, S.CANCELLED)
    desk.venue.snapshot.orders = ()
    ask(desk)
    assert not adjusting.confirmed, "a first look"


def test_the_word_that_was_taken_is_forgotten_and_written_down() -> None:
    desk = live()
    changed(desk, ROW)
    ask(desk)
    ask(desk)
    adjusting = desk.manager.sync.adjusting
    word(desk)
    assert (adjusting.differences, adjusting.confirmed) == ((), False)
    (told,) = desk.seen(PositionAdjusted)
    assert [e for e in desk.recorded if isinstance(e, PositionAdjusted)] == [told]


def test_a_word_on_other_differences_is_refused_aloud() -> None:
    desk = live()
    changed(desk, ROW)
    ask(desk)
    ask(desk)
    word(desk, "something else")
    assert "refused: these are not the differences" in desk.seen(AlertRaised)[-1].text


def test_a_new_trading_day_ends_what_was_seen_before() -> None:
    desk = live()
    changed(desk, ROW)
    ask(desk)
    ask(desk)
    assert desk.manager.sync.adjusting.confirmed
    desk.manager.sync.adjusting.new_day()
    assert not desk.manager.sync.adjusting.confirmed
    queries = desk.venue.queries
    desk.advance(5)
    assert desk.venue.queries == queries, "nor is a second look due"


def test_the_second_look_comes_by_itself_and_once() -> None:
    desk = live()
    changed(desk, ROW)
    ask(desk)
    queries = desk.venue.queries
    desk.advance(0.9)
    assert desk.venue.queries == queries
    desk.advance(10)
    assert desk.venue.queries == queries + 1
    assert desk.manager.sync.adjusting.confirmed


def test_a_little_money_is_a_share_of_what_the_venue_has() -> None:
    section = TradingSection(reconcile_s=0, money_tolerance_percent=50)
    desk = Desk(simulated=False, trading=section)
    desk.venue.snapshot = venue_state(balance=600_000.0)
    ask(desk)
    assert not desk.seen(Reconciled)[-1].agreed, "half of 600,000 is not 400,000"


def test_before_anything_differed_there_is_no_word_to_be_taken() -> None:
    desk = Desk(ready=False)
    desk.post(AcceptVenue((), "me", 1))
    (told,) = desk.seen(Audited)
    assert told.result.startswith("refused")


def test_a_new_day_takes_the_venues_figures_where_all_agrees_too() -> None:
    desk = live()
    desk.recorded.clear()
    desk.venue.snapshot = venue_state(day=DAY + 1)
    desk.post(TradingDayChanged("test", DAY + 1, desk.clock.now()))
    assert len([e for e in desk.recorded if isinstance(e, VenueTaken)]) == 1


def test_a_little_money_is_judged_without_our_floating_profit() -> None:
    desk = live()
    desk.post(SetTradingState(TradingState.ACTIVE, "me", "go", 1))
    desk.trade(Side.BUY, 20, 3500.0)
    desk.tick(RB, 3600.0)
    state = venue_state(desk.books.positions())
    ours = desk.books.account()
    assert ours.position_profit == 20_000.0
    state.account = replace(ours, balance=ours.balance - 20_000.0 - 8.0, position_profit=0.0)
    desk.venue.snapshot = state
    ask(desk)
    assert desk.seen(Reconciled)[-1].agreed
    assert "(money)" in desk.seen(AlertRaised)[-1].text


def test_the_word_taken_at_a_settlement_is_no_warning() -> None:
    desk = live()
    desk.manager.sync.adjusting.new_day()
    desk.venue.snapshot = venue_state(balance=999_500.0)
    ask(desk)
    alert = desk.seen(AlertRaised)[-1]
    assert alert.severity.value == "info"
    assert "settlement" in alert.text
    audit = desk.seen(Audited)[-1]
    assert (audit.who, audit.action) == ("settlement", "adjust")


# ------------------------------------------------------------ what expires


@pytest.mark.parametrize(("side", "direction"), list(zip(Side, Direction, strict=True)))
def test_an_expired_contract_leaves_the_books_that_held_it_so(
    side: Side, direction: Direction
) -> None:
    desk = Desk()
    desk.trade(side, 1, 3500.0)
    desk.trade(side.opposite, 2, 3500.0, strategy="beta")
    desk.trade(side, 1, 3500.0, IF)
    change = PositionAdjusted(
        ACCOUNT, RB, direction, 1, 0, 0, 0, 3500.0, 3510.0, "expired", "expiry", 1
    )
    fees = desk.books.book(ALPHA, RB).fees
    expire(desk.books, replace(change, cause="venue"))
    assert desk.books.book(ALPHA, RB).net_lots == side.sign
    expire(desk.books, replace(change, instrument=UNLISTED))
    expire(desk.books, change)
    book = desk.books.book(ALPHA, RB)
    assert (book.net_lots, book.closed_profit, book.fees) == (0, 100.0 * side.sign, fees)
    assert desk.books.book(BETA, RB).net_lots == -2 * side.sign
    assert desk.books.book(ALPHA, IF).net_lots == side.sign


def test_lots_that_expired_are_told_with_their_number_and_price() -> None:
    desk = Desk()
    change = PositionAdjusted(
        ACCOUNT, RB, Direction.LONG, 1, 3, 0, 0, 3500.0, 3510.0, "expired", "expiry", 1
    )
    desk.manager.sync.adjusting._adjust(change)
    desk.bus.run_until_idle()
    (told,) = desk.seen(AlertRaised)
    assert told.text.startswith(
        "SHFE.rb2605 has expired: 4 long lots left the books at 3510, their last settlement"
    )
    desk.manager.sync.adjusting._adjust(replace(change, cause="venue"))
    desk.bus.run_until_idle()
    assert len(desk.seen(AlertRaised)) == 1


# ------------------------------------------------------------ what is missing


def test_a_shortage_of_one_lot_of_each_direction() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    desk.trade(Side.SELL, 1, strategy="beta")
    contract = desk.books.contract(RB)
    assert contract is not None
    assert shortages.shortages(desk.books) == ()
    contract.long.replace(())
    contract.short.replace(())
    assert shortages.shortages(desk.books) == (
        shortages.Shortage(RB, Direction.LONG, 1, ((ALPHA, 1),)),
        shortages.Shortage(RB, Direction.SHORT, 1, ((BETA, 1),)),
    )
    texts = [row.text() for row in shortages.shortages(desk.books)]
    assert texts[0] == "SHFE.rb2605 long: 1 lots (alpha 1)"


def test_a_contract_that_is_not_listed_hides_no_other() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    desk.books.net_book(ALPHA, UNLISTED, 10.0).carry(1, 1.0)
    desk.books.net_book(ALPHA, InstrumentId("A.gone"), 10.0).carry(1, 1.0)
    contract = desk.books.contract(RB)
    assert contract is not None
    contract.long.replace(())
    assert [row.instrument for row in shortages.shortages(desk.books)] == [RB]


def test_the_trader_is_blocked_and_no_program_to_be_stopped() -> None:
    rows = (shortages.Shortage(RB, Direction.LONG, 1, ((ALPHA, 1), (MANUAL, 2))),)
    assert shortages.blocked(rows) == {ALPHA, MANUAL}
    assert shortages.stopped(rows) == {ALPHA}


def _lost(direction: Direction, strategy: StrategyId, lots: int) -> AssignLoss:
    return AssignLoss(RB, direction, strategy, lots, "me", 1)


def test_why_lots_cannot_be_assigned() -> None:
    desk = gone(2)
    refusal = shortages.refusal
    assert refusal(desk.books, _lost(Direction.LONG, ALPHA, 2)) is None
    assert refusal(desk.books, _lost(Direction.LONG, ALPHA, 1)) is None
    assert refusal(desk.books, _lost(Direction.LONG, ALPHA, 3)) == (
        "alpha can lose 1 to 2 of the 2 lots that are missing"
    )
    assert refusal(desk.books, _lost(Direction.LONG, StrategyId("gamma"), 1)) == (
        "gamma can lose 1 to 0 of the 2 lots that are missing"
    )
    assert refusal(desk.books, _lost(Direction.LONG, ALPHA, 0)) is not None
    assert refusal(desk.books, _lost(Direction.SHORT, ALPHA, 1)) == (
        "no lots of SHFE.rb2605 short are missing"
    )
    other = replace(_lost(Direction.LONG, ALPHA, 1), instrument=IF)
    assert refusal(desk.books, other) == "no lots of CFFEX.IF2603 long are missing"


def test_short_lots_that_are_gone_are_bought_back_without_a_fee() -> None:
    desk = Desk()
    desk.trade(Side.SELL, 3, 3500.0)
    desk.post(
        TradeReported(
            None, VenueOrderId("  9"), TradeId("f1"), RB, Side.BUY, Offset.CLOSE_TODAY, 3480.0, 2,
            DAY, 1, 1,
        )
    )  # fmt: skip
    before = desk.books.book(ALPHA, RB)
    desk.post(AssignLoss(RB, Direction.SHORT, ALPHA, 2, "me", 1))
    (done,) = desk.seen(LossAssigned)
    assert (done.price, done.lots, done.direction) == (3480.0, 2, Direction.SHORT)
    after = desk.books.book(ALPHA, RB)
    assert (after.net_lots, after.closed_profit, after.fees) == (-1, 400.0, before.fees)
    assert desk.books.book(UNATTRIBUTED, RB).net_lots == 0
    assert shortages.shortages(desk.books) == ()


def test_one_lot_goes_at_what_nobody_got_for_it() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1, 3500.0)
    desk.books.net_book(UNATTRIBUTED, RB, 10.0).carry(-1, 3480.0)
    assert shortages.price_of(desk.books, _lost(Direction.LONG, ALPHA, 1)) == 3480.0


def test_lots_that_nobody_got_anything_for_go_at_their_own_average() -> None:
    desk = gone()
    desk.books.net_book(UNATTRIBUTED, RB, 10.0).carry(3, 3600.0)
    assert shortages.price_of(desk.books, _lost(Direction.LONG, BETA, 1)) == 3510.0
    wanted = replace(_lost(Direction.LONG, BETA, 1), instrument=UNLISTED)
    with pytest.raises(LookupError, match="not a listed contract"):
        shortages.price_of(desk.books, wanted)


def test_a_strategy_is_told_to_stop_once_and_the_next_one_too() -> None:
    desk = gone(3)
    stops = [c.strategy for c in desk.seen(StrategyCommand) if c.action == "stop"]
    assert stops == [ALPHA, BETA]
    ask(desk)
    assert len([c for c in desk.seen(StrategyCommand) if c.action == "stop"]) == 2
    assign(desk, ALPHA, 3)
    assert desk.books.blocked == frozenset()
    assert not [a for a in desk.seen(AlertRaised) if "fewer lots" in a.text][1:]


def test_a_strategys_own_close_is_no_reason_to_look_for_missing_lots() -> None:
    desk = Desk()
    looked: list[int] = []
    desk.manager.sync.adjusting.look_for_shortages = lambda: looked.append(1)  # type: ignore[method-assign]
    desk.trade(Side.BUY, 2)
    desk.trade(Side.SELL, 1)
    desk.trade(Side.BUY, 1, strategy=UNATTRIBUTED)
    assert looked == []
    desk.trade(Side.SELL, 1, strategy=UNATTRIBUTED)
    assert looked == [1]
