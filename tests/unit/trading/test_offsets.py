"""The resolver by itself: which part of an order closes what, at the edges of what is there."""

import pytest
from msgspec.structs import replace
from tests.unit.trading.desk import RB, Desk, instrument
from tests.unit.trading.test_lots import contract

from homalos.market.lot_rules import CloseOrder
from homalos.model.enums import Offset, Side
from homalos.model.ids import StrategyId
from homalos.model.market import Fees, Rate
from homalos.trading.lots import Lot, LotSide
from homalos.trading.offsets import Parts, resolve
from homalos.trading.strategy_books import StrategyBooks

OPEN, CLOSE, TODAY, OLD = (
    Offset.OPEN, Offset.CLOSE, Offset.CLOSE_TODAY, Offset.CLOSE_YESTERDAY,
)  # fmt: skip
ALPHA = StrategyId("alpha")


def side(today: int, old: int) -> LotSide:
    made = LotSide()
    made.replace([Lot(old, 3500.0, 3500.0, 1, False), Lot(today, 3500.0, 3500.0, 2, True)])
    return made


def resolved(lots: int, closing: LotSide, splits: bool, **changes: object) -> Parts:
    words: dict[str, object] = {"mode": "own", "reach": lots, "today_first": True} | changes
    return resolve(lots, CLOSE, splits_today=splits, closing=closing, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lots", "today_first", "parts"),
    [
        (1, True, ((TODAY, 1),)),
        (3, True, ((TODAY, 2), (OLD, 1))),
        (5, True, ((TODAY, 2), (OLD, 3))),
        (6, True, ((TODAY, 2), (OLD, 3), (OLD, 1))),
        (1, False, ((OLD, 1),)),
        (4, False, ((OLD, 3), (TODAY, 1))),
        (7, False, ((OLD, 3), (TODAY, 2), (TODAY, 2))),
    ],
)
def test_lots_that_the_account_does_not_have_are_a_part_of_their_own(
    lots: int, today_first: bool, parts: Parts
) -> None:
    """So the gate denies them alone, and what is there is closed."""
    assert resolved(lots, side(2, 3), True, today_first=today_first) == parts


def test_without_a_split_too() -> None:
    assert resolved(5, side(2, 3), False) == ((CLOSE, 5),)
    assert resolved(9, side(1, 2), False) == ((CLOSE, 3), (CLOSE, 6))
    assert resolved(2, side(0, 0), False) == ((CLOSE, 2),)


def test_what_the_book_does_not_reach_is_an_exit_still() -> None:
    assert resolved(3, side(5, 5), True, reach=0) == ((OLD, 3),)
    assert resolved(3, side(5, 5), False, reach=1) == ((CLOSE, 1), (CLOSE, 2))
    assert resolved(3, side(5, 5), False, reach=1, mode="net") == ((CLOSE, 1), (OPEN, 2))


def _left(lots: int, offset: Offset | None, *, held: int = 0, fees: Fees | None = None,
          order: CloseOrder = "today_first", price: float | None = 3500.0) -> Parts:  # fmt: skip
    """How an intent to sell leaves, of a book and an account that hold these lots, half of them
    today's."""
    books, row = StrategyBooks(), instrument()
    made = contract(row if fees is None else replace(row, fees=fees))
    made.long.replace(
        [Lot(held // 2, 3500.0, 3500.0, 1, False), Lot(held - held // 2, 3500.0, 3500.0, 2, True)]
    )
    books.get(ALPHA, RB, 10.0).carry(held, 3500.0)
    wish = Desk().intent(side=Side.SELL, lots=lots, offset=offset)
    return books.offsets(replace(wish, strategy=ALPHA), made, order, price)


@pytest.mark.parametrize("lots", [0, -1])
def test_an_intent_of_no_lots_is_an_order_to_be_denied(lots: int) -> None:
    """Were there none, nobody would be told."""
    assert _left(lots, None, held=4) == ((OPEN, lots),)
    assert _left(lots, CLOSE, held=4) == ((CLOSE, lots),)
    assert _left(lots, TODAY) == ((TODAY, lots),)


def test_without_a_price_the_fees_by_lot_say_which_is_cheaper() -> None:
    dear = Fees(Rate(), close=Rate(0.1, 1.5), close_today=Rate(0, 2.0))
    assert _left(1, None, held=2, fees=dear, order="cheaper_first", price=None) == ((OLD, 1),)
    cheap = Fees(Rate(), close=Rate(0, 2.0), close_today=Rate(0.1, 1.5))
    for price, first in ((None, TODAY), (3500.0, OLD)):
        parts = _left(1, None, held=2, fees=cheap, order="cheaper_first", price=price)
        assert parts == ((first, 1),)
    other = Fees(Rate(), close=Rate(0, 1.0), close_today=Rate(0.3, 1.5))
    assert _left(1, None, held=2, fees=other, order="cheaper_first", price=None) == ((OLD, 1),)
