"""Positions, margin, fees, profits, account and settlement as CTP computes them (FACTS A9-A12)."""

import pytest
from tests.unit.exchange.bench import DAY, IF, ME, NEXT, RB, Bench, M, at, contract, products

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.records import Fill, OrderReport
from homalos.model.enums import Direction, Offset, OrderStatus, Side, TimeInForce
from homalos.model.market import Fees, Rate

BUY, SELL = Side.BUY, Side.SELL
LONG = Direction.LONG


def settle(floor: Bench, day: int = DAY) -> None:
    floor.go(at(16, day=day))


def test_index_future_open_and_close_on_one_day() -> None:
    floor = Bench(cash=1_000_000.0)
    floor.tick(IF, 3999.8, 4000.0)
    floor.order(IF, BUY, 2, 4000.0)
    money = floor.exchange.account(ME)
    assert money.fees == 55.2, "2 x 4000 x 300 x 0.000023"
    assert money.margin == pytest.approx(2 * 4000 * 300 * 0.12)
    floor.tick(IF, 4010.0, 4010.2, last=4010.0)
    money = floor.exchange.account(ME)
    assert money.position_profit == pytest.approx(6000.0)
    assert money.balance == pytest.approx(1_000_000 + 6000 - 55.2)
    assert money.available == pytest.approx(money.balance - 288_000)
    floor.order(IF, SELL, 1, 4010.0, offset=Offset.CLOSE)
    fill = floor.exchange.fills(ME)[-1]
    assert fill.offset is Offset.CLOSE
    assert fill.fee == 276.69, "1 x 4010 x 300 x 0.00023, close today"
    assert fill.closed_profit == pytest.approx(3000.0)
    money = floor.exchange.account(ME)
    assert money.closed_profit == pytest.approx(3000.0)
    assert money.position_profit == pytest.approx(3000.0)
    assert money.margin == pytest.approx(144_000)


def test_an_open_order_freezes_margin_and_fee_until_it_trades_or_ends() -> None:
    floor = Bench(cash=100_000.0)
    floor.tick(RB, 3000, 3002)
    order_id = floor.order(RB, BUY, 10, 2990)
    money = floor.exchange.account(ME)
    assert money.frozen_margin == pytest.approx(10 * 2990 * 10 * 0.1)
    assert money.frozen_fees == pytest.approx(10 * 2990 * 10 * 0.0001)
    assert money.available == pytest.approx(100_000 - money.frozen_margin - money.frozen_fees)
    floor.order(RB, BUY, 24, 3000)
    assert floor.exchange.orders(ME)[-1].id == order_id, "31: the rest is not enough"
    floor.exchange.cancel(ME, order_id)
    money = floor.exchange.account(ME)
    assert (money.frozen_margin, money.frozen_fees, money.available) == (0, 0, 100_000)


def test_close_orders_freeze_lots_by_bucket() -> None:
    floor = Bench()
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 5, 3001)
    settle(floor)
    floor.go(at(9, 30, day=NEXT))
    floor.tick(RB, 3000, 3001, day=NEXT)
    floor.order(RB, BUY, 3, 3001)
    floor.order(RB, SELL, 2, 3050, offset=Offset.CLOSE_TODAY)
    floor.order(RB, SELL, 4, 3050, offset=Offset.CLOSE)
    (position,) = floor.exchange.positions(ME)
    assert (position.today_lots, position.yesterday_lots) == (3, 5)
    assert (position.frozen_today, position.frozen_yesterday) == (2, 4)
    floor.heard()
    for offset, lots, code in (
        (Offset.CLOSE_TODAY, 2, 50), (Offset.CLOSE, 2, 51), (Offset.CLOSE_YESTERDAY, 2, 51),
    ):  # fmt: skip
        floor.order(RB, SELL, lots, 3050, offset=offset)
        report = floor.words.pop()
        assert isinstance(report, OrderReport)
        assert report.code == code
    floor.order(RB, SELL, 1, 3000, offset=Offset.CLOSE)
    assert floor.exchange.fills(ME)[-1].offset is Offset.CLOSE_YESTERDAY


