"""Who trades with whom, at what price, how many lots."""

import pytest
from tests.unit.exchange.bench import IF, ME, OTHER, RB, TA, Bench, M

from homalos.config.sections.exchange import ExchangeSection
from homalos.exchange.records import OrderReport
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.market import Depth

BUY, SELL = Side.BUY, Side.SELL
FAK, FOK = TimeInForce.FAK, TimeInForce.FOK


@pytest.fixture
def floor() -> Bench:
    return Bench()


def test_an_order_takes_displayed_size_once_per_snapshot(floor: Bench) -> None:
    floor.tick(RB, 99, 100, sizes=(5, 3))
    floor.order(RB, BUY, 2, 100)
    floor.order(RB, BUY, 2, 100)
    assert floor.fills() == [(100, 2), (100, 1)]
    floor.tick(RB, 99, 100, sizes=(5, 3))
    assert floor.fills()[2:] == [(100, 1)], "the next snapshot's size comes to the resting rest"


def test_an_order_walks_the_levels_to_its_limit(floor: Bench) -> None:
    depth = Depth(((98, 4),), ((101, 4), (102, 4)))
    floor.tick(RB, 99, 100, sizes=(1, 1), depth=depth)
    floor.order(RB, BUY, 20, 101)
    assert floor.fills() == [(100, 1), (101, 4)]
    floor.order(RB, SELL, 3, 98, tif=FAK, offset=Offset.CLOSE_TODAY)
    assert floor.fills()[2:] == [(101, 3), (101, 3)], "our own resting bid is the best price"


def test_float_noise_of_a_recording_does_not_hide_a_price(floor: Bench) -> None:
    floor.tick(RB, 99, 100.00000000000005)
    floor.order(RB, BUY, 1, 100)
    assert floor.fills() == [(100, 1)]


def test_two_accounts_trade_with_each_other_by_price_then_time(floor: Bench) -> None:
    first = floor.order(RB, SELL, 2, 101)
    second = floor.order(RB, SELL, 2, 100)
    third = floor.order(RB, SELL, 2, 101)
    floor.order(RB, BUY, 5, 102, account=OTHER)
    assert floor.fills(OTHER) == [(100, 2), (101, 2), (101, 1)]
    orders = {order.id: order for order in floor.exchange.orders(ME)}
    assert [orders[i].traded for i in (second, first, third)] == [2, 2, 1]
    ids = [fill.trade_id for fill in floor.exchange.fills(ME)]
    assert ids == [fill.trade_id for fill in floor.exchange.fills(OTHER)]
    assert len(set(ids)) == 3
    assert all(len(i) == 12 for i in ids)


def test_the_market_stands_before_us_at_the_same_price(floor: Bench) -> None:
    floor.tick(RB, 99, 100, sizes=(5, 3))
    floor.order(RB, SELL, 2, 100)
    floor.order(RB, BUY, 4, 100, account=OTHER)
    assert floor.fills(ME) == [(100, 1)]


@pytest.mark.parametrize(("mode", "filled"), [("through", 0), ("touch", 4)])
def test_touch_fills_at_the_price_up_to_the_volume_traded(mode: str, filled: int) -> None:
    floor = Bench(ExchangeSection(fill=mode))  # type: ignore[arg-type]
    floor.tick(RB, 99, 101, volume=100)
    floor.order(RB, BUY, 10, 99)
    floor.tick(RB, 99, 101, last=99, volume=104)
    assert sum(lots for _, lots in floor.fills()) == filled


def test_resting_orders_fill_when_the_market_trades_through(floor: Bench) -> None:
    floor.tick(RB, 99, 101, volume=100)
    floor.order(RB, BUY, 10, 99)
    floor.tick(RB, 97, 100, last=98, volume=106)
    assert floor.fills() == [(99, 6)], "at its own price, no more than was traded"
    floor.tick(RB, 97, 100, last=98, volume=106)
    assert floor.fills() == [(99, 6)], "no trade, no fill"
    floor.tick(RB, 97, 99, last=98, volume=106, sizes=(5, 2))
    assert floor.fills()[1:] == [(99, 2)], "displayed size has come to it"


