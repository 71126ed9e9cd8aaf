"""The ledger's smallest parts: lots of one side, a contract, what working orders bind."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import ACCOUNT, IF, RB, Desk, M, instrument

from homalos.model.enums import Direction, Offset, Side
from homalos.model.ids import OrderId, StrategyId
from homalos.model.market import Fees, Instrument, Rate
from homalos.trading.contract import Contract
from homalos.trading.exposure import Exposure
from homalos.trading.lots import Lot, LotSide
from homalos.trading.reservations import Reservations, order_cost
from homalos.trading.strategy_book import NetBook

ALPHA, BETA = StrategyId("alpha"), StrategyId("beta")
BUY, SELL = Side.BUY, Side.SELL
OPEN, CLOSE, TODAY = Offset.OPEN, Offset.CLOSE, Offset.CLOSE_TODAY
RATE = Rate(0.1, 2.0)


def held() -> LotSide:
    """Two lots of yesterday, opened at 3400 and settled at 3450; three of today at 3500, 3520."""
    side = LotSide()
    side.open(2, 3400.0, 1)
    side.roll(3450.0)
    side.open(1, 3500.0, 2)
    side.open(2, 3520.0, 2)
    return side


# ------------------------------------------------------------ lots of one side


def test_a_new_side_has_nothing() -> None:
    assert LotSide().state() == ((), 0, 0, 0.0, 0, 0, 0)
    side = LotSide()
    assert (side.closed_profit, side.closed_by_trade, side.rolled, side.rolled_sum) == (0, 0, 0, 0)
    assert (side.lots, side.basis_sum, side.open_sum, side.today_sum) == (0, 0, 0, 0)


def test_sums_of_what_is_held() -> None:
    side = held()
    assert (side.today, side.yesterday, side.lots) == (3, 2, 5)
    assert side.basis_sum == 2 * 3450 + 3500 + 2 * 3520
    assert side.open_sum == 2 * 3400 + 3500 + 2 * 3520
    assert side.today_sum == side.opens_sum == 3500 + 2 * 3520
    assert (side.opens_lots, side.charged_today, side.rolled, side.rolled_sum) == (3, 3, 2, 6900)
    assert [part.opened for part in side.parts] == [1, 2, 2]


def test_first_in_first_out_over_both_days() -> None:
    side = held()
    closed = side.close(3, None)
    assert closed == (2 * 3450 + 3500, 2 * 3400 + 3500, 3, 0)
    assert (side.today, side.yesterday, side.charged_today, side.opens_lots) == (2, 0, 0, 3)
    assert side.close(1, None) == (3520.0, 3520.0, 0, 0), "the close-today rate is used up"
    assert side.close(4, None) == (3520.0, 3520.0, 0, 3), "three that are not there"
    assert side.state()[0] == ()


def test_the_lots_that_the_offset_names() -> None:
    side = held()
    assert side.close(2, True) == (3500.0 + 3520.0, 3500.0 + 3520.0, 2, 0)
    assert (side.today, side.yesterday, side.charged_today) == (1, 2, 1)
    assert side.close(1, False) == (3450.0, 3400.0, 0, 0)
    assert side.close(3, False) == (3450.0, 3400.0, 0, 2)
    assert side.close(2, True) == (3520.0, 3520.0, 2, 1)
    assert (side.lots, side.charged_today) == (0, 0)


def test_the_roll() -> None:
    side = held()
    side.closed_profit = side.closed_by_trade = 7.0
    side.roll(3600.0)
    assert (side.today, side.yesterday, side.charged_today, side.opens_lots) == (0, 5, 0, 0)
    assert (side.opens_sum, side.closed_profit, side.closed_by_trade) == (0, 0, 0)
    assert (side.basis_sum, side.open_sum) == (5 * 3600, 2 * 3400 + 3500 + 2 * 3520)
    assert (side.rolled, side.rolled_sum) == (5, 5 * 3600)
    before = side.basis_sum
    side.roll(None)
    assert (side.basis_sum, side.rolled_sum) == (before, before), "no settlement is known"


def test_a_settlement_that_is_told_late() -> None:
    """Two lots of yesterday at a mark of 3450, one of them sold since; it was 3440."""
    side = held()
    side.close(1, False)
    assert side.settle(3440.0) == (-20.0, -10.0)
    assert (side.basis_sum, side.rolled_sum) == (3440 + 3500 + 2 * 3520, 2 * 3440)
    assert [part.basis for part in side.parts] == [3440, 3500, 3520], "today's stay"
    assert side.settle(3440.0) == (0.0, 0.0)


def test_what_the_venue_says_replaces_lots_and_leaves_what_is_bound() -> None:
    side = held()
    side.freeze(2, True)
    side.replace([Lot(1, 3300.0, 3350.0, 0, False), Lot(0, 1.0, 1.0, 0, True),
                  Lot(4, 3510.0, 3510.0, 2, True)])  # fmt: skip
    assert (side.today, side.yesterday, len(side.parts)) == (4, 1, 2)
    assert (side.charged_today, side.opens_lots, side.opens_sum) == (4, 4, 4 * 3510)
    assert (side.rolled, side.rolled_sum) == (1, 3350)
    assert (side.frozen, side.frozen_today) == (2, 2)


def test_what_is_bound_cannot_be_closed() -> None:
    side = held()
    side.freeze(2, True)
    side.freeze(1, False)
    assert (side.closable(None), side.closable(True), side.closable(False)) == (2, 1, 1)
    assert (side.frozen_split(True), side.frozen_split(False)) == ((2, 1), (1, 2))
    side.freeze(1, None)
    assert (side.closable(None), side.closable(True), side.frozen) == (1, 1, 4)
    side.freeze(-2, True)
    assert side.closable(True) == 3
    side.freeze(9, True)
    side.freeze(9, False)
    assert [side.closable(today) for today in (None, True, False)] == [0, 0, 0]


def test_the_state_of_a_side_and_of_a_contract_has_everything_in_its_place() -> None:
    side = held()
    side.freeze(2, True)
    side.freeze(1, False)
    rows = ((2, 3400.0, 3450.0, 1, False), (1, 3500.0, 3500.0, 2, True),
            (2, 3520.0, 3520.0, 2, True))  # fmt: skip
    assert side.state() == (rows, 3, 3, 3500.0 + 2 * 3520, 3, 2, 1)
    made = both()
    assert made.state() != both_turned().state()
    assert made.state() == both().state()


@pytest.mark.parametrize(
    ("rule", "before", "last", "of_today"),
    [
        ("open", 3450.0, 3600.0, 3500 + 2 * 3520), ("last", 3450.0, 3600.0, 3 * 3600),
        ("last", 3450.0, None, 3500 + 2 * 3520), ("pre_settlement", 3450.0, 3600.0, 3 * 3450),
        ("pre_settlement", None, 3600.0, 3500 + 2 * 3520),
        ("average", 3450.0, 3600.0, 3500 + 2 * 3520),
    ],
)  # fmt: skip
def test_margin(rule: str, before: float | None, last: float | None, of_today: float) -> None:
    margin = held().margin(10.0, RATE, rule, before, last)  # type: ignore[arg-type]
    assert margin == pytest.approx(0.1 * 10 * (2 * 3450 + of_today) + 2.0 * 5)


def test_margin_at_the_average_of_all_opens_of_the_day() -> None:
    side = LotSide()
    side.open(1, 3500.0, 1)
    side.open(1, 3540.0, 1)
    side.close(1, True)
    assert side.margin(10.0, Rate(0.1), "average", None, None) == pytest.approx(3520)
    side.roll(3530.0)
    assert side.margin(10.0, Rate(0.1), "average", None, None) == pytest.approx(3530)


# ------------------------------------------------------------ a contract


def contract(row: Instrument | None = None) -> Contract:
    return Contract(row or instrument(), Exposure().place("SHFE.rb", None))


def both() -> Contract:
    """Three long at 3500, one short at 3520, at the day's open."""
    made = contract()
    made.long.open(3, 3500.0, 1)
    made.short.open(1, 3520.0, 1)
    made.refresh("open", 3510.0)
    return made


