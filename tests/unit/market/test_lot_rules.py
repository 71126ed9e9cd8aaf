"""Which lots go first and which fee they pay (FACTS A9)."""

import pytest
from tests.unit.trading.desk import IF, RB, instrument

from homalos.market import lot_rules
from homalos.model.enums import Offset
from homalos.model.market import Fees, Rate

DEAR_TODAY = Fees(close=Rate(1e-4), close_today=Rate(3e-4))
FREE_TODAY = Fees(close=Rate(0, 10.0), close_today=Rate())


@pytest.mark.parametrize(
    ("offset", "split", "elsewhere"),
    [(Offset.CLOSE_TODAY, True, None), (Offset.CLOSE_YESTERDAY, False, None),
     (Offset.CLOSE, False, None)],
)  # fmt: skip
def test_which_lots_a_close_takes(offset: Offset, split: bool, elsewhere: None) -> None:
    assert lot_rules.takes_today(offset, True) is split
    assert lot_rules.takes_today(offset, False) is elsewhere


@pytest.mark.parametrize(
    ("lots", "today", "unpaid", "paying"),
    [(3, True, 0, 3), (3, False, 9, 0), (3, None, 1, 1), (3, None, 0, 0), (3, None, 7, 3)],
)
def test_which_fee_they_pay(lots: int, today: bool | None, unpaid: int, paying: int) -> None:
    assert lot_rules.today_rate_lots(lots, today, unpaid) == paying


def test_the_fee_of_a_close_is_by_lots_of_both_rates() -> None:
    """IF: three lots of which one pays the close-today rate."""
    fees = instrument(IF).fees
    fee = lot_rules.close_fee(3500.0, 3, 300.0, fees, 1)
    assert fee == pytest.approx(3500 * 300 * (2.3e-4 + 2 * 2.3e-5))


@pytest.mark.parametrize(
    ("order", "fees", "today"),
    [
        ("today_first", DEAR_TODAY, True), ("yesterday_first", FREE_TODAY, False),
        ("cheaper_first", DEAR_TODAY, False), ("cheaper_first", FREE_TODAY, True),
        ("cheaper_first", Fees(), True),
    ],
)  # fmt: skip
def test_the_choice_on_shfe(order: lot_rules.CloseOrder, fees: Fees, today: bool) -> None:
    assert lot_rules.today_goes_first(order, instrument(RB, fees=fees), 3500.0) is today


def test_offsets_that_the_venue_understands() -> None:
    assert lot_rules.portable(Offset.CLOSE_TODAY, False) is Offset.CLOSE
    assert lot_rules.portable(Offset.CLOSE_YESTERDAY, False) is Offset.CLOSE
    assert lot_rules.portable(Offset.CLOSE, True) is Offset.CLOSE_YESTERDAY
    assert lot_rules.portable(Offset.CLOSE_TODAY, True) is Offset.CLOSE_TODAY
    assert all(lot_rules.portable(Offset.OPEN, split) is Offset.OPEN for split in (True, False))
