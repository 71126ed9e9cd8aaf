"""Worked examples of the ledger: lots, fees, margins, profits, the roll, what a venue restores."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, DAY, IF, RB, Desk, instrument, venue_state

from homalos.config.sections.trading import TradingSection
from homalos.model.enums import Direction, Offset, Side
from homalos.model.events import AccountSnapshot, InstrumentListed, TradeFilled, TradingDayChanged
from homalos.model.ids import UNATTRIBUTED, StrategyId, TradeId
from homalos.model.trading import Position, Trade

ALPHA = StrategyId("alpha")


def _next_day(desk: Desk) -> None:
    desk.venue.snapshot = None
    desk.post(TradingDayChanged("test", desk.books.trading_day + 1, desk.clock.now()))


def test_margin_profit_and_account_of_an_open() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2, 3500.0)
    desk.tick(RB, 3520.0)
    account = desk.books.account()
    assert account.margin == pytest.approx(2 * 3500 * 10 * 0.1)
    assert account.position_profit == pytest.approx(2 * 20 * 10)
    assert account.fees == 7.0
    assert account.balance == pytest.approx(1_000_000 + 400 - 7)
    assert account.available == pytest.approx(account.balance - 7000)
    row = desk.books.position(RB, Direction.LONG)
    assert (row.today_lots, row.average_price, row.position_profit) == (2, 3500.0, 400.0)


def test_short_margin_has_its_own_rate() -> None:
    desk = Desk()
    desk.trade(Side.SELL, 1, 3500.0)
    assert desk.books.account().margin == pytest.approx(3500 * 10 * 0.12)


@pytest.mark.parametrize(("setting", "price"), [("open", 3500), ("last", 3600)])
def test_margin_price_of_todays_lots(setting: str, price: float) -> None:
    section = TradingSection(margin_price=setting, reconcile_s=0)  # type: ignore[arg-type]
    desk = Desk(trading=section)
    desk.trade(Side.BUY, 1, 3500.0)
    desk.tick(RB, 3600.0)
    assert desk.books.account().margin == pytest.approx(price * 10 * 0.1)


@pytest.mark.parametrize(
    ("counts", "price", "free"),
    [
        ("both", 3520.0, 200), ("loss_only", 3520.0, 0), ("profit_only", 3520.0, 200),
        ("neither", 3520.0, 0), ("both", 3480.0, -200), ("loss_only", 3480.0, -200),
        ("profit_only", 3480.0, 0), ("neither", 3480.0, 0),
    ],
)  # fmt: skip
def test_which_profit_is_available(counts: str, price: float, free: float) -> None:
    section = TradingSection(available_counts=counts, reconcile_s=0)  # type: ignore[arg-type]
    desk = Desk(trading=section)
    desk.trade(Side.BUY, 1, 3500.0)
    desk.tick(RB, price)
    assert desk.books.account().available == pytest.approx(1_000_000 - 3.5 - 3500 + free)


@pytest.mark.parametrize(("price", "used"), [(3530.0, 300), (3470.0, 0)])
def test_what_closes_earned_today_may_be_out_of_reach_until_tomorrow(
    price: float, used: float
) -> None:
    """CTP's AvailIncludeCloseProfit; a loss counts at once."""
    section = TradingSection(available_includes_closed_profit=False, reconcile_s=0)
    desk = Desk(trading=section)
    desk.trade(Side.BUY, 1, 3500.0)
    desk.tick(RB, price)
    desk.trade(Side.SELL, 1, price)
    found = desk.books.account()
    assert found.closed_profit == pytest.approx((price - 3500) * 10)
    assert found.available == pytest.approx(found.balance - used)
    assert desk.books.funds()[2] == pytest.approx(found.available), "what the risk gate goes by"
    _next_day(desk)
    assert desk.books.account().available == pytest.approx(desk.books.account().balance)