def both_turned() -> Contract:
    """Three long at 3500, another one short."""
    made = contract()
    made.long.open(3, 3500.0, 1)
    made.short.open(2, 3520.0, 1)
    made.refresh("open", 3510.0)
    return made


def test_a_new_contract_has_nothing() -> None:
    made = contract()
    assert (made.net, made.basis, made.fees, made.long_margin, made.short_margin) == (0,) * 5
    assert (made.relief, made.pre_settlement, made.closed_profit) == ("", None, 0)
    assert made.idle()


def test_net_basis_margin_and_profit_of_both_sides() -> None:
    made = both()
    assert (made.net, made.basis) == (2, 3 * 3500 - 3520)
    assert made.long_margin == pytest.approx(3 * 3500 * 10 * 0.1)
    assert made.short_margin == pytest.approx(3520 * 10 * 0.12)
    assert made.profit(3510.0) == (3 * 10 + 10) * 10
    assert made.profit_by_trade(3510.0) == (3 * 10 + 10) * 10
    assert (made.profit(None), made.profit_by_trade(None)) == (0.0, 0.0)
    made.long.closed_profit, made.short.closed_profit = 1.5, 2.25
    assert made.closed_profit == 3.75


def test_by_trade_is_from_the_opening_price_whatever_was_settled() -> None:
    made = both()
    made.long.roll(3505.0)
    made.short.roll(3505.0)
    made.refresh("open", None)
    assert made.profit(3510.0) == (3 * 5 - 5) * 10
    assert made.profit_by_trade(3510.0) == (3 * 10 + 10) * 10