def test_traded_volume_is_given_once_to_all_resting_orders(floor: Bench) -> None:
    floor.tick(RB, 99, 103, volume=100)
    floor.order(RB, BUY, 10, 99)
    floor.order(RB, BUY, 10, 100, account=OTHER)
    floor.tick(RB, 97, 104, last=98, volume=112)
    assert floor.fills(OTHER) == [(100, 10)]
    assert floor.fills(ME) == [(99, 2)]


def test_nothing_fills_at_a_locked_limit_by_touch() -> None:
    floor = Bench(ExchangeSection(fill="touch"))
    limits = (90.0, 110.0)
    floor.tick(RB, 110, None, last=110, volume=100, limits=limits)
    floor.order(RB, BUY, 5, 110)
    floor.tick(RB, 110, None, last=110, volume=500, limits=limits)
    assert floor.fills() == []
    floor.tick(RB, 109, 110, last=110, volume=500, limits=limits, sizes=(1, 3))
    assert floor.fills() == [(110, 3)], "the limit is open again"


def test_fak_takes_what_is_there_and_kills_the_rest(floor: Bench) -> None:
    floor.tick(RB, 99, 100, sizes=(5, 3))
    order_id = floor.order(RB, BUY, 5, 100, tif=FAK)
    assert floor.fills() == [(100, 3)]
    assert {o.id: o.status for o in floor.exchange.orders(ME)}[order_id] is OrderStatus.CANCELLED
    assert floor.exchange.account(ME).frozen_margin == 0


def test_fok_is_all_or_nothing(floor: Bench) -> None:
    floor.tick(RB, 99, 100, sizes=(5, 3))
    floor.order(RB, BUY, 4, 100, tif=FOK)
    assert floor.fills() == []
    floor.order(RB, BUY, 3, 100, tif=FOK)
    assert floor.fills() == [(100, 3)]


def test_market_orders_by_exchange(floor: Bench) -> None:
    floor.tick(RB, 99, 100)
    floor.tick(M, 3000, 3001, pre=3000.0)
    floor.tick(IF, 4600, 4600.2)
    floor.tick(TA, 4600, 4602)
    for item in (RB, IF, TA):
        floor.order(item, BUY, 1, 0, kind=OrderKind.MARKET, tif=FAK)
        report = floor.words[-1]
        assert isinstance(report, OrderReport)
        assert (report.status, report.code) == (OrderStatus.REJECTED, 80)
    floor.heard()
    floor.order(M, BUY, 12, 0, kind=OrderKind.MARKET, tif=FAK)
    assert floor.fills() == [(3001, 10)]
    floor.order(M, BUY, 1, 0, kind=OrderKind.MARKET)
    assert "不被支持的报单类型" in floor.exchange.orders(ME)[-1].message


def test_self_trade_is_a_setting() -> None:
    for mode, trades in (("allow", 2), ("refuse", 0)):
        floor = Bench(ExchangeSection(self_trade=mode))  # type: ignore[arg-type]
        floor.order(RB, SELL, 1, 100)
        floor.order(RB, BUY, 1, 100)
        assert len(floor.fills()) == trades
        assert floor.exchange.counters["self_crosses"] == trades // 2


def test_settings_that_hold_at_once(floor: Bench) -> None:
    floor.tick(RB, 99, 101, volume=100)
    floor.order(RB, BUY, 1, 99)
    floor.exchange.configure(ExchangeSection(fill="touch", self_trade="refuse"))
    floor.tick(RB, 99, 101, last=99, volume=110)
    assert floor.fills() == [(99, 1)]
    floor.order(RB, SELL, 1, 105)
    floor.order(RB, BUY, 1, 105)
    assert "自成交" in floor.exchange.orders(ME)[-1].message