def test_the_roll_settles_and_makes_todays_lots_yesterdays() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2, 3500.0)
    desk.tick(RB, 3510.0)
    _next_day(desk)
    account = desk.books.account()
    assert account.pre_balance == pytest.approx(1_000_000 + 200 - 7)
    assert (account.position_profit, account.closed_profit, account.fees) == (0, 0, 0)
    row = desk.books.position(RB, Direction.LONG)
    assert (row.today_lots, row.yesterday_lots) == (0, 2)
    assert (row.average_price, row.cost_price) == (3500.0, 3510.0)
    desk.trade(Side.SELL, 1, 3530.0)
    trade = desk.seen(TradeFilled)[-1].trade
    assert (trade.offset, trade.closed_profit) == (Offset.CLOSE_YESTERDAY, 200.0)
    assert trade.fee == 3.53


def test_index_future_first_in_first_out_at_the_close_today_rate() -> None:
    """One lot of yesterday, one of today, sell one: yesterday's lot goes, the close-today rate is
    paid (FACTS A9)."""
    desk = Desk()
    desk.trade(Side.BUY, 1, 3500.0, IF)
    desk.tick(IF, 3510.0)
    _next_day(desk)
    desk.trade(Side.BUY, 1, 3520.0, IF)
    desk.trade(Side.SELL, 1, 3530.0, IF)
    trade = desk.seen(TradeFilled)[-1].trade
    assert trade.offset is Offset.CLOSE
    assert trade.closed_profit == pytest.approx(20 * 300), "from the settlement of 3510"
    assert trade.fee == pytest.approx(3530 * 300 * 2.3e-4, abs=0.005)
    row = desk.books.position(IF, Direction.LONG)
    assert (row.today_lots, row.yesterday_lots) == (1, 0)
    desk.trade(Side.SELL, 1, 3530.0, IF)
    assert desk.seen(TradeFilled)[-1].trade.fee == pytest.approx(3530 * 300 * 2.3e-5, abs=0.005)


def test_two_strategies_opposed_keep_their_own_results() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 3, 3500.0)
    desk.trade(Side.SELL, 3, 3510.0, strategy="beta")
    desk.trade(Side.SELL, 3, 3520.0)
    a, b = desk.books.book(ALPHA, RB), desk.books.book(StrategyId("beta"), RB)
    assert (a.net_lots, a.closed_profit) == (0, 600.0)
    assert (b.net_lots, b.average_price) == (-3, 3510.0)
    desk.tick(RB, 3500.0)
    assert desk.books.book(StrategyId("beta"), RB).position_profit == 300.0


def test_a_book_that_turns_restarts_its_average() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 2, 3500.0)
    desk.trade(Side.SELL, 5, 3520.0)
    book = desk.books.book(ALPHA, RB)
    assert (book.net_lots, book.average_price, book.closed_profit) == (-3, 3520.0, 400.0)


def _position(today: int, old: int, cost: float = 3505.0) -> Position:
    return Position(
        ACCOUNT, RB, Direction.LONG, today, old, 0, 0, 3500.0, cost, 0.0, 0.0, None
    )  # fmt: skip


def test_the_venues_positions_are_taken_over_and_belong_to_nobody() -> None:
    desk = Desk(ready=False)
    state = venue_state((_position(1, 2),), closed_profit=50.0, fees=10.0)
    state.account = replace(state.account, balance=1_000_040.0)
    desk.venue.snapshot = state
    desk.open()
    row = desk.books.position(RB, Direction.LONG)
    assert (row.today_lots, row.yesterday_lots, row.cost_price) == (1, 2, 3505.0)
    assert desk.books.book(UNATTRIBUTED, RB).net_lots == 3
    desk.tick(RB, 3505.0)
    account = desk.books.account()
    assert account.balance == pytest.approx(1_000_000 + 50 - 10)
    desk.submit(side=Side.SELL, lots=3, strategy=UNATTRIBUTED)
    assert [o.offset for o in desk.venue.sent] == [Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY]


def test_close_today_lots_are_counted_from_the_days_trades_after_a_start() -> None:
    held = replace(_position(1, 1), instrument=IF)

    def trade(id_: str, side: Side, offset: Offset, lots: int) -> Trade:
        return Trade(
            TradeId(id_), None, ACCOUNT, ALPHA, IF, side, offset, 3500.0, lots, 0, DAY, 1, 1
        )

    trades = (trade("1", Side.BUY, Offset.OPEN, 1), trade("2", Side.SELL, Offset.CLOSE, 1))
    desk = Desk(ready=False)
    desk.venue.snapshot = venue_state((held,), trades=trades)
    desk.open()
    desk.trade(Side.SELL, 1, 3500.0, IF, UNATTRIBUTED)
    assert desk.seen(TradeFilled)[-1].trade.fee == pytest.approx(3500 * 300 * 2.3e-5, abs=0.005)


