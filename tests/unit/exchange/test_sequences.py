"""Callback sequences by exchange, and refusals with CTP's own codes (FACTS A4, A7.3)."""

import pytest
from tests.unit.exchange.bench import IF, ME, OTHER, RB, TA, Bench, M, at, contract

from homalos.exchange.records import CancelRefused, OrderReport
from homalos.model.enums import Offset, OrderKind, OrderStatus, Side, TimeInForce
from homalos.model.ids import AccountId
from homalos.model.market import Instrument

BUY, SELL = Side.BUY, Side.SELL
FAK = TimeInForce.FAK


@pytest.fixture
def floor() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (RB, ["submitted 0", "submitted# 0", "filled# 2", "T 2@100"]),
        (IF, ["submitted 0", "submitted# 0", "filled# 2", "T 2@100"]),
        (TA, ["submitted 0", "submitted# 0", "filled# 2", "T 2@100"]),
        (M, ["submitted 0", "accepted# 0", "filled# 2", "T 2@100"]),
    ],
)
def test_filled_at_once(floor: Bench, item: Instrument, told: list[str]) -> None:
    floor.tick(item, 98, 100)
    floor.order(item, BUY, 2, 100)
    assert floor.heard() == told


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (RB, ["submitted 0", "cancelled# 3", "cancelled# 3", "T 3@100"]),
        (IF, ["submitted 0", "cancelled# 3", "cancelled# 3", "T 3@100"]),
        (TA, ["submitted 0", "accepted# 0", "accepted# 0", "partially_filled# 3", "T 3@100",
              "cancelled# 3"]),
        (M, ["submitted 0", "accepted# 0", "partially_filled# 3", "T 3@100", "cancelled# 3"]),
    ],
)  # fmt: skip
def test_fak_partly_filled(floor: Bench, item: Instrument, told: list[str]) -> None:
    floor.tick(item, 98, 100, sizes=(5, 3))
    floor.order(item, BUY, 5, 100, tif=FAK)
    assert floor.heard() == told


def test_rests_fills_in_parts_and_is_cancelled(floor: Bench) -> None:
    floor.tick(RB, 99, 101, volume=10)
    order_id = floor.order(RB, BUY, 10, 99)
    assert floor.heard() == ["submitted 0", "accepted# 0"]
    floor.tick(RB, 97, 101, last=98, volume=13)
    assert floor.heard() == ["accepted# 0", "partially_filled# 3", "T 3@99"]
    floor.exchange.cancel(ME, order_id)
    assert floor.heard() == ["partially_filled# 3", "cancelled# 3"]
    floor.exchange.cancel(ME, order_id)
    assert floor.heard() == ["refused 26"]
    floor.exchange.cancel(ME, floor.order(RB, BUY, 1, 50, id_="x"))
    floor.exchange.cancel(OTHER, order_id)
    assert floor.heard()[-1] == "refused 25", "an order of another account"


def test_dce_does_not_repeat_the_state_before_a_fill(floor: Bench) -> None:
    floor.tick(M, 99, 101, volume=10)
    floor.order(M, BUY, 2, 99)
    floor.heard()
    floor.tick(M, 97, 101, last=98, volume=11)
    floor.tick(M, 97, 101, last=98, volume=12)
    assert floor.heard() == ["partially_filled# 1", "T 1@99", "filled# 2", "T 1@99"]


def test_the_resting_side_is_told_after_the_arriving_one(floor: Bench) -> None:
    floor.order(RB, SELL, 1, 100)
    floor.heard()
    floor.order(RB, BUY, 1, 100, account=OTHER)
    accounts = [w.account for w in floor.words]
    assert accounts == [OTHER] * 4 + [ME] * 3


def code_of(floor: Bench) -> int:
    report = floor.words[-1]
    assert isinstance(report, OrderReport | CancelRefused)
    if isinstance(report, OrderReport):
        assert report.status is OrderStatus.REJECTED
    return report.code