def test_elsewhere_lots_go_first_in_first_out_and_pay_todays_rate_first() -> None:
    floor = Bench()
    floor.tick(M, 2999, 3000)
    floor.order(M, BUY, 2, 3000)
    settle(floor)
    item = products().instrument(M.id, NEXT)
    assert item is not None
    floor.go(at(9, 30, day=NEXT))
    floor.tick(M, 3019, 3020, day=NEXT)
    floor.order(M, BUY, 3, 3020)
    floor.order(M, SELL, 4, 3019, offset=Offset.CLOSE_TODAY)
    fill = floor.exchange.fills(ME)[-1]
    assert fill.offset is Offset.CLOSE, "converted by CTP"
    assert fill.closed_profit == pytest.approx((2 * 20 + 2 * -1) * 10), "yesterday's lots first"
    fees = item.fees
    per_lot = 3019 * 10
    today = fees.close_today.by_lot + fees.close_today.by_money * per_lot
    old = fees.close.by_lot + fees.close.by_money * per_lot
    assert fill.fee == pytest.approx(3 * today + 1 * old, abs=0.005), "FACTS A9"
    (position,) = floor.exchange.positions(ME)
    assert (position.today_lots, position.yesterday_lots) == (1, 0)


def test_settlement_pays_the_profit_and_rolls_the_lots() -> None:
    floor = Bench(cash=1_000_000.0)
    floor.tick(RB, 3000, 3001, pre=2990.0)
    floor.order(RB, BUY, 2, 3001)
    working = floor.order(RB, BUY, 1, 2900)
    # 1,000 lots for 30,050,000 yuan: 3005 a ton.
    floor.tick(RB, 3009, 3010, last=3010, volume=1000, turnover=30_050_000.0)
    fees = floor.exchange.account(ME).fees
    floor.heard()
    settle(floor)
    assert floor.days == [NEXT]
    assert floor.exchange.trading_day == NEXT
    assert floor.heard() == ["accepted# 0", "cancelled# 0"], "orders expire"
    assert working not in {order.id for order in floor.exchange.orders(ME)}
    money = floor.exchange.account(ME)
    assert money.pre_balance == pytest.approx(1_000_000 + 2 * 4 * 10 - fees)
    assert (money.deposit, money.fees, money.closed_profit) == (0, 0, 0)
    (position,) = floor.exchange.positions(ME)
    assert (position.yesterday_lots, position.today_lots) == (2, 0)
    assert position.cost_price == 3005
    assert position.average_price == 3001, "the opening price stays (逐笔)"
    assert money.position_profit == pytest.approx(2 * 5 * 10), "from the settlement, not 3001"
    item = products().instrument(RB.id, NEXT)
    assert item is not None
    assert position.margin == pytest.approx(2 * 3005 * 10 * item.long_margin.by_money)
    assert item in floor.listed, "contracts as of the new day"


def test_the_feeds_own_settlement_wins_and_nonsense_turnover_does_not() -> None:
    floor = Bench()
    floor.tick(RB, 3000, 3001, volume=1000, turnover=3_000_000.0)
    floor.tick(M, 3000, 3001, volume=10, turnover=1.0, settlement=2995.0)
    floor.order(RB, BUY, 1, 3001)
    floor.order(M, BUY, 1, 3001)
    settle(floor)
    costs = {p.instrument: p.cost_price for p in floor.exchange.positions(ME)}
    assert costs == {RB.id: 3000, M.id: 2995}, "no multiplier in it: the last price instead"


def test_limits_of_the_next_day_come_from_the_settlement() -> None:
    floor = Bench()
    floor.tick(RB, 3000, 3001)
    settle(floor)
    floor.go(at(21, 0))
    floor.tick(RB, 3000, 3001, day=NEXT)
    floor.order(RB, BUY, 1, 4000)
    assert "涨停板" in floor.exchange.orders(ME)[-1].message
    assert not floor.exchange.skipped