def test_which_side_an_order_opens_and_closes() -> None:
    made = both()
    assert made.opening(BUY) is made.closing(SELL) is made.long
    assert made.opening(SELL) is made.closing(BUY) is made.short
    assert made.sides() == ((Direction.LONG, made.long), (Direction.SHORT, made.short))


def test_a_settlement_told_late_moves_both_sides() -> None:
    """At a mark of 3510; two of the long ones and the short one were closed at it since; it was
    3500: 30 points more for the long at the opening, less for the short."""
    made = contract()
    made.long.open(3, 3490.0, 1)
    made.short.open(2, 3520.0, 1)
    for side in (made.long, made.short):
        side.roll(3510.0)
    made.long.close(2, False)
    made.short.close(1, False)
    assert made.settle(3500.0) == ((-3 * 10 + 2 * 10) * 10, (2 * 10 - 10) * 10)
    assert (made.long.closed_profit, made.short.closed_profit) == (200.0, -100.0)
    assert made.pre_settlement == 3500.0


def test_relief_is_by_product_where_the_exchange_grants_it() -> None:
    made = contract(instrument(IF, single_side=True))
    made.refresh("open", None)
    assert made.relief == "CFFEX.IF"
    made.instrument = instrument(IF)
    made.refresh("open", None)
    assert made.relief == ""


def test_the_fee_that_a_working_order_freezes() -> None:
    fees = Fees(Rate(1e-4, 1.0), Rate(2e-4, 2.0), Rate(3e-4, 3.0))
    made = contract(instrument(IF, fees=fees))
    made.long.open(1, 3500.0, 1)
    assert made.fee(BUY, OPEN, 3500.0, 2) == pytest.approx(2 * (105.0 + 1.0))
    assert made.fee(SELL, CLOSE, 3500.0, 3) == pytest.approx(315 + 3 + 2 * (210 + 2))
    assert made.fee(BUY, CLOSE, 3500.0, 1) == pytest.approx(210 + 2), "the short side has none"
    assert made.close_fee(3500.0, 2, 2) == pytest.approx(2 * (315 + 3))


def test_a_position_of_each_direction() -> None:
    made = both()
    made.long.roll(3505.0)
    made.long.open(1, 3508.0, 2)
    made.long.freeze(1, True)
    made.short.freeze(1, True)
    made.long.closed_profit, made.long.closed_by_trade = 4.0, 5.0
    row = made.position(ACCOUNT, Direction.LONG, 3510.0, "open")
    assert (row.today_lots, row.yesterday_lots, row.frozen_today, row.frozen_yesterday) == (
        1, 3, 1, 0,
    )  # fmt: skip
    assert row.average_price == (3 * 3500 + 3508) / 4
    assert row.cost_price == (3 * 3505 + 3508) / 4
    assert (row.position_profit, row.position_profit_by_trade) == (170.0, 320.0)
    assert row.margin == pytest.approx((3 * 3505 + 3508) * 10 * 0.1)
    assert (row.closed_profit, row.closed_profit_by_trade, row.last_price) == (4.0, 5.0, 3510.0)
    short = made.position(ACCOUNT, Direction.SHORT, None, "open")
    assert (short.position_profit, short.position_profit_by_trade, short.lots) == (0.0, 0.0, 1)
    assert short.margin == pytest.approx(3520 * 10 * 0.12)
    assert short.frozen_today == 1
    gained = made.position(ACCOUNT, Direction.SHORT, 3500.0, "open")
    assert (gained.position_profit, gained.position_profit_by_trade) == (200.0, 200.0)
    none = contract().position(ACCOUNT, Direction.LONG, 3500.0, "open")
    assert (none.average_price, none.cost_price, none.margin, none.position_profit) == (0,) * 4