def test_ctp_refuses_with_its_numbers_and_leaves_no_order(floor: Bench) -> None:
    nothing = contract("SHFE.zz2601")
    cases = [
        (15, lambda: floor.order(RB, BUY, 0, 100)),
        (15, lambda: floor.order(RB, BUY, 1, float("nan"))),
        (15, lambda: floor.order(RB, BUY, 1, 100, account=AccountId("nobody"))),
        (16, lambda: floor.order(nothing, BUY, 1, 100)),
        (30, lambda: floor.order(M, SELL, 1, 100, offset=Offset.CLOSE)),
        (50, lambda: floor.order(RB, SELL, 1, 100, offset=Offset.CLOSE_TODAY)),
        (51, lambda: floor.order(RB, SELL, 1, 100, offset=Offset.CLOSE)),
        (31, lambda: floor.order(RB, BUY, 500, 9_000_000)),
        (80, lambda: floor.order(RB, BUY, 1, 0, kind=OrderKind.MARKET)),
    ]
    for code, send in cases:
        send()
        assert len(floor.words) == 1, "no state but the answer"
        assert code_of(floor) == code
        assert "CTP" in floor.words[0].message  # type: ignore[union-attr]
        floor.heard()
    assert floor.exchange.orders(ME) == ()
    assert floor.exchange.account(ME).frozen_margin == 0


def test_an_order_id_is_taken_once_a_day(floor: Bench) -> None:
    floor.order(RB, BUY, 1, 99, id_="7-1")
    floor.order(RB, BUY, 1, 99, id_="7-1")
    assert code_of(floor) == 22
    assert len(floor.exchange.orders(ME)) == 1


def test_what_lacks_is_told_in_yuan(floor: Bench) -> None:
    floor.order(IF, BUY, 20, 100_000)
    assert "约缺少资金[" in floor.words[-1].message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("item", "lots", "price", "text"),
    [
        (RB, 1, 111.0, "SHFE:价格超出涨停板"),
        (RB, 1, 89.0, "SHFE:价格跌破跌停板"),
        (RB, 1, 100.5, "SHFE:价格非最小变动单位的倍数"),
        (RB, 501, 100.0, "SHFE:委托数量超过最大数量限制"),
        (IF, 1, 99.3, "CFFEX:价格非最小变动单位的倍数"),
    ],
)
def test_the_exchange_rejects_in_words(
    floor: Bench, item: Instrument, lots: int, price: float, text: str
) -> None:
    floor.tick(item, 99, 101, limits=(90.0, 110.0))
    floor.order(item, BUY, lots, price)
    assert floor.heard() == ["submitted 0", "rejected 0"]
    order = floor.exchange.orders(ME)[0]
    assert order.message == f"已撤单报单被拒绝{text}"
    assert (order.code, order.venue_order_id) == (91, None)
    assert floor.exchange.account(ME).frozen_margin == 0


def test_czce_cuts_a_price_to_the_grid(floor: Bench) -> None:
    floor.tick(TA, 4598, 4600)
    floor.order(TA, BUY, 1, 4601.9)
    assert floor.fills() == [(4600, 1)]
    assert floor.exchange.orders(ME)[0].price == 4600


def test_limits_from_the_previous_settlement_or_not_at_all(floor: Bench) -> None:
    floor.tick(RB, 99, 101)
    floor.order(RB, BUY, 1, 500)
    assert floor.exchange.orders(ME)[0].status is not OrderStatus.REJECTED
    assert floor.exchange.skipped["price_limits"] == 1
    floor.tick(RB, 99, 101, pre=100.0)
    floor.order(RB, BUY, 1, 107)
    assert "涨停板" in floor.exchange.orders(ME)[1].message


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        (at(8, 54), False), (at(8, 55), True), (at(8, 59), False), (at(9), True),
        (at(10, 14, 59), True), (at(10, 15), False), (at(15), False), (at(2), False),
    ],
)  # fmt: skip
def test_entry_follows_the_session(when: int, taken: bool) -> None:
    floor = Bench(start=when)
    floor.order(RB, BUY, 1, 100)
    last = floor.words[-1]
    assert isinstance(last, OrderReport)
    assert (last.status is OrderStatus.ACCEPTED) is taken
    if not taken:
        assert "当前状态禁止此项操作" in last.message


def test_no_cancel_in_a_break(floor: Bench) -> None:
    order_id = floor.order(RB, BUY, 1, 100)
    floor.go(at(10, 20))
    floor.exchange.cancel(ME, order_id)
    refusal = floor.words[-1]
    assert isinstance(refusal, CancelRefused)
    assert (refusal.code, refusal.message) == (91, "SHFE:当前状态禁止此项操作")
    floor.go(at(10, 30))
    floor.exchange.cancel(ME, order_id)
    assert floor.exchange.orders(ME)[0].status is OrderStatus.CANCELLED