@pytest.mark.parametrize(
    ("rule", "price"), [("open", 3001), ("last", 3100), ("pre_settlement", 3001)]
)
def test_margin_price_of_todays_lots(rule: str, price: float) -> None:
    floor = Bench(ExchangeSection(margin_price=rule))  # type: ignore[arg-type]
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 1, 3001)
    floor.tick(RB, 3099, 3101, last=3100)
    assert floor.exchange.account(ME).margin == pytest.approx(price * 10 * 0.1)


@pytest.mark.parametrize(
    ("counts", "after_gain", "after_loss"),
    [("both", 90, -90), ("loss_only", 0, -90), ("profit_only", 90, 0), ("neither", 0, 0)],
)
def test_what_counts_in_the_available_funds(
    counts: str, after_gain: float, after_loss: float
) -> None:
    floor = Bench(ExchangeSection(available_counts=counts))  # type: ignore[arg-type]
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 1, 3001)
    base = floor.exchange.account(ME)
    free = base.balance - base.position_profit - base.margin
    for last, moved in ((3010, after_gain), (2992, after_loss)):
        floor.tick(RB, last - 1, last + 1, last=last)
        assert floor.exchange.account(ME).available == pytest.approx(free + moved)


@pytest.mark.parametrize(("last", "used"), [(3010, 90), (2992, 0)])
def test_closed_profit_that_is_not_available_today(last: float, used: float) -> None:
    floor = Bench(ExchangeSection(available_includes_closed_profit=False))
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 1, 3001)
    floor.tick(RB, last, last + 1, last=last)
    floor.order(RB, Side.SELL, 1, last, offset=Offset.CLOSE_TODAY)
    found = floor.exchange.account(ME)
    assert found.closed_profit == pytest.approx((last - 3001) * 10)
    assert found.available == pytest.approx(found.balance - used)


def test_fees_are_rounded_to_the_cent_if_so_set() -> None:
    item = contract("SHFE.ni2601", multiplier=1, tick_size=10, fees=Fees(Rate(0.0000123)))
    for round_fees, fee in ((True, 1.48), (False, 1.476)):
        floor = Bench(ExchangeSection(round_fees=round_fees), instruments=(item,))
        floor.tick(item, 119_990, 120_000)
        floor.order(item, BUY, 1, 120_000)
        assert floor.exchange.account(ME).fees == pytest.approx(fee)


def test_cash_in_and_out() -> None:
    floor = Bench(cash=1000.0)
    floor.exchange.deposit(ME, 500.0)
    floor.exchange.withdraw(ME, 200.0)
    money = floor.exchange.account(ME)
    assert (money.deposit, money.withdraw, money.balance) == (1500, 200, 1300)
    for wrong in (-1.0, float("nan"), 1e300):
        with pytest.raises(ValueError, match="sum of money"):
            floor.exchange.deposit(ME, wrong)
    with pytest.raises(ValueError, match="available"):
        floor.exchange.withdraw(ME, 1300.01)
    floor.exchange.open_account(ME)
    assert floor.exchange.account(ME).balance == 1300, "opened once"


def test_short_lots_and_both_directions_at_once() -> None:
    floor = Bench()
    floor.tick(RB, 3000, 3001)
    floor.order(RB, BUY, 2, 3001)
    floor.order(RB, SELL, 3, 3000)
    long, short = floor.exchange.positions(ME)
    assert (long.direction, long.lots, short.lots) == (LONG, 2, 3)
    floor.tick(RB, 3009, 3011, last=3010)
    assert floor.exchange.account(ME).position_profit == pytest.approx((2 * 9 - 3 * 10) * 10)
    floor.order(RB, BUY, 3, 3011, offset=Offset.CLOSE_TODAY, tif=TimeInForce.FAK)
    assert floor.exchange.account(ME).closed_profit == pytest.approx(-3 * 11 * 10)
    assert [o.status for o in floor.exchange.orders(ME)].count(OrderStatus.FILLED) == 3
    assert all(isinstance(word, Fill | OrderReport) for word in floor.words)