@pytest.mark.parametrize("what", ["long", "short", "buy", "sell"])
def test_idle_is_nothing_held_and_nothing_working(what: str) -> None:
    made = contract()
    if what in ("long", "short"):
        getattr(made, what).open(1, 3500.0, 1)
    else:
        made.working.add(Side(what), True, 1)
    assert not made.idle()


@pytest.mark.parametrize(
    ("side", "opens", "state"),
    [(BUY, True, (4, 0, 0, 0)), (SELL, True, (0, 4, 0, 0)), (BUY, False, (0, 0, 4, 0)),
     (SELL, False, (0, 0, 0, 4))],
)  # fmt: skip
def test_what_works_is_counted_by_what_it_would_do(
    side: Side, opens: bool, state: tuple[int, ...]
) -> None:
    working = contract().working
    assert (working.buy, working.sell, working.state()) == (0, 0, (0, 0, 0, 0))
    working.add(side, opens, 5)
    working.add(side, opens, -1)
    assert working.state() == state
    assert (working.buy, working.sell) == ((4, 0) if side is BUY else (0, 4))


# ------------------------------------------------------------ reservations


def test_what_an_order_freezes_and_sets_free() -> None:
    desk = Desk()
    made = contract(instrument(M))
    desk.submit(instrument=M, lots=4, price=3490.0, side=SELL)
    order = replace(desk.venue.sent[-1], offset=OPEN)
    margin, fee = order_cost(made, order)
    assert (margin, fee) == (pytest.approx(4 * 3490 * 10 * 0.12), 6.0)
    bought = order_cost(made, replace(order, side=BUY))
    assert bought == (pytest.approx(4 * 3490 * 10 * 0.1), 6.0)
    held_, book = Reservations(), NetBook(ALPHA, M, 10.0)
    held_.hold(order, 4, made, book, (margin, fee))
    assert (held_.margin, held_.fees) == (pytest.approx(margin), fee)
    assert (held_.open_lots, held_.open_cents, held_.side_cents) == (4, 13_960_000, [13_960_000, 0])
    assert held_.keep(order.id, 1)
    assert (held_.margin, held_.fees) == (pytest.approx(margin / 4), 1.5)
    assert made.working.state() == book.working.state() == (0, 1, 0, 0)
    assert (made.place.product.opens, made.place.product.sell) == (1, 1)
    assert held_.keep(order.id, 0)
    assert (held_.margin, held_.fees, held_.open_lots, held_.open_cents) == (0, 0, 0, 0)
    assert (held_.side_cents, held_.state()) == ([0, 0], ())
    assert not held_.keep(order.id, 0)
    assert not held_.keep(OrderId("nobody"), 1)


@pytest.mark.parametrize(
    ("offset", "bound"), [(TODAY, (2, 2, 0)), (Offset.CLOSE_YESTERDAY, (2, 0, 2))]
)
def test_a_close_binds_lots_and_no_margin(offset: Offset, bound: tuple[int, ...]) -> None:
    desk, made = Desk(), contract()
    made.long.open(2, 3500.0, 1)
    desk.submit(side=SELL, lots=2)
    order = replace(desk.venue.sent[-1], offset=offset)
    margin, fee = order_cost(made, order)
    assert (margin, fee) == (0.0, pytest.approx(21.0 if offset is TODAY else 7.0))
    held_ = Reservations()
    held_.hold(order, 2, made, NetBook(ALPHA, RB, 10.0), (margin, fee))
    side = made.long
    assert (side.frozen, side.frozen_today, side.frozen_yesterday) == bound
    assert (held_.open_lots, held_.open_cents, held_.side_cents) == (0, 0, [7_000_000, 0])
    assert (held_.margin, held_.fees) == (0, pytest.approx(fee))
    assert held_.state() == ((order.id, 2),)


def test_parts_of_a_cent_are_not_lost_over_many_lots() -> None:
    desk, held_ = Desk(), Reservations()
    desk.submit(lots=7)
    order = desk.venue.sent[-1]
    held_.hold(order, 7, contract(), NetBook(ALPHA, RB, 10.0), (100.0, 1.0))
    assert held_.margin == pytest.approx(100.0, abs=1e-5)
    assert held_.fees == pytest.approx(1.0, abs=1e-5)
    assert (held_.margin, held_.fees) == (99.999998, 0.999999), "a lot's share to the nearest"