def test_a_close_that_the_books_cannot_explain_is_told() -> None:
    desk = Desk()
    id_ = desk.submit()
    foreign = desk.trade_report(id_, 2, 3500.0, order_id=None, side=Side.SELL,
                                offset=Offset.CLOSE_TODAY)  # fmt: skip
    desk.post(foreign)
    assert any("SHFE.rb2605" in alert.text for alert in desk.facts if hasattr(alert, "text"))
    assert desk.venue.queries >= 2, "the venue is asked what is so"


def test_snapshots_follow_trades_and_prices_and_rest_when_nothing_moves() -> None:
    desk = Desk()
    desk.advance(20)
    before = len(desk.seen(AccountSnapshot))
    desk.advance(60)
    assert len(desk.seen(AccountSnapshot)) == before
    desk.trade(Side.BUY, 1)
    desk.trade(Side.BUY, 1)
    desk.advance(1)
    assert len(desk.seen(AccountSnapshot)) == before + 1, "trades of one burst share one"
    assert desk.seen(AccountSnapshot)[-1].positions[0].today_lots == 2
    desk.tick(RB, 3600.0)
    desk.advance(6)
    assert len(desk.seen(AccountSnapshot)) == before + 2


def test_new_rates_hold_for_what_is_held() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1)
    dear = replace(instrument(), long_margin=replace(instrument().long_margin, by_money=0.2))
    desk.post(InstrumentListed(dear, desk.clock.now()))
    assert desk.books.account().margin == pytest.approx(7000)


def test_state_is_the_same_for_the_same_trades_and_knows_no_prices() -> None:
    one, two = Desk(), Desk()
    for desk in (one, two):
        desk.trade(Side.BUY, 2)
    two.tick(RB, 3700.0)
    assert one.books.state() == two.books.state()
    two.trade(Side.SELL, 1, 3700.0)
    assert one.books.state() != two.books.state()


def test_lots_that_only_a_strategy_has_are_given_back_at_what_they_cost() -> None:
    """Without any price of the contract yet: a price of nothing would make a profit of it."""
    desk = Desk()
    desk.trade(Side.BUY, 3, 3490.0)
    desk.books.marks.clear()
    desk.books.restore(venue_state())
    desk.tick(RB, 3500.0)
    book = desk.books.book(UNATTRIBUTED, RB)
    assert (book.net_lots, book.average_price) == (-3, 3490.0)
    own = desk.books.book(StrategyId("alpha"), RB)
    assert own.position_profit + book.position_profit == 0.0


def test_the_venue_that_says_nothing_of_profit_by_trade() -> None:
    desk = Desk()
    desk.trade(Side.BUY, 1, 3500.0)
    desk.trade(Side.SELL, 1, 3510.0)
    desk.books.restore(venue_state(closed_profit=100.0))
    assert desk.books.account().closed_profit_by_trade == 100.0, "it has seen the same trades"
    desk.books.restore(venue_state(closed_profit=300.0))
    assert desk.books.account().closed_profit_by_trade is None, "unknown, not guessed"


def test_the_average_of_todays_opens_comes_back_from_the_days_trades() -> None:
    """Two lots opened at 3500 and 3540, one closed: at the average, not at what is left."""

    def trade(id_: str, side: Side, offset: Offset, price: float) -> Trade:
        return Trade(TradeId(id_), None, ACCOUNT, ALPHA, RB, side, offset, price, 1, 0, DAY, 1, 1)

    opened = Offset.OPEN
    trades = (trade("1", Side.BUY, opened, 3500.0), trade("2", Side.BUY, opened, 3540.0),
              trade("3", Side.SELL, Offset.CLOSE_TODAY, 3540.0))  # fmt: skip
    held = replace(_position(1, 0, 3540.0), average_price=3540.0)
    desk = Desk(ready=False, trading=TradingSection(reconcile_s=0, margin_price="average"))
    desk.venue.snapshot = venue_state((held,), trades=trades)
    desk.open()
    assert desk.books.account().margin == pytest.approx(3520 * 10 * 0.1)
